//! The files of a conversation.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

/// A conversation with Ana that has a picture, a file, and this many other pictures before them.
fn with_files(older: usize) -> (Stage, Vec<MessageId>) {
    let mut stage = Stage::open(&["Ana"]);
    let talk = stage.talk("a");
    let mut ids = Vec::new();
    for at in 0..older + 2 {
        talk.add("between", true, NOON - 1_000_000 + at as i64);
        let id = talk.add("", false, NOON - 1_000_000 + at as i64);
        match at == older {
            true => talk.attach(&id, "notes.pdf", 20_000, FileState::Here),
            false => talk.attach_picture(&id, &format!("{at}.jpg"), 9_000, FileState::Here),
        }
        ids.push(id);
    }
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    (stage, ids)
}

fn media(stage: &Stage) -> &Media {
    &stage.app.pages.media
}

fn names(stage: &Stage) -> Vec<&str> {
    let rows = media(stage).rows.iter();
    rows.map(|row| row.card.name.as_str()).collect()
}

#[test]
fn the_files_of_a_conversation_stand_on_a_page_the_newest_first() {
    let (mut stage, _) = with_files(1);
    stage.act(MediaAction::Open(chat_id("a")));
    assert!(stage.app.context.place == Place::Main(Pane::Media));
    assert!(!media(&stage).is_told);
    stage.answer();
    assert!(media(&stage).is_told);
    assert_eq!(names(&stage), ["2.jpg", "notes.pdf", "0.jpg"]);
    let rows = &media(&stage).rows;
    assert!(matches!(rows[0].card.preview, Preview::Here(_)));
    assert_eq!(rows[1].card.preview, Preview::Nothing);
    assert_eq!(rows[0].sender.as_deref(), Some("Ana"));
}

#[test]
fn a_conversation_without_files_says_so() {
    let mut stage = Stage::talking(3);
    stage.does(MediaAction::Open(chat_id("a")));
    assert!(media(&stage).is_told && media(&stage).rows.is_empty());
}

#[test]
fn a_picture_leads_to_the_viewer_and_any_other_file_to_its_message() {
    let (mut stage, ids) = with_files(1);
    stage.does(MediaAction::Open(chat_id("a")));
    stage.does(MediaAction::GoMarked);
    let viewer = stage.app.pages.viewer.open.as_ref().expect("it is open");
    assert!(viewer.card.name == "2.jpg" && viewer.has_earlier && !viewer.has_later);
    stage.does(ViewerAction::Step { later: false });
    stage.does(Action::Back);
    assert!(stage.app.context.place == Place::Main(Pane::Media));
    stage.does(MediaAction::Move { down: true });
    stage.does(MediaAction::GoMarked);
    stage.later(1_000);
    assert!(stage.app.context.place == Place::Main(Pane::Thread));
    let rows = stage.thread().rows.iter();
    let mut shown = rows.filter(|row| row.id == ids[1].0);
    assert!(shown.next().is_some());
}

#[test]
fn older_files_come_as_the_end_comes_into_view() {
    let (mut stage, _) = with_files(60);
    stage.does(MediaAction::Open(chat_id("a")));
    let first = names(&stage).len();
    assert!(first < 62);
    stage.act(MediaAction::NearEnd);
    stage.act(MediaAction::NearEnd);
    let pages = |request: &&Request| matches!(request, Request::Files { .. });
    assert_eq!(stage.asked.iter().filter(pages).count(), 1, "one at a time");
    stage.answer();
    assert_eq!(names(&stage).len(), 62);
    assert_eq!(names(&stage).last(), Some(&"0.jpg"));
    // Only what is near the view has its picture in memory.
    stage.does(MediaAction::Saw(61));
    let rows = &media(&stage).rows;
    assert_eq!(rows[0].card.preview, Preview::Awaited);
    assert!(matches!(rows[61].card.preview, Preview::Here(_)));
}

#[test]
fn a_file_that_changes_or_goes_does_so_in_the_list() {
    let (mut stage, ids) = with_files(0);
    stage.does(MediaAction::Open(chat_id("a")));
    let freed = FileState::Freed;
    stage.talk("a").attach(&ids[0], "notes.pdf", 20_000, freed);
    stage.happens(Event::MessageChanged {
        conversation: chat_id("a"),
        id: ids[0].clone(),
    });
    assert_eq!(media(&stage).rows[1].card.file.state, freed);
    stage.happens(Event::MessageGone {
        conversation: chat_id("a"),
        id: ids[0].clone(),
    });
    assert_eq!(names(&stage), ["1.jpg"]);
}

#[test]
fn the_list_of_files_is_forgotten_behind_a_lock() {
    let (mut stage, _) = with_files(1);
    stage.does(MediaAction::Open(chat_id("a")));
    stage.act(MediaAction::Open(chat_id("a")));
    stage.does(DoorAction::LockScreen);
    assert!(media(&stage).rows.is_empty() && media(&stage).name.is_empty());
}

#[test]
fn more_files_than_a_list_holds_are_paged_through_and_back() {
    let (mut stage, _) = with_files(558);
    stage.does(MediaAction::Open(chat_id("a")));
    while !media(&stage).is_cut {
        stage.does(MediaAction::NearEnd);
    }
    assert_eq!(names(&stage).len(), 500);
    assert_eq!(names(&stage)[0], "559.jpg");
    // The arrow at the end leads on, as the button does.
    for _ in 0..500 {
        stage.does(MediaAction::Move { down: true });
    }
    assert!(media(&stage).has_newer && !media(&stage).is_cut);
    assert_eq!(names(&stage)[0], "59.jpg");
    stage.does(MediaAction::NearEnd);
    assert_eq!(names(&stage).len(), 60);
    assert_eq!(names(&stage).last(), Some(&"0.jpg"));
    stage.does(MediaAction::Older);
    assert_eq!(names(&stage).len(), 60, "there are none");
    stage.does(MediaAction::Move { down: false });
    assert!(!media(&stage).has_newer);
    assert_eq!(names(&stage)[0], "559.jpg");
}
