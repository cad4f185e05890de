//! What is known of each contact, as the node last told it.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::api::{Contact, ContactId, Conversation};

use super::face;

/// Everybody who is known.
#[derive(Default)]
pub(super) struct Contacts(BTreeMap<ContactId, Contact>);

impl Contacts {
    pub fn get(&self, id: &ContactId) -> Option<&Contact> {
        self.0.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Contact> {
        self.0.values()
    }

    /// The members of a conversation, as far as they are known.
    pub fn members<'a>(
        &'a self,
        conversation: &'a Conversation,
    ) -> impl Iterator<Item = &'a Contact> {
        conversation.members.iter().filter_map(|id| self.get(id))
    }

    /// The name of a contact, as it is shown; empty for one that is not known.
    pub fn name_of(&self, id: &ContactId) -> String {
        self.get(id).map_or_else(String::new, face::name)
    }

    /// Takes over what the node tells.
    pub fn learn(&mut self, contact: Contact) {
        self.0.insert(contact.id.clone(), contact);
    }

    /// Forgets a contact, and gives out what was known of it.
    pub fn forget(&mut self, id: &ContactId) -> Option<Contact> {
        self.0.remove(id)
    }

    /// Forgets all others.
    pub fn retain(&mut self, there: &BTreeSet<ContactId>) {
        self.0.retain(|id, _| there.contains(id));
    }
}
