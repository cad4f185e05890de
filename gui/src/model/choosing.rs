//! Choosing among contacts, of those who are to be invited into a group.

use std::collections::BTreeSet;

use hedgerow_node::api::ContactId;

use super::context::Context;
use super::face::Face;

/// The longest filter, in characters.
const MAX_FILTER: usize = 64;

/// A list of contacts, of which some are chosen.
#[derive(Clone, Default)]
pub struct Choosing {
    /// Only contacts with names like this are shown.
    pub filter: String,
    /// Those to choose from, by name.
    pub candidates: Vec<Candidate>,
    /// The chosen ones, shown or not.
    pub chosen: BTreeSet<ContactId>,
    /// There is nobody to choose, whatever the filter.
    pub is_empty: bool,
    /// Who is not to be chosen.
    pub(super) except: BTreeSet<ContactId>,
}

/// A contact to choose.
#[derive(Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub id: ContactId,
    /// How it is shown.
    pub face: Face,
    /// Whether it is chosen.
    pub chosen: bool,
}

impl Choosing {
    /// Shows only names like this.
    pub(super) fn find(&mut self, filter: &str, context: &Context) {
        self.filter = filter.chars().take(MAX_FILTER).collect();
        self.draw(context);
    }

    /// Chooses a contact, or does not choose it any more.
    pub(super) fn choose(&mut self, id: ContactId, context: &Context) {
        if !self.chosen.remove(&id) {
            self.chosen.insert(id);
        }
        self.draw(context);
    }

    /// Takes over what is known of the contacts.
    pub(super) fn draw(&mut self, context: &Context) {
        let filter = self.filter.trim().to_lowercase();
        let except = &self.except;
        let possible = || {
            let known = context.contacts.iter();
            known.filter(|contact| !contact.blocked && !except.contains(&contact.id))
        };
        self.chosen
            .retain(|id| possible().any(|contact| contact.id == *id));
        self.is_empty = possible().next().is_none();
        let mut candidates: Vec<_> = possible()
            .map(|contact| Candidate {
                id: contact.id.clone(),
                face: Face::of(contact, &context.calendar),
                chosen: self.chosen.contains(&contact.id),
            })
            .filter(|one| one.face.name.to_lowercase().contains(&filter))
            .collect();
        let key = |one: &Candidate| (one.face.name.to_lowercase(), one.id.clone());
        candidates.sort_by_key(key);
        self.candidates = candidates;
    }
}
