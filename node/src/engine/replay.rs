//! Which handshake counters have been taken (`docs/PROTOCOL.md` section 7).
//!
//! A window for each opening of the other device's store, kept until the psk it was used under goes;
//! those of the rescue key stay for ever.

use hedgerow_sync::id::{DeviceId, Incarnation};
use hedgerow_sync::store::{StorageError, Txn};
use hedgerow_transport::replay::ReplayWindow;

use crate::tables::{self, Table};

/// The number under which the windows of the rescue key stand.
pub(crate) const RESCUE: u32 = u32::MAX;

/// Takes a counter of a device's incarnation under a psk, in this transaction. False if it was taken
/// before or is too old: what brought it is garbage.
pub(crate) fn take(
    txn: &mut dyn Txn,
    device: DeviceId,
    psk_number: u32,
    incarnation: Incarnation,
    counter: u64,
) -> Result<bool, StorageError> {
    let key = Table::ReplayWindows.key(&[
        &device.0,
        &psk_number.to_be_bytes(),
        &incarnation.0.to_be_bytes(),
    ]);
    let mut window = match txn.get(&key)? {
        Some(bytes) => ReplayWindow::decode(&bytes).ok_or_else(tables::damaged)?,
        None => ReplayWindow::default(),
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
