//! Random waypoint: a device picks any place, goes straight there, rests, and picks the next.

use rand_chacha::ChaCha20Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Start, Surroundings};
use super::trajectory::Pen;
use super::{Area, Segment, Trajectory, check_range};

/// Random waypoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RandomWaypoint {
    /// Lowest and highest speed in metres a second, drawn evenly for each way.
    #[serde(default = "super::walking")]
    pub speed_m_s: [f64; 2],
    /// Shortest and longest rest in seconds, drawn evenly after each way.
    #[serde(default = "super::resting")]
    pub pause_s: [f64; 2],
}

impl RandomWaypoint {
    pub(super) fn check(&self) -> Result<(), String> {
        check_range("speed-m-s", self.speed_m_s, f64::MIN_POSITIVE)?;
        check_range("pause-s", self.pause_s, 0.0)
    }

    pub(super) fn start(&self, around: &Surroundings<'_>) -> Start {
        let (settings, area) = (self.clone(), around.area);
        Box::new(move |_, mut rng| {
            let pen = Pen::new(area.place(&mut rng));
            Box::new(Way {
                settings: settings.clone(),
                area,
                pen,
                rng,
                resting: true,
            })
        })
    }
}

struct Way {
    settings: RandomWaypoint,
    area: Area,
    pen: Pen,
    rng: ChaCha20Rng,
    resting: bool,
}

impl Trajectory for Way {
    fn next(&mut self) -> Segment {
        self.resting = !self.resting;
        if self.resting {
            let seconds = super::drawn(&mut self.rng, self.settings.pause_s);
            if seconds > 0.0 {
                return self.pen.rest(seconds);
            }
            self.resting = false;
        }
        let to = self.area.place(&mut self.rng);
        let speed_m_s = super::drawn(&mut self.rng, self.settings.speed_m_s);
        self.pen.go(to, speed_m_s)
    }
}
