//! Clusters: devices stay around gathering points and sometimes move to another one.

use rand_chacha::ChaCha20Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Shared, Start, Surroundings};
use super::{Area, Pen, Segment, Trajectory, check_chance, check_range, drawn};
use crate::rng;

/// Gathering points. Around its point a device moves from place to place, as in random waypoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Clusters {
    /// Where people gather, in metres.
    #[serde(default)]
    pub points: Vec<[f64; 2]>,
    /// Number of points to draw at random if none are given.
    #[serde(default = "five")]
    pub count: u32,
    /// How far from its point a device goes, in metres.
    pub radius_m: f64,
    /// The chance, after each rest, that a device moves to another point.
    #[serde(default)]
    pub leave_chance: f64,
    /// Lowest and highest speed in metres a second, drawn evenly for each way.
    #[serde(default = "super::walking")]
    pub speed_m_s: [f64; 2],
    /// Shortest and longest rest in seconds, drawn evenly after each way.
    #[serde(default = "super::resting")]
    pub pause_s: [f64; 2],
}

fn five() -> u32 {
    5
}

impl Clusters {
    pub(super) fn check(&self, area: Area) -> Result<(), String> {
        check_range("speed-m-s", self.speed_m_s, f64::MIN_POSITIVE)?;
        check_range("pause-s", self.pause_s, 0.0)?;
        check_range("radius-m", [self.radius_m; 2], f64::MIN_POSITIVE)?;
        check_chance("leave-chance", self.leave_chance)?;
        area.check_places("points", &self.points)?;
        if self.points.is_empty() && self.count == 0 {
            return Err("either points or a count above 0 is needed".to_owned());
        }
        Ok(())
    }

    pub(super) fn start(&self, around: &Surroundings<'_>) -> Start {
        let (mut settings, area) = (self.clone(), around.area);
        if settings.points.is_empty() {
            let mut rng = around.shared(Shared::Places, 0);
            settings.points = (0..settings.count).map(|_| area.place(&mut rng)).collect();
        }
        Box::new(move |_, mut rng| {
            let point = rng::index(&mut rng, settings.points.len());
            let at = area.near(settings.points[point], settings.radius_m, &mut rng);
            Box::new(Way {
                settings: settings.clone(),
                area,
                point,
                pen: Pen::new(at),
                rng,
                resting: true,
            })
        })
    }
}

struct Way {
    settings: Clusters,
    area: Area,
    /// Its present gathering point.
    point: usize,
    pen: Pen,
    rng: ChaCha20Rng,
    resting: bool,
}

impl Trajectory for Way {
    fn next(&mut self) -> Segment {
        self.resting = !self.resting;
        if self.resting {
            let seconds = drawn(&mut self.rng, self.settings.pause_s);
            return self.pen.rest(seconds);
        }
        let others = self.settings.points.len() - 1;
        if others > 0 && rng::unit(&mut self.rng) < self.settings.leave_chance {
            let other = rng::index(&mut self.rng, others);
            self.point = if other < self.point { other } else { other + 1 };
        }
        let to = self.area.near(
            self.settings.points[self.point],
            self.settings.radius_m,
            &mut self.rng,
        );
        let speed_m_s = drawn(&mut self.rng, self.settings.speed_m_s);
        self.pen.go(to, speed_m_s)
    }
}
