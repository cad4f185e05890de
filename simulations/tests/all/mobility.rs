//! Devices go where their model says, without gaps, inside the area, and the same for the same seed.

use std::path::{Path, PathBuf};

use hedgerow_simulations::mobility::{
    Area, Clusters, Favourite, GroupWalk, MapFile, MapRoute, MapSettings, Mobility, Playback,
    Population, RandomDirection, RandomWaypoint, Segment, Settings, ShortestPath, Stationary, Turn,
    WorkingDay, distance_m,
};
use hedgerow_simulations::plan::SECOND_US;
use hedgerow_simulations::trace::TraceSettings;
use tempfile::TempDir;

const AREA: Area = Area {
    width_m: 1000.0,
    height_m: 600.0,
};
const DAY_US: u64 = 86_400 * SECOND_US;

/// Two roads that cross, a path beside them, and a shop on the path.
const ROADS: &str =
    "LINESTRING (100 100, 500 100,\n  1000 100)\n\nLINESTRING (500 0, 500 100, 500 600)\n";
const PATHS: &str =
    "MULTILINESTRING ((100 100, 100 300), (100 300, 500 600))\nPOLYGON ((0 0, 1 1, 2 2, 0 0))\n";
const SHOPS: &str = "POINT (100 300)\n";
const TRAM: &str = "LINESTRING (100 100, 500 100, 1000 100)\n";
const TRACE: &str = "0 86400 0 1000 0 600 0 0\n0 a 10 10\n0 b 0 0\n50 b 30 40\n100 a 110 10\n";

fn files() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let all = [
        ("roads", ROADS),
        ("paths", PATHS),
        ("shops", SHOPS),
        ("tram", TRAM),
        ("trace", TRACE),
    ];
    for (name, text) in all {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

fn map(directory: &Path) -> MapSettings {
    let file = |name: &str| MapFile {
        name: name.to_owned(),
        file: directory.join(name),
    };
    MapSettings {
        layers: vec![file("roads"), file("paths")],
        points: vec![file("shops")],
        mirror: true,
        known: Default::default(),
    }
}

fn settings(directory: &Path, count: u32, mobility: Mobility) -> Settings {
    Settings {
        area: AREA,
        map: Some(map(directory)),
        warm_up_s: 0.0,
        populations: vec![Population {
            count,
            mobility,
            radios: vec![],
        }],
        reach: vec![],
        step_s: None,
    }
}

fn waypoint() -> Mobility {
    Mobility::RandomWaypoint(RandomWaypoint {
        speed_m_s: [0.5, 1.5],
        pause_s: [0.0, 120.0],
    })
}

fn shortest_path(layers: &[&str], points: Vec<Favourite>) -> Mobility {
    let layers = layers.iter().map(|&layer| layer.to_owned()).collect();
    Mobility::ShortestPath(ShortestPath {
        layers,
        points,
        speed_m_s: [1.0, 2.0],
        pause_s: [0.0, 60.0],
    })
}

fn tram(directory: &Path, turn: Turn) -> Mobility {
    Mobility::MapRoute(MapRoute {
        file: directory.join("tram"),
        turn,
        first_stop: Some(0),
        layers: vec![],
        speed_m_s: [10.0, 10.0],
        pause_s: [20.0, 20.0],
    })
}

fn group(leader: Mobility) -> Mobility {
    Mobility::GroupWalk(GroupWalk {
        size: 4,
        spread_m: 10.0,
        leader: Box::new(leader),
    })
}

fn clusters(leave_chance: f64) -> Clusters {
    let points = vec![[0.0, 0.0], [500.0, 300.0]];
    let (speed_m_s, pause_s) = ([1.0, 1.0], [0.0, 60.0]);
    Clusters {
        points,
        count: 0,
        radius_m: 50.0,
        leave_chance,
        speed_m_s,
        pause_s,
    }
}

/// Every model, with the most metres a second that it may go at.
fn models(directory: &Path) -> Vec<(&'static str, Mobility, f64)> {
    let drawn = Clusters {
        points: vec![],
        count: 3,
        ..clusters(0.1)
    };
    let trace: TraceSettings =
        serde_json::from_value(serde_json::json!({ "path": directory.join("trace") })).unwrap();
    let on_map = WorkingDay {
        on_map: true,
        ..WorkingDay::default()
    };
    let direction = RandomDirection {
        speed_m_s: [1.0, 3.0],
        pause_s: [0.0, 9.0],
    };
    vec![
        ("waypoint", waypoint(), 1.5),
        ("direction", Mobility::RandomDirection(direction), 3.0),
        ("shortest path", shortest_path(&[], vec![]), 2.0),
        ("map route", tram(directory, Turn::PingPong), 10.0),
        (
            "working day",
            Mobility::WorkingDay(WorkingDay::default()),
            10.0,
        ),
        ("working day on the map", Mobility::WorkingDay(on_map), 10.0),
        ("clusters", Mobility::Clusters(clusters(0.2)), 1.0),
        ("drawn clusters", Mobility::Clusters(drawn), 1.0),
        // A member goes at most twice the spread farther than its leader on a way of any length.
        ("group", group(waypoint()), f64::INFINITY),
        (
            "stationary",
            Mobility::Stationary(Stationary { places: vec![] }),
            0.0,
        ),
        ("playback", Mobility::Playback(Playback { trace }), 1.0),
    ]
}

fn ways(settings: &Settings, seed: u64, until_us: u64) -> Vec<Vec<Segment>> {
    let mut tracks = settings.tracks(seed).unwrap();
    tracks.iter_mut().for_each(|track| track.extend(until_us));
    tracks
        .iter()
        .map(|track| track.between(0, until_us).to_vec())
        .collect()
}

#[test]
fn every_model_goes_without_gaps_inside_the_area_within_its_speed() {
    let directory = files();
    for (name, mobility, most_m_s) in models(directory.path()) {
        for way in ways(&settings(directory.path(), 2, mobility), 7, 2 * DAY_US) {
            assert_eq!(way[0].start_us, 0, "{name}");
            for pair in way.windows(2) {
                assert_eq!(
                    (pair[0].to, pair[0].end_us),
                    (pair[1].from, pair[1].start_us),
                    "{name}"
                );
            }
            for segment in way {
                assert!(segment.start_us < segment.end_us, "{name}");
                assert!(
                    AREA.contains(segment.from) && AREA.contains(segment.to),
                    "{name}: {segment:?}"
                );
                let [x, y] = segment.velocity();
                // A way of a few micrometres may take a microsecond at least.
                assert!(
                    (x * x + y * y).sqrt() <= most_m_s * 1.001,
                    "{name}: {segment:?}"
                );
            }
        }
    }
}

#[test]
fn a_device_goes_its_way_whoever_else_there_is() {
    let directory = files();
    for (name, mobility, _) in models(directory.path()) {
        let few = settings(directory.path(), 1, mobility);
        let mut more = few.clone();
        more.populations[0].count = 2;
        let [few_ways, more_ways] = [few, more].map(|settings| ways(&settings, 3, DAY_US));
        assert_eq!(few_ways[0], more_ways[0], "{name}");
    }
}

#[test]
fn members_of_a_group_stay_with_their_leader() {
    let directory = files();
    let mut tracks = settings(directory.path(), 8, group(waypoint()))
        .tracks(1)
        .unwrap();
    tracks.iter_mut().for_each(|track| track.extend(DAY_US));
    let mut apart: f64 = 0.0;
    for at_us in (0..DAY_US).step_by(300 * SECOND_US as usize) {
        let at: Vec<_> = tracks
            .iter()
            .map(|track| track.position(at_us).unwrap())
            .collect();
        for members in at.chunks(4) {
            assert!(
                members
                    .iter()
                    .all(|&member| distance_m(members[0], member) <= 20.0)
            );
        }
        apart = apart.max(distance_m(at[0], at[4]));
    }
    assert!(apart > 200.0, "groups are not together");
}

#[test]
fn clusters_are_left_only_by_chance() {
    let directory = files();
    for (leave_chance, both) in [(0.0, false), (0.2, true)] {
        let mobility = Mobility::Clusters(clusters(leave_chance));
        for way in ways(&settings(directory.path(), 4, mobility), 2, DAY_US) {
            let near = |point| {
                way.iter()
                    .any(|segment| distance_m(segment.to, point) <= 50.0)
            };
            assert_eq!(near([0.0, 0.0]) && near([500.0, 300.0]), both);
        }
    }
}

#[test]
fn people_work_by_day_meet_in_the_evening_and_sleep_at_home() {
    let directory = files();
    let day = WorkingDay {
        evening_chance: 1.0,
        meeting_radius_m: 5.0,
        friends: 3,
        ..WorkingDay::default()
    };
    let mut tracks = settings(directory.path(), 6, Mobility::WorkingDay(day))
        .tracks(9)
        .unwrap();
    tracks.iter_mut().for_each(|track| track.extend(3 * DAY_US));
    let at = |device: usize, hours: f64| {
        tracks[device]
            .position((hours * 3600.0 * 1e6) as u64)
            .unwrap()
    };
    for device in 0..6 {
        let home = at(device, 0.0);
        assert_eq!(home, at(device, 28.0), "at home on the second night");
        assert!(
            distance_m(at(device, 12.0), at(device, 36.0)) <= 100.0,
            "one office"
        );
        assert_ne!(home, at(device, 12.0));
        let friend = device / 3 * 3;
        assert!(
            distance_m(at(device, 18.9), at(friend, 18.9)) <= 10.0,
            "friends meet"
        );
    }
    assert!(
        distance_m(at(0, 18.9), at(0, 42.9)) > 10.0,
        "elsewhere the next day"
    );
}

#[test]
fn a_recorded_way_is_gone_again() {
    let directory = files();
    let (_, mobility, _) = models(directory.path()).pop().unwrap();
    let ways = ways(&settings(directory.path(), 2, mobility), 0, DAY_US);
    assert_eq!(ways[0][0].at(50 * SECOND_US), [60.0, 10.0]);
    assert_eq!(ways[1][0].at(25 * SECOND_US), [15.0, 20.0]);
    assert_eq!(ways[1].last().unwrap().to, [30.0, 40.0]);
}

#[test]
fn the_map_begins_at_zero_upside_down_and_ways_on_it_are_shortest() {
    let directory = files();
    let all = settings(directory.path(), 1, tram(directory.path(), Turn::Circular));
    let way = &ways(&all, 1, 400 * SECOND_US)[0];
    // In the file (100, 100), (500, 100) and (1000, 100); the least x is 100, the highest y 600.
    let stops: Vec<_> = way
        .iter()
        .filter(|segment| segment.from == segment.to)
        .map(|stop| stop.to)
        .collect();
    assert_eq!(
        stops[..4],
        [[0.0, 500.0], [400.0, 500.0], [900.0, 500.0], [0.0, 500.0]]
    );
    let arrivals: Vec<_> = way
        .iter()
        .filter(|segment| segment.from != segment.to)
        .map(|leg| leg.end_us)
        .collect();
    // 20 s at each stop and 10 m/s: 400 m, 500 m, and back over both.
    assert_eq!(
        arrivals[..4],
        [
            60 * SECOND_US,
            130 * SECOND_US,
            200 * SECOND_US,
            240 * SECOND_US
        ]
    );
}

#[test]
fn who_may_use_some_layers_stays_on_them_and_favourites_draw() {
    let directory = files();
    let roads = ways(
        &settings(directory.path(), 1, shortest_path(&["roads"], vec![])),
        1,
        DAY_US,
    );
    // It begins beside a road, perhaps on the path, as in The ONE.
    let mut goes = roads[0].iter().filter(|segment| segment.from != segment.to);
    assert!(goes.all(|segment| segment.to[1] == 500.0 || segment.to[0] == 400.0));
    let shops = vec![Favourite {
        name: "shops".to_owned(),
        chance: 1.0,
    }];
    let shopping = ways(
        &settings(directory.path(), 1, shortest_path(&[], shops)),
        1,
        DAY_US,
    );
    assert_eq!(
        shopping[0].last().unwrap().to,
        [0.0, 300.0],
        "all go to the shop and stay"
    );
}

#[test]
fn what_is_wrong_with_a_map_is_said_with_file_and_line() {
    let directory = files();
    let complaint = |name: &str, text: &str, mobility: Mobility| {
        std::fs::write(directory.path().join(name), text).unwrap();
        let error = settings(directory.path(), 1, mobility)
            .tracks(0)
            .err()
            .unwrap()
            .to_string();
        let original = [("roads", ROADS), ("shops", SHOPS), ("tram", TRAM)];
        for (name, text) in original {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        error
    };
    let walk = || shortest_path(&[], vec![]);
    let broken = complaint(
        "roads",
        "LINESTRING (0 0, 1 1)\n\n\nLINESTRING (0 0, x 1)",
        walk(),
    );
    assert!(broken.contains("roads, line 4: "), "{broken}");
    let open = complaint("roads", "LINESTRING (0 0, 1 1)\nLINESTRING (0 0, 1", walk());
    assert!(open.contains("roads, line 2: "), "{open}");
    let point = complaint("shops", "POINT (100 300)\nPOINT (7 7)\n", walk());
    assert!(
        point.contains("shops, line 2: (7 7) is not a point of any line of the map"),
        "{point}"
    );
    let apart = complaint("roads", "LINESTRING (700 0, 800 0)", walk());
    assert!(
        apart.contains("does not hang together: 3 of 5 points"),
        "{apart}"
    );
    let large = complaint("roads", "LINESTRING (100 100, 5000 100)", walk());
    assert!(large.contains("does not fit into the area"), "{large}");
    let stop = complaint(
        "tram",
        "LINESTRING (100 100, 200 100)",
        tram(directory.path(), Turn::Circular),
    );
    assert!(
        stop.contains("tram, line 1: (200 100) is not a point"),
        "{stop}"
    );
    let layer = settings(directory.path(), 1, shortest_path(&["rails"], vec![]))
        .tracks(0)
        .err()
        .unwrap();
    assert!(layer.to_string().contains("the map has no layer \"rails\""));
    let mut nowhere = settings(directory.path(), 1, walk());
    nowhere.map.as_mut().unwrap().layers[0].file = PathBuf::from("/nowhere/at.wkt");
    assert!(
        nowhere
            .tracks(0)
            .err()
            .unwrap()
            .to_string()
            .starts_with("/nowhere/at.wkt: ")
    );
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let directory = files();
    let refused = |mobility: Mobility| settings(directory.path(), 1, mobility).check().unwrap_err();
    let slow = RandomWaypoint {
        speed_m_s: [0.0, 1.0],
        pause_s: [0.0, 0.0],
    };
    assert!(refused(Mobility::RandomWaypoint(slow)).contains("population 0: speed-m-s"));
    assert!(refused(group(group(waypoint()))).contains("leader"));
    assert!(refused(Mobility::Clusters(clusters(1.5))).contains("leave-chance"));
    let outside = Stationary {
        places: vec![[-1.0, 0.0]],
    };
    assert!(refused(Mobility::Stationary(outside)).contains("not in the area"));
    let mut unknown = settings(directory.path(), 1, waypoint());
    unknown.populations[0].radios = vec![3];
    assert!(
        unknown
            .check()
            .unwrap_err()
            .contains("radio 3 is not described")
    );
}

#[test]
fn files_are_found_from_the_folder_of_the_scenario() {
    let directory = files();
    let mut settings = settings(Path::new(""), 1, group(tram(Path::new(""), Turn::Circular)));
    assert!(settings.tracks(1).is_err());
    settings.resolve(directory.path());
    settings.tracks(1).unwrap();
}

#[test]
fn who_has_nowhere_else_to_go_lets_time_go_on() {
    let directory = files();
    let shops = vec![Favourite {
        name: "shops".to_owned(),
        chance: 1.0,
    }];
    let mobility = ShortestPath {
        layers: vec![],
        points: shops,
        speed_m_s: [1.0, 1.0],
        pause_s: [0.0, 0.0],
    };
    let ways = ways(
        &settings(directory.path(), 1, Mobility::ShortestPath(mobility)),
        1,
        DAY_US,
    );
    assert!(ways[0].len() <= 86_410);
}

#[test]
fn a_map_is_read_once_for_all_seeds_and_another_one_anew() {
    let directory = files();
    let settings = settings(directory.path(), 3, shortest_path(&["roads"], vec![]));
    let first = ways(&settings, 1, DAY_US);
    std::fs::remove_file(directory.path().join("roads")).unwrap();
    assert_eq!(ways(&settings, 1, DAY_US), first);
    assert_ne!(ways(&settings.clone(), 2, DAY_US), first);
    let mut turned = settings;
    turned.map.as_mut().unwrap().mirror = false;
    assert!(turned.tracks(1).is_err());
}

#[test]
fn settings_are_read_from_toml() {
    let settings: Settings = toml::from_str(
        r#"
        area = { width-m = 1000, height-m = 600 }

        [[populations]]
        count = 5
        radios = [0]
        mobility.group-walk = { size = 5, spread-m = 3, leader.random-waypoint = {} }

        [[reach]]
        [reach.log-distance]
        range-m = 30
        exponent = 3
        deviation-db = 4
        "#,
    )
    .unwrap();
    settings.check().unwrap();
    assert_eq!(settings.devices(), 5);
    let reference = serde_json::to_string(&schemars::schema_for!(Settings)).unwrap();
    assert!(reference.contains("group-walk") && reference.contains("deviation-db"));
    let wrong = "area = { width-m = 1, height-m = 1, depth-m = 2 }\npopulations = []\nreach = []";
    assert!(
        toml::from_str::<Settings>(wrong)
            .unwrap_err()
            .to_string()
            .contains("depth-m")
    );
}
