//! Who gives when, and for how long.

use hedgerow_node::courier::exchange::{Act, Whose};
use hedgerow_node::courier::policies::Prophet;
use hedgerow_node::courier::said::{Begin, Summary};
use hedgerow_node::courier::{
    Courier, Envelope, Hint, PolicySettings, Reason, Said, Settings, Tag, Turns,
};
use hedgerow_transport::carrier::LinkId;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::world::{NODES, SIZE, Wire, World, epidemic, peer, release, settings};

#[test]
fn a_ring_in_which_all_want_to_send_at_once_comes_to_an_end() {
    let mut world = World::new(Settings {
        transfers: Some(1),
        ..settings(epidemic())
    });
    for node in 0..NODES {
        world.seal(node, (node + 2) % NODES);
        world.connect(node, (node + 1) % NODES);
    }
    world.settle();
    assert!(world.nodes.iter().all(|node| node.taken.len() == 1));
}

#[test]
fn a_device_limited_to_one_transfer_takes_part_in_one() {
    let mut world = World::new(Settings {
        transfers: Some(1),
        ..settings(epidemic())
    });
    for _ in 0..4 {
        world.seal(0, 4);
    }
    for other in 1..4 {
        world.connect(0, other);
    }
    // All that is said arrives, and no contents do.
    for _ in 0..50 {
        for link in world.ends.keys().copied().collect::<Vec<_>>() {
            let next = world.wires.get(&link).and_then(|wire| wire.front());
            if matches!(next, Some(Wire::Said(_))) {
                world.deliver(link);
            }
        }
    }
    let contents = world.wires.values().flatten();
    let under_way = contents
        .filter(|wire| matches!(wire, Wire::Contents(_)))
        .count();
    assert_eq!(under_way, 1);
    world.settle();
    assert!((1..4).all(|node| world.nodes[node].disk.len() == 4));
}

/// How often the direction changed while two gave each other these bundles, one at a time.
fn changes_of_direction(turns: Turns, each: usize) -> usize {
    let mut world = World::new(Settings {
        transfers: Some(1),
        turns,
        ..settings(epidemic())
    });
    for _ in 0..each {
        world.seal(0, 4);
        world.seal(1, 4);
    }
    world.connect(0, 1);
    world.settle();
    assert_eq!(world.received.len(), 2 * each);
    let changes = world.received.windows(2).filter(|two| two[0] != two[1]);
    changes.count()
}

#[test]
fn of_two_that_give_one_after_the_other_whoever_has_begun_goes_on() {
    assert_eq!(changes_of_direction(Turns::default(), 4), 1);
}

#[test]
fn turns_that_are_drawn_change_from_transfer_to_transfer() {
    assert!(changes_of_direction(Turns::Drawn, 16) > 4);
}

#[test]
fn what_was_offered_is_not_listed_again_when_a_greeting_changes() {
    let mut courier = Courier::new(settings(PolicySettings::Prophet(Prophet::default())));
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let envelope = |number: u8| {
        let tag = Tag([number; 32]);
        Envelope {
            tag,
            size: SIZE,
            lifetime_s: 3_600,
            age_s: 0,
            release: release(&tag).hash(),
            copies: 1,
            hint: Some(Hint([number; 8])),
        }
    };
    for number in [7, 8] {
        assert!(courier.add(envelope(number), SIZE, 0, &mut rng));
    }
    courier.met(LinkId(1), peer(1), 0);
    courier.take_acts();
    // How many bundles the courier lists to a peer that is so likely to meet the recipient of each.
    let mut listed = |seven: f32, eight: f32| {
        let said = [(7, seven), (8, eight)];
        let said = said.map(|(number, likelihood)| ([number; 8], likelihood.to_be_bytes()));
        let said = said.map(|(hint, likelihood)| [&hint[..], &likelihood].concat());
        let summary = Summary {
            greeting: Some([&[0, 2][..], &said.concat()].concat().into()),
            releases: Vec::new(),
        };
        courier
            .handle(LinkId(1), Said::Summary(summary), 0, &mut rng, &mut |_| {
                Whose::Others
            })
            .unwrap();
        let acts = courier.take_acts();
        let listings = acts.iter().filter_map(|act| match act {
            Act::Say(_, Said::Listing(listing)) => Some(listing),
            _ => None,
        });
        let counted = listings.map(|listing| (listing.offered.len(), listing.others.len()));
        counted.collect::<Vec<_>>()
    };
    assert_eq!(listed(0.5, 0.0), [(1, 1)]);
    assert_eq!(listed(0.6, 0.0), []);
    assert_eq!(listed(0.6, 0.9), [(1, 0)]);
    assert_eq!(listed(0.6, 0.9), []);
}

#[test]
fn who_is_near_hears_of_a_meeting_that_makes_a_courier_likelier_to_bring_a_bundle() {
    let prophet = PolicySettings::Prophet(Prophet::default());
    let mut world = World::new(settings(prophet));
    world.connect(0, 1);
    world.seal(0, 4);
    world.settle();
    assert_eq!(world.nodes[1].courier.bundles().len(), 0);
    world.connect(1, 2);
    world.settle();
    assert_eq!(world.nodes[1].courier.bundles().len(), 0);
    world.connect(1, 4);
    world.settle();
    let (tag, _) = world.bundles.first_key_value().unwrap();
    assert_eq!(world.nodes[4].taken.get(tag), Some(&1));
}

#[test]
fn a_begin_for_what_was_never_listed_is_stopped() {
    let mut courier = Courier::new(settings(epidemic()));
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    courier.met(LinkId(1), peer(1), 0);
    courier.take_acts();
    let tag = Tag([1; 32]);
    let begin = Begin {
        envelope: Envelope {
            tag,
            size: u64::MAX,
            lifetime_s: 100,
            age_s: 0,
            release: release(&tag).hash(),
            copies: u32::MAX,
            hint: None,
        },
        length: u64::MAX,
        draw: 0,
    };
    let said = Said::Begin(begin);
    courier
        .handle(LinkId(1), said, 0, &mut rng, &mut |_| Whose::Ours)
        .unwrap();
    let acts = courier.take_acts();
    let stopped =
        |act: &Act| matches!(act, Act::Say(_, Said::Stop(stop)) if stop.reason == Reason::Unwanted);
    assert!(acts.len() == 1 && stopped(&acts[0]), "{acts:?}");
}

#[test]
fn a_transfer_that_is_withdrawn_and_begun_again_before_the_go_comes_leaves_nobody_waiting() {
    // The receiver once stopped the second begin, since the first seemed under way, while its "go" was
    // taken for the second: it waited for ever for "yours", and took part in nothing else.
    let (one, far) = (LinkId(0), LinkId(1));
    let mut world = World::new(Settings {
        transfers: Some(1),
        ..settings(epidemic())
    });
    world.seal(0, 4);
    world.connect(0, 1);
    // Up to the begin that is under way to the receiver.
    while !matches!(
        world.wires.get(&far).and_then(|wire| wire.back()),
        Some(Wire::Said(Said::Begin(_)))
    ) {
        assert!(world.deliver(far) | world.deliver(one));
    }
    let begun = world.wires[&far].back();
    let Some(Wire::Said(Said::Begin(begin))) = begun else {
        unreachable!("it was just seen");
    };
    let again = Wire::Said(Said::Begin(*begin));
    world.wires.get_mut(&far).unwrap().push_back(again);
    world.settle();
    assert!(world.nodes[1].disk.len() == 1);
    // The receiver is free.
    world.seal(2, 3);
    world.connect(2, 1);
    world.settle();
    assert!(world.nodes[1].disk.len() == 2);
}
