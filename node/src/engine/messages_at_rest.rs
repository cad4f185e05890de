//! The name of a message in keys and rows of tables: device 16 ‖ incarnation u64 ‖ seq u64.

use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq};

pub(super) fn encode(entry: EntryId) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&entry.log.device.0);
    bytes[16..24].copy_from_slice(&entry.log.incarnation.0.to_be_bytes());
    bytes[24..].copy_from_slice(&entry.seq.0.to_be_bytes());
    bytes
}

pub(super) fn decode(bytes: &[u8]) -> Option<EntryId> {
    let (device, bytes) = bytes.split_first_chunk()?;
    let (incarnation, bytes) = bytes.split_first_chunk()?;
    Some(EntryId {
        log: LogId {
            device: DeviceId(*device),
            incarnation: Incarnation(u64::from_be_bytes(*incarnation)),
        },
        seq: Seq(u64::from_be_bytes(bytes.try_into().ok()?)),
    })
}
