//! What a group may grow to. These limits stop those who keep to the rules, and judge nothing that others signed: limits
//! that did would show different members to people who heard of operations in another order.

use serde::{Deserialize, Serialize};

use crate::membership::Membership;
use crate::membership::level::Level;
use crate::membership::operation::Act;

/// Most people of a group. One that grows further is continued in a new one.
pub const MAX_PEOPLE: usize = 250;
/// Most of them who are admins.
pub const MAX_ADMINS: usize = 16;
/// Most operations of a group. Removing and leaving remain possible.
pub const MAX_OPERATIONS: usize = 16_384;

/// Why a device writes no further operation of some kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Full {
    /// The group has [`MAX_PEOPLE`].
    #[error("the group has as many people as a group can have")]
    People,
    /// It has [`MAX_ADMINS`].
    #[error("the group has as many admins as a group can have")]
    Admins,
    /// It has [`MAX_OPERATIONS`].
    #[error("the group has as many operations as a group can have")]
    Operations,
}

impl Membership {
    /// Whether an act keeps the group within what it may grow to.
    pub fn room_for(&self, act: &Act) -> Result<(), Full> {
        let to = match act {
            Act::Leave { .. } => return Ok(()),
            Act::Set { level, .. } if *level < Level::MEMBER => return Ok(()),
            Act::Set { who, level, .. } => Some((*who, *level)),
            Act::Create(_) | Act::Seen | Act::Timer { .. } | Act::Unknown { .. } => None,
        };
        if self.count() >= MAX_OPERATIONS {
            return Err(Full::Operations);
        }
        let Some((who, level)) = to else {
            return Ok(());
        };
        let standings = self.standings();
        let others = standings.iter().filter(|standing| standing.key != who);
        let levels: Vec<Level> = others.map(|it| it.level_if_it_objects).collect();
        let from = |least: Level| levels.iter().filter(|level| **level >= least).count();
        if from(Level::MEMBER) >= MAX_PEOPLE {
            return Err(Full::People);
        }
        if level >= Level::ADMIN && from(Level::ADMIN) >= MAX_ADMINS {
            return Err(Full::Admins);
        }
        Ok(())
    }
}
