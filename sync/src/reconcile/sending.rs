//! Items and entries as they leave.

use std::cmp::Reverse;

use super::{Extent, Progress, Reconciler};
use crate::id::{DeviceId, Lamport, Seq, SpaceId};
use crate::log::LogRow;
use crate::mark::MarkKey;
use crate::outgoing::{Sent, next_batch};
use crate::peer::{Base, offered};
use crate::space::{self, Frontier};
use crate::store::{Reader, StorageError};
use crate::wire::{Blind, MAX_DIGESTS, MAX_FRONTIER, Message};

impl Reconciler {
    /// Whether there is anything to send.
    pub fn has_more(&self) -> bool {
        self.digests_due
            || !self.refusals_due.is_empty()
            || self.spaces.values().any(Progress::has_more)
    }

    /// Gives what is to be sent next, up to about `budget` bytes of entries (the last may pass it).
    /// Call it whenever the link has room; all is read from the store as it leaves.
    pub fn fill(
        &mut self,
        reader: &dyn Reader,
        mark_key: &MarkKey,
        budget: usize,
        out: &mut Vec<Message>,
    ) -> Result<(), StorageError> {
        self.fill_digests(out);
        for (space, log, refusal) in std::mem::take(&mut self.refusals_due) {
            if let Some(blind) = self.blinds.of(space) {
                out.push(Message::Refused {
                    space: blind,
                    log,
                    reason: refusal.code(),
                });
            }
        }
        let mut newest = Vec::new();
        for (space, progress) in &mut self.spaces {
            if progress.has_control()
                && let Some(blind) = self.blinds.of(*space)
            {
                progress.fill_control(reader, *space, blind, self.peer, out)?;
            }
            if progress.has_entries() {
                let wall_ms = space::summary(reader, *space)?.map(|sum| sum.newest_wall_ms);
                newest.push((Reverse(wall_ms), *space));
            }
        }
        newest.sort();
        let mut left = budget;
        for (_, space) in newest {
            while left > 0 {
                let Some(message) = self.next_entries(reader, space, mark_key)? else {
                    break;
                };
                if let Message::Entries { core, .. } = &message {
                    left = left.saturating_sub(core.len());
                }
                out.push(message);
            }
        }
        Ok(())
    }

    fn fill_digests(&mut self, out: &mut Vec<Message>) {
        if !std::mem::take(&mut self.digests_due) {
            return;
        }
        let spaces = self.spaces.iter();
        let digests: Vec<_> = spaces
            .filter_map(|(space, progress)| Some((self.blinds.of(*space)?, progress.stated)))
            .collect();
        for part in digests.chunks(MAX_DIGESTS) {
            out.push(Message::Digests(part.to_vec()));
        }
    }

    /// The next batch of a space, by Lamport.
    fn next_entries(
        &mut self,
        reader: &dyn Reader,
        space: SpaceId,
        mark_key: &MarkKey,
    ) -> Result<Option<Message>, StorageError> {
        let Some(view) = self.spaces.get_mut(&space).and_then(|of| of.view.as_mut()) else {
            return Ok(None);
        };
        while let Some((lamport, log)) = view.queue.pop_first() {
            let Some(from) = view.next.remove(&log) else {
                continue;
            };
            let Some(row) = LogRow::read(reader, space, log)? else {
                continue;
            };
            let holds = |entry| view.holds(entry);
            let batch = next_batch(reader, space, log, &row, from, holds)?;
            let actual = batch.first_lamport;
            let earlier = view
                .queue
                .first()
                .is_some_and(|first| *first < (actual, log));
            if actual > lamport && earlier {
                view.send_from(actual, log, from);
                continue;
            }
            if batch.last < row.head {
                let lamport = Lamport(batch.last_lamport.0 + 1);
                view.send_from(lamport, log, Seq(batch.last.0 + 1));
            }
            let core = match batch.batch {
                Sent::Whole(core) => core,
                Sent::Own(own) => own.seal(mark_key, space, &self.ends.next_salt()),
            };
            return Ok(self.blinds.of(space).map(|blind| Message::Entries {
                space: blind,
                log: self.ends.name(log),
                core: core.into(),
            }));
        }
        Ok(None)
    }
}

impl Progress {
    fn has_more(&self) -> bool {
        self.has_control() || self.has_entries()
    }

    /// Whether there is anything to send but entries.
    fn has_control(&self) -> bool {
        self.need_full_due || self.frontier_due.is_some() || !self.acks.is_empty()
    }

    fn has_entries(&self) -> bool {
        self.view
            .as_ref()
            .is_some_and(|view| !view.queue.is_empty())
    }

    /// All but entries.
    fn fill_control(
        &mut self,
        reader: &dyn Reader,
        space: SpaceId,
        blind: Blind,
        peer: DeviceId,
        out: &mut Vec<Message>,
    ) -> Result<(), StorageError> {
        if std::mem::take(&mut self.need_full_due) {
            out.push(Message::NeedFull(blind));
        }
        if let Some(extent) = self.frontier_due.take() {
            let logs = offered(reader, space, peer)?;
            let base = match extent {
                Extent::Difference => Base::read(reader, space, peer)?,
                Extent::Full => None,
            };
            let known = |number| base.as_ref().and_then(|base| base.logs.get(number));
            let changed = logs
                .iter()
                .filter(|(_, row)| known(&row.number) != Some(&row.head))
                .map(|(log, row)| (*log, row.head))
                .collect();
            let digest = base.as_ref().map(|base| base.digest);
            each_part(changed, |logs, more| {
                out.push(Message::Frontier {
                    space: blind,
                    base: digest,
                    logs,
                    more,
                });
            });
        }
        if !self.acks.is_empty() {
            each_part(std::mem::take(&mut self.acks), |logs, _| {
                out.push(Message::Ack { space: blind, logs });
            });
        }
        Ok(())
    }
}

/// Gives `logs` in parts that fit an item, at least one, and whether more follow.
fn each_part(mut logs: Frontier, mut give: impl FnMut(Frontier, bool)) {
    loop {
        let rest = match logs.keys().nth(MAX_FRONTIER).copied() {
            Some(at) => logs.split_off(&at),
            None => Frontier::new(),
        };
        let more = !rest.is_empty();
        give(std::mem::replace(&mut logs, rest), more);
        if !more {
            return;
        }
    }
}
