//! Replay windows: read back from anything, and against a set that remembers everything.

use std::collections::BTreeSet;

use crate::split_choice;
use hedgerow_transport::replay::{REPLAY_WINDOW, ReplayWindow};

/// One input.
pub fn run(input: &[u8]) {
    let Some((how, input)) = split_choice(input, 3) else {
        return;
    };
    let counters = |input: &[u8]| -> Vec<u64> {
        let far = input
            .chunks_exact(8)
            .map(|c| u64::from_be_bytes(c.try_into().unwrap()));
        let near = input.iter().map(|c| u64::from(*c));
        if how == 0 {
            far.collect()
        } else {
            near.collect()
        }
    };
    if how == 2 {
        let Ok(mut window) = minicbor::decode::<ReplayWindow>(input) else {
            return;
        };
        for counter in counters(input) {
            if window.admit(counter) {
                assert!(!window.admit(counter));
            }
        }
        return;
    }
    let mut window = ReplayWindow::default();
    let mut seen = BTreeSet::new();
    for counter in counters(input) {
        let highest = seen.last().copied().unwrap_or(0);
        let fresh = counter != 0
            && !seen.contains(&counter)
            && (counter > highest || highest - counter < REPLAY_WINDOW);
        assert_eq!(window.admit(counter), fresh, "{counter} after {seen:?}");
        if fresh {
            seen.insert(counter);
        }
    }
}
