//! Random direction: a device goes straight to the edge of the area, rests, and takes a new direction.

use rand_chacha::ChaCha20Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Start, Surroundings};
use super::{Area, Pen, Segment, Trajectory, check_range, drawn};
use crate::rng;

/// Random direction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RandomDirection {
    /// Lowest and highest speed in metres a second, drawn evenly for each way.
    #[serde(default = "super::walking")]
    pub speed_m_s: [f64; 2],
    /// Shortest and longest rest in seconds, drawn evenly at each edge.
    #[serde(default = "super::resting")]
    pub pause_s: [f64; 2],
}

impl RandomDirection {
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
    settings: RandomDirection,
    area: Area,
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
        let to = loop {
            // From an edge, half of all directions lead straight out.
            if let Some(to) = edge(self.area, self.pen.at, rng::unit(&mut self.rng)) {
                break to;
            }
        };
        let speed_m_s = drawn(&mut self.rng, self.settings.speed_m_s);
        self.pen.go(to, speed_m_s)
    }
}

/// Where a straight line in a direction (in turns) meets the edge; `None` if it meets it at once.
fn edge(area: Area, from: [f64; 2], turns: f64) -> Option<[f64; 2]> {
    let angle = turns * std::f64::consts::TAU;
    let direction = [libm::cos(angle), libm::sin(angle)];
    let size = [area.width_m, area.height_m];
    let free_m = |axis: usize| match direction[axis] {
        ahead if ahead > 0.0 => (size[axis] - from[axis]) / ahead,
        ahead if ahead < 0.0 => -from[axis] / ahead,
        _ => f64::INFINITY,
    };
    let length_m = free_m(0).min(free_m(1));
    let place = |axis: usize| (from[axis] + direction[axis] * length_m).clamp(0.0, size[axis]);
    // A thousandth of the area is long enough for a way.
    (length_m > size[0].min(size[1]) / 1e3).then(|| [place(0), place(1)])
}
