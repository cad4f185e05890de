//! What the rules come to, as a person can be told: of each operation whether it counts and what keeps it from that,
//! of each person the level and what cuts it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::membership::history::{History, Node, Number, Person, ROOT};
use crate::membership::level::Level;
use crate::membership::operation::{Act, MemberKey, OperationId};
use crate::membership::ranking::{Appointment, NoPlace, Place, Ranking, knows};

/// Whether an operation counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It founded the group.
    Founds,
    /// It sets a level or the timer.
    Stands,
    /// It sets nothing, and only shows what its author knew.
    Act,
    /// It would set a level or the timer, and does not.
    Void {
        /// Why.
        reason: VoidReason,
        /// The operation that keeps it from counting, if one does.
        by: Option<OperationId>,
    },
}

/// Why an operation that would set a level or the timer does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VoidReason {
    /// Its author was no admin, as far as it knew.
    NotAdmin,
    /// Nobody makes himself an admin.
    RaisesItself,
    /// Someone who outranks its author lowered him, and had not built on it.
    Lowered,
    /// Its author had left or ceased to be an admin before.
    SteppedDown,
}

/// Until when a cut holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CutEnd {
    /// Until a new appointment that knows of it.
    Final,
    /// As `Final`; the person did it.
    Own,
    /// Until the person objects: signs anything that is not known to the cut.
    Objection,
}

/// An operation that takes a level from a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The operation.
    pub by: OperationId,
    /// Its author.
    pub author: MemberKey,
    /// Until when it holds.
    pub end: CutEnd,
}

/// A key that was ever appointed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The key.
    pub key: MemberKey,
    /// Its level now.
    pub level: Level,
    /// Its level if it objects to what suspends it.
    pub level_if_it_objects: Level,
    /// As an admin: its best place.
    pub place: Option<Place>,
    /// What keeps it from the highest level that it was ever appointed to: the cuts of the appointment that has the
    /// fewest final ones, the newest of such.
    pub cuts: Vec<Cut>,
}

impl Standing {
    /// Whether somebody who does not outrank it has lowered it, and it has not objected yet.
    pub fn is_suspended(&self) -> bool {
        self.level < self.level_if_it_objects
    }
}

/// A lowering of a person by another.
#[derive(Clone, Copy)]
struct Lowering {
    number: Number,
    level: Level,
    /// The person has signed nothing but what it knew.
    is_silent: bool,
}

/// What lies upon a person.
pub(super) struct Load<'a> {
    history: &'a History,
    ranking: &'a Ranking,
    person: Person,
    lowerings: Vec<Lowering>,
}

impl<'a> Load<'a> {
    pub(super) fn new(history: &'a History, ranking: &'a Ranking, person: Person) -> Load<'a> {
        let acts = &history.author(person).acts;
        let lowering = |number: &Number| Lowering {
            number: *number,
            level: history
                .node(*number)
                .sets
                .map_or(Level::NONE, |sets| sets.1),
            // The newest is the likeliest that the lowering did not know.
            is_silent: acts
                .iter()
                .rev()
                .all(|act| history.is_before(*act, *number)),
        };
        Load {
            history,
            ranking,
            person,
            lowerings: ranking.lowerings(person).iter().map(lowering).collect(),
        }
    }

    pub(super) fn person(&self) -> Person {
        self.person
    }

    /// The operations that cut an appointment below `level`.
    pub(super) fn cuts(
        &self,
        appointment: Appointment,
        level: Level,
    ) -> impl Iterator<Item = (Number, CutEnd)> {
        let history = self.history;
        let steps_down = history.author(self.person).steps_down.iter().copied();
        let own = steps_down
            .filter(move |act| {
                let sets = history.node(*act).sets;
                sets.is_some_and(|(_, to)| to < level) && !history.is_before(*act, appointment.by)
            })
            .map(|act| (act, CutEnd::Own));
        let others = self.lowerings.iter().filter_map(move |lowering| {
            if lowering.level >= level || knows(history, appointment.by, lowering.number) {
                return None;
            }
            let rank = self.ranking.rank_of(lowering.number);
            if appointment.level < Level::ADMIN || rank.is_some_and(|rank| rank < appointment.place)
            {
                Some((lowering.number, CutEnd::Final))
            } else {
                lowering
                    .is_silent
                    .then_some((lowering.number, CutEnd::Objection))
            }
        });
        own.chain(others)
    }

    /// The lowerings that would cut what makes the person an admin, if it had not objected to them. None, if something makes it one
    /// that they do not touch.
    pub(super) fn answered(&self) -> Vec<Number> {
        let appointments = self.ranking.appointments(self.person).iter();
        let holding = appointments.filter(|it| self.gives(**it, Level::ADMIN).0);
        let answered = holding.map(|appointment| {
            let lowerings = self.lowerings.iter();
            let touching = lowerings.filter(|it| !knows(self.history, appointment.by, it.number));
            touching.map(|it| it.number).collect::<Vec<_>>()
        });
        answered.min_by_key(Vec::len).unwrap_or_default()
    }

    /// Whether an appointment gives `level` now, and whether it would after an objection.
    fn gives(&self, appointment: Appointment, level: Level) -> (bool, bool) {
        if appointment.level < level {
            return (false, false);
        }
        let (mut now, mut after) = (true, true);
        for (_, end) in self.cuts(appointment, level) {
            now = false;
            if end != CutEnd::Objection {
                after = false;
                break;
            }
        }
        (now, after)
    }

    /// The level now, and after an objection.
    pub(super) fn levels(&self) -> (Level, Level) {
        let (mut now, mut after) = (Level::NONE, Level::NONE);
        for appointment in self.ranking.appointments(self.person) {
            for level in [Level::ADMIN, Level::MEMBER] {
                if after >= level && now >= level {
                    continue;
                }
                let gives = self.gives(*appointment, level);
                if gives.0 {
                    now = now.max(level);
                }
                if gives.1 {
                    after = after.max(level);
                }
            }
        }
        (now, after)
    }

    pub(super) fn standing(&self) -> Standing {
        let (level, level_if_it_objects) = self.levels();
        Standing {
            key: self.history.author(self.person).key,
            level,
            level_if_it_objects,
            place: self.place(),
            cuts: self.reasons(level),
        }
    }

    /// The best place of an admin that nothing cuts.
    pub(super) fn place(&self) -> Option<Place> {
        let appointments = self.ranking.appointments(self.person).iter();
        appointments
            .filter(|appointment| self.gives(**appointment, Level::ADMIN).0)
            .map(|appointment| appointment.place)
            .min()
    }

    /// What keeps the person from a higher level than the present one.
    fn reasons(&self, present: Level) -> Vec<Cut> {
        let appointments = self.ranking.appointments(self.person);
        let highest = appointments.iter().map(|it| it.level).max();
        let level = match highest {
            Some(level) if level >= Level::ADMIN => Level::ADMIN,
            _ => Level::MEMBER,
        };
        if present >= level {
            return Vec::new();
        }
        let finals = |appointment: &Appointment| {
            let cuts = self.cuts(*appointment, level);
            cuts.filter(|(_, end)| *end != CutEnd::Objection).count()
        };
        let best = appointments
            .iter()
            .filter(|appointment| appointment.level >= level)
            .min_by_key(|appointment| {
                let lamport = self.history.node(appointment.by).lamport;
                let newest = std::cmp::Reverse((lamport, self.history.id(appointment.by)));
                (finals(appointment), newest)
            });
        let mut cuts: Vec<Cut> = best
            .into_iter()
            .flat_map(|appointment| self.cuts(*appointment, level))
            .map(|(number, end)| self.cut(number, end))
            .collect();
        cuts.sort_by_key(|cut| cut.by);
        cuts
    }

    pub(super) fn cut(&self, number: Number, end: CutEnd) -> Cut {
        let node = self.history.node(number);
        Cut {
            by: node.operation.id(),
            author: self.history.author(node.author).key,
            end,
        }
    }
}

fn sets_timer(node: &Node) -> bool {
    matches!(node.operation.act(), Act::Timer { .. })
}

/// Whether an operation sets a level or the timer, if it counts.
pub(super) fn sets(node: &Node) -> bool {
    node.sets.is_some() || sets_timer(node)
}

/// Whether an operation counts.
pub(super) fn verdict(history: &History, ranking: &Ranking, number: Number) -> Verdict {
    let node = history.node(number);
    if !sets(node) {
        return match number {
            ROOT => Verdict::Founds,
            _ => Verdict::Act,
        };
    }
    let void = |reason, by: Option<Number>| Verdict::Void {
        reason,
        by: by.map(|by| history.id(by)),
    };
    if let Some((who, level)) = node.sets
        && who == node.author
    {
        return match level < Level::ADMIN {
            true => Verdict::Stands,
            false => void(VoidReason::RaisesItself, None),
        };
    }
    if ranking.rank_of(number).is_some() {
        return Verdict::Stands;
    }
    match ranking.obstacle_of(history, number) {
        Err(NoPlace) => void(VoidReason::NotAdmin, None),
        Ok(by) if history.node(by).author == node.author => void(VoidReason::SteppedDown, Some(by)),
        Ok(by) => void(VoidReason::Lowered, Some(by)),
    }
}

/// Whether an operation is one that new operations link to: it has a rank, or it is an act of a person who is in, or the
/// first act by which somebody left who would be in without it.
pub(super) fn is_linkable(history: &History, ranking: &Ranking, number: Number) -> bool {
    if number == ROOT || ranking.rank_of(number).is_some() {
        return true;
    }
    let node = history.node(number);
    let appointments = ranking.appointments(node.author).iter();
    let mut known = appointments.filter(|it| history.is_before(it.by, number));
    let load = Load::new(history, ranking, node.author);
    match node.sets {
        None if sets_timer(node) => false,
        None => known.next().is_some() && load.levels().1 > Level::NONE,
        Some((who, level)) if who == node.author && level < Level::ADMIN => {
            let age = |act: Number| (history.node(act).lamport, history.id(act));
            let above = match level < Level::MEMBER {
                true => Level::MEMBER,
                false => Level::ADMIN,
            };
            known.any(|appointment| {
                appointment.level >= above
                    && load.cuts(*appointment, above).all(|(cut, end)| match end {
                        CutEnd::Final => false,
                        CutEnd::Own => age(cut) >= age(number),
                        CutEnd::Objection => true,
                    })
            })
        }
        Some(_) => false,
    }
}

/// The operations that would appoint a person, and do not.
pub(super) fn void_appointments<'a>(
    history: &'a History,
    ranking: &'a Ranking,
    person: Person,
) -> impl Iterator<Item = Number> + 'a {
    (0..history.len()).filter(move |number| {
        let node = history.node(*number);
        let appoints = |(who, level)| who == person && level >= Level::MEMBER;
        node.sets.is_some_and(appoints)
            && node.author != person
            && ranking.rank_of(*number).is_none()
    })
}

/// What put a person out, or kept it out: the acts by which it stepped down, the lowerings of it that stand, and what keeps
/// appointments from counting: of this person, or of those who made them and were no admins for that reason.
pub(super) fn ends(history: &History, ranking: &Ranking, person: Person) -> BTreeSet<Number> {
    let own = history.author(person).steps_down.iter();
    let mut ends: BTreeSet<Number> = own.chain(ranking.lowerings(person)).copied().collect();
    let mut looked_at = BTreeSet::new();
    let mut due = vec![person];
    while let Some(person) = due.pop() {
        if !looked_at.insert(person) {
            continue;
        }
        for appointment in void_appointments(history, ranking, person) {
            match ranking.obstacle_of(history, appointment) {
                Ok(obstacle) => _ = ends.insert(obstacle),
                Err(NoPlace) => due.push(history.node(appointment).author),
            }
        }
    }
    ends
}

/// The admins who could still undo an act of another, because they outrank its author, and neither they nor those who
/// appointed them have built on it.
pub(super) fn waits_for(
    history: &History,
    ranking: &Ranking,
    people: impl Iterator<Item = Person>,
    number: Number,
) -> BTreeSet<MemberKey> {
    let author = history.node(number).author;
    let mut waits = BTreeSet::new();
    let Some(rank) = ranking.rank_of(number) else {
        return waits;
    };
    for person in people.filter(|person| *person != author) {
        let load = Load::new(history, ranking, person);
        let seniors = ranking.appointments(person).iter().filter(|appointment| {
            appointment.level == Level::ADMIN
                && appointment.place < rank
                && load.gives(**appointment, Level::ADMIN).1
        });
        let could_undo = |appointment: &Appointment| {
            let mut line = ranking.chain(appointment.by).ones().chain([person]);
            !line.any(|witness| {
                witness != author
                    && history.author(witness).acts.iter().any(|act| {
                        history.is_before(number, *act)
                            && ranking
                                .rank_of(*act)
                                .is_some_and(|rank| rank <= appointment.place)
                    })
            })
        };
        if seniors.into_iter().any(could_undo) {
            waits.insert(history.author(person).key);
        }
    }
    waits
}
