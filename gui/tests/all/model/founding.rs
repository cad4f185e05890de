//! Making a group.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::groups::group_id;
use crate::stage::*;

/// On the page where a group is made.
fn on_the_page() -> Stage {
    let mut stage = Stage::open(&["Ana", "Ben", "Cleo"]);
    stage.does(Action::ShowAdding);
    stage.does(FoundingAction::Show);
    stage
}

fn founding(stage: &Stage) -> &Founding {
    &stage.app.pages.founding
}

fn names(stage: &Stage) -> Vec<&str> {
    let candidates = founding(stage).choosing.candidates.iter();
    candidates.map(|one| one.face.name.as_str()).collect()
}

/// The calls that wait for an answer and change a group.
fn asked(stage: &Stage) -> Vec<Call> {
    let calls = stage.asked.iter().filter_map(|request| match request {
        Request::Call(call @ (Call::NewGroup(_) | Call::InviteToGroup(..))) => Some(call.clone()),
        _ => None,
    });
    calls.collect()
}

#[test]
fn a_group_is_made_and_those_who_were_chosen_are_invited() {
    let mut stage = on_the_page();
    assert_eq!(names(&stage), ["Ana", "Ben", "Cleo"]);
    stage.does(FoundingAction::Name("  Walk on Sunday ".into()));
    stage.does(FoundingAction::Choose(id("c")));
    stage.does(FoundingAction::Find("an".into()));
    assert_eq!(names(&stage), ["Ana"], "who is chosen stays chosen");
    stage.does(FoundingAction::Choose(id("a")));
    stage.act(FoundingAction::Make);
    stage.act(FoundingAction::Make);
    let name = Private("Walk on Sunday".into());
    assert!(matches!(asked(&stage).as_slice(), [Call::NewGroup(made)] if *made == name));
    stage.answer();
    assert!(stage.app.context.place == Place::Main(Pane::Thread));
    assert_eq!(stage.thread().id, group_id("1"));
    for letter in ["a", "c"] {
        let invited = &stage.talk(letter).messages[0].invitation;
        assert!(
            invited
                .as_ref()
                .is_some_and(|invitation| invitation.name == name)
        );
    }
    assert!(stage.talk("b").messages.is_empty());
    assert!(stage.app.banner.shown == Some(Banner::InvitedIntoGroup));
    assert!(founding(&stage).name.is_empty() && founding(&stage).choosing.chosen.is_empty());
}

#[test]
fn a_group_needs_a_name_that_is_not_too_long() {
    let mut stage = on_the_page();
    stage.does(FoundingAction::Name("  ".into()));
    assert_eq!(
        founding(&stage).fault,
        None,
        "the page complains only when the user goes on without a name"
    );
    stage.act(FoundingAction::Make);
    assert_eq!(founding(&stage).fault, Some(NameFault::Missing));
    assert!(asked(&stage).is_empty());
    stage.does(FoundingAction::Name("x".repeat(MAX_NAME + 1)));
    assert_eq!(founding(&stage).fault, Some(NameFault::TooLong));
    stage.act(FoundingAction::Make);
    assert!(asked(&stage).is_empty());
    stage.does(FoundingAction::Name("Walk".into()));
    assert_eq!(founding(&stage).fault, None);
}

#[test]
fn a_refusal_stands_beside_the_name_and_what_was_chosen_stays() {
    let mut stage = on_the_page();
    stage.node.refuses_groups = Some(Refusal::BadName);
    stage.does(FoundingAction::Name("Walk".into()));
    stage.does(FoundingAction::Choose(id("b")));
    stage.does(FoundingAction::Make);
    assert_eq!(founding(&stage).problem, Some(Refusal::BadName));
    assert!(!founding(&stage).busy && founding(&stage).choosing.chosen.len() == 1);
    assert!(stage.app.context.place == Place::Main(Pane::Founding));
    stage.node.refuses_groups = None;
    stage.does(FoundingAction::Make);
    assert!(stage.app.context.place == Place::Main(Pane::Thread));
}

#[test]
fn a_group_does_not_open_over_what_the_user_has_gone_to() {
    let mut stage = on_the_page();
    stage.does(FoundingAction::Name("Walk".into()));
    stage.act(FoundingAction::Make);
    stage.act(Action::ShowNetwork);
    stage.answer();
    assert!(stage.app.context.place == Place::Main(Pane::Network));
    let mut rows = stage.app.pages.chats.rows.iter();
    assert!(rows.any(|row| row.id == group_id("1")), "it is in the list");
}

#[test]
fn a_blocked_contact_is_not_offered() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.talk("a").contact.blocked = true;
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    stage.does(FoundingAction::Show);
    assert_eq!(names(&stage), ["Ben"]);
}

#[test]
fn a_locked_screen_forgets_what_was_typed() {
    let mut stage = on_the_page();
    stage.does(FoundingAction::Name("Walk".into()));
    stage.does(FoundingAction::Choose(id("b")));
    stage.does(DoorAction::LockScreen);
    let founding = founding(&stage);
    assert!(founding.name.is_empty() && founding.choosing.candidates.is_empty());
}
