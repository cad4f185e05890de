//! Playback: devices move as a trace recorded.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Start, Surroundings};
use super::world::MobilityError;
use super::{NEVER_US, Pen, Segment, Trajectory};
use crate::trace::{Movement, Place, TraceSettings};

/// A movement trace. Devices take the ways of the trace in the order of its numbers. A device is at its first place
/// until it leaves, and stays at its last one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Playback {
    /// The trace, in the format `one-movement`.
    pub trace: TraceSettings,
}

impl Playback {
    pub(super) fn start(&self, around: &Surroundings<'_>) -> Result<Start, MobilityError> {
        let Movement { tracks, .. } = self.trace.movement()?;
        let count = around.count as usize;
        if tracks.len() < count {
            let why = format!(
                "the trace has {} devices, the population {count}",
                tracks.len()
            );
            return Err(MobilityError::Settings(why));
        }
        let far = tracks
            .iter()
            .flatten()
            .find(|place| !around.area.contains(place.at_m));
        if let Some([x, y]) = far.map(|place| place.at_m) {
            return Err(MobilityError::Settings(format!(
                "the trace leaves the area, at ({x}, {y}) m"
            )));
        }
        let tracks = Arc::new(tracks);
        Ok(Box::new(move |number, _| {
            let way = number as usize;
            Box::new(Recorded {
                pen: Pen::new(tracks[way][0].at_m),
                tracks: tracks.clone(),
                way,
                next: 0,
            })
        }))
    }
}

struct Recorded {
    tracks: Arc<Vec<Vec<Place>>>,
    way: usize,
    next: usize,
    pen: Pen,
}

impl Trajectory for Recorded {
    fn next(&mut self) -> Segment {
        let ahead = self.tracks[self.way][self.next..]
            .iter()
            .take_while(|place| place.at_us <= self.pen.now_us);
        self.next += ahead.count();
        match self.tracks[self.way].get(self.next) {
            Some(place) => self.pen.go_by(place.at_m, place.at_us),
            None => self.pen.rest_until(NEVER_US),
        }
    }
}
