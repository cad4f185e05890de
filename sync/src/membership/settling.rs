//! What an admin could still undo, because neither it nor those who appointed it have built on it.

use fixedbitset::FixedBitSet;

use crate::membership::operation::MemberKey;
use crate::membership::outcome::{self, Verdict};
use crate::membership::{Membership, OperationId};

impl Membership {
    /// The acts that set a level or the timer and settle as soon as a key signs an operation that knows them: it outranks their authors,
    /// and could still undo them. Its own are none of them, and neither is what sets nothing: else admins would answer each other without
    /// end.
    pub fn settling_by(&self, key: MemberKey) -> Vec<OperationId> {
        let person = self.history.person(key);
        let place = self.load(key).and_then(|load| load.place());
        let (Some(person), Some(place)) = (person, place) else {
            return Vec::new();
        };
        let mut known = FixedBitSet::with_capacity(self.history.len());
        for act in &self.history.author(person).acts {
            if self.ranking.rank_of(*act).is_some_and(|rank| rank <= place) {
                known.union_with(self.history.past(*act));
            }
        }
        let new = (0..self.history.len()).filter(|number| !known.contains(*number));
        let settling = new.filter(|number| {
            let id = self.history.id(*number);
            let one = std::iter::once(person);
            self.verdict(id) == Some(Verdict::Stands)
                && !outcome::waits_for(&self.history, &self.ranking, one, *number).is_empty()
        });
        settling.map(|number| self.history.id(number)).collect()
    }
}
