//! Couriers without engines: whatever meets, breaks off and dies in whatever order, a bundle arrives at
//! most once, its copies never multiply, and nobody talks for ever.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hedgerow_node::courier::exchange::{Act, Arrival, Whose};
use hedgerow_node::courier::policies::{Epidemic, Prophet, SprayAndWait, TwoHop};
use hedgerow_node::courier::said::{Begin, Summary};
use hedgerow_node::courier::{
    Courier, DropReason, Envelope, Held, Hint, Peer, PolicySettings, Reason, Release, Said,
    Settings, Tag, Turns,
};
use hedgerow_sync::id::DeviceId;
use hedgerow_transport::carrier::LinkId;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const NODES: usize = 5;
const SIZE: u64 = 1_000;
/// More than any exchange of so few couriers needs.
const PATIENCE: usize = 20_000;

/// What is under way over a link.
enum Wire {
    Said(Said),
    Contents(Tag),
}

struct Node {
    courier: Courier,
    /// What would be found after a crash.
    disk: BTreeMap<Tag, Held>,
    /// Bundles for this node that it has taken in, and how often.
    taken: BTreeMap<Tag, u32>,
    expected: BTreeSet<(LinkId, Tag)>,
    drops: Vec<DropReason>,
}

struct World {
    settings: Settings,
    nodes: Vec<Node>,
    /// Who speaks at an end of a link, and the other end; each end is a link of its own.
    ends: BTreeMap<LinkId, (usize, LinkId)>,
    /// What is under way to an end.
    wires: BTreeMap<LinkId, VecDeque<Wire>>,
    /// For whom each bundle is.
    bundles: BTreeMap<Tag, usize>,
    /// To whom contents have come, in order.
    received: Vec<usize>,
    next_link: u64,
    rng: ChaCha20Rng,
    now_ms: u64,
}

fn peer(node: usize) -> Peer {
    Peer {
        device: DeviceId([node as u8; 16]),
        hint: Hint([node as u8; 8]),
    }
}

fn release(tag: &Tag) -> Release {
    Release(*tag.0.first_chunk().unwrap())
}

impl World {
    fn new(settings: Settings) -> World {
        let node = |_| Node {
            courier: Courier::new(settings.clone()),
            disk: BTreeMap::new(),
            taken: BTreeMap::new(),
            expected: BTreeSet::new(),
            drops: Vec::new(),
        };
        World {
            nodes: (0..NODES).map(node).collect(),
            settings,
            ends: BTreeMap::new(),
            wires: BTreeMap::new(),
            bundles: BTreeMap::new(),
            received: Vec::new(),
            next_link: 0,
            rng: ChaCha20Rng::seed_from_u64(1),
            now_ms: 0,
        }
    }

    fn seal(&mut self, from: usize, to: usize) {
        let mut tag = Tag([0; 32]);
        tag.0[..8].copy_from_slice(&(self.bundles.len() as u64 + 1).to_be_bytes());
        let envelope = Envelope {
            tag,
            size: SIZE,
            lifetime_s: 3_600,
            age_s: 0,
            release: release(&tag).hash(),
            copies: 1,
            hint: Some(peer(to).hint),
        };
        self.bundles.insert(tag, to);
        let node = &mut self.nodes[from];
        if node.courier.add(envelope, SIZE, self.now_ms, &mut self.rng) {
            let held = node.courier.bundles().get(&tag).unwrap().clone();
            node.disk.insert(tag, held);
        }
        self.act(from);
    }

    fn connect(&mut self, one: usize, other: usize) {
        let between = |(node, far): &(usize, LinkId)| {
            *node == one && self.ends.get(far).is_some_and(|(node, _)| *node == other)
        };
        if one == other || self.ends.values().any(between) {
            return;
        }
        let (near, far) = (LinkId(self.next_link), LinkId(self.next_link + 1));
        self.next_link += 2;
        self.ends.insert(near, (one, far));
        self.ends.insert(far, (other, near));
        self.nodes[one].courier.met(near, peer(other), self.now_ms);
        self.nodes[other].courier.met(far, peer(one), self.now_ms);
        self.act(one);
        self.act(other);
    }

    fn cut(&mut self, link: LinkId) {
        let Some((one, far)) = self.ends.remove(&link) else {
            return;
        };
        let (other, _) = self.ends.remove(&far).unwrap();
        self.wires.remove(&link);
        self.wires.remove(&far);
        for (node, link) in [(one, link), (other, far)] {
            let courier = &mut self.nodes[node].courier;
            courier.parted(link, self.now_ms, &mut self.rng);
            self.act(node);
        }
    }

    fn crash(&mut self, number: usize) {
        for link in self.links_of(number) {
            self.cut(link);
        }
        let node = &mut self.nodes[number];
        node.courier = Courier::new(self.settings.clone());
        let mut disk: Vec<Held> = node.disk.values().cloned().collect();
        disk.sort_by_key(|held| held.order);
        for mut held in disk {
            (held.promised, held.sending) = (0, 0);
            node.courier.restore(held);
        }
        node.expected.clear();
    }

    fn links_of(&self, node: usize) -> Vec<LinkId> {
        let ends = self.ends.iter();
        ends.filter(|(_, (owner, _))| *owner == node)
            .map(|(link, _)| *link)
            .collect()
    }

    /// The next thing under way to an end arrives. False: nothing is.
    fn deliver(&mut self, link: LinkId) -> bool {
        let Some(wire) = self.wires.get_mut(&link).and_then(VecDeque::pop_front) else {
            return false;
        };
        let (number, _) = self.ends[&link];
        let node = &mut self.nodes[number];
        match wire {
            Wire::Said(said) => {
                let copy = Said::decode(said.kind(), &said.encode()).expect("it can be read");
                assert_eq!(copy, said);
                let (taken, bundles) = (&node.taken, &self.bundles);
                let mut whose = |tag: &Tag| match bundles[tag] == number {
                    true if taken.contains_key(tag) => Whose::Had,
                    true => Whose::Ours,
                    false => Whose::Others,
                };
                node.courier
                    .handle(link, said, self.now_ms, &mut self.rng, &mut whose)
                    .expect("an honest courier has its reasons");
            }
            Wire::Contents(tag) if node.expected.contains(&(link, tag)) => {
                self.received.push(number);
                let own = self.bundles[&tag] == number && !node.taken.contains_key(&tag);
                let arrival = if own {
                    *node.taken.entry(tag).or_default() += 1;
                    Arrival::Opened(Some(release(&tag)))
                } else {
                    Arrival::ToHold
                };
                let courier = &mut node.courier;
                courier.arrived(link, &tag, arrival, self.now_ms, &mut self.rng);
            }
            Wire::Contents(_) => {}
        }
        self.act(number);
        true
    }

    fn act(&mut self, number: usize) {
        let acts = self.nodes[number].courier.take_acts();
        for act in acts {
            let node = &mut self.nodes[number];
            let held = |tag: &Tag| node.courier.bundles().get(tag).cloned();
            let (link, wire) = match act {
                Act::Say(link, said) => (link, Wire::Said(said)),
                Act::Send(link, tag) => (link, Wire::Contents(tag)),
                Act::Expect(link, begin) => {
                    node.expected.insert((link, begin.envelope.tag));
                    continue;
                }
                Act::Discard(link, tag) => {
                    node.expected.remove(&(link, tag));
                    continue;
                }
                Act::Keep(_, tag) | Act::Update(tag) => {
                    if let Some(held) = held(&tag) {
                        node.disk.insert(tag, held);
                    }
                    continue;
                }
                Act::Drop(tag, _, reason) => {
                    node.disk.remove(&tag);
                    node.drops.push(reason);
                    continue;
                }
                Act::Sent(..) => continue,
            };
            if let Some((_, far)) = self.ends.get(&link) {
                self.wires.entry(*far).or_default().push_back(wire);
            }
        }
        self.check();
    }

    /// Lets all arrive that is under way, and all that it causes.
    fn settle(&mut self) {
        for _ in 0..PATIENCE {
            let links: Vec<LinkId> = self.ends.keys().copied().collect();
            let delivered = links.into_iter().filter(|link| self.deliver(*link)).count();
            if delivered == 0 {
                return;
            }
        }
        panic!("they talk for ever");
    }

    fn check(&self) {
        for (tag, to) in &self.bundles {
            let times = self.nodes[*to].taken.get(tag).copied().unwrap_or_default();
            assert!(times <= 1, "taken in {times} times");
            if let PolicySettings::SprayAndWait(spray) = &self.settings.policy {
                let on_disk = self.nodes.iter().filter_map(|node| node.disk.get(tag));
                let copies: u32 = on_disk.map(|held| held.envelope.copies).sum();
                assert!(copies <= spray.copies, "{copies} copies");
            }
        }
        for node in &self.nodes {
            assert!(node.courier.bundles().bytes() <= self.settings.quota_bytes);
        }
    }
}

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
        // Whoever still holds a bundle meets its recipient in the end.
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

fn settings(policy: PolicySettings) -> Settings {
    Settings {
        policy,
        ..Settings::default()
    }
}

fn epidemic() -> PolicySettings {
    PolicySettings::Epidemic(Epidemic::default())
}

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

/// How often the direction changed while two gave each other so many bundles, one at a time.
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
fn a_forged_release_value_drops_nothing_and_goes_no_further() {
    let mut world = World::new(settings(epidemic()));
    world.seal(0, 4);
    world.connect(0, 1);
    world.connect(1, 2);
    world.settle();
    let (link, _) = world.ends.iter().find(|(_, (node, _))| *node == 1).unwrap();
    let forged = Summary {
        greeting: None,
        releases: vec![Release([9; 16])],
    };
    let wire = world.wires.entry(*link).or_default();
    wire.push_back(Wire::Said(Said::Summary(forged)));
    world.settle();
    assert!((0..3).all(|node| world.nodes[node].disk.len() == 1));
}

#[test]
fn release_values_reach_all_who_carry_and_are_not_carried_again() {
    let mut world = World::new(settings(epidemic()));
    world.seal(0, 3);
    world.connect(0, 1);
    world.connect(1, 2);
    world.settle();
    assert!((0..3).all(|node| world.nodes[node].disk.len() == 1));
    world.connect(2, 3);
    world.settle();
    assert!((0..3).all(|node| world.nodes[node].disk.is_empty()));
    let released = |node: &Node| node.drops == [DropReason::Released];
    assert!((0..3).all(|node| released(&world.nodes[node])));
}

#[test]
fn a_flooder_fills_no_more_than_its_link_may_bring() {
    let mut world = World::new(Settings {
        link_bundles: Some(10),
        ..settings(epidemic())
    });
    world.seal(1, 4);
    for _ in 0..50 {
        world.seal(0, 4);
    }
    world.connect(0, 1);
    world.settle();
    assert_eq!(world.nodes[1].disk.len(), 11);
}

#[test]
fn in_a_meeting_that_lasts_more_is_brought_than_is_remembered_of_what_was_listed() {
    let mut world = World::new(Settings {
        max_listed: 4,
        ..settings(epidemic())
    });
    world.connect(0, 1);
    for _ in 0..12 {
        world.seal(0, 4);
        world.settle();
    }
    assert_eq!(world.nodes[1].disk.len(), 12);
}

#[test]
fn those_received_first_make_room_but_not_what_is_being_sent() {
    let mut world = World::new(Settings {
        quota_bytes: 2 * SIZE,
        ..settings(epidemic())
    });
    world.seal(0, 4);
    world.seal(0, 3);
    let oldest = *world.bundles.keys().next().unwrap();
    world.seal(0, 2);
    assert!(!world.nodes[0].disk.contains_key(&oldest));
    assert_eq!(world.nodes[0].drops, [DropReason::Full]);
    assert!(!world.nodes[0].courier.bundles().is_empty());
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

#[test]
fn a_recipient_does_not_carry_what_it_has_had() {
    let mut world = World::new(Settings {
        releases: false,
        ..settings(epidemic())
    });
    world.seal(0, 1);
    world.connect(0, 1);
    world.settle();
    assert_eq!(world.nodes[1].taken.len(), 1);
    // It neither wants it from another carrier nor takes it if it is begun all the same.
    world.connect(0, 2);
    world.settle();
    world.connect(2, 1);
    world.settle();
    assert!(!world.nodes[2].disk.is_empty());
    assert!(world.nodes[1].disk.is_empty());
    assert_eq!(world.nodes[1].courier.bundles().len(), 0);
}
