//! Bodies of a group that entries came without (`docs/PROTOCOL.md` section 4b): asks the peer for them, newest first, and gives it
//! those that it asks for.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use super::tasks::Task;
use super::{Event, Fault, Reconciler};
use crate::batch::{LateBody, Salt};
use crate::group::{
    Filled, Group, Want, asked_up_to, deleted, fill, given, note_asked, wants_any, wants_before,
    wants_of_run,
};
use crate::id::{EntryId, Seq, SpaceId};
use crate::ingest::{Authorities, Authority};
use crate::log::LogRow;
use crate::space;
use crate::store::{Reader, StorageError, Txn};
use crate::wire::{BODIES_TARGET, Blind, MAX_WANTED_BODIES, Message};

/// A peer is asked for one of so many shares of the wanted bodies that one step finds, and for another before it has answered, so that
/// all peers end at about the same time.
const SHARES: usize = 4;
/// Least bodies of a share, and most of those that another peer was asked for too: they may come twice.
const LEAST_SHARE: usize = 16;
/// Most bodies that a session remembers to have asked a peer for.
const MAX_TRIED: usize = 16_384;
/// Most bodies that a peer wants and has not got yet. An honest one never wants more.
const MAX_OWED: usize = 4 * MAX_WANTED_BODIES;

/// Bodies of one group, on both ways of a session.
#[derive(Default)]
pub(super) struct Bodies {
    search: Option<Search>,
    /// Entries have come without bodies since the search began.
    is_new: bool,
    /// The peer held what we held when it said hello.
    is_equal: bool,
    /// To leave with the next items.
    due: Vec<EntryId>,
    /// What the peer was asked for and has not answered, in order.
    asked: VecDeque<EntryId>,
    /// What it was ever asked for.
    tried: BTreeSet<EntryId>,
    /// What it wants, in order.
    owed: VecDeque<EntryId>,
    /// It was ever asked for a body, or has asked for one.
    is_begun: bool,
    /// The group was closed after that. Answers have no names, so none is asked for or given any more in this session.
    is_over: bool,
}

/// The search for wanted bodies, from the newest down.
struct Search {
    /// The last that was looked at.
    before: Option<Want>,
    /// Wants that came while the space had at most so many entries were answered by this peer before.
    after: u64,
    /// How many it had when the search began.
    until: u64,
    /// Also asks for what another session has asked for: everything else has been asked.
    is_second: bool,
}

impl Bodies {
    /// The group is closed towards the peer: it gets no bodies.
    pub(super) fn close(&mut self) {
        *self = Bodies {
            is_begun: self.is_begun,
            is_over: self.is_begun,
            ..Bodies::default()
        };
    }

    /// Whether names of wanted bodies are to be sent.
    pub(super) fn has_names(&self) -> bool {
        !self.due.is_empty()
    }

    /// Whether bodies are to be sent.
    pub(super) fn has_bodies(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Makes the items that name wanted bodies.
    pub(super) fn fill_names(&mut self, blind: Blind, out: &mut Vec<Message>) {
        for wanted in std::mem::take(&mut self.due).chunks(MAX_WANTED_BODIES) {
            out.push(Message::WantBodies {
                space: blind,
                wanted: wanted.to_vec(),
            });
        }
    }

    /// Makes items of up to about `left` bytes of bodies.
    pub(super) fn fill(
        &mut self,
        reader: &dyn Reader,
        space: SpaceId,
        blind: Blind,
        steps: &mut usize,
        left: &mut usize,
        out: &mut Vec<Message>,
    ) -> Result<(), StorageError> {
        while *left > 0 && *steps > 0 && !self.owed.is_empty() {
            let (mut bodies, mut length) = (Vec::new(), 0);
            while length < BODIES_TARGET
                && bodies.len() < MAX_WANTED_BODIES
                && *steps > 0
                && !self.owed.is_empty()
            {
                *steps -= 1;
                let names = self.owed.make_contiguous();
                let names = &names[..names.len().min(MAX_WANTED_BODIES - bodies.len())];
                let found = given(reader, space, names, BODIES_TARGET - length)?;
                self.owed.drain(..found.len());
                let lengths = found
                    .iter()
                    .map(|body| body.as_ref().map_or(1, |it| it.1.len() + 20));
                length += lengths.sum::<usize>();
                bodies.extend(found);
            }
            *left = left.saturating_sub(length);
            out.push(Message::Bodies {
                space: blind,
                bodies,
            });
        }
        Ok(())
    }
}

impl Reconciler {
    fn bodies(&mut self, space: SpaceId) -> Option<&mut Bodies> {
        let group = self.spaces.get_mut(&space)?.group.as_deref_mut()?;
        Some(&mut group.bodies)
    }

    /// What the peer holds is known: it may hold bodies that are wanted. One that held all that we held `is_equal`; it is asked only for
    /// what it was never asked for.
    pub(super) fn may_hold_bodies(&mut self, space: SpaceId, is_equal: bool) {
        if let Some(bodies) = self.bodies(space) {
            bodies.is_new = true;
            bodies.is_equal = is_equal;
            self.tasks.push_back(Task::Ask(space));
        }
    }

    /// Begins to search for bodies that are wanted, if there are any and the entries have come.
    fn search_bodies(
        &mut self,
        txn: &dyn Txn,
        group: &Group,
        space: SpaceId,
    ) -> Result<(), StorageError> {
        let peer = self.peer;
        let is_idle = |bodies: &mut Bodies| bodies.search.is_none() && !bodies.is_over;
        if self.is_one_way
            || !self.bodies(space).is_some_and(is_idle)
            // Headers go before bodies.
            || self.is_behind(txn, group)?
        {
            return Ok(());
        }
        if let Some(bodies) = self.bodies(space) {
            bodies.is_new = false;
        }
        if !wants_any(txn, space)? {
            return Ok(());
        }
        let is_equal = self.bodies(space).is_some_and(|bodies| bodies.is_equal);
        let after = match is_equal {
            true => asked_up_to(txn, space, peer)?,
            false => 0,
        };
        let until = space::summary(txn, space)?.map_or(0, |summary| summary.entries);
        if after < until
            && let Some(bodies) = self.bodies(space)
        {
            bodies.search = Some(Search {
                before: None,
                after,
                until,
                is_second: false,
            });
            self.tasks.push_back(Task::Ask(space));
        }
        Ok(())
    }

    /// Searches on; true once the peer has been asked for as much as it may be at one time, or nothing more is to be asked for.
    pub(super) fn ask(
        &mut self,
        txn: &mut dyn Txn,
        authorities: &mut dyn Authorities,
        space: SpaceId,
        left: &mut usize,
    ) -> Result<bool, StorageError> {
        let Authority::Group(group) = authorities.of(space) else {
            return Ok(true);
        };
        let (peer, session) = (self.peer, Arc::clone(&self.session));
        let Some(bodies) = self.bodies(space) else {
            return Ok(true);
        };
        while let Some(search) = &mut bodies.search {
            if search.is_second && !bodies.asked.is_empty() {
                return Ok(true);
            }
            if *left == 0 {
                return Ok(false);
            }
            let (wants, is_over) = wants_before(txn, space, search.before, *left)?;
            *left = left.saturating_sub(wants.len().max(1));
            let mut free = Vec::new();
            for (want, entries) in &wants {
                let entry = want.entry(txn, space)?;
                if *entries <= search.after || bodies.tried.contains(&entry) {
                    continue;
                }
                if search.is_second || !group.is_asked_elsewhere(entry, &session) {
                    free.push((*want, entry));
                }
            }
            let share = match search.is_second {
                true => LEAST_SHARE,
                false => (free.len() / SHARES).max(LEAST_SHARE),
            };
            if bodies.asked.len() >= 2 * share || bodies.tried.len() >= MAX_TRIED {
                return Ok(true);
            }
            let is_over = is_over && free.len() <= share;
            free.truncate(share);
            search.before = match free.len() == share {
                true => free.last().map(|(want, _)| *want),
                false => wants.last().map(|(want, _)| *want).or(search.before),
            };
            let deleted = deleted(txn, space, free.iter().map(|(_, entry)| *entry))?;
            for (want, _) in free.iter().filter(|(_, entry)| deleted.contains(entry)) {
                want.forget(txn, space)?;
            }
            let page = free.into_iter().map(|(_, entry)| entry);
            let mut page: Vec<EntryId> = page.filter(|it| !deleted.contains(it)).collect();
            for entry in &page {
                group.asks(*entry, &session);
            }
            bodies.is_begun |= !page.is_empty();
            bodies.tried.extend(&page);
            // The names of one run take few bytes, and its bodies come together.
            page.sort_unstable();
            bodies.asked.extend(&page);
            bodies.due.extend(page);
            if !is_over {
                continue;
            }
            if !search.is_second {
                // A peer that promised and withholds holds up nobody: what it was asked for, others are asked for at last.
                search.is_second = true;
                search.before = None;
            } else if bodies.asked.is_empty() {
                note_asked(txn, space, peer, search.until)?;
                bodies.search = None;
            } else {
                return Ok(true);
            }
        }
        if bodies.is_new {
            self.search_bodies(txn, group, space)?;
            // It goes on with the task that this has queued.
        }
        Ok(true)
    }

    /// Entries came without bodies, in this session.
    pub(super) fn came_bare(&mut self, space: SpaceId) {
        if let Some(bodies) = self.bodies(space) {
            bodies.is_new = true;
        }
    }

    /// A log grew in another session, from this entry on: some of that may have come without bodies.
    pub(super) fn grew_beside(
        &mut self,
        txn: &dyn Txn,
        space: SpaceId,
        row: &LogRow,
        first: Seq,
    ) -> Result<(), StorageError> {
        let Some(bodies) = self.bodies(space) else {
            return Ok(());
        };
        bodies.is_new |= wants_of_run(txn, space, row, first)?;
        // It may be the last that came before bodies.
        if bodies.is_new {
            self.tasks.push_back(Task::Ask(space));
        }
        Ok(())
    }

    /// Whether entries of a group are still to come that the peer said it holds, or it has not said yet what it holds.
    pub fn is_behind(&self, reader: &dyn Reader, group: &Group) -> Result<bool, StorageError> {
        let space = group.space();
        let Some(view) = self.spaces.get(&space).and_then(|of| of.view.as_ref()) else {
            return Ok(true);
        };
        for (log, theirs) in &view.theirs {
            let row = LogRow::read(reader, space, *log)?;
            let is_open = row.is_none_or(|row| row.head < *theirs && !row.forked);
            if is_open && group.author(log.device).is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The peer wants bodies.
    pub(super) fn bodies_wanted(
        &mut self,
        space: SpaceId,
        wanted: Vec<EntryId>,
        events: &mut Vec<Event>,
    ) {
        let is_closed = self.is_closed(space);
        let Some(bodies) = self.bodies(space) else {
            return;
        };
        bodies.is_begun = true;
        bodies.is_over |= is_closed;
        if bodies.is_over {
            return;
        }
        if bodies.owed.len() + wanted.len() > MAX_OWED {
            events.push(Event::Fault(Fault::BadItem));
            return;
        }
        bodies.owed.extend(wanted);
    }

    /// The peer answered what it was asked for next.
    pub(super) fn bodies_came(
        &mut self,
        txn: &mut dyn Txn,
        authorities: &mut dyn Authorities,
        space: SpaceId,
        answers: &[Option<(Salt, Bytes)>],
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let Authority::Group(group) = authorities.of(space) else {
            return Ok(());
        };
        let Some(bodies) = self.bodies(space) else {
            return Ok(());
        };
        if bodies.is_over {
            return Ok(());
        }
        if answers.len() > bodies.asked.len() {
            events.push(Event::Fault(Fault::BadItem));
            return Ok(());
        }
        let mut came: Vec<(EntryId, LateBody<'_>)> = Vec::new();
        for (entry, answer) in bodies.asked.drain(..answers.len()).zip(answers) {
            group.answered(entry);
            if let Some((salt, bytes)) = answer {
                let late = LateBody {
                    seq: entry.seq,
                    salt: *salt,
                    bytes,
                };
                came.push((entry, late));
            }
        }
        came.sort_by_key(|(entry, _)| *entry);
        let (mut entries, mut lies) = (Vec::new(), false);
        for of_log in came.chunk_by(|(one, _), (next, _)| one.log == next.log) {
            let log = of_log[0].0.log;
            let late: Vec<LateBody<'_>> = of_log.iter().map(|(_, late)| *late).collect();
            let mut rest = &late[..];
            while !rest.is_empty() {
                let (done, filled) = fill(txn, space, log, rest)?;
                rest = &rest[done.min(rest.len())..];
                match filled {
                    Filled::Now(seqs) => {
                        entries.extend(seqs.into_iter().map(|seq| EntryId { log, seq }));
                    }
                    Filled::False => {
                        lies = true;
                        rest = &[];
                    }
                }
            }
        }
        if !entries.is_empty() {
            events.push(Event::Bodies { space, entries });
        }
        if lies {
            // Its answers do not count: it is asked again another time.
            if let Some(bodies) = self.bodies(space) {
                bodies.search = None;
            }
            events.push(Event::Fault(Fault::BadItem));
        }
        self.tasks.push_back(Task::Ask(space));
        Ok(())
    }
}
