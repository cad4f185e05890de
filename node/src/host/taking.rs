//! A parcel that is taken in, on a thread that may wait for the disk.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::parcels::step;
use super::transfers::random;
use crate::api::{Call, Imported, ImportedPart, Refusal};
use crate::engine::files::is_expected;
use crate::files::arriving::{Arriving, Batch};
use crate::files::extent::CHUNK;
use crate::files::work::StoredName;
use crate::files::{sealing, tree};
use crate::parcel::Reading;
use crate::parcel::reading::{Fault, FilesReading};
use crate::parcel::steps::{CarriedFile, FileArrival, Manifest, Step, Stepped, Taken};
use crate::runtime::Node;

/// The parcel, and the node that takes it in.
pub(super) struct Taking<'a> {
    node: &'a Node,
    engine: Handle,
    pieces: Pieces,
}

/// What the bundles of a parcel brought together.
struct Brought {
    taken: Taken,
    /// Some bundle for us was damaged.
    is_damaged: bool,
}

impl<'a> Taking<'a> {
    pub(super) fn of(
        node: &'a Node,
        engine: Handle,
        pieces: mpsc::Receiver<Result<Bytes, Refusal>>,
    ) -> Taking<'a> {
        Taking {
            node,
            engine,
            pieces: Pieces {
                coming: pieces,
                now: Bytes::new(),
                refusal: None,
            },
        }
    }

    /// Takes all of it in.
    pub(super) fn all(mut self) -> Result<Imported, Refusal> {
        let mut pieces = std::mem::replace(&mut self.pieces, Pieces::none());
        let imported = self.take(&mut pieces);
        // Why it could not be read says more than that it ended.
        match pieces.refusal {
            Some(refusal) => Err(refusal),
            None => imported,
        }
    }

    fn take(&self, pieces: &mut Pieces) -> Result<Imported, Refusal> {
        let mut reading = Reading::begin(pieces).map_err(|_| Refusal::BadParcel)?;
        let Brought { taken, is_damaged } = self.bundles(&mut reading)?;
        let mut imported = taken.imported;
        imported.damaged = is_damaged;
        if let Some(manifest) = taken.manifest.filter(|_| !is_damaged) {
            let read = reading
                .files(&manifest.key)
                .and_then(|mut files| self.files(&manifest, &mut files, &mut imported));
            match read {
                Ok(kept) => kept?,
                Err(_) => imported.damaged = true,
            }
            let part = manifest.part;
            if part.of > 1 && !imported.damaged {
                let Stepped::Missing(missing) = self.step(Step::Ended(taken.origin, part))? else {
                    return Err(Refusal::Bug);
                };
                imported.part = Some(ImportedPart {
                    series: data_encoding::HEXLOWER.encode(&part.series.0),
                    number: part.number,
                    of: part.of,
                    missing,
                });
            }
        }
        let is_nothing = imported.files + imported.without_room == 0 && !imported.damaged;
        match taken.is_known && is_nothing {
            true => Err(Refusal::ParcelKnown),
            false => Ok(imported),
        }
    }

    /// Takes in the bundles for us. Others are for other devices or people.
    fn bundles(&self, reading: &mut Reading<&mut Pieces>) -> Result<Brought, Refusal> {
        let mut brought: Option<Brought> = None;
        let (mut refusal, mut is_damaged) = (Refusal::ParcelNotForUs, false);
        loop {
            let bundle = match reading.bundle() {
                Ok(Some(bundle)) => bundle,
                Ok(None) => break,
                Err(_) => {
                    (refusal, is_damaged) = (Refusal::BadParcel, true);
                    break;
                }
            };
            match self.step(Step::Take(bundle)) {
                Ok(Stepped::Taken(taken)) => match &mut brought {
                    Some(before) => before.taken.add(*taken),
                    None => {
                        let taken = *taken;
                        let is_damaged = false;
                        brought = Some(Brought { taken, is_damaged });
                    }
                },
                Ok(_) => return Err(Refusal::Bug),
                Err(why @ (Refusal::ParcelNotForUs | Refusal::Blocked)) => refusal = why,
                // A courier may have brought it since.
                Err(Refusal::ParcelKnown) => refusal = Refusal::ParcelKnown,
                Err(Refusal::BadParcel) => (refusal, is_damaged) = (Refusal::BadParcel, true),
                Err(why) => return Err(why),
            }
        }
        let mut brought = brought.ok_or(refusal)?;
        brought.is_damaged = is_damaged;
        Ok(brought)
    }

    /// Takes in the files behind the bundles. The inner error is ours, the outer one the parcel's.
    fn files(
        &self,
        manifest: &Manifest,
        files: &mut FilesReading<&mut Pieces>,
        imported: &mut Imported,
    ) -> Result<Result<(), Refusal>, Fault> {
        let mut batch = match Batch::begin(self.node.files()) {
            Ok(batch) => batch,
            Err(error) => return Ok(Err(sealing::refusal(self.node.files(), &error))),
        };
        let mut chunk = vec![0; CHUNK];
        let mut all = || {
            for carried in &manifest.files {
                let mut is_there = [0];
                files.read(&mut is_there)?;
                if is_there == [0] {
                    continue;
                }
                let mut arriving = match self.expects(carried, imported) {
                    Ok(arriving) => arriving,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                for index in 0..carried.extent.chunks() {
                    let chunk = &mut chunk[..carried.extent.chunk(index)];
                    files.read(chunk)?;
                    if let Some(kept) = &mut arriving
                        && let Err(error) = kept.add(chunk, carried.extent.chunks())
                    {
                        arriving = None;
                        if let Err(refusal) = self.not_kept(carried, &error, imported) {
                            return Ok(Err(refusal));
                        }
                    }
                }
                if let Some(arriving) = arriving {
                    batch.add(*carried, arriving);
                }
                if batch.is_due()
                    && let Err(refusal) = self.keep(&mut batch, imported)
                {
                    return Ok(Err(refusal));
                }
            }
            Ok(Ok(()))
        };
        let read = all();
        // What came whole stays, however the parcel goes on.
        match (read, self.keep(&mut batch, imported)) {
            (Err(fault), Ok(())) => Err(fault),
            (Ok(read), Ok(())) => Ok(read),
            (_, Err(refusal)) => Ok(Err(refusal)),
        }
    }

    /// Begins to keep a file, if it is to come and there is room.
    fn expects(
        &self,
        carried: &CarriedFile,
        imported: &mut Imported,
    ) -> Result<Option<Arriving>, Refusal> {
        if !self.node.read(|reader| is_expected(reader, carried))? {
            return Ok(None);
        }
        let directory = self.node.files();
        let begun = sealing::check(directory, carried.extent.clear()).and_then(|()| {
            let begun = Arriving::begin(directory, StoredName(random()?));
            begun.map_err(|error| sealing::refusal(directory, &error))
        });
        match begun {
            Ok(arriving) => Ok(Some(arriving)),
            Err(Refusal::NoRoom { free }) => {
                imported.without_room += 1;
                self.tell(*carried, FileArrival::NoRoom(free))?;
                Ok(None)
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// A file could not be kept.
    fn not_kept(
        &self,
        carried: &CarriedFile,
        error: &io::Error,
        imported: &mut Imported,
    ) -> Result<(), Refusal> {
        match sealing::refusal(self.node.files(), error) {
            Refusal::NoRoom { free } => {
                imported.without_room += 1;
                self.tell(*carried, FileArrival::NoRoom(free))
            }
            refusal => Err(refusal),
        }
    }

    /// Makes the files of the batch durable, and tells the engine of them.
    fn keep(&self, batch: &mut Batch, imported: &mut Imported) -> Result<(), Refusal> {
        let synced = batch.sync();
        synced.map_err(|error| sealing::refusal(self.node.files(), &error))?;
        for (carried, arriving) in batch.drain() {
            if tree::id(arriving.hashes()) != Some(carried.file) {
                self.tell(carried, FileArrival::Wrong)?;
                imported.unusable += 1;
                continue;
            }
            let (stored, hashes) = arriving.whole();
            self.tell(carried, FileArrival::Here(stored, hashes))?;
            imported.files += 1;
        }
        Ok(())
    }

    fn tell(&self, carried: CarriedFile, arrival: FileArrival) -> Result<(), Refusal> {
        let call = Call::Carry(Step::File(carried, arrival));
        self.engine.block_on(self.node.call(call)).map(drop)
    }

    fn step(&self, next: Step) -> Result<Stepped, Refusal> {
        self.engine.block_on(step(self.node, next))
    }
}

/// The pieces of a parcel as they come.
struct Pieces {
    coming: mpsc::Receiver<Result<Bytes, Refusal>>,
    now: Bytes,
    /// Why there is no next piece.
    refusal: Option<Refusal>,
}

impl Pieces {
    fn none() -> Pieces {
        Pieces {
            coming: mpsc::channel(1).1,
            now: Bytes::new(),
            refusal: None,
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.now.is_empty() {
            match self.coming.blocking_recv() {
                None => return Ok(0),
                Some(Ok(piece)) => self.now = piece,
                Some(Err(refusal)) => {
                    self.refusal = Some(refusal);
                    return Err(io::Error::other("the parcel cannot be read on"));
                }
            }
        }
        let length = self.now.len().min(into.len());
        self.now.copy_to_slice(&mut into[..length]);
        Ok(length)
    }
}
