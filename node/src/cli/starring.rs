//! Starred messages.

use crate::api::{Api, MAX_PAGE, StarredMessage, visible};
use crate::cli::annotating::{named, short};
use crate::cli::chats::{self, find};
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::screen;
use crate::words::{Phrase, tr};

/// The most columns of a text in the list.
const EXCERPT: usize = 40;

/// `hedgerow star`.
pub async fn star(api: &dyn Api, name: &str, message: &str, starred: bool) -> Result<(), Failure> {
    let chat = find(api, name).await?.conversation;
    let message = named(api, &chat, message).await?;
    api.star(chat, message, starred).await?;
    Ok(())
}

/// `hedgerow starred`.
pub async fn list(api: &dyn Api, output: Output, last: u32) -> Result<(), Failure> {
    let mut found: Vec<StarredMessage> = Vec::new();
    let mut before = None;
    loop {
        let left = last - found.len() as u32;
        let page = api.starred(before, left.min(MAX_PAGE)).await?;
        found.extend(page.messages);
        before = page.older;
        if before.is_none() || found.len() as u32 >= last {
            break;
        }
    }
    let (conversations, people) = (api.conversations().await?, api.contacts().await?);
    let row = |starred: &StarredMessage| -> Vec<Phrase> {
        let mut conversations = conversations.iter();
        let chat = conversations.find(|one| one.id == starred.conversation);
        let name = chat.map(|chat| chats::named(chat, &people));
        let message = &starred.message;
        let text = message.text.as_ref().map(|text| visible::name(&text.0));
        vec![
            name.unwrap_or_default(),
            short(&message.id).into(),
            screen::time(message.time_ms).into(),
            screen::cut(&text.unwrap_or_default(), EXCERPT).into(),
        ]
    };
    output.list(
        &found,
        &[tr!("NAME"), tr!("MESSAGE"), tr!("WRITTEN"), tr!("TEXT")],
        row,
        tr!("No starred messages. `hedgerow star` stars one."),
    );
    Ok(())
}
