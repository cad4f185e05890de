//! Conversations as commands call them: by the name of a contact, or `me` for notes to oneself.

use std::collections::BTreeMap;

use crate::api::{
    Api, Contact, ContactId, Conversation, ConversationId, ConversationKind, Feature, Refusal,
    visible,
};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::table::Row;
use crate::cli::{arranging, contacts, groups, screen};
use crate::words::{Phrase, tr};

/// What is typed for the notes to oneself. It means them whatever a contact calls itself: such a contact is named by its
/// id, or renamed.
pub const NOTES: &str = "me";

/// The shortest beginning of an id that stands for a conversation.
const MIN_ID: usize = 6;

/// A conversation.
pub struct Chat {
    /// Its id.
    pub conversation: ConversationId,
    /// The name to show for whom it is with: a contact, or who was one.
    pub name: String,
    /// With whom it is, if with a contact.
    pub contact: Option<Contact>,
    /// The names of those who are in, if it is a group, by the ids that name them as authors.
    pub members: Option<BTreeMap<ContactId, String>>,
}

impl Chat {
    /// Whether the version of the other side cannot show this.
    pub fn lacks(&self, feature: Feature) -> bool {
        let contact = self.contact.as_ref();
        contact.is_some_and(|contact| contact.cannot_show.contains(&feature))
    }
}

/// The one conversation that `name` means: the notes, the chat with a contact, or what is left of the chat with somebody
/// who was one.
pub async fn find(api: &dyn Api, name: &str) -> Result<Chat, Failure> {
    if name == NOTES {
        let notes = api.notes().await?;
        return Ok(Chat {
            conversation: notes.id,
            name: String::new(),
            contact: None,
            members: None,
        });
    }
    match contacts::find(api, name).await {
        Ok(contact) => Ok(Chat {
            conversation: contact.conversation.clone(),
            name: contacts::shown(&contact),
            contact: Some(contact),
            members: None,
        }),
        Err(Failure::Refused(Refusal::NoSuchContact)) => {
            let found = former(api, name).await?;
            let members = match found.kind {
                ConversationKind::Group => Some(members(api, &found.id).await?),
                _ => None,
            };
            Ok(Chat {
                conversation: found.id,
                name: visible::name(&found.name.0),
                contact: None,
                members,
            })
        }
        Err(failure) => Err(failure),
    }
}

async fn members(
    api: &dyn Api,
    group: &ConversationId,
) -> Result<BTreeMap<ContactId, String>, Failure> {
    let members = api.members(group.clone()).await?.into_iter();
    let named = members.map(|member| {
        let author = member.who.contact.unwrap_or(ContactId(member.who.id.0));
        (author, visible::name(&member.who.name.0))
    });
    Ok(named.collect())
}

/// The group of this name, or what is left of the chat with somebody who was a contact: by the name, then by the beginning of its id.
pub async fn former(api: &dyn Api, name: &str) -> Result<Conversation, Failure> {
    let lower = name.to_lowercase();
    let mut all = api.conversations().await?;
    all.retain(|one| matches!(one.kind, ConversationKind::Former | ConversationKind::Group));
    let ways: [&dyn Fn(&Conversation) -> bool; 2] =
        [&|one| one.name.0.to_lowercase() == lower, &|one| {
            name.len() >= MIN_ID && one.id.0.starts_with(&lower)
        }];
    for way in ways {
        let mut found: Vec<&Conversation> = all.iter().filter(|one| way(one)).collect();
        // A group that was started again has the name of the old one, and is the one that is meant.
        if found.iter().any(|one| one.continued_by.is_empty()) {
            found.retain(|one| one.continued_by.is_empty());
        }
        match (found.pop(), found.is_empty()) {
            (Some(one), true) => return Ok(one.clone()),
            (Some(one), false) => {
                found.push(one);
                let choices: Vec<&str> = found.iter().map(|one| one.id.0.as_str()).collect();
                return Err(Failure::found(
                    Exit::Refused,
                    "ambiguous_name",
                    tr!(
                        "More than one conversation is called {name}: {choices}. Use the id.",
                        name = visible::name(name),
                        choices = choices.join(", ")
                    ),
                ));
            }
            (None, _) => {}
        }
    }
    Err(Refusal::NoSuchContact.into())
}

/// `hedgerow list`.
pub async fn list(api: &dyn Api, output: Output, archived: bool) -> Result<(), Failure> {
    let (mut chats, people) = (api.conversations().await?, api.contacts().await?);
    chats.retain(|chat| chat.archived == archived);
    chats.sort_by(|one, other| {
        let newer = other.active_ms.cmp(&one.active_ms);
        newer.then_with(|| one.id.cmp(&other.id))
    });
    output.list(
        &chats,
        &[tr!("NAME"), tr!("LAST MESSAGE"), tr!("UNREAD"), tr!("ID")],
        |chat| row(chat, &people),
        match archived {
            true => tr!("No archived conversations."),
            false => tr!("No conversations yet. `hedgerow invite` makes an invitation."),
        },
    );
    Ok(())
}

fn row(chat: &Conversation, people: &[Contact]) -> Row {
    let last = match chat.messages {
        0 => tr!("never"),
        _ => screen::time(chat.active_ms).into(),
    };
    let cells = vec![
        named(chat, people),
        last,
        chat.unread.into(),
        screen::short_id(&chat.id.0).into(),
    ];
    let kind = match chat.kind {
        ConversationKind::Former => Some(tr!("No longer a contact.")),
        ConversationKind::Group => chat.group.and_then(groups::standing),
        ConversationKind::Direct | ConversationKind::Notes => None,
    };
    let arranged = arranging::arranged(chat);
    let notes = kind.into_iter().chain(arranged);
    notes.fold(Row::from(cells), |row, note| row.with(note))
}

/// What a conversation is called.
pub fn named(chat: &Conversation, people: &[Contact]) -> Phrase {
    let contact = people.iter().find(|one| one.conversation == chat.id);
    match (chat.kind, contact) {
        (ConversationKind::Notes, _) => tr!("Notes"),
        (_, Some(contact)) => contacts::shown(contact).into(),
        (_, None) => visible::name(&chat.name.0).into(),
    }
}
