//! What a search is narrowed to: a person, a span of days, a kind.

use hedgerow_node::api::{ContactId, ConversationId, Search, SearchKind};

use super::calendar::Calendar;
use super::context::Context;

/// What a search is narrowed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    /// Who wrote it.
    pub author: WrittenBy,
    /// When it was written.
    pub span: WrittenWhen,
    /// What it has, which can be looked for without words. `None`: anything.
    pub thing: Option<SearchKind>,
}

/// Who wrote what is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum WrittenBy {
    /// Anybody.
    #[default]
    Anyone,
    /// We did.
    Me,
    /// This contact.
    Contact(ContactId),
}

/// When what is looked for was written, in days of the user's time zone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WrittenWhen {
    /// At any time.
    #[default]
    Any,
    /// Today.
    Today,
    /// Today, or on one of the 6 days before.
    Week,
    /// Today, or on one of the 29 days before.
    Month,
    /// Today, or on one of the 364 days before.
    Year,
    /// Before all of these.
    Older,
}

/// A contact by whom a search can be narrowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    /// Its id.
    pub id: ContactId,
    /// Its name.
    pub name: String,
}

/// The days before today in the longest span.
const YEAR: u16 = 364;

impl Filters {
    /// Narrows a search.
    pub(super) fn narrow(&self, search: &mut Search, calendar: &Calendar) {
        search.mine = self.author == WrittenBy::Me;
        search.from = match &self.author {
            WrittenBy::Contact(id) => Some(id.clone()),
            WrittenBy::Anyone | WrittenBy::Me => None,
        };
        let since = |days| Some(calendar.days_ago_ms(days));
        (search.since_ms, search.until_ms) = match self.span {
            WrittenWhen::Any => (None, None),
            WrittenWhen::Today => (since(0), None),
            WrittenWhen::Week => (since(6), None),
            WrittenWhen::Month => (since(29), None),
            WrittenWhen::Year => (since(YEAR), None),
            WrittenWhen::Older => (None, since(YEAR)),
        };
        search.kind = self.thing.or(search.kind);
    }
}

/// Who else writes in a conversation, or in any, by name.
pub(super) fn writers(conversation: Option<&ConversationId>, context: &Context) -> Vec<Writer> {
    let known = conversation.and_then(|id| context.conversations.get(id));
    let is_there = |id| known.is_none_or(|known| known.conversation.members.contains(id));
    let contacts = context.contacts.iter();
    let mut writers: Vec<_> = contacts
        .filter(|contact| is_there(&contact.id))
        .map(|contact| Writer {
            id: contact.id.clone(),
            name: context.contacts.name_of(&contact.id),
        })
        .collect();
    writers.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    writers
}
