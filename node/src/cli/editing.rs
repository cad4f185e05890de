//! Edits of messages, and the versions that they leave.

use crate::api::{Api, Feature, Private, Version, visible};
use crate::cli::annotating::named;
use crate::cli::chats::find;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::{ask, screen};
use crate::words::tr;

/// `hedgerow edit`.
pub async fn edit(
    api: &dyn Api,
    output: Output,
    name: &str,
    message: &str,
    text: &str,
) -> Result<(), Failure> {
    let text = ask::text(text)?;
    let chat = find(api, name).await?;
    let message = named(api, &chat.conversation, message).await?;
    api.edit(chat.conversation.clone(), message, Private(text))
        .await?;
    if chat.lacks(Feature::Edits) {
        output.say(tr!(
            "{name} uses a version that does not show edits. The old text stays there.",
            name = chat.name
        ));
    }
    Ok(())
}

/// `hedgerow versions`.
pub async fn versions(
    api: &dyn Api,
    output: Output,
    name: &str,
    message: &str,
) -> Result<(), Failure> {
    let chat = find(api, name).await?.conversation;
    let message = named(api, &chat, message).await?;
    let versions = api.versions(chat, message).await?;
    for version in &versions {
        output.data(version, |version| line(output, version));
    }
    Ok(())
}

fn line(output: Output, version: &Version) -> String {
    let text = match &version.text {
        Some(text) => visible::text(&text.0),
        None => output.said(&tr!("(a message this version cannot show)")),
    };
    let head = format!("{}  ", screen::time(version.time_ms));
    screen::headed(&head, &text, super::output::columns())
}
