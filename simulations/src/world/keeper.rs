//! The sealed files on the disk of a simulated device.
//!
//! What is in a file follows from the message that it goes with: each of its chunks begins with the number of the message,
//! and is zeros behind it. So a chunk is made when it is read and forgotten once it is proven and written, and a file takes
//! the same few bytes of memory whatever its length.

use std::collections::BTreeMap;

use bytes::Bytes;
use hedgerow_node::api::UploadId;
use hedgerow_node::files::extent::{Extent, TAG};
use hedgerow_node::files::tree::{self, ChunkHash};
use hedgerow_node::files::work::{FileCommand, FileEvent, FileKey, StoredName, Ticket, Upload};
use hedgerow_sync::store::StorageFault;
use serde::{Deserialize, Serialize};

/// The files, by the names that the engine gave them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Keeper(BTreeMap<StoredName, Kept>);

/// What is there of a file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Kept {
    /// The number of its message.
    message: u64,
    /// Its first chunks that are written, and those of them that a power cut leaves.
    written: u32,
    durable: u32,
}

/// What the first bytes of a chunk hold: the number of the message. The shortest chunk is a tag.
const HEAD: usize = size_of::<u64>();
const _: () = assert!(HEAD <= TAG);

impl Keeper {
    /// Makes the file of a message up, durable at once.
    pub fn make_up(&mut self, message: u64, extent: Extent) -> Upload {
        let chunks = extent.chunks();
        let mut stored = StoredName([0; 16]);
        stored.0[..HEAD].copy_from_slice(&message.to_be_bytes());
        let kept = Kept {
            message,
            written: chunks,
            durable: chunks,
        };
        self.0.insert(stored, kept);
        let hash = |index| tree::hash(index, chunks, &chunk(message, extent, index, &[]));
        Upload {
            id: UploadId(message.to_string()),
            name: format!("file {message}"),
            media_type: None,
            preview: None,
            voice: None,
            extent,
            key: FileKey([0; 32]),
            stored,
            hashes: (0..chunks).map(hash).collect(),
        }
    }

    /// Does what the engine asks for, and gives the report. On a `full` disk nothing is written.
    pub fn execute(&mut self, command: FileCommand, full: bool) -> Option<FileEvent> {
        Some(match command {
            FileCommand::Begin { ticket, .. } | FileCommand::Write { ticket, .. } if full => {
                FileEvent::NoRoom(ticket, 0)
            }
            FileCommand::Begin {
                ticket,
                from,
                hashes,
            } => {
                let known = from + hashes.len() as u32;
                let mut here = from;
                if let Some(kept) = self.0.get_mut(&ticket.name) {
                    // Nothing is written that was not proven.
                    here = kept.written.clamp(from, known);
                    kept.written = here;
                }
                FileEvent::Begun(ticket, here)
            }
            FileCommand::Write {
                ticket,
                index,
                bytes,
                hash,
            } => self.write(ticket, index, &bytes, hash),
            FileCommand::Sync { ticket, chunks } => match self.0.get_mut(&ticket.name) {
                Some(kept) => {
                    kept.durable = kept.written;
                    FileEvent::Synced(ticket, chunks)
                }
                None => FileEvent::Failed(ticket, StorageFault::Gone),
            },
            FileCommand::Read {
                ticket,
                index,
                head,
            } => match self.0.get(&ticket.name) {
                Some(kept) if index < kept.written => {
                    let bytes = chunk(kept.message, ticket.extent, index, &head);
                    FileEvent::Read(ticket, index, Bytes::from(bytes))
                }
                _ => FileEvent::Unreadable(ticket, index),
            },
            FileCommand::Remove(name) => {
                self.0.remove(&name);
                return None;
            }
        })
    }

    fn write(&mut self, ticket: Ticket, index: u32, bytes: &[u8], hash: ChunkHash) -> FileEvent {
        let is_right = tree::hash(index, ticket.extent.chunks(), bytes) == hash;
        let Some(head) = bytes.first_chunk().filter(|_| is_right) else {
            return FileEvent::Wrong(ticket, index);
        };
        let kept = self.0.entry(ticket.name).or_insert(Kept {
            message: u64::from_be_bytes(*head),
            written: 0,
            durable: 0,
        });
        kept.written = index + 1;
        kept.durable = kept.durable.min(index);
        FileEvent::Written(ticket, index)
    }

    /// The number of the message of a file.
    pub fn message(&self, name: StoredName) -> Option<u64> {
        self.0.get(&name).map(|kept| kept.message)
    }

    /// Loses what is not durable.
    pub fn crash(&mut self) {
        self.0.retain(|_, kept| {
            kept.written = kept.durable;
            kept.durable > 0
        });
    }

    /// Removes the files that nothing names any more.
    pub fn keep_only(&mut self, named: &[StoredName]) {
        self.0.retain(|name, _| named.contains(name));
    }
}

/// A sealed chunk of the file of a message, behind this head.
fn chunk(message: u64, extent: Extent, index: u32, head: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; head.len() + extent.chunk(index)];
    bytes[..head.len()].copy_from_slice(head);
    bytes[head.len()..][..HEAD].copy_from_slice(&message.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use hedgerow_node::files::memory::MemoryFiles;
    use hedgerow_node::files::tree::FileId;
    use hedgerow_sync::id::SpaceId;
    use hedgerow_transport::carrier::LinkId;
    use proptest::prelude::*;

    use super::*;

    /// What happens to a file that comes.
    #[derive(Debug, Clone)]
    enum Happens {
        Write {
            is_right: bool,
        },
        Sync,
        Read(u32),
        /// The power is cut, and the engine begins again.
        Crash,
        Remove,
    }

    fn happens() -> impl Strategy<Value = Happens> {
        prop_oneof![
            6 => Just(Happens::Write { is_right: true }),
            1 => Just(Happens::Write { is_right: false }),
            2 => Just(Happens::Sync),
            2 => (0_u32..5).prop_map(Happens::Read),
            2 => Just(Happens::Crash),
            1 => Just(Happens::Remove),
        ]
    }

    fn ticket(name: StoredName, extent: Extent) -> Ticket {
        Ticket {
            link: LinkId(1),
            stream: 1,
            space: SpaceId([0; 16]),
            file: FileId([0; 32]),
            name,
            extent,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn it_reports_what_a_keeper_reports_that_holds_every_byte(
            clear in prop_oneof![Just(0_u64), 1..1_000_000_u64],
            steps in proptest::collection::vec(happens(), 1..40),
        ) {
            let extent = Extent::of(clear).expect("it is not too long");
            let chunks = extent.chunks();
            let (mut author, mut reader) = (Keeper::default(), Keeper::default());
            let mut whole = MemoryFiles::default();
            let upload = author.make_up(7, extent);
            let ticket = ticket(StoredName([9; 16]), extent);
            let (mut written, mut durable) = (0, 0);
            for step in steps {
                let command = match step {
                    Happens::Write { .. } if written == chunks => continue,
                    Happens::Write { is_right } => {
                        let mut bytes = chunk(7, extent, written, &[]);
                        let last = bytes.len() - 1;
                        bytes[last] ^= u8::from(!is_right);
                        FileCommand::Write {
                            ticket,
                            index: written,
                            bytes: Bytes::from(bytes),
                            hash: upload.hashes[written as usize],
                        }
                    }
                    Happens::Sync if written == 0 => continue,
                    Happens::Sync => FileCommand::Sync { ticket, chunks: written },
                    Happens::Read(index) if index >= chunks => continue,
                    Happens::Read(index) => FileCommand::Read { ticket, index, head: vec![1, 2] },
                    Happens::Crash => {
                        reader.crash();
                        whole.crash();
                        let hashes = upload.hashes[durable as usize..].to_vec();
                        FileCommand::Begin { ticket, from: durable, hashes }
                    }
                    Happens::Remove => {
                        (written, durable) = (0, 0);
                        FileCommand::Remove(ticket.name)
                    }
                };
                let reported = reader.execute(command.clone(), false);
                prop_assert_eq!(&reported, &whole.execute(command));
                match reported {
                    Some(FileEvent::Written(_, index)) => written = index + 1,
                    Some(FileEvent::Synced(_, chunks)) => durable = chunks,
                    Some(FileEvent::Begun(_, here)) => written = here,
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn nothing_is_written_on_a_full_disk() {
        let extent = Extent::of(10).expect("it is not too long");
        let mut keeper = Keeper::default();
        let hash = keeper.make_up(7, extent).hashes[0];
        let ticket = ticket(StoredName([9; 16]), extent);
        let bytes = Bytes::from(chunk(7, extent, 0, &[]));
        let write = FileCommand::Write {
            ticket,
            index: 0,
            bytes,
            hash,
        };
        let refused = keeper.execute(write.clone(), true);
        assert_eq!(refused, Some(FileEvent::NoRoom(ticket, 0)));
        assert_eq!(keeper.message(ticket.name), None);
        let written = keeper.execute(write, false);
        assert_eq!(written, Some(FileEvent::Written(ticket, 0)));
        assert_eq!(keeper.message(ticket.name), Some(7));
    }
}
