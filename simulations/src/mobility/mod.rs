//! Where devices are: each goes its own way, drawn from its own stream, made as time goes on.
//!
//! A model gives a [`Trajectory`], straight [`Segment`]s one after the other; [`world`] puts the devices of
//! all populations into one area and lets [`contacts`](crate::contacts) find out who meets whom.

mod segment;
mod trajectory;
mod waypoint;
mod world;

pub use segment::{NEVER_US, Segment, distance_m, microseconds};
pub use trajectory::{Pen, Track, Trajectory};
pub use waypoint::RandomWaypoint;
pub use world::{Area, Mobility, MobilityError, Population, Settings, world};

/// Walking speeds, in metres a second.
fn walking() -> [f64; 2] {
    [0.5, 1.5]
}

/// Rests of up to two minutes, in seconds.
fn resting() -> [f64; 2] {
    [0.0, 120.0]
}

/// Whether two bounds are numbers in order, none below a least value.
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
