//! What one device lacks of the operations that another holds (`docs/PROTOCOL.md` section 4b).
//!
//! A device that holds an operation holds everything before it. So a few names say what it holds: the newest operations that
//! count, and for one that holds none of those some before them, ever sparser.

use fixedbitset::FixedBitSet;

use crate::membership::Membership;
use crate::membership::history::Number;
use crate::membership::level::Level;
use crate::membership::operation::{MemberKey, OperationId};
use crate::membership::ranking::knows;

/// Most operations that a device names of those it holds.
pub(crate) const MAX_NAMED: usize = 1_024;

/// The operations that a peer is known to hold.
#[derive(Clone, Default)]
pub(crate) struct HeldByPeer(FixedBitSet);

impl Membership {
    /// The newest operations that count, in the order of their ids: who holds them and everything before them holds all that
    /// counts.
    pub(crate) fn heads(&self) -> Vec<OperationId> {
        let mut heads: Vec<_> = self
            .newest()
            .into_iter()
            .map(|it| self.history.id(it))
            .collect();
        heads.sort_unstable();
        heads
    }

    /// Names what is held: the newest that count, and some before them, at most [`MAX_NAMED`].
    pub(crate) fn named(&self) -> Vec<OperationId> {
        let mut newest = self.newest();
        newest.truncate(MAX_NAMED - usize::BITS as usize);
        let counted = self.counted();
        let older: Vec<Number> = counted.ones().collect();
        let steps = (0..usize::BITS).map_while(|bit| 1usize.checked_shl(bit));
        let older = steps.map_while(|back| older.get(older.len().checked_sub(back)?).copied());
        newest.extend(older);
        newest.sort_unstable();
        newest.dedup();
        newest.into_iter().map(|it| self.history.id(it)).collect()
    }

    /// All operations that count, and those before them.
    fn counted(&self) -> FixedBitSet {
        let mut counted = FixedBitSet::with_capacity(self.history.len());
        for newest in self.newest() {
            counted.union_with(self.history.past(newest));
            counted.insert(newest);
        }
        counted
    }

    /// Records that a peer holds an operation, and so all before it. Returns whether it is held here.
    pub(crate) fn note_held(&self, held: &mut HeldByPeer, id: OperationId) -> bool {
        let Some(number) = self.history.number(id) else {
            return false;
        };
        held.0.grow(self.history.len());
        if !held.0.contains(number) {
            held.0.union_with(self.history.past(number));
            held.0.insert(number);
        }
        true
    }

    /// What a peer lacks of all that counts, each after those it links to.
    pub(crate) fn lacking(&self, held: &HeldByPeer) -> Vec<OperationId> {
        let mut lacking = self.counted();
        lacking.difference_with(&held.0);
        lacking.ones().map(|it| self.history.id(it)).collect()
    }

    /// Whether a peer with this key is told an operation: all to who is in; to who is out what put it out, and what was before.
    pub(crate) fn is_told_to(&self, peer: MemberKey, id: OperationId) -> bool {
        if !self.is_judged() || self.level(peer) >= Level::MEMBER {
            return true;
        }
        let (Some(person), Some(number)) = (self.history.person(peer), self.history.number(id))
        else {
            return false;
        };
        let left = self.history.author(person).steps_down.iter();
        let mut ends = left.chain(self.ranking.lowerings(person));
        ends.any(|end| knows(&self.history, *end, number))
    }
}
