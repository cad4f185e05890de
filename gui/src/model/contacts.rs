//! What is known of each contact and the conversation with it, as the node last told it.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::api::{Contact, ContactId, Message};

use super::face;
use super::update::Chat;

/// Everybody who is known.
#[derive(Default)]
pub(super) struct Contacts(BTreeMap<ContactId, Known>);

/// What is known of a contact.
#[derive(Clone)]
pub(super) struct Known {
    pub contact: Contact,
    pub newest: Option<Message>,
    /// What is being written there.
    pub draft: String,
}

impl Contacts {
    pub fn get(&self, id: &ContactId) -> Option<&Known> {
        self.0.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Known> {
        self.0.values()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The name of a contact, as it is shown; empty for one that is not known.
    pub fn name_of(&self, id: &ContactId) -> String {
        let known = self.get(id);
        known.map_or_else(String::new, |known| face::name(&known.contact))
    }

    /// How many messages of a contact are unread, if it is known.
    pub fn unread_of(&self, id: &ContactId) -> Option<u64> {
        self.get(id).map(|known| known.contact.unread)
    }

    /// Takes over what the node tells. What is being written in the `open` conversation is newer than what was kept.
    pub fn learn(&mut self, chat: Chat, open: Option<&ContactId>) {
        let id = chat.contact.id.clone();
        let before = self.0.remove(&id);
        let kept = chat.contact.draft.as_ref().map_or("", |draft| &draft.0);
        let draft = match before {
            Some(before) if open == Some(&id) => before.draft,
            _ => kept.to_owned(),
        };
        let known = Known {
            draft,
            newest: chat.newest,
            contact: chat.contact,
        };
        self.0.insert(id, known);
    }

    /// This is being written to a contact. Says whether it is known.
    pub fn set_draft(&mut self, id: &ContactId, draft: String) -> bool {
        let known = self.0.get_mut(id);
        known.map(|known| known.draft = draft).is_some()
    }

    pub fn forget(&mut self, id: &ContactId) {
        self.0.remove(id);
    }

    /// Forgets all others.
    pub fn retain(&mut self, there: &BTreeSet<ContactId>) {
        self.0.retain(|id, _| there.contains(id));
    }
}
