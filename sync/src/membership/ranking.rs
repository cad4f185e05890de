//! Rule set 1: which operations count, and from which place (`docs/PROTOCOL.md` section 4a).
//!
//! Places are taken up from the most senior one down, so all that outranks a place is settled before it is looked at.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fixedbitset::FixedBitSet;

use crate::membership::history::{History, Number, Person, ROOT};
use crate::membership::level::Level;

/// How near to the founding an admin was appointed. The smaller place outranks the other; equal ones do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Number of appointments between the founding and this one.
    pub depth: u64,
    /// For founders their number in the list, for others the Lamport of their appointment.
    pub age: u64,
}

/// A standing act that gave a person a level.
#[derive(Debug, Clone, Copy)]
pub(super) struct Appointment {
    pub(super) by: Number,
    pub(super) level: Level,
    pub(super) place: Place,
}

/// Which operations of a history count.
pub(super) struct Ranking {
    /// The place from which each operation acts; `None` if from none.
    ranks: Vec<Option<Place>>,
    /// All operations with a rank.
    ranked: FixedBitSet,
    /// Those, and everything before one of them.
    weighed: FixedBitSet,
    /// Of each act that stands and sets the level of another: its author, and those who appointed the author, up to the
    /// founders. Of others nobody.
    chains: Vec<FixedBitSet>,
    /// By person.
    appointments: Vec<Vec<Appointment>>,
    /// By person: the standing acts of others that gave less than an admin's level.
    lowerings: Vec<Vec<Number>>,
}

/// An admin's place whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    place: Place,
    person: Person,
    appointment: Number,
}

impl Ranking {
    /// From scratch.
    pub(super) fn of(history: &History) -> Ranking {
        let mut ranking = Ranking::founded(history);
        // Of each lowering: which of its target's acts it spares, by their places among those.
        let mut spared: Vec<Option<FixedBitSet>> = vec![None; history.len()];
        let mut queue: BinaryHeap<Reverse<Turn>> = BinaryHeap::new();
        for (person, appointments) in ranking.appointments.iter().enumerate() {
            queue.extend(turns(person, appointments).map(Reverse));
        }
        while let Some(Reverse(turn)) = queue.pop() {
            let acts = &history.author(turn.person).acts;
            let cutting = ranking.cutting(history, turn);
            for lowering in &cutting {
                spared[*lowering].get_or_insert_with(|| {
                    let all = ranking.spared(history, *lowering);
                    (0..acts.len())
                        .filter(|at| all.contains(acts[*at]))
                        .collect()
                });
            }
            let mut free: Option<FixedBitSet> = None;
            for set in cutting.iter().filter_map(|it| spared[*it].as_ref()) {
                match &mut free {
                    Some(free) => free.intersect_with(set),
                    None => free = Some(set.clone()),
                }
            }
            let stepped_down = stepped_down(history, turn);
            for (at, act) in acts.iter().enumerate() {
                let is_first = ranking.ranks[*act].is_none_or(|rank| rank >= turn.place);
                if is_first
                    && history.is_before(turn.appointment, *act)
                    && free.as_ref().is_none_or(|free| free.contains(at))
                    && !stepped_down
                        .iter()
                        .any(|down| history.is_before(*down, *act))
                {
                    queue.extend(ranking.rank(history, *act, turn).map(Reverse));
                }
            }
        }
        ranking
    }

    /// Of the founding, before anybody acts.
    fn founded(history: &History) -> Ranking {
        let mut ranking = Ranking {
            ranks: vec![None; history.len()],
            ranked: FixedBitSet::with_capacity(history.len()),
            weighed: FixedBitSet::with_capacity(history.len()),
            chains: vec![FixedBitSet::new(); history.len()],
            appointments: vec![Vec::new(); history.people()],
            lowerings: vec![Vec::new(); history.people()],
        };
        for (age, (person, level)) in (0..).zip(history.founders()) {
            ranking.appointments[*person].push(Appointment {
                by: ROOT,
                level: *level,
                place: Place { depth: 0, age },
            });
        }
        ranking
    }

    /// Takes in the newest operation of the history. Returns whether that was possible; if not, only
    /// [`Ranking::of`] gives the ranks. An operation whose author knew all that have a rank changes none of them, and
    /// neither does one that has no rank itself.
    pub(super) fn push(&mut self, history: &History, number: Number) -> bool {
        self.ranks.resize(history.len(), None);
        self.chains.resize(history.len(), FixedBitSet::new());
        self.appointments.resize(history.people(), Vec::new());
        self.lowerings.resize(history.people(), Vec::new());
        let node = history.node(number);
        let mut free: Vec<Turn> = turns(node.author, &self.appointments[node.author])
            .filter(|turn| history.is_before(turn.appointment, number))
            .filter(|turn| !self.is_blocked(history, number, *turn))
            .collect();
        free.sort_unstable();
        let Some(first) = free.first().map(|turn| turn.place) else {
            return true;
        };
        if !self.ranked.is_subset(history.past(number)) {
            return false;
        }
        for turn in free.iter().take_while(|turn| turn.place == first) {
            // Nobody acts yet from a place that this operation gives.
            self.rank(history, number, *turn);
        }
        true
    }

    /// Forgets the last operations and people of a history, none of which has a rank.
    pub(super) fn truncate(&mut self, operations: usize, people: usize) {
        self.ranks.truncate(operations);
        self.chains.truncate(operations);
        self.appointments.truncate(people);
        self.lowerings.truncate(people);
    }

    /// Ranks an act, or adds a second appointment at the same place. Returns the place that it gives, if it is new.
    fn rank(&mut self, history: &History, act: Number, turn: Turn) -> Option<Turn> {
        let is_new = self.ranks[act].replace(turn.place).is_none();
        let node = history.node(act);
        if is_new {
            self.ranked.grow_and_insert(act);
            self.weighed.grow_and_insert(act);
            self.weighed.union_with(history.past(act));
        }
        let (who, level) = node.sets.filter(|(who, _)| *who != turn.person)?;
        let mut chain = std::mem::take(&mut self.chains[act]);
        chain.union_with(&self.chains[turn.appointment]);
        chain.grow_and_insert(turn.person);
        self.chains[act] = chain;
        if !is_new {
            return None;
        }
        if level < Level::ADMIN {
            self.lowerings[who].push(act);
        }
        if level == Level::NONE {
            return None;
        }
        let place = Place {
            depth: turn.place.depth + 1,
            age: node.lamport,
        };
        self.appointments[who].push(Appointment {
            by: act,
            level,
            place,
        });
        (level == Level::ADMIN).then_some(Turn {
            place,
            person: who,
            appointment: act,
        })
    }

    /// The lowerings by those who outrank this place that its appointment did not know.
    fn cutting(&self, history: &History, turn: Turn) -> Vec<Number> {
        self.lowerings[turn.person]
            .iter()
            .copied()
            .filter(|lowering| self.ranks[*lowering].is_some_and(|rank| rank < turn.place))
            .filter(|lowering| !knows(history, turn.appointment, *lowering))
            .collect()
    }

    /// The operations that a standing lowering does not undo, if its target signed them: those that its author knew, and
    /// those on which he or one of those who appointed him has built without knowing the lowering, from a place no lower.
    fn spared(&self, history: &History, lowering: Number) -> FixedBitSet {
        let mut spared = FixedBitSet::with_capacity(history.len());
        spared.union_with(history.past(lowering));
        let target = history.node(lowering).sets.map(|(who, _)| who);
        let (rank, chain) = (self.ranks[lowering], &self.chains[lowering]);
        for witness in chain.ones().filter(|person| Some(*person) != target) {
            // The newest first, since it has built on all that the older ones of its log have.
            for act in history.author(witness).acts.iter().rev().copied() {
                let is_senior = self.ranks[act].is_some() && self.ranks[act] <= rank;
                // What the author of the lowering knew is spared anyway.
                if is_senior && !spared.contains(act) && !knows(history, act, lowering) {
                    spared.union_with(history.past(act));
                }
            }
        }
        spared
    }

    /// Whether anything keeps an act of an admin from counting at one of the admin's places.
    fn is_blocked(&self, history: &History, act: Number, turn: Turn) -> bool {
        let mut cutting = self.cutting(history, turn).into_iter();
        let mut stepped_down = stepped_down(history, turn).into_iter();
        stepped_down.any(|down| history.is_before(down, act))
            || cutting.any(|lowering| self.reaches(history, lowering, act))
    }

    /// Whether a standing lowering reaches an act of its target.
    fn reaches(&self, history: &History, lowering: Number, act: Number) -> bool {
        history.is_before(lowering, act) || !self.spared(history, lowering).contains(act)
    }

    /// What keeps an act of an admin from counting at one of the admin's places: the most senior lowering that reaches
    /// it, or the act by which its author had stepped down.
    fn obstacle(&self, history: &History, act: Number, turn: Turn) -> Option<Number> {
        let cutting = self.cutting(history, turn).into_iter();
        let reaching = cutting.filter(|lowering| self.reaches(history, *lowering, act));
        let first = reaching.min_by_key(|lowering| (self.ranks[*lowering], history.id(*lowering)));
        first.or_else(|| {
            let down = stepped_down(history, turn).into_iter();
            down.filter(|down| history.is_before(*down, act))
                .min_by_key(|down| (history.node(*down).lamport, history.id(*down)))
        })
    }

    /// Why an act of a history counts nowhere: the obstacle at its author's first place. `Err` if its author had no place
    /// that the act knew.
    pub(super) fn obstacle_of(&self, history: &History, act: Number) -> Result<Number, NoPlace> {
        let author = history.node(act).author;
        let first = turns(author, &self.appointments[author])
            .filter(|turn| history.is_before(turn.appointment, act))
            .min_by_key(|turn| (turn.place, history.id(turn.appointment)));
        first
            .and_then(|turn| self.obstacle(history, act, turn))
            .ok_or(NoPlace)
    }

    /// The place from which an operation acts.
    pub(super) fn rank_of(&self, act: Number) -> Option<Place> {
        self.ranks[act]
    }

    /// Whether an operation has a rank, or one that has knew it.
    pub(super) fn is_weighed(&self, act: Number) -> bool {
        self.weighed.contains(act)
    }

    /// Of an act that stands: its author, and those who appointed him.
    pub(super) fn chain(&self, act: Number) -> &FixedBitSet {
        &self.chains[act]
    }

    pub(super) fn appointments(&self, person: Person) -> &[Appointment] {
        &self.appointments[person]
    }

    /// The standing lowerings of a person by others.
    pub(super) fn lowerings(&self, person: Person) -> &[Number] {
        &self.lowerings[person]
    }
}

/// The author was no admin, as far as the act knew.
#[derive(Debug)]
pub(super) struct NoPlace;

/// Whether `act` is `earlier` or was made knowing it.
pub(super) fn knows(history: &History, act: Number, earlier: Number) -> bool {
    act == earlier || history.is_before(earlier, act)
}

/// The places of a person as an admin.
fn turns(person: Person, appointments: &[Appointment]) -> impl Iterator<Item = Turn> {
    let admin = appointments.iter().filter(|it| it.level == Level::ADMIN);
    admin.map(move |appointment| Turn {
        place: appointment.place,
        person,
        appointment: appointment.by,
    })
}

/// The acts by which a person stepped down that this appointment did not know.
fn stepped_down(history: &History, turn: Turn) -> Vec<Number> {
    let acts = history.author(turn.person).steps_down.iter().copied();
    acts.filter(|act| !history.is_before(*act, turn.appointment))
        .collect()
}
