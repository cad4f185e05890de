//! Keeps sealed files on the disk: a thread that does what the engine asks for, one thing after the other.
//!
//! A file lies in the directory `files` of the data directory, under a random name, as it was sent. The key is in the
//! message alone, so a file whose message is gone is noise.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;

use bytes::{Bytes, BytesMut};
use data_encoding::HEXLOWER;

use super::tree::{self, ChunkHash};
use super::work::{FileCommand, FileEvent, StoredName, Ticket};

/// The name of the directory of sealed files in the data directory.
pub const DIRECTORY: &str = "files";

/// The most files that the keeper holds open.
const MAX_OPEN: usize = 64;

/// The most commands that are done before what they made is reported.
const MAX_BATCH: usize = 256;

/// The bytes of the disk that files leave free, so that texts still come.
const RESERVE: u64 = 64 << 20;

/// Where a sealed file lies.
pub(super) fn path(directory: &Path, name: StoredName) -> PathBuf {
    directory.join(HEXLOWER.encode(&name.0))
}

/// The bytes that files may still take.
pub(super) fn free(directory: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(directory)?;
    Ok((disk.f_bavail * disk.f_frsize).saturating_sub(RESERVE))
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
pub struct Keeper {
    work: Option<mpsc::Sender<FileCommand>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts it on a directory that is [prepared](prepare). `report` gets what it reports, and says false if nobody
    /// listens any more.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn start(
        directory: PathBuf,
        report: impl Fn(FileEvent) -> bool + Send + 'static,
    ) -> io::Result<Keeper> {
        let (work, todo) = mpsc::channel();
        let run = move || {
            let mut disk = Disk {
                directory,
                open: BTreeMap::new(),
                created: false,
            };
            disk.run(&todo, &report);
        };
        let thread = std::thread::Builder::new()
            .name("files".into())
            .spawn(run)?;
        Ok(Keeper {
            work: Some(work),
            thread: Some(thread),
        })
    }

    /// Has it do something.
    pub fn ask(&self, command: FileCommand) {
        if let Some(work) = &self.work {
            // If the thread has panicked, stderr shows it, and no file comes or goes any more.
            let _ = work.send(command);
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Disk {
    directory: PathBuf,
    open: BTreeMap<StoredName, File>,
    /// A file was created whose name is not durable yet.
    created: bool,
}

impl Disk {
    fn run(&mut self, todo: &mpsc::Receiver<FileCommand>, report: &impl Fn(FileEvent) -> bool) {
        while let Ok(first) = todo.recv() {
            let more = std::iter::from_fn(|| todo.try_recv().ok());
            let mut syncs = Vec::new();
            for command in std::iter::once(first).chain(more).take(MAX_BATCH) {
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
                    FileCommand::Sync { ticket, chunks } => {
                        syncs.push((ticket, chunks));
                        continue;
                    }
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
                let (ticket, result) = match done {
                    Ok(event) => (None, event),
                    Err((ticket, error)) => (Some(ticket), self.failed(ticket, &error)),
                };
                if let Some(ticket) = ticket {
                    self.open.remove(&ticket.name);
                }
                if !report(result) {
                    return;
                }
            }
            if !self.sync(syncs).into_iter().all(report) {
                return;
            }
        }
    }

    /// Makes files durable, together.
    fn sync(&mut self, syncs: Vec<(Ticket, u32)>) -> Vec<FileEvent> {
        if syncs.is_empty() {
            return Vec::new();
        }
        let mut events = Vec::new();
        let directory = match std::mem::take(&mut self.created) {
            true => File::open(&self.directory).and_then(|directory| directory.sync_all()),
            false => Ok(()),
        };
        for (ticket, chunks) in syncs {
            let synced = match &directory {
                Ok(()) => self.file(ticket, false).and_then(|file| file.sync_data()),
                Err(error) => Err(error.kind().into()),
            };
            events.push(match synced {
                Ok(()) => FileEvent::Synced(ticket, chunks),
                Err(error) => self.failed(ticket, &error),
            });
        }
        events
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
        if free < extent.sealed() - extent.up_to(from) {
            return Ok(FileEvent::NoRoom(ticket, free));
        }
        let file = self.file(ticket, true).map_err(error)?;
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

    fn failed(&self, ticket: Ticket, error: &io::Error) -> FileEvent {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                FileEvent::NoRoom(ticket, free(&self.directory).unwrap_or(0))
            }
            _ => FileEvent::Failed(ticket, crate::store::fault::kind_of(error)),
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
