//! Group walk: the members of a group follow their leader, each a little to the side.

use rand_chacha::ChaCha20Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Mobility, Shared, Start, Surroundings};
use super::world::MobilityError;
use super::{Area, Segment, Trajectory, check_range};

/// Groups (reference point group mobility). The leader is no device, but a way that the members follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GroupWalk {
    /// Number of devices in a group.
    pub size: u32,
    /// Largest distance of a member from the leader, in metres; drawn anew for each way of the leader.
    pub spread_m: f64,
    /// How the leader moves: any model but a group walk.
    pub leader: Box<Mobility>,
}

impl GroupWalk {
    pub(super) fn check(&self, area: Area) -> Result<(), String> {
        check_range("spread-m", [self.spread_m; 2], 0.0)?;
        if self.size == 0 {
            return Err("size must be above 0".to_owned());
        }
        if matches!(*self.leader, Mobility::GroupWalk(_)) {
            return Err("the leader of a group walk cannot be in another".to_owned());
        }
        self.leader
            .check(area)
            .map_err(|why| format!("leader: {why}"))
    }

    pub(super) fn start(&self, around: &Surroundings<'_>) -> Result<Start, MobilityError> {
        let leader = self.leader.start(around)?;
        let shared = around.shared_streams(Shared::Leader);
        let (size, spread_m, area) = (self.size, self.spread_m, around.area);
        Ok(Box::new(move |number, mut rng| {
            // Every member follows its own copy of the same way, so each can be made on its own.
            let group = number / size;
            let leader = leader(group, shared(group));
            let offset = offset(spread_m, &mut rng);
            Box::new(Member {
                leader,
                offset,
                spread_m,
                area,
                rng,
            })
        }))
    }
}

struct Member {
    leader: Box<dyn Trajectory>,
    offset: [f64; 2],
    spread_m: f64,
    area: Area,
    rng: ChaCha20Rng,
}

impl Trajectory for Member {
    fn next(&mut self) -> Segment {
        let Segment {
            from,
            to,
            start_us,
            end_us,
        } = self.leader.next();
        let beside = |[x, y]: [f64; 2], [dx, dy]: [f64; 2]| self.area.nearest([x + dx, y + dy]);
        let start = beside(from, self.offset);
        if from != to {
            self.offset = offset(self.spread_m, &mut self.rng);
        }
        Segment {
            from: start,
            to: beside(to, self.offset),
            start_us,
            end_us,
        }
    }
}

/// A place in a circle around (0, 0).
fn offset(spread_m: f64, rng: &mut ChaCha20Rng) -> [f64; 2] {
    super::in_circle([0.0, 0.0], spread_m, rng)
}
