//! Objections: an admin whom somebody lowered who does not outrank it is an admin again once it has signed something.

use std::collections::BTreeSet;

use crate::membership::Membership;
use crate::membership::level::Level;
use crate::membership::operation::{Act, MemberKey, Operation, OperationId};
use crate::membership::outcome::{CutEnd, Standing, Verdict};

impl Standing {
    /// Whose lowerings suspend it, each until it objects.
    pub fn suspended_by(&self) -> BTreeSet<MemberKey> {
        let suspending = self.cuts.iter().filter(|cut| cut.end == CutEnd::Objection);
        suspending.map(|cut| cut.author).collect()
    }
}

impl Membership {
    /// The admins whose lowerings of a key hold no longer, because it has objected to them.
    pub fn objected_to(&self, key: MemberKey) -> BTreeSet<MemberKey> {
        let load = self.load(key);
        let answered = load.iter().flat_map(|load| load.answered());
        answered
            .map(|number| self.key(self.history.node(number).author))
            .collect()
    }

    /// The newest lowering of a key by somebody else that does not count because its author was lowered, and the lowering of
    /// that author.
    pub fn undone_lowering(&self, key: MemberKey) -> Option<(&Operation, OperationId)> {
        let lowerings = self.operations().filter(|one| {
            let lowers = matches!(one.act(), Act::Set { who, level, .. } if *who == key && *level < Level::ADMIN);
            lowers && one.author() != key
        });
        let undone = lowerings.filter_map(|one| match self.verdict(one.id())? {
            Verdict::Void { by: Some(by), .. } => Some((one, by)),
            _ => None,
        });
        undone.last()
    }
}
