//! What a device's user does with messages: puts an emoji on one, edits or answers one; and what others have done.

use hedgerow_node::api::{self, Call, ConversationId, MessageId, PageFrom, Private};
use hedgerow_node::engine::{CallId, Input, conversation};
use hedgerow_sync::store::Store;

use super::{Device, text};
use crate::world::Shared;
use crate::world::happening::{Deed, DeedKind, Message};

/// The emoji of every reaction. Bodies are padded, so its length changes nothing.
const EMOJI: &str = "👍";

/// Messages that are read from the store at once.
const PAGE: u32 = 256;

/// Calls that edit: the number of the message above this.
const EDITS: u64 = 1 << 33;

impl Device {
    /// Its user does something with a message.
    pub(super) fn act(&mut self, at_us: u64, deed: Deed, shared: &Shared) {
        if deed.kind == DeedKind::Reply {
            return self.write(at_us, deed.reply(), shared);
        }
        let Some(running) = &mut self.running else {
            return;
        };
        let other = &shared.contact_ids[deed.to() as usize];
        let Some(chat) = running.engine.direct_chat(other) else {
            return;
        };
        let (id, call) = match deed.kind {
            DeedKind::Edit => {
                let text = text(deed.message, deed.bytes as usize);
                let text = Private(format!("{text}!"));
                (deed.message + EDITS, Call::Edit(chat, deed.id, text))
            }
            _ => {
                let emoji = Private(EMOJI.to_owned());
                (deed.message, Call::React(chat, deed.id, emoji))
            }
        };
        running.waiting.push_back(Input::Call(CallId(id), call));
    }

    /// What other people's deeds a message of a conversation shows.
    pub(super) fn deeds(&self, chat: &ConversationId, id: &MessageId) -> Vec<DeedKind> {
        let read = self
            .disk
            .read(|reader| Ok(conversation::message(reader, chat, id).ok()));
        let message = read.expect("a store in memory does not fail");
        message.as_ref().map_or_else(Vec::new, kinds)
    }

    /// The same of all messages that show any: the engine does not name those that change when many do at once.
    pub(super) fn all_deeds(&self, chat: &ConversationId) -> Vec<(MessageId, DeedKind)> {
        let mut shown = Vec::new();
        let mut from = PageFrom::Oldest;
        loop {
            let page = self
                .disk
                .read(|reader| Ok(conversation::page(reader, chat, &from, PAGE).ok()))
                .expect("a store in memory does not fail");
            let messages = page.map_or_else(Vec::new, |page| page.messages);
            let Some(last) = messages.last() else {
                return shown;
            };
            from = PageFrom::After(last.id.clone());
            for message in &messages {
                let kinds = kinds(message).into_iter();
                shown.extend(kinds.map(|kind| (message.id.clone(), kind)));
            }
        }
    }
}

/// The call by which a deed was asked of the engine, once that has done it.
pub(super) fn done(call: CallId) -> (DeedKind, u64) {
    match call.0.checked_sub(EDITS) {
        Some(message) => (DeedKind::Edit, message),
        None => (DeedKind::React, call.0),
    }
}

fn kinds(message: &api::Message) -> Vec<DeedKind> {
    let reacted = (!message.reactions.is_empty()).then_some(DeedKind::React);
    let edited = message.edited.map(|_| DeedKind::Edit);
    reacted.into_iter().chain(edited).collect()
}

impl Deed {
    /// The message that an answer is.
    fn reply(self) -> Message {
        Message {
            number: self.message + REPLIES,
            to: self.to(),
            bytes: self.bytes,
            load: false,
            reply_to: Some(self.id),
            later: Default::default(),
        }
    }
}

/// Numbers of answers: that of the message which they answer, above this.
const REPLIES: u64 = 1 << 31;
