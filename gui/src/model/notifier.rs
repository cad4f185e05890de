//! Notifications of messages that come while the user looks elsewhere.

use std::collections::BTreeMap;

use hedgerow_node::api::{ConversationId, Event, Message, Muted, Private};

use super::chats::excerpt;
use super::context::Context;
use super::conversations::Conversations;
use super::effect::{Effect, Notification};
use super::face::Face;
use super::outcome::Outcome;
use super::place::{Pane, Place};

/// The shortest interval between two notifications while the screen is locked.
const NOTIFY_EVERY_MS: u64 = 10_000;

/// Decides whether to notify.
#[derive(Default)]
pub(super) struct Notifier {
    /// When a notification without names was last shown.
    nameless_ms: Option<u64>,
    /// Conversations that were muted when the screen was locked.
    muted: BTreeMap<ConversationId, Muted>,
}

impl Notifier {
    /// A contact has written. Notifies, unless the user sees it in the `open` conversation.
    pub fn came(
        &self,
        id: &ConversationId,
        newest: Option<Message>,
        open: Option<&ConversationId>,
        context: &Context,
    ) -> Option<Outcome> {
        let conversation = &context.conversations.get(id)?.conversation;
        let is_in_view =
            context.presence.focused && context.shows(Pane::Thread) && open == Some(id);
        let is_quiet =
            conversation.is_muted(context.now.wall_ms) || context.is_blocked(conversation);
        let is_told = context.preferences.notifications && !is_quiet;
        if is_in_view || !is_told {
            return None;
        }
        let text = newest.and_then(|newest| newest.text);
        let text = text.filter(|_| context.preferences.previews);
        let face = Face::of_conversation(conversation, context);
        Some(Outcome::Do(Effect::Notify(Notification {
            conversation: id.clone(),
            name: Some(Private(face.name)),
            text: text.map(|text| Private(excerpt(&text.0))),
            unread: conversation.unread,
            sound: context.preferences.sound,
        })))
    }

    /// Remembers which conversations are muted, before a locked screen forgets them.
    pub fn lock(&mut self, conversations: &Conversations) {
        let muted = conversations.iter().filter_map(|known| {
            let conversation = &known.conversation;
            Some((conversation.id.clone(), conversation.muted?))
        });
        self.muted = muted.collect();
    }

    /// Handles an event while the screen is locked. Notifies that somebody has written, without saying who.
    pub fn event_while_locked(&mut self, event: Event, context: &Context) -> Option<Outcome> {
        let (Event::Message {
            conversation,
            author: Some(_),
            ..
        }
        | Event::Messages { conversation, .. }) = event
        else {
            return None;
        };
        let now_ms = context.now.monotonic_ms;
        let last_ms = self.nameless_ms;
        let is_due = last_ms.is_none_or(|last| now_ms >= last + NOTIFY_EVERY_MS);
        let mute = self.muted.get(&conversation);
        let is_muted = mute.is_some_and(|mute| mute.holds(context.now.wall_ms));
        let is_told = context.preferences.notifications && !is_muted;
        if !is_told || !is_due || context.place != Place::ScreenLocked {
            return None;
        }
        self.nameless_ms = Some(now_ms);
        Some(Outcome::Do(Effect::Notify(Notification {
            conversation,
            name: None,
            text: None,
            unread: 0,
            sound: context.preferences.sound,
        })))
    }
}
