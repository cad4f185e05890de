//! What an answer shows of the message that it answers.

use std::collections::BTreeMap;

use hedgerow_node::api::{ContactId, Conversation, MessageId, Original, Quoted};

use super::chats::excerpt;
use super::context::Context;
use super::face::Face;

/// The message that another one answers, on one line.
#[derive(Clone, PartialEq, Eq)]
pub struct Quote {
    /// Which.
    pub id: MessageId,
    /// What is here of it.
    pub original: QuotedOriginal,
}

/// What is here of a message that another one answers.
#[derive(Clone, PartialEq, Eq)]
pub enum QuotedOriginal {
    /// It is in this conversation.
    Here {
        /// Who wrote it; `None` is ourselves.
        author: Option<Author>,
        /// Its first words; `None` for a kind that this version cannot show.
        text: Option<String>,
    },
    /// It was deleted, or has expired.
    Gone,
    /// This conversation does not have it: it has not arrived yet, or never will.
    NotHere,
}

/// The author of a quoted message.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Author {
    /// The name to show.
    pub name: String,
    /// A colour of its own, 0 to 359.
    pub hue: u16,
}

/// The members of a conversation, as its quotes name them.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Authors(BTreeMap<ContactId, Author>);

impl Authors {
    pub fn of(conversation: &Conversation, context: &Context) -> Self {
        let members = context.contacts.members(conversation).map(|member| {
            let Face { name, hue, .. } = Face::of(member, &context.calendar);
            (member.id.clone(), Author { name, hue })
        });
        Self(members.collect())
    }

    /// The quote above an answer.
    pub fn quote(&self, quoted: &Quoted) -> Quote {
        let original = match &quoted.original {
            Original::Here { author, text } => QuotedOriginal::Here {
                author: author
                    .as_ref()
                    .map(|author| self.0.get(author).cloned().unwrap_or_default()),
                text: text.as_ref().map(|text| excerpt(&text.0)),
            },
            Original::Gone => QuotedOriginal::Gone,
            Original::NotHere => QuotedOriginal::NotHere,
        };
        Quote {
            id: quoted.id.clone(),
            original,
        }
    }
}
