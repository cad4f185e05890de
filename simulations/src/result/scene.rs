//! What lies under the devices: the lines of the map and places, as a result keeps them for the page that
//! plays it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Error;

/// A piece of a map, in metres from the left and from the top.
pub type MapLine = [[f64; 2]; 2];

/// What lies under the devices, as `scene.json` holds it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// The lines of the map; without a map the border of the area.
    pub lines: Vec<MapLine>,
    /// Places worth a mark.
    pub places: Vec<Place>,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// What it is called; empty if nothing.
    pub name: String,
    /// Metres from the left and from the top.
    pub at: [f64; 2],
    /// How far it reaches, in metres; 0 for a point.
    pub radius_m: f64,
}

impl Scene {
    /// Reads that of a result; one whose places nobody knows has none.
    ///
    /// # Errors
    /// It cannot be read, or is not ours.
    pub fn read(result: &Path) -> Result<Self, Error> {
        let path = result.join(SCENE);
        if !path.is_file() {
            return Ok(Self::default());
        }
        let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
        serde_json::from_slice(&bytes).map_err(Error::json(&path))
    }

    /// Every corner that a picture must hold.
    pub(super) fn corners(&self) -> impl Iterator<Item = [f64; 2]> {
        let around = |place: &Place| {
            let ([x, y], out) = (place.at, place.radius_m);
            [[x - out, y - out], [x + out, y + out]]
        };
        let lines = self.lines.iter().flatten().copied();
        lines.chain(self.places.iter().flat_map(around))
    }
}

pub(super) const SCENE: &str = "scene.json";
