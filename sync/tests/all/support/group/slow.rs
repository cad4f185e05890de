//! Rule set 1 a second time, word for word as `docs/PROTOCOL.md` section 4a has it, over plain sets and without a thought for speed.
//! It can also break a rule, to show that the properties catch that.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_sync::id::EntryId;
use hedgerow_sync::membership::Level;

use super::story::{Deed, Number, Outcome, Person, Story};

/// A rule that is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Of two appointments of one depth that which came first is the older one.
    AgeByArrival,
    /// An admin acts also where the act does not know the appointment.
    ActsBeforeAppointment,
    /// Any admin removes any other for good.
    AnybodyRemoves,
    /// Anybody's building on an act keeps it, not only the remover's and that of those who appointed him.
    AnyWitness,
    /// An appointment beside a removal wins.
    AppointmentWins,
    /// A lowering undoes what it knew.
    UndoesThePast,
    /// Nothing comes too late: no building on an act keeps it.
    NeverLate,
    /// The author's own building on an act keeps it.
    OwnWitness,
}

type Place = (u64, u64);

/// What the rules make of a story.
pub fn judge(story: &Story, broken: Option<Broken>) -> Outcome {
    let judge = evaluated(story, broken);
    let mut levels = BTreeMap::new();
    for person in 0..story.names.len() {
        let both = (judge.level(person, true), judge.level(person, false));
        if both != (Level::NONE, Level::NONE) {
            levels.insert(person, both);
        }
    }
    Outcome {
        levels,
        void: judge.void(),
        ranks: (0..story.events.len())
            .map(|event| judge.rank.get(&event).copied())
            .collect(),
    }
}

/// An entry: its author, its log and number there, the events that it knows, and the entries that it follows.
pub struct Entry {
    pub id: EntryId,
    pub author: Person,
    pub version: BTreeSet<Number>,
    pub links: BTreeSet<usize>,
}

/// The entries of a story that are shown. None misses anything.
pub fn shown(story: &Story, entries: &[Entry]) -> BTreeSet<usize> {
    let judge = evaluated(story, None);
    let mut pasts: Vec<BTreeSet<usize>> = Vec::new();
    let mut versions: Vec<BTreeSet<Number>> = Vec::new();
    for entry in entries {
        let before = entries
            .iter()
            .position(|it| it.id.log == entry.id.log && it.id.seq.0 + 1 == entry.id.seq.0);
        let mut past = BTreeSet::new();
        for link in entry.links.iter().copied().chain(before) {
            past.insert(link);
            past.extend(&pasts[link]);
        }
        pasts.push(past);
        let mut version: BTreeSet<Number> =
            before.map_or(BTreeSet::new(), |it| versions[it].clone());
        for event in &entry.version {
            version.insert(*event);
            version.extend(&judge.pasts[*event]);
        }
        versions.push(version);
    }
    let (mut shown, mut knew) = (BTreeSet::new(), BTreeSet::new());
    for (number, entry) in entries.iter().enumerate() {
        for appointment in judge.appointments(entry.author) {
            if appointment.1 < Level::MEMBER || !versions[number].contains(&appointment.0) {
                continue;
            }
            let (finals, suspending) = judge.cuts(entry.author, Level::MEMBER, appointment);
            if finals.iter().any(|cut| versions[number].contains(cut)) {
                continue;
            }
            knew.insert(number);
            let spares = |cut: &Number| {
                let last = story.events[*cut].held.get(&entry.id.log.incarnation);
                last.is_some_and(|last| entry.id.seq <= *last)
            };
            if finals.iter().chain(&suspending).all(spares) {
                shown.insert(number);
            }
        }
    }
    loop {
        let followed: BTreeSet<usize> = shown
            .iter()
            .flat_map(|it: &usize| pasts[*it].iter().map(move |past| (*it, *past)))
            .filter(|(it, past)| {
                knew.contains(past) && entries[*past].author != entries[*it].author
            })
            .map(|(_, past)| past)
            .collect();
        if followed.is_subset(&shown) {
            return shown;
        }
        shown.extend(followed);
    }
}

fn evaluated(story: &Story, broken: Option<Broken>) -> Judge<'_> {
    let mut judge = Judge {
        story,
        broken,
        pasts: story.pasts(),
        lam: Vec::new(),
        rank: BTreeMap::new(),
        chain: BTreeMap::new(),
        stands: BTreeSet::new(),
    };
    for event in &story.events {
        let lam = event.links.iter().map(|link| judge.lam[*link] + 1).max();
        judge.lam.push(lam.unwrap_or(0));
    }
    judge.evaluate();
    judge
}

struct Judge<'a> {
    story: &'a Story,
    broken: Option<Broken>,
    pasts: Vec<BTreeSet<Number>>,
    lam: Vec<u64>,
    rank: BTreeMap<Number, Place>,
    chain: BTreeMap<Number, BTreeSet<Person>>,
    stands: BTreeSet<Number>,
}

impl Judge<'_> {
    fn is(&self, broken: Broken) -> bool {
        self.broken == Some(broken)
    }

    fn author(&self, event: Number) -> Person {
        self.story.events[event].author
    }

    fn set(&self, event: Number) -> Option<(Person, Level)> {
        match self.story.events[event].deed {
            Deed::Set(who, level) => Some((who, level)),
            Deed::Leave => Some((self.author(event), Level::NONE)),
            Deed::Create | Deed::Seen | Deed::Unknown => None,
        }
    }

    fn events(&self) -> std::ops::Range<Number> {
        0..self.story.events.len()
    }

    /// low(m), with levels.
    fn low(&self, m: Person) -> Vec<(Number, Level)> {
        let sets = self.stands.iter().filter_map(|d| Some((*d, self.set(*d)?)));
        sets.filter(|(_, (who, _))| *who == m)
            .map(|(d, (_, level))| (d, level))
            .collect()
    }

    /// self(m), with levels.
    fn own(&self, m: Person) -> Vec<(Number, Level)> {
        let sets = self.events().filter_map(|d| Some((d, self.set(d)?)));
        sets.filter(|(d, (who, _))| *who == m && self.author(*d) == m)
            .map(|(d, (_, level))| (d, level))
            .collect()
    }

    fn evaluate(&mut self) {
        let founders = self.story.founders.clone();
        let mut heap: BTreeSet<(Place, Person, Number)> = (0..)
            .zip(founders)
            .filter(|(_, (_, level))| *level == Level::ADMIN)
            .map(|(age, (person, _))| ((0, age), person, 0))
            .collect();
        while let Some((p, m, g)) = heap.pop_first() {
            for o in self.events() {
                let knows = self.pasts[o].contains(&g) || self.is(Broken::ActsBeforeAppointment);
                if self.author(o) != m || !knows || o == 0 {
                    continue;
                }
                if self.rank.get(&o).is_some_and(|rank| *rank < p) || !self.is_free(o, p, m, g) {
                    continue;
                }
                let is_new = self.rank.insert(o, p).is_none();
                let appointers = self.chain.get(&g).cloned().unwrap_or_default();
                let chain = self.chain.entry(o).or_default();
                chain.insert(m);
                chain.extend(appointers);
                let Deed::Set(w, level) = self.story.events[o].deed else {
                    continue;
                };
                if is_new && w != m {
                    self.stands.insert(o);
                    if level == Level::ADMIN {
                        heap.insert((self.place(o), w, o));
                    }
                }
            }
        }
    }

    /// Where a standing appointment of an admin puts him.
    fn place(&self, g: Number) -> Place {
        let age = match self.is(Broken::AgeByArrival) {
            true => g as u64,
            false => self.lam[g],
        };
        (1 + self.rank[&g].0, age)
    }

    /// reach ⊆ past(g) ∪ {g}
    fn is_free(&self, o: Number, p: Place, m: Person, g: Number) -> bool {
        let known = |d: Number| d == g || self.pasts[g].contains(&d);
        let reaches = |d: Number| {
            let beside = !self.pasts[d].contains(&o) || self.is(Broken::UndoesThePast);
            self.rank[&d] < p && (self.pasts[o].contains(&d) || beside && !self.late(d, o))
        };
        let lowered = self
            .low(m)
            .into_iter()
            .any(|(d, level)| level < Level::ADMIN && reaches(d) && !known(d));
        let stepped_down = self
            .own(m)
            .into_iter()
            .any(|(d, level)| level < Level::ADMIN && self.pasts[o].contains(&d) && !known(d));
        !lowered && !stepped_down
    }

    fn late(&self, d: Number, o: Number) -> bool {
        if self.is(Broken::NeverLate) {
            return false;
        }
        self.events().any(|e| {
            let author = self.author(e);
            let rank = self.rank.get(&e);
            let is_ranked = rank.is_some_and(|rank| *rank <= self.rank[&d]);
            let counts = match author == self.author(o) {
                true => self.is(Broken::OwnWitness),
                false => {
                    is_ranked && self.chain[&d].contains(&author) || self.is(Broken::AnyWitness)
                }
            };
            counts && self.pasts[e].contains(&o) && !self.pasts[e].contains(&d) && e != d
        })
    }

    /// The appointments of a person, with level and place.
    fn appointments(&self, m: Person) -> Vec<(Number, Level, Place)> {
        let founders = self.story.founders.iter().zip(0..);
        let mut appointments: Vec<_> = founders
            .filter(|((person, _), _)| *person == m)
            .map(|((_, level), age)| (0, *level, (0, age)))
            .collect();
        for g in &self.stands {
            if let Some((who, level)) = self.set(*g)
                && who == m
                && level > Level::NONE
            {
                appointments.push((*g, level, self.place(*g)));
            }
        }
        appointments
    }

    fn level(&self, m: Person, suspended: bool) -> Level {
        let has = |level| {
            let mut appointments = self.appointments(m).into_iter();
            appointments.any(|appointment| {
                let (finals, suspending) = self.cuts(m, level, appointment);
                let holds = finals.is_empty() && (suspending.is_empty() || !suspended);
                appointment.1 >= level && holds
            })
        };
        if has(Level::ADMIN) {
            Level::ADMIN
        } else if has(Level::MEMBER) {
            Level::MEMBER
        } else {
            Level::NONE
        }
    }

    /// The final and the suspending ones.
    fn cuts(
        &self,
        m: Person,
        level: Level,
        (g, gives, place): (Number, Level, Place),
    ) -> (BTreeSet<Number>, BTreeSet<Number>) {
        let known = |d: Number| {
            d == g
                || self.pasts[g].contains(&d)
                || self.is(Broken::AppointmentWins) && !self.pasts[d].contains(&g)
        };
        let own = self.own(m).into_iter();
        let own = own.filter(|(d, to)| *to < level && !known(*d));
        let silent = |d: Number| {
            self.events()
                .filter(|o| self.author(*o) == m)
                .all(|o| self.pasts[d].contains(&o))
        };
        let mut finals: BTreeSet<Number> = own.map(|(d, _)| d).collect();
        let mut suspending = BTreeSet::new();
        for (d, to) in self.low(m) {
            if to >= level || known(d) {
                continue;
            }
            let outranks = self.rank[&d] < place || self.is(Broken::AnybodyRemoves);
            if gives < Level::ADMIN || outranks {
                finals.insert(d);
            } else if silent(d) {
                suspending.insert(d);
            }
        }
        (finals, suspending)
    }

    fn void(&self) -> BTreeSet<Number> {
        let is_void = |event: &Number| match self.story.events[*event].deed {
            Deed::Set(who, level) if who == self.author(*event) => level >= Level::ADMIN,
            Deed::Set(..) => !self.stands.contains(event),
            Deed::Create | Deed::Leave | Deed::Seen | Deed::Unknown => false,
        };
        self.events().filter(is_void).collect()
    }
}
