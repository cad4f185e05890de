//! Contacts: finds them by name, lists, verifies, renames, blocks and removes them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::api::{
    Api, Contact, Conversation, ConversationId, Muted, Private, Why, confusable, visible,
};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{self, Output};
use crate::cli::table::Row;
use crate::cli::{arranging, ask, me, screen, words};
use crate::words::{Language, Phrase, codes, tr};

/// The shortest beginning of an id that stands for a contact.
const MIN_ID: usize = 6;

/// The one contact that `name` means: by alias or name, then regardless of case, then by the
/// beginning of its id.
pub async fn find(api: &dyn Api, name: &str) -> Result<Contact, Failure> {
    pick(api.contacts().await?, name)
}

fn pick(contacts: Vec<Contact>, name: &str) -> Result<Contact, Failure> {
    let lower = name.to_lowercase();
    let ways: [&dyn Fn(&Contact) -> bool; 4] = [
        &|contact| contact.name.0 == name,
        &|contact| contact.own_name.0 == name,
        &|contact| contact.name.0.to_lowercase() == lower,
        &|contact| name.len() >= MIN_ID && contact.id.0.starts_with(&lower),
    ];
    for way in ways {
        let mut found: Vec<_> = contacts.iter().filter(|contact| way(contact)).collect();
        match found.len() {
            0 => {}
            1 => return Ok(found.remove(0).clone()),
            _ => {
                let choices: Vec<_> = found.iter().map(|one| choice(one)).collect();
                return Err(Failure::found(
                    Exit::Refused,
                    "ambiguous_name",
                    tr!(
                        "More than one contact is named {name}: {choices}. Use the id, or rename one.",
                        name = visible::name(name),
                        choices = choices.join(", ")
                    ),
                ));
            }
        }
    }
    Err(Failure::Refused(crate::api::Refusal::NoSuchContact))
}

fn choice(contact: &Contact) -> String {
    format!("{} ({})", visible::name(&contact.name.0), contact.id.0)
}

/// The name of a contact on screen. Adds the beginning of the id if another contact's name looks the same, or if the
/// name looks like our word for the user in any language.
pub fn shown(contact: &Contact) -> String {
    let name = visible::name(&contact.name.0);
    if visible::label(&contact.name.0).is_none() {
        return screen::short_id(&contact.id.0).to_owned();
    }
    let you = codes::you();
    let is_you = |language: Language| confusable::alike(&contact.name.0, &language.say(&you));
    match contact.lookalike || Language::ALL.into_iter().any(is_you) {
        true => format!("{name} ({})", screen::short_id(&contact.id.0)),
        false => name,
    }
}

/// Says that a contact has given itself another name, until the user has decided what to call it.
pub fn renamed(contact: &Contact) -> Option<Phrase> {
    let former = visible::name(&contact.former_name.as_ref()?.0);
    Some(tr!(
        "“{former}” calls itself “{name}” now. `hedgerow rename` decides how you see it.",
        former = former,
        name = shown(contact)
    ))
}

/// `hedgerow contacts`.
pub async fn list(api: &dyn Api, output: Output) -> Result<(), Failure> {
    let (contacts, conversations) = (api.contacts().await?, api.conversations().await?);
    table(contacts, conversations, output);
    Ok(())
}

/// A contact, and the state of the chat with it.
#[derive(Serialize)]
struct Standing {
    #[serde(flatten)]
    contact: Contact,
    messages: u64,
    unread: u64,
    queued: u64,
    why: Option<Why>,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted: Option<Muted>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    archived: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    marked_unread: bool,
    #[serde(skip)]
    arranged: Vec<Phrase>,
}

/// Contacts and the state of their chats, one a row, by name.
pub fn table(mut contacts: Vec<Contact>, conversations: Vec<Conversation>, output: Output) {
    let chats = conversations
        .into_iter()
        .map(|chat| (chat.id.clone(), chat));
    let chats: BTreeMap<ConversationId, Conversation> = chats.collect();
    contacts.sort_by_cached_key(|contact| (contact.name.0.to_lowercase(), contact.id.clone()));
    let rows = contacts.into_iter().map(|contact| {
        let chat = chats.get(&contact.conversation);
        Standing {
            messages: chat.map_or(0, |chat| chat.messages),
            unread: chat.map_or(0, |chat| chat.unread),
            queued: chat.map_or(0, |chat| chat.queued),
            why: chat.and_then(|chat| chat.why),
            muted: chat.and_then(|chat| chat.muted),
            archived: chat.is_some_and(|chat| chat.archived),
            marked_unread: chat.is_some_and(|chat| chat.marked_unread),
            arranged: chat.map(arranging::arranged).unwrap_or_default(),
            contact,
        }
    });
    output.list(
        &rows.collect::<Vec<_>>(),
        &[
            tr!("NAME"),
            tr!("VERIFIED"),
            tr!("LAST SEEN"),
            tr!("UNREAD"),
            tr!("QUEUED"),
            tr!("ID"),
        ],
        row,
        tr!("No contacts yet. `hedgerow invite` makes an invitation."),
    );
}

fn row(standing: &Standing) -> Row {
    let contact = &standing.contact;
    let notes = [
        contact.blocked.then(|| tr!("a contact" => "blocked")),
        contact
            .former_name
            .as_ref()
            .map(|former| tr!("was “{name}”", name = visible::name(&former.0))),
        contact.notice.map(codes::notice),
        standing.why.map(|why| words::why(&why)),
    ];
    let seen = match (contact.reachable, contact.last_seen_ms) {
        (Some(carrier), _) => tr!("now: {carrier}", carrier = codes::carrier(carrier)),
        (None, Some(seen)) => screen::time(seen).into(),
        (None, None) => tr!("never"),
    };
    let cells = vec![
        shown(contact).into(),
        match contact.verified {
            true => tr!("yes"),
            false => tr!("no"),
        },
        seen,
        standing.unread.into(),
        standing.queued.into(),
        screen::short_id(&contact.id.0).into(),
    ];
    let arranged = standing.arranged.iter().cloned();
    let notes = notes.into_iter().flatten().chain(arranged);
    notes.fold(Row::from(cells), |row, note| row.with(note))
}

/// `hedgerow verify`.
pub async fn verify(
    api: &dyn Api,
    output: Output,
    name: &str,
    yes: bool,
    undo: bool,
) -> Result<(), Failure> {
    let contact = find(api, name).await?;
    if undo {
        let contact = api.verify(contact.id, false).await?;
        output.data(&contact, |contact| {
            tr!("{name} is not verified.", name = shown(contact))
        });
        return Ok(());
    }
    let words = api.safety_words(contact.id.clone()).await?;
    #[derive(Serialize)]
    struct Verification<'a> {
        contact: &'a Contact,
        words: &'a [String],
    }
    if !yes && (output.is_json() || !output::can_ask()) {
        let data = Verification {
            contact: &contact,
            words: &words.words,
        };
        output.data(&data, |data| numbered(data.words));
        output.say(tr!(
            "If they are the same on the other side, run this again with --yes."
        ));
        return Ok(());
    }
    if !output.is_json() {
        output.data(&words.words, |words| numbered(words));
    }
    let name = shown(&contact);
    let question = tr!(
        "Does {name} read the same twelve words?",
        name = name.as_str()
    );
    if !yes && !ask::yes(output, question)? {
        return Err(Failure::found(
            Exit::Refused,
            "not_the_same",
            tr!(
                "{name} stays unverified. If the words differ, somebody may sit between you: meet again in person.",
                name = name
            ),
        ));
    }
    let contact = api.verify(contact.id, true).await?;
    if output.is_json() {
        let data = Verification {
            contact: &contact,
            words: &words.words,
        };
        output.data(&data, |_| String::new());
    } else {
        output.say(tr!("{name} is verified.", name = name));
    }
    Ok(())
}

fn numbered(words: &[String]) -> String {
    let rows: Vec<String> = words
        .chunks(4)
        .enumerate()
        .map(|(row, four)| {
            let cells = four.iter().enumerate();
            let cells =
                cells.map(|(column, word)| format!("{:>2} {word:<10}", row * 4 + column + 1));
            cells.collect::<String>().trim_end().to_owned()
        })
        .collect();
    rows.join("\n")
}

/// `hedgerow rename`.
pub async fn rename(api: &dyn Api, output: Output, name: &str, new: String) -> Result<(), Failure> {
    let contacts = api.contacts().await?;
    let contact = pick(contacts.clone(), name)?;
    let new = me::name_for(&contact, &contacts, &new)?;
    let contact = api.rename(contact.id, Private(new)).await?;
    output.data(&contact, |contact| {
        tr!("Renamed to {name}.", name = shown(contact))
    });
    Ok(())
}

/// `hedgerow block`.
pub async fn block(api: &dyn Api, output: Output, name: &str, undo: bool) -> Result<(), Failure> {
    let contact = find(api, name).await?;
    let contact = api.block(contact.id, !undo).await?;
    output.data(&contact, |contact| match contact.blocked {
        true => tr!("{name} is blocked.", name = shown(contact)),
        false => tr!("{name} is not blocked any more.", name = shown(contact)),
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ContactId;

    fn contact(id: &str, name: &str, own_name: &str) -> Contact {
        Contact {
            name: Private(name.into()),
            ..Contact::just_met(
                ContactId(id.repeat(32)),
                ConversationId(id.into()),
                own_name,
            )
        }
    }

    fn found(name: &str) -> Result<String, String> {
        let contacts = vec![
            contact("a", "Ana", "Ana"),
            contact("b", "Ben", "Ana"),
            contact("c", "ana", "Carla"),
            contact("d", "Dora", "Dora"),
            contact("e", "Dora", "Eve"),
        ];
        pick(contacts, name)
            .map(|found| found.id.0[..1].to_owned())
            .map_err(|failure| failure.json())
    }

    #[test]
    fn the_closest_way_to_name_a_contact_wins() {
        assert_eq!(found("Ana").unwrap(), "a");
        assert_eq!(found("ana").unwrap(), "c");
        assert_eq!(found("Carla").unwrap(), "c");
        assert_eq!(found("BEN").unwrap(), "b");
        assert_eq!(found("bbbbbb").unwrap(), "b");
    }

    #[test]
    fn an_ambiguous_name_lists_the_choices() {
        let failure = found("Dora").unwrap_err();
        assert!(failure.contains("ambiguous_name"), "{failure}");
        assert!(
            failure.contains(&"d".repeat(32)) && failure.contains(&"e".repeat(32)),
            "{failure}"
        );
    }

    #[test]
    fn a_short_beginning_of_an_id_names_nobody() {
        assert!(found("bbb").unwrap_err().contains("no_such_contact"));
    }
}
