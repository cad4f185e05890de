//! A clock of the store, by which messages disappear: it counts the monotonic time while the node runs, and across a
//! restart what the wall clock has moved on since it was saved, never less than nothing. So a wall clock that is set back
//! prolongs nothing but the time for which the node is off.

use hedgerow_sync::store::{Reader, StorageError, Txn};
use minicbor::{Decode, Encode};

use super::Now;
use crate::tables::{self, Table};

/// How far the clock runs on before it is saved: so much a wall clock that was set back can prolong at a restart.
const SAVE_MS: u64 = 15 * 60_000;

/// The clock.
#[derive(Default)]
pub(super) struct StoreClock {
    /// Its time at `since_ms` of the monotonic clock.
    counted_ms: u64,
    since_ms: u64,
    /// What was saved last; `None` if nothing was, or if the wall clock has been set back since.
    saved_ms: Option<u64>,
}

/// The clock when it was saved, and the wall clock.
#[derive(Encode, Decode)]
struct Saved {
    #[n(0)]
    counted_ms: u64,
    #[n(1)]
    wall_ms: i64,
}

impl StoreClock {
    pub fn load(reader: &dyn Reader, now: Now) -> Result<StoreClock, StorageError> {
        let mut clock = StoreClock {
            since_ms: now.mono_ms,
            ..StoreClock::default()
        };
        if let Some(saved) = tables::load::<Saved>(reader, &Table::StoreClock.key(&[]))? {
            let passed = now.wall_ms.saturating_sub(saved.wall_ms);
            let passed_ms = passed.max(0).unsigned_abs();
            clock.counted_ms = saved.counted_ms.saturating_add(passed_ms);
            clock.saved_ms = (passed >= 0).then_some(saved.counted_ms);
        }
        Ok(clock)
    }

    /// The time, in milliseconds.
    pub fn time_ms(&self, now: Now) -> u64 {
        let running_ms = now.mono_ms.saturating_sub(self.since_ms);
        self.counted_ms.saturating_add(running_ms)
    }

    /// When it is to be saved, in its own milliseconds.
    pub fn save_due_ms(&self) -> u64 {
        self.saved_ms
            .map_or(0, |saved| saved.saturating_add(SAVE_MS))
    }

    /// Saves it if that is due.
    pub fn keep(&mut self, txn: &mut dyn Txn, now: Now) -> Result<(), StorageError> {
        match self.time_ms(now) < self.save_due_ms() {
            true => Ok(()),
            false => self.save(txn, now),
        }
    }

    /// Saves it.
    pub fn save(&mut self, txn: &mut dyn Txn, now: Now) -> Result<(), StorageError> {
        let counted_ms = self.time_ms(now);
        self.saved_ms = Some(counted_ms);
        let wall_ms = now.wall_ms;
        let saved = Saved {
            counted_ms,
            wall_ms,
        };
        tables::save(txn, &Table::StoreClock.key(&[]), &saved)
    }
}

#[cfg(test)]
mod tests {
    use hedgerow_sync::memory::MemoryStore;
    use hedgerow_sync::store::Store;

    use super::*;

    fn at(mono_ms: u64, wall_ms: i64) -> Now {
        Now { mono_ms, wall_ms }
    }

    fn load(store: &MemoryStore, now: Now) -> StoreClock {
        let clock = store.read(|reader| StoreClock::load(reader, now));
        clock.expect("memory does not fail")
    }

    fn keep(store: &mut MemoryStore, clock: &mut StoreClock, now: Now) -> u64 {
        store
            .write(|txn| clock.keep(txn, now))
            .expect("memory does not fail");
        clock.save_due_ms()
    }

    #[test]
    fn the_clock_of_a_store_never_goes_back_and_is_saved_every_quarter_of_an_hour() {
        let mut store = MemoryStore::default();
        let mut clock = load(&store, at(1_000, 5_000_000));
        let due_ms = 1_000 + SAVE_MS;
        assert_eq!(keep(&mut store, &mut clock, at(2_000, 5_001_000)), due_ms);
        // Nothing is saved before that is due.
        assert_eq!(keep(&mut store, &mut clock, at(3_000, 5_002_000)), due_ms);
        assert_eq!(clock.time_ms(at(3_000, 0)), 2_000);
        // The wall clock moved on by an hour while the node was off.
        let ahead = load(&store, at(7, 8_601_000));
        assert_eq!(ahead.time_ms(at(7, 0)), 3_601_000);
        assert!(ahead.save_due_ms() < ahead.time_ms(at(7, 0)));
        // It was set back: no time has passed, and the next restart goes by the clock as it is now.
        let mut back = load(&store, at(9, 0));
        assert_eq!((back.time_ms(at(9, 0)), back.save_due_ms()), (1_000, 0));
        assert_eq!(keep(&mut store, &mut back, at(9, 0)), due_ms);
        let next = load(&store, at(1, 500));
        assert_eq!(next.time_ms(at(1, 500)), 1_500);
    }
}
