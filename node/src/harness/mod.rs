//! Engines on a network in memory under a virtual clock: what the tests of the engine and the simulator
//! stand on. The same seed and the same calls give the same bytes.
//!
//! It differs from the product only in what lies below [`pump`](crate::engine::pump) and [`Effects`](crate::engine::Effects): a [`MemoryStore`]
//! instead of the encrypted one, a [`MemoryNetwork`] instead of sockets.

mod node;
mod people;
mod stream;

use std::collections::BTreeMap;

use hedgerow_sync::memory::MemoryStore;
use hedgerow_transport::carrier::memory::MemoryNetwork;
use hedgerow_transport::carrier::{CarrierCommand, CarrierEvent, CarrierKind};
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::keys::{PairKeys, Root};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::api::{Answer, Call};
use crate::engine::introduction::{Card, Friend, card, introduce};
use crate::engine::{Engine, Input};
use crate::store::schema;

use node::Air;
pub use node::{Node, Storage};
pub use stream::Stream;
use stream::Watch;

/// Where the virtual wall clock starts: some day in 2026, in Unix milliseconds.
pub const EPOCH_MS: i64 = 1_790_000_000_000;

/// The relay that the network of relays stands for.
pub const RELAY: &str =
    "/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWGjTY9hPEQx3Ju4wHvQLpZ5oXvHVCi2vcdaEMeRTdMUJs";

/// Some nodes, a network and a clock.
pub struct World {
    /// The network that connects the nodes; its conditions may be changed at any time.
    pub network: MemoryNetwork,
    /// Networks of further carriers, on which members have the same numbers.
    pub further: BTreeMap<CarrierKind, MemoryNetwork>,
    /// The nodes, by their number on the network.
    pub nodes: Vec<Node>,
    /// Milliseconds since the world began.
    pub now_ms: u64,
    /// How those nodes use keys that are added or opened from now on.
    pub cryptography: Cryptography,
    seed: u64,
    /// What happened to members of the network that are no nodes.
    heard: BTreeMap<usize, Vec<CarrierEvent>>,
    /// What an observer of the network sees, while it looks.
    watch: Option<Watch>,
}

impl World {
    /// An empty world. All chance in it comes from the seed.
    pub fn new(seed: u64) -> World {
        World {
            network: MemoryNetwork::new(seed),
            further: BTreeMap::new(),
            nodes: Vec::new(),
            now_ms: 0,
            cryptography: Cryptography::Real,
            seed,
            heard: BTreeMap::new(),
            watch: None,
        }
    }

    /// A world with these people in it.
    pub fn with(seed: u64, names: &[&str]) -> World {
        let mut world = World::new(seed);
        for name in names {
            world.add(name);
        }
        world
    }

    /// A new node with a fresh identity, on the network and knowing its address.
    pub fn add(&mut self, name: &str) -> usize {
        let number = self.join();
        self.nodes.push(Node::new(
            name,
            self.seed.wrapping_mul(1_000).wrapping_add(number as u64),
            self.now_ms,
            self.cryptography,
        ));
        self.run(10);
        number
    }

    /// A new member of all networks.
    fn join(&mut self) -> usize {
        for network in self.further.values_mut() {
            network.join();
        }
        self.network.join()
    }

    /// Gives all nodes there are, and those to come, one more carrier, whose network may be changed at any time.
    pub fn add_carrier(&mut self, kind: CarrierKind) {
        let mut network = self.network.beside(self.seed ^ u64::from(kind as u8));
        for _ in &self.nodes {
            network.join();
        }
        self.further.insert(kind, network);
        self.run(10);
    }

    /// A member of the network that is no node, and hears all that is announced: the test drives it.
    pub fn stranger(&mut self) -> usize {
        let number = self.join();
        self.heard.insert(number, Vec::new());
        let look = CarrierCommand::Announce {
            beacons: Vec::new(),
            look: true,
        };
        self.network.command(number, look, self.now_ms);
        number
    }

    /// What has happened to a stranger since it was asked last.
    pub fn heard(&mut self, stranger: usize) -> Vec<CarrierEvent> {
        self.heard
            .get_mut(&stranger)
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// Looks from now on at the links that come up, over any carrier, as somebody on the network can.
    pub fn watch(&mut self) {
        self.watch = Some(Watch::default());
    }

    /// What was seen since [`watch`](Self::watch), by which it ends: each direction of each link.
    pub fn watched(&mut self) -> Vec<Stream> {
        let watch = self.watch.take();
        watch.map(Watch::into_streams).unwrap_or_default()
    }

    /// Asks a node something and lets the world go on until it has answered.
    ///
    /// # Panics
    /// The node does not answer within a minute.
    pub fn ask(&mut self, node: usize, call: Call) -> Answer {
        let id = self.nodes[node].call(call);
        self.until(60_000, |world| world.nodes[node].answers.contains_key(&id));
        self.nodes[node]
            .answers
            .remove(&id)
            .expect("an engine answers at once")
    }

    /// Lets the world go on until something is so, at most this long. Says whether it came about.
    pub fn until(&mut self, limit_ms: u64, mut so: impl FnMut(&World) -> bool) -> bool {
        let end = self.now_ms + limit_ms;
        loop {
            if so(self) {
                return true;
            }
            match self.next_moment() {
                Some(moment) if moment <= end => self.advance(moment),
                _ => {
                    self.now_ms = end;
                    return so(self);
                }
            }
        }
    }

    /// Lets the world go on for this long.
    pub fn run(&mut self, for_ms: u64) {
        self.until(for_ms, |_| false);
    }

    /// When something happens next.
    fn next_moment(&self) -> Option<u64> {
        let wakes = self
            .nodes
            .iter()
            .filter_map(|node| node.next_moment(self.now_ms));
        let further = self.further.values();
        wakes
            .chain(self.network.next_event_at())
            .chain(further.filter_map(MemoryNetwork::next_event_at))
            .min()
            .map(|moment| moment.max(self.now_ms))
    }

    /// Goes to a moment, and lets everything happen that is due then.
    fn advance(&mut self, moment: u64) {
        self.now_ms = moment;
        while let Some((member, event)) = self.network.poll(moment) {
            if let Some(watch) = &mut self.watch {
                watch.see(member, &event, moment);
            }
            if let Some(heard) = self.heard.get_mut(&member) {
                heard.push(event);
                continue;
            }
            self.nodes[member].input(Input::Carrier(CarrierKind::Memory, event));
        }
        for (kind, network) in &mut self.further {
            while let Some((member, event)) = network.poll(moment) {
                if let Some(watch) = &mut self.watch {
                    watch.see(member, &event, moment);
                }
                self.nodes[member].input(Input::Carrier(*kind, event));
            }
        }
        for number in 0..self.nodes.len() {
            let node = &mut self.nodes[number];
            if node.next_moment(moment).is_some_and(|due| due <= moment) {
                let mut air = Air {
                    memory: &mut self.network,
                    further: &mut self.further,
                };
                node.pump(number, &mut air, moment);
            }
        }
    }

    /// A world of so many who all know each other, without having met.
    ///
    /// # Panics
    /// Never: a store in memory does not fail.
    pub fn acquainted(seed: u64, count: usize, cryptography: Cryptography) -> World {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut stores = vec![MemoryStore::default(); count];
        let cards: Vec<Card> = stores
            .iter_mut()
            .enumerate()
            .map(|(number, store)| {
                schema::migrate(store, schema::MIGRATIONS).expect("memory does not fail");
                Engine::found(store, &format!("node {number}"), &mut rng)
                    .expect("an empty store takes an identity");
                let way = (CarrierKind::Memory, MemoryNetwork::address(number));
                card(store, &[way], EPOCH_MS, &mut rng).expect("memory does not fail")
            })
            .collect();
        for (number, store) in stores.iter_mut().enumerate() {
            let others = (0..count).filter(|other| *other != number);
            let friends = others.map(|other| {
                let (low, high) = (number.min(other) as u64, number.max(other) as u64);
                let mut root = [0; 32];
                ChaCha20Rng::seed_from_u64(seed ^ (low << 32 | high)).fill_bytes(&mut root);
                Friend {
                    card: &cards[other],
                    keys: PairKeys::derive(Root::from_bytes(root)),
                }
            });
            introduce(store, &cards[number], friends, EPOCH_MS).expect("memory does not fail");
        }
        World::open(seed, &stores, cryptography)
    }

    /// A world whose nodes go on from these stores, with chance of their own.
    pub fn resume(seed: u64, stores: &[MemoryStore]) -> World {
        World::open(seed, stores, Cryptography::Real)
    }

    fn open(seed: u64, stores: &[MemoryStore], cryptography: Cryptography) -> World {
        let mut world = World::new(seed);
        world.cryptography = cryptography;
        for store in stores {
            let number = world.network.join();
            world.nodes.push(Node::resume(
                store.clone(),
                seed.wrapping_mul(1_000) + number as u64,
                cryptography,
            ));
        }
        world.run(10);
        world
    }

    /// A second process on a copy of a node's data, as of now.
    pub fn copy(&mut self, node: usize) -> usize {
        let number = self.join();
        let copy = self.nodes[node].copy(
            self.seed.wrapping_mul(1_000) + 500 + number as u64,
            self.now_ms,
        );
        self.nodes.push(copy);
        self.run(10);
        number
    }

    /// A node goes off the air for good; what it has stays where it is.
    pub fn leave(&mut self, node: usize) {
        self.crash(node);
        let off = CarrierCommand::Switch { on: false };
        self.network.command(node, off.clone(), self.now_ms);
        for network in self.further.values_mut() {
            network.command(node, off.clone(), self.now_ms);
        }
        self.nodes[node].stop();
    }

    /// A node stops in good order, and is off the air from then on.
    pub fn stop(&mut self, node: usize) {
        self.nodes[node].input(Input::Stop);
        self.run(1_000);
        self.leave(node);
    }

    /// A node goes on at another address: it leaves, and a copy of it goes on. Gives its new number.
    pub fn move_away(&mut self, node: usize) -> usize {
        self.leave(node);
        self.copy(node)
    }

    /// A node dies, and starts again from an older state of its store.
    pub fn roll_back(&mut self, node: usize, to: MemoryStore) {
        self.crash(node);
        self.nodes[node].storage.store = to;
        self.nodes[node].reopen(self.now_ms);
    }

    /// Its links end as they do when the process dies.
    fn crash(&mut self, node: usize) {
        self.network.crash(node);
        for network in self.further.values_mut() {
            network.crash(node);
        }
    }

    /// A node dies as by power cut and starts again from what it had committed.
    pub fn restart(&mut self, node: usize) {
        self.crash(node);
        self.nodes[node].reopen(self.now_ms);
    }
}
