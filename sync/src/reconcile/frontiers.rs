//! Finds the differences between two stores, from digests and frontiers.

use std::collections::BTreeMap;

use super::{Event, Extent, Fault, Reconciler, Telling, View};
use crate::control::ControlHeads;
use crate::group::wants_any;
use crate::id::{LogId, SpaceId};
use crate::peer::Base;
use crate::space::{Digest, Frontier, MAX_LOGS};
use crate::store::{StorageError, Txn};
use crate::wire::{Blind, Tag};

impl Reconciler {
    pub(super) fn digest(
        &mut self,
        txn: &mut dyn Txn,
        blind: Blind,
        theirs: Digest,
    ) -> Result<(), StorageError> {
        let Some(space) = self.blinds.space(&blind) else {
            return Ok(());
        };
        let Some(progress) = self.progress(space) else {
            return Ok(());
        };
        if progress.stated == theirs {
            return self.equal(txn, space);
        }
        if !progress.told_frontier {
            self.frontier_is_due(space, Extent::Difference);
        }
        Ok(())
    }

    /// Handles an equal digest: when the peer stated it, it held exactly what we held when this session began.
    pub(super) fn equal(&mut self, txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
        let peer = self.peer;
        let Some(progress) = self.spaces.get_mut(&space) else {
            return Ok(());
        };
        if progress.view.is_some() || progress.walk.is_some() {
            return Ok(());
        }
        if let Some(group) = &mut progress.group
            && group.is_closed
        {
            group.is_equal(ControlHeads::read(txn, space)?);
            return Ok(());
        }
        progress.view = Some(View::default());
        progress.settled = true;
        let grown = std::mem::take(&mut progress.grown);
        let stated = progress.stated_frontier;
        if let Some(group) = &mut progress.group {
            group.is_equal(ControlHeads::read(txn, space)?);
        }
        for (log, first) in &grown {
            self.grew(txn, space, *log, *first)?;
        }
        if wants_any(txn, space)? {
            self.may_hold_bodies(space, true);
        }
        if Base::read_digest(txn, space, peer)? != Some(stated) {
            self.agree(txn, space, stated, grown)?;
        }
        Ok(())
    }

    pub(super) fn frontier_is_due(&mut self, space: SpaceId, extent: Extent) {
        if let Some(progress) = self.progress(space) {
            if let Some(group) = &mut progress.group
                && group.is_closed
            {
                group.tell();
                return;
            }
            progress.told_frontier = true;
            if let Some(group) = &mut progress.group
                && group.defers(extent)
            {
                return;
            }
            let due = progress.frontier_due.as_ref();
            // A frontier that is already being sent does not start again, however often the peer asks for it.
            if due.is_none_or(|telling| telling.extent < extent) {
                progress.frontier_due = Some(Telling::new(extent));
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one item")]
    pub(super) fn frontier_part(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        base: Option<Digest>,
        part: Frontier,
        tags: BTreeMap<LogId, Tag>,
        more: bool,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let peer = self.peer;
        if self.is_closed(space) {
            return Ok(());
        }
        let Some(progress) = self.spaces.get_mut(&space) else {
            return Ok(());
        };
        let mut coming = progress.coming.take().unwrap_or_default();
        coming.logs.extend(part);
        coming.tags.extend(tags);
        if coming.logs.len() > MAX_LOGS as usize {
            events.push(Event::Fault(Fault::BadItem));
            return Ok(());
        }
        if more {
            progress.coming = Some(coming);
            return Ok(());
        }
        if !progress.told_frontier {
            self.frontier_is_due(space, Extent::Difference);
        }
        let mut held = BTreeMap::new();
        if let Some(digest) = base {
            if Base::read_digest(txn, space, peer)? != Some(digest) {
                if let Some(progress) = self.progress(space) {
                    progress.need_full_due = true;
                }
                return Ok(());
            }
            held = Base::read(txn, space, peer)?.map_or(held, |base| base.logs);
        }
        if let Some(progress) = self.progress(space) {
            // Everything sent from now on follows from this frontier.
            progress.view = None;
        }
        self.answer(txn, space, held, View::of(coming.logs, coming.tags))
    }

    /// Stores the frontier as a base, once a session, when the peer is known to hold the same.
    pub(super) fn settle(&mut self, txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
        let Some(progress) = self.progress(space) else {
            return Ok(());
        };
        let is_equal = |view: &View| view.theirs.is_empty();
        if progress.settled || !progress.view.as_ref().is_some_and(is_equal) {
            return Ok(());
        }
        progress.settled = true;
        self.remember(txn, space)
    }
}
