//! What a device's user does with messages: puts an emoji on one, edits, answers, reads or deletes one, asks for its
//! file or takes it back; and what others have done.

use std::ops::{Bound, ControlFlow};

use hedgerow_node::api::{self, Call, ConversationId, MessageId, PageFrom, Private};
use hedgerow_node::engine::{CallId, Input, conversation};
use hedgerow_sync::id::SpaceId;
use hedgerow_sync::space::{Frontier, frontier};
use hedgerow_sync::store::{Direction, Store};

use super::{Device, text};
use crate::world::Shared;
use crate::world::happening::{Deed, DeedKind, Message};

/// The emoji of every reaction. Bodies are padded, so its length changes nothing.
const EMOJI: &str = "👍";

/// Messages that are read from the store at once.
const PAGE: u32 = 256;

/// The shortest text that is looked for in a store. No other message's text begins like it.
const MIN_TEXT: usize = 16;

/// Calls are named by the number of the message, with the kind of the deed above it; a message is sent under its
/// number alone.
pub(super) const KINDS: [DeedKind; 6] = [
    DeedKind::React,
    DeedKind::Edit,
    DeedKind::Delete,
    DeedKind::Read,
    DeedKind::Ask,
    DeedKind::Cancel,
];
pub(super) const NUMBER_BITS: u32 = 33;

/// Calls whose answer nobody waits for.
pub(super) const SETTING: CallId = CallId((KINDS.len() as u64) << NUMBER_BITS);

impl Device {
    /// Its user does something with a message.
    pub(super) fn act(&mut self, at_us: u64, deed: Deed, shared: &Shared) {
        if deed.kind == DeedKind::Reply {
            return self.write(at_us, deed.reply(), shared);
        }
        let other = &shared.contact_ids[deed.to() as usize];
        let running = self.running.as_ref();
        let Some(chat) = running.and_then(|running| running.engine.direct_chat(other)) else {
            return;
        };
        if deed.kind == DeedKind::Ask && !self.lacks_file(&chat, &deed.id) {
            return;
        }
        let call = match deed.kind {
            DeedKind::Edit => {
                let text = text(deed.message, deed.bytes as usize);
                Call::Edit(chat, deed.id, Private(format!("{text}!")))
            }
            DeedKind::Delete => Call::Delete(chat, deed.id, true),
            DeedKind::Read => Call::Read(chat, deed.id),
            DeedKind::Ask => Call::WantFile(chat, deed.id, true),
            DeedKind::Cancel => Call::CancelFile(chat, deed.id),
            DeedKind::React | DeedKind::Reply => {
                Call::React(chat, deed.id, Private(EMOJI.to_owned()))
            }
        };
        let kind = KINDS.iter().position(|kind| *kind == deed.kind);
        let id = CallId(deed.message | (kind.unwrap_or(0) as u64) << NUMBER_BITS);
        if let Some(running) = &mut self.running {
            running.waiting.push_back(Input::Call(id, call));
        }
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
        self.each_message(chat, |message| {
            let kinds = kinds(message).into_iter();
            shown.extend(kinds.map(|kind| (message.id.clone(), kind)));
        });
        shown
    }

    /// The texts of others in a conversation: the engine does not name them when many arrive at once.
    pub(super) fn texts_of_others(&self, chat: &ConversationId) -> Vec<MessageId> {
        let mut texts = Vec::new();
        self.each_message(chat, |message| {
            if !message.is_mine() && message.text.is_some() {
                texts.push(message.id.clone());
            }
        });
        texts
    }

    /// The texts that it shows in a conversation, in their order.
    pub(in crate::world) fn texts(
        &self,
        chat: &ConversationId,
    ) -> Vec<(MessageId, Option<String>)> {
        let mut texts = Vec::new();
        self.each_message(chat, |message| {
            let text = message.text.as_ref().map(|text| text.0.clone());
            texts.push((message.id.clone(), text));
        });
        texts
    }

    /// What it holds of a space.
    pub(in crate::world) fn frontier(&self, space: SpaceId) -> Frontier {
        self.disk
            .read(|reader| frontier(reader, space))
            .expect("a store in memory does not fail")
    }

    /// Its user's own messages up to this one in its log.
    pub(super) fn own_up_to(&self, chat: &ConversationId, last: &MessageId) -> Vec<MessageId> {
        let Some(last) = conversation::parse_message_id(last) else {
            return Vec::new();
        };
        let mut own = Vec::new();
        self.each_message(chat, |message| {
            let id = conversation::parse_message_id(&message.id);
            if id.is_some_and(|id| id.log == last.log && id.seq <= last.seq) {
                own.push(message.id.clone());
            }
        });
        own
    }

    /// Whether any row of its store has the text of a message.
    pub fn holds(&self, message: u64) -> bool {
        let text = text(message, MIN_TEXT);
        let mut held = false;
        self.disk
            .read(|reader| {
                let all = (Bound::Unbounded, Bound::Unbounded);
                reader.scan(all, Direction::Forward, &mut |_, row| {
                    let mut places = row.windows(text.len());
                    held = places.any(|place| place == text.as_bytes());
                    match held {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    }
                })
            })
            .expect("a store in memory does not fail");
        held
    }

    fn each_message(&self, chat: &ConversationId, mut look: impl FnMut(&api::Message)) {
        let mut from = PageFrom::Oldest;
        loop {
            let page = self
                .disk
                .read(|reader| Ok(conversation::page(reader, chat, &from, PAGE).ok()))
                .expect("a store in memory does not fail");
            let messages = page.map_or_else(Vec::new, |page| page.messages);
            let Some(last) = messages.last() else {
                return;
            };
            from = PageFrom::After(last.id.clone());
            messages.iter().for_each(&mut look);
        }
    }
}

/// The deed that was asked of the engine by a call, and the number of the message.
pub(super) fn asked(call: CallId) -> (DeedKind, u64) {
    let kind = KINDS[(call.0 >> NUMBER_BITS) as usize];
    (kind, call.0 % (1 << NUMBER_BITS))
}

fn kinds(message: &api::Message) -> Vec<DeedKind> {
    let reacted = (!message.reactions.is_empty()).then_some(DeedKind::React);
    let edited = message.edited.map(|_| DeedKind::Edit);
    let deleted = message.deleted.as_ref().map(|_| DeedKind::Delete);
    [reacted, edited, deleted].into_iter().flatten().collect()
}

impl Deed {
    /// The message that an answer is.
    fn reply(self) -> Message {
        Message {
            number: self.message + REPLIES,
            to: self.to(),
            bytes: self.bytes,
            load: false,
            file: None,
            reply_to: Some(self.id),
            timer_s: None,
            stick: None,
            later: Default::default(),
        }
    }
}

/// Numbers of answers: that of the message which they answer, above this.
const REPLIES: u64 = 1 << 31;
