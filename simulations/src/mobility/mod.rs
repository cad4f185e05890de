//! The movement of devices: each goes its own way, drawn from its own random stream as time goes on.
//!
//! A model makes a [`Trajectory`] of straight [`Segment`]s; [`world()`](fn@world) puts the devices of all
//! populations into one area, and [`contacts`](crate::contacts) finds which devices meet.

mod clusters;
mod crowd;
mod direction;
mod ground;
mod group;
mod helsinki;
mod map;
mod model;
mod path;
mod playback;
mod rate;
mod roads;
mod route;
mod segment;
mod shapes;
mod stationary;
mod trajectory;
mod waypoint;
mod workday;
mod world;

pub use clusters::Clusters;
pub use crowd::crowd;
pub use direction::RandomDirection;
pub use ground::Known;
pub use group::GroupWalk;
pub use helsinki::helsinki;
pub use map::{Map, MapFile, MapSettings, NodeNumber};
pub use model::Mobility;
pub use path::{Favourite, ShortestPath};
pub use playback::Playback;
pub use roads::Roads;
pub use route::{MapRoute, Turn};
pub use segment::{NEVER_US, Segment, distance_m, microseconds};
pub use stationary::Stationary;
pub use trajectory::{Pen, Track, Trajectory};
pub use waypoint::RandomWaypoint;
pub use workday::WorkingDay;
pub use world::{Area, MobilityError, Population, Settings, world};

/// Walking speeds, in metres a second.
fn walking() -> [f64; 2] {
    [0.5, 1.5]
}

/// Rests of up to two minutes, in seconds.
fn resting() -> [f64; 2] {
    [0.0, 120.0]
}

/// A uniform random number between two bounds.
fn drawn(rng: &mut impl rand_core::Rng, [low, high]: [f64; 2]) -> f64 {
    crate::rng::between(rng, low, high)
}

/// Checks that two bounds are numbers in order, and not below `least`.
fn check_range(name: &str, [low, high]: [f64; 2], least: f64) -> Result<(), String> {
    if low.is_finite() && high.is_finite() && least <= low && low <= high {
        return Ok(());
    }
    let least = if least > 0.0 {
        "above 0".to_owned()
    } else {
        format!("at least {least}")
    };
    Err(format!(
        "{name}: [{low}, {high}] must be a lowest and a highest number, {least}"
    ))
}

/// Checks that a number is a probability.
fn check_chance(name: &str, chance: f64) -> Result<(), String> {
    if (0.0..=1.0).contains(&chance) {
        return Ok(());
    }
    Err(format!("{name}: {chance} must be between 0 and 1"))
}

/// A uniform random place in a circle.
fn in_circle([x, y]: [f64; 2], radius_m: f64, rng: &mut impl rand_core::Rng) -> [f64; 2] {
    let angle = crate::rng::unit(rng) * std::f64::consts::TAU;
    let out_m = crate::rng::unit(rng).sqrt() * radius_m;
    [x + libm::cos(angle) * out_m, y + libm::sin(angle) * out_m]
}
