//! Whose turn it is to bring the entries of a group, if several of its members are connected (`docs/PROTOCOL.md` section 4b). All
//! would bring the same: so one begins, and the others do once it has brought what it promised.

use std::collections::BTreeMap;

use hedgerow_sync::id::SpaceId;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::LinkId;

use crate::engine::live::Live;
use crate::engine::silence::with_live;
use crate::engine::{Engine, Turn};

/// How long the one whose turn it is may bring nothing, in milliseconds.
const PATIENCE_MS: u64 = 5_000;
/// The longest turn, in milliseconds. After that all bring at once: who promises much and brings little holds nobody up for longer.
const LONGEST_MS: u64 = 60_000;

/// Whose turn it is in each group.
pub(crate) struct Turns {
    holders: BTreeMap<SpaceId, Holder>,
    longest_ms: u64,
}

/// The session that brings the entries of a group.
struct Holder {
    link: LinkId,
    began_ms: u64,
    /// When it last brought something, and how much that was in all.
    heard_ms: u64,
    brought: u64,
    /// Others wait for it.
    is_awaited: bool,
}

/// How a turn stands.
#[derive(PartialEq, Eq)]
enum Stands {
    GoesOn,
    /// It has brought what it promised, or is gone.
    IsOver,
    /// It took too long.
    IsLate,
}

impl Default for Turns {
    fn default() -> Self {
        Turns {
            holders: BTreeMap::new(),
            longest_ms: LONGEST_MS,
        }
    }
}

impl Turns {
    /// When one that is awaited is late, in monotonic milliseconds.
    pub fn next_wake_ms(&self) -> Option<u64> {
        let awaited = self.holders.values().filter(|one| one.is_awaited);
        let ends = awaited.map(|one| {
            let silent_ms = one.heard_ms.saturating_add(PATIENCE_MS);
            silent_ms.min(one.began_ms.saturating_add(self.longest_ms))
        });
        ends.min()
    }
}

impl Engine {
    /// Lets those who come wait for whose turn it is, and gives the next one its turn. Call it before what is queued leaves.
    pub(in crate::engine) fn take_turns(&mut self, turn: &Turn<'_>) -> Result<(), StorageError> {
        let now_ms = turn.now.mono_ms;
        let spaces: Vec<SpaceId> = self.owners.groups.0.keys().copied().collect();
        for space in spaces {
            let mut waiting = Vec::new();
            let lives = self.links.by_id.iter_mut().filter_map(with_live);
            for (id, live) in lives.filter(|(_, live)| live.is_up()) {
                match live.sync.is_open(space) {
                    true if !live.turns.contains(&space) => waiting.push(id),
                    true => {}
                    false => _ = live.turns.remove(&space),
                }
            }
            if let Some(holder) = self.owners.turns.holders.get_mut(&space) {
                holder.is_awaited = false;
            }
            if waiting.is_empty() {
                continue;
            }
            match self.turn_stands(turn, space)? {
                Stands::GoesOn => {}
                Stands::IsOver => {
                    let link = waiting.remove(0);
                    self.begin_turn(space, link);
                    let holder = Holder {
                        link,
                        began_ms: now_ms,
                        heard_ms: now_ms,
                        brought: self.brought(link, space),
                        is_awaited: false,
                    };
                    self.owners.turns.holders.insert(space, holder);
                }
                Stands::IsLate => {
                    for link in waiting.drain(..) {
                        self.begin_turn(space, link);
                    }
                }
            }
            for link in &waiting {
                if let Some(live) = self.links.live_mut(*link) {
                    live.sync.wait_for_turn(space);
                }
            }
            if let Some(holder) = self.owners.turns.holders.get_mut(&space) {
                holder.is_awaited = !waiting.is_empty();
            }
        }
        let known = &self.owners.groups.0;
        let holders = &mut self.owners.turns.holders;
        holders.retain(|space, _| known.contains_key(space));
        Ok(())
    }

    fn turn_stands(&mut self, turn: &Turn<'_>, space: SpaceId) -> Result<Stands, StorageError> {
        let (now_ms, longest_ms) = (turn.now.mono_ms, self.owners.turns.longest_ms);
        let open = self.owners.groups.get(space);
        let holder = self.owners.turns.holders.get_mut(&space);
        let (Some(open), Some(holder)) = (open, holder) else {
            return Ok(Stands::IsOver);
        };
        let live = self.links.live_mut(holder.link);
        let Some(live) = live.filter(|live| live.is_up() && live.sync.is_open(space)) else {
            return Ok(Stands::IsOver);
        };
        let brought = live.sync.brought(space);
        if brought != holder.brought {
            (holder.brought, holder.heard_ms) = (brought, now_ms);
        }
        if !live.sync.is_behind(turn.txn, &open.group)? {
            return Ok(Stands::IsOver);
        }
        let is_late = now_ms >= holder.heard_ms.saturating_add(PATIENCE_MS)
            || now_ms >= holder.began_ms.saturating_add(longest_ms);
        Ok(match is_late {
            true => Stands::IsLate,
            false => Stands::GoesOn,
        })
    }

    fn begin_turn(&mut self, space: SpaceId, link: LinkId) {
        if let Some(live) = self.links.live_mut(link) {
            live.turns.insert(space);
            live.sync.take_turn(space);
        }
    }

    fn brought(&mut self, link: LinkId, space: SpaceId) -> u64 {
        let live = self.links.live_mut(link);
        live.map_or(0, |live| live.sync.brought(space))
    }
}

impl Live {
    /// Whether both sides have said hello, for all that contacts say to one another.
    fn is_up(&self) -> bool {
        self.hello.is_some() && !self.rescue
    }
}

#[cfg(test)]
mod tests;
