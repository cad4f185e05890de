//! A keeper of files in memory, for simulations and tests.

use std::collections::BTreeMap;

use bytes::Bytes;
use hedgerow_sync::store::StorageFault;
use rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::extent::{CHUNK, Extent};
use super::tree;
use super::work::{FileCommand, FileEvent, FileKey, StoredName, Ticket, Upload};
use crate::api::UploadId;

/// Sealed files in memory. A crash loses what was not made durable.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MemoryFiles {
    files: BTreeMap<StoredName, Kept>,
    /// The bytes that it has room for; `None`: as many as come.
    pub room: Option<u64>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Kept {
    bytes: Vec<u8>,
    durable: usize,
}

impl MemoryFiles {
    /// Does what the engine asks for, and gives the report.
    pub fn execute(&mut self, command: FileCommand) -> Option<FileEvent> {
        Some(match command {
            FileCommand::Begin {
                ticket,
                from,
                hashes,
            } => {
                let missing = ticket.extent.sealed() - ticket.extent.up_to(from);
                if let Some(free) = self.free().filter(|free| *free < missing) {
                    return Some(FileEvent::NoRoom(ticket, free));
                }
                let kept = self.files.entry(ticket.name).or_default();
                let mut here = from;
                for hash in hashes {
                    let start = ticket.extent.up_to(here) as usize;
                    let end = start + ticket.extent.chunk(here);
                    let chunk = kept.bytes.get(start..end);
                    let is_right = chunk.is_some_and(|chunk| {
                        tree::hash(here, ticket.extent.chunks(), chunk) == hash
                    });
                    if !is_right {
                        break;
                    }
                    here += 1;
                }
                kept.bytes.truncate(ticket.extent.up_to(here) as usize);
                FileEvent::Begun(ticket, here)
            }
            FileCommand::Write {
                ticket,
                index,
                bytes,
                hash,
            } => self.write(ticket, index, &bytes, hash),
            FileCommand::Sync { ticket, chunks } => match self.files.get_mut(&ticket.name) {
                Some(kept) => {
                    kept.durable = kept.bytes.len();
                    FileEvent::Synced(ticket, chunks)
                }
                None => FileEvent::Failed(ticket, StorageFault::Gone),
            },
            FileCommand::Read {
                ticket,
                index,
                head,
            } => {
                let start = ticket.extent.up_to(index) as usize;
                let end = start + ticket.extent.chunk(index);
                let kept = self.files.get(&ticket.name);
                match kept.and_then(|kept| kept.bytes.get(start..end)) {
                    Some(chunk) => {
                        let bytes = Bytes::from([&head[..], chunk].concat());
                        FileEvent::Read(ticket, index, bytes)
                    }
                    None => FileEvent::Unreadable(ticket, index),
                }
            }
            FileCommand::Remove(name) => {
                self.files.remove(&name);
                return None;
            }
        })
    }

    fn write(&mut self, ticket: Ticket, index: u32, bytes: &[u8], hash: [u8; 32]) -> FileEvent {
        if tree::hash(index, ticket.extent.chunks(), bytes) != hash {
            return FileEvent::Wrong(ticket, index);
        }
        if let Some(free) = self.free().filter(|free| *free < bytes.len() as u64) {
            return FileEvent::NoRoom(ticket, free);
        }
        let kept = self.files.entry(ticket.name).or_default();
        kept.bytes.truncate(ticket.extent.up_to(index) as usize);
        kept.bytes.extend_from_slice(bytes);
        FileEvent::Written(ticket, index)
    }

    fn free(&self) -> Option<u64> {
        Some(self.room?.saturating_sub(self.held()))
    }

    /// The bytes of all files together.
    pub fn held(&self) -> u64 {
        let lengths = self.files.values().map(|kept| kept.bytes.len() as u64);
        lengths.sum()
    }

    /// The number of files.
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// The sealed bytes of all files.
    pub fn all(&self) -> impl Iterator<Item = &[u8]> {
        self.files.values().map(|kept| kept.bytes.as_slice())
    }

    /// Makes up a sealed file, which a message can take. The engine does not look into files, so random bytes are as good
    /// as sealed ones.
    pub fn made_up(
        &mut self,
        id: UploadId,
        name: &str,
        extent: Extent,
        rng: &mut impl Rng,
    ) -> Upload {
        let mut sealed = vec![0; extent.sealed() as usize];
        rng.fill_bytes(&mut sealed);
        let mut stored = StoredName([0; 16]);
        rng.fill_bytes(&mut stored.0);
        let chunks = (0..).zip(sealed.chunks(CHUNK));
        let hashes = chunks.map(|(index, chunk)| tree::hash(index, extent.chunks(), chunk));
        let hashes = hashes.collect();
        self.put(stored, sealed);
        Upload {
            id,
            name: name.to_owned(),
            media_type: None,
            preview: None,
            voice: None,
            extent,
            key: FileKey([7; 32]),
            stored,
            hashes,
        }
    }

    /// Puts a sealed file there, durable at once.
    pub fn put(&mut self, name: StoredName, bytes: Vec<u8>) {
        let durable = bytes.len();
        self.files.insert(name, Kept { bytes, durable });
    }

    /// The sealed bytes of a file.
    pub fn get(&self, name: StoredName) -> Option<&[u8]> {
        self.files.get(&name).map(|kept| kept.bytes.as_slice())
    }

    /// Changes the last byte of each file.
    pub fn damage(&mut self) {
        for kept in self.files.values_mut() {
            if let Some(last) = kept.bytes.last_mut() {
                *last ^= 1;
            }
        }
    }

    /// Loses the last byte of each file.
    pub fn shorten(&mut self) {
        for kept in self.files.values_mut() {
            kept.bytes.pop();
        }
    }

    /// Loses what is not durable.
    pub fn crash(&mut self) {
        for kept in self.files.values_mut() {
            kept.bytes.truncate(kept.durable);
        }
    }

    /// Removes the files that nothing names any more.
    pub fn keep_only(&mut self, named: &[StoredName]) {
        self.files.retain(|name, _| named.contains(name));
    }
}
