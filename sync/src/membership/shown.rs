//! Which entries of a group are shown, kept up to date: the same as [`content`](super::content()) gives from scratch, in whatever
//! order entries and operations come.
//!
//! An entry can only bring others back, never take them away. So a new entry costs what it changes. An operation that changes how
//! anybody's entries are judged, such as a removal, has all judged anew.

use std::collections::BTreeMap;

use crate::id::{EntryId, LogId};
use crate::membership::Membership;
use crate::membership::content::{
    Followers, Judgement, Posted, Refusal, Showing, Versions, judge, links,
};
use crate::membership::history::Number;
use crate::membership::operation::MemberKey;

/// The entries of a group, and which of them are shown.
#[derive(Default)]
pub struct Shown {
    logs: BTreeMap<LogId, Log>,
    versions: Versions,
    judged: BTreeMap<(MemberKey, Vec<Number>), Judgement>,
    /// Of entries that are not held: who follows them.
    awaited: BTreeMap<EntryId, Followers>,
}

/// The entries of one log.
struct Log {
    author: MemberKey,
    entries: Vec<Cell>,
    /// The versions under which they were written, each from one of the entries on.
    versions: Vec<(usize, Vec<Number>)>,
}

struct Cell {
    links: Vec<EntryId>,
    /// What it is by itself.
    verdict: Showing,
    /// Authors of shown entries that follow it.
    followers: Followers,
}

impl Cell {
    fn showing(&self, author: MemberKey) -> Showing {
        match self.verdict {
            Showing::Refused(Refusal::Cut { .. }) if self.followers.is_other(author) => {
                Showing::Shown
            }
            verdict => verdict,
        }
    }

    /// The authors of what follows the entries that it links to.
    fn passes_on(&self, author: MemberKey) -> Followers {
        let mut followers = self.followers;
        if self.showing(author) == Showing::Shown {
            followers.add(author);
        }
        followers
    }
}

impl Shown {
    /// Whether an entry is shown; `None` if it is not held.
    pub fn showing(&self, id: EntryId) -> Option<Showing> {
        let log = self.logs.get(&id.log)?;
        let index = usize::try_from(id.seq.0.checked_sub(1)?).ok()?;
        Some(log.entries.get(index)?.showing(log.author))
    }

    /// Takes in the next entry of a log, whose version is held. Returns the other entries that are shown because of it.
    pub fn add(&mut self, membership: &Membership, id: EntryId, posted: &Posted) -> Vec<EntryId> {
        let version = self.versions.of(&membership.history, id, posted);
        let judgement = self
            .judged
            .entry((posted.author, version))
            .or_insert_with_key(|(author, version)| judge(membership, *author, version));
        let verdict = judgement.on(&membership.history, id);
        let cell = Cell {
            links: links(id, posted).into_iter().collect(),
            verdict,
            followers: self.awaited.remove(&id).unwrap_or_default(),
        };
        let (passed, targets) = (cell.passes_on(posted.author), cell.links.clone());
        let version = self.versions.of(&membership.history, id, posted);
        let log = self.logs.entry(id.log).or_insert_with(|| Log {
            author: posted.author,
            entries: Vec::new(),
            versions: Vec::new(),
        });
        if log.versions.last().is_none_or(|(_, last)| *last != version) {
            log.versions.push((log.entries.len(), version));
        }
        log.entries.push(cell);
        self.pass(targets.into_iter().map(|target| (target, passed)).collect())
    }

    /// Tells entries of more authors who follow them, and what those link to. Returns those that are shown by that.
    fn pass(&mut self, mut due: Vec<(EntryId, Followers)>) -> Vec<EntryId> {
        let mut shown = Vec::new();
        while let Some((id, more)) = due.pop() {
            let index = id.seq.0.wrapping_sub(1) as usize;
            let log = self.logs.get_mut(&id.log);
            let found = log.and_then(|log| Some((log.author, log.entries.get_mut(index)?)));
            let Some((author, cell)) = found else {
                self.awaited.entry(id).or_default().join(more);
                continue;
            };
            let (followers, before) = (cell.followers, cell.showing(author));
            cell.followers.join(more);
            if cell.followers == followers {
                continue;
            }
            if cell.showing(author) != before {
                shown.push(id);
            }
            let passed = cell.passes_on(author);
            due.extend(cell.links.iter().map(|link| (*link, passed)));
        }
        shown
    }

    /// The operations have changed. Returns the entries that are shown now and were not, or the other way round.
    pub fn rejudge(&mut self, membership: &Membership) -> Vec<EntryId> {
        let mut is_same = true;
        for ((author, version), judgement) in &mut self.judged {
            let now = judge(membership, *author, version);
            is_same &= *judgement == now;
            *judgement = now;
        }
        if is_same {
            return Vec::new();
        }
        let before: Vec<(EntryId, Showing)> = self.all().collect();
        self.awaited.clear();
        let mut due = Vec::new();
        for (name, log) in &mut self.logs {
            let mut versions = log.versions.iter().peekable();
            let mut version = &Vec::new();
            for (index, cell) in log.entries.iter_mut().enumerate() {
                if let Some((_, next)) = versions.next_if(|(first, _)| *first == index) {
                    version = next;
                }
                let id = entry(*name, index);
                let judgement = self.judged.get(&(log.author, version.clone()));
                cell.verdict =
                    judgement.map_or(Showing::Waits, |it| it.on(&membership.history, id));
                cell.followers = Followers::default();
                let passed = cell.passes_on(log.author);
                due.extend(cell.links.iter().map(|link| (*link, passed)));
            }
        }
        self.pass(due);
        let changed = before
            .into_iter()
            .filter(|(id, showing)| self.showing(*id) != Some(*showing));
        changed.map(|(id, _)| id).collect()
    }

    /// All entries.
    pub fn all(&self) -> impl Iterator<Item = (EntryId, Showing)> {
        self.logs.iter().flat_map(|(name, log)| {
            let entries = log.entries.iter().enumerate();
            entries.map(|(index, cell)| (entry(*name, index), cell.showing(log.author)))
        })
    }
}

fn entry(log: LogId, index: usize) -> EntryId {
    EntryId {
        log,
        seq: crate::id::Seq(index as u64 + 1),
    }
}
