//! The pictures of a conversation, one of which is shown.

use std::mem::take;

use hedgerow_node::api::{ConversationId, Message, MessageFile, MessageId};

/// The types of pictures that can be decoded.
const TYPES: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];

/// Whether the file of a message is a picture that the viewer shows.
pub(super) fn is_picture(message: &Message) -> bool {
    let is_one = |file: &MessageFile| {
        let media_type = file.media_type.as_ref();
        file.preview || media_type.is_some_and(|it| TYPES.contains(&it.0.as_str()))
    };
    message.file.as_ref().is_some_and(is_one)
}

/// Pictures of a conversation. There is always one that is shown.
pub(super) struct Pictures {
    pub conversation: ConversationId,
    /// Their messages, the oldest first.
    messages: Vec<Message>,
    /// Which of them is shown.
    at: usize,
}

impl Pictures {
    /// Those among these messages, the oldest first, with `id` shown. `None` if that is no picture.
    pub fn of<'a>(
        conversation: ConversationId,
        messages: impl Iterator<Item = &'a Message>,
        id: &MessageId,
    ) -> Option<Self> {
        let messages: Vec<_> = messages.filter(|one| is_picture(one)).cloned().collect();
        let at = messages.iter().position(|one| one.id == *id)?;
        Some(Self {
            conversation,
            messages,
            at,
        })
    }

    /// The message whose picture is shown.
    pub fn shown(&self) -> &Message {
        &self.messages[self.at]
    }

    /// How many stand before it.
    pub fn before(&self) -> usize {
        self.at
    }

    /// How many stand after it.
    pub fn after(&self) -> usize {
        self.messages.len() - 1 - self.at
    }

    /// The oldest of them.
    pub fn oldest(&self) -> &MessageId {
        &self.messages[0].id
    }

    /// The newest of them.
    pub fn newest(&self) -> &Message {
        &self.messages[self.messages.len() - 1]
    }

    /// Shows the next one, or the one before. False if there is none.
    pub fn step(&mut self, later: bool) -> bool {
        let is_there = match later {
            true => self.after() > 0,
            false => self.before() > 0,
        };
        match (is_there, later) {
            (true, true) => self.at += 1,
            (true, false) => self.at -= 1,
            (false, _) => {}
        }
        is_there
    }

    /// Adds those among these messages before all others, the newest first.
    pub fn add_older(&mut self, messages: Vec<Message>) {
        let mut older: Vec<_> = messages.into_iter().rev().filter(is_picture).collect();
        self.at += older.len();
        older.extend(take(&mut self.messages));
        self.messages = older;
    }

    /// Adds those among these messages after all others, the newest first. Some may be known.
    pub fn add_newer(&mut self, messages: Vec<Message>) {
        for message in messages.into_iter().rev().filter(is_picture) {
            if self.messages.iter().all(|known| known.id != message.id) {
                self.messages.push(message);
            }
        }
    }

    /// A message is this now. False if it is none of these.
    pub fn update(&mut self, message: &Message) -> bool {
        let mut messages = self.messages.iter_mut();
        let known = messages.find(|known| known.id == message.id);
        known.map(|known| known.clone_from(message)).is_some()
    }

    /// A message has gone: another one is shown if it was that. `None` if none is left.
    pub fn without(mut self, id: &MessageId) -> Option<Self> {
        if let Some(gone) = self.messages.iter().position(|one| one.id == *id) {
            self.messages.remove(gone);
            if gone < self.at || self.at == self.messages.len() {
                self.at = self.at.checked_sub(1)?;
            }
        }
        Some(self)
    }
}
