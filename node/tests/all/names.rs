//! What contacts call themselves, and what their clocks say: neither misleads the user.

use hedgerow_node::api::{Call, Contact, Draft, Event, Private};
use hedgerow_node::harness::World;

const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// Ada knows all the others.
fn people(seed: u64, names: &[&str]) -> World {
    let mut world = World::with(seed, names);
    for other in 1..names.len() {
        world.meet(0, other);
    }
    world
}

/// Somebody gives itself a name, and Ada hears of it.
fn call_oneself(world: &mut World, node: usize, name: &str) -> Vec<Event> {
    world.nodes[0].events.clear();
    let name = Private(name.to_owned());
    world.ask(node, Call::SetName(name)).expect("a good name");
    world.run(2_000);
    std::mem::take(&mut world.nodes[0].events)
}

fn rename(world: &mut World, other: usize, alias: &str) {
    let id = world.id(other);
    let alias = Private(alias.to_owned());
    world.ask(0, Call::Rename(id, alias)).expect("a contact");
}

/// The name that is shown, and the one before.
fn shown(contact: &Contact) -> (&str, Option<&str>) {
    let former = contact.former_name.as_ref();
    (&contact.name.0, former.map(|former| former.0.as_str()))
}

#[test]
fn a_contact_that_gives_itself_another_name_is_told_until_the_user_decides() {
    let mut world = people(1, &["Ada", "Grace"]);
    assert_eq!(shown(&world.contact(0, 1)), ("Grace", None));
    let grace = world.id(1);
    let told = call_oneself(&mut world, 1, "Eve");
    assert!(told.contains(&Event::Contact { contact: grace }));
    assert_eq!(shown(&world.contact(0, 1)), ("Eve", Some("Grace")));
    // The name that the user knows stays, whatever comes after, and over a restart.
    call_oneself(&mut world, 1, "Mallory");
    world.restart(0);
    assert_eq!(shown(&world.contact(0, 1)), ("Mallory", Some("Grace")));
    rename(&mut world, 1, "");
    assert_eq!(shown(&world.contact(0, 1)), ("Mallory", None));

    world.connected(0, 1);
    call_oneself(&mut world, 1, "Trent");
    call_oneself(&mut world, 1, "Mallory");
    assert_eq!(
        shown(&world.contact(0, 1)),
        ("Mallory", None),
        "as it was known"
    );
    call_oneself(&mut world, 1, "Trent");
    rename(&mut world, 1, "Mallory");
    assert_eq!(shown(&world.contact(0, 1)), ("Mallory", None));
    call_oneself(&mut world, 1, "Peggy");
    assert_eq!(
        shown(&world.contact(0, 1)),
        ("Mallory", None),
        "what is shown stays"
    );
}

#[test]
fn contacts_whose_names_look_the_same_are_marked_and_both_are_told() {
    let mut world = people(2, &["Ada", "Grace", "Ben"]);
    let marked = |world: &mut World| [1, 2].map(|other| world.contact(0, other).lookalike);
    assert_eq!(marked(&mut world), [false, false]);
    let (grace, ben) = (world.id(1), world.id(2));
    // The first letter is a Cyrillic one.
    let told = call_oneself(&mut world, 2, "Grасе ✓");
    for contact in [grace, ben] {
        assert!(told.contains(&Event::Contact { contact }));
    }
    assert_eq!(marked(&mut world), [true, true]);
    rename(&mut world, 2, "the other one");
    assert_eq!(marked(&mut world), [false, false]);
    rename(&mut world, 2, "");
    assert_eq!(marked(&mut world), [true, true]);
    let grace = world.id(1);
    world.ask(0, Call::Remove(grace)).expect("a contact");
    assert!(!world.contact(0, 2).lookalike);
    // Our own name is one as well.
    call_oneself(&mut world, 2, "ada");
    assert!(world.contact(0, 2).lookalike);
    world
        .ask(0, Call::SetName(Private("Countess".to_owned())))
        .expect("a good name");
    assert!(!world.contact(0, 2).lookalike);
}

#[test]
fn a_wrong_clock_keeps_no_contact_on_top() {
    let mut world = people(3, &["Ada", "Grace", "Ben"]);
    world.nodes[1].clock_error_ms = 4 * YEAR_MS;
    world.send(1, 0, "from the year 2030");
    world.delivered(1, 0);
    world.run(60_000);
    world.send(2, 0, "from today");
    world.delivered(2, 0);
    let (grace, ben) = (world.conversation(0, 1), world.conversation(0, 2));
    assert!(grace.active_ms < ben.active_ms);
    // It is the time at which they came here.
    let at = |world: &mut World, other| world.messages(0, other)[0].time_ms;
    assert!(at(&mut world, 1) > grace.active_ms + 3 * YEAR_MS);
    assert!((0..10_000).contains(&(ben.active_ms - at(&mut world, 2))));
    world.run(60_000);
    world.send(0, 1, "an answer");
    assert!(world.conversation(0, 1).active_ms > ben.active_ms);
    world.restart(0);
    assert!(world.conversation(0, 1).active_ms > ben.active_ms);
}

#[test]
fn what_was_being_written_is_gone_with_the_message_and_stays_beside_another() {
    let mut world = people(4, &["Ada", "Grace"]);
    let grace = world.chat(0, 1);
    let drafted = |world: &mut World| world.conversation(0, 1).draft.map(|draft| draft.text.0);
    world
        .ask(0, Call::SetDraft(grace.clone(), Draft::text("half a sen")))
        .expect("kept");
    // Another program sends something else meanwhile.
    world.send(0, 1, "from the terminal");
    assert_eq!(drafted(&mut world).as_deref(), Some("half a sen"));
    let commits = world.nodes[0].storage.commits;
    world.nodes[0].storage.fail_after = Some(0);
    let call = Call::SendDraft(grace, Draft::text("half a sentence"));
    let sending = world.nodes[0].call(call.clone());
    world.run(1_000);
    // What did not commit has neither sent nor forgotten anything.
    assert_eq!(drafted(&mut world).as_deref(), Some("half a sen"));
    assert_eq!(world.messages(0, 1).len(), 1);
    assert!(!world.nodes[0].answers.contains_key(&sending));
    world.ask(0, call).expect("sent");
    assert!(world.nodes[0].storage.commits > commits);
    assert_eq!(drafted(&mut world), None);
    assert_eq!(world.texts(0, 1), ["from the terminal", "half a sentence"]);
}
