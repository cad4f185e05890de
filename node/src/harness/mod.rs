//! Engines on a network in memory under a virtual clock, for the engine's tests and the simulator. The same seed and
//! the same calls give the same bytes.
//!
//! It differs from the product only below [`pump`](crate::engine::pump) and [`Effects`](crate::engine::Effects): a
//! [`MemoryStore`] instead of the encrypted one, a [`MemoryNetwork`] instead of sockets.

mod files;
mod node;
mod parcels;
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

/// Start of the virtual wall clock: a day in 2026, in Unix milliseconds.
pub const EPOCH_MS: i64 = 1_790_000_000_000;

/// The address of the relay in the network of relays.
pub const RELAY: &str =
    "/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWGjTY9hPEQx3Ju4wHvQLpZ5oXvHVCi2vcdaEMeRTdMUJs";

/// Some nodes, a network and a clock.
pub struct World {
    /// The network that connects the nodes; its conditions may change at any time.
    pub network: MemoryNetwork,
    /// Networks of further carriers; their members have the same numbers.
    pub further: BTreeMap<CarrierKind, MemoryNetwork>,
    /// The nodes, by their number on the network.
    pub nodes: Vec<Node>,
    /// Milliseconds since the world began.
    pub now_ms: u64,
    /// The kind of cryptography for nodes added or opened from now on.
    pub cryptography: Cryptography,
    /// How many files were sealed.
    uploads: u64,
    seed: u64,
    /// What the nodes take `network` for.
    base: CarrierKind,
    /// Events of network members that are not nodes.
    heard: BTreeMap<usize, Vec<CarrierEvent>>,
    /// The view of a network observer, while one watches.
    watch: Option<Watch>,
}

impl World {
    /// An empty world. All its randomness comes from the seed.
    pub fn new(seed: u64) -> World {
        World::over(CarrierKind::Memory, seed)
    }

    /// An empty world whose nodes take the network that connects them for this carrier.
    pub fn over(base: CarrierKind, seed: u64) -> World {
        World {
            network: MemoryNetwork::new(seed),
            further: BTreeMap::new(),
            nodes: Vec::new(),
            now_ms: 0,
            cryptography: Cryptography::Real,
            uploads: 0,
            seed,
            base,
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

    /// Adds a node with a fresh identity, which is on the network and knows its address.
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

    /// Adds a member to all networks.
    fn join(&mut self) -> usize {
        for network in self.further.values_mut() {
            network.join();
        }
        self.network.join()
    }

    /// Gives all present and future nodes one more carrier; its network's conditions may change at any time.
    pub fn add_carrier(&mut self, kind: CarrierKind) {
        let mut network = self.network.beside(self.seed ^ u64::from(kind as u8));
        for _ in &self.nodes {
            network.join();
        }
        self.further.insert(kind, network);
        self.run(10);
    }

    /// Adds a network member that is not a node and hears all announcements; the test drives it.
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

    /// Events of a stranger since the last call.
    pub fn heard(&mut self, stranger: usize) -> Vec<CarrierEvent> {
        self.heard
            .get_mut(&stranger)
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// Starts to watch the links that come up over any carrier, as a network observer can.
    pub fn watch(&mut self) {
        self.watch = Some(Watch::default());
    }

    /// Ends [`watch`](Self::watch) and returns what it saw: each direction of each link.
    pub fn watched(&mut self) -> Vec<Stream> {
        let watch = self.watch.take();
        watch.map(Watch::into_streams).unwrap_or_default()
    }

    /// Calls a node, and runs the world until the node has answered.
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

    /// Runs the world until a condition holds, at most for this long. Returns whether it holds.
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

    /// Runs the world for this long.
    pub fn run(&mut self, for_ms: u64) {
        self.until(for_ms, |_| false);
    }

    /// Time of the next event.
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

    /// Moves to a time, and executes everything due then.
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
            self.nodes[member].input(Input::Carrier(self.base, event));
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
                    base: (self.base, &mut self.network),
                    further: &mut self.further,
                };
                node.pump(number, &mut air, moment);
            }
        }
    }

    /// A world of this many nodes that are all contacts of each other, without meetings.
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

    /// A world whose nodes continue from these stores, with their own randomness.
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

    /// Starts a second process on a copy of a node's present data.
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

    /// Takes a node off the network for good; its store stays.
    pub fn leave(&mut self, node: usize) {
        self.crash(node);
        let off = CarrierCommand::Switch { on: false };
        self.network.command(node, off.clone(), self.now_ms);
        for network in self.further.values_mut() {
            network.command(node, off.clone(), self.now_ms);
        }
        self.nodes[node].stop();
    }

    /// Stops a node in order; it is off the network from then on.
    pub fn stop(&mut self, node: usize) {
        self.nodes[node].input(Input::Stop);
        self.run(1_000);
        self.leave(node);
    }

    /// Moves a node to another address: it leaves, and a copy of it continues. Returns the copy's number.
    pub fn move_away(&mut self, node: usize) -> usize {
        self.leave(node);
        self.copy(node)
    }

    /// Kills a node and starts it again from an older state of its store.
    pub fn roll_back(&mut self, node: usize, to: MemoryStore) {
        self.crash(node);
        self.nodes[node].storage.store = to;
        self.nodes[node].reopen(self.now_ms);
    }

    /// Ends its links as a dying process does.
    fn crash(&mut self, node: usize) {
        self.network.crash(node);
        for network in self.further.values_mut() {
            network.crash(node);
        }
    }

    /// Kills a node, as a power cut would, and starts it again from what it had committed.
    pub fn restart(&mut self, node: usize) {
        self.crash(node);
        self.nodes[node].reopen(self.now_ms);
    }
}
