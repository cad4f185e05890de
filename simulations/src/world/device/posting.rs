//! What a device's user writes in groups.

use hedgerow_node::api::{Call, ConversationId, NewMessage};
use hedgerow_node::engine::{CallId, Input};

use super::{Device, text};
use crate::world::Shared;
use crate::world::happening::Post;
use crate::world::noted::What;

impl Device {
    /// Its user writes a text in a group.
    pub(super) fn post(&mut self, at_us: u64, post: Post, shared: &Shared) {
        self.note(at_us, What::Posted(post));
        let chat = &shared.group_chats[post.group as usize];
        match &chat.assembled {
            Some(assembled) => self.send_text(post.number, assembled.id(), post.bytes),
            None => {
                for (copy, reader) in (post.number + 1..).zip(&chat.people) {
                    let contact = &shared.contact_ids[*reader as usize];
                    let running = self.running.as_ref();
                    if let Some(chat) = running.and_then(|it| it.engine.direct_chat(contact)) {
                        self.send_text(copy, chat, post.bytes);
                    }
                }
            }
        }
    }

    fn send_text(&mut self, number: u64, to: ConversationId, bytes: u64) {
        if let Some(running) = &mut self.running {
            let message = NewMessage::text(text(number, bytes as usize));
            let call = Call::Send(to, message);
            running.waiting.push_back(Input::Call(CallId(number), call));
        }
    }
}
