//! The viewer of pictures.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::files::{BROKEN, paint};
use crate::stage::*;

/// A conversation with Ana that has these pictures of hers.
fn with_pictures(names: &[&str], state: FileState) -> (Stage, Vec<MessageId>) {
    let mut stage = Stage::open(&["Ana"]);
    let talk = stage.talk("a");
    let add = |(at, name): (usize, &&str)| {
        let id = talk.add("", false, NOON - (names.len() - at) as i64 * 60_000);
        talk.attach_picture(&id, name, 1_200_000, state);
        id
    };
    let ids: Vec<_> = names.iter().enumerate().map(add).collect();
    talk.read = ids.last().cloned();
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    (stage, ids)
}

fn viewer(stage: &Stage) -> &Viewer {
    stage.app.pages.viewer.open.as_ref().expect("it is open")
}

fn name(stage: &Stage) -> &str {
    &viewer(stage).card.name
}

const STEP_EARLIER: ViewerAction = ViewerAction::Step { later: false };
const STEP_LATER: ViewerAction = ViewerAction::Step { later: true };

#[test]
fn a_picture_opens_and_arrows_lead_through_the_others() {
    let names = ["one.jpg", "two.jpg", "three.jpg"];
    let (mut stage, ids) = with_pictures(&names, FileState::Here);
    stage.act(FileAction::View(ids[1].clone()));
    assert_eq!(name(&stage), "two.jpg");
    assert_eq!(viewer(&stage).whole, Whole::Awaited);
    assert!(matches!(viewer(&stage).card.preview, Preview::Awaited));
    stage.answer();
    assert!(matches!(viewer(&stage).whole, Whole::Here(_)));
    assert_eq!(viewer(&stage).sender.as_deref(), Some("Ana"));
    stage.does(STEP_LATER);
    assert_eq!(name(&stage), "three.jpg");
    assert!(!viewer(&stage).has_later && viewer(&stage).has_earlier);
    stage.does(STEP_LATER);
    assert_eq!(name(&stage), "three.jpg", "there is no further one");
    stage.does(STEP_EARLIER);
    stage.does(STEP_EARLIER);
    assert_eq!(name(&stage), "one.jpg");
    stage.does(Action::Back);
    assert!(stage.app.pages.viewer.open.is_none());
    assert!(stage.app.context.place == Place::Main(Pane::Thread));
}

#[test]
fn one_picture_is_decoded_at_a_time_however_fast_one_steps() {
    let names = ["one.jpg", "two.jpg", "three.jpg", "four.jpg"];
    let (mut stage, ids) = with_pictures(&names, FileState::Here);
    stage.act(FileAction::View(ids[3].clone()));
    for _ in 0..3 {
        stage.act(STEP_EARLIER);
    }
    let decodes = |request: &&Request| matches!(request, Request::Picture { .. });
    assert_eq!(stage.asked.iter().filter(decodes).count(), 1);
    // What was passed by is not shown in place of the present one.
    let late = paint("late", 8);
    stage.handle(Update::Picture(chat_id("a"), ids[3].clone(), Some(late)));
    assert_eq!(viewer(&stage).whole, Whole::Awaited);
    stage.answer();
    assert!(matches!(viewer(&stage).whole, Whole::Here(_)));
    assert_eq!(name(&stage), "one.jpg");
}

#[test]
fn pictures_from_long_ago_are_reached_page_by_page() {
    let names: Vec<_> = (0..260).map(|at| format!("{at}.jpg")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let (mut stage, ids) = with_pictures(&names, FileState::Freed);
    stage.does(FileAction::View(ids[259].clone()));
    for _ in 0..259 {
        stage.does(STEP_EARLIER);
    }
    assert_eq!(name(&stage), "0.jpg");
    assert!(!viewer(&stage).has_earlier);
}

#[test]
fn pictures_after_what_is_loaded_of_the_conversation_are_reached_too() {
    let names: Vec<_> = (0..260).map(|at| format!("{at}.jpg")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let (mut stage, ids) = with_pictures(&names, FileState::Freed);
    stage.does(ThreadAction::JumpTo(ids[3].clone()));
    assert!(!stage.thread().at_newest);
    stage.does(FileAction::View(ids[3].clone()));
    for _ in 3..259 {
        stage.does(STEP_LATER);
    }
    assert_eq!(name(&stage), "259.jpg");
    assert!(!viewer(&stage).has_later);
    // One comes while the last one is looked at.
    let new = stage.talk("a").add("", false, NOON);
    let here = FileState::Freed;
    stage
        .talk("a")
        .attach_picture(&new, "new.jpg", 1_200_000, here);
    stage.happens(Event::Message {
        conversation: chat_id("a"),
        id: new,
        author: Some(id("a")),
    });
    stage.does(STEP_LATER);
    assert_eq!(name(&stage), "new.jpg");
}

#[test]
fn one_that_is_not_loaded_shows_the_small_one_and_can_be_loaded_there() {
    let why = Offered::Large;
    let (mut stage, ids) = with_pictures(&["one.jpg"], FileState::Offered { why });
    stage.does(FileAction::View(ids[0].clone()));
    assert_eq!(viewer(&stage).whole, Whole::NotHere);
    assert!(matches!(viewer(&stage).card.preview, Preview::Here(_)));
    assert!(viewer(&stage).card.offers.load);
    stage.does(ViewerAction::Load(true));
    assert!(viewer(&stage).card.offers.stop);
    let here = FileState::Here;
    let talk = stage.talk("a");
    talk.attach_picture(&ids[0], "one.jpg", 1_200_000, here);
    stage.happens(Event::MessageChanged {
        conversation: chat_id("a"),
        id: ids[0].clone(),
    });
    assert!(matches!(viewer(&stage).whole, Whole::Here(_)));
    stage.does(ViewerAction::Save);
    let saved = Private("/home/fay/Downloads/one.jpg".into());
    assert!(stage.app.banner.shown == Some(Banner::FileSaved(saved)));
    assert!(!viewer(&stage).card.saving);
}

#[test]
fn one_that_cannot_be_decoded_says_so() {
    let (mut stage, ids) = with_pictures(&[BROKEN], FileState::Here);
    stage.does(FileAction::View(ids[0].clone()));
    assert_eq!(viewer(&stage).whole, Whole::Unfit);
    assert_eq!(viewer(&stage).card.preview, Preview::Nothing);
}

#[test]
fn a_picture_that_goes_makes_way_for_the_one_beside_it() {
    let names = ["one.jpg", "two.jpg"];
    let (mut stage, ids) = with_pictures(&names, FileState::Here);
    stage.does(FileAction::View(ids[1].clone()));
    for (gone, shown) in [(1, Some("one.jpg")), (0, None)] {
        stage.talk("a").messages.remove(gone);
        stage.happens(Event::MessageGone {
            conversation: chat_id("a"),
            id: ids[gone].clone(),
        });
        let open = stage.app.pages.viewer.open.as_ref();
        assert_eq!(open.map(|viewer| viewer.card.name.as_str()), shown);
    }
}

#[test]
fn a_lock_closes_the_viewer_and_lets_go_of_its_picture() {
    let (mut stage, ids) = with_pictures(&["one.jpg"], FileState::Here);
    stage.act(FileAction::View(ids[0].clone()));
    let picture = paint("one.jpg", 900);
    let pixels = std::sync::Arc::downgrade(picture.pixels());
    let told = Update::Picture(chat_id("a"), ids[0].clone(), Some(picture));
    stage.handle(told);
    assert_eq!(pixels.strong_count(), 1);
    stage.does(DoorAction::LockScreen);
    assert!(stage.app.pages.viewer.open.is_none());
    assert_eq!(pixels.strong_count(), 0);
}
