//! Stopping a world and going on with it later. Where a scenario has a checkpoint, every link is cut and
//! every device starts anew from its store, whether anybody stops there or not: what is left is what
//! stores hold, and that can be written down. Contacts, workload and faults are drawn again up to there.

use std::ops::Bound;

use hedgerow_node::api::MessageId;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::{Direction, KeyRange, StorageError, Store};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::coming::Coming;
use super::deeds::Deeds;
use super::happening::{Carried, Deed, Fault};
use super::keeper::Keeper;
use super::posts::Posts;
use super::recorder::Written;
use crate::plan::DeviceNumber;

/// A world between two windows, without links.
#[derive(Serialize, Deserialize)]
pub(super) struct Saved {
    pub seed: u64,
    pub now_us: u64,
    pub events: u64,
    pub air: SavedRng,
    pub devices: Vec<SavedDevice>,
    pub recorder: SavedRecorder,
}

/// A device whose engine has been dropped.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedDevice {
    pub disk: SavedDisk,
    pub snapshot: Option<SavedDisk>,
    pub full: bool,
    pub rng: SavedRng,
    pub air: SavedRng,
    pub on: bool,
    pub starts: u32,
    pub next_link: u64,
    pub clock_error_ms: i64,
    /// Faults, samples, deeds and sticks to come, in their order.
    pub agenda: Vec<(u64, Lasting)>,
    /// What each radio has used, in joules.
    pub used_j: Vec<f64>,
    pub sent_bytes: u64,
    pub received_bytes: u64,
}

/// What of an agenda outlasts a checkpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Lasting {
    Fault(Fault),
    Sample,
    Act(Deed),
    WriteStick(Carried),
    Stick(Vec<Vec<u8>>),
}

/// Messages under way.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedRecorder {
    pub written: Vec<(u64, Written)>,
    /// From, to, what engines call it, number.
    pub by_id: Vec<(DeviceNumber, DeviceNumber, MessageId, u64)>,
    pub hops: Vec<(Vec<u8>, DeviceNumber, i32)>,
    pub waiting: Vec<(DeviceNumber, DeviceNumber, Vec<u64>)>,
    pub deeds: Deeds,
    pub coming: Coming,
    pub posts: Posts,
}

/// Where a stream of chance is.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct SavedRng {
    seed: [u8; 32],
    stream: u64,
    word: u128,
}

impl SavedRng {
    pub fn of(rng: &ChaCha20Rng) -> SavedRng {
        SavedRng {
            seed: rng.get_seed(),
            stream: rng.get_stream(),
            word: rng.get_word_pos(),
        }
    }

    pub fn restored(&self) -> ChaCha20Rng {
        let mut rng = ChaCha20Rng::from_seed(self.seed);
        rng.set_stream(self.stream);
        rng.set_word_pos(self.word);
        rng
    }
}

/// A store and the files beside it.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedDisk {
    store: SavedStore,
    files: Keeper,
}

impl SavedDisk {
    pub fn of(store: &MemoryStore, files: &Keeper) -> Result<SavedDisk, StorageError> {
        Ok(SavedDisk {
            store: SavedStore::of(store)?,
            files: files.clone(),
        })
    }

    pub fn restored(self) -> Result<(MemoryStore, Keeper), StorageError> {
        Ok((self.store.restored()?, self.files))
    }
}

/// The rows of a store.
#[derive(Serialize, Deserialize)]
struct SavedStore(Vec<(Vec<u8>, Vec<u8>)>);

impl SavedStore {
    fn of(store: &MemoryStore) -> Result<SavedStore, StorageError> {
        let mut rows = Vec::new();
        store.read(|reader| {
            let all: KeyRange<'_> = (Bound::Unbounded, Bound::Unbounded);
            reader.scan(all, Direction::Forward, &mut |key, value| {
                rows.push((key.to_vec(), value.to_vec()));
                std::ops::ControlFlow::Continue(())
            })
        })?;
        Ok(SavedStore(rows))
    }

    fn restored(&self) -> Result<MemoryStore, StorageError> {
        let mut store = MemoryStore::new();
        store.write(|txn| {
            for (key, value) in &self.0 {
                txn.put(key, value)?;
            }
            Ok(())
        })?;
        Ok(store)
    }
}
