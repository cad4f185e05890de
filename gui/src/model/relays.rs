//! The relays: which ones are used, how each is, and adding one.

use hedgerow_node::api::{Call, Private, Refusal, RelayCondition, RelayStatus, visible};

use super::dialog::Dialog;
use super::outcome::{Outcome, concerns_everything};

/// The longest address that is looked at, in bytes.
const MAX_ADDRESS: usize = 1_024;

/// What a person does with relays.
#[derive(Clone)]
pub enum RelaysAction {
    /// The address of a relay, being typed or pasted.
    RelayAddress(String),
    /// Add it.
    AddRelay,
    /// Use a relay that others offer.
    UseRelay(String),
    /// Use a relay no more (asks first).
    RemoveRelay(String),
}

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

    /// The relay is used, or not.
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
