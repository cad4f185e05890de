//! Emoji and pins on messages, and the short names by which people refer to messages.

use data_encoding::{Encoding, Specification};

use crate::api::{
    Api, ConversationId, Feature, MAX_PAGE, Message, MessageId, PageFrom, Private, Reaction,
    Refusal, visible,
};
use crate::cli::chats::find;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::people::People;
use crate::cli::{deleting, timing};
use crate::words::{Phrase, codes, tr};

/// The number of letters of a short name: 25 bits of a hash of the id.
const LETTERS: usize = 5;

/// `hedgerow react`.
pub async fn react(
    api: &dyn Api,
    output: Output,
    name: &str,
    message: &str,
    emoji: Option<String>,
) -> Result<(), Failure> {
    let chat = find(api, name).await?;
    let message = named(api, &chat.conversation, message).await?;
    let emoji = Private(emoji.unwrap_or_default());
    let is_taken_back = emoji.0.is_empty();
    api.react(chat.conversation.clone(), message, emoji).await?;
    if !is_taken_back && chat.lacks(Feature::Reactions) {
        output.say(tr!(
            "{name} uses a version that does not show emoji on messages.",
            name = chat.name
        ));
    }
    Ok(())
}

/// `hedgerow pin`.
pub async fn pin(
    api: &dyn Api,
    output: Output,
    name: &str,
    message: &str,
    pinned: bool,
) -> Result<(), Failure> {
    let chat = find(api, name).await?;
    let message = named(api, &chat.conversation, message).await?;
    api.pin(chat.conversation.clone(), message, pinned).await?;
    if pinned && chat.lacks(Feature::Pins) {
        output.say(tr!(
            "{name} uses a version that does not show pins.",
            name = chat.name
        ));
    }
    Ok(())
}

/// The short name of a message: the same in every command and after every restart.
pub fn short(id: &MessageId) -> String {
    let mut letters = Specification::new();
    // Without letters and digits that people confuse.
    letters.symbols.push_str("abcdefghjkmnpqrstuvwxyz023456789");
    let letters: Encoding = letters.encoding().expect("32 different symbols");
    let hash = blake3::hash(id.0.as_bytes());
    let mut name = letters.encode(&hash.as_bytes()[..5]);
    name.truncate(LETTERS);
    name
}

/// The message that a person names by its id, its short name, or the beginning of its short name. A beginning must fit
/// only one message of the page where it first fits, from the newest page on. Of two messages with the same short name
/// it means the newer.
pub async fn named(api: &dyn Api, chat: &ConversationId, name: &str) -> Result<MessageId, Failure> {
    if name.contains('-') {
        return Ok(MessageId(name.to_owned()));
    }
    let letters = name.to_lowercase();
    let mut from = PageFrom::Newest;
    loop {
        let page = api.page(chat.clone(), from, MAX_PAGE).await?;
        let messages = page.messages.iter().rev();
        let mut found = messages.filter(|one| begins(&short(&one.id), &letters));
        match (found.next(), found.next()) {
            (Some(_), Some(_)) if letters.len() < LETTERS => {
                let words = tr!(
                    "More than one message is called {name}. Give more of its letters.",
                    name = visible::name(name)
                );
                return Err(Failure::found(Exit::Refused, "ambiguous_message", words));
            }
            (Some(message), _) => return Ok(message.id.clone()),
            (None, _) => {}
        }
        match page.messages.into_iter().next() {
            Some(first) if first.position > 0 => from = PageFrom::Before(first.id),
            _ => return Err(Refusal::NoSuchMessage.into()),
        }
    }
}

/// Whether a short name begins with these letters.
fn begins(short: &str, letters: &str) -> bool {
    !letters.is_empty() && short.starts_with(letters)
}

/// The emoji and the pin, to be shown under a message of a conversation of these people; `None` if there are none.
pub fn beneath(people: &People, message: &Message) -> Option<Phrase> {
    let who = |reaction: &Reaction| {
        let who = match &reaction.author {
            None => codes::you(),
            Some(author) => people.called(author).into(),
        };
        Phrase::from(reaction.emoji.0.as_str()).then(" ", who)
    };
    let pinned = message.pinned.then(|| tr!("a message" => "pinned"));
    let said = message.reactions.iter().map(who).chain(pinned);
    let said = said.chain(timing::beneath(message));
    let said = Phrase::joined(", ", said.chain(deleting::removals(people, message)));
    (!said.is_empty()).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_five_letters_and_always_the_same() {
        let id = MessageId("abababababababababababababababab-0000000000000001-6".to_owned());
        assert_eq!(short(&id), short(&id.clone()));
        assert_eq!(short(&id).chars().count(), LETTERS);
        let other = MessageId(id.0.replace("-6", "-7"));
        assert_ne!(short(&id), short(&other));
    }

    #[test]
    fn a_message_is_named_by_the_beginning_of_its_short_name() {
        assert!(begins("k7q2m", "k7q2m") && begins("k7q2m", "k7"));
        assert!(!begins("k7q2m", "7q") && !begins("k7q2m", "k7q2mm") && !begins("k7q2m", ""));
    }
}
