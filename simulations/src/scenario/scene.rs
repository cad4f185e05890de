//! What the page that plays a run draws under the devices: the map, or the area's border, and places.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Movement, Scenario};
use crate::contacts::Reach;
use crate::mobility::{Area, Map, Mobility, MobilityError};
use crate::result::{MapLine, Place, Scene};

/// A place that the page that plays a run names; nothing else depends on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NamedPlace {
    /// What it is called.
    pub name: String,
    /// Metres from the left and from the top.
    pub at: [f64; 2],
}

impl Scenario {
    /// What lies under the devices; `None` where they have no places.
    ///
    /// # Errors
    /// The map cannot be read.
    pub fn scene(&self) -> Result<Option<Scene>, MobilityError> {
        let Movement::Mobility(settings) = &self.movement else {
            return Ok(None);
        };
        let mut places = Vec::new();
        for population in &settings.populations {
            gatherings(&population.mobility, &mut places);
        }
        for (reach, radio) in settings.reach.iter().zip(&self.radios) {
            if let Reach::Cells(cells) = reach {
                places.extend(cells.cells.iter().map(|cell| Place {
                    name: radio.name.clone(),
                    at: [cell.x_m, cell.y_m],
                    radius_m: cell.radius_m,
                }));
            }
        }
        let mut lines = border(settings.area);
        if let Some(files) = &settings.map {
            let map = Map::read(files, settings.area)?;
            // Each line is there both ways.
            let once = map.lines().iter().filter(|(from, to)| from < to);
            lines = once
                .map(|(from, to)| [map.place(*from), map.place(*to)])
                .collect();
            for file in &files.points {
                for node in map.points(&file.name).unwrap_or_default() {
                    places.push(point(&file.name, map.place(*node)));
                }
            }
        }
        places.extend(self.places.iter().map(|place| point(&place.name, place.at)));
        Ok(Some(Scene { lines, places }))
    }
}

fn point(name: &str, at: [f64; 2]) -> Place {
    Place {
        name: name.to_owned(),
        at,
        radius_m: 0.0,
    }
}

/// Where people gather, once each.
fn gatherings(mobility: &Mobility, places: &mut Vec<Place>) {
    match mobility {
        Mobility::Clusters(clusters) => {
            for at in &clusters.points {
                let place = Place {
                    name: String::new(),
                    at: *at,
                    radius_m: clusters.radius_m,
                };
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        Mobility::GroupWalk(group) => gatherings(&group.leader, places),
        _ => {}
    }
}

fn border(area: Area) -> Vec<MapLine> {
    let (right, bottom) = (area.width_m, area.height_m);
    let corners = [[0.0, 0.0], [right, 0.0], [right, bottom], [0.0, bottom]];
    (0..4)
        .map(|side| [corners[side], corners[(side + 1) % 4]])
        .collect()
}
