//! Deleting messages, and what becomes of them on other devices.

use crate::api::{Api, Deletion, Feature, Message, RemovalState};
use crate::cli::annotating::named;
use crate::cli::chats::find;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::people::People;
use crate::cli::screen;
use crate::words::{Phrase, tr};

/// `hedgerow delete`.
pub async fn delete(
    api: &dyn Api,
    output: Output,
    name: &str,
    message: &str,
    for_all: bool,
) -> Result<(), Failure> {
    let chat = find(api, name).await?;
    let message = named(api, &chat.conversation, message).await?;
    let deletion = api
        .delete(chat.conversation.clone(), message, for_all)
        .await?;
    if output.is_json() {
        output.data(&deletion, |_| String::new());
        return Ok(());
    }
    output.say(match deletion {
        Deletion::Here => tr!("Deleted on this device."),
        Deletion::NeverSent => tr!("Deleted. It never left this device."),
        Deletion::Everywhere => tr!(
            "Deleted here. It leaves each other device as soon as that hears of it. Sealed copies, in files and with couriers, stay where they are."
        ),
    });
    if deletion == Deletion::Everywhere && chat.lacks(Feature::Deletions) {
        output.say(tr!(
            "{name} uses a version that does not remove deleted messages.",
            name = chat.name
        ));
    }
    Ok(())
}

/// What stands in place of the text of a message that its author deleted; `None` if it was not.
pub fn in_place(message: &Message) -> Option<Phrase> {
    message.deleted.as_ref()?;
    Some(match message.is_mine() {
        true => tr!("(deleted by you)"),
        false => tr!("(deleted by its author)"),
    })
}

/// What has become of a message that was deleted on each device of these people.
pub fn removals<'a>(people: &'a People, message: &'a Message) -> impl Iterator<Item = Phrase> + 'a {
    let deleted = message.deleted.iter();
    let removals = deleted.flat_map(|deleted| &deleted.removals);
    removals.map(|removal| {
        let name = people.called(&removal.contact);
        match removal.state {
            RemovalState::Waiting => tr!("waits for {name}", name = name),
            RemovalState::Removed { at_ms } => tr!(
                "removed on the device of {name}, {time}",
                name = name,
                time = screen::time(at_ms)
            ),
            RemovalState::Unsupported => tr!(
                "{name} still has it: that version does not remove deleted messages",
                name = name
            ),
        }
    })
}
