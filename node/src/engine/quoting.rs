//! Answers: what they show of the messages that they answer, read when a page is.

use std::collections::BTreeMap;

use hedgerow_sync::entry::Body;
use hedgerow_sync::id::{EntryId, SpaceId};
use hedgerow_sync::page::{self, Placed};
use hedgerow_sync::store::{Reader, StorageError};

use super::content::Content;
use super::conversation::message_id;
use super::edits::LastEdits;
use super::timers;
use crate::api::{ContactId, MAX_QUOTE, Original, Private, Quoted};

/// The messages that those of a page answer, as far as their conversation has them: it may have none of that name.
pub(super) struct Originals(BTreeMap<EntryId, Placed>);

impl Originals {
    /// Reads the messages that these answer.
    pub fn read<'a>(
        reader: &dyn Reader,
        space: SpaceId,
        answers: impl IntoIterator<Item = &'a Content>,
    ) -> Result<Originals, StorageError> {
        let answered = answers.into_iter().filter_map(|answer| answer.reply_to);
        page::entries(reader, space, answered.map(EntryId::from)).map(Originals)
    }

    pub fn ids(&self) -> impl Iterator<Item = EntryId> {
        self.0.keys().copied()
    }

    /// What an answer to `of` shows of it.
    pub fn quoted(&self, of: EntryId, edits: &LastEdits, author: Option<ContactId>) -> Quoted {
        let row = self.0.get(&of).filter(|entry| entry.what.is_row());
        let content = row.and_then(Content::of);
        let disappears = content.as_ref().and_then(timers::of_message).is_some();
        let original = match row {
            None => Original::NotHere,
            Some(row) if row.body == Body::Gone => Original::Gone,
            Some(_) => Original::Here {
                author,
                text: content
                    .and_then(|content| {
                        let text = edits.text(of, &content)?;
                        // A file without a text is quoted by its name.
                        match content.file {
                            Some(file) if text.0.is_empty() => Some(Private(file.name)),
                            _ => Some(text),
                        }
                    })
                    .map(excerpt),
            },
        };
        Quoted {
            id: message_id(of),
            disappears,
            original,
        }
    }
}

fn excerpt(text: Private) -> Private {
    Private(text.0.chars().take(MAX_QUOTE).collect())
}
