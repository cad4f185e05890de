//! What those who take part in a conversation are called in what a command prints.

use std::collections::BTreeMap;

use crate::api::{ContactId, Message, visible};
use crate::cli::chats::Chat;
use crate::cli::screen;

/// The other side of a chat, or the people of a group.
pub struct People {
    name: String,
    /// By the id by which the API names the author of something in a group; `None`: it is no group.
    members: Option<BTreeMap<ContactId, String>>,
}

impl People {
    /// The one who is called so.
    #[cfg(test)]
    pub fn one(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            members: None,
        }
    }

    /// Those of a conversation, and the authors of messages there, who may be out by now.
    pub fn of(chat: &Chat, messages: &[Message]) -> Self {
        let members = chat.members.as_ref().map(|members| {
            let authors = messages.iter().filter_map(|message| {
                let name = visible::name(&message.member.as_ref()?.name.0);
                Some((message.author.clone()?, name))
            });
            authors.chain(members.clone()).collect()
        });
        Self {
            name: chat.name.clone(),
            members,
        }
    }

    /// What the author of something is called.
    pub fn called(&self, author: &ContactId) -> String {
        match &self.members {
            None => self.name.clone(),
            Some(members) => match members.get(author) {
                Some(name) => name.clone(),
                None => screen::short_id(&author.0).to_owned(),
            },
        }
    }
}
