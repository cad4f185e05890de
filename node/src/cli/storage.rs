//! The room that files take: `storage`, and `free` for many.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::api::{
    Api, FileState, FilesUse, MAX_PAGE, MessageId, Refusal, StorageUse, UsedByConversation,
};
use crate::cli::chats;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::screen;
use crate::words::{Phrase, files::size, tr};

/// `hedgerow storage`.
pub async fn show(api: &dyn Api, output: Output) -> Result<(), Failure> {
    let used = api.storage().await?;
    if output.is_json() {
        output.data(&used, |_| String::new());
        return Ok(());
    }
    let (conversations, people) = (api.conversations().await?, api.contacts().await?);
    let row = |used: &UsedByConversation| -> Vec<Phrase> {
        let mut conversations = conversations.iter();
        let chat = conversations.find(|one| one.id == used.conversation);
        let name = chat.map(|chat| chats::named(chat, &people));
        let room = |of: FilesUse| match of.files {
            0 => Phrase::from("–"),
            files => format!("{files}, {}", size(of.bytes)).into(),
        };
        vec![
            name.unwrap_or_default(),
            room(used.pictures),
            room(used.others),
            room(used.undelivered),
        ]
    };
    output.list(
        &used.conversations,
        &[
            tr!("NAME"),
            tr!("PICTURES"),
            tr!("OTHER FILES"),
            tr!("NOT DELIVERED"),
        ],
        row,
        tr!("No files are here."),
    );
    let StorageUse { free, store, .. } = used;
    output.say(tr!(
        "Messages take {store}. {free} are free for files.",
        store = size(store),
        free = size(free)
    ));
    Ok(())
}

/// `hedgerow free --older-than`: of one conversation, or of all.
pub async fn free(
    api: &dyn Api,
    output: Output,
    name: Option<&str>,
    older_than: &str,
) -> Result<(), Failure> {
    let Some(span_s) = screen::parse_span(older_than) else {
        return Err(Failure::found(
            Exit::Usage,
            "bad_span",
            tr!(
                "`{span}` is no span of time. Give one like 90d or 12h.",
                span = older_than
            ),
        ));
    };
    let now_ms = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64);
    let before_ms = now_ms.saturating_sub_unsigned(span_s.saturating_mul(1_000));
    let conversations = match name {
        Some(name) => vec![chats::find(api, name).await?.conversation],
        None => {
            let used = api.storage().await?.conversations.into_iter();
            used.map(|used| used.conversation).collect()
        }
    };
    let (mut freed, mut kept) = (FilesUse::default(), FilesUse::default());
    for conversation in conversations {
        let mut before: Option<MessageId> = None;
        loop {
            let page = match api
                .files(conversation.clone(), before.take(), MAX_PAGE)
                .await
            {
                // The message that the last page ended with went meanwhile.
                Err(Refusal::NoSuchMessage) => continue,
                page => page?,
            };
            for message in page.messages {
                let Some(file) = message.file else {
                    continue;
                };
                if file.state != FileState::Here || message.time_ms >= before_ms {
                    continue;
                }
                match api.free_file(conversation.clone(), message.id).await {
                    Ok(()) => freed.add(file.size),
                    Err(Refusal::FileNotDelivered) => kept.add(file.size),
                    // It went meanwhile.
                    Err(Refusal::NoSuchMessage | Refusal::FileNotHere) => {}
                    Err(refusal) => return Err(refusal.into()),
                }
            }
            before = page.older;
            if before.is_none() {
                break;
            }
        }
    }
    #[derive(Serialize)]
    struct Freed {
        freed: FilesUse,
        kept: FilesUse,
    }
    if output.is_json() {
        output.data(&Freed { freed, kept }, |_| String::new());
        return Ok(());
    }
    output.say(tr!("Freed: {size}.", size = size(freed.bytes)));
    if kept.files > 0 {
        output.say(tr!(
            "Kept, because not everybody has them: {size}.",
            size = size(kept.bytes)
        ));
    }
    Ok(())
}
