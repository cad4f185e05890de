//! Engines on a network in memory under a virtual clock: what the tests of the engine and the simulator
//! stand on. The same seed and the same calls give the same bytes.
//!
//! It differs from the product only in what lies below [`pump`] and [`Effects`]: a [`MemoryStore`]
//! instead of the encrypted one, a [`MemoryNetwork`] instead of sockets.

mod node;
mod people;

use hedgerow_transport::carrier::memory::MemoryNetwork;

use crate::api::{Answer, Call};
use crate::engine::Input;

pub use node::{Node, Storage};

/// Where the virtual wall clock starts: some day in 2026, in Unix milliseconds.
pub const EPOCH_MS: i64 = 1_790_000_000_000;

/// Some nodes, a network and a clock.
pub struct World {
    /// The network that connects the nodes; its conditions may be changed at any time.
    pub network: MemoryNetwork,
    /// The nodes, by their number on the network.
    pub nodes: Vec<Node>,
    /// Milliseconds since the world began.
    pub now_ms: u64,
    seed: u64,
}

impl World {
    /// An empty world. All chance in it comes from the seed.
    pub fn new(seed: u64) -> World {
        World {
            network: MemoryNetwork::new(seed),
            nodes: Vec::new(),
            now_ms: 0,
            seed,
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
        let number = self.network.join();
        self.nodes.push(Node::new(
            name,
            self.seed.wrapping_mul(1_000).wrapping_add(number as u64),
            self.now_ms,
        ));
        self.run(10);
        number
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
        wakes
            .chain(self.network.next_event_at())
            .min()
            .map(|moment| moment.max(self.now_ms))
    }

    /// Goes to a moment, and lets everything happen that is due then.
    fn advance(&mut self, moment: u64) {
        self.now_ms = moment;
        while let Some((node, event)) = self.network.poll(moment) {
            self.nodes[node].input(Input::Carrier(
                hedgerow_transport::carrier::CarrierKind::Memory,
                event,
            ));
        }
        for number in 0..self.nodes.len() {
            let node = &mut self.nodes[number];
            if node.next_moment(moment).is_some_and(|due| due <= moment) {
                node.pump(number, &mut self.network, moment);
            }
        }
    }

    /// A node dies as by power cut and starts again from what it had committed.
    pub fn restart(&mut self, node: usize) {
        self.network.crash(node);
        self.nodes[node].reopen(self.now_ms);
    }
}
