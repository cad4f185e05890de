//! The texts of entries, and which message each belongs to.

use std::collections::BTreeMap;

use hedgerow_sync::conversation;
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{EntryId, SpaceId};
use hedgerow_sync::page::{self, Place, Placed};
use hedgerow_sync::store::{Reader, StorageError};

use crate::api::Private;
use crate::engine::content;

/// What an entry says: a row, with the name of its file, or an edit of one.
pub(super) fn text_of(entry: &Placed) -> Option<Private> {
    match (edited(entry), &entry.body) {
        (Some(_), Body::Bytes(body)) => content::text(body),
        (Some(_), Body::Gone) => None,
        (None, _) => content::words_of(entry),
    }
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
