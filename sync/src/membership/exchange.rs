//! What one device lacks of the operations that another holds (`docs/PROTOCOL.md` section 4b).
//!
//! A device that holds an operation holds everything before it. So a few names say what it holds: the newest operations that
//! count, and for one that holds none of those some before them, ever sparser.

use fixedbitset::FixedBitSet;

use crate::membership::Membership;
use crate::membership::history::Number;
use crate::membership::level::Level;
use crate::membership::operation::{MemberKey, OperationId};
use crate::membership::outcome;

/// Most operations that a device names of those it holds.
pub(crate) const MAX_NAMED: usize = 1_024;

/// The operations that a peer is known to hold.
#[derive(Clone, Default)]
pub(crate) struct HeldByPeer(FixedBitSet);

/// The operations that a peer is told.
#[derive(Clone)]
pub(crate) enum Told {
    /// All that count, and any that it asks for.
    All,
    /// These.
    These(FixedBitSet),
}

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

    /// What a peer lacks of what it is told, each after those it links to.
    pub(crate) fn lacking(&self, held: &HeldByPeer, told: &Told) -> Vec<OperationId> {
        let mut lacking = match told {
            Told::All => self.counted(),
            Told::These(these) => these.clone(),
        };
        lacking.difference_with(&held.0);
        lacking.ones().map(|it| self.history.id(it)).collect()
    }

    /// What a peer with this key is told. Who is out is told what put it out, its appointments that do not count, and what was before
    /// those: else it would go on believing that it is in. If that is not enough to see it, it is told more, the oldest first.
    pub(crate) fn told_to(&self, peer: MemberKey) -> Told {
        if !self.is_judged() || self.level(peer) >= Level::MEMBER {
            return Told::All;
        }
        let mut told = FixedBitSet::with_capacity(self.history.len());
        let Some(person) = self.history.person(peer) else {
            return Told::These(told);
        };
        let tell = |told: &mut FixedBitSet, last: Number| {
            told.union_with(self.history.past(last));
            told.insert(last);
        };
        let ends = outcome::ends(&self.history, &self.ranking, person);
        let void = outcome::void_appointments(&self.history, &self.ranking, person);
        ends.into_iter()
            .chain(void)
            .for_each(|last| tell(&mut told, last));
        let mut more: Vec<Number> = self.counted().ones().collect();
        more.sort_by_key(|number| (self.history.node(*number).lamport, self.history.id(*number)));
        let mut more = more.into_iter();
        let mut step = 1;
        while self.gives_a_level(&told, peer) && more.len() > 0 {
            more.by_ref()
                .filter(|number| !told.contains(*number))
                .take(step)
                .collect::<Vec<_>>()
                .into_iter()
                .for_each(|number| tell(&mut told, number));
            step *= 2;
        }
        Told::These(told)
    }

    /// Whether somebody who knows nothing but these operations, each with those before it, believes that a key is in.
    fn gives_a_level(&self, known: &FixedBitSet, key: MemberKey) -> bool {
        let operation = |number| self.history.node(number).operation.clone();
        let mut operations = known.ones().map(operation);
        let root = operations.next().map(Membership::new);
        let Some(Ok(mut membership)) = root else {
            return false;
        };
        membership.extend(operations);
        membership.level(key) >= Level::MEMBER
    }

    /// The operations of which a peer with this key is told: all that count, if it is in. Each is after those it links to.
    pub fn told(&self, peer: MemberKey) -> Vec<OperationId> {
        self.lacking(&HeldByPeer::default(), &self.told_to(peer))
    }

    /// Whether a peer is told an operation that is held.
    pub(crate) fn tells(&self, told: &Told, id: OperationId) -> bool {
        let number = self.history.number(id);
        number.is_some_and(|number| match told {
            Told::All => true,
            Told::These(these) => these.contains(number),
        })
    }
}
