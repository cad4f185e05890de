//! Other people's bundles (`docs/PROTOCOL.md` section 12a): engines in a world in which not all meet.

use std::ops::{Bound, ControlFlow};

use hedgerow_node::api::{Call, Event, Reply};
use hedgerow_node::courier::policies::{Epidemic, Prophet, SprayAndWait};
use hedgerow_node::courier::{DropReason, PolicySettings, Settings, Tag};
use hedgerow_node::engine::{BundleEvent, Input};
use hedgerow_node::harness::{Node, World};
use hedgerow_node::tables::Table;
use hedgerow_sync::store::{Direction, Store};

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
        world.nodes[one].start_courier(settings.clone(), now_ms);
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
    assert_eq!(world.nodes[cyd].engine().held().0, 1);
    meeting(&mut world, cyd, bob);
    assert_eq!(world.texts(bob, ada), ["by way of Cyd"]);
    assert_eq!(world.nodes[cyd].engine().held().0, 0, "released");
    assert_eq!(dropped(&world, cyd, DropReason::Released), 1);
    // The release value comes back to the author by the courier.
    meeting(&mut world, ada, cyd);
    assert_eq!(world.nodes[ada].engine().held().0, 0);
}

#[test]
fn nothing_is_shown_twice_that_a_session_and_a_bundle_bring() {
    for session_first in [true, false] {
        let mut world = scattered(2, &["Ada", "Cyd", "Bob"], &spray(4));
        let (ada, cyd, bob) = (0, 1, 2);
        world.send(ada, bob, "once");
        world.run(1_000);
        meeting(&mut world, ada, cyd);
        let pairs = [(ada, bob), (cyd, bob)];
        let (first, second) = match session_first {
            true => (pairs[0], pairs[1]),
            false => (pairs[1], pairs[0]),
        };
        meeting(&mut world, first.0, first.1);
        meeting(&mut world, second.0, second.1);
        assert_eq!(world.texts(bob, ada), ["once"]);
        let news = world.nodes[bob].events.iter();
        let told = news.filter(|event| matches!(event, Event::Message { .. }));
        assert_eq!(told.count(), 1, "session first: {session_first}");
    }
}

#[test]
fn what_a_session_has_delivered_is_not_given_to_couriers_any_more() {
    let mut world = scattered(3, &["Ada", "Cyd", "Bob"], &spray(4));
    world.send(0, 2, "in person");
    world.run(1_000);
    assert_eq!(world.nodes[0].engine().held().0, 1);
    meeting(&mut world, 0, 2);
    assert_eq!(world.nodes[0].engine().held().0, 0);
}

#[test]
fn what_was_sealed_for_a_contact_goes_with_it() {
    let mut world = scattered(13, &["Ada", "Cyd", "Bob"], &spray(4));
    world.send(0, 2, "never mind");
    world.run(1_000);
    let bob = world.id(2);
    world.ask(0, Call::Remove(bob)).expect("it is removed");
    world.run(1_000);
    assert_eq!(world.nodes[0].engine().held().0, 0);
}

#[test]
fn who_does_not_carry_is_told_nothing_and_says_nothing() {
    let mut world = World::with(4, &["Ada", "Cyd", "Bob"]);
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        world.meet(one, other);
    }
    world.run(MINUTE_MS);
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        world.network.part(one, other, true);
    }
    let now_ms = world.now_ms;
    world.nodes[0].start_courier(spray(4), now_ms);
    world.nodes[2].start_courier(spray(4), now_ms);
    world.run(1_000);
    world.send(0, 2, "not by way of Cyd");
    world.run(1_000);
    meeting(&mut world, 0, 1);
    meeting(&mut world, 1, 2);
    assert!(world.nodes[1].bundles.is_empty() && world.texts(2, 0).is_empty());
    let begun = |event: &BundleEvent| matches!(event, BundleEvent::Begun { .. });
    assert!(!world.nodes[0].bundles.iter().any(begun));
}

#[test]
fn bundles_survive_a_restart_of_their_courier_with_copies_and_age() {
    let settings = Settings {
        lifetime_s: 3_600,
        ..spray(4)
    };
    let mut world = scattered(5, &["Ada", "Cyd", "Dan", "Bob"], &settings);
    let (ada, cyd, dan, bob) = (0, 1, 2, 3);
    world.send(ada, bob, "patience");
    world.run(1_000);
    meeting(&mut world, ada, cyd);
    world.restart(cyd);
    world.restart(ada);
    world.run(MINUTE_MS);
    assert_eq!(world.nodes[cyd].engine().held().0, 1);
    meeting(&mut world, cyd, dan);
    assert_eq!(world.nodes[dan].engine().held().0, 1);
    meeting(&mut world, dan, bob);
    assert_eq!(world.texts(bob, ada), ["patience"]);
    // What nobody released goes when its lifetime is over, restarts or not.
    world.restart(cyd);
    world.run(61 * MINUTE_MS);
    assert_eq!(world.nodes[cyd].engine().held().0, 0);
    assert_eq!(dropped(&world, cyd, DropReason::Expired), 1);
}

#[test]
fn no_more_copies_are_given_than_there_are() {
    let mut world = scattered(6, &["Ada", "Cyd", "Dan", "Eve", "Bob"], &spray(2));
    world.send(0, 4, "two copies");
    world.run(1_000);
    meeting(&mut world, 0, 1);
    meeting(&mut world, 0, 2);
    meeting(&mut world, 1, 3);
    let carries: Vec<usize> = (0..4)
        .map(|node| world.nodes[node].engine().held().0)
        .collect();
    assert_eq!(carries, [1, 1, 0, 0]);
}

/// Changes the contents of what a node carries.
fn tamper(world: &mut World, node: usize, at: usize) {
    world.restart(node);
    let store = &mut world.nodes[node].storage.store;
    let changed = store.write(|txn| {
        let mut parts = Vec::new();
        let (low, high) = ([0x2F_u8], [0x30_u8]);
        let range = (Bound::Included(&low[..]), Bound::Excluded(&high[..]));
        txn.scan(range, Direction::Forward, &mut |key, value| {
            parts.push((key.to_vec(), value.to_vec()));
            ControlFlow::Continue(())
        })?;
        for (key, value) in &mut parts {
            value[at] ^= 1;
            txn.put(key, value)?;
        }
        Ok(parts.len())
    });
    assert_eq!(changed.expect("memory does not fail"), 1);
}

#[test]
fn a_bundle_whose_fields_were_swapped_is_neither_opened_nor_carried_and_its_tag_stays_good() {
    // Tag, length, lifetime, release hash, contents.
    for at in [20, 39, 47, 60, 200] {
        let mut world = scattered(7, &["Ada", "Cyd", "Dan", "Bob"], &spray(4));
        let (ada, cyd, dan, bob) = (0, 1, 2, 3);
        world.send(ada, bob, "sealed");
        world.run(1_000);
        meeting(&mut world, ada, cyd);
        tamper(&mut world, cyd, at);
        world.run(1_000);
        meeting(&mut world, cyd, bob);
        assert!(world.texts(bob, ada).is_empty(), "byte {at}");
        if at < 64 {
            meeting(&mut world, cyd, dan);
            assert_eq!(world.nodes[dan].engine().held().0, 0, "byte {at}");
        }
        meeting(&mut world, ada, dan);
        meeting(&mut world, dan, bob);
        assert_eq!(world.texts(bob, ada), ["sealed"], "byte {at}");
    }
}

/// As [`scattered`], and all take ghosts.
fn simulated(seed: u64, names: &[&str], settings: &Settings) -> World {
    let mut world = scattered(seed, names, settings);
    world.nodes.iter_mut().for_each(Node::simulate);
    world
}

fn send_load(world: &mut World, from: usize, to: usize, length: u64, id: u64) {
    let to = world.id(to);
    world.nodes[from].input(Input::Load { to, length, id });
    world.run(10);
}

/// How many rows a node has of bundles, of anybody's and of those taken in.
fn kept(world: &World, node: usize) -> usize {
    carried(world, node) + rows(world, node, &[Table::Loads, Table::BundleTags])
}

/// Rows and parts of bundles that a node carries.
fn carried(world: &World, node: usize) -> usize {
    rows(world, node, &[Table::Held, Table::CarriedParts])
}

fn rows(world: &World, node: usize, tables: &[Table]) -> usize {
    let mut count = 0;
    for table in tables {
        let (first, behind) = ([*table as u8], [*table as u8 + 1]);
        let range = (Bound::Included(&first[..]), Bound::Excluded(&behind[..]));
        let each = &mut |_: &[u8], _: &[u8]| {
            count += 1;
            ControlFlow::Continue(())
        };
        let storage = &world.nodes[node].storage;
        let scanned = storage.read(|reader| reader.scan(range, Direction::Forward, each));
        scanned.expect("memory does not fail");
    }
    count
}

fn sessions(world: &mut World, node: usize) -> u64 {
    match world.ask(node, Call::Status) {
        Ok(Reply::Status(status)) => status.traffic.sessions,
        other => panic!("no status: {other:?}"),
    }
}

fn loads(world: &World, node: usize) -> Vec<u64> {
    let events = world.nodes[node].bundles.iter();
    let delivered = events.filter_map(|event| match event {
        BundleEvent::Delivered { loads, .. } => Some(loads.clone()),
        _ => None,
    });
    delivered.flatten().collect()
}

/// As The ONE has it: one transfer at a time, one message a bundle, nothing padded, nothing released.
fn plain(policy: PolicySettings, quota_bytes: u64) -> Settings {
    Settings {
        policy,
        quota_bytes,
        transfers: Some(1),
        releases: false,
        padding: false,
        one_message: true,
        again: true,
        link_bytes: None,
        link_bundles: None,
        ..Settings::default()
    }
}

#[test]
fn a_load_travels_as_a_ghost_and_is_delivered_once() {
    let policy = PolicySettings::Epidemic(Epidemic::default());
    let mut world = simulated(8, &["Ada", "Cyd", "Dan", "Bob"], &plain(policy, 5_000_000));
    let (ada, cyd, dan, bob) = (0, 1, 2, 3);
    send_load(&mut world, ada, bob, 700_000, 5);
    let Some(BundleEvent::Sealed {
        size, loads: in_it, ..
    }) = world.nodes[ada].bundles.first()
    else {
        panic!("nothing is sealed");
    };
    assert!((700_000..700_400).contains(size) && *in_it == [5], "{size}");
    for (one, other) in [(ada, cyd), (cyd, dan), (dan, bob), (cyd, bob), (ada, bob)] {
        meeting(&mut world, one, other);
    }
    assert_eq!(loads(&world, bob), [5]);
    assert!(world.texts(bob, ada).is_empty());
    assert!((0..3).all(|node| world.nodes[node].engine().held().0 == 1));
}

#[test]
fn an_engine_that_is_not_simulated_ends_a_session_that_brings_a_ghost_and_keeps_nothing() {
    let policy = PolicySettings::Epidemic(Epidemic::default());
    let mut world = scattered(13, &["Ada", "Cyd", "Bob"], &plain(policy, 5_000_000));
    let (ada, cyd, bob) = (0, 1, 2);
    send_load(&mut world, ada, bob, 1_000, 1);
    assert!(sealed(&world, ada).is_empty(), "a load was sealed");
    world.nodes[ada].simulate();
    for (length, id) in [(0, 2), (1_000, 3)] {
        send_load(&mut world, ada, bob, length, id);
        assert_eq!(sealed(&world, ada).len(), id as usize - 1);
        meeting(&mut world, ada, bob);
        assert_eq!(loads(&world, bob), [0; 0]);
        assert_eq!(kept(&world, bob), 0);
    }
    // A courier sees of the first only what it sees of all bundles; the other is not as long as it says.
    let before = sessions(&mut world, cyd);
    world.network.part(ada, cyd, false);
    world.run(10 * MINUTE_MS);
    assert!(sessions(&mut world, cyd) > before + 1, "none was ended");
    assert!(world.nodes[cyd].engine().held().0 <= 1);
}

#[test]
fn a_quota_holds_against_whoever_brings_more() {
    let policy = PolicySettings::Epidemic(Epidemic::default());
    let mut world = simulated(9, &["Ada", "Cyd", "Bob"], &plain(policy, 5_000_000));
    for id in 0..30 {
        send_load(&mut world, 0, 2, 700_000, id);
    }
    meeting(&mut world, 0, 1);
    for node in [0, 1] {
        let (bundles, bytes) = world.nodes[node].engine().held();
        assert!(bundles == 7 && bytes <= 5_000_000, "{bundles} of {bytes}");
    }
    assert_eq!(dropped(&world, 0, DropReason::Full), 23);
}

#[test]
fn earlier_loads_come_along_and_are_delivered_once() {
    let settings = Settings {
        policy: PolicySettings::Epidemic(Epidemic::default()),
        ..Settings::default()
    };
    let mut world = simulated(10, &["Ada", "Cyd", "Bob"], &settings);
    for id in [1, 2, 3] {
        send_load(&mut world, 0, 2, 10_000, id);
    }
    meeting(&mut world, 0, 1);
    meeting(&mut world, 1, 2);
    let mut delivered = loads(&world, 2);
    delivered.sort_unstable();
    assert_eq!(delivered, [1, 2, 3]);
}

#[test]
fn prophet_gives_a_load_to_who_has_met_the_recipient() {
    let policy = PolicySettings::Prophet(Prophet::default());
    let settings = Settings {
        policy,
        ..Settings::default()
    };
    let mut world = simulated(11, &["Ada", "Cyd", "Dan", "Bob"], &settings);
    let (ada, cyd, dan, bob) = (0, 1, 2, 3);
    meeting(&mut world, cyd, bob);
    send_load(&mut world, ada, bob, 1_000, 1);
    meeting(&mut world, ada, dan);
    assert_eq!(world.nodes[dan].engine().held().0, 0);
    meeting(&mut world, ada, cyd);
    assert_eq!(world.nodes[cyd].engine().held().0, 1);
    meeting(&mut world, cyd, bob);
    assert_eq!(loads(&world, bob), [1]);
}

/// Ada seals texts of some megabytes for Bob, and Cyd carries them.
fn with_a_long_bundle(seed: u64) -> (World, Vec<String>) {
    let mut world = scattered(seed, &["Ada", "Cyd", "Bob"], &spray(4));
    let texts: Vec<String> = (0..30)
        .map(|number| format!("{number}").repeat(30_000))
        .collect();
    for text in &texts {
        world.send(0, 2, text);
    }
    world.run(20 * MINUTE_MS);
    (world, texts)
}

#[test]
fn a_long_bundle_is_kept_and_taken_in_over_several_commits() {
    let (mut world, texts) = with_a_long_bundle(14);
    let (ada, cyd, bob) = (0, 1, 2);
    let before = world.nodes[cyd].storage.commits;
    meeting(&mut world, ada, cyd);
    let (bundles, bytes) = world.nodes[cyd].engine().held();
    assert!(bundles > 0 && bytes > 1_500_000, "{bundles} of {bytes}");
    // A slice keeps a few parts of 64 KiB.
    let commits = world.nodes[cyd].storage.commits - before;
    assert!(commits > bytes / 1_000_000, "{commits} commits");
    meeting(&mut world, cyd, bob);
    assert_eq!(world.texts(bob, ada), texts);
    assert_eq!(carried(&world, bob), 0);
    assert_eq!(
        (world.nodes[cyd].engine().held().0, carried(&world, cyd)),
        (0, 0)
    );
}

#[test]
fn a_crash_while_a_long_bundle_is_kept_leaves_all_of_it_or_nothing() {
    let counted = |world: &mut World| {
        let before = world.nodes[1].storage.commits;
        meeting(world, 0, 1);
        world.nodes[1].storage.commits - before
    };
    let commits = counted(&mut with_a_long_bundle(15).0);
    assert!(commits > 3, "{commits}");
    for fail_after in (0..commits).rev().take(5) {
        let (mut world, texts) = with_a_long_bundle(15);
        world.nodes[1].storage.fail_after = Some(fail_after);
        counted(&mut world);
        world.nodes[1].storage.fail_after = None;
        world.run(MINUTE_MS);
        let held = world.nodes[1].engine().held().0;
        assert_eq!(
            carried(&world, 1) > 0,
            held > 0,
            "{fail_after} of {commits}"
        );
        meeting(&mut world, 0, 1);
        meeting(&mut world, 1, 2);
        assert_eq!(world.texts(2, 0), texts, "{fail_after} of {commits}");
    }
}

#[test]
fn a_crash_while_a_long_bundle_is_taken_in_loses_no_text_and_releases_nothing() {
    let counted = |world: &mut World| {
        let before = world.nodes[2].storage.commits;
        meeting(world, 1, 2);
        world.nodes[2].storage.commits - before
    };
    let arrange = || {
        let (mut world, texts) = with_a_long_bundle(16);
        meeting(&mut world, 0, 1);
        (world, texts)
    };
    let commits = counted(&mut arrange().0);
    assert!(commits > 3, "{commits}");
    for fail_after in 0..commits {
        let (mut world, texts) = arrange();
        world.nodes[2].storage.fail_after = Some(fail_after);
        world.network.part(1, 2, false);
        world.until(5_000, |world| world.nodes[2].storage.fail_after.is_none());
        world.network.part(1, 2, true);
        world.run(1_000);
        if world.texts(2, 0).len() < texts.len() {
            assert!(
                world.nodes[1].engine().held().0 > 0,
                "it was released early"
            );
        }
        meeting(&mut world, 1, 2);
        assert_eq!(world.texts(2, 0), texts, "{fail_after} of {commits}");
        assert_eq!(world.nodes[1].engine().held().0, 0);
    }
}

#[test]
fn a_crash_at_any_commit_loses_no_text_and_shows_none_twice() {
    // A sample of the commits of each; the order of all three is tried without engines.
    for commit in (0..36).step_by(4) {
        let mut world = scattered(12, &["Ada", "Cyd", "Bob"], &spray(4));
        let (ada, cyd, bob) = (0, 1, 2);
        let victim = [ada, cyd, bob][commit % 3];
        world.send(ada, bob, "whatever happens");
        world.run(1_000);
        world.nodes[victim].storage.fail_after = Some(commit as u64 / 3);
        for (one, other) in [(ada, cyd), (cyd, bob), (ada, cyd), (cyd, bob)] {
            meeting(&mut world, one, other);
        }
        world.nodes[victim].storage.fail_after = None;
        meeting(&mut world, ada, cyd);
        meeting(&mut world, cyd, bob);
        assert_eq!(
            world.texts(bob, ada),
            ["whatever happens"],
            "commit {commit}"
        );
    }
}
