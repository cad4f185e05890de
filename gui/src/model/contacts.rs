//! What the node last told about each contact.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::api::{Contact, ContactId, Conversation, Feature};

use super::face;

/// All known contacts.
#[derive(Default)]
pub(super) struct Contacts(BTreeMap<ContactId, Contact>);

impl Contacts {
    pub fn get(&self, id: &ContactId) -> Option<&Contact> {
        self.0.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Contact> {
        self.0.values()
    }

    /// The known members of a conversation.
    pub fn members<'a>(
        &'a self,
        conversation: &'a Conversation,
    ) -> impl Iterator<Item = &'a Contact> {
        conversation.members.iter().filter_map(|id| self.get(id))
    }

    /// The name of a contact on screen; empty for an unknown one.
    pub fn name_of(&self, id: &ContactId) -> String {
        self.get(id).map_or_else(String::new, face::name)
    }

    /// The names of those who have no device that can show this; empty if nobody.
    pub fn without(&self, members: &[ContactId], feature: Feature) -> String {
        let members = members.iter().filter_map(|id| self.get(id));
        let without = members.filter(|member| member.cannot_show.contains(&feature));
        without.map(face::name).collect::<Vec<_>>().join(", ")
    }

    /// Takes over what the node tells.
    pub fn learn(&mut self, contact: Contact) {
        self.0.insert(contact.id.clone(), contact);
    }

    /// Forgets a contact. Gives what was known about it.
    pub fn forget(&mut self, id: &ContactId) -> Option<Contact> {
        self.0.remove(id)
    }

    /// Forgets all others.
    pub fn retain(&mut self, there: &BTreeSet<ContactId>) {
        self.0.retain(|id, _| there.contains(id));
    }
}
