//! Sized cryptography changes no event: the same world goes the same way with it and without.

use hedgerow_node::harness::World;
use hedgerow_transport::cryptography::Cryptography;

const DAY_MS: u64 = 24 * 3_600_000;

/// Three who know each other talk, lose links and power, carry a parcel, and go on for more than a week, so that
/// every psk moves.
fn story(cryptography: Cryptography, seed: u64) -> World {
    let mut world = World::acquainted(seed, 3, cryptography);
    world.connected(0, 1);
    world.connected(1, 2);
    for number in 1..21 {
        world.send(number % 2, 1 - number % 2, &"word ".repeat(number * 40));
    }
    world.delivered(0, 1);
    world.network.cut_next_after(150);
    world.restart(1);
    world.connected(0, 1);
    world.network.part(0, 1, true);
    world.send(0, 1, "by hand");
    let grace = world.id(1);
    let parcel = world.carry_out(0, &grace).expect("it has her prekey");
    world.carry_in(1, &parcel).expect("a parcel for her");
    world.run(60_000);
    world.network.part(0, 1, false);
    world.connected(0, 1);
    for _ in 0..8 {
        world.run(DAY_MS);
        world.restart(0);
        world.connected(0, 1);
    }
    world.send(1, 2, "still there?");
    world.delivered(1, 2);
    world
}

#[test]
fn sized_and_real_cryptography_give_the_same_events_times_and_byte_counts() {
    for seed in [1, 2] {
        let (real, sized) = (
            story(Cryptography::Real, seed),
            story(Cryptography::Sized, seed),
        );
        assert_eq!(real.now_ms, sized.now_ms);
        for (real, sized) in real.nodes.iter().zip(&sized.nodes) {
            assert_eq!(real.events, sized.events);
            assert_eq!(real.pumps, sized.pumps);
            assert_eq!(real.storage.commits, sized.storage.commits);
            assert_eq!(
                real.asked_in_length.finalize(),
                sized.asked_in_length.finalize()
            );
            assert_ne!(
                real.asked.finalize(),
                sized.asked.finalize(),
                "it is other bytes"
            );
        }
    }
}

#[test]
fn a_copy_and_a_rolled_back_store_are_treated_the_same() {
    let story = |cryptography| {
        let mut world = World::acquainted(5, 2, cryptography);
        world.connected(0, 1);
        let before = world.nodes[0].storage.store.clone();
        world.run(8 * DAY_MS);
        world.send(0, 1, "lost");
        world.delivered(0, 1);
        world.roll_back(0, before);
        world.run(DAY_MS);
        world.connected(0, 1);
        world.send(0, 1, "back");
        world.delivered(0, 1);
        world
    };
    let (real, sized) = (story(Cryptography::Real), story(Cryptography::Sized));
    for (real, sized) in real.nodes.iter().zip(&sized.nodes) {
        assert_eq!(real.events, sized.events);
        assert_eq!(
            real.asked_in_length.finalize(),
            sized.asked_in_length.finalize()
        );
    }
}

#[test]
fn clocks_that_are_wrong_are_searched_for_alike() {
    const YEAR_MS: i64 = 365 * 24 * 3_600_000;
    for error in [5 * 3_600_000, -YEAR_MS] {
        let [real, sized] = [Cryptography::Real, Cryptography::Sized].map(|cryptography| {
            let mut world = World::acquainted(13, 3, cryptography);
            world.connected(0, 1);
            world.connected(0, 2);
            world.network.part(0, 1, true);
            let ada = world.move_away(0);
            world.leave(1);
            world.nodes[1].clock_error_ms = error;
            let grace = world.copy(1);
            world.connected(ada, grace);
            world.run(3_600_000);
            world
        });
        assert_eq!(real.now_ms, sized.now_ms);
        for (real, sized) in real.nodes.iter().zip(&sized.nodes) {
            assert_eq!(real.events, sized.events);
            assert_eq!(real.pumps, sized.pumps);
        }
    }
}

#[test]
fn two_meet_under_sized_cryptography() {
    let mut world = World::new(6);
    world.cryptography = Cryptography::Sized;
    world.add("Ada");
    world.add("Grace");
    world.meet(0, 1);
    world.send(0, 1, "hello");
    world.delivered(0, 1);
    assert_eq!(world.texts(1, 0), ["hello"]);
}
