//! The list of conversations.

use std::collections::BTreeSet;

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

#[test]
fn the_newest_conversation_is_first_and_the_filter_finds_names() {
    let mut stage = Stage::open(&["Ana", "Ben", "Élodie"]);
    stage.talk("b").add("old", false, NOON - 60_000);
    stage.happens(Event::Missed);
    stage.later(1_000);
    stage.comes("c", "new");
    let names = |stage: &Stage| -> Vec<String> {
        stage
            .app
            .pages
            .chats
            .rows
            .iter()
            .map(|row| row.face.name.clone())
            .collect()
    };
    assert_eq!(names(&stage), ["Élodie", "Ben", "Ana"]);
    stage.comes("b", "newer");
    assert_eq!(names(&stage), ["Ben", "Élodie", "Ana"]);
    let row = &stage.app.pages.chats.rows[0];
    assert_eq!((row.unread, row.face.initials.as_str()), (2, "B"));
    assert_eq!(row.last.as_ref().unwrap().text.as_deref(), Some("newer"));
    assert_eq!(stage.app.pages.chats.unread, 3);

    stage.does(ChatsAction::Filter("éLO".into()));
    assert_eq!(names(&stage), ["Élodie"]);
    assert_eq!(stage.app.pages.chats.total, 3);
    stage.does(ChatsAction::Filter("nobody".into()));
    assert!(names(&stage).is_empty());
    stage.does(ChatsAction::Filter(String::new()));
    assert_eq!(names(&stage).len(), 3);
}

#[test]
fn the_list_is_walked_by_keyboard() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.does(ChatsAction::Step { down: true });
    assert_eq!(stage.thread().face.name, "Ana");
    stage.does(ChatsAction::Step { down: true });
    assert_eq!(stage.thread().face.name, "Ben");
    stage.does(ChatsAction::Step { down: true });
    assert_eq!(stage.thread().face.name, "Ben");
    stage.does(ChatsAction::Step { down: false });
    assert_eq!(stage.thread().face.name, "Ana");
    assert!(stage.app.pages.chats.rows[0].selected);
}

#[test]
fn names_of_peers_cannot_turn_or_empty_what_is_around_them() {
    let mut stage = Stage::open(&["A\u{202e}na\n\u{7}", "\u{200b}\u{2066}"]);
    let mut names: Vec<_> = stage
        .app
        .pages
        .chats
        .rows
        .iter()
        .map(|row| row.face.name.clone())
        .collect();
    names.sort();
    assert_eq!(names, ["Ana", "bbbbbbbb"]);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    assert_eq!(stage.thread().face.name, "Ana");
}

#[test]
fn a_burst_of_events_is_few_questions() {
    let mut stage = Stage::talking(50);
    stage.log.clear();
    for number in 0..1_000 {
        let message = stage.talk("a").add(&format!("burst {number}"), false, NOON);
        stage.happens(Event::Message {
            conversation: chat_id("a"),
            id: message,
            author: Some(id("a")),
        });
        stage.later(1);
    }
    stage.later(1_000);
    // A second of it: a page each 50 ms and a look at the conversation each 150 ms.
    let pages = stage.log.iter().filter(|name| *name == "Page").count();
    let looks = stage
        .log
        .iter()
        .filter(|name| *name == "Conversation")
        .count();
    assert!(pages <= 60, "{pages} pages");
    assert!(looks <= 12, "{looks} looks");
    assert_eq!(stage.thread().total, 1_050);
    assert_eq!(stage.app.pages.chats.rows[0].unread, 1_000);
}

#[test]
fn a_conversation_with_several_members_is_one_row_and_names_whom_it_waits_for() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    let talk = stage.talk("a");
    talk.conversation.members = vec![id("a"), id("b")];
    let (text, from_ben) = ("to both", "from Ben");
    let ours = talk.add(text, true, NOON);
    let to_ben = Delivery {
        contact: id("b"),
        device: DeviceId("d2".repeat(8)),
        state: DeliveryState::Queued { why: None },
    };
    let theirs = talk.add(from_ben, false, NOON + 1);
    let message = talk.message(&theirs).unwrap();
    message.author = Some(id("b"));
    talk.message(&ours).unwrap().deliveries.push(to_ben);
    stage.happens(Event::Missed);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.later(1_000);
    assert_eq!(stage.app.pages.chats.rows.len(), 2);
    assert_eq!(stage.thread().members, [id("a"), id("b")]);
    stage.log.clear();
    stage.does(ThreadAction::Details(ours));
    let ways = stage.log.iter().filter(|name| *name == "Ways").count();
    let Some(Dialog::MessageDetails(details)) = &stage.app.pages.dialog.open else {
        panic!("no details");
    };
    let told: BTreeSet<_> = details.ways.iter().map(|way| way.contact.clone()).collect();
    assert_eq!((ways, told), (2, BTreeSet::from([id("a"), id("b")])));
    stage.does(DialogAction::Dismiss);
    stage.does(ThreadAction::Details(theirs));
    let Some(Dialog::MessageDetails(details)) = &stage.app.pages.dialog.open else {
        panic!("no details");
    };
    assert_eq!(
        details.name, "Ben",
        "its author, not the name of the conversation"
    );
}

#[test]
fn a_contact_that_leaves_takes_only_its_direct_chat_along() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.does(ChatsAction::OpenChat(chat_id("b")));
    stage.node.talks.remove(&id("a"));
    stage.happens(Event::Removed { contact: id("a") });
    stage.later(1_000);
    let shown: Vec<_> = stage
        .app
        .pages
        .chats
        .rows
        .iter()
        .map(|row| &row.id)
        .collect();
    assert_eq!(shown, [&chat_id("b")]);
    assert!(stage.thread().id == chat_id("b"));
}
