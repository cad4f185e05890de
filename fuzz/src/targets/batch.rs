//! The core of a batch, as it comes from the wire: of a chat, and of a group with the proof of a fork.

use hedgerow_sync::batch::{Batch, MAX_BATCH_ENTRIES};
use hedgerow_sync::entry::MAX_LINKS;
use hedgerow_sync::group::Fork;
use hedgerow_sync::id::{DeviceId, Incarnation, LogId, SpaceId};
use hedgerow_sync::mark::MarkKey;
use hedgerow_sync::membership::{MAX_OPERATION_LINKS, MemberKey};

const LOG: LogId = LogId {
    device: DeviceId([1; 16]),
    incarnation: Incarnation(2),
};
const SPACE: SpaceId = SpaceId([4; 16]);
/// A key of low order, which signs nothing.
const NOBODY: MemberKey = MemberKey([0; 32]);

/// One input.
pub fn run(core: &[u8]) {
    if let Ok(batch) = Batch::parse(core) {
        whole(&batch);
        assert!(!batch.is_marked(&MarkKey::new(&[3; 32]), SPACE, LOG));
    }
    if let Ok(batch) = Batch::parse_signed(core) {
        whole(&batch);
        let tips = batch.version();
        assert!((1..=MAX_OPERATION_LINKS).contains(&tips.tips().len()));
        assert!(tips.tips().is_sorted_by(|one, next| one < next));
        assert_eq!(batch.chains(LOG).count() as u64, batch.count);
        let head = batch.head(LOG).expect("all of a batch is checked at once");
        assert_eq!(batch.chain_at(LOG, head.seq), Some(head.chain));
        assert!(!head.verify(NOBODY, SPACE, LOG));
    }
    if let Some(fork) = Fork::decode(core) {
        assert_eq!(Fork::decode(&fork.encode()), Some(fork.clone()));
        assert!(!fork.verify(NOBODY, SPACE, LOG));
    }
}

fn whole(batch: &Batch<'_>) {
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
}
