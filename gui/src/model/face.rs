//! What is shown of a contact or a conversation wherever one is in front: in the list, above the messages, and on its
//! page.

use hedgerow_node::api::{Carrier, Contact, Conversation, ConversationKind, Notice, visible};

use super::calendar::{Calendar, When};
use super::context::Context;

/// A contact or a conversation, as it is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Face {
    /// The name to show.
    pub name: String,
    /// The first letters of the name.
    pub initials: String,
    /// A colour of its own, 0 to 359.
    pub hue: u16,
    /// Met in person, or safety words compared.
    pub verified: bool,
    /// Blocked by us: nothing can be sent.
    pub blocked: bool,
    /// Something the user must know.
    pub notice: Option<Notice>,
    /// The name that was shown before a contact gave itself another one, until the user has decided.
    pub former_name: Option<String>,
    /// Over which carrier there is a session now.
    pub reachable: Option<Carrier>,
    /// When a session was last up.
    pub last_seen: Option<When>,
}

impl Face {
    pub(super) fn of(contact: &Contact, calendar: &Calendar) -> Self {
        let former = contact.former_name.as_ref();
        Self {
            initials: initials(&plain_name(contact)),
            name: name(contact),
            hue: hue(&contact.id.0),
            verified: contact.verified,
            blocked: contact.blocked,
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
            (ConversationKind::Direct, None) => Self::named(conversation),
        }
    }

    /// Of a conversation nothing is known but its name.
    fn named(conversation: &Conversation) -> Self {
        let name = visible::label(&conversation.name.0).unwrap_or_default();
        Self {
            initials: initials(&name),
            name,
            hue: hue(&conversation.id.0),
            verified: false,
            blocked: false,
            notice: None,
            former_name: None,
            reachable: None,
            last_seen: None,
        }
    }
}

/// The name of a contact, as it is shown: with the beginning of the id where another one looks the same.
pub(super) fn name(contact: &Contact) -> String {
    match contact.lookalike {
        true => format!("{} ({})", plain_name(contact), short_id(contact)),
        false => plain_name(contact),
    }
}

/// The name alone: what cannot be seen of it is not there.
fn plain_name(contact: &Contact) -> String {
    visible::label(&contact.name.0).unwrap_or_else(|| label(&contact.own_name.0, contact))
}

/// A name that a contact gave itself, or its id if nothing can be seen of that.
fn label(name: &str, contact: &Contact) -> String {
    visible::label(name).unwrap_or_else(|| short_id(contact).to_owned())
}

fn short_id(contact: &Contact) -> &str {
    let id = &contact.id.0;
    &id[..id.floor_char_boundary(8)]
}

/// The first letters of the first two words of a name.
fn initials(name: &str) -> String {
    let words = name.split_whitespace();
    let letters = words.filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    letters.take(2).flat_map(char::to_uppercase).collect()
}

/// The colour of an id: always the same, 0 to 359.
fn hue(id: &str) -> u16 {
    let digits = id.get(..4);
    let number = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
    number.unwrap_or_default() % 360
}
