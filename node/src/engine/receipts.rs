//! Read receipts (`docs/PROTOCOL.md` section 4): contacts learn how far we have read, if the user wants that, and the user
//! sees how far they have.
//!
//! Of what is read in a burst one receipt for each log tells, a moment after the burst began. A receipt goes with the
//! session that is up or the next one; nobody is dialled for it.

use std::collections::BTreeMap;

use bytes::Bytes;
use hedgerow_sync::conversation;
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{EntryId, Seq, SpaceId};
use hedgerow_sync::membership::Level;
use hedgerow_sync::page::{self, Place};
use hedgerow_sync::store::StorageError;

use super::fault::CallError;
use super::{Owners, Turn, reading};
use crate::api::Reply;

/// How long after something was read we tell of it, in milliseconds, with all that is read meanwhile.
const BURST_MS: u64 = 2_000;

/// What was read and has not been told. It does not survive a restart; what is read next in the same log tells of it too.
#[derive(Default)]
pub(super) struct Receipts(BTreeMap<SpaceId, Due>);

/// What is to be told in one conversation.
struct Due {
    at_ms: u64,
    /// Everything new that was read stands after this place; `None`: anywhere.
    after: Option<Place>,
}

impl Receipts {
    /// Something was read that stands after this place.
    fn note(&mut self, space: SpaceId, after: Option<Place>, now_ms: u64) {
        let due = self.0.entry(space).or_insert(Due {
            at_ms: now_ms + BURST_MS,
            after,
        });
        due.after = due.after.min(after);
    }

    /// When the next receipt is due.
    pub fn next_wake_ms(&self) -> Option<u64> {
        self.0.values().map(|due| due.at_ms).min()
    }
}

impl Owners {
    /// Tells contacts what is read from now on, and shows what they have read; or neither.
    pub(super) fn set_receipts(
        &mut self,
        turn: &mut Turn<'_>,
        receipts: bool,
    ) -> Result<Reply, CallError> {
        if self.account.settings.receipts != receipts {
            self.account.settings.receipts = receipts;
            self.account.settings.save(turn.txn)?;
            self.receipts = Receipts::default();
        }
        Ok(Reply::Me(self.me()))
    }

    /// The user has read what stands after this place, up to the read position.
    pub(super) fn was_read(&mut self, turn: &Turn<'_>, space: SpaceId, after: Option<Place>) {
        if self.account.settings.receipts {
            self.receipts.note(space, after, turn.now.mono_ms);
        }
    }

    /// Tells what is due.
    pub(super) fn tell_read(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        self.tell_read_by(turn, turn.now.mono_ms)
    }

    /// Tells all that was read, since the node stops.
    pub(super) fn tell_all_read(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        self.tell_read_by(turn, u64::MAX)
    }

    fn tell_read_by(&mut self, turn: &mut Turn<'_>, by_ms: u64) -> Result<(), StorageError> {
        let due = self.receipts.0.extract_if(.., |_, due| due.at_ms <= by_ms);
        for (space, due) in due.collect::<Vec<_>>() {
            let known = self.conversations.get(space);
            let Some(kind) = known.map(|known| known.kind) else {
                continue;
            };
            let members = self.conversations.members_of(space);
            let may_write = match self.groups.get(space) {
                Some(open) => open.my_level() > Level::NONE,
                None => !members.iter().any(|one| self.people.is_blocked(one)),
            };
            if !may_write {
                continue;
            }
            if members.is_empty() && !kind.is_group() {
                continue;
            }
            for target in self.read_since(turn, space, due.after)? {
                let what = What::Annotation {
                    kind: AnnotationKind::READ,
                    target,
                };
                let body = Body::Bytes(Bytes::new());
                if self.write(turn, space, what, body)?.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The last entry read of each log of others of which something was read that we have not told.
    fn read_since(
        &self,
        turn: &Turn<'_>,
        space: SpaceId,
        after: Option<Place>,
    ) -> Result<Vec<EntryId>, StorageError> {
        let me = self.conversations.us(space, self.account.device_id);
        let Some(read) = reading::position(turn.txn, space)? else {
            return Ok(Vec::new());
        };
        let mut logs = page::last_entries(turn.txn, space, after, read, &[me])?;
        // What arrived late above the read position is not read.
        for late in reading::late(turn.txn, space)? {
            if let Some(seq) = logs.get_mut(&late.log) {
                *seq = Seq(seq.0.min(late.seq.0.saturating_sub(1)));
            }
        }
        let mut targets = Vec::new();
        for (log, seq) in logs {
            if conversation::read_up_to(turn.txn, space, log, me)? < seq {
                targets.push(EntryId { log, seq });
            }
        }
        Ok(targets)
    }
}
