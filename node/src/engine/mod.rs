//! The engine: everything a node decides, as pure code driven by one function, [`pump`].
//!
//! | what | where |
//! | --- | --- |
//! | what happens, in batches | [`input`], `inputs` |
//! | what is asked of the world, after the commit | [`effects`], `outbox` |
//! | who we are, whom we know | `account`, `contact`, `device`, `fact`, `psk`, `replay`, `prekey` |
//! | links and sessions | `link`, `handshake`, `live`, `facts`, `psk_rotation`, `reconciling`, `silence` |
//! | the work of a turn, shared among links | `share` |
//! | meeting | `invitation`, `joining`, `meeting` |
//! | finding | `dialling`, `presence`, `unknown`, `announcing`, `relays`, `endpoint` |
//! | calls | `call`, `contacts`, `writing`, `status`, `delivery`, `carry`, `reading` |
//! | other people's bundles | `couriering`, `sealing`, `held`, [`bundle_event`] |
//! | conversations, read without the engine | [`conversation`] |
//!
//! State lives in the store; the engine keeps what it needs at hand of it in memory and writes through,
//! in the transaction of the batch. If that does not commit, the engine is dropped and opened again:
//! nothing was told to anyone.

mod account;
mod announcing;
#[cfg(test)]
mod attacks;
pub mod bundle_event;
mod call;
mod carry;
mod codec;
mod contact;
mod contacts;
pub mod conversation;
mod couriering;
mod delivery;
mod device;
mod dialling;
mod draft;
pub mod effects;
mod endpoint;
mod fact;
mod facts;
mod fault;
mod handshake;
mod held;
#[cfg(feature = "sized")]
mod hints;
pub mod input;
mod inputs;
pub mod introduction;
mod invitation;
mod items;
mod joining;
mod link;
mod live;
mod meeting;
#[cfg(feature = "sized")]
mod misused;
mod names;
mod outbox;
mod path_upgrade;
mod pending_events;
pub mod ports;
mod prekey;
mod presence;
mod psk;
mod psk_rotation;
mod reading;
mod reconciling;
mod relays;
mod replay;
mod rng;
mod sealing;
mod share;
mod silence;
mod start;
mod status;
pub mod synthetic;
mod unknown;
mod writing;

use std::cell::OnceCell;
use std::collections::{BTreeMap, VecDeque};

pub use account::MAX_NAME;
pub use bundle_event::BundleEvent;
pub use effects::Effects;
pub use input::{CallId, Input, Now};
pub use inputs::{Inputs, MAX_BATCH_INPUT_BYTES, MAX_BATCH_INPUTS};
pub use live::MOST_UNWRITTEN;
pub use share::TURN_WORK;
pub use start::OpenError;

use hedgerow_sync::id::{DeviceId, IdentityId, Incarnation};
use hedgerow_sync::metered::{Meter, Metered, MeteredReader};
use hedgerow_sync::store::{StorageError, Store, Txn};
use hedgerow_transport::carrier::{CarrierEvent, CarrierKind, CarrierState, LinkId};
use rand_core::CryptoRng;

use crate::api::Airtime;
use crate::store::erasure;
use account::Account;
use contact::Contact;
use couriering::Couriering;
use device::Device;
use dialling::Dialling;
use invitation::{InvitationKey, Made};
use joining::Joining;
use link::Link;
use names::Names;
use outbox::Outbox;
use path_upgrade::PathUpgrades;
use pending_events::PendingEvents;
use prekey::Prekey;
use presence::Presence;
use relays::Relays;
use status::TrafficCount;

/// When to be called again without input, in monotonic milliseconds; `None`: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NextWake(pub Option<u64>);

/// Everything a node knows at hand, and decides with.
pub struct Engine {
    account: Account,
    /// By number; the last is the newest.
    prekeys: BTreeMap<u32, Prekey>,
    contacts: BTreeMap<IdentityId, Contact>,
    /// Who shares a name with whom, once somebody has asked.
    names: OnceCell<Names>,
    devices: BTreeMap<DeviceId, Device>,
    invitations: BTreeMap<InvitationKey, Made>,
    joinings: BTreeMap<InvitationKey, Joining>,
    carriers: BTreeMap<CarrierKind, Carrier>,
    links: BTreeMap<LinkId, Link>,
    /// The link of the session with each device that has one.
    sessions: BTreeMap<DeviceId, LinkId>,
    /// Links on which more has arrived than is taken in; each in its turn.
    behind: VecDeque<LinkId>,
    /// Links whose first flight waits to be looked at.
    strangers: VecDeque<LinkId>,
    /// Refused dials in a row, where sessions have come about before or a beacon was seen.
    refusals: BTreeMap<DeviceId, u32>,
    /// Devices whose record has grown since it was saved, and when it is to be saved.
    unsaved: BTreeMap<DeviceId, u64>,
    dialling: Dialling,
    path_upgrades: PathUpgrades,
    presence: Presence,
    relays: Relays,
    /// What sized first flights are recognised by.
    #[cfg(feature = "sized")]
    hints: hints::Hints,
    traffic: TrafficCount,
    pending: PendingEvents,
    /// Other people's bundles, if this node carries any.
    couriering: Option<Box<Couriering>>,
    /// No link is begun or accepted any more.
    stopping: bool,
    /// The moment in which what time alone brings was looked at last.
    ticked: Option<Now>,
}

/// What is known of a carrier.
#[derive(Debug, Clone)]
struct Carrier {
    state: CarrierState,
    addresses: Vec<hedgerow_transport::carrier::Address>,
    airtime: Option<Airtime>,
}

/// What one batch works with.
struct Turn<'a> {
    txn: &'a mut dyn Txn,
    /// Counts what is done, above all in `txn`.
    meter: &'a Meter,
    now: Now,
    rng: &'a mut dyn CryptoRng,
    out: &'a mut Outbox,
}

impl Turn<'_> {
    /// A text or a secret in a row that stays was overwritten, and must not be found on the disk for long. Rows that
    /// are removed need no call.
    fn erased(&mut self) -> Result<(), StorageError> {
        erasure::note(self.txn, self.now.wall_ms.max(0) as u64)
    }
}

/// Takes the next batch of inputs into one transaction, as far as the work of a turn goes, commits it, lets its
/// effects happen, and fills
/// what is queued into links. Call it when there is input, and when the time it gave last has come.
///
/// # Errors
/// The store failed; nothing of the batch was told to anyone. Drop the engine and open it anew.
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
    let meter = Meter::new();
    store.write(|txn| {
        let mut erasing = erasure::Erasing::new(txn, now.wall_ms);
        let mut turn = Turn {
            txn: &mut Metered::new(&mut erasing, &meter),
            meter: &meter,
            now,
            rng,
            out: &mut out,
        };
        engine.catch_up_first(&mut turn)?;
        for input in batch {
            engine.take(&mut turn, input)?;
        }
        engine.look_at_strangers(&mut turn)?;
        engine.catch_up(&mut turn)?;
        engine.tick(&mut turn)?;
        engine.emit_events(&mut turn)
    })?;
    out.release(effects);
    let (meter, mut more) = (Meter::new(), true);
    while more && meter.spent() < TURN_WORK {
        more = store.read(|reader| engine.fill(&MeteredReader::new(reader, &meter), &mut out))?;
        out.release(effects);
    }
    if more || !inputs.is_empty() || !engine.strangers.is_empty() || engine.is_behind() {
        return Ok(NextWake(Some(now.mono_ms)));
    }
    Ok(NextWake(engine.next_wake_ms(now)))
}

impl Engine {
    /// This opening of the store.
    pub fn incarnation(&self) -> Incarnation {
        self.account.incarnation
    }

    fn take(&mut self, turn: &mut Turn<'_>, input: Input) -> Result<(), StorageError> {
        match input {
            Input::Call(id, call) => self.call(turn, id, call),
            Input::Carrier(carrier, event) => self.carrier(turn, carrier, event),
            Input::Load { to, length, id } => self.load(turn, &to, length, id),
            Input::Stop => self.stop(turn),
        }
    }

    fn carrier(
        &mut self,
        turn: &mut Turn<'_>,
        kind: CarrierKind,
        event: CarrierEvent,
    ) -> Result<(), StorageError> {
        match event {
            CarrierEvent::State(state) => self.carrier_state(turn, kind, state),
            CarrierEvent::Addresses(addresses) => self.carrier_addresses(turn, kind, addresses),
            CarrierEvent::Up {
                link,
                dial,
                from: _,
            } => match dial {
                None => self.link_up(turn, kind, link, None),
                Some(dial) => match self.dialling.up(dial) {
                    Some(attempt) => self.link_up(turn, kind, link, Some(attempt)),
                    None => {
                        turn.out.end(link, hedgerow_transport::carrier::Ending::Now);
                        Ok(())
                    }
                },
            },
            CarrierEvent::DialFailed { dial } => {
                let failed = self.dialling.failed(dial, turn.now.mono_ms, turn.rng);
                if let Some((attempt, round_over)) = failed {
                    self.round_ended(turn, &attempt, round_over);
                }
                Ok(())
            }
            CarrierEvent::Bytes { link, bytes } => self.link_bytes(turn, link, bytes),
            CarrierEvent::Written { link, bytes } => {
                if let Some(link) = self.links.get_mut(&link) {
                    link.written(bytes, turn.now.mono_ms);
                }
                Ok(())
            }
            CarrierEvent::Down { link } => self.link_down(turn, link),
            CarrierEvent::Port { network, port } => ports::remember(turn.txn, &network, port),
            CarrierEvent::Relay { at, state } => {
                self.relay_state(at, state);
                Ok(())
            }
            CarrierEvent::BetterPath { link, at } => {
                self.better_path(turn, link, at);
                Ok(())
            }
            CarrierEvent::Airtime {
                over_ms,
                listened_ms,
                announced_ms,
            } => {
                let airtime = Airtime::of(over_ms, listened_ms, announced_ms);
                if let Some(carrier) = self.carriers.get_mut(&kind) {
                    carrier.airtime = airtime;
                }
                Ok(())
            }
            CarrierEvent::Beacon { beacon, at } => {
                self.beacon_seen(turn, kind, beacon, at);
                Ok(())
            }
        }
    }

    /// What time brings: what it brings alone, once in a moment, since whatever begins in one is due later.
    fn tick(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let is_later = self.ticked.replace(turn.now) != Some(turn.now);
        if is_later {
            self.follow_clock(turn)?;
            self.end_overdue(turn)?;
            self.end_silent(turn)?;
            self.save_devices(turn)?;
            self.end_invitations(turn)?;
            self.renew_prekey(turn)?;
        }
        self.renew_relay_names(turn)?;
        self.set_relays(turn);
        self.announce(turn);
        self.recognise_beacons(turn);
        self.search_beacons(turn);
        if !self.stopping {
            self.start_dials(turn);
        }
        self.improve_sessions(turn);
        if is_later {
            self.propose_overdue(turn)?;
        }
        self.tick_courier(turn)
    }

    fn next_wake_ms(&self, now: Now) -> Option<u64> {
        [
            self.next_deadline_ms(),
            self.next_silence_ms(),
            self.unsaved.values().min().copied(),
            self.dialling.next_wake_ms(),
            self.path_upgrades.next_wake_ms(),
            self.presence.next_wake_ms(now, || self.is_anybody_unseen()),
            self.next_invitation_end_ms(now),
            self.next_proposal_ms(now),
            self.next_courier_ms(),
            self.next_relay_name_ms(now),
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
            .field("contacts", &self.contacts.len())
            .field("links", &self.links.len())
            .finish_non_exhaustive()
    }
}
