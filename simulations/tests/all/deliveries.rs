//! Which of the messages that were written arrive, and where.

use std::collections::BTreeMap;

use crate::support::walking::Walkers;
use hedgerow_simulations::record::Record;
use hedgerow_simulations::scenario::Scenario;
use hedgerow_simulations::world::World;

/// Everybody writes to everybody, in a room in which they find one another only then.
const HEAD: &str = r#"
name = "room"
description = "everybody within reach of everybody"
duration-s = 600
window-s = 5
acquaintance = "complete"
"#;

const REST: &str = r#"discovery.within = { longest-s = 120 }

[[workload]]
what = "texts"
pace.every = { shortest-s = 0.1, longest-s = 0.5 }
length = { shortest = 20, longest = 200 }
until-s = 60
"#;

/// Symptom: of the messages of one writer to several readers some were never told as delivered, others too early.
/// Cause: the recorder looked for a message by its id and its writer, and ids are unique only within a conversation.
/// Fix: it also asks who got it.
#[test]
fn each_message_of_a_writer_to_several_readers_arrives_where_it_was_sent() {
    let people = Walkers {
        count: 6,
        side_m: 20,
        range_m: 30,
        speed_m_s: [0.5, 1.5],
        longest_pause_s: 60,
        rate_bytes_s: 40_000,
    };
    let text = format!("{HEAD}{}{REST}", people.lines());
    let scenario: Scenario = toml::from_str(&text).expect("the scenario is well-formed");
    let mut world = World::new(&scenario, 1, false).expect("the scenario can be run");
    let mut records = Vec::new();
    while world.advance(&mut records, &mut Vec::new()) {}
    let (mut written, mut arrived) = (BTreeMap::new(), BTreeMap::new());
    for record in records {
        match record {
            Record::Message(one) => drop(written.insert(one.message, (one.from, one.to))),
            Record::Delivery(one) => drop(arrived.insert(one.message, (one.from, one.to))),
            _ => {}
        }
    }
    assert!(written.len() > 100, "{} were written", written.len());
    assert_eq!(arrived, written);
}
