//! Makes sealed files durable on a thread of its own. What gathers while the disk works is made durable together.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use super::keeper::{self, Report};
use super::work::{FileEvent, Ticket};

/// The most work that is done together.
const MAX_BATCH: usize = 256;

/// From this number of files on, one sync of the whole file system costs less than one of each file.
const MANY: usize = 8;

/// Chunks that are written, to be made durable.
pub(super) struct Work {
    pub file: File,
    pub ticket: Ticket,
    /// The first chunks of the file, which are written.
    pub chunks: u32,
    /// The name of some file is not durable either.
    pub is_new: bool,
}

/// The thread. It ends when this is dropped.
pub(super) struct Syncing {
    work: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Syncing {
    /// Starts it for a directory of sealed files.
    pub fn start(directory: PathBuf, report: Arc<Report>) -> io::Result<Syncing> {
        let (work, todo) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("files durable".into())
            .spawn(move || run(&directory, &todo, &*report))?;
        Ok(Syncing {
            work: Some(work),
            thread: Some(thread),
        })
    }

    /// Has work done. [`FileEvent::Synced`] follows.
    pub fn ask(&self, work: Work) {
        if let Some(thread) = &self.work {
            // If the thread has panicked, stderr shows it, and no file becomes durable any more.
            let _ = thread.send(work);
        }
    }
}

impl Drop for Syncing {
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(directory: &Path, todo: &mpsc::Receiver<Work>, report: &Report) {
    while let Ok(first) = todo.recv() {
        let more = std::iter::from_fn(|| todo.try_recv().ok());
        let batch: Vec<Work> = std::iter::once(first).chain(more).take(MAX_BATCH).collect();
        for event in sync(directory, &batch) {
            if !report(event) {
                return;
            }
        }
    }
}

/// Makes a batch durable. Gives what comes of each part of it.
fn sync(directory: &Path, batch: &[Work]) -> Vec<FileEvent> {
    let names: BTreeSet<_> = batch.iter().map(|work| work.ticket.name).collect();
    let are_many = names.len() >= MANY;
    let together = match are_many || batch.iter().any(|work| work.is_new) {
        true => File::open(directory).and_then(|directory| match are_many {
            true => Ok(rustix::fs::syncfs(directory)?),
            false => directory.sync_all(),
        }),
        false => Ok(()),
    };
    let done = batch.iter().map(|work| {
        let synced = match &together {
            Ok(()) if are_many => Ok(()),
            Ok(()) => work.file.sync_data(),
            Err(error) => Err(error.kind().into()),
        };
        match synced {
            Ok(()) => FileEvent::Synced(work.ticket, work.chunks),
            Err(error) => keeper::failed(directory, work.ticket, &error),
        }
    });
    done.collect()
}
