//! The default scenario of The ONE, which much of the field uses for comparison.

use std::path::Path;

use super::{
    Area, MapFile, MapRoute, MapSettings, Mobility, Population, Settings, ShortestPath, Turn,
};
use crate::contacts::{Disc, Reach};

/// The devices of The ONE's default scenario (version 1.6.0): pedestrians, cars, pedestrians and three tram lines in
/// Helsinki, 126 devices. Radio 0 is Bluetooth; radio 1 is the fast one that only the first tram line has. `data` is
/// The ONE's folder of that name.
#[must_use]
pub fn helsinki(data: &Path) -> Settings {
    let file = |name: &str| MapFile {
        name: name.to_owned(),
        file: data.join(format!("{name}.wkt")),
    };
    let walkers = |layers: &[&str], speed_m_s| Population {
        count: 40,
        mobility: Mobility::ShortestPath(ShortestPath {
            layers: layers.iter().map(|&layer| layer.to_owned()).collect(),
            points: Vec::new(),
            speed_m_s,
            pause_s: [0.0, 120.0],
        }),
        radios: vec![0],
    };
    let trams = |line: &str, turn, radios: &[u8]| Population {
        count: 2,
        mobility: Mobility::MapRoute(MapRoute {
            file: data.join(format!("{line}.wkt")),
            turn,
            first_stop: None,
            layers: Vec::new(),
            speed_m_s: [7.0, 10.0],
            pause_s: [10.0, 30.0],
        }),
        radios: radios.to_vec(),
    };
    Settings {
        area: Area {
            width_m: 4500.0,
            height_m: 3400.0,
        },
        map: Some(MapSettings {
            layers: ["roads", "main_roads", "pedestrian_paths", "shops"]
                .map(file)
                .to_vec(),
            points: Vec::new(),
            mirror: true,
            known: Default::default(),
        }),
        warm_up_s: 1000.0,
        populations: vec![
            walkers(&[], [0.5, 1.5]),
            walkers(&["roads"], [2.7, 13.9]),
            walkers(&[], [0.5, 1.5]),
            trams("tram3", Turn::Circular, &[0, 1]),
            trams("tram4", Turn::PingPong, &[0]),
            trams("tram10", Turn::PingPong, &[0]),
        ],
        reach: vec![
            Reach::Disc(Disc { range_m: 10.0 }),
            Reach::Disc(Disc { range_m: 1000.0 }),
        ],
        step_s: None,
    }
}
