//! How long transfers take on a radio that sends over one link at a time.

use crate::support::walking::Walkers;
use hedgerow_simulations::record::{Record, Transfer};
use hedgerow_simulations::scenario::Scenario;
use hedgerow_simulations::world::World;

/// Everybody gives everything to everybody, one transfer at a time, in a crowd in which nobody stays.
const HEAD: &str = r#"
name = "crowd"
description = "more to give than meetings have time for"
duration-s = 900
window-s = 5
acquaintance = "complete"

[courier]
policy = { epidemic = {} }
transfers = 1
releases = false
padding = false
one-message = true
"#;

/// What is said costs nothing, so that contents alone take time.
const REST: &str = r#"control = "free"

[[workload]]
what = "loads"
pace.every = { shortest-s = 5, longest-s = 5 }
length = { shortest = 500_000, longest = 1_000_000 }
"#;

/// Bytes that the radio sends in a second.
const RATE: u32 = 250_000;

fn transfers() -> Vec<Transfer> {
    let crowd = Walkers {
        count: 30,
        side_m: 80,
        range_m: 10,
        speed_m_s: [1.0, 3.0],
        longest_pause_s: 10,
        rate_bytes_s: RATE,
    };
    let text = format!("{HEAD}{}{REST}", crowd.lines());
    let scenario: Scenario = toml::from_str(&text).expect("the scenario is well-formed");
    let mut world = World::new(&scenario, 1, false).expect("the scenario can be run");
    let (mut records, mut transfers) = (Vec::new(), Vec::new());
    while world.advance(&mut records, &mut Vec::new()) {
        transfers.extend(records.drain(..).filter_map(|record| match record {
            Record::Transfer(transfer) => Some(transfer),
            _ => None,
        }));
    }
    transfers
}

#[test]
fn what_was_cut_with_its_link_takes_no_time_from_the_next_transfer() {
    let transfers = transfers();
    let (done, cut): (Vec<&Transfer>, Vec<_>) = transfers.iter().partition(|one| one.done);
    assert!(done.len() > 300, "{} came to their end", done.len());
    assert!(cut.len() > 300, "{} were cut", cut.len());
    // Both are told of it, which has a delay.
    for transfer in done {
        let took_us = transfer.end_us - transfer.start_us;
        let air_us = transfer.bytes * 1_000_000 / i64::from(RATE);
        assert!(
            took_us <= air_us + 200_000,
            "{transfer:?} took {took_us} µs"
        );
    }
}
