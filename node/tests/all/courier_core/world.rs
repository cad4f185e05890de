//! Couriers on links that carry what they say in any order, and may break.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hedgerow_node::courier::exchange::{Act, Arrival, Whose};
use hedgerow_node::courier::policies::Epidemic;
use hedgerow_node::courier::{
    Courier, DropReason, Envelope, Held, Hint, Peer, PolicySettings, Release, Said, Settings, Tag,
};
use hedgerow_sync::id::DeviceId;
use hedgerow_transport::carrier::LinkId;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

pub const NODES: usize = 5;

pub const SIZE: u64 = 1_000;

/// More than any exchange of so few couriers needs.
const PATIENCE: usize = 20_000;

/// What is under way over a link.
pub enum Wire {
    Said(Said),
    Contents(Tag),
}

pub struct Node {
    pub courier: Courier,
    /// What would be found after a crash.
    pub disk: BTreeMap<Tag, Held>,
    /// Bundles for this node that it has taken in, and how often.
    pub taken: BTreeMap<Tag, u32>,
    pub expected: BTreeSet<(LinkId, Tag)>,
    pub drops: Vec<DropReason>,
}

pub struct World {
    pub settings: Settings,
    pub nodes: Vec<Node>,
    /// Who speaks at an end of a link, and the other end; each end is a link of its own.
    pub ends: BTreeMap<LinkId, (usize, LinkId)>,
    /// What is under way to an end.
    pub wires: BTreeMap<LinkId, VecDeque<Wire>>,
    /// For whom each bundle is.
    pub bundles: BTreeMap<Tag, usize>,
    /// To whom contents have come, in order.
    pub received: Vec<usize>,
    pub next_link: u64,
    pub rng: ChaCha20Rng,
    pub now_ms: u64,
}

pub fn peer(node: usize) -> Peer {
    Peer {
        device: DeviceId([node as u8; 16]),
        hint: Hint([node as u8; 8]),
    }
}

pub fn release(tag: &Tag) -> Release {
    Release(*tag.0.first_chunk().unwrap())
}

impl World {
    pub fn new(settings: Settings) -> World {
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

    pub fn seal(&mut self, from: usize, to: usize) {
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

    pub fn connect(&mut self, one: usize, other: usize) {
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

    pub fn cut(&mut self, link: LinkId) {
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

    pub fn crash(&mut self, number: usize) {
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

    pub fn links_of(&self, node: usize) -> Vec<LinkId> {
        let ends = self.ends.iter();
        ends.filter(|(_, (owner, _))| *owner == node)
            .map(|(link, _)| *link)
            .collect()
    }

    /// The next thing under way to an end arrives. False: nothing is.
    pub fn deliver(&mut self, link: LinkId) -> bool {
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

    pub fn act(&mut self, number: usize) {
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
    pub fn settle(&mut self) {
        for _ in 0..PATIENCE {
            let links: Vec<LinkId> = self.ends.keys().copied().collect();
            let delivered = links.into_iter().filter(|link| self.deliver(*link)).count();
            if delivered == 0 {
                return;
            }
        }
        panic!("they talk for ever");
    }

    pub fn check(&self) {
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

pub fn settings(policy: PolicySettings) -> Settings {
    Settings {
        policy,
        ..Settings::default()
    }
}

pub fn epidemic() -> PolicySettings {
    PolicySettings::Epidemic(Epidemic::default())
}
