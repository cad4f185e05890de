//! The network page: carriers, and who is reachable.

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

/// The shortest interval between two looks while much changes.
const LOOK_EVERY_MS: u64 = 1_000;

/// The interval of looks at what the node counts all the time, like the use of a radio.
const COUNT_EVERY_MS: u64 = 60_000;

/// What a person does on the network page.
#[derive(Clone)]
pub enum NetworkAction {
    /// Switch a carrier.
    SwitchCarrier(Carrier, bool),
    /// Announce this device over a carrier, or only look for others.
    AnnounceOver(Carrier, bool),
    /// An action about Bluetooth.
    Bluetooth(BluetoothAction),
    /// An action about relays.
    Relays(RelaysAction),
    /// An action about the paths to relays.
    Paths(PathsAction),
}

/// The page.
#[derive(Default)]
pub struct NetworkPage {
    /// Every carrier.
    pub carriers: Vec<CarrierRow>,
    /// Every contact that is not blocked, those with a session first.
    pub people: Vec<PersonRow>,
    /// The traffic since the node started.
    pub traffic: Traffic,
    /// The number of our messages that are not delivered.
    pub queued: u64,
    /// The state of Bluetooth beside that of its carrier.
    pub bluetooth: Bluetooth,
    /// The state of relays beside that of their carrier.
    pub relays: Relays,
    /// The paths to relays.
    pub paths: Paths,
    looked_ms: Option<u64>,
    stale: bool,
    changed: bool,
}

/// A carrier.
#[derive(Clone, PartialEq, Eq)]
pub struct CarrierRow {
    /// The carrier.
    pub carrier: Carrier,
    /// Whether the user has it switched on.
    pub on: bool,
    /// Whether it works, or why not.
    pub condition: CarrierCondition,
    /// Whether it announces this device.
    pub announcing: bool,
    /// The number of sessions over it.
    pub sessions: u32,
    /// Addresses at which contacts find this device.
    pub addresses: Vec<String>,
}

/// A contact on the network page.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Its id.
    pub id: ContactId,
    /// The name to show.
    pub name: String,
    /// The carrier of the present session, if there is one.
    pub reachable: Option<Carrier>,
    /// When a session was last up.
    pub last_seen: Option<When>,
    /// The number of messages of the direct chat that are not delivered.
    pub queued: u64,
    /// Why they are not delivered.
    pub why: Option<Why>,
    /// When the node next tries, if that is known.
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

    /// Handles the answer to a request to add a relay.
    pub(super) fn relay_added(&mut self, answer: Result<(), Refusal>) -> Option<Outcome> {
        self.changed = true;
        self.relays.added(answer)
    }

    /// Handles the answer to a choice of paths.
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

    /// When to ask for the page's state again: while the page is in view, after a change or for what the node counts.
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

    /// Asks for the page's state again if that is due.
    pub(super) fn settle(&mut self, context: &Context) -> Option<Outcome> {
        let now_ms = context.now.monotonic_ms;
        let is_due = self.due_ms(context).is_some_and(|due| due <= now_ms);
        is_due.then(|| {
            self.stale = false;
            self.looked_ms = Some(now_ms);
            Outcome::ask(HostCall::Status)
        })
    }

    /// Takes over whether a carrier works.
    pub(super) fn know_carrier(&mut self, carrier: Carrier, condition: CarrierCondition) {
        let mut rows = self.carriers.iter_mut();
        if let Some(row) = rows.find(|row| row.carrier == carrier) {
            row.condition = condition;
            row.on = condition != CarrierCondition::Off;
            self.changed = true;
        }
        self.stale = true;
    }

    /// Takes over the live state.
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

    /// Draws who is reachable.
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
