//! The question before we object to being suspended from a group, which takes the passphrase.

use hedgerow_node::api::{ConversationId, HostCall, Passphrase, Refusal};

use super::outcome::Outcome;

/// What is asked before we object.
#[derive(Clone)]
pub struct Objecting {
    /// The group.
    pub group: ConversationId,
    /// The node is at it.
    pub busy: bool,
    /// Why the node refused.
    pub problem: Option<Refusal>,
    passphrase: Passphrase,
}

impl Objecting {
    pub(super) fn new(group: ConversationId) -> Self {
        Self {
            group,
            busy: false,
            problem: None,
            passphrase: Passphrase::new(String::new()),
        }
    }

    /// The user has typed this passphrase.
    pub(super) fn type_passphrase(&mut self, passphrase: Passphrase) {
        self.passphrase = passphrase;
        self.problem = None;
    }

    /// Objects, if there is a passphrase.
    pub(super) fn agreed(&mut self) -> Option<Outcome> {
        if self.busy || self.passphrase.is_empty() {
            return None;
        }
        self.busy = true;
        let (group, passphrase) = (self.group.clone(), self.passphrase.clone());
        Some(Outcome::ask(HostCall::Object(group, passphrase)))
    }

    /// The node has refused it.
    pub(super) fn refused(&mut self, refusal: Refusal) {
        self.busy = false;
        self.problem = Some(refusal);
    }
}
