//! Seals a file of the user: it is read once, and what is read goes to the disk sealed. One thread seals and hashes
//! while another writes, and the disk begins to write long before the end.

use std::fs::File;
use std::io::{self, Write};
use std::num::NonZeroU64;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;

use super::cipher::Cipher;
use super::extent::{CHUNK, CLEAR_CHUNK, Extent, MAX_FILE, TAG};
use super::tree::{self, ChunkHash};
use super::work::{FileKey, StoredName};
use crate::api::Refusal;

/// Sealed chunks that wait to be written.
const CHUNKS_AHEAD: usize = 8;

/// The bytes after which the system is asked to begin with writing them to the disk.
const BEGIN_BYTES: u64 = 4 << 20;

/// A file that is being sealed. If it is dropped before its end nothing stays of it.
pub struct Sealing {
    writer: Option<Writer>,
    path: PathBuf,
    name: StoredName,
    key: FileKey,
    cipher: Cipher,
    /// What is not sealed yet: at most a chunk.
    chunk: Vec<u8>,
    hashes: Vec<ChunkHash>,
    clear: u64,
    expected: Option<u64>,
    is_whole: bool,
}

/// A file that is sealed and durable.
#[derive(Debug)]
pub struct Sealed {
    /// Its name on the disk.
    pub name: StoredName,
    /// What opens it.
    pub key: FileKey,
    /// How long it is.
    pub extent: Extent,
    /// The hashes of its chunks.
    pub hashes: Vec<ChunkHash>,
}

impl Sealing {
    /// Begins a file of `expected` bytes, if that is known, in the directory of sealed files. Name and key are random.
    ///
    /// # Errors
    /// It is too long; there is no room for it; what the system reports.
    pub fn begin(
        directory: &Path,
        name: StoredName,
        key: FileKey,
        expected: Option<u64>,
    ) -> Result<Sealing, Refusal> {
        check(directory, expected.unwrap_or(0))?;
        let path = super::keeper::path(directory, name);
        let writer = Writer::start(&path).map_err(|error| refusal(directory, &error))?;
        Ok(Sealing {
            writer: Some(writer),
            path,
            name,
            cipher: Cipher::new(&key),
            key,
            chunk: Vec::with_capacity(CHUNK),
            hashes: Vec::new(),
            clear: 0,
            expected,
            is_whole: false,
        })
    }

    /// Adds bytes of the file.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), Refusal> {
        self.clear += bytes.len() as u64;
        check_length(self.clear)?;
        while !bytes.is_empty() {
            if self.chunk.len() == CLEAR_CHUNK {
                self.put(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CLEAR_CHUNK - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Ends the file, and makes it durable.
    ///
    /// # Errors
    /// It is not as long as was expected; otherwise as [`begin`](Self::begin).
    pub fn finish(mut self) -> Result<Sealed, Refusal> {
        if self.expected.is_some_and(|expected| expected != self.clear) {
            return Err(Refusal::FileChanged);
        }
        self.put(true)?;
        let directory = self.directory();
        let file = self.writer.take().ok_or(Refusal::Bug)?.finish()?;
        file.sync_data()
            .and_then(|()| File::open(&directory)?.sync_all())
            .map_err(|error| refusal(&directory, &error))?;
        self.is_whole = true;
        Ok(Sealed {
            name: self.name,
            key: self.key.clone(),
            extent: Extent::of(self.clear).ok_or(Refusal::Bug)?,
            hashes: std::mem::take(&mut self.hashes),
        })
    }

    /// Seals what has gathered, and has it written.
    fn put(&mut self, is_last: bool) -> Result<(), Refusal> {
        let index = self.hashes.len() as u32;
        self.cipher.seal(index, is_last, &mut self.chunk);
        // Only the last chunk can be the only one.
        let chunks = if is_last { index + 1 } else { u32::MAX };
        self.hashes.push(tree::hash(index, chunks, &self.chunk));
        let writer = self.writer.as_ref().ok_or(Refusal::Bug)?;
        let next = writer.free_buffer();
        let sealed = std::mem::replace(&mut self.chunk, next);
        if writer.chunks.send(sealed).is_ok() {
            return Ok(());
        }
        // It says why it has ended.
        let ended = self.writer.take().map(Writer::finish);
        Err(ended.and_then(Result::err).unwrap_or(Refusal::Bug))
    }

    fn directory(&self) -> PathBuf {
        let directory = self.path.parent().map(Path::to_path_buf);
        directory.unwrap_or_default()
    }
}

impl Drop for Sealing {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.chunk);
        if let Some(writer) = self.writer.take() {
            // Nothing stays of the file, whatever it says.
            let _ = writer.finish();
        }
        if !self.is_whole {
            // At the latest the next start removes it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A thread that writes sealed chunks into a new file.
struct Writer {
    chunks: mpsc::SyncSender<Vec<u8>>,
    /// Buffers whose chunks are written.
    free: mpsc::Receiver<Vec<u8>>,
    thread: JoinHandle<Result<File, Refusal>>,
}

impl Writer {
    fn start(path: &Path) -> io::Result<Writer> {
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let directory = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let (chunks, sealed) = mpsc::sync_channel(CHUNKS_AHEAD);
        let (freed, free) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("sealed".into())
            .spawn(move || write(file, &directory, &sealed, &freed))?;
        Ok(Writer {
            chunks,
            free,
            thread,
        })
    }

    fn free_buffer(&self) -> Vec<u8> {
        let free = self.free.try_recv();
        free.unwrap_or_else(|_| Vec::with_capacity(CHUNK))
    }

    /// Waits until everything is written, or for the reason why not.
    fn finish(self) -> Result<File, Refusal> {
        drop(self.chunks);
        self.thread.join().map_err(|_| Refusal::Bug)?
    }
}

fn write(
    mut file: File,
    directory: &Path,
    sealed: &mpsc::Receiver<Vec<u8>>,
    freed: &mpsc::Sender<Vec<u8>>,
) -> Result<File, Refusal> {
    let (mut begun, mut written) = (0, 0);
    for mut chunk in sealed {
        check_room(directory, chunk.len() as u64)?;
        file.write_all(&chunk)
            .map_err(|error| refusal(directory, &error))?;
        written += chunk.len() as u64;
        chunk.clear();
        // Nobody needs the buffer after the last chunk.
        let _ = freed.send(chunk);
        if written - begun >= BEGIN_BYTES {
            // What is written out and clean may leave memory; the disk begins with the rest. A system that does not
            // take the advice writes all at the end.
            let length = NonZeroU64::new(written - begun);
            let _ = rustix::fs::fadvise(&file, begun, length, rustix::fs::Advice::DontNeed);
            begun = written;
        }
    }
    Ok(file)
}

/// Whether a file of `clear` bytes may be sealed.
///
/// # Errors
/// It is too long; there is no room for it; what the system reports.
pub fn check(directory: &Path, clear: u64) -> Result<(), Refusal> {
    check_length(clear)?;
    check_room(directory, clear)
}

fn check_length(clear: u64) -> Result<(), Refusal> {
    match clear <= MAX_FILE {
        true => Ok(()),
        false => Err(Refusal::TooLong {
            limit_bytes: MAX_FILE,
            actual_bytes: clear,
        }),
    }
}

/// Files leave room for texts.
fn check_room(directory: &Path, needed: u64) -> Result<(), Refusal> {
    match super::keeper::free(directory) {
        Ok(free) if free < needed.max(1) => Err(Refusal::NoRoom { free }),
        Ok(_) => Ok(()),
        Err(error) => Err(refusal(directory, &error)),
    }
}

/// What a failure of the disk means to the caller.
pub(crate) fn refusal(directory: &Path, error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Refusal::NoRoom {
            free: super::keeper::free(directory).unwrap_or(0),
        },
        _ => Refusal::Storage {
            fault: crate::store::fault::kind_of(error),
        },
    }
}

const _: () = assert!(CLEAR_CHUNK + TAG == CHUNK);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::files::opening::Opening;

    /// Each test has a directory of its own.
    fn begin(directory: &Path, expected: Option<u64>) -> Result<Sealing, Refusal> {
        Sealing::begin(directory, StoredName([1; 16]), FileKey([2; 32]), expected)
    }

    fn sealed(directory: &Path, clear: &[u8]) -> Sealed {
        let mut sealing = begin(directory, Some(clear.len() as u64)).expect("there is room");
        for part in clear.chunks(100_003) {
            sealing.write(part).expect("there is room");
        }
        sealing.finish().expect("there is room")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn what_was_sealed_opens_again(length in prop_oneof![
            Just(0usize), Just(1), Just(CLEAR_CHUNK - 1), Just(CLEAR_CHUNK), Just(CLEAR_CHUNK + 1),
            0usize..3 * CHUNK,
        ]) {
            let directory = tempfile::tempdir().expect("a directory");
            let clear: Vec<u8> = (0..length).map(|at| (at % 253) as u8).collect();
            let sealed = sealed(directory.path(), &clear);
            let bytes = std::fs::read(super::super::keeper::path(directory.path(), sealed.name))
                .expect("it is there");
            prop_assert_eq!(bytes.len() as u64, sealed.extent.sealed());
            prop_assert_eq!(tree::id(&sealed.hashes).map(|id| id.0), Some(*blake3::hash(&bytes).as_bytes()));
            let mut opening = Opening::begin(directory.path(), sealed.name, &sealed.key, sealed.extent)
                .expect("it opens");
            let mut opened = Vec::new();
            while let Some(chunk) = opening.next_chunk().expect("it is sound") {
                opened.extend_from_slice(&chunk);
            }
            prop_assert!(opened == clear);
        }
    }

    #[test]
    fn a_file_that_is_not_sealed_to_its_end_leaves_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut sealing = begin(directory.path(), None).expect("there is room");
        sealing.write(&[7; 2 * CHUNK]).expect("there is room");
        drop(sealing);
        assert_eq!(
            std::fs::read_dir(directory.path())
                .expect("it is there")
                .count(),
            0
        );
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused_before_it_is_copied() {
        let directory = tempfile::tempdir().expect("a directory");
        let refused = begin(directory.path(), Some(MAX_FILE + 1)).err();
        assert!(matches!(
            refused,
            Some(Refusal::TooLong {
                limit_bytes: MAX_FILE,
                ..
            })
        ));
    }

    #[test]
    fn a_chunk_that_is_not_the_one_that_was_sealed_does_not_open() {
        let directory = tempfile::tempdir().expect("a directory");
        let sealed = sealed(directory.path(), &[1; 3 * CHUNK]);
        let path = super::super::keeper::path(directory.path(), sealed.name);
        let whole = std::fs::read(&path).expect("it is there");
        let opens = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("there is room");
            let mut opening =
                Opening::begin(directory.path(), sealed.name, &sealed.key, sealed.extent)?;
            while opening.next_chunk()?.is_some() {}
            Ok::<(), Refusal>(())
        };
        assert!(opens(&whole).is_ok());
        let mut flipped = whole.clone();
        flipped[CHUNK + 5] ^= 1;
        assert!(opens(&flipped).is_err());
        assert!(opens(&whole[..whole.len() - 1]).is_err());
        let (first, rest) = whole.split_at(CHUNK);
        assert!(opens(&[&rest[..CHUNK], first, &rest[CHUNK..]].concat()).is_err());
    }
}
