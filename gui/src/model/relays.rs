//! The relays that the user has added or that others offer, and their states.

use hedgerow_node::api::{Call, Private, Refusal, RelayCondition, RelayStatus, visible};

use super::dialog::Dialog;
use super::outcome::{Outcome, concerns_everything};

/// The longest address that we look at, in bytes.
const MAX_ADDRESS: usize = 1_024;

/// What a person does with relays.
#[derive(Clone)]
pub enum RelaysAction {
    /// The user has typed or pasted this address of a relay.
    RelayAddress(String),
    /// Add the typed relay.
    AddRelay,
    /// Add a relay that others offer.
    UseRelay(String),
    /// Remove a relay (asks first).
    RemoveRelay(String),
}

/// Everything about relays.
#[derive(Default)]
pub struct Relays {
    /// The relays in use, and then those that others offer.
    pub rows: Vec<RelayRow>,
    /// The typed or pasted address.
    pub address: String,
    /// Whether a request to add one is under way.
    pub busy: bool,
    /// Why the node refused the last one.
    pub problem: Option<Refusal>,
}

/// A relay.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayRow {
    /// Its address, by which the node knows it.
    pub address: String,
    /// Its address on screen.
    pub shown: String,
    /// Whether it is ready, or why not.
    pub condition: RelayCondition,
}

impl Relays {
    /// Whether the typed address can be sent to the node.
    pub fn may_add(&self) -> bool {
        !self.address.trim().is_empty() && !self.busy
    }

    /// Whether any relay is in use, and not only offered.
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

    pub(super) fn act(&mut self, action: RelaysAction) -> Option<Outcome> {
        match action {
            RelaysAction::RelayAddress(mut address) => {
                address.truncate(address.floor_char_boundary(MAX_ADDRESS));
                self.address = address;
                self.problem = None;
                None
            }
            RelaysAction::AddRelay if self.may_add() => {
                let address = self.address.trim().to_owned();
                self.act(RelaysAction::UseRelay(address))
            }
            RelaysAction::UseRelay(address) if !self.busy => {
                self.busy = true;
                self.problem = None;
                Some(Outcome::ask(Call::AddRelay(Private(address))))
            }
            RelaysAction::AddRelay | RelaysAction::UseRelay(_) => None,
            RelaysAction::RemoveRelay(address) => {
                let relay = self.rows.iter().find(|row| row.address == address)?;
                Some(Outcome::Show(Dialog::RemoveRelay(relay.clone())))
            }
        }
    }

    /// Handles the answer to a request to add a relay.
    pub(super) fn added(&mut self, answer: Result<(), Refusal>) -> Option<Outcome> {
        self.busy = false;
        match answer {
            Ok(()) => {
                self.address.clear();
                Some(Outcome::NetworkChanged)
            }
            Err(refusal) if concerns_everything(&refusal) => Some(Outcome::Refused(refusal)),
            Err(refusal) => {
                self.problem = Some(refusal);
                None
            }
        }
    }
}
