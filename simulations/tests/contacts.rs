//! Contacts found with the grid are those that looking at every pair finds.

use std::collections::BTreeMap;

use hedgerow_simulations::contacts::{Disc, LogDistance, Reach, within};
use hedgerow_simulations::mobility::{
    Area, Mobility, Population, RandomWaypoint, Settings, Track, distance_m, world,
};
use hedgerow_simulations::plan::{Change, SECOND_US};
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
        warm_up_s: 0.0,
        populations: vec![walkers(3, [1.0, 2.0], [0.0, 30.0], vec![])],
        reach: vec![],
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
