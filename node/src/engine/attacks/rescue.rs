//! Rescues by somebody who holds an older copy of a contact's store.

use super::*;
use crate::api::{Call, Notice};
use crate::engine::reach::dialling::Target;

const DAY_MS: u64 = 24 * 3_600_000;

/// A thief has Ada's store of some weeks ago, and Ada is away. Grace sees a notice, no matter which psk number the
/// thief claims; and Ada comes back.
#[test]
fn whoever_runs_a_stolen_older_copy_is_shown_whatever_number_it_claims() {
    for claim in [
        None,
        Some(1),
        Some(5),
        Some(1_024),
        Some(1_025),
        Some(u32::MAX - 9),
        Some(u32::MAX - 4),
    ] {
        let mut world = World::with(1, &["Ada", "Grace"]);
        world.meet(0, 1);
        let ada = world.id(0);
        let grace = device(&world, 1);
        world
            .ask(1, Call::Verify(ada.clone(), true))
            .expect("a contact");
        let mut stolen = world.nodes[0].storage.store.clone();
        world.run(16 * DAY_MS);
        assert!(known(&mut world, 1, &ada).verified);
        if let Some(above) = claim {
            let ours = world.nodes[1].engine().owners.people.devices[&device(&world, 0)]
                .psk
                .number;
            change_device(&mut stolen, grace, |device| {
                device.psk.number = ours.saturating_add(above);
            });
        }
        world.leave(0);
        let thief = world.copy(0);
        world.roll_back(thief, stolen);
        world.run(3_600_000);
        let shown = known(&mut world, 1, &ada);
        assert_eq!(shown.notice, Some(Notice::OlderState), "{claim:?}");
        assert!(!shown.verified, "{claim:?}");
        world.leave(thief);
        let back = world.copy(0);
        world.run(3_600_000);
        world.connected(back, 1);
        world.send(1, back, "still there");
        world.delivered(1, back);
    }
}

/// Two unanswered dials are enough for a rescue. Both sides still have the psk, and prove it.
#[test]
fn a_rescue_that_nobody_needed_is_shown_to_nobody() {
    let mut world = World::with(2, &["Ada", "Grace"]);
    world.meet(0, 1);
    let ids = [world.id(0), world.id(1)];
    for node in [0, 1] {
        world
            .ask(node, Call::Verify(ids[1 - node].clone(), true))
            .expect("a contact");
    }
    world.run(16 * DAY_MS);
    let number = |world: &World| {
        world.nodes[0].engine().owners.people.devices[&device(world, 1)]
            .psk
            .number
    };
    for node in [0, 1] {
        let before = number(&world);
        world.network.part(0, 1, true);
        world.run(1_000);
        let other = device(&world, 1 - node);
        world.nodes[node]
            .engine_mut()
            .owners
            .people
            .refusals
            .insert(other, 2);
        let dialler = Target::Device(device(&world, node));
        world.nodes[1 - node]
            .engine_mut()
            .owners
            .reach
            .drop_target(dialler);
        world.network.part(0, 1, false);
        world.connected(0, 1);
        world.run(10_000);
        assert!(number(&world) > before, "there was a rescue");
        for node in [0, 1] {
            let shown = known(&mut world, node, &ids[1 - node]);
            assert!(shown.verified && shown.notice.is_none(), "{shown:?}");
        }
    }
}
