//! What an admin could still undo, because neither it nor those who appointed it have built on it.

use fixedbitset::FixedBitSet;

use crate::membership::Membership;
use crate::membership::operation::MemberKey;
use crate::membership::outcome;

impl Membership {
    /// Whether something settles as soon as a key signs an operation: an act that sets a level or the timer, whose author it outranks and
    /// which it could still undo. Its own are none of them, and neither is what sets nothing: else admins would answer each other without
    /// end.
    pub fn would_settle(&self, key: MemberKey) -> bool {
        let person = self.history.person(key);
        let place = self.load(key).and_then(|load| load.place());
        let (Some(person), Some(place)) = (person, place) else {
            return false;
        };
        let mut known = FixedBitSet::with_capacity(self.history.len());
        for act in &self.history.author(person).acts {
            if self.ranking.rank_of(*act).is_some_and(|rank| rank <= place) {
                known.union_with(self.history.past(*act));
            }
        }
        // The newest are the likeliest.
        let mut new = (0..self.history.len())
            .rev()
            .filter(|number| !known.contains(*number));
        new.any(|number| {
            let one = std::iter::once(person);
            self.ranking.rank_of(number).is_some()
                && outcome::sets(self.history.node(number))
                && !outcome::waits_for(&self.history, &self.ranking, one, number).is_empty()
        })
    }
}
