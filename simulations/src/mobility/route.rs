//! Map route: trams and buses that go from stop to stop on the map.

use std::path::PathBuf;

use rand_chacha::ChaCha20Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Start, Surroundings};
use super::path::Legs;
use super::world::MobilityError;
use super::{NodeNumber, Segment, Trajectory, check_range};
use crate::rng;

/// Routes with stops, by the rules of The ONE's `MapRouteMovement`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MapRoute {
    /// A WKT file: each `LINESTRING` is a route and its points are the stops, which must be points of the map.
    /// Devices take the routes in turn.
    pub file: PathBuf,
    /// What follows the last stop.
    pub turn: Turn,
    /// The stop at which all start, from 0; without it each starts at any stop but the last.
    #[serde(default)]
    pub first_stop: Option<usize>,
    /// The layers of the map to use; all if none is named.
    #[serde(default)]
    pub layers: Vec<String>,
    /// Lowest and highest speed in metres a second, drawn evenly from stop to stop.
    pub speed_m_s: [f64; 2],
    /// Shortest and longest stay at a stop in seconds, drawn evenly.
    pub pause_s: [f64; 2],
}

/// What follows the last stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// The first stop.
    Circular,
    /// The same stops backwards. A device calls twice at the last stop and once at the first, as in The ONE.
    PingPong,
}

impl MapRoute {
    pub(super) fn check(&self) -> Result<(), String> {
        check_range("speed-m-s", self.speed_m_s, f64::MIN_POSITIVE)?;
        check_range("pause-s", self.pause_s, 0.0)
    }

    pub(super) fn start(&self, around: &Surroundings<'_>) -> Result<Start, MobilityError> {
        let roads = around.roads(&self.layers)?;
        let routes = roads.map().routes(&self.file)?;
        let fewest = routes.iter().map(Vec::len).min().unwrap_or(0);
        let needed = self.first_stop.unwrap_or(1) + 1;
        if fewest < needed.max(2) {
            let why = format!("needs routes of at least {} stops", needed.max(2));
            return Err(MobilityError::File {
                file: self.file.clone(),
                why,
            });
        }
        let settings = self.clone();
        Ok(Box::new(move |number, mut rng| {
            let stops = routes[number as usize % routes.len()].clone();
            let first = settings
                .first_stop
                .unwrap_or_else(|| rng::index(&mut rng, stops.len() - 1));
            let mut round = Round {
                stops,
                turn: settings.turn,
                next: first,
                back: false,
            };
            let node = round.next();
            let legs = Legs::new(roads.clone(), node, roads.map().place(node));
            Box::new(Line {
                settings: settings.clone(),
                round,
                legs,
                rng,
            })
        }))
    }
}

struct Line {
    settings: MapRoute,
    round: Round,
    legs: Legs,
    rng: ChaCha20Rng,
}

impl Trajectory for Line {
    fn next(&mut self) -> Segment {
        if let Some(segment) = self.legs.next() {
            return segment;
        }
        let rest_s = super::drawn(&mut self.rng, self.settings.pause_s);
        let speed_m_s = super::drawn(&mut self.rng, self.settings.speed_m_s);
        self.legs.plan(self.round.next(), rest_s, speed_m_s)
    }
}

/// The order of stops.
struct Round {
    stops: Vec<NodeNumber>,
    turn: Turn,
    next: usize,
    back: bool,
}

impl Round {
    fn next(&mut self) -> NodeNumber {
        let stop = self.stops[self.next];
        let last = self.stops.len() - 1;
        self.next = match (self.turn, self.back) {
            (Turn::Circular, _) if self.next == last => 0,
            (Turn::PingPong, false) if self.next == last => {
                self.back = true;
                last
            }
            (Turn::PingPong, true) if self.next == 0 => {
                self.back = false;
                1
            }
            (_, false) => self.next + 1,
            (_, true) => self.next - 1,
        };
        stop
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_come_in_the_order_of_the_one() {
        let order = |turn, next| {
            let mut round = Round {
                stops: vec![0, 1, 2],
                turn,
                next,
                back: false,
            };
            (0..8).map(|_| round.next()).collect::<Vec<_>>()
        };
        assert_eq!(order(Turn::Circular, 1), [1, 2, 0, 1, 2, 0, 1, 2]);
        assert_eq!(order(Turn::PingPong, 1), [1, 2, 2, 1, 0, 1, 2, 2]);
    }
}
