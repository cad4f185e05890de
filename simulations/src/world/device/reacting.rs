//! Reactions: a device's user makes one, or one reaches the messages that the user wrote.

use hedgerow_node::api::{Call, ConversationId, MessageId, PageFrom, Private};
use hedgerow_node::engine::{CallId, Input, conversation};
use hedgerow_sync::store::Store;

use super::Device;
use crate::world::Shared;
use crate::world::happening::Reaction;

/// The emoji of every reaction. Bodies are padded, so its length changes nothing.
const EMOJI: &str = "👍";

/// Messages that are read from the store at once.
const PAGE: u32 = 256;

impl Device {
    /// Its user puts an emoji on a message.
    pub(super) fn react(&mut self, to: Reaction, shared: &Shared) {
        let Some(running) = &mut self.running else {
            return;
        };
        let author = &shared.contact_ids[to.author as usize];
        let Some(chat) = running.engine.direct_chat(author) else {
            return;
        };
        running.waiting.push_back(Input::Call(
            CallId(to.message),
            Call::React(chat, to.id, Private(EMOJI.to_owned())),
        ));
    }

    /// The messages of a conversation that have reactions: the engine does not name those that change when
    /// many do at once.
    pub(super) fn reacted(&self, chat: &ConversationId) -> Vec<MessageId> {
        let mut reacted = Vec::new();
        let mut from = PageFrom::Oldest;
        loop {
            let page = self
                .disk
                .read(|reader| Ok(conversation::page(reader, chat, &from, PAGE).ok()))
                .expect("a store in memory does not fail");
            let messages = page.map_or_else(Vec::new, |page| page.messages);
            let Some(last) = messages.last() else {
                return reacted;
            };
            from = PageFrom::After(last.id.clone());
            let changed = messages.into_iter().filter(|one| !one.reactions.is_empty());
            reacted.extend(changed.map(|one| one.id));
        }
    }
}
