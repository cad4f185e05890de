//! The engine: everything a node decides, as pure code driven by one function, [`pump`].
//!
//! | what | where |
//! | --- | --- |
//! | what happens, in batches | [`input`], `inputs` |
//! | what the engine asks of the world, after the commit | [`effects`], `outbox` |
//! | who we are | `account` |
//! | the people we know, and the keys we share with them | `people`, `fact`, `prekey`, `invitation`, `joining` |
//! | carriers, beacons, dials, relays | `reach`; what follows from them: `network` |
//! | links in their places, and errands between them | `links`, `link` |
//! | sessions | `handshake`, `live`, `facts`, `psk_rotation`, `reconciling`, `silence`, `meeting` |
//! | the work of a turn, shared among links | `share` |
//! | files of messages | `files` |
//! | calls | `call`, `contacts`, `writing`, `deletion`, `timers`, `disappearing` by `store_clock`, `status`, `delivery`, `carry`, `reading`, `receipts` |
//! | what is found, and when messages are indexed | [`searching`] |
//! | other people's bundles | `couriering`, `bundles`, [`bundle_event`]; sealed and taken in: `sealing`, `intake` |
//! | what only simulations have | `simulated`, `load`, `hints`, `misused`, `introduction`, `synthetic`, `groups::assembled` |
//! | groups: our keys, who is in, invitations | `groups` |
//! | which conversations there are, and what the kind of each decides | `conversations` |
//! | conversations, read without the engine | [`conversation`], [`starred`] |
//!
//! Who owns what:
//!
//! ```text
//! Engine ── Links    every link, in its place also while it is worked on
//!   └────── Owners ── Account        our keys, facts, settings            (read by all)
//!                  ├─ People         contacts, devices, invitations, keys
//!                  ├─ Conversations  spaces with their kinds and secrets, who shares them
//!                  ├─ Groups         who is in, our keys there
//!                  ├─ Reach          carriers, beacons, dials, relays     (sees others by a View)
//!                  └─ Couriering     other people's bundles
//! ```
//!
//! None of these sees the engine or the links. A caller gives an owner what it must know of another, and the owner
//! returns what another must do. Work on a link has all `Owners` before it; what it asks of other links is an
//! `Errand`, which the engine runs when that work is done.
//!
//! State lives in the store. The engine keeps in memory what it often needs, and writes every change through in the
//! transaction of the batch. If that does not commit, the runtime drops the engine and opens it again; no effect of the
//! batch has left.

mod account;
#[cfg(test)]
mod attacks;
pub mod bundle_event;
mod bundles;
mod call;
mod carry;
mod codec;
mod contacts;
pub(crate) mod content;
pub mod conversation;
mod conversations;
mod couriering;
mod deletion;
mod delivery;
mod disappearing;
mod draft;
mod edits;
pub mod effects;
mod fact;
mod facts;
mod fault;
pub mod files;
mod groups;
mod handshake;
#[cfg(feature = "simulation")]
mod hints;
pub mod input;
mod inputs;
mod intake;
#[cfg(feature = "simulation")]
pub mod introduction;
mod invitation;
mod items;
mod joining;
mod link;
mod links;
mod live;
#[cfg(feature = "simulation")]
mod load;
mod meeting;
mod messages_at_rest;
#[cfg(feature = "simulation")]
mod misused;
mod network;
mod outbox;
mod pending_events;
mod people;
pub mod ports;
mod prekey;
mod psk_rotation;
mod quoting;
mod reach;
mod reading;
mod receipts;
mod reconciling;
pub mod recording;
mod rng;
mod room;
mod sealing;
pub mod searching;
mod share;
mod silence;
mod simulated;
pub mod starred;
mod start;
mod status;
mod store_clock;
#[cfg(feature = "simulation")]
pub mod synthetic;
mod timers;
mod writing;

pub use account::MAX_NAME;
pub use bundle_event::BundleEvent;
pub use effects::Effects;
pub use input::{CallId, Input, Now};
pub use inputs::{Inputs, MAX_BATCH_INPUT_BYTES, MAX_BATCH_INPUTS};
pub use invitation::MAX_VALID_S;
pub use live::MOST_UNWRITTEN;
pub use share::TURN_WORK;
pub use start::OpenError;
pub use writing::MAX_RECEIVERS;

use std::collections::{BTreeMap, VecDeque};

use hedgerow_sync::id::{DeviceId, Incarnation};
use hedgerow_sync::metered::{Meter, Metered, MeteredReader};
use hedgerow_sync::store::{StorageError, Store, Txn};
use rand_core::CryptoRng;

use crate::store::erasure;
use account::Account;
use carry::Import;
use conversations::Conversations;
use couriering::Couriering;
use disappearing::Disappearing;
use files::Files;
use groups::{Groups, Turns};
use links::{Errand, Links, Up};
use outbox::Outbox;
use pending_events::PendingEvents;
use people::People;
use reach::{Reach, View};
use receipts::Receipts;
use status::TrafficCount;

/// When to call [`pump`] again without input, in monotonic milliseconds; `None`: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NextWake(pub Option<u64>);

/// The engine of a node.
pub struct Engine {
    owners: Owners,
    links: Links,
    /// The parcels that the engine takes in, in the order of their calls.
    imports: VecDeque<Import>,
    /// The moment of the last tick.
    ticked: Option<Now>,
}

/// All owners except the links. Work on a link uses these while the link stays in its place.
struct Owners {
    account: Account,
    people: People,
    conversations: Conversations,
    groups: Groups,
    /// Whose turn it is to bring entries of groups.
    turns: Turns,
    reach: Reach,
    /// Messages that disappear.
    disappearing: Disappearing,
    /// The session with each device that has one.
    sessions: BTreeMap<DeviceId, Up>,
    traffic: TrafficCount,
    receipts: Receipts,
    files: Files,
    /// What waits to be indexed for search.
    waiting: searching::Waiting,
    /// Other people's bundles, if this node carries any.
    couriering: Option<Box<Couriering>>,
    /// Whether ghosts and loads exist here.
    #[cfg(feature = "simulation")]
    simulates: bool,
    /// The engine begins and accepts no links any more.
    stopping: bool,
}

/// The context of one batch.
struct Turn<'a> {
    txn: &'a mut dyn Txn,
    /// Counts the work, above all in `txn`.
    meter: &'a Meter,
    now: Now,
    rng: &'a mut dyn CryptoRng,
    out: &'a mut Outbox,
    /// Events for the end of the batch.
    pending: &'a mut PendingEvents,
    /// What work on one link asks of others.
    errands: &'a mut Vec<Errand>,
}

impl Turn<'_> {
    /// Notes that a text or a secret was overwritten in a row that stays, so that the old bytes soon leave the disk.
    /// Rows that are removed need no call.
    fn erased(&mut self) -> Result<(), StorageError> {
        erasure::note(self.txn, self.now.wall_ms.max(0) as u64)
    }
}

/// Takes the next batch of inputs into one transaction, as far as the work of a turn goes, commits it, releases its
/// effects, and fills what is queued into links. Call it when there is input, and at the time that it gave last.
///
/// # Errors
/// The store failed, and no effect of the batch has left. Drop the engine and open it anew.
pub fn pump(
    engine: &mut Engine,
    store: &mut impl Store,
    inputs: &mut Inputs,
    now: Now,
    rng: &mut impl CryptoRng,
    effects: &mut impl Effects,
) -> Result<NextWake, StorageError> {
    let batch = inputs.batch();
    let mut out = Outbox::default();
    let mut pending = PendingEvents::default();
    let mut errands = Vec::new();
    let meter = Meter::new();
    store.write(|txn| {
        let mut erasing = erasure::Erasing::new(txn, now.wall_ms);
        let mut turn = Turn {
            txn: &mut Metered::new(&mut erasing, &meter),
            meter: &meter,
            now,
            rng,
            out: &mut out,
            pending: &mut pending,
            errands: &mut errands,
        };
        engine.catch_up_first(&mut turn)?;
        for input in batch {
            engine.take(&mut turn, input)?;
        }
        engine.look_at_strangers(&mut turn)?;
        engine.catch_up(&mut turn)?;
        engine.import_slice(&mut turn)?;
        engine.tick(&mut turn)?;
        engine.take_turns(&turn)?;
        engine.index_slice(&mut turn)?;
        engine.owners.emit_events(&mut turn)
    })?;
    out.release(effects);
    let (meter, mut more) = (Meter::new(), true);
    while more && meter.spent() < TURN_WORK {
        more = store.read(|reader| engine.fill(&MeteredReader::new(reader, &meter), &mut out))?;
        out.release(effects);
    }
    if more || !inputs.is_empty() || engine.is_behind() {
        return Ok(NextWake(Some(now.mono_ms)));
    }
    Ok(NextWake(engine.next_wake_ms(now)))
}

impl Engine {
    /// This opening of the store.
    pub fn incarnation(&self) -> Incarnation {
        self.owners.account.incarnation
    }

    fn take(&mut self, turn: &mut Turn<'_>, input: Input) -> Result<(), StorageError> {
        match input {
            Input::Call(id, call) => self.call(turn, id, call),
            Input::Carrier(carrier, event) => self.carrier(turn, carrier, event),
            Input::File(event) => self.file_event(turn, event),
            #[cfg(feature = "simulation")]
            Input::Load { to, length, id } => self.owners.load(turn, &to, length, id),
            Input::Stop => self.stop(turn),
        }?;
        self.run_errands(turn, None)
    }

    /// Does what time has made due. What depends on time alone runs once in each moment, because what begins in one
    /// moment is due in a later one.
    fn tick(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let is_later = self.ticked.replace(turn.now) != Some(turn.now);
        if is_later {
            self.owners.follow_clock(turn)?;
            self.end_overdue(turn)?;
            self.end_silent(turn)?;
            self.move_stalled(turn)?;
            self.owners.tell_read(turn)?;
            self.owners.people.tick(&mut self.owners.account, turn)?;
            self.owners.expire_due(turn)?;
            self.owners.forget_unheard(turn)?;
            self.owners.write_seen(turn)?;
        }
        self.owners.renew_relay_names(turn)?;
        let view = View::of(
            &self.owners.account,
            &self.owners.people,
            &self.owners.sessions,
        );
        self.owners
            .reach
            .tick(turn, view, &self.links, !self.owners.stopping);
        if is_later {
            self.propose_overdue(turn)?;
        }
        self.tick_courier(turn)?;
        self.run_errands(turn, None)
    }

    /// Whether the engine has work to do without input.
    fn is_behind(&self) -> bool {
        let couriering = self.owners.couriering.as_ref();
        self.links.is_behind()
            || !self.imports.is_empty()
            || couriering.is_some_and(|it| it.is_behind())
    }

    fn next_wake_ms(&self, now: Now) -> Option<u64> {
        let view = View::of(
            &self.owners.account,
            &self.owners.people,
            &self.owners.sessions,
        );
        [
            self.links.next_wake_ms(),
            self.owners.receipts.next_wake_ms(),
            self.owners.people.next_wake_ms(now),
            self.owners.groups.next_wake_ms(now),
            self.owners.groups.next_seen_ms(),
            self.owners.turns.next_wake_ms(),
            self.owners.reach.next_wake_ms(now, view),
            self.next_proposal_ms(now),
            self.owners.waiting.due_ms(),
            self.owners.disappearing.next_wake_ms(now),
            self.owners
                .couriering
                .as_ref()
                .and_then(|it| it.next_wake_ms()),
        ]
        .into_iter()
        .flatten()
        .min()
        .map(|wake| wake.max(now.mono_ms + 1))
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("contacts", &self.owners.people.contacts.len())
            .field("links", &self.links.by_id.len())
            .finish_non_exhaustive()
    }
}
