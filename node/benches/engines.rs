//! What engines cost where thousands of them are simulated: an idle one, one in a crowd, a session with nothing
//! new, a text, and what each keeps in memory. Under both kinds of cryptography, if it is built with
//! the feature `simulation`.
#![expect(clippy::disallowed_methods, reason = "figures of a real machine")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hedgerow_node::api::{Answer, Call, ContactId, Event, NewMessage, Reply};
use hedgerow_node::engine::introduction::{Card, Friend, card, introduce};
use hedgerow_node::engine::{
    BundleEvent, CallId, Effects, Engine, Input, Inputs, NextWake, Now, pump,
};
use hedgerow_node::files::work::FileCommand;
use hedgerow_node::store::schema;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, CarrierKind, CarrierState, DialId, Ending, LinkId,
};
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::keys::{PairKeys, Root};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const CARRIER: CarrierKind = CarrierKind::Ble;
const WALL_MS: i64 = 1_790_000_000_000;
const HOUR_MS: u64 = 3_600_000;

/// What an engine has asked for.
#[derive(Default)]
struct EffectQueue {
    sent: Vec<(LinkId, Bytes)>,
    dialled: Option<DialId>,
    beacons: Vec<[u8; 8]>,
    answers: Vec<Answer>,
    messages: u64,
}

impl Effects for EffectQueue {
    fn send(&mut self, link: LinkId, bytes: Bytes) {
        self.sent.push((link, bytes));
    }
    fn ghost(&mut self, _: LinkId, _: u64) {}
    fn recognised(&mut self, _: LinkId) {}
    fn end(&mut self, _: LinkId, _: Ending) {}
    fn command(&mut self, _: CarrierKind, command: CarrierCommand) {
        match command {
            CarrierCommand::Dial { dial, .. } => self.dialled = Some(dial),
            CarrierCommand::Announce { beacons, .. } => self.beacons = beacons,
            _ => {}
        }
    }
    fn answer(&mut self, _: CallId, answer: Answer) {
        self.answers.push(answer);
    }
    fn file(&mut self, _: FileCommand) {}
    fn bundle(&mut self, _: BundleEvent) {}
    fn event(&mut self, event: Event) {
        self.messages += u64::from(matches!(
            event,
            Event::Message {
                author: Some(_),
                ..
            }
        ));
    }
}

/// A node.
struct Node {
    store: MemoryStore,
    engine: Engine,
    inputs: Inputs,
    rng: ChaCha20Rng,
    asked: EffectQueue,
    wake: NextWake,
}

impl Node {
    fn pump(&mut self, now_ms: u64) {
        self.wake = pump(
            &mut self.engine,
            &mut self.store,
            &mut self.inputs,
            now(now_ms),
            &mut self.rng,
            &mut self.asked,
        )
        .expect("memory does not fail");
    }

    fn handle(&mut self, now_ms: u64, event: CarrierEvent) {
        self.inputs.push(Input::Carrier(CARRIER, event));
        self.pump(now_ms);
    }

    /// Follows the clock up to a moment; says how often it woke.
    fn idle_until(&mut self, until_ms: u64) -> u64 {
        let mut wakes = 0;
        while let NextWake(Some(at)) = self.wake
            && at <= until_ms
        {
            self.pump(at);
            wakes += 1;
        }
        wakes
    }
}

fn now(now_ms: u64) -> Now {
    Now {
        mono_ms: now_ms,
        wall_ms: WALL_MS + now_ms as i64,
    }
}

/// Nodes of which each knows the next ones, half of its contacts in each direction of a ring.
fn nodes(count: usize, contacts: usize, cryptography: Cryptography) -> Vec<Node> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut stores: Vec<MemoryStore> = vec![MemoryStore::default(); count];
    let cards: Vec<Card> = stores
        .iter_mut()
        .map(|store| {
            schema::migrate(store, schema::MIGRATIONS).expect("memory does not fail");
            Engine::found(store, "Ada", &mut rng).expect("an empty store takes an identity");
            card(store, &[], WALL_MS, &mut rng).expect("memory does not fail")
        })
        .collect();
    let root = |one: usize, other: usize| {
        let mut root = [0; 32];
        root[..8].copy_from_slice(&(one.min(other) as u64).to_be_bytes());
        root[8..16].copy_from_slice(&(one.max(other) as u64).to_be_bytes());
        Root::from_bytes(root)
    };
    let opened = stores.into_iter().enumerate().map(|(number, mut store)| {
        let friends = (1..=contacts / 2).flat_map(|step| [step, count - step]);
        let friends = friends.map(|step| {
            let other = (number + step) % count;
            Friend {
                card: &cards[other],
                keys: PairKeys::derive(root(number, other)),
            }
        });
        introduce(&mut store, &cards[number], friends, WALL_MS).expect("memory does not fail");
        let mut rng = ChaCha20Rng::seed_from_u64(number as u64);
        let mut engine = Engine::open(&store, now(0), &mut rng).expect("what was founded opens");
        engine.set_cryptography(cryptography);
        let mut node = Node {
            store,
            engine,
            inputs: Inputs::default(),
            rng,
            asked: EffectQueue::default(),
            wake: NextWake(None),
        };
        node.handle(0, CarrierEvent::State(CarrierState::On));
        node
    });
    opened.collect()
}

/// A world of two who know each other, among others.
struct Pair {
    one: Node,
    other: Node,
    now_ms: u64,
    links: u64,
}

impl Pair {
    fn new(contacts: usize, cryptography: Cryptography) -> Self {
        let mut nodes = nodes(contacts + 1, contacts, cryptography);
        nodes.truncate(2);
        let (other, one) = (nodes.remove(1), nodes.remove(0));
        Self {
            one,
            other,
            now_ms: 0,
            links: 0,
        }
    }

    /// One hears the other and dials; both say hello.
    fn connect(&mut self) -> LinkId {
        self.now_ms += 60_000;
        self.one.idle_until(self.now_ms);
        self.other.idle_until(self.now_ms);
        let beacon = self.other.asked.beacons[0];
        let at = vec![Address("here".to_owned())];
        self.one
            .handle(self.now_ms, CarrierEvent::Beacon { beacon, at });
        let dial = loop {
            if let Some(dial) = self.one.asked.dialled.take() {
                break dial;
            }
            self.now_ms = self.one.wake.0.expect("a beacon is answered");
            self.one.pump(self.now_ms);
        };
        self.links += 1;
        let link = LinkId(self.links);
        let up = |dial| CarrierEvent::Up {
            link,
            dial,
            from: None,
        };
        self.other.handle(self.now_ms, up(None));
        self.one.handle(self.now_ms, up(Some(dial)));
        self.carry();
        link
    }

    /// Carries bytes until nobody says anything any more.
    fn carry(&mut self) {
        loop {
            let mut quiet = true;
            for back in [false, true] {
                let (from, to) = match back {
                    false => (&mut self.one, &mut self.other),
                    true => (&mut self.other, &mut self.one),
                };
                for (link, bytes) in std::mem::take(&mut from.asked.sent) {
                    quiet = false;
                    let written = bytes.len();
                    let written = CarrierEvent::Written {
                        link,
                        bytes: written,
                    };
                    from.inputs.push(Input::Carrier(CARRIER, written));
                    to.handle(self.now_ms, CarrierEvent::Bytes { link, bytes });
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn part(&mut self, link: LinkId) {
        self.one.handle(self.now_ms, CarrierEvent::Down { link });
        self.other.handle(self.now_ms, CarrierEvent::Down { link });
    }

    fn send(&mut self, to: &ContactId, text: &str) {
        let chat = self.one.engine.direct_chat(to).expect("a contact");
        let call = Call::Send(chat, NewMessage::text(text));
        self.one.inputs.push(Input::Call(CallId(1), call));
        self.one.pump(self.now_ms);
        self.carry();
    }
}

fn each(count: u32, took: Duration) -> f64 {
    took.as_secs_f64() * 1e6 / f64::from(count)
}

fn measure(contacts: usize, name: &str, cryptography: Cryptography) {
    let mut pair = Pair::new(contacts, cryptography);
    for _ in 0..100 {
        let link = pair.connect();
        pair.part(link);
    }

    let (rounds, began) = (2_000, Instant::now());
    for _ in 0..rounds {
        let link = pair.connect();
        pair.part(link);
    }
    let session = each(rounds, began.elapsed());

    let link = pair.connect();
    pair.other.inputs.push(Input::Call(CallId(2), Call::Me));
    pair.other.pump(pair.now_ms);
    let Some(Ok(Reply::Me(me))) = pair.other.asked.answers.pop() else {
        panic!("nobody");
    };
    let (rounds, began) = (2_000, Instant::now());
    for _ in 0..rounds {
        pair.send(&me.id, "See you at the fountain at six, bring the others.");
    }
    let text = each(rounds, began.elapsed());
    assert_eq!(pair.other.asked.messages, u64::from(rounds));
    pair.part(link);

    let (rounds, began) = (20_000_u32, Instant::now());
    for number in 0..rounds {
        let beacon = (u64::from(number) << 32 | 0x5eed).to_be_bytes();
        let at = vec![Address(String::new())];
        pair.one
            .handle(pair.now_ms, CarrierEvent::Beacon { beacon, at });
    }
    let stranger = each(rounds, began.elapsed());
    let crowd_began = (Instant::now(), pair.now_ms);
    let wakes = pair.one.idle_until(pair.now_ms + 4 * HOUR_MS);
    println!(
        "{name}, {contacts} contacts: session {session:.1} us, text {text:.1} us, beacon of a stranger \
         {stranger:.2} us; an hour in a crowd of strangers {:.0} us, {} wakes",
        crowd_began.0.elapsed().as_secs_f64() * 1e6 / 4.0,
        wakes / 4
    );
}

fn idle(contacts: usize) {
    let mut nodes = nodes(contacts + 1, contacts, Cryptography::Real);
    let mut node = nodes.swap_remove(0);
    node.idle_until(HOUR_MS);
    let began = Instant::now();
    let wakes = node.idle_until(101 * HOUR_MS);
    println!(
        "idle, {contacts} contacts: {:.1} wakes an hour, {:.1} us each",
        wakes as f64 / 100.0,
        each(wakes as u32, began.elapsed())
    );
}

fn memory(count: usize, contacts: usize) {
    let (before, began) = (resident(), Instant::now());
    let nodes = nodes(count, contacts, Cryptography::Real);
    let (after, took) = (resident(), began.elapsed());
    println!(
        "{count} engines, {contacts} contacts: {} KB each, made in {:.1} us each",
        after.saturating_sub(before) / count as u64,
        each(count as u32, took)
    );
    black_box(nodes);
}

/// Resident memory of this process, in KB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field: BTreeMap<&str, &str> = status
        .lines()
        .filter_map(|line| line.split_once(':'))
        .collect();
    let words = field
        .get("VmRSS")
        .and_then(|text| text.split_whitespace().next());
    words
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    if wanted != "session" {
        memory(2_000, 20);
        memory(500, 124);
        idle(20);
        idle(124);
    }
    for contacts in [20, 124, 1_000] {
        measure(contacts, "sized", Cryptography::Sized);
        measure(contacts, "real", Cryptography::Real);
    }
}
