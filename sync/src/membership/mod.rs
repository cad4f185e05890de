//! Who belongs to a group: a pure function of a set of signed operations (`docs/PROTOCOL.md` section 4a).
//!
//! No clock and no vote: who was appointed nearer the founding outranks, and removes for good; anybody else's removal of
//! an admin holds until that admin objects. The order in which operations come decides nothing.
//!
//! - `operation`, `level`, `encoding`: one signed operation, its meaning and its bytes;
//! - `history`, `waiting`: operations with all before them, and those that miss one;
//! - `ranking`: the rules: which operations count, and from which place;
//! - `outcome`: what that means for each operation and each person;
//! - `objection`: who has objected to being lowered, and to whom;
//! - `settling`: what an admin could still undo;
//! - `content`: which entries of a group are shown, from scratch;
//! - `shown`: the same, kept up to date;
//! - `exchange`: what one device lacks of what another holds;
//! - `limits`: what a group may grow to;
//! - `possession`: the proof that whoever names a key holds it.

mod content;
mod encoding;
mod exchange;
mod history;
mod level;
mod limits;
mod objection;
mod operation;
mod outcome;
mod possession;
mod ranking;
mod settling;
mod shown;
mod waiting;

pub use self::content::{Content, Posted, Refusal, Showing, content};
pub use self::encoding::{MAX_OPERATION, OperationError, SIGNATURE_LENGTH};
pub(crate) use self::exchange::{HeldByPeer, MAX_NAMED, Told};
pub use self::level::Level;
pub use self::limits::{Full, MAX_ADMINS, MAX_OPERATIONS, MAX_PEOPLE};
pub use self::operation::{
    Act, Continued, Founding, Held, MAX_FOUNDERS, MAX_HELD, MAX_OPERATION_LINKS, MAX_TIMER_S,
    MIN_TIMER_S, MemberKey, Operation, OperationId,
};
pub use self::outcome::{Cut, CutEnd, Standing, Verdict, VoidReason};
pub use self::possession::prove_possession;
pub use self::ranking::Place;
pub use self::shown::Shown;
pub use self::waiting::MAX_WAITING_OPERATIONS;

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use self::history::{History, Number, Person, ROOT};
use self::outcome::Load;
use self::ranking::Ranking;
use self::waiting::Waiting;

/// The members of a group, by all operations that are held. It is always up to date: the same, whichever way the
/// operations came.
pub struct Membership {
    history: History,
    ranking: Ranking,
    waiting: Waiting,
}

/// An operation that is not the first of a group, where a first one was asked for.
#[derive(Debug, thiserror::Error)]
#[error("this operation founds no group")]
pub struct NoFounding;

/// What became of an operation that was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted {
    /// It is held, and with it these that had waited, each after those it links to.
    Held(Vec<OperationId>),
    /// It was held before, or belongs to another group.
    Nothing,
    /// It waits for one that it links to.
    Waits {
        /// That one.
        missing: OperationId,
        /// The operation that was dropped to make room.
        dropped: Option<OperationId>,
    },
}

impl Membership {
    /// A group in which nothing has happened yet.
    pub fn new(root: Operation) -> Result<Membership, NoFounding> {
        let Act::Create(_) = root.act() else {
            return Err(NoFounding);
        };
        let history = History::new(root);
        let ranking = Ranking::of(&history);
        Ok(Membership {
            history,
            ranking,
            waiting: Waiting::default(),
        })
    }

    /// Takes in an operation whose signature holds.
    pub fn insert(&mut self, operation: Operation) -> Inserted {
        let first = self.history.len();
        let inserted = self.collect(operation);
        let mut new = first..self.history.len();
        if !new.all(|number| self.ranking.push(&self.history, number)) {
            self.ranking = Ranking::of(&self.history);
        }
        inserted
    }

    /// Takes in many operations at once, in any order; all are judged anew.
    pub fn extend(&mut self, operations: impl IntoIterator<Item = Operation>) {
        for operation in operations {
            self.collect(operation);
        }
        self.ranking = Ranking::of(&self.history);
    }

    /// Takes in several operations whose signatures hold, unless `keeps` refuses what comes of them: then nothing but what waits has
    /// changed. Returns whether they are in.
    pub(crate) fn extend_if(
        &mut self,
        operations: Vec<Operation>,
        keeps: impl FnOnce(&Membership) -> bool,
    ) -> bool {
        let (first, people) = (self.history.len(), self.history.people());
        for operation in operations {
            self.collect(operation);
        }
        let mut new = first..self.history.len();
        if !new.all(|number| self.ranking.push(&self.history, number)) {
            self.ranking = Ranking::of(&self.history);
        }
        if keeps(self) {
            return true;
        }
        self.history.truncate(first, people);
        self.ranking = Ranking::of(&self.history);
        false
    }

    /// Puts an operation where it belongs, and those that waited for it. Leaves ranking them to the caller.
    fn collect(&mut self, operation: Operation) -> Inserted {
        let id = operation.id();
        if self.history.number(id).is_some()
            || self.waiting.contains(id)
            || operation.links().is_empty()
        {
            return Inserted::Nothing;
        }
        let links = match self.history.links(&operation) {
            Ok(links) => links,
            Err(missing) => {
                let dropped = self.waiting.push(operation, missing);
                return Inserted::Waits { missing, dropped };
            }
        };
        let mut ready = vec![(operation, links)];
        let mut held = Vec::new();
        while let Some((operation, links)) = ready.pop() {
            let id = operation.id();
            held.push(id);
            self.history.push(operation, links);
            for waiter in self.waiting.released(id) {
                match self.history.links(&waiter) {
                    Ok(links) => ready.push((waiter, links)),
                    // Having missed one link, it misses another. There was room for it before.
                    Err(missing) => _ = self.waiting.push(waiter, missing),
                }
            }
        }
        Inserted::Held(held)
    }

    /// Takes in an operation as [`Membership::insert`] does, unless `keeps` refuses it and what it brought: then nothing has
    /// changed. Nothing refuses what has a rank.
    pub(crate) fn insert_if(
        &mut self,
        operation: Operation,
        keeps: impl FnOnce(&Membership, &[OperationId]) -> bool,
    ) -> Option<Inserted> {
        let (operations, people) = (self.history.len(), self.history.people());
        let inserted = self.insert(operation);
        if let Inserted::Held(ids) = &inserted
            && (operations..self.history.len()).all(|it| self.ranking.rank_of(it).is_none())
            && !keeps(self, ids)
        {
            self.history.truncate(operations, people);
            self.ranking.truncate(operations, people);
            return None;
        }
        Some(inserted)
    }

    /// Whether an operation is loose: it changes nothing, and no operation that counts knew it. Such ones are fetched last,
    /// and only some are kept.
    pub fn is_loose(&self, id: OperationId) -> bool {
        let number = self.history.number(id);
        number.is_some_and(|number| self.is_loose_at(number))
    }

    fn is_loose_at(&self, number: Number) -> bool {
        !self.ranking.is_weighed(number)
            && !outcome::is_linkable(&self.history, &self.ranking, number)
    }

    /// The authors of all loose operations.
    pub(crate) fn loose(&self) -> impl Iterator<Item = MemberKey> {
        let loose = (0..self.history.len()).filter(|number| self.is_loose_at(*number));
        loose.map(|number| self.key(self.history.node(number).author))
    }

    /// What a new operation of `author` links to: the tips, and the author's last one.
    pub fn links(&self, author: MemberKey) -> Vec<OperationId> {
        let mut links = self.tips();
        let person = self.history.person(author);
        let last = person.and_then(|person| self.history.author(person).acts.last());
        if let Some(last) = last.copied().filter(|last| *last != ROOT) {
            let is_known = |link: &OperationId| {
                let link = self.history.number(*link);
                link.is_some_and(|link| ranking::knows(&self.history, link, last))
            };
            if !links.iter().any(is_known) {
                links.truncate(MAX_OPERATION_LINKS - 1);
                links.push(self.history.id(last));
            }
        }
        links
    }

    /// Whether this version knows the rules of the group. If not, nobody has a level, and every operation is void.
    pub fn is_judged(&self) -> bool {
        let root = self.history.node(ROOT).operation.act();
        !matches!(root, Act::Create(Founding::Unknown { .. }))
    }

    /// Number of operations held.
    pub fn count(&self) -> usize {
        self.history.len()
    }

    /// The operation that founded the group.
    pub fn root(&self) -> &Operation {
        &self.history.node(ROOT).operation
    }

    /// An operation that is held.
    pub fn operation(&self, id: OperationId) -> Option<&Operation> {
        let number = self.history.number(id)?;
        Some(&self.history.node(number).operation)
    }

    /// All operations held, each after those it links to.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        (0..self.history.len()).map(|number| &self.history.node(number).operation)
    }

    /// Whether an operation waits.
    pub(crate) fn is_waiting(&self, id: OperationId) -> bool {
        self.waiting.contains(id)
    }

    /// The operations that are not held and for which others wait.
    pub fn missing(&self) -> impl Iterator<Item = OperationId> {
        self.waiting.missing()
    }

    /// The level of a key.
    pub fn level(&self, key: MemberKey) -> Level {
        self.load(key).map_or(Level::NONE, |load| load.levels().0)
    }

    /// Everything about a key; `None` if it was never appointed.
    pub fn standing(&self, key: MemberKey) -> Option<Standing> {
        let load = self.load(key)?;
        let was_appointed = !self.ranking.appointments(load.person()).is_empty();
        was_appointed.then(|| load.standing())
    }

    /// Whether anything that is held would have brought in a key, whether or not it counts.
    pub fn was_named(&self, key: MemberKey) -> bool {
        self.history.person(key).is_some_and(|person| {
            let appointments = self.ranking.appointments(person);
            let mut void = outcome::void_appointments(&self.history, &self.ranking, person);
            !appointments.is_empty() || void.next().is_some()
        })
    }

    /// Who put out a key that was in: the author of the newest operation that did.
    pub fn put_out_by(&self, key: MemberKey) -> Option<MemberKey> {
        let person = self.history.person(key)?;
        let ends = outcome::ends(&self.history, &self.ranking, person);
        let newest = ends.into_iter().max_by_key(|end| {
            let lamport = self.history.node(*end).lamport;
            (lamport, self.history.id(*end))
        });
        newest.map(|end| self.key(self.history.node(end).author))
    }

    /// Everything about each key that was ever appointed, by key.
    pub fn standings(&self) -> Vec<Standing> {
        let keys: BTreeSet<MemberKey> = self.appointed().map(|it| self.key(it)).collect();
        keys.into_iter()
            .filter_map(|key| self.standing(key))
            .collect()
    }

    /// Whether an operation counts, and what keeps it from that; `None` if it is not held.
    pub fn verdict(&self, id: OperationId) -> Option<Verdict> {
        let number = self.history.number(id)?;
        Some(outcome::verdict(&self.history, &self.ranking, number))
    }

    /// The place from which an operation acts: its author's, unless a cut took the better ones.
    pub fn place(&self, id: OperationId) -> Option<Place> {
        self.ranking.rank_of(self.history.number(id)?)
    }

    /// The operation that set the timer that holds: of those by admins that stand the last, by what its author knew and then
    /// by its id. `None`: nothing disappears, as from the beginning.
    pub fn timer(&self) -> Option<(&Operation, u64)> {
        let standing = (0..self.history.len()).filter_map(|number| {
            let node = self.history.node(number);
            let Act::Timer { seconds } = node.operation.act() else {
                return None;
            };
            self.ranking.rank_of(number)?;
            Some((&node.operation, node.lamport, *seconds))
        });
        let last = standing.max_by_key(|(operation, lamport, _)| (*lamport, operation.id()));
        last.map(|(operation, _, seconds)| (operation, seconds))
    }

    /// The admins who outrank the author of a standing operation and have not built on it yet: each of them could still
    /// undo it. While there are any, it is settling.
    pub fn settles_with(&self, id: OperationId) -> BTreeSet<MemberKey> {
        let Some(number) = self.history.number(id) else {
            return BTreeSet::new();
        };
        outcome::waits_for(&self.history, &self.ranking, self.appointed(), number)
    }

    /// The operations that a new one links to: the newest of those that have a meaning. Void ones are none of them, so
    /// that nobody can make others fetch what means nothing.
    pub fn tips(&self) -> Vec<OperationId> {
        let mut tips = self.newest();
        // Those that do not fit are linked to by a later operation.
        tips.sort_by_key(|tip| {
            let lamport = self.history.node(*tip).lamport;
            (std::cmp::Reverse(lamport), self.history.id(*tip))
        });
        tips.truncate(MAX_OPERATION_LINKS);
        tips.into_iter().map(|tip| self.history.id(tip)).collect()
    }

    /// The newest operations that have a meaning, however many there are. Under rules that this version does not know any may have
    /// one.
    fn newest(&self) -> Vec<Number> {
        let is_judged = self.is_judged();
        let mut covered = FixedBitSet::with_capacity(self.history.len());
        let mut tips = Vec::new();
        for number in (0..self.history.len()).rev() {
            if !covered.contains(number)
                && (!is_judged || outcome::is_linkable(&self.history, &self.ranking, number))
            {
                covered.union_with(self.history.past(number));
                tips.push(number);
            }
        }
        tips
    }

    /// Whether nobody was ever lowered and nobody left.
    pub(crate) fn is_plain(&self) -> bool {
        (0..self.history.people()).all(|person| {
            self.ranking.lowerings(person).is_empty()
                && self.history.author(person).steps_down.is_empty()
        })
    }

    /// Whether nothing keeps the entries of an author that knew these operations from being shown, now and as long as
    /// [`Membership::is_plain`].
    pub(crate) fn is_plainly_in(&self, author: MemberKey, version: &[OperationId]) -> bool {
        let version: Vec<Number> = version
            .iter()
            .filter_map(|it| self.history.number(*it))
            .collect();
        content::judge(self, author, &version).is_plain()
    }

    /// The keys that were ever appointed.
    fn appointed(&self) -> impl Iterator<Item = Person> {
        let people = 0..self.history.people();
        people.filter(|person| !self.ranking.appointments(*person).is_empty())
    }

    fn key(&self, person: Person) -> MemberKey {
        self.history.author(person).key
    }

    fn load(&self, key: MemberKey) -> Option<Load<'_>> {
        let person = self.history.person(key)?;
        Some(Load::new(&self.history, &self.ranking, person))
    }
}
