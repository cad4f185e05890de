//! What every page may read, and only the router changes.

use hedgerow_node::api::{ContactId, Conversation, ConversationKind, Me, Why};
use jiff::tz::TimeZone;

use super::calendar::{Calendar, Now, When};
use super::contacts::Contacts;
use super::conversations::Conversations;
use super::place::{Pane, Place};
use super::preferences::Preferences;
use super::presence::Presence;
use super::update::Mode;

/// What the pages share.
pub struct Context {
    /// What fills the window.
    pub place: Place,
    /// The user's preferences.
    pub preferences: Preferences,
    /// The user's own identity, once known.
    pub me: Option<Me>,
    /// Whether the node is in this process, once there is one.
    pub mode: Option<Mode>,
    /// Where the window is on the desktop.
    pub presence: Presence,
    /// Something lies over the open conversation: a dialog, the viewer, or the picker of emoji.
    pub(super) covered: bool,
    /// What notes to oneself are called.
    pub(super) notes: String,
    pub(super) now: Now,
    pub(super) calendar: Calendar,
    pub(super) contacts: Contacts,
    pub(super) conversations: Conversations,
}

impl Context {
    pub(super) fn new(zone: TimeZone, preferences: Preferences, now: Now) -> Self {
        Self {
            place: Place::Starting,
            preferences,
            me: None,
            mode: None,
            presence: Presence::new(now),
            covered: false,
            notes: String::new(),
            now,
            calendar: Calendar::new(zone, now),
            contacts: Contacts::default(),
            conversations: Conversations::default(),
        }
    }

    /// Whether the door is open.
    pub(super) fn is_inside(&self) -> bool {
        matches!(self.place, Place::Main(_))
    }

    /// Whether this pane is on screen, beside the list or instead of it.
    pub(super) fn shows(&self, pane: Pane) -> bool {
        self.place == Place::Main(pane)
    }

    /// Whether the user sees what is in view of the open conversation: the window is in front, and nothing over it.
    pub(super) fn is_read(&self) -> bool {
        self.presence.focused && self.shows(Pane::Thread) && !self.covered
    }

    /// Whether the contact of a direct chat is blocked, so that nobody is left to write to.
    pub(super) fn is_blocked(&self, conversation: &Conversation) -> bool {
        let person = person(conversation).and_then(|id| self.contacts.get(id));
        person.is_some_and(|person| person.blocked)
    }

    /// When the node next tries to deliver a message, if that is known.
    pub(super) fn next_attempt(&self, why: Option<Why>) -> Option<When> {
        match why {
            Some(Why::NoAnswer { next_ms }) => Some(self.calendar.when(next_ms)),
            _ => None,
        }
    }
}

/// The contact of a direct chat. Of a group it is nobody, even if a single contact is in.
pub(super) fn person(conversation: &Conversation) -> Option<&ContactId> {
    let is_direct = conversation.kind == ConversationKind::Direct;
    conversation.members.first().filter(|_| is_direct)
}
