//! Notifications: something has come while the user looks elsewhere.

use hedgerow_node::api::{ContactId, Event, Message, Private};

use super::chats::excerpt;
use super::context::Context;
use super::effect::{Effect, Notification};
use super::face;
use super::outcome::Outcome;
use super::place::{Pane, Place};

/// While the screen is locked, this often is told that something has come.
const NOTIFY_EVERY_MS: u64 = 10_000;

/// What decides whether to notify.
#[derive(Default)]
pub(super) struct Notifier {
    /// When a notification without names was last shown.
    nameless_ms: Option<u64>,
}

impl Notifier {
    /// A contact has written. Tells so, unless the user sees it in the `open` conversation.
    pub fn came(
        &self,
        id: &ContactId,
        newest: Option<Message>,
        open: Option<&ContactId>,
        context: &Context,
    ) -> Option<Outcome> {
        let known = context.contacts.get(id)?;
        let is_in_view =
            context.presence.focused && context.shows(Pane::Thread) && open == Some(id);
        if is_in_view || !context.preferences.notifications || known.contact.blocked {
            return None;
        }
        let text = newest.and_then(|newest| newest.text);
        let text = text.filter(|_| context.preferences.previews);
        Some(Outcome::Do(Effect::Notify(Notification {
            contact: id.clone(),
            name: Some(Private(face::name(&known.contact))),
            text: text.map(|text| Private(excerpt(&text.0))),
            unread: known.contact.unread,
        })))
    }

    /// Something has happened while the screen is locked: tells that somebody has written, and not who.
    pub fn event_while_locked(&mut self, event: Event, context: &Context) -> Option<Outcome> {
        let (Event::Message {
            contact,
            mine: false,
            ..
        }
        | Event::Messages { contact, .. }) = event
        else {
            return None;
        };
        let now_ms = context.now.monotonic_ms;
        let last_ms = self.nameless_ms;
        let is_due = last_ms.is_none_or(|last| now_ms >= last + NOTIFY_EVERY_MS);
        if !context.preferences.notifications || !is_due || context.place != Place::ScreenLocked {
            return None;
        }
        self.nameless_ms = Some(now_ms);
        Some(Outcome::Do(Effect::Notify(Notification {
            contact,
            name: None,
            text: None,
            unread: 0,
        })))
    }
}
