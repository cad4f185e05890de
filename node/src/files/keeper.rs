//! Keeps sealed files on the disk: a thread that does what the engine asks for, one thing after the other. Only making
//! files durable is left to a second, so that the next chunks are checked and written meanwhile.
//!
//! A file lies in the directory `files` of the data directory, under a random name, as it was sent. The key is in the
//! message alone, so a file whose message is gone is noise.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use bytes::{Bytes, BytesMut};
use data_encoding::HEXLOWER;

use super::syncing;
use super::tree::{self, ChunkHash};
use super::work::{FileCommand, FileEvent, StoredName, Ticket};
use super::worker::Worker;

/// The name of the directory of sealed files in the data directory.
pub const DIRECTORY: &str = "files";

/// The most files that the keeper holds open.
const MAX_OPEN: usize = 64;

/// The bytes of the disk that files leave free, so that texts still come (`docs/PROTOCOL.md` section 16).
const LEFT_FREE: u64 = 64 << 20;

/// Where a sealed file lies.
pub(crate) fn path(directory: &Path, name: StoredName) -> PathBuf {
    directory.join(HEXLOWER.encode(&name.0))
}

/// The bytes that files may still take.
pub(crate) fn free(directory: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(directory)?;
    Ok((disk.f_bavail * disk.f_frsize).saturating_sub(LEFT_FREE))
}

/// Has the disk keep room for a file of this length, where it can. It is written faster then, and lies in one piece.
fn reserve(file: &File, length: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, length) {
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
        reserved => reserved.map_err(io::Error::from),
    }
}

/// What a failure of the disk means to a file that comes.
pub(super) fn failed(directory: &Path, ticket: Ticket, error: &io::Error) -> FileEvent {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            FileEvent::NoRoom(ticket, free(directory).unwrap_or(0))
        }
        _ => FileEvent::Failed(ticket, crate::store::fault::kind_of(error)),
    }
}

/// Makes the directory of sealed files if it is not there, and removes the files that the store does not know.
///
/// # Errors
/// What the system reports.
pub fn prepare(directory: &Path, known: &[StoredName]) -> io::Result<()> {
    let made = fs::DirBuilder::new().mode(0o700).create(directory);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let known: BTreeSet<StoredName> = known.iter().copied().collect();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = HEXLOWER.decode(name.as_encoded_bytes()).ok();
        let name = name.and_then(|name| Some(StoredName(name.try_into().ok()?)));
        if name.is_none_or(|name| !known.contains(&name)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The keeper's thread. It ends when this is dropped.
#[derive(Debug)]
pub struct Keeper(Worker<FileCommand>);

impl Keeper {
    /// Starts it on a directory that is [prepared](prepare). `report` gets what it reports, and says false if nobody
    /// listens any more.
    ///
    /// # Errors
    /// The system has no thread for it, or the directory is not there.
    pub fn start(
        directory: PathBuf,
        report: impl Fn(FileEvent) -> bool + Send + Sync + 'static,
    ) -> io::Result<Keeper> {
        let report: Arc<Report> = Arc::new(report);
        let syncing = syncing::start(directory.clone(), report.clone())?;
        let mut disk = Disk {
            directory,
            open: BTreeMap::new(),
            created: false,
            syncing,
        };
        Worker::start("files", move |todo| disk.run(&todo, &*report)).map(Keeper)
    }

    /// Has it do something.
    pub fn ask(&self, command: FileCommand) {
        self.0.ask(command);
    }
}

/// Takes what is reported; false if nobody listens any more.
pub(super) type Report = dyn Fn(FileEvent) -> bool + Send + Sync;

struct Disk {
    directory: PathBuf,
    open: BTreeMap<StoredName, File>,
    /// A file was created whose name is not durable yet.
    created: bool,
    syncing: Worker<syncing::Work>,
}

impl Disk {
    fn run(&mut self, todo: &mpsc::Receiver<FileCommand>, report: &Report) {
        while let Ok(command) = todo.recv() {
            let done = match command {
                FileCommand::Begin {
                    ticket,
                    from,
                    hashes,
                } => self.begin(ticket, from, &hashes),
                FileCommand::Write {
                    ticket,
                    index,
                    bytes,
                    hash,
                } => self.write(ticket, index, &bytes, hash),
                FileCommand::Sync { ticket, chunks } => match self.sync(ticket, chunks) {
                    Ok(()) => continue,
                    Err(error) => Err((ticket, error)),
                },
                FileCommand::Read {
                    ticket,
                    index,
                    head,
                } => Ok(self.read(ticket, index, &head)),
                FileCommand::Remove(name) => {
                    self.remove(name);
                    continue;
                }
            };
            let event = done.unwrap_or_else(|(ticket, error)| {
                self.open.remove(&ticket.name);
                failed(&self.directory, ticket, &error)
            });
            if !report(event) {
                return;
            }
        }
    }

    /// Has what is written of a file made durable, and its name if that is new.
    fn sync(&mut self, ticket: Ticket, chunks: u32) -> io::Result<()> {
        let file = self.file(ticket, false)?.try_clone()?;
        let is_new = std::mem::take(&mut self.created);
        self.syncing.ask(syncing::Work {
            file,
            ticket,
            chunks,
            is_new,
        });
        Ok(())
    }

    fn begin(
        &mut self,
        ticket: Ticket,
        from: u32,
        hashes: &[ChunkHash],
    ) -> Result<FileEvent, (Ticket, io::Error)> {
        let error = |error| (ticket, error);
        let extent = ticket.extent;
        let free = free(&self.directory).map_err(error)?;
        // What was begun before has its room already.
        let path = path(&self.directory, ticket.name);
        let reserved = fs::metadata(path).map_or(0, |file| file.blocks() * 512);
        if free < extent.sealed() - reserved.max(extent.up_to(from)).min(extent.sealed()) {
            return Ok(FileEvent::NoRoom(ticket, free));
        }
        let file = self.file(ticket, true).map_err(error)?;
        reserve(file, extent.sealed()).map_err(error)?;
        let mut here = from;
        for hash in hashes {
            let mut chunk = vec![0; extent.chunk(here)];
            let read = file.read_exact_at(&mut chunk, extent.up_to(here));
            if read.is_err() || tree::hash(here, extent.chunks(), &chunk) != *hash {
                break;
            }
            here += 1;
        }
        Ok(FileEvent::Begun(ticket, here))
    }

    fn write(
        &mut self,
        ticket: Ticket,
        index: u32,
        bytes: &[u8],
        hash: ChunkHash,
    ) -> Result<FileEvent, (Ticket, io::Error)> {
        if tree::hash(index, ticket.extent.chunks(), bytes) != hash {
            return Ok(FileEvent::Wrong(ticket, index));
        }
        let free = free(&self.directory).map_err(|error| (ticket, error))?;
        if free < bytes.len() as u64 {
            return Ok(FileEvent::NoRoom(ticket, free));
        }
        let file = self.file(ticket, true);
        file.and_then(|file| file.write_all_at(bytes, ticket.extent.up_to(index)))
            .map_err(|error| (ticket, error))?;
        Ok(FileEvent::Written(ticket, index))
    }

    fn read(&mut self, ticket: Ticket, index: u32, head: &[u8]) -> FileEvent {
        let mut bytes = BytesMut::zeroed(head.len() + ticket.extent.chunk(index));
        bytes[..head.len()].copy_from_slice(head);
        let start = ticket.extent.up_to(index);
        let file = self.file(ticket, false);
        match file.and_then(|file| file.read_exact_at(&mut bytes[head.len()..], start)) {
            Ok(()) => FileEvent::Read(ticket, index, Bytes::from(bytes)),
            Err(_) => FileEvent::Unreadable(ticket, index),
        }
    }

    fn remove(&mut self, name: StoredName) {
        self.open.remove(&name);
        match fs::remove_file(path(&self.directory, name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                // At the latest the next start removes it.
                tracing::warn!(kind = ?error.kind(), "a sealed file cannot be removed");
            }
            _ => {}
        }
    }

    /// The sealed file of a ticket.
    fn file(&mut self, ticket: Ticket, creates: bool) -> io::Result<&File> {
        if !self.open.contains_key(&ticket.name) {
            let path = path(&self.directory, ticket.name);
            let is_new = creates && !path.exists();
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(creates)
                .mode(0o600)
                .open(path)?;
            self.created |= is_new;
            if self.open.len() >= MAX_OPEN {
                self.open.pop_first();
            }
            self.open.insert(ticket.name, file);
        }
        Ok(&self.open[&ticket.name])
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hedgerow_sync::id::SpaceId;
    use hedgerow_transport::carrier::LinkId;

    use super::*;
    use crate::files::extent::Extent;
    use crate::files::tree::FileId;

    #[test]
    fn what_no_row_names_is_removed_and_what_one_names_stays() {
        let place = tempfile::tempdir().expect("a directory");
        let directory = place.path().join(DIRECTORY);
        prepare(&directory, &[]).expect("it is made");
        let [known, unknown] = [[1; 16], [2; 16]].map(StoredName);
        let gone = [
            path(&directory, unknown),
            directory.join("no name of ours"),
            directory.join("0101"),
        ];
        let stays = path(&directory, known);
        for path in gone.iter().chain([&stays]) {
            fs::write(path, b"sealed").expect("there is room");
        }
        // Of a row whose file has gone nothing is said here.
        prepare(&directory, &[known, StoredName([3; 16])]).expect("it is there");
        let left = fs::read_dir(&directory).expect("it is there");
        let left: Vec<_> = left.map(|entry| entry.expect("a file").path()).collect();
        assert_eq!(left, [stays]);
    }

    #[test]
    fn the_room_of_a_file_is_reserved_before_its_first_byte_comes() {
        let place = tempfile::tempdir().expect("a directory");
        let directory = place.path().join(DIRECTORY);
        prepare(&directory, &[]).expect("it is made");
        let (tell, told) = mpsc::channel();
        let report = move |event| tell.send(event).is_ok();
        let keeper = Keeper::start(directory.clone(), report).expect("a thread");
        let ticket = Ticket {
            link: LinkId(1),
            stream: 1,
            space: SpaceId([1; 16]),
            file: FileId([2; 32]),
            name: StoredName([3; 16]),
            extent: Extent::of(10_000_000).expect("it is not too long"),
        };
        keeper.ask(FileCommand::Begin {
            ticket,
            from: 0,
            hashes: Vec::new(),
        });
        let begun = told.recv_timeout(Duration::from_secs(20));
        assert!(matches!(begun, Ok(FileEvent::Begun(_, 0))));
        let file = fs::metadata(path(&directory, ticket.name)).expect("it is there");
        assert_eq!(file.len(), 0, "nothing of it has come");
        assert!(file.blocks() * 512 >= ticket.extent.sealed());
    }
}
