//! How a contact or a conversation looks in the list, above its messages, and on its page.

use hedgerow_node::api::{
    Carrier, Contact, Conversation, ConversationKind, GroupStanding, GroupState, Notice, visible,
};

use super::calendar::{Calendar, When};
use super::context::Context;

/// The name, picture and state of a contact or a conversation.
#[derive(Clone, PartialEq, Eq)]
pub struct Face {
    /// The name to show.
    pub name: String,
    /// The first letters of the name.
    pub initials: String,
    /// A colour of its own, 0 to 359.
    pub hue: u16,
    /// The two have met in person, or the user has compared the safety words.
    pub verified: bool,
    /// Notes to oneself.
    pub notes: bool,
    /// Nobody takes part beside us.
    pub alone: bool,
    /// Blocked by us: nothing can be sent.
    pub blocked: bool,
    /// What is left of a chat with a contact whom we removed: nobody can be written to.
    pub former: bool,
    /// Of a group: how many are in, and how we stand in it.
    pub group: Option<GroupState>,
    /// Something the user must know.
    pub notice: Option<Notice>,
    /// The name shown before the contact gave itself another one, until the user has decided.
    pub former_name: Option<String>,
    /// The carrier of the present session, if there is one.
    pub reachable: Option<Carrier>,
    /// When a session was last up.
    pub last_seen: Option<When>,
}

impl Face {
    /// Something can be written there.
    pub fn takes_messages(&self) -> bool {
        let is_in = |group: GroupState| {
            matches!(group.standing, GroupStanding::Member | GroupStanding::Admin)
        };
        !self.blocked && !self.former && self.group.is_none_or(is_in)
    }

    pub(super) fn of(contact: &Contact, calendar: &Calendar) -> Self {
        let former = contact.former_name.as_ref();
        Self {
            initials: initials(&plain_name(contact)),
            name: name(contact),
            hue: hue(&contact.id.0),
            verified: contact.verified,
            notes: false,
            alone: false,
            blocked: contact.blocked,
            former: false,
            group: None,
            notice: contact.notice,
            former_name: former.map(|former| label(&former.0, contact)),
            reachable: contact.reachable,
            last_seen: contact.last_seen_ms.map(|seen| calendar.when(seen)),
        }
    }

    /// A direct chat has the face of the contact.
    pub(super) fn of_conversation(conversation: &Conversation, context: &Context) -> Self {
        let mut members = context.contacts.members(conversation);
        match (conversation.kind, members.next()) {
            (ConversationKind::Direct, Some(contact)) => Self::of(contact, &context.calendar),
            (
                ConversationKind::Direct
                | ConversationKind::Notes
                | ConversationKind::Former
                | ConversationKind::Group,
                _,
            ) => Self::named(conversation, context),
        }
    }

    /// The face of a conversation of which we know only the name. Notes have none: each language has a word for them.
    fn named(conversation: &Conversation, context: &Context) -> Self {
        let notes = conversation.kind == ConversationKind::Notes;
        let name = match notes {
            true => context.notes.clone(),
            false => visible::label(&conversation.name.0).unwrap_or_default(),
        };
        Self {
            notes,
            alone: conversation.members.is_empty() && conversation.group.is_none(),
            initials: initials(&name),
            name,
            hue: hue(&conversation.id.0),
            verified: false,
            blocked: false,
            former: conversation.kind == ConversationKind::Former,
            group: conversation.group,
            notice: None,
            former_name: None,
            reachable: None,
            last_seen: None,
        }
    }
}

/// The name of a contact on screen, with the beginning of the id if another name looks the same.
pub(super) fn name(contact: &Contact) -> String {
    match contact.lookalike {
        true => format!("{} ({})", plain_name(contact), short_id(contact)),
        false => plain_name(contact),
    }
}

/// The name alone, without invisible characters.
fn plain_name(contact: &Contact) -> String {
    visible::label(&contact.name.0).unwrap_or_else(|| label(&contact.own_name.0, contact))
}

/// The name that a contact gave itself, or the beginning of its id if nothing of that name is visible.
fn label(name: &str, contact: &Contact) -> String {
    visible::label(name).unwrap_or_else(|| short_id(contact).to_owned())
}

fn short_id(contact: &Contact) -> &str {
    let id = &contact.id.0;
    &id[..id.floor_char_boundary(8)]
}

/// The first letters of the first two words of a name.
pub(super) fn initials(name: &str) -> String {
    let words = name.split_whitespace();
    let letters = words.filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    letters.take(2).flat_map(char::to_uppercase).collect()
}

/// The colour of an id: always the same, 0 to 359.
pub(super) fn hue(id: &str) -> u16 {
    let digits = id.get(..4);
    let number = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
    number.unwrap_or_default() % 360
}
