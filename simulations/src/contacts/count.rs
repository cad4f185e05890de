//! Counts contacts.

use crate::plan::{Meetings, SECOND_US};

/// Number of contacts that begin in the first `seconds` of a plan, without those that exist at the start. Uses only
/// as much memory as one minute takes.
pub fn count(meetings: &mut dyn Meetings, seconds: u64) -> u64 {
    let mut changes = Vec::new();
    let mut begun = 0;
    for minute in 1..=seconds.div_ceil(60) {
        changes.clear();
        meetings.advance((minute * 60).min(seconds) * SECOND_US, &mut changes);
        begun += changes
            .iter()
            .filter(|change| change.up && change.at_us > 0)
            .count() as u64;
    }
    begun
}
