//! The operations of a group, each after those it links to, with what each of them knew.

use std::collections::BTreeMap;

use fixedbitset::FixedBitSet;

use crate::membership::level::Level;
use crate::membership::operation::{Act, Founding, MemberKey, Operation, OperationId};

/// The place of an operation in its history: in the order of arrival, which decides nothing.
pub(super) type Number = usize;
/// The place of a key among those of its history.
pub(super) type Person = usize;

/// The operation that founded the group.
pub(super) const ROOT: Number = 0;

/// An operation in its history.
pub(super) struct Node {
    pub(super) operation: Operation,
    pub(super) author: Person,
    /// The key whose level it sets, and the level.
    pub(super) sets: Option<(Person, Level)>,
    /// 1 + the highest of its links.
    pub(super) lamport: u64,
}

/// A key, and what it signed.
pub(super) struct Author {
    pub(super) key: MemberKey,
    pub(super) acts: Vec<Number>,
    /// The acts by which it left, or ceased to be an admin.
    pub(super) steps_down: Vec<Number>,
}

/// All operations that descend from the founding and miss no link.
pub(super) struct History {
    nodes: Vec<Node>,
    /// Everything before each of them, a bit for each. Apart from the rest, since most questions are about these.
    pasts: Vec<FixedBitSet>,
    numbers: BTreeMap<OperationId, Number>,
    authors: Vec<Author>,
    persons: BTreeMap<MemberKey, Person>,
    founders: Vec<(Person, Level)>,
}

impl History {
    /// Begins with the operation that founded the group.
    pub(super) fn new(root: Operation) -> History {
        let mut history = History {
            nodes: Vec::new(),
            pasts: Vec::new(),
            numbers: BTreeMap::new(),
            authors: Vec::new(),
            persons: BTreeMap::new(),
            founders: Vec::new(),
        };
        let number = history.push(root, Vec::new());
        history.founders = match history.nodes[number].operation.act().clone() {
            Act::Create(Founding::Line { people, .. }) => people
                .into_iter()
                .map(|(key, level)| (history.person_or_new(key), level))
                .collect(),
            _ => Vec::new(),
        };
        history
    }

    /// The people of the first hour, in order of rank; nobody if this version does not know the rules.
    pub(super) fn founders(&self) -> &[(Person, Level)] {
        &self.founders
    }

    /// The places of what `operation` links to; or the first link that is not held.
    pub(super) fn links(&self, operation: &Operation) -> Result<Vec<Number>, OperationId> {
        let links = operation.links().iter();
        links.map(|link| self.number(*link).ok_or(*link)).collect()
    }

    /// Adds an operation that is new, with the places of what it links to.
    pub(super) fn push(&mut self, operation: Operation, links: Vec<Number>) -> Number {
        let number = self.nodes.len();
        let mut past = FixedBitSet::with_capacity(number);
        for link in &links {
            past.union_with(&self.pasts[*link]);
            past.insert(*link);
        }
        let lamports = links.iter().map(|link| self.nodes[*link].lamport + 1);
        let lamport = lamports.max().unwrap_or(0);
        let author = self.person_or_new(operation.author());
        let sets = operation
            .sets()
            .map(|(who, level)| (self.person_or_new(who), level));
        self.authors[author].acts.push(number);
        if sets.is_some_and(|(who, level)| who == author && level < Level::ADMIN) {
            self.authors[author].steps_down.push(number);
        }
        self.numbers.insert(operation.id(), number);
        self.nodes.push(Node {
            operation,
            author,
            sets,
            lamport,
        });
        self.pasts.push(past);
        number
    }

    /// Forgets the last operations and people, to have this many of each.
    pub(super) fn truncate(&mut self, operations: usize, people: usize) {
        for number in (operations..self.nodes.len()).rev() {
            let node = &self.nodes[number];
            self.numbers.remove(&node.operation.id());
            let author = &mut self.authors[node.author];
            author.acts.pop();
            if author.steps_down.last() == Some(&number) {
                author.steps_down.pop();
            }
        }
        self.nodes.truncate(operations);
        self.pasts.truncate(operations);
        for author in self.authors.drain(people..) {
            self.persons.remove(&author.key);
        }
    }

    /// The place of a key, a new one if it was never named.
    fn person_or_new(&mut self, key: MemberKey) -> Person {
        *self.persons.entry(key).or_insert_with(|| {
            self.authors.push(Author {
                key,
                acts: Vec::new(),
                steps_down: Vec::new(),
            });
            self.authors.len() - 1
        })
    }

    pub(super) fn person(&self, key: MemberKey) -> Option<Person> {
        self.persons.get(&key).copied()
    }

    pub(super) fn number(&self, id: OperationId) -> Option<Number> {
        self.numbers.get(&id).copied()
    }

    pub(super) fn node(&self, number: Number) -> &Node {
        &self.nodes[number]
    }

    /// Everything before an operation, a bit for each.
    pub(super) fn past(&self, number: Number) -> &FixedBitSet {
        &self.pasts[number]
    }

    pub(super) fn id(&self, number: Number) -> OperationId {
        self.nodes[number].operation.id()
    }

    pub(super) fn author(&self, person: Person) -> &Author {
        &self.authors[person]
    }

    /// Number of operations.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Number of keys that are named anywhere.
    pub(super) fn people(&self) -> usize {
        self.authors.len()
    }

    /// Whether the author of `later` knew `earlier`.
    pub(super) fn is_before(&self, earlier: Number, later: Number) -> bool {
        self.pasts[later].contains(earlier)
    }
}
