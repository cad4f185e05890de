//! Replay windows (`docs/PROTOCOL.md` section 7).

use std::collections::BTreeSet;

use hedgerow_transport::replay::{REPLAY_WINDOW, ReplayWindow};
use proptest::prelude::*;

#[test]
fn zero_is_never_admitted_and_the_largest_number_is_no_trouble() {
    let mut window = ReplayWindow::default();
    assert!(!window.admit(0));
    assert!(window.admit(u64::MAX));
    assert!(!window.admit(u64::MAX));
    assert!(window.admit(u64::MAX - 1));
    assert!(!window.admit(1), "far below");
}

#[test]
fn the_window_reaches_its_width_back_and_no_further() {
    let mut window = ReplayWindow::default();
    assert!(window.admit(100));
    assert!(!window.admit(100 - REPLAY_WINDOW));
    assert!(window.admit(100 - REPLAY_WINDOW + 1));
}

proptest! {
    #[test]
    fn every_counter_is_admitted_at_most_once_and_new_ones_always(counters in prop::collection::vec(0..300_u64, 0..200)) {
        let mut window = ReplayWindow::default();
        let mut admitted = BTreeSet::new();
        for counter in counters {
            let highest = admitted.last().copied().unwrap_or(0);
            let expected = counter > 0 && !admitted.contains(&counter) && counter + REPLAY_WINDOW > highest;
            prop_assert_eq!(window.admit(counter), expected);
            if expected {
                admitted.insert(counter);
            }
            // As if the store had been closed and opened.
            prop_assert_eq!(ReplayWindow::decode(&window.encode()), Some(window));
            window = ReplayWindow::decode(&window.encode()).unwrap();
        }
    }

    #[test]
    fn garbage_decodes_to_some_window_or_none(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Some(mut window) = ReplayWindow::decode(&bytes) {
            let _ = window.admit(5);
            prop_assert!(!window.admit(5));
        }
    }
}
