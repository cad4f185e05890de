//! Notifications of messages that come while the user looks elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::api::{ConversationId, Event, Message, MessageId, Muted, Private};

use super::chats::excerpt;
use super::context::Context;
use super::conversations::Conversations;
use super::effect::{Effect, Notification};
use super::face::Face;
use super::outcome::Outcome;
use super::place::{Pane, Place};
use super::rows::author_in_group;

/// The shortest interval between two notifications while the screen is locked.
const NOTIFY_EVERY_MS: u64 = 10_000;

/// Decides whether to notify.
#[derive(Default)]
pub(super) struct Notifier {
    /// When a notification without names was last shown.
    nameless_ms: Option<u64>,
    /// Conversations that were muted when the screen was locked.
    muted: BTreeMap<ConversationId, Muted>,
    /// The last notification, unless it was withdrawn.
    last: Option<Last>,
}

/// What a notification is about.
struct Last {
    conversation: ConversationId,
    /// The message that it tells of, if that is known.
    message: Option<MessageId>,
    /// What it says, unless it names nobody.
    told: Option<Notification>,
}

impl Notifier {
    /// A contact has written. Notifies, unless the user sees it in the `open` conversation.
    pub fn came(
        &mut self,
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
        let face = Face::of_conversation(conversation, context);
        let told = Notification {
            conversation: id.clone(),
            name: Some(Private(face.name)),
            text: newest.as_ref().and_then(|newest| shown(newest, context)),
            unread: conversation.unread,
            sound: context.preferences.sound,
        };
        self.last = Some(Last {
            conversation: id.clone(),
            message: newest.map(|newest| newest.id),
            told: Some(told.clone()),
        });
        Some(Outcome::Do(Effect::Notify(told)))
    }

    /// The newest message of a conversation is this one now. If the last notification is about it and says something else,
    /// it changes; if the message is deleted, it is withdrawn.
    pub fn learn(
        &mut self,
        id: &ConversationId,
        newest: Option<&Message>,
        context: &Context,
    ) -> Option<Outcome> {
        let last = self.last.as_mut().filter(|last| last.conversation == *id)?;
        let same = newest.filter(|newest| last.message.as_ref() == Some(&newest.id));
        let Some(newest) = same.filter(|newest| newest.deleted.is_none()) else {
            return self.withdraw();
        };
        let told = last.told.as_mut()?;
        let text = shown(newest, context);
        if told.text == text {
            return None;
        }
        told.text = text;
        Some(Outcome::Do(Effect::ChangeNotification(told.clone())))
    }

    /// A message has gone, or while the screen is locked may have changed. What tells of it is withdrawn.
    pub fn gone(&mut self, conversation: &ConversationId, id: &MessageId) -> Option<Outcome> {
        let is_last =
            |last: &Last| last.conversation == *conversation && last.message.as_ref() == Some(id);
        self.last.as_ref().filter(|last| is_last(last))?;
        self.withdraw()
    }

    /// A conversation has gone. What tells of it is withdrawn.
    pub fn forget(&mut self, conversation: &ConversationId) -> Option<Outcome> {
        let last = self.last.as_ref();
        last.filter(|last| last.conversation == *conversation)?;
        self.withdraw()
    }

    /// Only these conversations are left.
    pub fn retain(&mut self, there: &BTreeSet<ConversationId>) -> Option<Outcome> {
        let last = self.last.as_ref();
        last.filter(|last| !there.contains(&last.conversation))?;
        self.withdraw()
    }

    fn withdraw(&mut self) -> Option<Outcome> {
        self.last = None;
        Some(Outcome::Do(Effect::ClearNotifications))
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
        let (conversation, message) = match event {
            Event::Message {
                conversation,
                id,
                author: Some(_),
            } => (conversation, Some(id)),
            Event::Messages { conversation, .. } => (conversation, None),
            Event::MessageGone { conversation, id }
            | Event::MessageChanged { conversation, id } => {
                return self.gone(&conversation, &id);
            }
            _ => return None,
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
        self.last = Some(Last {
            conversation: conversation.clone(),
            message,
            told: None,
        });
        Some(Outcome::Do(Effect::Notify(Notification {
            conversation,
            name: None,
            text: None,
            unread: 0,
            sound: context.preferences.sound,
        })))
    }
}

/// What a notification shows of a message.
fn shown(message: &Message, context: &Context) -> Option<Private> {
    let text = message.text.as_ref();
    let text = text.filter(|_| context.preferences.previews);
    text.map(|text| {
        let text = excerpt(&text.0);
        Private(match author_in_group(message) {
            Some(author) => format!("{author}: {text}"),
            None => text,
        })
    })
}
