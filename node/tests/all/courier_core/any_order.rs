//! Whatever meets, breaks off and dies in whatever order.

use hedgerow_node::courier::policies::{Epidemic, Prophet, SprayAndWait, TwoHop};
use hedgerow_node::courier::{PolicySettings, Settings};
use hedgerow_transport::carrier::LinkId;
use proptest::prelude::*;

use super::world::{NODES, SIZE, World};

#[derive(Debug, Clone)]
enum Step {
    Seal(usize, usize),
    Connect(usize, usize),
    Deliver(usize),
    Cut(usize),
    Crash(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..NODES, 1..NODES).prop_map(|(from, by)| Step::Seal(from, (from + by) % NODES)),
        4 => (0..NODES, 0..NODES).prop_map(|(one, other)| Step::Connect(one, other)),
        30 => any::<usize>().prop_map(Step::Deliver),
        1 => any::<usize>().prop_map(Step::Cut),
        1 => (0..NODES).prop_map(Step::Crash),
        1 => (0..100_000_u64).prop_map(Step::Wait),
    ]
}

fn policies() -> impl Strategy<Value = PolicySettings> {
    let spray = |copies, binary| PolicySettings::SprayAndWait(SprayAndWait { copies, binary });
    prop_oneof![
        Just(spray(6, true)),
        Just(spray(4, false)),
        Just(PolicySettings::Epidemic(Epidemic::default())),
        Just(PolicySettings::TwoHop(TwoHop::default())),
        Just(PolicySettings::Prophet(Prophet::default())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn nothing_arrives_twice_and_copies_never_multiply(
        policy in policies(),
        transfers in prop_oneof![Just(None), Just(Some(1)), Just(Some(2))],
        room in prop_oneof![Just(3), Just(100)],
        releases in any::<bool>(),
        steps in prop::collection::vec(step(), 0..300),
    ) {
        let settings = Settings { policy, transfers, releases, quota_bytes: room * SIZE, ..Settings::default() };
        let mut world = World::new(settings);
        for step in steps {
            let ends: Vec<LinkId> = world.ends.keys().copied().collect();
            let pick = |number: usize| (!ends.is_empty()).then(|| ends[number % ends.len()]);
            match step {
                Step::Seal(from, to) => world.seal(from, to),
                Step::Connect(one, other) => world.connect(one, other),
                Step::Deliver(number) => if let Some(link) = pick(number) {
                    world.deliver(link);
                },
                Step::Cut(number) => if let Some(link) = pick(number) {
                    world.cut(link);
                },
                Step::Crash(node) => world.crash(node),
                Step::Wait(ms) => world.now_ms += ms,
            }
        }
        world.settle();
        // A holder of a bundle meets its recipient in the end.
        for one in 0..NODES {
            for other in 0..one {
                world.connect(one, other);
                world.settle();
            }
        }
        for (tag, to) in &world.bundles {
            let held = world.nodes.iter().any(|node| {
                node.disk.get(tag).is_some_and(|held| !held.envelope_at(world.now_ms).is_expired())
            });
            prop_assert!(!held || world.nodes[*to].taken.contains_key(tag), "held and not delivered");
        }
    }
}
