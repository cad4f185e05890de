//! The network page: what carries, and who is reached.

use hedgerow_node::api::{
    Carrier, CarrierCondition, ContactId, HostCall, Status, Traffic, Why, visible,
};

use super::app::App;
use super::bluetooth::Bluetooth;
use super::calendar::When;
use super::chats;
use super::paths::Paths;
use super::place::{Pane, Place};
use super::relays::Relays;

/// While much changes, it is looked at this often.
const LOOK_EVERY_MS: u64 = 1_000;

/// What is counted all the time, as the use of a radio, is looked at this often.
const COUNT_EVERY_MS: u64 = 60_000;

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
    /// Messages not delivered.
    pub queued: u64,
    /// Why.
    pub why: Option<Why>,
    /// When it is tried again, where that is known.
    pub next: Option<When>,
}

impl App {
    /// Something about carriers or sessions has changed.
    pub(super) fn network_changed(&mut self) {
        self.network.stale = true;
        self.look_at_network();
    }

    /// Looks at the network, if the user does too, it has changed, and it is due.
    pub(super) fn look_at_network(&mut self) {
        let now_ms = self.now.monotonic_ms;
        if self.network_due_ms().is_some_and(|due| due <= now_ms) {
            self.network.stale = false;
            self.network.looked_ms = Some(now_ms);
            self.ask(HostCall::Status);
        }
    }

    /// When the network is to be looked at that waits for time alone.
    pub(super) fn network_due_ms(&self) -> Option<u64> {
        let is_shown = self.place == Place::Main(Pane::Network);
        let page = &self.network;
        let is_counted =
            |row: &CarrierRow| row.carrier == Carrier::Ble && row.condition == CarrierCondition::On;
        let every_ms = match page.stale {
            true => Some(LOOK_EVERY_MS),
            false => page
                .carriers
                .iter()
                .any(is_counted)
                .then_some(COUNT_EVERY_MS),
        };
        let every_ms = every_ms.filter(|_| is_shown)?;
        Some(page.looked_ms.map_or(0, |looked| looked + every_ms))
    }

    /// A carrier is on, or why not.
    pub(super) fn hear_carrier(&mut self, carrier: Carrier, condition: CarrierCondition) {
        let rows = &mut self.network.carriers;
        if let Some(row) = rows.iter_mut().find(|row| row.carrier == carrier) {
            row.condition = condition;
            row.on = condition != CarrierCondition::Off;
            self.changed.network = true;
        }
        self.network_changed();
    }

    /// Live state, as it is now.
    pub(super) fn hear_status(&mut self, status: &Status) {
        self.network.traffic = status.traffic;
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
        self.network.carriers = carriers.collect();
        self.network.bluetooth.know(status);
        self.network.relays.know(&status.relays);
        self.network.paths.know(&status.relay_paths);
        self.changed.network = true;
        if self.me.as_ref() != Some(&status.me) {
            if self.me.as_ref().is_none_or(|me| me.name.0 == self.own_name) {
                self.own_name = status.me.name.0.clone();
            }
            self.me = Some(status.me.clone());
            self.changed.node = true;
        }
    }

    /// Draws who is reached.
    pub(super) fn draw_network(&mut self) {
        let contacts = self.chats.known.values().map(|known| &known.contact);
        let mut people: Vec<_> = contacts
            .filter(|contact| !contact.blocked)
            .map(|contact| PersonRow {
                id: contact.id.clone(),
                name: chats::name(contact),
                reachable: contact.reachable,
                last_seen: contact.last_seen_ms.map(|seen| self.calendar.when(seen)),
                queued: contact.queued,
                why: contact.why,
                next: self.next_attempt(contact.why),
            })
            .collect();
        people.sort_by(|a, b| {
            let rank = |row: &PersonRow| (row.reachable.is_none(), row.queued == 0);
            (rank(a), &a.name, &a.id).cmp(&(rank(b), &b.name, &b.id))
        });
        self.changed.network |= people != self.network.people;
        self.network.queued = people.iter().map(|row| row.queued).sum();
        self.network.people = people;
    }

    /// When a message is tried again, where that is known.
    pub(super) fn next_attempt(&self, why: Option<Why>) -> Option<When> {
        match why {
            Some(Why::NoAnswer { next_ms }) => Some(self.calendar.when(next_ms)),
            _ => None,
        }
    }
}
