//! The names on screen, and which people's names look the same.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_sync::id::IdentityId;

use crate::api::confusable;

/// The names of all contacts, and our own.
#[derive(Debug, Default)]
pub(crate) struct Names {
    looks: BTreeMap<IdentityId, [String; 2]>,
    /// By how a name looks: as it is written (0) or in small letters (1).
    who: BTreeMap<(usize, String), BTreeSet<IdentityId>>,
}

impl Names {
    /// Whether somebody else's name looks like the one of `who`.
    pub fn is_shared(&self, who: IdentityId) -> bool {
        let looks = self.looks.get(&who).into_iter().flatten();
        looks.cloned().enumerate().any(|look| {
            let same = self.who.get(&look);
            same.is_some_and(|same| same.len() > 1)
        })
    }

    /// Changes or removes the name under which a person is shown. Gives the others for whom
    /// [`is_shared`](Self::is_shared) may have changed.
    pub fn set(&mut self, who: IdentityId, name: Option<&str>) -> BTreeSet<IdentityId> {
        let mut touched = BTreeSet::new();
        for look in self.looks.remove(&who).into_iter().flatten().enumerate() {
            if let Some(same) = self.who.get_mut(&look) {
                same.remove(&who);
                touched.extend(only(same));
                if same.is_empty() {
                    self.who.remove(&look);
                }
            }
        }
        if let Some(name) = name {
            let looks = confusable::looks(name);
            for look in looks.iter().cloned().enumerate() {
                let same = self.who.entry(look).or_default();
                touched.extend(only(same));
                same.insert(who);
            }
            self.looks.insert(who, looks);
        }
        touched
    }
}

/// The only element of a set that has exactly one.
fn only(same: &BTreeSet<IdentityId>) -> Option<IdentityId> {
    same.first().filter(|_| same.len() == 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_share_a_name_until_one_of_them_has_another() {
        let [ana, other, ben] = [1, 2, 3].map(|byte| IdentityId([byte; 32]));
        let mut names = Names::default();
        assert!(names.set(ana, Some("Ana")).is_empty());
        assert!(names.set(ben, Some("Ben")).is_empty());
        assert!(!names.is_shared(ana));
        assert_eq!(names.set(other, Some("аna")), BTreeSet::from([ana]));
        assert!(names.is_shared(ana) && names.is_shared(other) && !names.is_shared(ben));
        assert_eq!(
            names.set(other, Some("BEN")),
            BTreeSet::from([ana, ben]),
            "both are told"
        );
        assert!(!names.is_shared(ana) && names.is_shared(ben));
        assert_eq!(names.set(other, None), BTreeSet::from([ben]));
        assert!(!names.is_shared(ben) && names.who.len() == 4);
    }
}
