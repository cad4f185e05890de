//! Stationary: devices that do not move.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Start, Surroundings};
use super::{Area, NEVER_US, Pen, Segment, Trajectory};

/// Devices that do not move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Stationary {
    /// Their places in metres, used in turn; random places if none is given.
    #[serde(default)]
    pub places: Vec<[f64; 2]>,
}

impl Stationary {
    pub(super) fn check(&self, area: Area) -> Result<(), String> {
        area.check_places("places", &self.places)
    }

    pub(super) fn start(&self, around: &Surroundings<'_>) -> Start {
        let (places, area) = (self.places.clone(), around.area);
        Box::new(move |number, mut rng| {
            let given = (!places.is_empty()).then(|| places[number as usize % places.len()]);
            Box::new(Rest(Pen::new(
                given.unwrap_or_else(|| area.place(&mut rng)),
            )))
        })
    }
}

struct Rest(Pen);

impl Trajectory for Rest {
    fn next(&mut self) -> Segment {
        self.0.rest_until(NEVER_US)
    }
}
