//! A network in memory with a virtual clock, for tests and the simulator: the same seed and the same calls give
//! the same events, byte for byte.
//!
//! Its owner drives it: [`MemoryNetwork::command`] executes a node's command, [`MemoryNetwork::poll`] returns
//! events, [`MemoryNetwork::next_event_at`] tells when the next one is due. It behaves like sockets: a link holds
//! a limited number of bytes in flight, cuts pieces anywhere, and loses what is in flight when it is cut.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::RangeInclusive;

use bytes::Bytes;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::gate::below;
use super::{
    Address, CarrierCommand, CarrierEvent, CarrierKind, CarrierState, DialId, Ending, LinkId,
    LinkIds, Profile,
};

/// Bytes in flight in one direction of a link, as the buffers of two sockets would hold.
pub const WINDOW: usize = 256 * 1024;

/// The windows that a link with a rate sends in a second.
const WINDOWS_A_SECOND: usize = 10;

/// The properties that a memory network declares.
pub const PROFILE: Profile = Profile {
    kind: CarrierKind::Memory,
    mtu_bytes: u32::MAX,
    latency_ms: 1,
    max_latency_ms: 60_000,
    cost: CarrierKind::Memory.cost(),
    lossy: false,
    announces: true,
};

/// Quality of the network. Probabilities are in thousandths.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// One-way delay in milliseconds, drawn for each piece; pieces never overtake one another.
    pub latency_ms: RangeInclusive<u64>,
    /// Probability that a dial fails although the other side is there.
    pub dial_loss: u32,
    /// Probability that a dial makes an extra link, as happens when two nodes dial each other.
    pub duplicate: u32,
    /// Probability that a new link will be cut, after a number of bytes drawn below `cut_within`.
    pub cut: u32,
    /// Bytes of both directions together within which a cut falls.
    pub cut_within: usize,
    /// The longest piece in which bytes arrive; each length is drawn below it.
    pub piece: usize,
    /// Whether announcements arrive.
    pub multicast: bool,
    /// Bytes a second of each direction of a link; `None`: as many as are sent.
    pub rate: Option<u64>,
}

impl Conditions {
    /// The most bytes in flight over one direction of a link.
    fn window(&self) -> usize {
        let rate = self
            .rate
            .map_or(usize::MAX, |rate| rate as usize / WINDOWS_A_SECOND);
        rate.clamp(1, WINDOW)
    }
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            latency_ms: 1..=1,
            dial_loss: 0,
            duplicate: 0,
            cut: 0,
            cut_within: 64 * 1024,
            piece: 64 * 1024,
            multicast: true,
            rate: None,
        }
    }
}

impl Conditions {
    /// A bad network: slow, in small pieces, with dials that fail or double and links that are cut.
    pub fn rough() -> Self {
        Self {
            latency_ms: 1..=80,
            dial_loss: 100,
            duplicate: 100,
            cut: 100,
            cut_within: 4_000,
            piece: 700,
            multicast: true,
            rate: None,
        }
    }
}

/// A node of a network, as numbered by [`MemoryNetwork::join`].
pub type Node = usize;

/// The network.
#[derive(Debug)]
pub struct MemoryNetwork {
    /// Its quality from now on; may change at any time.
    pub conditions: Conditions,
    rng: ChaCha20Rng,
    now: u64,
    order: u64,
    ids: LinkIds,
    nodes: Vec<Member>,
    links: BTreeMap<LinkId, End>,
    coming: BTreeMap<(u64, u64), Coming>,
    apart: BTreeSet<(Node, Node)>,
    cut_next_after: Option<usize>,
    /// Events that wait to be polled, in order.
    ready: VecDeque<(Node, CarrierEvent)>,
}

/// State of one node.
#[derive(Debug, Default)]
struct Member {
    on: bool,
    reading: bool,
    shut: bool,
    beacons: Vec<[u8; 8]>,
    look: bool,
    /// Addresses under which others can dial it through relays.
    names: BTreeSet<Address>,
}

/// One end of a link; the other end is a link with its own id.
#[derive(Debug)]
struct End {
    node: Node,
    peer: LinkId,
    /// Bytes to send that are not in flight yet.
    queued: VecDeque<Bytes>,
    /// Bytes in flight to the peer, or unread there.
    under_way: usize,
    /// Bytes that arrived here while the node does not read.
    unread: VecDeque<Bytes>,
    /// When the last piece sent from here arrives.
    last_arrival: u64,
    /// What pieces take beyond whole milliseconds, in bytes times milliseconds a second.
    owed: u64,
    /// Bytes of both directions until the cut; kept equal at both ends.
    until_cut: Option<usize>,
    /// Ends once the queue is empty.
    ending: bool,
    draining: bool,
    /// The other side dialled, is not recognised, and nothing was sent to it: ends on command, not when its peer ends.
    stranger: bool,
    /// The other side has ended and sends no more.
    ended_by_peer: bool,
}

/// A future event.
#[derive(Debug)]
enum Coming {
    Dialled {
        from: Node,
        to: Node,
        dial: Option<DialId>,
    },
    Event {
        node: Node,
        event: CarrierEvent,
    },
    Arrival {
        at: LinkId,
        bytes: Bytes,
    },
    Ended {
        at: LinkId,
    },
    Announced {
        by: Node,
        to: Node,
    },
}

impl MemoryNetwork {
    /// A network without nodes.
    pub fn new(seed: u64) -> Self {
        Self {
            conditions: Conditions::default(),
            rng: ChaCha20Rng::seed_from_u64(seed),
            now: 0,
            order: 0,
            ids: LinkIds::default(),
            nodes: Vec::new(),
            links: BTreeMap::new(),
            coming: BTreeMap::new(),
            apart: BTreeSet::new(),
            cut_next_after: None,
            ready: VecDeque::new(),
        }
    }

    /// An empty network whose link ids never collide with those of this one.
    pub fn beside(&self, seed: u64) -> Self {
        Self {
            ids: self.ids.clone(),
            now: self.now,
            ..Self::new(seed)
        }
    }

    /// Adds a node, switched on; its first events are its state and address.
    pub fn join(&mut self) -> Node {
        let node = self.nodes.len();
        self.nodes.push(Member {
            reading: true,
            ..Member::default()
        });
        self.switch(node, true);
        node
    }

    /// Where a node can be dialled.
    pub fn address(node: Node) -> Address {
        Address(format!("memory:{node}"))
    }

    /// Executes a node's command at `now` (milliseconds, never going back).
    pub fn command(&mut self, node: Node, command: CarrierCommand, now: u64) {
        self.advance(now);
        match command {
            CarrierCommand::Dial { dial, to } => self.dial(node, dial, &to),
            CarrierCommand::Send { link, bytes } => {
                if let Some(end) = self.own(node, link)
                    && !end.ending
                {
                    end.stranger = false;
                    end.queued.push_back(bytes);
                    self.send(link);
                }
            }
            CarrierCommand::Recognised { link } => {
                if let Some(end) = self.own(node, link) {
                    end.stranger = false;
                    self.finish(link);
                }
            }
            CarrierCommand::End { link, ending } => {
                if let Some(end) = self.own(node, link) {
                    match ending {
                        Ending::Now => end.ending = true,
                        Ending::Drain => end.draining = true,
                    }
                    self.discard_if_draining(link);
                    self.finish(link);
                }
            }
            CarrierCommand::Announce { beacons, look } => {
                self.nodes[node].beacons = beacons;
                self.nodes[node].look = look;
                for other in 0..self.nodes.len() {
                    self.announce(node, other);
                    self.announce(other, node);
                }
            }
            CarrierCommand::SetRelays { relays, keys, .. } => {
                let at = |relay| keys.iter().map(move |key| key.name().at(relay));
                self.nodes[node].names = relays.iter().flat_map(at).collect();
            }
            CarrierCommand::SetRadio { .. } => {}
            CarrierCommand::Switch { on } => self.switch(node, on),
        }
    }

    /// The beacons that a node announces, and whether it looks for others.
    pub fn announced(&self, node: Node) -> (&[[u8; 8]], bool) {
        let member = &self.nodes[node];
        (&member.beacons, member.look)
    }

    /// Addresses under which others can dial a node through relays.
    pub fn names(&self, node: Node) -> &BTreeSet<Address> {
        &self.nodes[node].names
    }

    /// When [`Self::poll`] will return something; `None` if nothing will happen by itself.
    pub fn next_event_at(&self) -> Option<u64> {
        if !self.ready.is_empty() {
            return Some(self.now);
        }
        self.coming.keys().next().map(|(at, _)| *at)
    }

    /// The next event up to `now`; call it until it returns `None`.
    pub fn poll(&mut self, now: u64) -> Option<(Node, CarrierEvent)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let (at, _) = *self.coming.keys().next()?;
            if at > now {
                self.now = self.now.max(now);
                return None;
            }
            self.advance(at);
        }
    }

    /// Separates two nodes or joins them again. Separated nodes lose their links at once, and neither dials nor
    /// announcements get through.
    pub fn part(&mut self, one: Node, other: Node, apart: bool) {
        let pair = (one.min(other), one.max(other));
        if apart && self.apart.insert(pair) {
            let between: Vec<LinkId> = self
                .links
                .iter()
                .filter(|(_, end)| {
                    let peer = self.links.get(&end.peer).map(|peer| peer.node);
                    end.node == pair.0 && peer == Some(pair.1)
                })
                .map(|(link, _)| *link)
                .collect();
            for link in between {
                self.cut(link);
            }
        } else if !apart && self.apart.remove(&pair) {
            self.announce(pair.0, pair.1);
            self.announce(pair.1, pair.0);
        }
    }

    /// Cuts a link, named by either end: what is in flight is lost and both ends get `Down`.
    pub fn cut(&mut self, link: LinkId) {
        let Some(end) = self.links.get(&link) else {
            return;
        };
        for link in [link, end.peer] {
            self.down(link);
        }
    }

    /// Cuts the next new link once this many bytes of both directions have passed.
    pub fn cut_next_after(&mut self, bytes: usize) {
        self.cut_next_after = Some(bytes);
    }

    /// Crashes a node, as a power cut would; it may start again under the same number. Its links end, it announces
    /// nothing, and events that were not polled never happened to it.
    pub fn crash(&mut self, node: Node) {
        for link in self.links_of(node) {
            self.cut(link);
        }
        self.be_silent(node);
        self.nodes[node].names.clear();
        self.ready.retain(|(to, _)| *to != node);
        self.coming.retain(|_, coming| match coming {
            Coming::Dialled { from, .. } => *from != node,
            Coming::Event { node: to, .. } => *to != node,
            Coming::Announced { to, .. } => *to != node,
            Coming::Arrival { .. } | Coming::Ended { .. } => true,
        });
        self.nodes[node].on = false;
        self.switch(node, true);
    }

    /// Blocks or allows dials to a node, which can still dial others: as behind a firewall.
    pub fn shut(&mut self, node: Node, shut: bool) {
        self.nodes[node].shut = shut;
    }

    /// Whether a node reads; while it does not, bytes wait and the sender's window fills.
    pub fn read(&mut self, node: Node, reading: bool) {
        self.nodes[node].reading = reading;
        if reading {
            for link in self.links_of(node) {
                let unread = self
                    .links
                    .get_mut(&link)
                    .map(|end| std::mem::take(&mut end.unread));
                for bytes in unread.into_iter().flatten() {
                    self.arrived(link, bytes);
                }
                self.finish(link);
            }
        }
    }

    fn tell(&mut self, node: Node, event: CarrierEvent) {
        self.ready.push_back((node, event));
    }

    fn advance(&mut self, now: u64) {
        while let Some(entry) = self.coming.first_entry()
            && entry.key().0 <= now
        {
            let ((at, _), coming) = entry.remove_entry();
            self.now = self.now.max(at);
            self.happen(coming);
        }
        self.now = self.now.max(now);
    }

    fn happen(&mut self, coming: Coming) {
        match coming {
            Coming::Dialled { from, to, dial } => self.connect(from, to, dial),
            Coming::Event { node, event } => self.tell(node, event),
            Coming::Arrival { at, bytes } => self.arrived(at, bytes),
            Coming::Ended { at } => {
                if let Some(end) = self.links.get_mut(&at) {
                    end.ended_by_peer = true;
                    self.finish(at);
                }
            }
            Coming::Announced { by, to } => {
                if self.meet(by, to) && self.nodes[to].look && self.conditions.multicast {
                    let at = vec![Self::address(by)];
                    for beacon in self.nodes[by].beacons.clone() {
                        let event = CarrierEvent::Beacon {
                            beacon,
                            at: at.clone(),
                        };
                        self.tell(to, event);
                    }
                }
            }
        }
    }

    fn dial(&mut self, from: Node, dial: DialId, to: &Address) {
        let to = match to.0.strip_prefix("memory:") {
            Some(number) => number.parse::<Node>().ok(),
            None => self.nodes.iter().position(|node| node.names.contains(to)),
        };
        let lost = self.random_ratio(self.conditions.dial_loss);
        let coming = match to {
            Some(to) if self.nodes.get(to).is_some_and(|to| !to.shut) && !lost => {
                if self.random_ratio(self.conditions.duplicate) {
                    self.later(Coming::Dialled {
                        from,
                        to,
                        dial: None,
                    });
                }
                Coming::Dialled {
                    from,
                    to,
                    dial: Some(dial),
                }
            }
            _ => Coming::Event {
                node: from,
                event: CarrierEvent::DialFailed { dial },
            },
        };
        self.later(coming);
    }

    fn connect(&mut self, from: Node, to: Node, dial: Option<DialId>) {
        if !self.meet(from, to) {
            if let Some(dial) = dial {
                self.tell(from, CarrierEvent::DialFailed { dial });
            }
            return;
        }
        let until_cut = self.cut_next_after.take().or_else(|| {
            self.random_ratio(self.conditions.cut)
                .then(|| below(&mut self.rng, self.conditions.cut_within.max(1)))
        });
        let (near, far) = (self.ids.next_id(), self.ids.next_id());
        for (link, peer, node) in [(near, far, from), (far, near, to)] {
            let end = End {
                node,
                peer,
                queued: VecDeque::new(),
                under_way: 0,
                unread: VecDeque::new(),
                last_arrival: self.now,
                owed: 0,
                until_cut,
                ending: false,
                draining: false,
                stranger: link == far,
                ended_by_peer: false,
            };
            self.links.insert(link, end);
        }
        let up = CarrierEvent::Up {
            link: near,
            dial,
            from: Some(Self::address(to)),
        };
        self.tell(from, up);
        let up = CarrierEvent::Up {
            link: far,
            dial: None,
            from: Some(Self::address(from)),
        };
        self.tell(to, up);
    }

    /// Puts queued bytes in flight, as far as the window and the cut allow.
    fn send(&mut self, link: LinkId) {
        let mut written = 0;
        let mut cut = false;
        let window = self.conditions.window();
        while let Some(end) = self.links.get_mut(&link)
            && let Some(next) = end.queued.front_mut()
            && end.under_way < window
        {
            let longest = next.len().min(window - end.under_way);
            let piece = below(
                &mut self.rng,
                self.conditions.piece.max(1).min(longest.max(1)),
            ) + 1;
            let mut piece = next.split_to(piece.min(longest));
            if next.is_empty() {
                end.queued.pop_front();
            }
            if let Some(left) = &mut end.until_cut {
                cut = piece.len() > *left;
                piece.truncate(*left);
                *left -= piece.len();
            }
            end.under_way += piece.len();
            written += piece.len();
            let (peer, left) = (end.peer, end.until_cut);
            if let Some(peer) = self.links.get_mut(&peer) {
                peer.until_cut = left;
            }
            if !piece.is_empty() {
                let at = self.arrival(link, piece.len());
                self.at(
                    at,
                    Coming::Arrival {
                        at: peer,
                        bytes: piece,
                    },
                );
            }
            if cut {
                break;
            }
        }
        if written > 0
            && let Some(end) = self.links.get(&link)
        {
            let event = CarrierEvent::Written {
                link,
                bytes: written,
            };
            self.tell(end.node, event);
        }
        if cut {
            // This end notices at once; the far end after what is in flight has arrived.
            self.close(link);
        }
    }

    fn arrived(&mut self, link: LinkId, bytes: Bytes) {
        let Some(end) = self.links.get_mut(&link) else {
            return;
        };
        let node = end.node;
        if !end.draining && !self.nodes[node].reading {
            end.unread.push_back(bytes);
            return;
        }
        let (length, draining) = (bytes.len(), end.draining);
        if !draining {
            self.tell(node, CarrierEvent::Bytes { link, bytes });
        }
        self.taken(link, length);
    }

    /// Opens the window of the other side again.
    fn taken(&mut self, link: LinkId, bytes: usize) {
        let Some(peer) = self.links.get(&link).map(|end| end.peer) else {
            return;
        };
        if let Some(end) = self.links.get_mut(&peer) {
            end.under_way -= bytes;
            self.send(peer);
            self.finish(peer);
        }
    }

    fn discard_if_draining(&mut self, link: LinkId) {
        let Some(end) = self.links.get_mut(&link) else {
            return;
        };
        if end.draining {
            let unread: usize = std::mem::take(&mut end.unread).iter().map(Bytes::len).sum();
            self.taken(link, unread);
        }
    }

    /// Ends a link that is due: by us, once all is in flight; by the peer, once all is read. A stranger's link and a
    /// draining link outlive their peers until a command ends them.
    fn finish(&mut self, link: LinkId) {
        let Some(end) = self.links.get(&link) else {
            return;
        };
        let ours = end.ending && end.queued.is_empty();
        let theirs = end.ended_by_peer && end.unread.is_empty() && !end.draining && !end.stranger;
        if ours || theirs {
            self.close(link);
        }
    }

    /// Ends this end; the other notices after what is in flight.
    fn close(&mut self, link: LinkId) {
        let at = self.arrival(link, 0);
        if let Some(peer) = self.links.get(&link).map(|end| end.peer) {
            self.at(at, Coming::Ended { at: peer });
            self.down(link);
        }
    }

    fn down(&mut self, link: LinkId) {
        if let Some(end) = self.links.remove(&link) {
            self.tell(end.node, CarrierEvent::Down { link });
        }
    }

    fn switch(&mut self, node: Node, on: bool) {
        if self.nodes[node].on == on {
            return;
        }
        self.nodes[node].on = on;
        for link in self.links_of(node) {
            self.close(link);
        }
        self.be_silent(node);
        let (state, addresses) = match on {
            true => (CarrierState::On, vec![Self::address(node)]),
            false => (CarrierState::Off, Vec::new()),
        };
        self.tell(node, CarrierEvent::Addresses(addresses));
        self.tell(node, CarrierEvent::State(state));
    }

    fn be_silent(&mut self, node: Node) {
        self.nodes[node].beacons.clear();
        self.nodes[node].look = false;
    }

    fn announce(&mut self, by: Node, to: Node) {
        if by != to && self.nodes[to].look && !self.nodes[by].beacons.is_empty() {
            self.later(Coming::Announced { by, to });
        }
    }

    /// Whether one node could reach the other now.
    fn meet(&self, one: Node, other: Node) -> bool {
        let apart = self.apart.contains(&(one.min(other), one.max(other)));
        self.nodes[one].on && self.nodes[other].on && !apart
    }

    fn own(&mut self, node: Node, link: LinkId) -> Option<&mut End> {
        self.links.get_mut(&link).filter(|end| end.node == node)
    }

    fn links_of(&self, node: Node) -> Vec<LinkId> {
        self.links
            .iter()
            .filter(|(_, end)| end.node == node)
            .map(|(link, _)| *link)
            .collect()
    }

    /// When bytes that leave this end now arrive: never before earlier ones.
    fn arrival(&mut self, link: LinkId, bytes: usize) -> u64 {
        let at = self.now + self.latency();
        let rate = self.conditions.rate;
        match self.links.get_mut(&link) {
            Some(end) => {
                let takes = rate.map_or(0, |rate| {
                    let owed = end.owed + bytes as u64 * 1_000;
                    end.owed = owed % rate.max(1);
                    owed / rate.max(1)
                });
                end.last_arrival = at.max(end.last_arrival + takes);
                end.last_arrival
            }
            None => at,
        }
    }

    fn latency(&mut self) -> u64 {
        let (least, most) = (
            *self.conditions.latency_ms.start(),
            *self.conditions.latency_ms.end(),
        );
        least + below(&mut self.rng, (most.saturating_sub(least) + 1) as usize) as u64
    }

    fn random_ratio(&mut self, thousandths: u32) -> bool {
        // Draws even if the probability is 0, so that a change of conditions shifts no other draw.
        self.rng.next_u32() % 1_000 < thousandths
    }

    fn later(&mut self, coming: Coming) {
        let at = self.now + self.latency();
        self.at(at, coming);
    }

    fn at(&mut self, at: u64, coming: Coming) {
        self.order += 1;
        self.coming.insert((at, self.order), coming);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a network to its end and returns its events.
    fn run(network: &mut MemoryNetwork) -> Vec<(u64, Node, CarrierEvent)> {
        let mut events = Vec::new();
        while let Some(at) = network.next_event_at() {
            while let Some((node, event)) = network.poll(at) {
                events.push((at, node, event));
            }
        }
        events
    }

    fn rough(seed: u64) -> String {
        let mut network = MemoryNetwork::new(seed);
        network.conditions = Conditions {
            latency_ms: 5..=90,
            dial_loss: 300,
            duplicate: 200,
            cut: 500,
            cut_within: 2_000,
            piece: 300,
            multicast: true,
            rate: None,
        };
        let nodes = [network.join(), network.join(), network.join()];
        for n in 0..40 {
            let to = MemoryNetwork::address(nodes[n as usize % 3]);
            let dial = CarrierCommand::Dial {
                dial: DialId(n),
                to,
            };
            network.command(nodes[(n as usize + 1) % 3], dial, 0);
        }
        let mut all = run(&mut network);
        let ups: Vec<(Node, LinkId)> = all
            .iter()
            .filter_map(|(_, node, event)| match event {
                CarrierEvent::Up { link, .. } => Some((*node, *link)),
                _ => None,
            })
            .collect();
        for (node, link) in ups {
            let send = CarrierCommand::Send {
                link,
                bytes: vec![7; 900].into(),
            };
            network.command(node, send, network.now);
        }
        all.extend(run(&mut network));
        format!("{all:?}")
    }

    #[test]
    fn the_same_seed_gives_the_same_events() {
        assert_eq!(rough(1), rough(1));
        assert_ne!(rough(1), rough(2));
        let all = rough(1);
        for happened in ["DialFailed", "Down", "Written", "dial: None", "Bytes"] {
            assert!(all.contains(happened), "{happened} in {all}");
        }
    }

    #[test]
    fn nobody_meets_across_a_partition_until_it_heals() {
        let mut network = MemoryNetwork::new(1);
        let (one, other) = (network.join(), network.join());
        run(&mut network);
        network.part(one, other, true);
        let dial = CarrierCommand::Dial {
            dial: DialId(1),
            to: MemoryNetwork::address(other),
        };
        network.command(one, dial, 10);
        for (node, beacons) in [(one, vec![[9; 8]]), (other, vec![])] {
            let look = true;
            network.command(node, CarrierCommand::Announce { beacons, look }, 10);
        }
        let events = run(&mut network);
        assert!(
            matches!(events[..], [(_, 0, CarrierEvent::DialFailed { .. })]),
            "{events:?}"
        );
        network.part(other, one, false);
        let events = run(&mut network);
        assert!(
            matches!(
                events[..],
                [(
                    _,
                    1,
                    CarrierEvent::Beacon {
                        beacon: [9, ..],
                        ..
                    }
                )]
            ),
            "{events:?}"
        );
    }

    #[test]
    fn a_crash_takes_links_and_unpolled_events_with_it() {
        let mut network = MemoryNetwork::new(1);
        let (one, other) = (network.join(), network.join());
        run(&mut network);
        let dial = CarrierCommand::Dial {
            dial: DialId(1),
            to: MemoryNetwork::address(other),
        };
        network.command(one, dial, 0);
        network.command(
            other,
            CarrierCommand::Announce {
                beacons: vec![[1; 8]],
                look: true,
            },
            100,
        );
        network.crash(other);
        let events = run(&mut network);
        let of = |who: Node| -> Vec<String> {
            let of = events.iter().filter(|(_, node, _)| *node == who);
            of.map(|(_, _, event)| format!("{event:?}")).collect()
        };
        assert!(
            of(one)[0].starts_with("Up") && of(one)[1].starts_with("Down"),
            "{events:?}"
        );
        assert!(of(other)[0].starts_with("Addresses") && of(other)[1] == "State(On)");
        assert_eq!(of(other).len(), 2, "{events:?}");
    }
}
