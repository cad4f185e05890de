//! Edits: the texts that authors have given their messages since (`docs/PROTOCOL.md` section 4).
//!
//! Of the edits that a message's author made of it, on whichever device, the first [`MAX_EDITS`] in screen order count,
//! and the last of these is the text. Places alone decide, so devices agree in whatever order edits arrive.

use std::collections::BTreeMap;

use hedgerow_sync::conversation::{self, MAX_EDITS};
use hedgerow_sync::entry::{AnnotationKind, Body};
use hedgerow_sync::id::{DeviceId, EntryId, SpaceId};
use hedgerow_sync::page::{self, Place, Placed};
use hedgerow_sync::store::{Reader, StorageError};

use super::content::{self, Content};
use super::conversations::Kind;
use crate::api::{Edited, Private, Version};

/// The edits that count of some messages, by message, in screen order.
pub(super) struct Edits(BTreeMap<EntryId, Vec<Place>>);

impl Edits {
    /// Reads the places of the edits of these entries.
    pub fn read(
        reader: &dyn Reader,
        space: SpaceId,
        kind: Kind,
        me: DeviceId,
        of: impl IntoIterator<Item = EntryId>,
    ) -> Result<Edits, StorageError> {
        let mut edits = conversation::annotation_places(reader, space, AnnotationKind::EDIT, of)?;
        for (target, places) in &mut edits {
            let author = kind.author(target.log.device, me);
            places.retain(|place| kind.author(place.log.device, me) == author);
            places.truncate(MAX_EDITS);
        }
        Ok(Edits(edits))
    }

    /// The entry that gives a message its present text: the last edit, or itself.
    pub fn present(&self, of: EntryId) -> EntryId {
        let last = self.0.get(&of).and_then(|places| places.last());
        last.map_or(of, Place::id)
    }

    /// How often a message was edited.
    pub fn times(&self, of: EntryId) -> usize {
        self.0.get(&of).map_or(0, Vec::len)
    }

    /// The last edit of each message that has any: what it says, and when.
    pub fn last(&self, reader: &dyn Reader, space: SpaceId) -> Result<LastEdits, StorageError> {
        let last = |(of, places): (&EntryId, &Vec<Place>)| Some((*of, places.last()?.id()));
        let last: Vec<(EntryId, EntryId)> = self.0.iter().filter_map(last).collect();
        let entries = page::entries(reader, space, last.iter().map(|(_, edit)| *edit))?;
        let shown = last.iter().filter_map(|(of, edit)| {
            let edit = entries.get(edit)?;
            let edited = Edited {
                times: self.times(*of) as u32,
                time_ms: edit.wall_ms,
            };
            Some((*of, (text(edit), edited)))
        });
        Ok(LastEdits(shown.collect()))
    }

    /// What all edits of a message say, in their order.
    pub fn versions(
        &self,
        reader: &dyn Reader,
        space: SpaceId,
        of: EntryId,
    ) -> Result<Vec<Version>, StorageError> {
        let places = self.0.get(&of).into_iter().flatten();
        let places: Vec<EntryId> = places.map(Place::id).collect();
        let entries = page::entries(reader, space, places.iter().copied())?;
        let versions = places.iter().filter_map(|edit| entries.get(edit));
        let version = |edit: &Placed| Version {
            text: text(edit),
            time_ms: edit.wall_ms,
        };
        Ok(versions.map(version).collect())
    }
}

/// The last edit of each message that has any.
pub(super) struct LastEdits(BTreeMap<EntryId, (Option<Private>, Edited)>);

impl LastEdits {
    /// The present text of a message that says this at first; `None` if the last edit is no text.
    pub fn text(&self, of: EntryId, content: &Content) -> Option<Private> {
        match self.0.get(&of) {
            Some((text, _)) => text.clone(),
            None => Some(Private(content.text.clone())),
        }
    }

    pub fn of(&self, message: EntryId) -> Option<Edited> {
        self.0.get(&message).map(|(_, edited)| *edited)
    }
}

fn text(edit: &Placed) -> Option<Private> {
    match &edit.body {
        Body::Bytes(body) => content::text(body).filter(|text| !text.0.is_empty()),
        Body::Gone => None,
    }
}
