//! What is shown of a contact wherever one is in front: above the conversation, and on its page.

use hedgerow_node::api::{Carrier, Contact, Notice};

use super::calendar::{Calendar, When};
use super::chats;

/// A contact, as it is shown.
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
    /// The name that was shown before the contact gave itself another one, until the user has decided.
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
            initials: chats::initials(&chats::plain_name(contact)),
            name: chats::name(contact),
            hue: chats::hue(&contact.id),
            verified: contact.verified,
            blocked: contact.blocked,
            notice: contact.notice,
            former_name: former.map(|former| chats::label(&former.0, contact)),
            reachable: contact.reachable,
            last_seen: contact.last_seen_ms.map(|seen| calendar.when(seen)),
        }
    }
}
