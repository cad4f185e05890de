//! Changes of who is in a group, as lines of its conversation.

use hedgerow_node::api::{MemberLevel, MemberName, MembershipChange, visible};

/// A change on screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// What has changed.
    pub what: ChangeKind,
    /// Whose level.
    pub who: String,
    /// Who brought it about; empty if that is not said.
    pub by: String,
}

/// What has changed about somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It left.
    Left,
    /// It was removed.
    Removed,
    /// It was made an admin.
    Appointed,
    /// It is no admin any more.
    Lowered,
    /// It was added.
    Added,
    /// It is in, and nobody is known to have brought it in.
    IsIn,
}

impl ChangeRow {
    pub(super) fn of(change: &MembershipChange) -> Self {
        let by = change.by.as_ref().filter(|_| !change.is_own());
        let what = match (change.now, by) {
            (MemberLevel::None, None) => ChangeKind::Left,
            (MemberLevel::None, Some(_)) => ChangeKind::Removed,
            (_, None) => ChangeKind::IsIn,
            (MemberLevel::Admin, Some(_)) => ChangeKind::Appointed,
            (MemberLevel::Member, Some(_)) if change.before == MemberLevel::Admin => {
                ChangeKind::Lowered
            }
            (MemberLevel::Member, Some(_)) => ChangeKind::Added,
        };
        Self {
            what,
            who: name(&change.who),
            by: by.map_or_else(String::new, name),
        }
    }
}

fn name(member: &MemberName) -> String {
    visible::name(&member.name.0)
}
