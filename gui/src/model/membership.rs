//! Changes in a group, as lines of its conversation.

use hedgerow_node::api::{
    ConversationId, GroupChange, MemberLevel, MemberName, WhatChanged, visible,
};

/// A change on screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// What has changed.
    pub what: ChangeKind,
    /// Whose level, or which group; empty if it is neither's.
    pub who: String,
    /// Who brought it about; empty if that is not said.
    pub by: String,
    /// The group to which it leads.
    pub leads_to: Option<ConversationId>,
}

/// What has changed.
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
    /// It was suspended, and can object.
    Suspended,
    /// It has objected, and is an admin again.
    Objected,
    /// It is an admin again, because the suspension was undone.
    Restored,
    /// The group continues another one.
    Continues,
    /// It goes on in another one.
    GoesOn,
    /// The timer was set to this number of seconds; 0: off.
    Timer(u64),
}

impl ChangeRow {
    pub(super) fn of(change: &GroupChange) -> Self {
        let by = change.by_another();
        let mut leads_to = None;
        let (what, who) = match &change.what {
            WhatChanged::Level { who, before, now } => {
                let what = match (now, by) {
                    (MemberLevel::None, None) => ChangeKind::Left,
                    (MemberLevel::None, Some(_)) => ChangeKind::Removed,
                    (_, None) => ChangeKind::IsIn,
                    (MemberLevel::Admin, Some(_)) => ChangeKind::Appointed,
                    (MemberLevel::Member, Some(_)) if *before == MemberLevel::Admin => {
                        ChangeKind::Lowered
                    }
                    (MemberLevel::Member, Some(_)) => ChangeKind::Added,
                };
                (what, name(who))
            }
            WhatChanged::Suspended { who } => (ChangeKind::Suspended, name(who)),
            WhatChanged::Objected { who } => (ChangeKind::Objected, name(who)),
            WhatChanged::Restored { who } => (ChangeKind::Restored, name(who)),
            WhatChanged::Continues { group, name } => {
                leads_to = Some(group.clone());
                (ChangeKind::Continues, visible::name(&name.0))
            }
            WhatChanged::GoesOn { group, name } => {
                leads_to = Some(group.clone());
                (ChangeKind::GoesOn, visible::name(&name.0))
            }
            WhatChanged::Timer { seconds } => (ChangeKind::Timer(*seconds), String::new()),
        };
        Self {
            what,
            who,
            by: by.map_or_else(String::new, name),
            leads_to,
        }
    }
}

fn name(member: &MemberName) -> String {
    visible::name(&member.name.0)
}
