//! The relays: which ones are used, how each is, and adding one.

use hedgerow_node::api::{Call, Private, Refusal, RelayCondition, RelayStatus, visible};

use super::app::App;
use super::dialog::Dialog;

/// The longest address that is looked at, in bytes.
const MAX_ADDRESS: usize = 1_024;

/// Everything about relays.
#[derive(Default)]
pub struct Relays {
    /// Those that are used, and then those that others offer.
    pub rows: Vec<RelayRow>,
    /// The address that is typed or pasted.
    pub address: String,
    /// One is being added.
    pub busy: bool,
    /// Why the last one was not added.
    pub problem: Option<Refusal>,
}

/// A relay.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayRow {
    /// Its address, which the node knows it by.
    pub address: String,
    /// The same, as it is shown.
    pub shown: String,
    /// Ready, or why not.
    pub condition: RelayCondition,
}

impl Relays {
    /// The address can be given to the node.
    pub fn may_add(&self) -> bool {
        !self.address.trim().is_empty() && !self.busy
    }

    /// There is one that is used, and not only offered.
    pub fn is_any_used(&self) -> bool {
        let mut rows = self.rows.iter();
        rows.any(|row| row.condition != RelayCondition::Offered)
    }

    pub(super) fn know(&mut self, relays: &[RelayStatus]) {
        let rows = relays.iter().map(|relay| RelayRow {
            address: relay.address.0.clone(),
            shown: visible::label(&relay.address.0).unwrap_or_default(),
            condition: relay.state,
        });
        self.rows = rows.collect();
    }
}

impl App {
    /// The address of the relay to add is this now.
    pub(super) fn type_relay(&mut self, mut address: String) {
        address.truncate(address.floor_char_boundary(MAX_ADDRESS));
        let relays = &mut self.network.relays;
        relays.address = address;
        relays.problem = None;
        self.changed.network = true;
    }

    /// Adds the relay whose address is typed or pasted.
    pub(super) fn add_relay(&mut self) {
        if self.network.relays.may_add() {
            let address = self.network.relays.address.trim().to_owned();
            self.use_relay(address);
        }
    }

    /// Uses a relay.
    pub(super) fn use_relay(&mut self, address: String) {
        let relays = &mut self.network.relays;
        if !relays.busy {
            relays.busy = true;
            relays.problem = None;
            self.changed.network = true;
            self.ask(Call::AddRelay(Private(address)));
        }
    }

    /// The relay is used, or not.
    pub(super) fn hear_relay_added(&mut self, answer: Result<(), Refusal>) {
        let relays = &mut self.network.relays;
        relays.busy = false;
        self.changed.network = true;
        match answer {
            Ok(()) => {
                relays.address.clear();
                self.network_changed();
            }
            Err(refusal) => {
                if !self.refused_by_state(&refusal) {
                    self.network.relays.problem = Some(refusal);
                }
            }
        }
    }

    /// Asks whether to use a relay no more.
    pub(super) fn remove_relay(&mut self, address: String) {
        let mut rows = self.network.relays.rows.iter();
        if let Some(relay) = rows.find(|row| row.address == address).cloned() {
            self.ask_user(Dialog::RemoveRelay(relay));
        }
    }
}
