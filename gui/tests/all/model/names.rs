//! Names and clocks of contacts, which mislead nobody.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

fn names(stage: &Stage) -> Vec<&str> {
    let rows = stage.app.pages.chats.rows.iter();
    rows.map(|row| row.face.name.as_str()).collect()
}

/// Something about a contact has changed at the node.
fn becomes(stage: &mut Stage, letter: &str, change: impl FnOnce(&mut Contact)) {
    change(&mut stage.talk(letter).contact);
    stage.happens(Event::Contact {
        contact: id(letter),
    });
    stage.later(1_000);
}

fn renamed(stage: &mut Stage, name: &str) {
    becomes(stage, "a", |contact| {
        contact.former_name = Some(contact.name.clone());
        contact.own_name = Private(name.into());
        contact.name = contact.own_name.clone();
    });
}

#[test]
fn a_contact_from_the_year_2030_goes_down_the_list_as_others_write() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage
        .talk("a")
        .add("from 2030", false, NOON + 4 * 365 * 86_400_000);
    stage.talk("a").conversation.active_ms = NOON - 60_000;
    becomes(&mut stage, "a", |_| ());
    assert_eq!(names(&stage), ["Ana", "Ben"]);
    stage.talk("b").add("from today", false, NOON - 30_000);
    becomes(&mut stage, "b", |_| ());
    assert_eq!(names(&stage), ["Ben", "Ana"]);
}

#[test]
fn contacts_whose_names_look_alike_show_the_beginning_of_their_ids() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    becomes(&mut stage, "a", |contact| contact.lookalike = true);
    let face = &stage.row("a").face;
    assert_eq!(
        (face.name.as_str(), face.initials.as_str()),
        ("Ana (aaaaaaaa)", "A")
    );
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    assert_eq!(stage.thread().face.name, "Ana (aaaaaaaa)");
}

#[test]
fn a_contact_that_gave_itself_another_name_keeps_the_one_that_the_user_wants() {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    assert_eq!(stage.thread().face.former_name, None);
    renamed(&mut stage, "Eve");
    let face = &stage.thread().face;
    assert_eq!(
        (face.former_name.as_deref(), face.name.as_str()),
        (Some("Ana"), "Eve")
    );
    stage.does(Action::ShowPerson(id("a")));
    stage.does(PersonAction::DecideName { keep: true });
    let person = stage.app.pages.person.open.as_ref().unwrap();
    assert_eq!(
        (person.face.name.as_str(), person.own_name.as_str()),
        ("Ana", "Eve")
    );
    assert_eq!(
        (person.alias.as_str(), person.may_save_alias),
        ("Ana", false)
    );
    assert_eq!(stage.thread().face.former_name, None);

    renamed(&mut stage, "Mallory");
    stage.does(PersonAction::DecideName { keep: false });
    let person = stage.app.pages.person.open.as_ref().unwrap();
    assert_eq!(person.face.name, "Mallory");
    assert_eq!((person.alias.as_str(), person.may_save_alias), ("", false));
}

#[test]
fn a_sent_draft_needs_no_request_of_its_own() {
    let mut stage = Stage::talking(1);
    stage.does(ThreadAction::Draft("to be sent".into()));
    stage.later(20_000);
    assert!(stage.talk("a").conversation.draft.is_some());
    stage.log.clear();
    stage.does(ThreadAction::Send);
    stage.later(20_000);
    assert!(stage.log.contains(&"Send".to_owned()));
    assert!(!stage.log.contains(&"SetDraft".to_owned()));
    assert_eq!(stage.app.pages.chats.rows[0].draft, None);
    assert_eq!(stage.talk("a").conversation.draft, None);
    // What is written next is kept as ever.
    stage.does(ThreadAction::Draft("and then".into()));
    stage.later(20_000);
    assert!(stage.log.contains(&"SetDraft".to_owned()));
}
