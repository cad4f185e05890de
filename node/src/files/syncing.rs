//! Makes sealed files durable on a thread of its own. What gathers while the disk works is made durable together.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use super::keeper::{self, Report};
use super::work::{FileEvent, Ticket};
use super::worker::Worker;

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

/// Starts the thread for a directory of sealed files. [`FileEvent::Synced`] follows each piece of work.
///
/// # Errors
/// The system has no thread for it, or the directory is not there.
pub(super) fn start(directory: PathBuf, report: Arc<Report>) -> io::Result<Worker<Work>> {
    // A file system tells a failed write to those who had something of it open before: this stays open.
    let opened = File::open(&directory)?;
    Worker::start("files durable", move |todo| {
        run(&directory, &opened, &todo, &*report)
    })
}

fn run(directory: &Path, opened: &File, todo: &mpsc::Receiver<Work>, report: &Report) {
    while let Ok(first) = todo.recv() {
        let more = std::iter::from_fn(|| todo.try_recv().ok());
        let batch: Vec<Work> = std::iter::once(first).chain(more).take(MAX_BATCH).collect();
        for event in sync(directory, opened, &batch) {
            if !report(event) {
                return;
            }
        }
    }
}

/// Makes a batch durable. Gives what comes of each part of it.
fn sync(directory: &Path, opened: &File, batch: &[Work]) -> Vec<FileEvent> {
    let names: BTreeSet<_> = batch.iter().map(|work| work.ticket.name).collect();
    let are_many = names.len() >= MANY;
    let together = match are_many || batch.iter().any(|work| work.is_new) {
        true if are_many => rustix::fs::syncfs(opened).map_err(io::Error::from),
        true => opened.sync_all(),
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
