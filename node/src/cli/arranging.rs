//! What the user makes of a conversation: muted, archived, marked as unread.

use crate::api::{Api, Conversation, Muted};
use crate::cli::chats::find;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::screen;
use crate::words::{Phrase, tr};

/// `hedgerow mute`.
pub async fn mute(api: &dyn Api, output: Output, name: &str, time: &str) -> Result<(), Failure> {
    let muted = match time {
        "forever" => Some(Muted::Forever),
        "off" => None,
        span => Some(Muted::UntilMs(end_of(span)?)),
    };
    let chat = find(api, name).await?.conversation;
    let chat = api.mute(chat, muted).await?;
    output.data(&chat, |chat| match chat.muted {
        Some(muted) => how_long(muted),
        None => tr!("Not muted."),
    });
    Ok(())
}

/// When a span that begins now ends, in Unix milliseconds.
fn end_of(span: &str) -> Result<i64, Failure> {
    let seconds = screen::parse_span(span).and_then(|seconds| i64::try_from(seconds).ok());
    let seconds = seconds.ok_or_else(|| {
        let words = tr!("This is not a time. Write it as 30m, 8h or 7d, or as `forever` or `off`.");
        Failure::found(Exit::Usage, "bad_time", words)
    })?;
    Ok(screen::now_ms().saturating_add(seconds.saturating_mul(1_000)))
}

/// `hedgerow archive`.
pub async fn archive(
    api: &dyn Api,
    output: Output,
    name: &str,
    archived: bool,
) -> Result<(), Failure> {
    let chat = find(api, name).await?.conversation;
    let chat = api.archive(chat, archived).await?;
    output.data(&chat, |chat| match chat.archived {
        true => tr!("Archived."),
        false => tr!("Not archived."),
    });
    Ok(())
}

/// `hedgerow unread`.
pub async fn unread(
    api: &dyn Api,
    output: Output,
    name: &str,
    unread: bool,
) -> Result<(), Failure> {
    let chat = find(api, name).await?.conversation;
    let chat = api.mark_unread(chat, unread).await?;
    output.data(&chat, |chat| match chat.marked_unread {
        true => tr!("Marked as unread."),
        false => tr!("Not marked as unread."),
    });
    Ok(())
}

/// What the user made of a conversation, one sentence each.
pub fn arranged(chat: &Conversation) -> Vec<Phrase> {
    let said = [
        chat.muted.map(how_long),
        chat.archived.then(|| tr!("Archived.")),
        chat.marked_unread.then(|| tr!("Marked as unread.")),
    ];
    said.into_iter().flatten().collect()
}

fn how_long(muted: Muted) -> Phrase {
    match muted {
        Muted::Forever => tr!("Muted."),
        Muted::UntilMs(end) => tr!("Muted until {time}.", time = screen::time(end)),
    }
}
