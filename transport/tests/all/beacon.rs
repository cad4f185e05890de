//! Beacons (`docs/PROTOCOL.md` section 11).

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_transport::beacon::{
    ClockWatch, EPOCH_MS, Epoch, Known, Recogniser, SLOTS, announcement, corrected,
};
use hedgerow_transport::carrier::CarrierKind::{Ble, Lan};
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::handshake::Direction;
use hedgerow_transport::keys::{BeaconKey, PairBeaconKey};
use proptest::prelude::*;

use crate::support::devices::rng;

const NOW_MS: i64 = 1_800_000_000_000;
const YEAR_MS: i64 = 31_557_600_000;

fn beacon_key(name: u8) -> BeaconKey {
    BeaconKey::from_bytes([name; 32])
}

fn pair_key(name: u8) -> PairBeaconKey {
    PairBeaconKey::from_bytes([name + 100; 32])
}

/// Recognises one contact whose clock is believed to be `offset_ms` ahead.
fn recogniser(wall_ms: i64, offset_ms: i64) -> Recogniser<u8> {
    let (key, pair) = (beacon_key(1), pair_key(1));
    Recogniser::new(
        Cryptography::Real,
        Lan,
        wall_ms,
        &[Known {
            who: 1,
            key: Some(&key),
            pair: (&pair, Direction::Up),
            offset_ms,
        }],
    )
}

#[test]
fn a_contact_is_recognised_an_epoch_either_side_and_no_further() {
    let recogniser = recogniser(NOW_MS, 0);
    for (apart, known) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
        let beacon = beacon_key(1).beacon(Lan, Epoch::at(NOW_MS + apart * EPOCH_MS));
        assert_eq!(
            recogniser.find(&beacon),
            known.then_some(1),
            "{apart} epochs apart"
        );
    }
}

#[test]
fn a_stranger_and_another_carrier_are_not_recognised() {
    let recogniser = recogniser(NOW_MS, 0);
    assert_eq!(
        recogniser.find(&beacon_key(2).beacon(Lan, Epoch::at(NOW_MS))),
        None
    );
    assert_eq!(
        recogniser.find(&beacon_key(1).beacon(Ble, Epoch::at(NOW_MS))),
        None
    );
}

#[test]
fn a_contact_whose_clock_is_off_by_years_is_recognised_by_its_offset() {
    for offset_ms in [-30 * YEAR_MS, -YEAR_MS, YEAR_MS, 30 * YEAR_MS] {
        let beacon = beacon_key(1).beacon(Lan, Epoch::at(NOW_MS + offset_ms));
        assert_eq!(recogniser(NOW_MS, offset_ms).find(&beacon), Some(1));
        assert_eq!(recogniser(NOW_MS, 0).find(&beacon), None);
    }
}

#[test]
fn two_who_both_rotated_their_keys_recognise_the_pairwise_beacon_in_its_direction() {
    let pair = pair_key(1);
    let known = Known {
        who: 1,
        key: None,
        pair: (&pair, Direction::Down),
        offset_ms: 0,
    };
    let recogniser = Recogniser::new(Cryptography::Real, Lan, NOW_MS, &[known]);
    let epoch = Epoch::at(NOW_MS);
    assert_eq!(
        recogniser.find(&pair.beacon(Lan, epoch, Direction::Down)),
        Some(1)
    );
    assert_eq!(
        recogniser.find(&pair.beacon(Lan, epoch, Direction::Up)),
        None,
        "our own, sent back"
    );
}

#[test]
fn a_table_serves_for_its_epoch() {
    let recogniser = recogniser(NOW_MS, 0);
    let start = Epoch::at(NOW_MS).0 as i64 * EPOCH_MS;
    assert!(recogniser.is_current(start));
    assert!(recogniser.is_current(start + EPOCH_MS - 1));
    assert!(!recogniser.is_current(start + EPOCH_MS));
    assert!(!recogniser.is_current(start - 1), "the clock went back");
}

#[test]
fn a_table_that_follows_the_epoch_is_that_made_in_it() {
    let (key, pair) = (beacon_key(1), pair_key(1));
    let known = [Known {
        who: 1,
        key: Some(&key),
        pair: (&pair, Direction::Up),
        offset_ms: EPOCH_MS,
    }];
    let mut followed = Recogniser::new(Cryptography::Real, Lan, NOW_MS, &known);
    // The next epoch, a skipped one, and a clock that was set back.
    for epochs in [1, 2, 4, 5, 3, 4] {
        let wall_ms = NOW_MS + epochs * EPOCH_MS;
        followed.follow(Cryptography::Real, Lan, wall_ms, &known);
        assert!(followed.is_current(wall_ms));
        let made = Recogniser::new(Cryptography::Real, Lan, wall_ms, &known);
        for apart in -4..=8 {
            let beacon = key.beacon(Lan, Epoch::at(wall_ms + apart * EPOCH_MS));
            let who = (0..=2).contains(&apart).then_some(1);
            assert_eq!(followed.find(&beacon), who, "{apart} epochs apart");
            assert_eq!(made.find(&beacon), who, "{apart} epochs apart");
        }
    }
}

/// How many slots are equal in two announcements one epoch apart: an observer links a device by these.
fn linked(beacon: impl Fn(Epoch) -> [u8; 8]) -> usize {
    let rng = &mut rng(1);
    let announcements: Vec<_> = (0..100)
        .map(|epoch| announcement(beacon(Epoch(epoch)), &[], Epoch(epoch), rng))
        .collect();
    announcements
        .windows(2)
        .map(|pair| {
            pair[0]
                .iter()
                .filter(|beacon| pair[1].contains(beacon))
                .count()
        })
        .sum()
}

#[test]
fn announcements_of_two_epochs_share_nothing_unless_the_beacon_is_static() {
    assert_eq!(linked(|epoch| beacon_key(1).beacon(Lan, epoch)), 0);
    assert_eq!(
        linked(|_| beacon_key(1).beacon(Lan, Epoch(0))),
        99,
        "the check sees a static beacon"
    );
}

proptest! {
    #[test]
    fn every_pairwise_beacon_has_its_turn(count in 0_usize..20, start: u32) {
        let pairwise: Vec<[u8; 8]> = (0..count).map(|name| [name as u8 + 1; 8]).collect();
        let mut seen = BTreeMap::new();
        for epoch in 0..count.max(1) as u64 {
            let slots = announcement([0xff; 8], &pairwise, Epoch(u64::from(start) + epoch), &mut rng(epoch));
            prop_assert_eq!(slots.len(), SLOTS);
            prop_assert_eq!(slots[0], [0xff; 8]);
            let distinct: BTreeSet<_> = slots.iter().collect();
            prop_assert_eq!(distinct.len(), SLOTS);
            for slot in &slots[1..] {
                *seen.entry(*slot).or_insert(0) += 1;
            }
        }
        for beacon in &pairwise {
            prop_assert!(seen.contains_key(beacon));
        }
    }

    #[test]
    fn a_jump_of_the_wall_clock_corrects_every_offset(before in -YEAR_MS..YEAR_MS, jump in -60 * YEAR_MS..60 * YEAR_MS, slept in 0_u32..1_000_000_000) {
        prop_assume!(jump.abs() >= 1_000);
        let mut watch = ClockWatch::new(5, NOW_MS);
        let slept = i64::from(slept);
        prop_assert_eq!(watch.observe(5 + slept as u64, NOW_MS + slept), None, "time that merely passed");
        let found = watch.observe(5 + slept as u64, NOW_MS + slept + jump);
        prop_assert_eq!(found, Some(jump));
        prop_assert_eq!(watch.observe(5 + slept as u64, NOW_MS + slept + jump), None, "a jump is told once");
        // The contact's clock, as we compute it, has not changed.
        prop_assert_eq!(NOW_MS + slept + jump + corrected(before, jump), NOW_MS + slept + before);
    }

    #[test]
    fn times_of_any_clock_have_an_epoch(wall_ms: i64) {
        let epoch = Epoch::at(wall_ms);
        prop_assert!(wall_ms >= 0 || epoch == Epoch(0));
        prop_assert!(wall_ms < 0 || epoch.0 == wall_ms as u64 / 900_000);
    }
}

#[test]
fn small_steps_of_the_clock_add_up_to_a_jump() {
    let mut watch = ClockWatch::new(0, NOW_MS);
    assert_eq!(watch.observe(1_000, NOW_MS + 1_600), None);
    assert_eq!(watch.observe(2_000, NOW_MS + 3_200), Some(1_200));
}
