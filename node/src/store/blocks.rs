//! Encrypted blocks, which redb takes for a file (`docs/PROTOCOL.md` section 14).
//!
//! ```text
//! 0        copy A of block 0 (4,144 bytes, then unused)
//! 8,192    copy B of block 0
//! 16,384   block 1 | block 2 | ...            4,144 bytes each
//!
//! copy or block = prefix 16 | counter u64 | generation u64 | ciphertext 4,096 | tag 16
//! ```
//!
//! Each opening draws a prefix, from which a subkey of the data key derives; the counter is the nonce under that
//! subkey. So no nonce repeats, even if somebody puts back an older state of the file.
//!
//! redb never overwrites a page that a committed state uses. So a power cut tears only pages to which nothing refers,
//! *if* no block spans two pages: each block is therefore one page. The exception is redb's header, in block 0, which
//! redb rewrites in place and assumes that single bytes are atomic. Under encryption a torn byte ruins the block. So
//! block 0 has two copies, and we never overwrite the copy that was last made durable.
//!
//! Somebody who can write the disk can put back an older state of one block or of the whole file: both verify. redb's
//! checksums show a single old block, but only when the whole store is checked; see
//! [`RedbStore::verify`](super::RedbStore::verify).

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use redb::StorageBackend;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::Medium;
use crate::directory::DataKey;

/// Bytes of a block as redb sees it: its page size, so that no block spans two pages.
pub const BLOCK: usize = 4_096;
/// Bytes of a block on the medium.
pub const STRIDE: usize = PREFIX + COUNTER + GENERATION + BLOCK + TAG;
/// Where the second copy of block 0 begins. Each copy has an aligned region of its own, so that no sector of up to
/// this size holds bytes of both.
const HEADER_REGION: u64 = 8_192;
/// Where block 1 begins.
const FIRST: u64 = 2 * HEADER_REGION;

const PREFIX: usize = 16;
const COUNTER: usize = 8;
const GENERATION: usize = 8;
const TAG: usize = 16;

/// The most blocks held back between syncs (4 MiB). If there are more, we write them early.
const MAX_HELD: usize = 1_024;
/// The most subkeys of earlier openings kept in memory. To derive one costs as much as to open a block.
const MAX_SUBKEYS: usize = 64;
/// The most blocks that one call to the medium writes.
const MAX_RUN: usize = 64;

type Block = [u8; BLOCK];

/// A block does not verify, because of damage, tampering or another data key.
#[derive(Debug, thiserror::Error)]
#[error("block {0} does not verify")]
pub struct DamagedBlock(pub u64);

impl From<DamagedBlock> for io::Error {
    fn from(damage: DamagedBlock) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, damage)
    }
}

/// The storage backend: blocks encrypted on a [`Medium`].
///
/// One thread writes at a time (redb's write transaction). Any number of others read beside it.
pub struct Blocks<M> {
    medium: M,
    cipher: Cipher,
    held: RwLock<Held>,
    written: Mutex<Written>,
}

/// What redb has written and the medium does not have yet.
struct Held {
    /// Length in blocks.
    len: u64,
    /// Block 0, always in memory.
    header: Box<Block>,
    header_changed: bool,
    /// All others by index; never block 0.
    blocks: BTreeMap<u64, Box<Block>>,
}

/// The state of the medium.
struct Written {
    /// The copy of block 0 that is durable: 0 or 1.
    durable_copy: u64,
    /// Its generation.
    generation: u64,
    /// Whether something was written since the last sync.
    unsynced: bool,
    /// Buffer for sealed blocks that wait for their neighbours, kept to reuse its memory.
    run: Vec<u8>,
}

impl<M: Medium> Blocks<M> {
    /// Opens the blocks on `medium`, or begins on an empty one. `prefix` must be random: it keeps the nonces of this
    /// opening apart from those of all others, even if an older state of the medium was put back.
    ///
    /// # Errors
    /// [`DamagedBlock`] if neither copy of block 0 verifies under `key`; what the medium reports.
    pub fn open(medium: M, key: DataKey, prefix: [u8; 16]) -> io::Result<Self> {
        let cipher = Cipher::new(key, prefix);
        let bytes = medium.len()?;
        let mut header = Box::new([0; BLOCK]);
        let mut newest = None;
        let len = if bytes == 0 {
            0
        } else {
            // What a killed process wrote may be visible and not yet durable. The copy chosen here must be durable
            // before we overwrite the other one.
            medium.sync()?;
            for copy in 0..2 {
                let mut sealed = [0; STRIDE];
                if bytes < FIRST {
                    break;
                }
                medium.read_at(copy * HEADER_REGION, &mut sealed)?;
                if let Ok((generation, plain)) = cipher.open(0, &mut sealed)
                    && newest.is_none_or(|(newest, _)| generation > newest)
                {
                    newest = Some((generation, copy));
                    header.copy_from_slice(plain);
                }
            }
            if newest.is_none() {
                return Err(DamagedBlock(0).into());
            }
            1 + (bytes - FIRST) / STRIDE as u64
        };
        let (generation, durable_copy) = newest.unwrap_or((0, 1));
        Ok(Blocks {
            medium,
            cipher,
            held: RwLock::new(Held {
                len,
                header,
                header_changed: false,
                blocks: BTreeMap::new(),
            }),
            written: Mutex::new(Written {
                durable_copy,
                generation,
                unsynced: false,
                run: Vec::new(),
            }),
        })
    }

    /// Writes the held blocks to the medium, in order and in runs.
    fn flush(&self, written: &mut Written) -> io::Result<()> {
        let held = self.held();
        if held.blocks.is_empty() {
            return Ok(());
        }
        written.unsynced = true;
        let mut first = 0;
        let mut next = 0;
        written.run.clear();
        for (&index, block) in &held.blocks {
            if index != next || written.run.len() == MAX_RUN * STRIDE {
                if !written.run.is_empty() {
                    self.medium.write_at(place(first), &written.run)?;
                    written.run.clear();
                }
                first = index;
            }
            self.cipher
                .seal(index, written.generation, block, &mut written.run);
            next = index + 1;
        }
        self.medium.write_at(place(first), &written.run)?;
        drop(held);
        // From here on, readers find these blocks on the medium.
        self.held_mut().blocks.clear();
        Ok(())
    }

    fn held(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn held_mut(&self) -> RwLockWriteGuard<'_, Held> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `piece` with each block that `offset` and `length` touch: its index, the part of it, and
    /// the part of the caller's bytes.
    fn pieces(
        offset: u64,
        length: usize,
        mut piece: impl FnMut(u64, std::ops::Range<usize>, std::ops::Range<usize>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut done = 0;
        while done < length {
            let at = offset + done as u64;
            let start = (at % BLOCK as u64) as usize;
            let count = (BLOCK - start).min(length - done);
            piece(at / BLOCK as u64, start..start + count, done..done + count)?;
            done += count;
        }
        Ok(())
    }

    fn check_bounds(held: &Held, offset: u64, length: usize) -> io::Result<()> {
        match offset.checked_add(length as u64) {
            Some(end) if end <= held.len * BLOCK as u64 => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl<M: Medium> StorageBackend for Blocks<M> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.held().len * BLOCK as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        Self::check_bounds(&self.held(), offset, out.len())?;
        Self::pieces(offset, out.len(), |index, part, target| {
            let held = self.held();
            if index == 0 {
                out[target].copy_from_slice(&held.header[part]);
            } else if let Some(block) = held.blocks.get(&index) {
                out[target].copy_from_slice(&block[part]);
            } else {
                drop(held);
                let mut sealed = [0; STRIDE];
                self.medium.read_at(place(index), &mut sealed)?;
                let (_, plain) = self.cipher.open(index, &mut sealed)?;
                out[target].copy_from_slice(&plain[part]);
            }
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if !len.is_multiple_of(BLOCK as u64) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let len = len / BLOCK as u64;
        let mut written = self.written();
        written.unsynced = true;
        self.medium.set_len(if len == 0 { 0 } else { place(len) })?;
        let mut held = self.held_mut();
        held.len = len;
        held.blocks.split_off(&len);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut written = self.written();
        self.flush(&mut written)?;
        let mut header = None;
        if self.held().header_changed {
            let copy = 1 - written.durable_copy;
            let generation = written.generation + 1;
            written.run.clear();
            self.cipher
                .seal(0, generation, &self.held().header, &mut written.run);
            written.unsynced = true;
            self.medium.write_at(copy * HEADER_REGION, &written.run)?;
            header = Some((copy, generation));
        }
        if written.unsynced {
            self.medium.sync()?;
            written.unsynced = false;
        }
        if let Some((copy, generation)) = header {
            written.durable_copy = copy;
            written.generation = generation;
            self.held_mut().header_changed = false;
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut held = self.held_mut();
        Self::check_bounds(&held, offset, data.len())?;
        Self::pieces(offset, data.len(), |index, part, source| {
            if index == 0 {
                held.header[part].copy_from_slice(&data[source]);
                held.header_changed = true;
            } else if let Some(block) = held.blocks.get_mut(&index) {
                block[part].copy_from_slice(&data[source]);
            } else {
                let mut block = Box::new([0; BLOCK]);
                if part.len() < BLOCK {
                    let mut sealed = [0; STRIDE];
                    self.medium.read_at(place(index), &mut sealed)?;
                    block.copy_from_slice(self.cipher.open(index, &mut sealed)?.1);
                }
                block[part].copy_from_slice(&data[source]);
                held.blocks.insert(index, block);
            }
            Ok(())
        })?;
        let full = held.blocks.len() > MAX_HELD;
        drop(held);
        if full {
            self.flush(&mut self.written())?;
        }
        Ok(())
    }
}

/// Where block `index`, which is not 0, lies on the medium.
fn place(index: u64) -> u64 {
    FIRST + (index - 1) * STRIDE as u64
}

/// Prints nothing of what it holds.
impl<M> fmt::Debug for Blocks<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocks(..)")
    }
}

/// AES-256-GCM, the fastest cipher of `ring` for the reads that reach the blocks. `ring` does not wipe keys when it
/// drops them, so a subkey may stay in freed memory; the data key does not.
struct Cipher {
    key: DataKey,
    prefix: [u8; PREFIX],
    counter: AtomicU64,
    /// By prefix: the subkey of this opening, and those of earlier ones as we read their blocks.
    subkeys: RwLock<BTreeMap<[u8; PREFIX], LessSafeKey>>,
}

impl Cipher {
    fn new(key: DataKey, prefix: [u8; PREFIX]) -> Self {
        Cipher {
            key,
            prefix,
            counter: AtomicU64::new(0),
            subkeys: RwLock::new(BTreeMap::new()),
        }
    }

    /// Calls `job` with the subkey of an opening.
    fn with_subkey<T>(&self, prefix: [u8; PREFIX], job: impl FnOnce(&LessSafeKey) -> T) -> T {
        let subkeys = self.subkeys.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(subkey) = subkeys.get(&prefix) {
            return job(subkey);
        }
        drop(subkeys);
        let subkey = self.derive(prefix);
        let done = job(&subkey);
        let mut subkeys = self.subkeys.write().unwrap_or_else(PoisonError::into_inner);
        if subkeys.len() >= MAX_SUBKEYS {
            subkeys.clear();
        }
        subkeys.insert(prefix, subkey);
        done
    }

    fn derive(&self, prefix: [u8; PREFIX]) -> LessSafeKey {
        let mut input = Zeroizing::new([0; 32 + PREFIX]);
        input[..32].copy_from_slice(self.key.expose());
        input[32..].copy_from_slice(&prefix);
        let bytes = Zeroizing::new(blake3::derive_key("hedgerow 1 blocks", &*input));
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*bytes).expect("32 bytes are a key"))
    }

    /// Appends the sealed block to `out`.
    fn seal(&self, index: u64, generation: u64, plain: &Block, out: &mut Vec<u8>) {
        let counter = self.counter.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let generation = generation.to_be_bytes();
        out.extend_from_slice(&self.prefix);
        out.extend_from_slice(&counter);
        out.extend_from_slice(&generation);
        let start = out.len();
        out.extend_from_slice(plain);
        let tag = self
            .with_subkey(self.prefix, |subkey| {
                subkey.seal_in_place_separate_tag(
                    nonce(counter),
                    associated(index, generation),
                    &mut out[start..],
                )
            })
            .expect("a block is far shorter than the longest plaintext");
        out.extend_from_slice(tag.as_ref());
    }

    /// Opens a sealed block in place: its generation and its bytes.
    fn open<'a>(
        &self,
        index: u64,
        sealed: &'a mut [u8; STRIDE],
    ) -> Result<(u64, &'a [u8]), DamagedBlock> {
        let (prefix, rest) = sealed.split_first_chunk_mut::<PREFIX>().expect("a stride");
        let (counter, rest) = rest.split_first_chunk_mut::<COUNTER>().expect("a stride");
        let (generation, rest) = rest
            .split_first_chunk_mut::<GENERATION>()
            .expect("a stride");
        let plain = self
            .with_subkey(*prefix, |subkey| {
                subkey
                    .open_in_place(nonce(*counter), associated(index, *generation), rest)
                    .map(|plain| &*plain)
            })
            .map_err(|_| DamagedBlock(index))?;
        Ok((u64::from_be_bytes(*generation), plain))
    }
}

fn nonce(counter: [u8; COUNTER]) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&counter);
    Nonce::assume_unique_for_key(nonce)
}

fn associated(index: u64, generation: [u8; GENERATION]) -> Aad<[u8; 16]> {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&index.to_be_bytes());
    bytes[8..].copy_from_slice(&generation);
    Aad::from(bytes)
}
