//! Other people's bundles (`docs/PROTOCOL.md` section 12a): engines in a world in which not all meet.

use hedgerow_node::courier::policies::SprayAndWait;
use hedgerow_node::courier::{DropReason, PolicySettings, Settings, Tag};
use hedgerow_node::engine::BundleEvent;
use hedgerow_node::harness::World;

const MINUTE_MS: u64 = 60_000;

fn spray(copies: u32) -> Settings {
    Settings {
        policy: PolicySettings::SprayAndWait(SprayAndWait {
            copies,
            binary: true,
        }),
        ..Settings::default()
    }
}

/// Everybody knows everybody, carries, and is out of reach of all others.
fn scattered(seed: u64, names: &[&str], settings: &Settings) -> World {
    let mut world = World::with(seed, names);
    for one in 0..names.len() {
        for other in 0..one {
            world.meet(other, one);
        }
    }
    world.run(MINUTE_MS);
    for one in 0..names.len() {
        for other in 0..one {
            world.network.part(other, one, true);
        }
        let now_ms = world.now_ms;
        world.nodes[one].carry(settings.clone(), now_ms);
    }
    world.run(MINUTE_MS);
    world
}

/// Two are within reach of each other for a while.
fn meeting(world: &mut World, one: usize, other: usize) {
    world.network.part(one, other, false);
    world.connected(one, other);
    world.run(5_000);
    world.network.part(one, other, true);
    world.run(1_000);
}

fn sealed(world: &World, node: usize) -> Vec<Tag> {
    let events = world.nodes[node].bundles.iter();
    let sealed = events.filter_map(|event| match event {
        BundleEvent::Sealed { bundle, .. } => Some(*bundle),
        _ => None,
    });
    sealed.collect()
}

fn dropped(world: &World, node: usize, why: DropReason) -> usize {
    let events = world.nodes[node].bundles.iter();
    events
        .filter(|event| matches!(event, BundleEvent::Dropped { reason, .. } if *reason == why))
        .count()
}

#[test]
fn a_text_reaches_who_never_meets_its_author() {
    let mut world = scattered(1, &["Ada", "Cyd", "Bob"], &spray(4));
    let (ada, cyd, bob) = (0, 1, 2);
    world.send(ada, bob, "by way of Cyd");
    world.run(1_000);
    assert_eq!(sealed(&world, ada).len(), 1);
    meeting(&mut world, ada, cyd);
    assert_eq!(world.nodes[cyd].engine().carries().0, 1);
    meeting(&mut world, cyd, bob);
    assert_eq!(world.texts(bob, ada), ["by way of Cyd"]);
    assert_eq!(world.nodes[cyd].engine().carries().0, 0, "released");
    assert_eq!(dropped(&world, cyd, DropReason::Released), 1);
    // The release value comes back to the author by the courier.
    meeting(&mut world, ada, cyd);
    assert_eq!(world.nodes[ada].engine().carries().0, 0);
}
