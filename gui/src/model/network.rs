//! The network page: what carries, and who is reached.

use std::mem::take;

use hedgerow_node::api::{
    Call, Carrier, CarrierCondition, ContactId, HostCall, Refusal, RelayPaths, Status, Traffic,
    Why, visible,
};

use super::bluetooth::{Bluetooth, BluetoothAction};
use super::calendar::When;
use super::context::Context;
use super::face;
use super::outcome::Outcome;
use super::paths::{Paths, PathsAction};
use super::place::Pane;
use super::relays::{Relays, RelaysAction};

/// While much changes, it is looked at this often.
const LOOK_EVERY_MS: u64 = 1_000;

/// What is counted all the time, as the use of a radio, is looked at this often.
const COUNT_EVERY_MS: u64 = 60_000;

/// What a person does on the network page.
#[derive(Clone)]
pub enum NetworkAction {
    /// Switch a carrier.
    SwitchCarrier(Carrier, bool),
    /// Announce this device, or only look.
    AnnounceOver(Carrier, bool),
    /// What there is to Bluetooth besides its carrier.
    Bluetooth(BluetoothAction),
    /// What there is to relays besides their carrier.
    Relays(RelaysAction),
    /// How relays are reached.
    Paths(PathsAction),
}

/// The page.
#[derive(Default)]
pub struct NetworkPage {
    /// Every carrier.
    pub carriers: Vec<CarrierRow>,
    /// Every contact that is not blocked: those who are reached first.
    pub people: Vec<PersonRow>,
    /// What has travelled since the node started.
    pub traffic: Traffic,
    /// Messages of ours not delivered.
    pub queued: u64,
    /// What there is to Bluetooth besides its carrier.
    pub bluetooth: Bluetooth,
    /// What there is to relays besides their carrier.
    pub relays: Relays,
    /// How they are reached.
    pub paths: Paths,
    looked_ms: Option<u64>,
    stale: bool,
    changed: bool,
}

/// A carrier.
#[derive(Clone, PartialEq, Eq)]
pub struct CarrierRow {
    /// Which.
    pub carrier: Carrier,
    /// The user has it switched on.
    pub on: bool,
    /// On, or why not.
    pub condition: CarrierCondition,
    /// This device is announced there.
    pub announcing: bool,
    /// Sessions over it.
    pub sessions: u32,
    /// Addresses at which contacts find this device.
    pub addresses: Vec<String>,
}

/// A contact, as far as the network goes.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Who.
    pub id: ContactId,
    /// The name to show.
    pub name: String,
    /// Over which carrier there is a session now.
    pub reachable: Option<Carrier>,
    /// When a session was last up.
    pub last_seen: Option<When>,
    /// Messages of the direct chat that are not delivered.
    pub queued: u64,
    /// Why.
    pub why: Option<Why>,
    /// When it is tried again, where that is known.
    pub next: Option<When>,
}

impl NetworkPage {
    pub(super) fn act(&mut self, action: NetworkAction) -> Option<Outcome> {
        self.changed = true;
        match action {
            NetworkAction::SwitchCarrier(carrier, on) => {
                Some(Outcome::ask(Call::SwitchCarrier(carrier, on)))
            }
            NetworkAction::AnnounceOver(carrier, announcing) => {
                Some(Outcome::ask(Call::AnnounceOver(carrier, announcing)))
            }
            NetworkAction::Bluetooth(action) => self.bluetooth.act(action),
            NetworkAction::Relays(action) => self.relays.act(action),
            NetworkAction::Paths(action) => self.paths.act(action),
        }
    }

    /// A relay was added, or not.
    pub(super) fn relay_added(&mut self, answer: Result<(), Refusal>) -> Option<Outcome> {
        self.changed = true;
        self.relays.added(answer)
    }

    /// The node has taken a way to relays, or not.
    pub(super) fn paths_set(
        &mut self,
        wanted: &RelayPaths,
        answer: Result<(), Refusal>,
    ) -> Option<Outcome> {
        self.changed = true;
        self.paths.taken(wanted, answer)
    }

    /// Something about carriers or sessions has changed.
    pub(super) fn look(&mut self) {
        self.stale = true;
    }

    /// When the page is to be looked at again: it is in view, and has changed or counts.
    pub(super) fn due_ms(&self, context: &Context) -> Option<u64> {
        let is_counted =
            |row: &CarrierRow| row.carrier == Carrier::Ble && row.condition == CarrierCondition::On;
        let every_ms = match self.stale {
            true => LOOK_EVERY_MS,
            false if self.carriers.iter().any(is_counted) => COUNT_EVERY_MS,
            false => return None,
        };
        let due_ms = self.looked_ms.map_or(0, |looked| looked + every_ms);
        context.shows(Pane::Network).then_some(due_ms)
    }

    /// Looks again, if that is due.
    pub(super) fn settle(&mut self, context: &Context) -> Option<Outcome> {
        let now_ms = context.now.monotonic_ms;
        let is_due = self.due_ms(context).is_some_and(|due| due <= now_ms);
        is_due.then(|| {
            self.stale = false;
            self.looked_ms = Some(now_ms);
            Outcome::ask(HostCall::Status)
        })
    }

    /// A carrier is on, or why not.
    pub(super) fn know_carrier(&mut self, carrier: Carrier, condition: CarrierCondition) {
        let mut rows = self.carriers.iter_mut();
        if let Some(row) = rows.find(|row| row.carrier == carrier) {
            row.condition = condition;
            row.on = condition != CarrierCondition::Off;
            self.changed = true;
        }
        self.stale = true;
    }

    /// Live state, as it is now.
    pub(super) fn know(&mut self, status: &Status) {
        self.traffic = status.traffic;
        let carriers = status.carriers.iter().map(|carrier| CarrierRow {
            carrier: carrier.carrier,
            on: carrier.state != CarrierCondition::Off,
            condition: carrier.state,
            announcing: carrier.announcing,
            sessions: carrier.sessions,
            addresses: carrier
                .addresses
                .iter()
                .filter_map(|address| visible::label(&address.0))
                .collect(),
        });
        self.carriers = carriers.collect();
        self.bluetooth.know(status);
        self.relays.know(&status.relays);
        self.paths.know(&status.relay_paths);
        self.changed = true;
    }

    /// Draws who is reached.
    pub(super) fn draw(&mut self, context: &Context) {
        let contacts = context.contacts.iter();
        let mut people: Vec<_> = contacts
            .filter(|contact| !contact.blocked)
            .map(|contact| {
                let chat = context.conversations.get(&contact.conversation);
                let chat = chat.map(|known| &known.conversation);
                let why = chat.and_then(|chat| chat.why);
                PersonRow {
                    id: contact.id.clone(),
                    name: face::name(contact),
                    reachable: contact.reachable,
                    last_seen: contact.last_seen_ms.map(|seen| context.calendar.when(seen)),
                    queued: chat.map_or(0, |chat| chat.queued),
                    why,
                    next: context.next_attempt(why),
                }
            })
            .collect();
        people.sort_by(|a, b| {
            let rank = |row: &PersonRow| (row.reachable.is_none(), row.queued == 0);
            (rank(a), &a.name, &a.id).cmp(&(rank(b), &b.name, &b.id))
        });
        self.changed |= people != self.people;
        let waiting = context
            .conversations
            .iter()
            .map(|known| &known.conversation);
        let waiting = waiting.filter(|conversation| !context.is_blocked(conversation));
        self.queued = waiting.map(|conversation| conversation.queued).sum();
        self.people = people;
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }
}
