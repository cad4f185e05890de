//! A whole history of three engines: texts, cuts, restarts, rollbacks, clocks that jump, bad networks and
//! strangers. Once all is well again, each two of them hold the same conversation.

use std::sync::LazyLock;

use bytes::Bytes;
use hedgerow_node::harness::World;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_transport::carrier::memory::{Conditions, MemoryNetwork};
use hedgerow_transport::carrier::{CarrierCommand, CarrierEvent, DialId};

const NODES: usize = 3;
const PAIRS: [(usize, usize); 3] = [(0, 1), (0, 2), (1, 2)];
/// Things that happen in one history.
const MAX_ACTIONS: usize = 48;
/// A clock that jumps does so by at most this many years, either way.
const MAX_YEARS: i64 = 3;
const YEAR_MS: i64 = 365 * 24 * 3_600_000;
/// How long it may take, once all is well, until everything has arrived everywhere.
const PATIENCE_MS: u64 = 2 * 24 * 3_600_000;

/// Three people who have met each other.
static MET: LazyLock<Vec<MemoryStore>> = LazyLock::new(|| {
    let mut world = World::with(1, &["Ada", "Grace", "Emmy"]);
    for (inviter, joiner) in [(0, 1), (1, 2), (2, 0)] {
        world.meet(inviter, joiner);
    }
    world
        .nodes
        .iter()
        .map(|node| node.storage.store.clone())
        .collect()
});

/// One input.
pub fn run(input: &[u8]) {
    let mut world = World::resume(7, &MET);
    let mut older: Vec<MemoryStore> = MET.clone();
    let stranger = world.stranger();
    for action in input.chunks_exact(3).take(MAX_ACTIONS) {
        act(
            &mut world, &mut older, stranger, action[0], action[1], action[2],
        );
    }
    world.network.conditions = Conditions::default();
    for (one, other) in PAIRS {
        world.network.part(one, other, false);
    }
    for node in &mut world.nodes {
        node.clock_error_ms = 0;
    }
    let end = world.now_ms + PATIENCE_MS;
    while !PAIRS.iter().all(|pair| agree(&mut world, *pair)) {
        assert!(world.now_ms < end, "they do not come to hold the same");
        world.run(60_000);
    }
}

fn act(
    world: &mut World,
    older: &mut [MemoryStore],
    stranger: usize,
    what: u8,
    which: u8,
    how: u8,
) {
    let node = usize::from(which) % NODES;
    let (one, other) = PAIRS[node];
    match what % 12 {
        0 => drop(world.send(one, other, &format!("{what} {how}"))),
        1 => drop(world.send(other, one, &"long ".repeat(usize::from(how) * 20 + 1))),
        2 => world.network.part(one, other, true),
        3 => world.network.part(one, other, false),
        4 => world.restart(node),
        5 => older[node] = world.nodes[node].storage.store.clone(),
        6 => world.roll_back(node, older[node].clone()),
        7 => {
            let jump = (i64::from(how) - 128) * MAX_YEARS * YEAR_MS / 128;
            world.nodes[node].clock_error_ms = jump;
        }
        8 => world.network.cut_next_after(usize::from(how) * 40),
        9 => {
            let bad = u32::from(how);
            world.network.conditions = Conditions {
                latency_ms: 1..=1 + u64::from(how) * 4,
                dial_loss: bad * 2,
                duplicate: bad,
                cut: bad * 2,
                cut_within: 10_000,
                piece: 1 + usize::from(how) * 8,
                multicast: how.is_multiple_of(2),
                rate: how.is_multiple_of(5).then_some(20_000),
            };
        }
        10 => intrude(world, stranger, node, how),
        _ => world.run(u64::from(how) * u64::from(how) * 4),
    }
    world.run(u64::from(how % 16));
}

/// A stranger dials a node and sends bytes that mean nothing.
fn intrude(world: &mut World, stranger: usize, node: usize, how: u8) {
    let dial = CarrierCommand::Dial {
        dial: DialId(u64::from(how)),
        to: MemoryNetwork::address(node),
    };
    world.network.command(stranger, dial, world.now_ms);
    world.run(5);
    for event in world.heard(stranger) {
        match event {
            CarrierEvent::Up { link, .. } => {
                let bytes = Bytes::from(vec![how; usize::from(how) * 4]);
                let send = CarrierCommand::Send { link, bytes };
                world.network.command(stranger, send, world.now_ms);
            }
            CarrierEvent::Bytes { .. } => panic!("a stranger was answered"),
            _ => {}
        }
    }
}

fn agree(world: &mut World, (one, other): (usize, usize)) -> bool {
    let queued = world.conversation(one, other).queued + world.conversation(other, one).queued;
    queued == 0 && world.texts(one, other) == world.texts(other, one)
}
