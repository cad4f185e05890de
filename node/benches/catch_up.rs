//! What the engine itself costs when somebody comes online for whom 10,000 messages wait: both sides
//! together, in memory.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hedgerow_node::api::{Call, Event, NewMessage};
use hedgerow_node::harness::World;
use hedgerow_transport::carrier::memory::Conditions;

const MESSAGES: u64 = 10_000;

/// Two contacts apart, and the messages that wait.
fn apart() -> World {
    let mut world = World::with(1, &["Ada", "Grace"]);
    world.meet(0, 1);
    world.network.part(0, 1, true);
    let grace = world.chat(0, 1);
    for number in 0..MESSAGES {
        let text = format!("{number:0>200}");
        world.nodes[0].call(Call::Send(grace.clone(), NewMessage::text(text)));
    }
    world.run(1_000);
    world
}

/// Messages that a node has told of since it was opened.
fn arrived(world: &World) -> u64 {
    let events = world.nodes[1].events.iter();
    events
        .map(|event| match event {
            Event::Message {
                author: Some(_), ..
            } => 1,
            Event::Messages { count, .. } => *count,
            _ => 0,
        })
        .sum()
}

fn catch_up(bench: &mut Criterion) {
    let stores: Vec<_> = apart()
        .nodes
        .iter()
        .map(|node| node.storage.store.clone())
        .collect();
    let come_online = || {
        let mut world = World::resume(2, &stores);
        world.network.conditions = Conditions {
            piece: 256 * 1024,
            ..Conditions::default()
        };
        world
    };
    bench.bench_function(
        "catch-up of 10,000 messages of 200 bytes, both sides",
        |bench| {
            let caught_up = |mut world: World| {
                assert!(world.until(60_000, |world| arrived(world) >= MESSAGES));
                world
            };
            bench.iter_batched(come_online, caught_up, BatchSize::PerIteration);
        },
    );
}

criterion_group! { name = benches; config = Criterion::default().sample_size(10); targets = catch_up }
criterion_main!(benches);
