//! A crowd of any size at a fixed density, for measurements.

use super::{Area, Mobility, Population, RandomWaypoint, Settings};
use crate::contacts::{Disc, Reach};

/// This many pedestrians at random waypoint, with 15,300 square metres each and a radio of 10 m.
#[must_use]
pub fn crowd(devices: u32) -> Settings {
    let scale = (f64::from(devices) / 1000.0).sqrt();
    let mobility = Mobility::RandomWaypoint(RandomWaypoint {
        speed_m_s: [0.5, 1.5],
        pause_s: [0.0, 120.0],
    });
    Settings {
        area: Area {
            width_m: 4500.0 * scale,
            height_m: 3400.0 * scale,
        },
        map: None,
        warm_up_s: 0.0,
        populations: vec![Population {
            count: devices,
            mobility,
            radios: vec![0],
        }],
        reach: vec![Reach::Disc(Disc { range_m: 10.0 })],
        step_s: None,
    }
}
