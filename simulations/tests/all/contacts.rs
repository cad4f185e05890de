//! Contacts found with the grid are those that looking at every pair finds.

use std::collections::BTreeMap;

use hedgerow_simulations::contacts::{
    Cell, Cells, Disc, LogDistance, Reach, Stepped, count, within,
};
use hedgerow_simulations::mobility::{
    Area, Mobility, Population, RandomWaypoint, Settings, Track, distance_m, helsinki, world,
};
use hedgerow_simulations::plan::{Change, DeviceNumber, Meetings, SECOND_US};
use proptest::prelude::*;

const END_US: u64 = 900 * SECOND_US;

fn walkers(count: u32, speed_m_s: [f64; 2], pause_s: [f64; 2], radios: Vec<u8>) -> Population {
    let mobility = Mobility::RandomWaypoint(RandomWaypoint { speed_m_s, pause_s });
    Population {
        count,
        mobility,
        radios,
    }
}

fn small_world() -> impl Strategy<Value = Settings> {
    let area =
        (50.0..400.0, 50.0..400.0).prop_map(|(width_m, height_m)| Area { width_m, height_m });
    let reach = (1.0..60.0, 1.0..200.0, 0.0..6.0).prop_map(|(near_m, far_m, deviation_db)| {
        let loss = LogDistance {
            range_m: near_m,
            exponent: 3.0,
            deviation_db,
        };
        vec![
            Reach::LogDistance(loss),
            Reach::Disc(Disc { range_m: far_m }),
        ]
    });
    let people = (1_u32..12, 0.1..3.0, 0.0..100.0);
    (area, reach, people.clone(), people, 0.0..500.0).prop_map(
        |(area, reach, slow, fast, warm_up_s)| Settings {
            area,
            map: None,
            warm_up_s,
            populations: vec![
                walkers(slow.0, [slow.1, slow.1], [0.0, slow.2], vec![0]),
                walkers(
                    fast.0,
                    [fast.1, fast.1 * 10.0],
                    [fast.2, fast.2],
                    vec![0, 1],
                ),
            ],
            reach,
            step_s: None,
        },
    )
}

/// All changes before the end, asked for in pieces of the given lengths in turn.
fn plan(settings: &Settings, seed: u64, pieces_us: &[u64]) -> Vec<Change> {
    let mut meetings = world(settings, seed).unwrap();
    let mut changes = Vec::new();
    let mut until_us = 0;
    for piece_us in pieces_us.iter().cycle() {
        until_us = END_US.min(until_us + piece_us);
        meetings.advance(until_us, &mut changes);
        if until_us == END_US {
            return changes;
        }
    }
    unreachable!("pieces do not end")
}

/// The same by looking at every pair of segments of every pair of devices.
fn brute_force(settings: &Settings, seed: u64) -> Vec<Change> {
    let mut tracks = settings.tracks(seed).unwrap();
    tracks.iter_mut().for_each(|track| track.extend(END_US));
    let ways: Vec<_> = tracks
        .iter()
        .map(|track| track.between(0, END_US))
        .collect();
    let mut changes = Vec::new();
    for (radio, reach) in (0..).zip(&settings.reach) {
        let members = settings.members(radio);
        for (at, &a) in members.iter().enumerate() {
            for &b in &members[at + 1..] {
                let range_m = reach.pair_m(seed, a, b);
                let mut spells: Vec<(u64, u64)> = Vec::new();
                for one in ways[a as usize] {
                    for other in ways[b as usize] {
                        match (within(one, other, range_m), spells.last_mut()) {
                            (Some((start, end)), Some(last)) if last.1 == start => last.1 = end,
                            (Some(spell), _) => spells.push(spell),
                            (None, _) => {}
                        }
                    }
                }
                for (start_us, end_us) in spells {
                    changes.push(Change {
                        at_us: start_us,
                        up: true,
                        a,
                        b,
                        radio,
                    });
                    changes.push(Change {
                        at_us: end_us,
                        up: false,
                        a,
                        b,
                        radio,
                    });
                }
            }
        }
    }
    changes.retain(|change| change.at_us < END_US);
    changes.sort_unstable();
    changes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn exact_detection_equals_looking_at_every_pair(settings in small_world(), seed: u64) {
        prop_assert_eq!(plan(&settings, seed, &[END_US]), brute_force(&settings, seed));
    }

    #[test]
    fn asking_in_other_pieces_gives_the_same_plan(
        settings in small_world(), seed: u64, pieces_us in prop::collection::vec(1..400 * SECOND_US, 1..5),
    ) {
        prop_assume!(pieces_us.iter().sum::<u64>() > SECOND_US);
        prop_assert_eq!(plan(&settings, seed, &pieces_us), plan(&settings, seed, &[END_US]));
    }

    #[test]
    fn changes_are_in_order_and_each_pair_comes_and_goes_in_turn(settings in small_world(), seed: u64) {
        let changes = plan(&settings, seed, &[END_US]);
        prop_assert!(changes.is_sorted());
        let mut up = BTreeMap::new();
        for change in changes {
            prop_assert!(change.a < change.b && change.at_us < END_US);
            let was = up.insert((change.a, change.b, change.radio), change.up);
            prop_assert_eq!(was.unwrap_or(false), !change.up);
        }
    }

    /// Against the places themselves, without the quadratic: whoever is up is near, whoever is not is far.
    #[test]
    fn who_is_within_reach_is_near(settings in small_world(), seed: u64) {
        let mut meetings = world(&settings, seed).unwrap();
        let mut up = BTreeMap::new();
        for at_us in (0..END_US).step_by(37 * SECOND_US as usize) {
            let mut changes = Vec::new();
            meetings.advance(at_us + 1, &mut changes);
            for change in changes {
                up.insert((change.a, change.b, change.radio), change.up);
            }
            for (radio, reach) in (0..).zip(&settings.reach) {
                let members = settings.members(radio);
                for (at, &a) in members.iter().enumerate() {
                    for &b in &members[at + 1..] {
                        let far_m = distance_m(
                            meetings.position(a, at_us).unwrap(), meetings.position(b, at_us).unwrap(),
                        ) - reach.pair_m(seed, a, b);
                        let is_up = up.get(&(a, b, radio)).copied().unwrap_or(false);
                        prop_assert!(is_up == (far_m <= 0.0) || far_m.abs() < 1e-3, "{} {}", is_up, far_m);
                    }
                }
            }
        }
    }
}

#[test]
fn a_known_way_crosses_where_it_must() {
    use hedgerow_simulations::mobility::Segment;
    let east = Segment {
        from: [0.0, 0.0],
        to: [100.0, 0.0],
        start_us: 0,
        end_us: 100 * SECOND_US,
    };
    let still = Segment {
        from: [50.0, 6.0],
        to: [50.0, 6.0],
        start_us: 0,
        end_us: 200 * SECOND_US,
    };
    // 6 m to the side at a range of 10 m: 8 m before and after.
    assert_eq!(
        within(&east, &still, 10.0),
        Some((42 * SECOND_US, 58 * SECOND_US))
    );
    assert_eq!(
        within(&still, &east, 10.0),
        Some((42 * SECOND_US, 58 * SECOND_US))
    );
    assert_eq!(within(&east, &still, 6.0), None, "a touch is no contact");
    let late = Segment {
        start_us: 50 * SECOND_US,
        ..still
    };
    assert_eq!(
        within(&east, &late, 10.0),
        Some((50 * SECOND_US, 58 * SECOND_US))
    );
    assert_eq!(within(&still, &still, 0.0), Some((0, 200 * SECOND_US)));
}

#[test]
fn a_track_leaves_out_its_warm_up() {
    let settings = Settings {
        area: Area {
            width_m: 500.0,
            height_m: 500.0,
        },
        map: None,
        warm_up_s: 0.0,
        populations: vec![walkers(3, [1.0, 2.0], [0.0, 30.0], vec![])],
        reach: vec![],
        step_s: None,
    };
    let late = Settings {
        warm_up_s: 333.0,
        ..settings.clone()
    };
    let known = |settings: &Settings| -> Vec<Track> {
        let mut tracks = settings.tracks(4).unwrap();
        tracks.iter_mut().for_each(|track| track.extend(END_US));
        tracks
    };
    for (early, late) in known(&settings).iter().zip(&known(&late)) {
        for at_us in (0..500 * SECOND_US).step_by(7_777_777) {
            let [one, other] = [
                early.position(at_us + 333 * SECOND_US),
                late.position(at_us),
            ]
            .map(Option::unwrap);
            assert!(distance_m(one, other) < 1e-3);
        }
    }
}

/// Pairs that share a cell at a moment, by their places.
fn together(cells: &Cells, places: &[[f64; 2]]) -> Vec<(DeviceNumber, DeviceNumber)> {
    let inside = |cell: &Cell, place| distance_m([cell.x_m, cell.y_m], place) <= cell.radius_m;
    let mut pairs = Vec::new();
    for a in 0..places.len() {
        for b in a + 1..places.len() {
            let both =
                |cell: &Cell, other: &Cell| inside(cell, places[a]) && inside(other, places[b]);
            let others = |cell: &Cell| match cells.joined {
                true => cells.cells.iter().any(|other| both(cell, other)),
                false => both(cell, cell),
            };
            if cells.cells.iter().any(others) {
                pairs.push((a as DeviceNumber, b as DeviceNumber));
            }
        }
    }
    pairs
}

#[test]
fn devices_in_the_same_cell_are_within_reach() {
    check_cells(false);
}

#[test]
fn devices_in_different_cells_are_within_reach_where_cells_are_joined() {
    check_cells(true);
}

fn check_cells(joined: bool) {
    let cell = |x_m, y_m, radius_m| Cell { x_m, y_m, radius_m };
    // Two that overlap and one apart.
    let cells = vec![
        cell(50.0, 50.0, 40.0),
        cell(100.0, 50.0, 30.0),
        cell(200.0, 200.0, 50.0),
    ];
    let cells = Cells { cells, joined };
    let settings = Settings {
        area: Area {
            width_m: 250.0,
            height_m: 250.0,
        },
        map: None,
        warm_up_s: 0.0,
        populations: vec![walkers(10, [3.0, 9.0], [0.0, 20.0], vec![0])],
        reach: vec![Reach::Cells(cells.clone())],
        step_s: None,
    };
    let changes = plan(&settings, 8, &[END_US]);
    assert!(changes.len() > 50);
    assert_eq!(changes, plan(&settings, 8, &[7 * SECOND_US]));
    let mut meetings = world(&settings, 8).unwrap();
    let mut up = BTreeMap::new();
    for at_us in (0..END_US).step_by(SECOND_US as usize) {
        let mut changes = Vec::new();
        meetings.advance(at_us + 1, &mut changes);
        for change in changes {
            let was = up.insert((change.a, change.b), change.up).unwrap_or(false);
            assert_ne!(was, change.up, "each pair comes and goes in turn");
        }
        let places: Vec<_> = (0..10)
            .map(|device| meetings.position(device, at_us).unwrap())
            .collect();
        let now: Vec<_> = up
            .iter()
            .filter(|(_, up)| **up)
            .map(|(&pair, _)| pair)
            .collect();
        assert_eq!(now, together(&cells, &places), "at {at_us}");
    }
}

#[test]
fn every_pair_has_its_own_range() {
    let loss = LogDistance {
        range_m: 50.0,
        exponent: 3.0,
        deviation_db: 6.0,
    };
    let reach = Reach::LogDistance(loss);
    let mut ranges: Vec<_> = (1..2000).map(|other| reach.pair_m(1, 0, other)).collect();
    assert_eq!(ranges[6], reach.pair_m(1, 0, 7));
    assert!(ranges.iter().all(|&range_m| range_m <= reach.longest_m()));
    ranges.sort_by(f64::total_cmp);
    // One deviation is 10^(6/30) = 1.58.
    for (part, expected_m) in [(0.159, 50.0 / 1.585), (0.5, 50.0), (0.841, 50.0 * 1.585)] {
        let range_m = ranges[(part * ranges.len() as f64) as usize];
        assert!(
            (range_m / expected_m - 1.0).abs() < 0.05,
            "{part}: {range_m}"
        );
    }
}

/// A plan that is known.
struct Known(Vec<Change>);

impl Meetings for Known {
    fn devices(&self) -> usize {
        2
    }

    fn advance(&mut self, until_us: u64, changes: &mut Vec<Change>) {
        let due = self.0.partition_point(|change| change.at_us < until_us);
        changes.extend(self.0.drain(..due));
    }

    fn position(&self, _: DeviceNumber, _: u64) -> Option<[f64; 2]> {
        None
    }
}

#[test]
fn who_looks_in_steps_sees_what_is_there_at_a_step() {
    let change = |at_us, up| Change {
        at_us,
        up,
        a: 0,
        b: 1,
        radio: 0,
    };
    let exact = [
        (10, true),
        (20, false),
        (110, true),
        (150, false),
        (160, true),
        (200, false),
        (300, true),
    ];
    let exact: Vec<_> = exact.map(|(at_us, up)| change(at_us, up)).to_vec();
    // Between 0 and 100 nothing is seen; at 200 the pair has just parted; at 300 it has just met.
    let seen = vec![change(300, true)];
    for pieces in [
        vec![1000],
        vec![201, 300, 301, 302],
        vec![150, 250, 300, 400],
    ] {
        let mut stepped = Stepped::new(Box::new(Known(exact.clone())), 100);
        let mut changes = Vec::new();
        pieces
            .iter()
            .for_each(|&until_us| stepped.advance(until_us, &mut changes));
        assert_eq!(changes, seen, "{pieces:?}");
    }
    let mut stepped = Stepped::new(
        Box::new(Known(vec![change(110, true), change(201, false)])),
        100,
    );
    let mut changes = Vec::new();
    stepped.advance(1000, &mut changes);
    assert_eq!(changes, [change(200, true), change(300, false)]);
}

#[test]
fn devices_at_random_waypoint_meet_as_often_as_theory_says() {
    let (hours, devices, range_m) = (6, 150, 30.0);
    let area = Area {
        width_m: 3000.0,
        height_m: 3000.0,
    };
    let walk = RandomWaypoint {
        speed_m_s: [1.0, 2.0],
        pause_s: [0.0, 60.0],
    };
    let settings = Settings {
        area,
        map: None,
        warm_up_s: 10_000.0,
        populations: vec![walkers(devices, walk.speed_m_s, walk.pause_s, vec![0])],
        reach: vec![Reach::Disc(Disc { range_m })],
        step_s: None,
    };
    let pairs = f64::from(devices * (devices - 1)) / 2.0;
    let expected = walk.meeting_rate(area, range_m) * pairs * f64::from(hours) * 3600.0;
    let found = count(&mut *world(&settings, 1).unwrap(), hours as u64 * 3600) as f64;
    // Meetings are nearly Poisson; the formula takes the range to be small against the area.
    assert!(
        (found - expected).abs() < 3.0 * expected.sqrt() + 0.03 * expected,
        "{found} against {expected}"
    );
}

#[test]
fn the_default_scenario_of_the_one_has_its_number_of_contacts() {
    let Some(data) = std::env::var_os("HEDGEROW_ONE_DATA") else {
        eprintln!("skipped: HEDGEROW_ONE_DATA does not name The ONE's data folder");
        return;
    };
    let mut settings = helsinki(data.as_ref());
    settings.step_s = Some(0.1);
    let counts = (1..=10).map(|seed| count(&mut *world(&settings, seed).unwrap(), 43_200) as f64);
    let mean = counts.sum::<f64>() / 10.0;
    assert!((mean / 31_362.0 - 1.0).abs() < 0.02, "{mean}");
}
