//! What entries say, and which message each belongs to.

use std::collections::BTreeMap;

use hedgerow_sync::conversation;
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{EntryId, SpaceId};
use hedgerow_sync::page::{self, Place, Placed};
use hedgerow_sync::store::{Reader, StorageError};

use super::marks::{Mark, has_link};
use crate::engine::content::{self, Content};
use crate::engine::files::FilePart;

/// What search finds an entry by.
pub(super) struct Said {
    /// Its text, and on a line of its own the name of its file.
    pub words: String,
    pub marks: Vec<Mark>,
}

/// What an entry says: a row, or an edit of one, which says nothing of the file of its row.
pub(super) fn said(entry: &Placed) -> Option<Said> {
    let (text, file) = match (edited(entry), &entry.body) {
        (Some(_), Body::Bytes(body)) => (content::text(body)?.0, None),
        (Some(_), Body::Gone) => return None,
        (None, _) => {
            let content = Content::of(entry)?;
            (content.text, content.file)
        }
    };
    let mut marks = Vec::new();
    marks.extend(has_link(&text).then_some(Mark::Link));
    marks.extend(file.as_ref().map(FilePart::mark));
    let name = file.as_ref().and_then(FilePart::searched_name);
    let words = match name {
        Some(name) => content::searched(&text, name),
        None => text,
    };
    Some(Said { words, marks })
}

/// The mark of the file of a row.
pub(super) fn file_mark(row: &Placed) -> Option<Mark> {
    let file = Content::of(row)?.file?;
    Some(file.mark())
}

/// The row that an entry edits, if it is an edit.
pub(super) fn edited(entry: &Placed) -> Option<EntryId> {
    match entry.what {
        What::Annotation {
            kind: AnnotationKind::EDIT,
            target,
        } => Some(target),
        _ => None,
    }
}

/// A row, if it is held.
pub(super) fn row(
    reader: &dyn Reader,
    space: SpaceId,
    id: EntryId,
) -> Result<Option<Placed>, StorageError> {
    Ok(page::entry(reader, space, id)?.filter(|entry| entry.what.is_row()))
}

/// A message with its edits that are held: the entries that have its words.
pub(super) fn versions(
    reader: &dyn Reader,
    space: SpaceId,
    id: EntryId,
) -> Result<Vec<Placed>, StorageError> {
    let edits = edits(reader, space, [id])?;
    let ids = std::iter::once(id).chain(edits.into_values().flatten());
    let entries = page::entries(reader, space, ids)?;
    Ok(entries.into_values().collect())
}

/// The edits of these rows that are held, by row.
pub(super) fn edits(
    reader: &dyn Reader,
    space: SpaceId,
    rows: impl IntoIterator<Item = EntryId>,
) -> Result<BTreeMap<EntryId, Vec<EntryId>>, StorageError> {
    let places = conversation::annotation_places(reader, space, AnnotationKind::EDIT, rows)?;
    let ids = |places: Vec<Place>| places.iter().map(Place::id).collect();
    let edits = places.into_iter().map(|(row, places)| (row, ids(places)));
    Ok(edits.collect())
}
