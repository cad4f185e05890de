//! The membership of a group from scratch: a peaceful group of 1,000 people, and three histories by which liars make it
//! costly. And operations that come one after the other.

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use hedgerow_sync::id::{Incarnation, Seq};
use hedgerow_sync::membership::{
    Act, Founding, Held, Level, MemberKey, Membership, Operation, OperationId,
};

/// Operations of the peaceful group, and its people.
const PEACEFUL: usize = 10_000;
const PEOPLE: u64 = 1_000;
/// Operations that come to it later, each by an admin who knows all before it.
const MORE: u64 = 100;

/// Makes a history of this many operations.
type Family = fn(usize) -> Group;

/// Operations of a hostile history: each twice the one before.
const HOSTILE: [usize; 4] = [1_000, 2_000, 4_000, 8_000];

fn key(number: u64) -> MemberKey {
    MemberKey(*blake3::hash(&number.to_be_bytes()).as_bytes())
}

/// A history under construction.
struct Group {
    operations: Vec<Operation>,
}

impl Group {
    /// Of founders who are admins.
    fn new(admins: u64) -> Group {
        let people = (0..admins).map(|it| (key(it), Level::ADMIN)).collect();
        let founding = Founding::Line {
            people,
            continues: None,
        };
        let root = Operation::new(key(0), Vec::new(), Act::Create(founding));
        Group {
            operations: vec![root.expect("a founding")],
        }
    }

    fn id(&self, number: usize) -> OperationId {
        self.operations[number].id()
    }

    fn act(&mut self, author: u64, act: Act, links: &[usize]) -> usize {
        let links = links.iter().map(|link| self.id(*link)).collect();
        let operation = Operation::new(key(author), links, act);
        self.operations.push(operation.expect("within the limits"));
        self.operations.len() - 1
    }

    fn set(&mut self, author: u64, who: u64, level: Level, links: &[usize]) -> usize {
        let (who, held) = (key(who), Held::new());
        self.act(author, Act::Set { who, level, held }, links)
    }

    /// As `set`, an operation of its own for each `world`, though it may say the same.
    fn set_in(
        &mut self,
        world: usize,
        author: u64,
        who: u64,
        level: Level,
        links: &[usize],
    ) -> usize {
        let who = key(who);
        let held = [(Incarnation(world as u64), Seq(1))].into();
        self.act(author, Act::Set { who, level, held }, links)
    }

    /// Of copies, which the caller makes beforehand.
    fn membership(operations: Vec<Operation>) -> Membership {
        let mut operations = operations.into_iter();
        let root = operations.next().expect("a founding");
        let mut membership = Membership::new(root).expect("a founding");
        membership.extend(operations);
        membership
    }
}

/// Sixteen admins bring in 1,000 people and remove some of them again, and all show now and then what they know. Up to
/// three act beside each other.
fn peaceful() -> Group {
    let mut group = Group::new(16);
    let mut tips: Vec<usize> = vec![0];
    let mut next = 16;
    while group.operations.len() < PEACEFUL {
        let turn = group.operations.len() as u64;
        let mut new = Vec::new();
        for beside in 0..1 + turn % 3 {
            let admin = (turn * 7 + beside * 5) % 16;
            new.push(match turn % 8 {
                0 if next < PEOPLE => {
                    next += 1;
                    group.set(admin, next - 1, Level::MEMBER, &tips)
                }
                1 if turn.is_multiple_of(7) && next > 20 => {
                    group.set(admin, 16 + turn % (next - 16), Level::NONE, &tips)
                }
                2 => group.act(admin, Act::Seen, &tips),
                _ => group.act(16 + (turn + beside) % (next - 15), Act::Seen, &tips),
            });
        }
        tips = new;
    }
    assert_eq!(next, PEOPLE);
    group
}

/// An admin makes a long chain of acts, while another one, who outranks him, strikes at him as often beside it.
fn strikes_at_a_chain(count: usize) -> Group {
    let mut group = Group::new(3);
    let (mut struck, mut striker) = (0, 0);
    for turn in (1..count).step_by(2) {
        struck = group.set(1, 10 + turn as u64, Level::MEMBER, &[struck]);
        striker = group.set(0, 1, Level::MEMBER, &[striker]);
    }
    group
}

/// In each layer two admins, appointed by those of the layer before, remove each other and appoint the next two.
fn layered_duels(count: usize) -> Group {
    let mut group = Group::new(2);
    let (mut left, mut right) = ((0, 0), (1, 0));
    for layer in 0..count as u64 / 6 {
        let next = (2 + 2 * layer, 3 + 2 * layer);
        let one = group.set(left.0, next.0, Level::ADMIN, &[left.1]);
        let other = group.set(right.0, next.1, Level::ADMIN, &[right.1]);
        group.set(left.0, right.0, Level::NONE, &[left.1]);
        group.set(right.0, left.0, Level::NONE, &[right.1]);
        group.act(next.0, Act::Seen, &[one]);
        group.act(next.1, Act::Seen, &[other]);
        (left, right) = ((next.0, one), (next.1, other));
    }
    group
}

/// All appointments of one key lie beside each other, and so do its acts, each of which knows a few of the appointments.
/// The founder lowers the key beside all of that, and builds on some of the acts.
fn many_worlds(count: usize) -> Group {
    let mut group = Group::new(2);
    let quarter = count / 4;
    let appointments: Vec<usize> = (0..quarter)
        .map(|world| group.set_in(world, 1, 9, Level::ADMIN, &[0]))
        .collect();
    let acts: Vec<usize> = (0..quarter)
        .map(|turn| {
            let known = &appointments[turn - turn % 16..quarter.min(turn - turn % 16 + 16)];
            group.set_in(turn, 9, 100 + turn as u64, Level::MEMBER, known)
        })
        .collect();
    for turn in 0..quarter {
        let known: Vec<usize> = (0..8)
            .map(|it| acts[(turn * 31 + it * 7) % quarter])
            .collect();
        group.act(0, Act::Seen, &known);
        group.set_in(turn, 0, 9, Level::NONE, &[appointments[turn]]);
    }
    group
}

fn from_scratch(criterion: &mut Criterion) {
    let group = peaceful();
    criterion.bench_function(
        "membership: 10,000 peaceful operations, 1,000 people",
        |bench| {
            bench.iter_batched(
                || group.operations.clone(),
                Group::membership,
                BatchSize::PerIteration,
            );
        },
    );
    let mut membership = Group::membership(group.operations.clone());
    let mut more = Group {
        operations: Vec::new(),
    };
    for turn in 0..MORE {
        let act = Act::Set {
            who: key(20 + turn),
            level: Level::MEMBER,
            held: Held::new(),
        };
        let one = Operation::new(key(turn % 16), membership.tips(), act);
        let one = one.expect("within the limits");
        membership.insert(one.clone());
        more.operations.push(one);
    }
    criterion.bench_function(
        "membership: 100 operations more, one after the other",
        |bench| {
            bench.iter_batched(
                || {
                    (
                        Group::membership(group.operations.clone()),
                        more.operations.clone(),
                    )
                },
                |(mut membership, more)| {
                    more.into_iter().for_each(|one| _ = membership.insert(one));
                    membership
                },
                BatchSize::PerIteration,
            );
        },
    );
    let mut hostile = criterion.benchmark_group("membership, hostile");
    hostile.sample_size(10);
    let families: [(&str, Family); 3] = [
        ("strikes at a chain", strikes_at_a_chain),
        ("layered duels", layered_duels),
        ("many worlds", many_worlds),
    ];
    for (name, family) in families {
        for count in HOSTILE {
            let group = family(count);
            hostile.bench_with_input(BenchmarkId::new(name, count), &group, |bench, group| {
                bench.iter_batched(
                    || group.operations.clone(),
                    Group::membership,
                    BatchSize::PerIteration,
                );
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = from_scratch
}
criterion_main!(benches);
