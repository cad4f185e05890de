//! What the host asks of the engine to make a parcel, or to take one in.

use std::fmt;

use hedgerow_sync::id::SpaceId;
use serde::{Deserialize, Serialize};

use crate::api::{ContactId, Imported};
use crate::files::extent::Extent;
use crate::files::tree::{ChunkHash, FileId};
use crate::files::work::{FileKey, StoredName};

/// Names the parcels that were made together. Random, and told only inside bundles.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeriesId(pub [u8; 16]);

impl fmt::Debug for SeriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeriesId")
    }
}

/// The place of a parcel in its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The series.
    pub series: SeriesId,
    /// Its number, from 1 on.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

/// A file that goes with a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedFile {
    /// Its conversation; on the receiver's side only if it shares one that the sender named.
    pub space: Option<SpaceId>,
    /// The file.
    pub file: FileId,
    /// How long it is.
    pub extent: Extent,
    /// Where its sealed bytes are; on the receiver's side there is nothing yet.
    pub stored: Option<StoredName>,
}

/// What a parcel has behind its bundles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its place in the series.
    pub part: Part,
    /// What seals the files.
    pub key: FileKey,
    /// The files, in order.
    pub files: Vec<CarriedFile>,
}

/// Where the next bundle for a contact begins. Only the engine knows how to read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextBundle(pub Vec<u8>);

/// What became of a file in a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileArrival {
    /// All of it is here and durable. These are the name of what is stored, and the hashes of its chunks.
    Here(StoredName, Vec<ChunkHash>),
    /// There is no room for it. The bytes that are free.
    NoRoom(u64),
    /// It is not what its message names.
    Wrong,
}

/// A step that the engine takes for a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Say which files a contact has not confirmed, those of the newest messages first.
    Files(ContactId),
    /// Seal the next bundle for a contact; the first of each device says what the manifest says.
    Seal {
        /// For whom.
        contact: ContactId,
        /// Behind which bundle; `None`: it is the first.
        next: Option<NextBundle>,
        /// What goes with the bundles, unless it is nothing.
        manifest: Option<Manifest>,
    },
    /// Take in a bundle.
    Take(Vec<u8>),
    /// Something became of a file in a parcel.
    File(CarriedFile, FileArrival),
    /// All of a parcel was taken in. `Taken` had this origin and part.
    Ended(Origin, Part),
}

/// The device that made a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin(pub [u8; 16]);

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stepped {
    /// The files.
    Files(Vec<CarriedFile>),
    /// A bundle, and where the next one begins if there is more.
    Sealed(Vec<u8>, Option<NextBundle>),
    /// What a bundle brought.
    Taken(Box<Taken>),
    /// The parts of the series that are still missing, the lowest first.
    Missing(Vec<u32>),
}

impl Taken {
    /// Adds what another bundle of the same parcel brought.
    pub fn add(&mut self, more: Taken) {
        let (all, of_more) = (&mut self.imported, more.imported);
        all.messages += of_more.messages;
        all.acknowledged += of_more.acknowledged;
        all.unusable += of_more.unusable;
        self.is_known &= more.is_known;
        if self.manifest.is_none() {
            self.manifest = more.manifest;
        }
    }
}

/// What a bundle of a parcel brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Who made it, and what came.
    pub imported: Imported,
    /// The device that made it.
    pub origin: Origin,
    /// It was taken in before, so that it brought nothing.
    pub is_known: bool,
    /// What follows the bundles of its parcel.
    pub manifest: Option<Manifest>,
}
