//! No device is linked across epochs; each break of that promise is put into what is observed, and caught.

use hedgerow_transport::keys::StaticKey;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::scores::{leaks, scores};
use super::sights::{DEVICES, EPOCHS, OBSERVED, Sight};

#[test]
fn an_observer_links_no_device_across_epochs() {
    for score in scores(&OBSERVED) {
        println!(
            "{:>4} of {:>4} right by {}",
            score.right, score.times, score.by
        );
    }
    let sights = || OBSERVED.sights.iter().flatten();
    let announced: usize = sights().map(|sight| sight.announced.len()).sum();
    assert!(
        announced >= EPOCHS * DEVICES * 9 / 10,
        "{announced} announcements only"
    );
    let flights: usize = OBSERVED
        .sights
        .iter()
        .flatten()
        .map(|sight| sight.flights.len())
        .sum();
    assert!(flights >= EPOCHS * DEVICES / 2, "{flights} handshakes only");
    assert_eq!(leaks(&OBSERVED), Vec::<String>::new());
}

#[test]
fn a_replayed_beacon_lures_nobody_who_is_connected() {
    assert_eq!(OBSERVED.lured, 0);
}

/// A stated limit: who looks for a contact whose clock may be years off takes an old beacon for it, at
/// most once a minute.
#[test]
fn a_replayed_beacon_lures_who_searches_at_most_once_a_minute() {
    let (lured, minutes) = OBSERVED.lured_unseen;
    assert!(
        lured as u64 <= DEVICES as u64 * (minutes + 1),
        "{lured} in {minutes} min"
    );
}

/// The same observations, with something else in the place of what each device shows.
fn broken(mut with: impl FnMut(&mut Sight, usize, usize)) -> Vec<String> {
    let mut observed = OBSERVED.clone();
    for (epoch, sights) in observed.sights.iter_mut().enumerate() {
        for (device, sight) in sights.iter_mut().enumerate() {
            with(sight, device, epoch);
        }
    }
    leaks(&observed)
}

fn caught(leaks: &[String], by: &str) {
    assert!(
        leaks.iter().any(|leak| leak.contains(by)),
        "{by}: {leaks:?}"
    );
}

pub fn name(device: usize) -> [u8; 8] {
    *blake3::hash(&[device as u8])
        .as_bytes()
        .first_chunk()
        .expect("32 bytes")
}

#[test]
fn a_static_beacon_is_caught() {
    let leaks = broken(|sight, device, _| {
        for (_, slots) in &mut sight.announced {
            slots[0] = name(device);
        }
    });
    caught(&leaks, "equal slots");
    caught(&leaks, "bits of beacons");
}

#[test]
fn a_stable_instance_name_is_caught_in_any_slot() {
    let leaks = broken(|sight, device, epoch| {
        for (_, slots) in &mut sight.announced {
            let slot = (epoch * 7 + device) % slots.len();
            slots[slot] = name(device);
        }
    });
    caught(&leaks, "equal slots");
}

#[test]
fn a_stable_order_of_slots_is_caught() {
    let leaks = broken(|sight, device, _| {
        for (_, slots) in &mut sight.announced {
            slots.sort();
            let length = slots.len();
            slots.rotate_left(device % length);
            if device / DEVICES.div_ceil(2) == 1 {
                slots.reverse();
            }
        }
    });
    caught(&leaks, "order of slots");
}

#[test]
fn an_unmasked_ephemeral_key_is_caught() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let leaks = broken(|sight, _, _| {
        for flight in &mut sight.flights {
            flight[32..64].copy_from_slice(&StaticKey::random(&mut rng).public().0);
        }
    });
    // The highest bit of a public key is always 0.
    caught(&leaks, &format!("first flights, bit {}", 63 * 8 + 7));
}

#[test]
fn a_nonce_that_is_counted_is_caught() {
    let mut counter = 0u64;
    let leaks = broken(|sight, device, _| {
        for said in sight.flights.iter_mut().chain(&mut sight.handshakes) {
            counter += 1;
            said[..8].copy_from_slice(&name(device));
            said[8..16].copy_from_slice(&counter.to_be_bytes());
        }
    });
    caught(&leaks, "equal windows of 8 bytes");
    caught(&leaks, "bits of first flights");
    caught(&leaks, "first flights, bit 64");
}

#[test]
fn an_answer_to_a_replayed_first_flight_is_caught() {
    let mut observed = OBSERVED.clone();
    for [addressee, _] in &mut observed.replays {
        addressee.answered_bytes = 176;
    }
    caught(&leaks(&observed), "answers to replays");
}

#[test]
fn another_end_after_a_replayed_first_flight_is_caught() {
    let mut observed = OBSERVED.clone();
    for [addressee, _] in &mut observed.replays {
        addressee.ended_after_ms = 40_000;
    }
    caught(&leaks(&observed), "ends after replays");
}

#[test]
fn a_beacon_that_changes_by_the_devices_clock_alone_is_caught() {
    let leaks = broken(|sight, device, _| {
        for (at, _) in &mut sight.announced {
            *at = 1_000 * device as u64;
        }
    });
    caught(&leaks, "moment of announcing");
}
