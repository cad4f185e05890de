//! The properties of the rules, each on random histories, and each with a broken rule that it catches.

use std::collections::BTreeSet;

use hedgerow_sync::membership::{Level, Membership};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use super::histories;
use crate::support::group::random::{self, Plot, Step, Unfolding, plot};
use crate::support::group::slow::{self, Broken};
use crate::support::group::story::{Deed, Number, Outcome, Person, Story};

/// Something that applies the rules.
type Judge<'a> = &'a dyn Fn(&Story) -> Outcome;
/// What must hold of a history and what follows it, by some judge.
type Property = fn(&Plot, &[Step], Judge<'_>) -> Result<(), TestCaseError>;

/// A history, and steps that a property takes after it.
fn histories_and_more() -> impl Strategy<Value = (Plot, Vec<Step>)> {
    (plot(24), plot(10)).prop_map(|(plot, more)| (plot, more.steps))
}

fn holds(property: Property) {
    let config = Config {
        cases: histories(500),
        ..Config::with_source_file(file!())
    };
    let judge = |story: &Story| story.judged();
    TestRunner::new(config)
        .run(&histories_and_more(), |(plot, more)| {
            property(&plot, &more, &judge)
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

/// Among the same many histories each time there is one that shows that the rule is broken.
fn catches(property: Property, broken: Broken) {
    let config = Config {
        cases: 20_000,
        max_shrink_iters: 0,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let judge = |story: &Story| slow::judge(story, Some(broken));
    let outcome = TestRunner::new_with_rng(config, rng)
        .run(&histories_and_more(), |(plot, more)| {
            property(&plot, &more, &judge)
        });
    assert!(
        matches!(outcome, Err(TestError::Fail(..))),
        "{broken:?} goes unnoticed"
    );
}

#[test]
fn order_and_names_change_nothing() {
    holds(order_and_names);
    catches(order_and_names, Broken::AgeByArrival);
}

fn order_and_names(plot: &Plot, more: &[Step], judge: Judge<'_>) -> Result<(), TestCaseError> {
    let story = random::story(plot);
    let order = shuffled(&story, more);
    let mut other = story.reordered(&order);
    other.names.iter_mut().for_each(|name| *name += "2");
    let (before, after) = (judge(&story), judge(&other));
    let void: BTreeSet<Number> = after.void.iter().map(|number| order[*number]).collect();
    prop_assert_eq!(before.void, void);
    prop_assert_eq!(before.levels, after.levels);
    Ok(())
}

/// The events in another order, each after those that it knows.
fn shuffled(story: &Story, chance: &[Step]) -> Vec<Number> {
    let mut left: Vec<Number> = (0..story.events.len()).collect();
    let mut order: Vec<Number> = Vec::new();
    let mut chance = chance.iter().cycle();
    while !left.is_empty() {
        let is_ready = |number: &Number| {
            story.events[*number]
                .links
                .iter()
                .all(|it| order.contains(it))
        };
        let ready: Vec<usize> = (0..left.len()).filter(|at| is_ready(&left[*at])).collect();
        let draw = chance
            .next()
            .map_or(0, |step| usize::from(step.who) + order.len());
        order.push(left.remove(ready[draw % ready.len()]));
    }
    order
}

#[test]
fn every_act_that_stands_rests_on_a_standing_appointment_in_its_past() {
    holds(rests_on_an_appointment);
    catches(rests_on_an_appointment, Broken::ActsBeforeAppointment);
}

fn rests_on_an_appointment(plot: &Plot, _: &[Step], judge: Judge<'_>) -> Result<(), TestCaseError> {
    let story = random::story(plot);
    let outcome = judge(&story);
    let pasts = story.pasts();
    for (number, event) in story.events.iter().enumerate() {
        if !sets_another(&story, number) || outcome.void.contains(&number) {
            continue;
        }
        let rests = appointments(&story, &outcome, event.author)
            .iter()
            .any(|(by, level, _)| *level == Level::ADMIN && pasts[number].contains(by));
        prop_assert!(rests, "event {} rests on nothing", event.name);
    }
    Ok(())
}

#[test]
fn those_who_do_not_outrank_an_admin_undo_nothing_of_it_alone_or_together() {
    holds(juniors_undo_nothing);
    catches(juniors_undo_nothing, Broken::AnybodyRemoves);
}

fn juniors_undo_nothing(plot: &Plot, more: &[Step], judge: Judge<'_>) -> Result<(), TestCaseError> {
    let mut unfolding = unfold(plot);
    let before = judge(&unfolding.story);
    let admins: Vec<(Person, (u64, u64))> = (0..unfolding.story.names.len())
        .filter(|person| before.level_if_it_objects(*person) == Level::ADMIN)
        .filter_map(|person| Some((person, standing_place(&unfolding.story, &before, person)?)))
        .collect();
    let Some((admin, place)) = admins
        .get(usize::from(plot.admins) % admins.len().max(1))
        .copied()
    else {
        return Ok(());
    };
    let outranks = |person: Person| {
        let appointments = appointments(&unfolding.story, &before, person);
        let mut places = appointments.iter().filter(|it| it.1 == Level::ADMIN);
        places.any(|(_, _, it)| *it < place)
    };
    let juniors: Vec<Person> = (0..unfolding.story.names.len())
        .filter(|person| *person != admin && !outranks(*person))
        .collect();
    conspire(&mut unfolding, &juniors, more);
    let after = judge(&unfolding.story);
    prop_assert_eq!(after.level_if_it_objects(admin), Level::ADMIN);
    for (number, rank) in before.ranks.iter().enumerate() {
        if unfolding.story.events[number].author == admin && *rank == Some(place) {
            prop_assert_eq!(after.ranks[number], *rank, "event {} was undone", number);
        }
    }
    Ok(())
}

#[test]
fn the_removed_stay_out_together_and_with_fresh_keys() {
    holds(removed_stay_out);
    catches(removed_stay_out, Broken::AnyWitness);
}

fn removed_stay_out(plot: &Plot, more: &[Step], judge: Judge<'_>) -> Result<(), TestCaseError> {
    let mut unfolding = unfold(plot);
    let people = unfolding.story.names.len();
    let removed: Vec<Person> = (1..people)
        .filter(|person| !(plot.steps.len() + person).is_multiple_of(3))
        .collect();
    // The founder knows all and removes some. Unless he had stepped down before, nobody outranks him.
    let removals: Vec<Number> = removed
        .iter()
        .map(|person| unfolding.act(0, Deed::Set(*person, Level::NONE), 0, 1))
        .collect();
    let before = judge(&unfolding.story);
    let is_founders = |removal: &Number| before.ranks[*removal] == Some((0, 0));
    if !removals.iter().all(is_founders) {
        return Ok(());
    }
    conspire(&mut unfolding, &removed, more);
    let after = judge(&unfolding.story);
    let fresh = people..unfolding.story.names.len();
    for person in removed.iter().copied().chain(fresh) {
        prop_assert_eq!(after.level_if_it_objects(person), Level::NONE);
    }
    Ok(())
}

#[test]
fn nobody_is_in_but_by_an_appointment_that_knows_every_removal_that_counts() {
    holds(in_only_by_appointment);
    catches(in_only_by_appointment, Broken::AppointmentWins);
}

fn in_only_by_appointment(plot: &Plot, _: &[Step], judge: Judge<'_>) -> Result<(), TestCaseError> {
    let story = random::story(plot);
    let outcome = judge(&story);
    let pasts = story.pasts();
    for person in 0..story.names.len() {
        let level = outcome.level(person);
        if level == Level::NONE {
            continue;
        }
        let is_known = |by: Number, removal: Number| removal == by || pasts[by].contains(&removal);
        let stands =
            appointments(&story, &outcome, person)
                .into_iter()
                .any(|(by, gives, place)| {
                    let removals = lowerings(&story, &outcome, person, level);
                    gives >= level
                        && removals.into_iter().all(|(removal, rank)| {
                            let outranks =
                                rank.is_none_or(|rank| rank < place) || gives < Level::ADMIN;
                            is_known(by, removal) || !outranks
                        })
                });
        prop_assert!(stands, "{} is in by nothing", story.names[person]);
    }
    Ok(())
}

#[test]
fn an_operation_that_knows_all_others_changes_none_of_them() {
    holds(newest_changes_no_other);
    catches(newest_changes_no_other, Broken::UndoesThePast);
}

fn newest_changes_no_other(
    plot: &Plot,
    more: &[Step],
    judge: Judge<'_>,
) -> Result<(), TestCaseError> {
    let mut unfolding = unfold(plot);
    for step in more {
        let before = judge(&unfolding.story);
        let honest = Step {
            hears: 0,
            lies: 1,
            ..*step
        };
        let events = unfolding.story.events.len();
        let number = unfolding.step(&honest);
        if number < events {
            continue;
        }
        let after = judge(&unfolding.story);
        prop_assert_eq!(&before.ranks[..], &after.ranks[..number]);
        let void: BTreeSet<Number> = after
            .void
            .iter()
            .copied()
            .filter(|it| *it < number)
            .collect();
        prop_assert_eq!(&before.void, &void);
        let event = &unfolding.story.events[number];
        for person in 0..unfolding.story.names.len() {
            let is_target = matches!(event.deed, Deed::Set(who, _) if who == person);
            if person != event.author && !is_target {
                prop_assert_eq!(before.levels.get(&person), after.levels.get(&person));
            }
        }
    }
    Ok(())
}

#[test]
fn what_all_who_outrank_the_author_have_finally_built_on_is_final() {
    holds(built_on_is_final);
    catches(built_on_is_final, Broken::NeverLate);
}

fn built_on_is_final(plot: &Plot, more: &[Step], judge: Judge<'_>) -> Result<(), TestCaseError> {
    let mut unfolding = unfold(plot);
    let before = judge(&unfolding.story);
    let pasts = unfolding.story.pasts();
    let settled: Vec<Number> = (0..pasts.len())
        .filter(|number| sets_another(&unfolding.story, *number))
        .filter(|number| is_settled(&unfolding.story, &before, &pasts, *number))
        .collect();
    let everybody: Vec<Person> = (0..unfolding.story.names.len()).collect();
    conspire(&mut unfolding, &everybody, more);
    let after = judge(&unfolding.story);
    for number in settled {
        prop_assert!(!after.void.contains(&number), "event {} was undone", number);
    }
    Ok(())
}

/// Whether an act counts, and everybody who outranks its author has built on it by an act that is settled itself, and
/// that knew of no void act.
fn is_settled(story: &Story, outcome: &Outcome, pasts: &[BTreeSet<Number>], act: Number) -> bool {
    let (Some(rank), author) = (outcome.ranks[act], story.events[act].author) else {
        return false;
    };
    (0..story.names.len())
        .filter(|person| *person != author)
        .all(|person| {
            let appointments = appointments(story, outcome, person);
            let places = appointments.iter().filter(|it| it.1 == Level::ADMIN);
            let Some(place) = places.map(|it| it.2).min().filter(|place| *place < rank) else {
                return true;
            };
            (act + 1..pasts.len()).any(|witness| {
                story.events[witness].author == person
                    && outcome.ranks[witness].is_some_and(|rank| rank <= place)
                    && pasts[witness].contains(&act)
                    && pasts[witness].is_disjoint(&outcome.void)
                    && is_settled(story, outcome, pasts, witness)
            })
        })
}

#[test]
fn whoever_is_out_is_told_enough_to_know_it() {
    holds(told_enough);
}

fn told_enough(plot: &Plot, _: &[Step], _: Judge<'_>) -> Result<(), TestCaseError> {
    let story = random::story(plot);
    let membership = story.membership();
    for person in 0..story.names.len() {
        let key = story.key(person);
        if membership.level(key) >= Level::MEMBER {
            continue;
        }
        let told = membership.told(key).into_iter();
        let mut told = told.map(|id| membership.operation(id).expect("it is held").clone());
        let Some(root) = told.next() else {
            prop_assert!(!membership.was_named(key));
            continue;
        };
        let mut known = Membership::new(root).expect("nothing is before it");
        known.extend(told);
        prop_assert_eq!(known.level(key), Level::NONE, "{}", story.names[person]);
    }
    Ok(())
}

#[test]
fn a_second_implementation_notices_every_broken_rule() {
    let brokens = [
        Broken::AgeByArrival,
        Broken::ActsBeforeAppointment,
        Broken::AnybodyRemoves,
        Broken::AnyWitness,
        Broken::AppointmentWins,
        Broken::UndoesThePast,
        Broken::NeverLate,
        Broken::OwnWitness,
    ];
    for broken in brokens {
        catches(agrees_with_the_crate, broken);
    }
}

fn agrees_with_the_crate(plot: &Plot, _: &[Step], judge: Judge<'_>) -> Result<(), TestCaseError> {
    let story = random::story(plot);
    prop_assert_eq!(judge(&story), story.judged());
    Ok(())
}

fn unfold(plot: &Plot) -> Unfolding {
    let mut unfolding = Unfolding::new(plot.admins, plot.members);
    for step in &plot.steps {
        unfolding.step(step);
    }
    unfolding
}

/// These people and fresh keys of theirs do what they can, and know of each other's deeds what helps them.
fn conspire(unfolding: &mut Unfolding, people: &[Person], steps: &[Step]) {
    let mut people = people.to_vec();
    for step in steps {
        if step.hears % 8 == 3 && unfolding.story.names.len() < 20 {
            people.push(unfolding.fresh());
        }
        if people.is_empty() {
            return;
        }
        let who = people[usize::from(step.who) % people.len()];
        let all = unfolding.story.names.len();
        let whom = match step.whom % 2 {
            0 => people[usize::from(step.whom / 2) % people.len()],
            _ => usize::from(step.whom / 2) % all,
        };
        let deed = match step.deed % 4 {
            0 => Deed::Set(whom, Level::NONE),
            1 => Deed::Set(whom, Level::ADMIN),
            2 => Deed::Set(whom, Level::MEMBER),
            _ => Deed::Seen,
        };
        unfolding.act(who, deed, step.hears, step.lies);
    }
}

fn sets_another(story: &Story, number: Number) -> bool {
    let event = &story.events[number];
    matches!(event.deed, Deed::Set(who, _) if who != event.author)
}

/// The standing appointments of a person: the act, its level, its place.
fn appointments(
    story: &Story,
    outcome: &Outcome,
    person: Person,
) -> Vec<(Number, Level, (u64, u64))> {
    let mut lamports: Vec<u64> = Vec::new();
    for event in &story.events {
        let last = event.links.iter().map(|link| lamports[*link] + 1).max();
        lamports.push(last.unwrap_or(0));
    }
    let founders = story.founders.iter().zip(0..);
    let mut all: Vec<_> = founders
        .filter(|((founder, _), _)| *founder == person)
        .map(|((_, level), age)| (0, *level, (0, age)))
        .collect();
    for (number, event) in story.events.iter().enumerate() {
        if let Deed::Set(who, level) = event.deed
            && who == person
            && who != event.author
            && level > Level::NONE
            && let Some(rank) = outcome.ranks[number]
        {
            all.push((number, level, (rank.0 + 1, lamports[number])));
        }
    }
    all
}

/// The acts that lower a person below a level: each with its rank, or none if the person did it.
fn lowerings(
    story: &Story,
    outcome: &Outcome,
    person: Person,
    below: Level,
) -> Vec<(Number, Option<(u64, u64)>)> {
    let mut all = Vec::new();
    for (number, event) in story.events.iter().enumerate() {
        match event.deed {
            Deed::Leave if event.author == person => all.push((number, None)),
            Deed::Set(who, level) if who == person && level < below => {
                if event.author == person {
                    all.push((number, None));
                } else if outcome.ranks[number].is_some() {
                    all.push((number, outcome.ranks[number]));
                }
            }
            _ => {}
        }
    }
    all
}

/// The best place of an admin that nobody who outranks it has cut, and that he has not given up.
fn standing_place(story: &Story, outcome: &Outcome, person: Person) -> Option<(u64, u64)> {
    let pasts = story.pasts();
    let lowerings = lowerings(story, outcome, person, Level::ADMIN);
    let mut places: Vec<(u64, u64)> = appointments(story, outcome, person)
        .into_iter()
        .filter(|(_, level, _)| *level == Level::ADMIN)
        .filter(|(by, _, place)| {
            lowerings.iter().all(|(lowering, rank)| {
                lowering == by
                    || pasts[*by].contains(lowering)
                    || rank.is_some_and(|rank| rank >= *place)
            })
        })
        .map(|(_, _, place)| place)
        .collect();
    places.sort_unstable();
    places.first().copied()
}
