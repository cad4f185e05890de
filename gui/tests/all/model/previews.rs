//! Small pictures of messages.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;
use hedgerow_node::pictures::DECODERS;

use crate::stage::files::{BROKEN, paint};
use crate::stage::*;

/// A conversation with Ana of so many pictures of hers. Nothing that it asks for is answered yet.
fn with_pictures(count: usize, name: &str) -> (Stage, Vec<MessageId>) {
    let mut stage = Stage::open(&["Ana"]);
    let talk = stage.talk("a");
    let add = |number: usize| {
        let id = talk.add("", false, NOON - (count - number) as i64 * 60_000);
        talk.attach_picture(&id, &format!("{name}.jpg"), 1_200_000, FileState::Here);
        id
    };
    let ids = (0..count).map(add).collect();
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.act(ChatsAction::OpenChat(chat_id("a")));
    (stage, ids)
}

/// Answers everything but requests for small pictures. Gives those.
fn asked(stage: &mut Stage) -> Vec<MessageId> {
    let mut asked = Vec::new();
    while let Some(request) = stage.asked.pop_front() {
        if let Request::Preview { id, .. } = request {
            asked.push(id);
            continue;
        }
        for update in stage.node.answers(request, stage.now) {
            stage.handle(update);
        }
    }
    asked
}

fn shown(stage: &Stage, id: &MessageId) -> Preview {
    let mut rows = stage.thread().rows.iter();
    let row = rows.find_map(|row| match &row.kind {
        RowKind::Message(message) if message.id == *id => message.file.as_deref(),
        _ => None,
    });
    row.expect("it is loaded").preview.clone()
}

#[test]
fn the_place_of_a_picture_is_kept_until_it_is_decoded() {
    let (mut stage, ids) = with_pictures(1, "hill");
    assert_eq!(asked(&mut stage), ids);
    assert_eq!(shown(&stage, &ids[0]), Preview::Awaited);
    let picture = paint("hill", 320);
    stage.handle(Update::Preview(
        chat_id("a"),
        ids[0].clone(),
        Some(picture.clone()),
    ));
    assert_eq!(shown(&stage, &ids[0]), Preview::Here(picture));
}

#[test]
fn a_picture_that_cannot_be_decoded_leaves_the_card_without_one() {
    let (mut stage, ids) = with_pictures(1, BROKEN);
    stage.answer();
    assert_eq!(shown(&stage, &ids[0]), Preview::Nothing);
    stage.later(60_000);
    let asked = stage.log.iter().filter(|name| *name == "Preview");
    assert_eq!(asked.count(), 1, "once is enough");
}

#[test]
fn the_pictures_nearest_to_what_is_in_view_come_first_and_few_at_a_time() {
    let (mut stage, ids) = with_pictures(9, "hill");
    let first = asked(&mut stage);
    assert_eq!(first.len(), DECODERS);
    stage.act(ThreadAction::Seen(ids[4].clone()));
    for id in first {
        stage.handle(Update::Preview(chat_id("a"), id, None));
    }
    assert!(asked(&mut stage).contains(&ids[4]));
}

#[test]
fn a_lock_lets_go_of_the_pictures() {
    let (mut stage, ids) = with_pictures(1, "hill");
    let asked = asked(&mut stage);
    let picture = paint("hill", 320);
    let pixels = std::sync::Arc::downgrade(picture.pixels());
    let told = Update::Preview(chat_id("a"), ids[0].clone(), Some(picture));
    stage.handle(told);
    assert_eq!((asked, pixels.strong_count() > 0), (ids.clone(), true));
    stage.does(DoorAction::LockScreen);
    assert_eq!(pixels.strong_count(), 0);
    // One that is decoded only now.
    let late = paint("late", 320);
    let pixels = std::sync::Arc::downgrade(late.pixels());
    stage.handle(Update::Preview(chat_id("a"), ids[0].clone(), Some(late)));
    assert_eq!(pixels.strong_count(), 0);
}
