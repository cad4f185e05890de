//! Messages that are forwarded.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

/// Open, in a conversation with Ana who wrote this, and what is asked where it is to go.
fn asked() -> Stage {
    let mut stage = Stage::open(&["Ana", "Ben", "Cleo"]);
    let theirs = stage.talk("a").add("the key is at the office", false, NOON);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.later(1_000);
    stage.does(ThreadAction::Forward(theirs));
    stage
}

fn forwarding(stage: &Stage) -> &Forwarding {
    match &stage.app.pages.dialog.open {
        Some(Dialog::Forward(forwarding)) => forwarding,
        _ => panic!("nothing is asked"),
    }
}

fn names(stage: &Stage) -> Vec<&str> {
    let receivers = forwarding(stage).receivers.iter();
    receivers.map(|one| one.face.name.as_str()).collect()
}

#[test]
fn a_message_goes_to_those_who_were_chosen_and_to_nobody_before() {
    let mut stage = asked();
    assert_eq!(names(&stage), ["Ben", "Cleo"], "not where it stands");
    stage.act(DialogAction::Confirm);
    assert!(forwarding(&stage).chosen.is_empty() && stage.asked.is_empty());
    stage.does(DialogAction::ChooseReceiver(chat_id("c")));
    stage.does(DialogAction::ChooseReceiver(chat_id("b")));
    stage.does(DialogAction::ChooseReceiver(chat_id("c")));
    stage.act(DialogAction::Confirm);
    let to = stage.asked.iter().find_map(|request| match request {
        Request::Call(Call::Forward(from, _, to)) => Some((from.clone(), to.clone())),
        _ => None,
    });
    assert_eq!(to, Some((chat_id("a"), vec![chat_id("b")])));
    assert!(stage.app.banner.shown.is_none(), "not before it is done");
    stage.answer();
    assert!(stage.app.banner.shown == Some(Banner::Forwarded));
}

#[test]
fn who_is_chosen_stays_chosen_while_others_are_looked_for() {
    let mut stage = asked();
    stage.does(DialogAction::ChooseReceiver(chat_id("b")));
    stage.does(DialogAction::FindReceiver("cl".into()));
    assert_eq!(names(&stage), ["Cleo"]);
    stage.does(DialogAction::ChooseReceiver(chat_id("c")));
    assert_eq!(forwarding(&stage).chosen.len(), 2);
}

#[test]
fn nothing_is_forwarded_to_whom_nobody_can_write() {
    let mut stage = asked();
    stage.does(DialogAction::Dismiss);
    stage.talk("b").contact.blocked = true;
    stage.happens(Event::Contact { contact: id("b") });
    stage.later(1_000);
    let theirs = stage.talk("a").messages[0].id.clone();
    stage.does(ThreadAction::Forward(theirs));
    assert_eq!(names(&stage), ["Cleo"]);
}
