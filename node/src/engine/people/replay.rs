//! Replay windows: which handshake counters are used up (`docs/PROTOCOL.md` section 7).
//!
//! Each psk has a window for each opening of the other device's store. We forget the windows of a psk with the psk;
//! those of the rescue key stay for ever.

use hedgerow_sync::id::{DeviceId, Incarnation};
use hedgerow_sync::store::{StorageError, Txn};
use hedgerow_transport::replay::ReplayWindow;

use crate::tables::{self, Table};

/// The number that stands for the rescue key among the psk numbers.
pub(crate) const RESCUE: u32 = u32::MAX;

/// The most windows under one psk (`docs/PROTOCOL.md` section 1). A device that opens its store more often gets to
/// the next psk by the rescue key.
const MAX_INCARNATIONS: usize = 4_096;

/// Uses up a counter of a device's incarnation under a psk, in this transaction. False if it is used up already, is
/// too old, or there are too many incarnations: then the handshake is garbage.
pub(crate) fn take(
    txn: &mut dyn Txn,
    device: DeviceId,
    psk_number: u32,
    incarnation: Incarnation,
    counter: u64,
) -> Result<bool, StorageError> {
    let windows = Table::ReplayWindows.key(&[&device.0, &psk_number.to_be_bytes()]);
    let key = [windows.as_slice(), &incarnation.0.to_be_bytes()].concat();
    let mut window = match txn.get(&key)? {
        Some(bytes) => ReplayWindow::decode(&bytes).ok_or_else(tables::damaged)?,
        None => {
            let mut known = 0;
            tables::visit(txn, &windows, &mut |_, _| known += 1)?;
            if known >= MAX_INCARNATIONS {
                return Ok(false);
            }
            ReplayWindow::default()
        }
    };
    if !window.admit(counter) {
        return Ok(false);
    }
    txn.put(&key, &window.encode()).map(|()| true)
}

/// Forgets the windows of a psk that is gone.
pub(crate) fn forget(
    txn: &mut dyn Txn,
    device: DeviceId,
    psk_number: u32,
) -> Result<(), StorageError> {
    tables::remove_all(
        txn,
        &Table::ReplayWindows.key(&[&device.0, &psk_number.to_be_bytes()]),
    )
}

/// Forgets every window of a device.
pub(crate) fn forget_device(txn: &mut dyn Txn, device: DeviceId) -> Result<(), StorageError> {
    tables::remove_all(txn, &Table::ReplayWindows.key(&[&device.0]))
}

#[cfg(test)]
mod tests {
    use hedgerow_sync::memory::MemoryStore;
    use hedgerow_sync::store::Store;

    use super::*;

    #[test]
    fn incarnations_under_one_psk_are_bounded_and_another_psk_is_not_affected() {
        let device = DeviceId([1; 16]);
        let mut store = MemoryStore::default();
        let mut taken = |psk, incarnation, counter| {
            store
                .write(|txn| take(txn, device, psk, Incarnation(incarnation), counter))
                .expect("memory does not fail")
        };
        for incarnation in 0..MAX_INCARNATIONS as u64 {
            assert!(taken(0, incarnation, 1));
        }
        assert!(!taken(0, MAX_INCARNATIONS as u64, 1));
        assert!(taken(0, 7, 2), "a known one goes on");
        assert!(!taken(0, 7, 2));
        assert!(taken(RESCUE, MAX_INCARNATIONS as u64, 1));
        assert!(taken(1, MAX_INCARNATIONS as u64, 1));
    }
}
