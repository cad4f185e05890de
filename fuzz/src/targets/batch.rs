//! The core of a batch, as it comes from the wire.

use hedgerow_sync::batch::{Batch, MAX_BATCH_ENTRIES};
use hedgerow_sync::entry::MAX_LINKS;
use hedgerow_sync::id::{DeviceId, Incarnation, LogId, SpaceId};
use hedgerow_sync::mark::MarkKey;

const LOG: LogId = LogId {
    device: DeviceId([1; 16]),
    incarnation: Incarnation(2),
};

/// One input.
pub fn run(core: &[u8]) {
    let Ok(batch) = Batch::parse(core) else {
        return;
    };
    assert!(batch.count <= MAX_BATCH_ENTRIES as u64);
    let mut seq = batch.first;
    for entry in batch.entries() {
        let entry = entry.expect("all of a batch is checked at once");
        assert_eq!(entry.seq, seq);
        assert_eq!(entry.what(LOG).is_row(), entry.is_row());
        assert!(entry.links.count() <= MAX_LINKS);
        drop(entry.body.to_body());
        seq.0 += 1;
    }
    assert_eq!(seq.0, batch.last().0 + 1);
    assert!(!batch.is_marked(&MarkKey::new(&[3; 32]), SpaceId([4; 16]), LOG));
}
