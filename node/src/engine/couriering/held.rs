//! How bundles that we hold lie in the store: a row for each, and its contents in parts (`docs/PROTOCOL.md`
//! section 12a).

use hedgerow_sync::id::{DeviceId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::peer;
use hedgerow_sync::store::{Reader, StorageError, Txn};
use minicbor::{Decode, Encode};

use crate::courier::{Envelope, Held, Tag};
use crate::engine::Now;
use crate::tables::{self, Table};

/// The bytes of one part of a bundle's contents, at rest and on the wire.
pub(crate) const PART: usize = 65_536;

/// What the store keeps of a bundle beside its contents.
#[derive(Encode, Decode)]
pub(crate) struct Row {
    #[n(0)]
    pub envelope: Envelope,
    #[n(1)]
    pub length: u64,
    #[n(2)]
    pub order: u64,
    /// When it came, by our wall clock.
    #[n(3)]
    pub since_ms: i64,
    #[cbor(n(4), with = "crate::engine::codec::fixed_option", has_nil)]
    pub from: Option<DeviceId>,
    /// What it holds, if we sealed it.
    #[n(5)]
    pub own: Option<Own>,
    /// Parts of its contents may be missing, because they are not all written or partly removed.
    #[n(6)]
    pub is_partial: bool,
}

/// What a bundle of ours holds.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct Own {
    /// The device that it is for.
    #[cbor(n(0), with = "crate::engine::codec::fixed")]
    pub to: DeviceId,
    /// The newest of our messages in it, of each conversation.
    #[n(1)]
    pub newest: Vec<Newest>,
    #[cfg(feature = "simulation")]
    #[n(2)]
    pub loads: Vec<crate::engine::load::Load>,
}

/// The newest of our messages of one conversation in a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Newest {
    #[cbor(n(0), with = "crate::engine::codec::fixed")]
    pub space: SpaceId,
    #[n(1)]
    pub incarnation: u64,
    #[n(2)]
    pub seq: u64,
}

impl Own {
    /// Whether its recipient device has acknowledged every message in it. `us` is our device.
    pub fn is_acked(
        &self,
        reader: &dyn Reader,
        us: impl Fn(SpaceId) -> DeviceId,
    ) -> Result<bool, StorageError> {
        for newest in &self.newest {
            let log = LogId {
                device: us(newest.space),
                incarnation: Incarnation(newest.incarnation),
            };
            if peer::acked(reader, newest.space, self.to, log)? < Seq(newest.seq) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Row {
    pub fn of(held: &Held, own: Option<&Own>, now: Now) -> Row {
        let held_ms = (now.mono_ms as i64).saturating_sub(held.since_ms);
        Row {
            envelope: held.envelope,
            length: held.length,
            order: held.order,
            since_ms: now.wall_ms.saturating_sub(held_ms),
            from: held.from,
            own: own.cloned(),
            is_partial: false,
        }
    }

    /// The bundle as it was before a restart. Only the wall clock can tell how long that was ago; a clock that went
    /// back counts as no time.
    pub fn held(&self, now: Now) -> Held {
        let held_ms = now.wall_ms.saturating_sub(self.since_ms).max(0);
        Held {
            envelope: self.envelope,
            length: self.length,
            since_ms: (now.mono_ms as i64).saturating_sub(held_ms),
            order: self.order,
            own: self.own.is_some(),
            from: self.from,
            promised: 0,
            sending: 0,
        }
    }

    pub fn save(&self, txn: &mut dyn Txn) -> Result<(), StorageError> {
        let tag = self.envelope.tag;
        tables::save(txn, &Table::Held.key(&[&tag.0]), self)
    }
}

/// All rows.
pub(crate) fn load(reader: &dyn Reader) -> Result<Vec<Row>, StorageError> {
    let rows = tables::load_all(reader, Table::Held)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// The key of a part of the contents of a bundle.
pub(crate) fn part_key(tag: &Tag, number: u32) -> Vec<u8> {
    Table::CarriedParts.key(&[&tag.0, &number.to_be_bytes()])
}
