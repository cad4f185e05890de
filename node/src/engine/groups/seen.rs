//! An admin's device shows daily what it knows, by an operation that sets nothing (`docs/PROTOCOL.md` section 4a). What all who outrank
//! its author have built on can no longer be undone. So only a device whose operation settles something writes one: not that of a plain
//! member, and not after one that settles nothing itself, or admins would answer each other without end.

use hedgerow_sync::id::SpaceId;
use hedgerow_sync::membership::{Act, Level};
use hedgerow_sync::store::StorageError;

use super::{Groups, Open};
use crate::engine::{Owners, Turn};

/// How long it waits for what comes along with the first news, in milliseconds.
const PATIENCE_MS: u64 = 10 * 60 * 1_000;
/// Between two of one group, in milliseconds.
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// When it is written in one group, by the monotonic clock.
#[derive(Default)]
pub(super) struct Seen {
    /// Since when there is something that it would settle.
    news_ms: Option<u64>,
    /// When this engine wrote the last one.
    last_ms: Option<u64>,
}

impl Seen {
    fn due_ms(&self) -> Option<u64> {
        let news_ms = self.news_ms?.saturating_add(PATIENCE_MS);
        let last_ms = self
            .last_ms
            .map_or(0, |last_ms| last_ms.saturating_add(DAY_MS));
        Some(news_ms.max(last_ms))
    }
}

impl Open {
    /// Looks whether there is anything that an operation of ours would settle.
    pub(super) fn note_news(&mut self, now_ms: u64) {
        let me = self.group.me().filter(|_| self.my_level() >= Level::ADMIN);
        let is_news = |me| self.group.membership().would_settle(me);
        self.seen.news_ms = match me.is_some_and(is_news) {
            true => Some(self.seen.news_ms.unwrap_or(now_ms)),
            false => None,
        };
    }
}

impl Groups {
    /// When the next one is due, in monotonic milliseconds.
    pub fn next_seen_ms(&self) -> Option<u64> {
        self.0.values().filter_map(|open| open.seen.due_ms()).min()
    }
}

impl Owners {
    /// Writes those that are due.
    pub(in crate::engine) fn write_seen(
        &mut self,
        turn: &mut Turn<'_>,
    ) -> Result<(), StorageError> {
        let now_ms = turn.now.mono_ms;
        let is_due = |open: &Open| open.seen.due_ms().is_some_and(|due_ms| due_ms <= now_ms);
        let groups = self.groups.0.iter_mut().filter(|(_, open)| is_due(open));
        let due = groups.map(|(space, open)| {
            open.seen = Seen {
                news_ms: None,
                last_ms: Some(now_ms),
            };
            *space
        });
        for space in due.collect::<Vec<SpaceId>>() {
            if self.act(turn, space, Act::Seen)? {
                self.group_changed(turn, space)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
