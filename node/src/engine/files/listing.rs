//! Lists of files: those of a conversation, and the room that all take.

use std::collections::BTreeMap;

use hedgerow_sync::id::SpaceId;
use hedgerow_sync::page;
use hedgerow_sync::store::{Reader, StorageError};

use super::row::{self, FileRow};
use crate::api::{ConversationId, FilesPage, FilesUse, MessageId, Refusal, UsedByConversation};
use crate::engine::content::Content;
use crate::engine::conversation::{self, message_id, parse_message_id};
use crate::engine::conversations;

/// The messages of a conversation that have files, the newest first: those before the message `before` if there is one,
/// at most `limit`. Of messages not delivered only a refusal is given as the reason, as by [`conversation::page`].
///
/// # Errors
/// There is no such conversation or message; the store failed.
pub fn page(
    reader: &dyn Reader,
    id: &ConversationId,
    before: Option<&MessageId>,
    limit: u32,
) -> Result<FilesPage, Refusal> {
    let space = conversations::parse_id(id).ok_or(Refusal::NoSuchConversation)?;
    let before = match before {
        Some(before) => {
            let entry = parse_message_id(before).ok_or(Refusal::NoSuchMessage)?;
            Some(page::row_place(reader, space, entry)?.ok_or(Refusal::NoSuchMessage)?)
        }
        None => None,
    };
    let mut places = Vec::new();
    for (_, row) in row::all(reader, space)? {
        let place = row.place()?;
        // A group may not show a message any more.
        if page::row_place(reader, space, place.id())?.is_some() {
            places.push(place);
        }
    }
    places.retain(|place| before.is_none_or(|before| *place < before));
    places.sort_unstable();
    let limit = limit as usize;
    let newest = places.iter().rev().take(limit);
    let older = (places.len() > limit).then(|| newest.clone().next_back());
    let older = older.flatten().map(|place| message_id(place.id()));
    let messages = newest.map(|place| conversation::message(reader, id, &message_id(place.id())));
    Ok(FilesPage {
        messages: messages.collect::<Result<_, _>>()?,
        older,
    })
}

/// The room that the files of each conversation take, the largest first.
///
/// # Errors
/// The store failed.
pub fn used(reader: &dyn Reader) -> Result<Vec<UsedByConversation>, StorageError> {
    let mut conversations: BTreeMap<SpaceId, UsedByConversation> = BTreeMap::new();
    for (space, id, row) in row::everywhere(reader)? {
        let bytes = row.bytes_here()?;
        if bytes == 0 {
            continue;
        }
        let used = conversations
            .entry(space)
            .or_insert_with(|| UsedByConversation {
                conversation: conversations::api_id(space),
                pictures: FilesUse::default(),
                others: FilesUse::default(),
                undelivered: FilesUse::default(),
            });
        let kind = match is_picture(reader, space, &row)? {
            true => &mut used.pictures,
            false => &mut used.others,
        };
        kind.add(bytes);
        if row.is_ours && row::is_awaited(reader, space, id)? {
            used.undelivered.add(bytes);
        }
    }
    let mut conversations: Vec<_> = conversations.into_values().collect();
    conversations.sort_by_key(|used| std::cmp::Reverse(used.pictures.bytes + used.others.bytes));
    Ok(conversations)
}

/// Whether the sender calls it a picture.
fn is_picture(reader: &dyn Reader, space: SpaceId, row: &FileRow) -> Result<bool, StorageError> {
    let entry = page::entry(reader, space, row.entry()?)?;
    let content = entry.as_ref().and_then(Content::of);
    let part = content.and_then(|content| content.file);
    Ok(part.is_some_and(|part| part.is_picture()))
}
