//! What people say of messages: an emoji each, and pins.

use hedgerow_node::api::{Call, Message, MessageId, Private};

use super::app::App;
use super::effect::Request;

/// An emoji that stands under a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Which.
    pub emoji: String,
    /// How many people have put it there.
    pub count: usize,
    /// We are one of them.
    pub mine: bool,
}

/// The emoji under a message, each once, in the order in which they came.
pub(crate) fn said(message: &Message) -> Vec<Said> {
    let mut said: Vec<Said> = Vec::new();
    for reaction in &message.reactions {
        let mine = reaction.author.is_none();
        match said.iter_mut().find(|one| one.emoji == reaction.emoji.0) {
            Some(one) => {
                one.count += 1;
                one.mine |= mine;
            }
            None => said.push(Said {
                emoji: reaction.emoji.0.clone(),
                count: 1,
                mine,
            }),
        }
    }
    said
}

impl App {
    /// Puts an emoji on a message of the open conversation; ours is taken back.
    pub(super) fn react(&mut self, id: MessageId, emoji: String) {
        let Some(thread) = self.thread.as_ref() else {
            return;
        };
        let is_ours = thread.window.find(&id).is_some_and(|one| {
            let mut said = said(&one.message).into_iter();
            said.any(|said| said.mine && said.emoji == emoji)
        });
        let emoji = Private(if is_ours { String::new() } else { emoji });
        let contact = thread.contact.clone();
        self.ask(Request::from(Call::React(contact, id, emoji)));
    }

    /// Pins a message of the open conversation, or takes it down.
    pub(super) fn pin(&mut self, id: MessageId, pinned: bool) {
        if let Some(thread) = self.thread.as_ref() {
            let contact = thread.contact.clone();
            self.ask(Request::from(Call::Pin(contact, id, pinned)));
        }
    }
}
