//! Which entries of a group are shown: a pure function of the operations and the entries that are held
//! (`docs/PROTOCOL.md` section 4a).

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{EntryId, Seq};
use crate::membership::Membership;
use crate::membership::history::{History, Number};
use crate::membership::level::Level;
use crate::membership::operation::{MemberKey, OperationId};
use crate::membership::outcome::{CutEnd, Load};
use crate::membership::ranking::knows;

/// An entry of a group, as far as membership matters. Its author is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its author.
    pub author: MemberKey,
    /// The newest operations that its author knew.
    pub version: Vec<OperationId>,
    /// Its links to entries of other logs. The entry before it in its own log is a link too, and needs no mention.
    pub links: Vec<EntryId>,
}

/// Whether an entry is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Showing {
    /// It is.
    Shown,
    /// Not yet: it names an operation or an entry that is not held, or follows one that does.
    Waits,
    /// It is not, but stays: what others write later may bring it back.
    Refused(Refusal),
}

/// Why an entry is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Its author was no member, as far as it knew.
    NotAppointed,
    /// It knew of the operation by which its author was removed or had left.
    KnewRemoval {
        /// That operation.
        by: OperationId,
    },
    /// This operation removed its author, whose entries up to this one it did not hold, and nobody else follows it.
    Cut {
        /// That operation.
        by: OperationId,
    },
}

/// What the rules come to for the entries of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content {
    /// Each of the entries.
    pub showing: BTreeMap<EntryId, Showing>,
    /// Entries that are not held, and to which one of the entries links: wanted, also of those who are refused.
    pub wanted: BTreeSet<EntryId>,
}

/// Judges `entries`.
pub fn content(membership: &Membership, entries: &BTreeMap<EntryId, Posted>) -> Content {
    let history = &membership.history;
    let mut content = Content::default();
    let order = in_order(history, entries, &mut content);
    let mut known = Versions::default();
    let mut judged = BTreeMap::new();
    let mut verdicts = BTreeMap::new();
    for id in &order {
        let posted = &entries[id];
        let version = known.of(history, *id, posted);
        let verdict = judged
            .entry((posted.author, version))
            .or_insert_with_key(|(author, version)| judge(membership, *author, version));
        verdicts.insert(*id, verdict.on(history, *id));
    }
    // Those who follow an entry stand before it in this direction.
    let mut followers: BTreeMap<EntryId, Followers> = BTreeMap::new();
    for id in order.iter().rev() {
        let posted = &entries[id];
        let mut following = followers.remove(id).unwrap_or_default();
        let showing = match verdicts[id] {
            Showing::Refused(Refusal::Cut { .. }) if following.is_other(posted.author) => {
                Showing::Shown
            }
            verdict => verdict,
        };
        if showing == Showing::Shown {
            following.add(posted.author);
        }
        for link in links(*id, posted) {
            followers.entry(link).or_default().join(following);
        }
        content.showing.insert(*id, showing);
    }
    content
}

/// The entries that miss nothing, each after those it links to. Puts down what the others wait for.
fn in_order(
    history: &History,
    entries: &BTreeMap<EntryId, Posted>,
    content: &mut Content,
) -> Vec<EntryId> {
    let mut following: BTreeMap<EntryId, Vec<EntryId>> = BTreeMap::new();
    let mut missing: BTreeMap<EntryId, usize> = BTreeMap::new();
    let mut order = Vec::new();
    for (id, posted) in entries {
        let links = links(*id, posted);
        for link in &links {
            match entries.contains_key(link) {
                true => following.entry(*link).or_default().push(*id),
                false => _ = content.wanted.insert(*link),
            }
        }
        let names_unknown = posted
            .version
            .iter()
            .any(|it| history.number(*it).is_none());
        missing.insert(*id, links.len() + usize::from(names_unknown));
        content.showing.insert(*id, Showing::Waits);
        if links.is_empty() && !names_unknown {
            order.push(*id);
        }
    }
    let mut at = 0;
    while let Some(id) = order.get(at).copied() {
        at += 1;
        for follower in following.remove(&id).unwrap_or_default() {
            let left = missing.get_mut(&follower).expect("every entry is counted");
            *left -= 1;
            if *left == 0 {
                order.push(follower);
            }
        }
    }
    order
}

/// The links of an entry, with the one before it in its log.
pub(super) fn links(id: EntryId, posted: &Posted) -> BTreeSet<EntryId> {
    let before = (id.seq.0 > 1).then(|| EntryId {
        seq: Seq(id.seq.0 - 1),
        ..id
    });
    posted.links.iter().copied().chain(before).collect()
}

/// What the last entry of each log knew. An entry knows at least as much as the one before it in its log.
#[derive(Default)]
pub(super) struct Versions(BTreeMap<crate::id::LogId, (Vec<OperationId>, Vec<Number>)>);

impl Versions {
    /// The newest operations that an entry knew.
    pub(super) fn of(&mut self, history: &History, id: EntryId, posted: &Posted) -> Vec<Number> {
        let last = self.0.get(&id.log);
        if let Some((named, known)) = last
            && *named == posted.version
        {
            return known.clone();
        }
        let named = posted.version.iter().filter_map(|it| history.number(*it));
        let mut all: Vec<Number> = last
            .map_or(&[][..], |(_, known)| known)
            .iter()
            .copied()
            .chain(named)
            .collect();
        all.sort_unstable();
        all.dedup();
        let is_newest = |number: &Number| !all.iter().any(|it| history.is_before(*number, *it));
        let newest: Vec<Number> = all.iter().copied().filter(is_newest).collect();
        self.0
            .insert(id.log, (posted.version.clone(), newest.clone()));
        newest
    }
}

/// What the entries of one author that knew the same operations have in common.
#[derive(PartialEq, Eq)]
pub(super) enum Judgement {
    Refused(Refusal),
    /// For each appointment that an entry may count on: the operations that cut it.
    Appointed(Vec<Vec<Number>>),
}

pub(super) fn judge(membership: &Membership, author: MemberKey, version: &[Number]) -> Judgement {
    let (history, ranking) = (&membership.history, &membership.ranking);
    let knew = |number: Number| version.iter().any(|it| knows(history, *it, number));
    let Some(person) = history.person(author) else {
        return Judgement::Refused(Refusal::NotAppointed);
    };
    let load = Load::new(history, ranking, person);
    let (mut removals, mut appointed) = (BTreeSet::new(), Vec::new());
    for appointment in ranking.appointments(person) {
        if appointment.level < Level::MEMBER || !knew(appointment.by) {
            continue;
        }
        let cuts: Vec<(Number, CutEnd)> = load.cuts(*appointment, Level::MEMBER).collect();
        let mut finals = cuts.iter().filter(|(_, end)| *end != CutEnd::Objection);
        match finals.find(|(cut, _)| knew(*cut)) {
            Some((cut, _)) => _ = removals.insert(history.id(*cut)),
            None => appointed.push(cuts.into_iter().map(|(cut, _)| cut).collect()),
        }
    }
    match (appointed.is_empty(), removals.first()) {
        (false, _) => Judgement::Appointed(appointed),
        (true, Some(by)) => Judgement::Refused(Refusal::KnewRemoval { by: *by }),
        (true, None) => Judgement::Refused(Refusal::NotAppointed),
    }
}

impl Judgement {
    /// Whether nothing cuts one of the appointments.
    pub(super) fn is_plain(&self) -> bool {
        match self {
            Judgement::Refused(_) => false,
            Judgement::Appointed(appointed) => appointed.iter().any(Vec::is_empty),
        }
    }

    /// Whether an entry counts by itself.
    pub(super) fn on(&self, history: &History, id: EntryId) -> Showing {
        let appointed = match self {
            Judgement::Refused(refusal) => return Showing::Refused(*refusal),
            Judgement::Appointed(appointed) => appointed,
        };
        let spares = |cut: &Number| {
            let held = history.node(*cut).operation.held();
            let last = held.and_then(|held| held.get(&id.log.incarnation));
            last.is_some_and(|last| id.seq <= *last)
        };
        let mut by = BTreeSet::new();
        for cuts in appointed {
            match cuts.iter().find(|cut| !spares(cut)) {
                Some(cut) => _ = by.insert(history.id(*cut)),
                None => return Showing::Shown,
            }
        }
        match by.first() {
            Some(by) => Showing::Refused(Refusal::Cut { by: *by }),
            None => Showing::Refused(Refusal::NotAppointed),
        }
    }
}

/// Two of the authors whose shown entries follow one: enough to know whether another one than a given author does.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Followers([Option<MemberKey>; 2]);

impl Followers {
    pub(super) fn add(&mut self, author: MemberKey) {
        match self.0 {
            [None, _] => self.0[0] = Some(author),
            [Some(first), None] if first != author => self.0[1] = Some(author),
            _ => {}
        }
    }

    pub(super) fn join(&mut self, others: Followers) {
        others.0.into_iter().flatten().for_each(|it| self.add(it));
    }

    pub(super) fn is_other(&self, author: MemberKey) -> bool {
        self.0.iter().flatten().any(|it| *it != author)
    }
}
