//! Parcels out of the API and into it (`docs/PROTOCOL.md` section 12). The engine seals and takes in bundles; the files
//! behind them pass by the engine, on threads that may wait for the disk.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::{StreamExt, stream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::taking::Taking;
use super::transfers::random;
use crate::api::{
    Answer, ByteStream, Call, ContactId, Imported, Parcels, Refusal, Reply, SeriesName,
    StorageFault,
};
use crate::files::extent::CHUNK;
use crate::files::keeper;
use crate::files::work::FileKey;
use crate::parcel::steps::{CarriedFile, Manifest, NextBundle, Part, SeriesId, Step, Stepped};
use crate::parcel::{MAX_CARRIED_BYTES, MAX_CARRIED_FILES, MAX_PARTS, Writing};
use crate::runtime::Node;

/// The most series that are being made at one time.
const MAX_PLANS: usize = 16;

/// The pieces of a parcel that wait for who reads or takes it.
const PIECES_AHEAD: usize = 4;

/// The parcels that were begun, the oldest series first.
#[derive(Default)]
pub(super) struct Plans(Mutex<VecDeque<Plan>>);

#[derive(Clone)]
struct Plan {
    name: SeriesName,
    contact: ContactId,
    series: SeriesId,
    /// The files of each part.
    parts: Vec<Vec<CarriedFile>>,
}

impl Plans {
    /// Forgets all.
    pub(super) fn clear(&self) {
        self.all().clear();
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<Plan>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plans the parcels for a contact, each with at most `part_bytes` bytes of files.
    pub(super) async fn begin(
        &self,
        node: &Node,
        contact: ContactId,
        part_bytes: Option<u64>,
    ) -> Result<Parcels, Refusal> {
        let Stepped::Files(files) = step(node, Step::Files(contact.clone())).await? else {
            return Err(Refusal::Bug);
        };
        let plan = Plan {
            name: SeriesName(HEXLOWER.encode(&random::<8>()?)),
            contact,
            series: SeriesId(random()?),
            parts: split(files, part_bytes.unwrap_or(MAX_CARRIED_BYTES)),
        };
        let files = plan.parts.iter().flatten();
        let parcels = Parcels {
            series: plan.name.clone(),
            parts: plan.parts.len() as u32,
            files: files.clone().count() as u64,
            bytes: files.map(|file| file.extent.sealed()).sum(),
        };
        let mut all = self.all();
        if all.len() >= MAX_PLANS {
            all.pop_front();
        }
        all.push_back(plan);
        Ok(parcels)
    }

    /// Makes one of the parcels of a plan.
    pub(super) async fn part(
        &self,
        node: Arc<Node>,
        name: &SeriesName,
        number: u32,
    ) -> Result<ByteStream, Refusal> {
        let plan = self.all().iter().find(|plan| plan.name == *name).cloned();
        let plan = plan.ok_or(Refusal::NoSuchParcel)?;
        let at = number.checked_sub(1).ok_or(Refusal::NoSuchParcel)?;
        let files = plan.parts.get(at as usize).ok_or(Refusal::NoSuchParcel)?;
        let of = plan.parts.len() as u32;
        let manifest = match files.is_empty() && of == 1 {
            true => None,
            false => Some(Manifest {
                part: Part {
                    series: plan.series,
                    number,
                    of,
                },
                key: FileKey(random()?),
                files: files.clone(),
            }),
        };
        // Whatever is refused is refused before the first byte.
        let (first, next) = seal(&node, &plan.contact, None, manifest.clone()).await?;
        let (pieces, taken) = mpsc::channel(PIECES_AHEAD);
        let making = Making {
            node,
            engine: Handle::current(),
            contact: plan.contact,
            pieces,
        };
        tokio::task::spawn_blocking(move || {
            if let Err(refusal) = making.make(&first, next, manifest) {
                // Who has stopped reading needs no reason.
                let _ = making.pieces.blocking_send(Err(refusal));
            }
        });
        let next = |mut taken: mpsc::Receiver<_>| async move { Some((taken.recv().await?, taken)) };
        Ok(Box::pin(stream::unfold(taken, next)))
    }
}

/// Distributes files over parcels of at most `part_bytes` bytes, in order. A file that is longer has one for itself. There is
/// always a parcel, for the messages.
fn split(files: Vec<CarriedFile>, part_bytes: u64) -> Vec<Vec<CarriedFile>> {
    let most = part_bytes.min(MAX_CARRIED_BYTES);
    let mut parts = vec![Vec::new()];
    let mut bytes = 0;
    for file in files {
        // One byte says whether the file is there still.
        let more = file.extent.sealed() + 1;
        let part = parts.last_mut().expect("there is one always");
        let is_full = bytes + more > most || part.len() >= MAX_CARRIED_FILES;
        if !is_full || part.is_empty() {
            part.push(file);
            bytes += more;
        } else if parts.len() < MAX_PARTS as usize {
            parts.push(vec![file]);
            bytes = more;
        } else {
            break;
        }
    }
    parts
}

/// Has the engine take a step.
pub(super) async fn step(node: &Node, step: Step) -> Result<Stepped, Refusal> {
    let answer: Answer = node.call(Call::Carry(step)).await;
    match answer? {
        Reply::Stepped(stepped) => Ok(stepped),
        _ => Err(Refusal::Bug),
    }
}

async fn seal(
    node: &Node,
    contact: &ContactId,
    next: Option<NextBundle>,
    manifest: Option<Manifest>,
) -> Result<(Vec<u8>, Option<NextBundle>), Refusal> {
    let contact = contact.clone();
    let seals = Step::Seal {
        contact,
        next,
        manifest,
    };
    match step(node, seals).await? {
        Stepped::Sealed(bundle, next) => Ok((bundle, next)),
        _ => Err(Refusal::Bug),
    }
}

/// A parcel that is being made, on a thread that may wait for the disk.
struct Making {
    node: Arc<Node>,
    engine: Handle,
    contact: ContactId,
    pieces: mpsc::Sender<Result<Bytes, Refusal>>,
}

impl Making {
    fn make(
        &self,
        first: &[u8],
        mut next: Option<NextBundle>,
        manifest: Option<Manifest>,
    ) -> Result<(), Refusal> {
        let mut writing = Writing::begin();
        writing.bundle(first);
        while let Some(from) = next {
            self.give(writing.take())?;
            let sealing = seal(&self.node, &self.contact, Some(from), manifest.clone());
            let (bundle, behind) = self.engine.block_on(sealing)?;
            writing.bundle(&bundle);
            next = behind;
        }
        let Some(manifest) = manifest else {
            return self.give(writing.finish());
        };
        let mut files = writing.files(&manifest.key);
        let mut chunk = vec![0; CHUNK];
        for carried in &manifest.files {
            // A file that has gone meanwhile leaves its place.
            let stored = carried.stored.ok_or(Refusal::Bug)?;
            let Ok(mut file) = File::open(keeper::path(self.node.files(), stored)) else {
                files.write(&[0]);
                continue;
            };
            files.write(&[1]);
            for index in 0..carried.extent.chunks() {
                let chunk = &mut chunk[..carried.extent.chunk(index)];
                file.read_exact(chunk).map_err(|_| Refusal::Storage {
                    fault: StorageFault::Damaged,
                })?;
                files.write(chunk);
                self.give(files.take())?;
            }
        }
        while files.pad() {
            self.give(files.take())?;
        }
        self.give(files.finish())
    }

    fn give(&self, piece: Vec<u8>) -> Result<(), Refusal> {
        if piece.is_empty() {
            return Ok(());
        }
        let given = self.pieces.blocking_send(Ok(piece.into()));
        given.map_err(|_| Refusal::Stopping)
    }
}

/// Takes in a parcel.
pub(super) async fn take(node: Arc<Node>, mut parcel: ByteStream) -> Result<Imported, Refusal> {
    let (pieces, taken) = mpsc::channel(PIECES_AHEAD);
    let engine = Handle::current();
    let taking = tokio::task::spawn_blocking(move || Taking::of(&node, engine, taken).all());
    while let Some(piece) = parcel.next().await {
        if pieces.send(piece).await.is_err() {
            // It has read as much as it needs, or says why it stopped.
            break;
        }
    }
    drop(pieces);
    taking.await.map_err(|_| Refusal::Bug)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::extent::{Extent, MAX_FILE};
    use crate::files::tree::FileId;

    fn file(clear: u64) -> CarriedFile {
        CarriedFile {
            space: None,
            file: FileId([0; 32]),
            extent: Extent::of(clear).expect("it is not too long"),
            stored: None,
        }
    }

    #[test]
    fn files_fill_parcels_in_order_and_none_is_longer_than_a_stick_takes() {
        let files: Vec<CarriedFile> = [MAX_FILE, 1 << 30, MAX_FILE, 5, 0].map(file).into();
        let parts = split(files.clone(), u64::MAX);
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(parts.concat(), files);
        for part in &parts {
            let bytes: u64 = part.iter().map(|file| file.extent.sealed() + 1).sum();
            assert!(bytes <= MAX_CARRIED_BYTES);
        }
        let many = vec![file(0); MAX_CARRIED_FILES + 1];
        assert_eq!(split(many, u64::MAX).len(), 2);
        assert_eq!(split(Vec::new(), 0), [Vec::new()]);
        let each = split(files[..3].to_vec(), 1_000);
        assert_eq!(each.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1]);
    }
}
