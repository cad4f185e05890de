//! The mobility models, and what the world offers them.

use std::path::PathBuf;
use std::sync::Arc;

use rand_chacha::ChaCha20Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ground::Ground;
use super::world::MobilityError;
use super::{
    Area, Clusters, GroupWalk, MapRoute, Playback, RandomDirection, RandomWaypoint, Roads,
    ShortestPath, Stationary, Trajectory, WorkingDay,
};
use crate::rng::{Purpose, stream};

/// How devices move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mobility {
    /// Goes to places anywhere, one after the other.
    RandomWaypoint(RandomWaypoint),
    /// Goes straight to the edge, and then in another direction.
    RandomDirection(RandomDirection),
    /// Goes to places on the map, by the shortest way.
    ShortestPath(ShortestPath),
    /// Goes from stop to stop on the map.
    MapRoute(MapRoute),
    /// Goes between home, office, and friends in the evening.
    WorkingDay(WorkingDay),
    /// Stays around gathering points.
    Clusters(Clusters),
    /// Moves in groups.
    GroupWalk(GroupWalk),
    /// Does not move.
    Stationary(Stationary),
    /// Moves as recorded in a trace.
    Playback(Playback),
}

impl Mobility {
    pub(super) fn check(&self, area: Area) -> Result<(), String> {
        match self {
            Self::RandomWaypoint(settings) => settings.check(),
            Self::RandomDirection(settings) => settings.check(),
            Self::ShortestPath(settings) => settings.check(),
            Self::MapRoute(settings) => settings.check(),
            Self::WorkingDay(settings) => settings.check(),
            Self::Clusters(settings) => settings.check(area),
            Self::GroupWalk(settings) => settings.check(area),
            Self::Stationary(settings) => settings.check(area),
            Self::Playback(_) => Ok(()),
        }
    }

    /// The file that it reads.
    pub(super) fn file(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::MapRoute(settings) => Some(&mut settings.file),
            Self::Playback(settings) => Some(&mut settings.trace.path),
            Self::GroupWalk(settings) => settings.leader.file(),
            _ => None,
        }
    }

    pub(super) fn start(&self, around: &Surroundings<'_>) -> Result<Start, MobilityError> {
        match self {
            Self::RandomWaypoint(settings) => Ok(settings.start(around)),
            Self::RandomDirection(settings) => Ok(settings.start(around)),
            Self::ShortestPath(settings) => settings.start(around),
            Self::MapRoute(settings) => settings.start(around),
            Self::WorkingDay(settings) => settings.start(around),
            Self::Clusters(settings) => Ok(settings.start(around)),
            Self::GroupWalk(settings) => settings.start(around),
            Self::Stationary(settings) => Ok(settings.start(around)),
            Self::Playback(settings) => settings.start(around),
        }
    }
}

/// Makes the way of each device of a population from its number in the population, from 0, and its random stream.
pub(super) type Start = Box<dyn Fn(u32, ChaCha20Rng) -> Box<dyn Trajectory>>;

/// Random streams that several devices of a population share, by number.
pub(super) type SharedStreams = Box<dyn Fn(u32) -> ChaCha20Rng + Send + Sync>;

/// What the devices of a population draw together.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shared {
    /// Places that all know; stream 0.
    Places = 1,
    /// Where friends meet; one stream for each circle of friends.
    Evening = 2,
    /// The leader; one stream for each group.
    Leader = 3,
}

/// What the world offers a population.
pub(super) struct Surroundings<'a> {
    pub(super) area: Area,
    pub(super) ground: Option<&'a Ground>,
    pub(super) seed: u64,
    /// The population's own number.
    pub(super) population: u32,
    /// Number of its devices.
    pub(super) count: u32,
}

impl Surroundings<'_> {
    /// The roads of some layers of the map.
    pub(super) fn roads(&self, layers: &[String]) -> Result<Arc<Roads>, MobilityError> {
        let ground = self
            .ground
            .ok_or_else(|| MobilityError::Settings("there is no map to go on".to_owned()))?;
        ground.roads(layers)
    }

    /// A random stream that several devices share: each gets the same numbers.
    pub(super) fn shared(&self, what: Shared, number: u32) -> ChaCha20Rng {
        self.shared_streams(what)(number)
    }

    /// All streams that devices share for one purpose.
    pub(super) fn shared_streams(&self, what: Shared) -> SharedStreams {
        // Numbers below 2^32 are the devices' own streams.
        let (seed, first) = (
            self.seed,
            (what as u64) << 62 | u64::from(self.population) << 32,
        );
        Box::new(move |number| stream(seed, Purpose::Mobility, first | u64::from(number)))
    }
}
