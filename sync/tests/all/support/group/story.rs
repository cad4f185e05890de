//! A history of a group: who did what, knowing what.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_sync::membership::{
    Act, Founding, Held, Level, MemberKey, Membership, Operation, OperationId, Verdict,
};

/// A person, by number.
pub type Person = usize;
/// A deed, by number.
pub type Number = usize;

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Founds the group: always the first.
    Create,
    Set(Person, Level),
    Leave,
    Seen,
    Unknown,
}

/// Who does something, knowing these deeds and all before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub name: String,
    pub author: Person,
    pub deed: Deed,
    pub links: BTreeSet<Number>,
    /// Of a lowering: what its author held of the target's logs.
    pub held: Held,
}

/// A whole history. The links of an event are to earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// By number of person.
    pub names: Vec<String>,
    pub founders: Vec<(Person, Level)>,
    pub events: Vec<Event>,
}

/// What the rules make of a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Of each person with a level now or after an objection: both.
    pub levels: BTreeMap<Person, (Level, Level)>,
    pub void: BTreeSet<Number>,
    /// The place from which each event acts.
    pub ranks: Vec<Option<(u64, u64)>>,
}

impl Outcome {
    pub fn level(&self, person: Person) -> Level {
        self.levels.get(&person).map_or(Level::NONE, |it| it.0)
    }

    pub fn level_if_it_objects(&self, person: Person) -> Level {
        self.levels.get(&person).map_or(Level::NONE, |it| it.1)
    }
}

impl Story {
    pub fn new(founders: &[(&str, Level)]) -> Story {
        let names = founders.iter().map(|(name, _)| name.to_string()).collect();
        let levels = founders.iter().map(|(_, level)| *level);
        Story {
            names,
            founders: levels.enumerate().collect(),
            events: vec![Event {
                name: "g".into(),
                author: 0,
                deed: Deed::Create,
                links: BTreeSet::new(),
                held: Held::new(),
            }],
        }
    }

    pub fn person(&mut self, name: &str) -> Person {
        let known = self.names.iter().position(|it| it == name);
        known.unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len() - 1
        })
    }

    /// Adds an event, named by its number. Who does the same twice, knowing the same, has done one thing.
    pub fn add(
        &mut self,
        author: Person,
        deed: Deed,
        links: impl IntoIterator<Item = Number>,
    ) -> Number {
        let event = Event {
            name: self.events.len().to_string(),
            author,
            deed,
            links: links.into_iter().collect(),
            held: Held::new(),
        };
        let is_same = |it: &Event| (it.author, it.deed, &it.links) == (author, deed, &event.links);
        if let Some(same) = self.events.iter().position(is_same) {
            return same;
        }
        self.events.push(event);
        self.events.len() - 1
    }

    /// Everything before each event.
    pub fn pasts(&self) -> Vec<BTreeSet<Number>> {
        let mut pasts: Vec<BTreeSet<Number>> = Vec::new();
        for event in &self.events {
            let mut past = event.links.clone();
            for link in &event.links {
                past.extend(&pasts[*link]);
            }
            pasts.push(past);
        }
        pasts
    }

    /// Those of `known` that no other of them follows.
    pub fn tips(&self, known: &BTreeSet<Number>) -> BTreeSet<Number> {
        let linked: BTreeSet<Number> = known
            .iter()
            .flat_map(|number| self.events[*number].links.iter().copied())
            .collect();
        known.difference(&linked).copied().collect()
    }

    /// The events of `order`, in that order, which keeps each behind its links.
    pub fn reordered(&self, order: &[Number]) -> Story {
        let place = |number: &Number| {
            let mut order = order.iter();
            order.position(|it| it == number).expect("it is kept")
        };
        let event = |number: &Number| Event {
            links: self.events[*number].links.iter().map(place).collect(),
            ..self.events[*number].clone()
        };
        Story {
            events: order.iter().map(event).collect(),
            ..self.clone()
        }
    }

    /// Its operations, in order.
    pub fn operations(&self) -> Vec<Operation> {
        let mut operations: Vec<Operation> = Vec::new();
        for event in &self.events {
            let act = match event.deed {
                Deed::Create => Act::Create(Founding::Line {
                    people: self
                        .founders
                        .iter()
                        .map(|(person, level)| (self.key(*person), *level))
                        .collect(),
                    continues: None,
                }),
                Deed::Set(who, level) => Act::Set {
                    who: self.key(who),
                    level,
                    held: event.held.clone(),
                },
                Deed::Leave => Act::Leave {
                    held: event.held.clone(),
                },
                Deed::Seen => Act::Seen,
                Deed::Unknown => Act::Unknown {
                    kind: 200,
                    content: Vec::new(),
                },
            };
            let links = event.links.iter().map(|link| operations[*link].id());
            let operation = Operation::new(self.key(event.author), links.collect(), act);
            operations.push(operation.expect("stories keep to the limits"));
        }
        operations
    }

    pub fn key(&self, person: Person) -> MemberKey {
        let name = &self.names[person];
        MemberKey(*blake3::hash(name.as_bytes()).as_bytes())
    }

    /// The ids of its operations.
    pub fn ids(&self) -> Vec<OperationId> {
        self.operations().iter().map(Operation::id).collect()
    }

    /// What `membership` makes of it.
    pub fn outcome(&self, membership: &Membership) -> Outcome {
        let mut levels = BTreeMap::new();
        for person in 0..self.names.len() {
            if let Some(standing) = membership.standing(self.key(person)) {
                levels.insert(person, (standing.level, standing.level_if_it_objects));
            }
        }
        levels.retain(|_, levels| *levels != (Level::NONE, Level::NONE));
        let ids = self.ids();
        let is_void = |number: &Number| {
            matches!(membership.verdict(ids[*number]), Some(Verdict::Void { .. }))
        };
        let rank = |id: &OperationId| {
            let place = membership.place(*id);
            place.map(|place| (place.depth, place.age))
        };
        Outcome {
            levels,
            void: (0..ids.len()).filter(is_void).collect(),
            ranks: ids.iter().map(rank).collect(),
        }
    }

    /// The membership of all of it.
    pub fn membership(&self) -> Membership {
        let mut operations = self.operations().into_iter();
        let root = operations.next().expect("a story begins with a founding");
        let mut membership = Membership::new(root).expect("it is a founding");
        membership.extend(operations);
        membership
    }

    /// What the crate makes of it.
    pub fn judged(&self) -> Outcome {
        self.outcome(&self.membership())
    }
}
