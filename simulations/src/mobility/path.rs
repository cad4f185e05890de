//! Shortest path: a device picks a point of the map, goes there by the shortest way, rests, and picks the next.

use std::collections::VecDeque;
use std::sync::Arc;

use rand_chacha::ChaCha20Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Start, Surroundings};
use super::world::MobilityError;
use super::{NodeNumber, Pen, Roads, Segment, Trajectory, check_range};
use crate::rng;

/// Shortest paths on the map, by the rules of The ONE's `ShortestPathMapBasedMovement`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ShortestPath {
    /// The layers of the map to use; all if none is named.
    #[serde(default)]
    pub layers: Vec<String>,
    /// Points of interest that devices pick more often than others.
    #[serde(default)]
    pub points: Vec<Favourite>,
    /// Lowest and highest speed in metres a second, drawn evenly for each way.
    #[serde(default = "super::walking")]
    pub speed_m_s: [f64; 2],
    /// Shortest and longest rest in seconds, drawn evenly before each way.
    #[serde(default = "super::resting")]
    pub pause_s: [f64; 2],
}

/// How often devices pick one of some points of interest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Favourite {
    /// The name of the points in the map.
    pub name: String,
    /// The chance that the next point is one of them; otherwise it is any point of the layers.
    pub chance: f64,
}

impl ShortestPath {
    pub(super) fn check(&self) -> Result<(), String> {
        check_range("speed-m-s", self.speed_m_s, f64::MIN_POSITIVE)?;
        check_range("pause-s", self.pause_s, 0.0)?;
        let all: f64 = self.points.iter().map(|favourite| favourite.chance).sum();
        if self
            .points
            .iter()
            .any(|favourite| favourite.chance.is_nan() || favourite.chance < 0.0)
            || all > 1.0
        {
            return Err("points: chances must be at least 0 and together at most 1".to_owned());
        }
        Ok(())
    }

    pub(super) fn start(&self, around: &Surroundings<'_>) -> Result<Start, MobilityError> {
        let roads = around.roads(&self.layers)?;
        for Favourite { name, .. } in &self.points {
            if roads.map().points(name).is_none_or(<[_]>::is_empty) {
                return Err(MobilityError::Settings(format!(
                    "the map has no points {name:?}"
                )));
            }
        }
        let settings = self.clone();
        Ok(Box::new(move |_, mut rng| {
            // On a line beside the first node; the first way leads back to that node.
            let node = roads.any(&mut rng);
            let at = roads.map().beside(node, &mut rng);
            Box::new(Way {
                settings: settings.clone(),
                legs: Legs::new(roads.clone(), node, at),
                rng,
            })
        }))
    }
}

struct Way {
    settings: ShortestPath,
    legs: Legs,
    rng: ChaCha20Rng,
}

impl Way {
    fn destination(&mut self) -> NodeNumber {
        let mut drawn = rng::unit(&mut self.rng);
        for Favourite { name, chance } in &self.settings.points {
            if drawn < *chance
                && let Some(points) = self.legs.roads.map().points(name)
            {
                return points[rng::index(&mut self.rng, points.len())];
            }
            drawn -= chance;
        }
        self.legs.roads.any(&mut self.rng)
    }
}

impl Trajectory for Way {
    fn next(&mut self) -> Segment {
        if let Some(segment) = self.legs.next() {
            return segment;
        }
        let to = self.destination();
        let rest_s = super::drawn(&mut self.rng, self.settings.pause_s);
        let speed_m_s = super::drawn(&mut self.rng, self.settings.speed_m_s);
        self.legs.plan(to, rest_s, speed_m_s)
    }
}

/// A way over nodes of the map.
pub(super) struct Legs {
    pub(super) roads: Arc<Roads>,
    pub(super) pen: Pen,
    /// The last node of the way.
    node: NodeNumber,
    ahead: VecDeque<NodeNumber>,
    speed_m_s: f64,
}

impl Legs {
    /// Starts at a place; the first way continues from a node.
    pub(super) fn new(roads: Arc<Roads>, node: NodeNumber, at: [f64; 2]) -> Self {
        Self {
            roads,
            pen: Pen::new(at),
            node,
            ahead: VecDeque::new(),
            speed_m_s: 1.0,
        }
    }

    /// Rests, then goes to a node by the shortest way from the last node. Returns the rest.
    pub(super) fn plan(&mut self, to: NodeNumber, rest_s: f64, speed_m_s: f64) -> Segment {
        self.ahead.extend(self.roads.path(self.node, to));
        self.node = to;
        self.speed_m_s = speed_m_s;
        // A device that is there already rests at least a second, so that time goes on.
        self.pen.rest(if self.ahead.len() > 1 {
            rest_s
        } else {
            rest_s.max(1.0)
        })
    }

    /// The next straight piece of the way; `None` at its end.
    pub(super) fn next(&mut self) -> Option<Segment> {
        loop {
            let to = self.roads.map().place(self.ahead.pop_front()?);
            if to != self.pen.at {
                return Some(self.pen.go(to, self.speed_m_s));
            }
        }
    }
}
