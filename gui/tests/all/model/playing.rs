//! Voice notes that are played.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

/// A conversation whose voice notes last this many seconds each.
fn with_voices(seconds: &[u32]) -> (Stage, Vec<MessageId>) {
    let mut stage = Stage::talking(1);
    let ids = seconds.iter().map(|seconds| {
        let id = stage.comes("a", "");
        changes(&mut stage, &id, |talk| {
            talk.attach_voice(&id, *seconds, FileState::Here);
        });
        id
    });
    let ids = ids.collect();
    stage.done.clear();
    (stage, ids)
}

fn changes(stage: &mut Stage, id: &MessageId, change: impl FnOnce(&mut Talk)) {
    change(stage.talk("a"));
    stage.happens(Event::MessageChanged {
        conversation: chat_id("a"),
        id: id.clone(),
    });
    stage.later(200);
}

fn toggle(id: &MessageId) -> PlayingAction {
    PlayingAction::Toggle(Voiced::Message(id.clone()))
}

/// What the loudspeaker was told since this was asked last.
fn told(stage: &mut Stage) -> Vec<Play> {
    let done = std::mem::take(&mut stage.done).into_iter();
    let orders = done.filter_map(|effect| match effect {
        Effect::Play(order) => Some(order),
        _ => None,
    });
    orders.collect()
}

/// The ticket and the place of the play that begins.
fn begun(stage: &mut Stage) -> (Ticket, u32, Tempo) {
    match &told(stage)[..] {
        [
            ..,
            Play::Begin {
                ticket,
                from_ms,
                tempo,
                ..
            },
        ] => (*ticket, *from_ms, *tempo),
        other => panic!("nothing begins: {other:?}"),
    }
}

fn on(stage: &Stage) -> Option<&OnPlayer> {
    stage.app.pages.playing.on.as_ref()
}

#[test]
fn a_voice_note_plays_pauses_goes_on_and_is_sought() {
    let (mut stage, ids) = with_voices(&[20]);
    stage.does(toggle(&ids[0]));
    let (ticket, from_ms, _) = begun(&mut stage);
    assert_eq!(from_ms, 0);
    stage.does(PlayingAction::Report(ticket, Played::Place(5_000)));
    assert_eq!(on(&stage).expect("it plays").place_ms, 5_000);
    stage.does(toggle(&ids[0]));
    assert!(matches!(told(&mut stage)[..], [Play::Pause]));
    assert_eq!(on(&stage).expect("it is there").stage, PlayStage::Paused);
    stage.does(PlayingAction::Seek(Voiced::Message(ids[0].clone()), 0.75));
    assert!(matches!(told(&mut stage)[..], [Play::Seek(15_000)]));
    stage.does(toggle(&ids[0]));
    assert!(matches!(told(&mut stage)[..], [Play::GoOn]));
    stage.does(PlayingAction::Report(ticket, Played::Ended));
    assert!(on(&stage).is_none());
}

#[test]
fn one_that_is_sought_before_it_plays_begins_there() {
    let (mut stage, ids) = with_voices(&[20]);
    stage.does(PlayingAction::Seek(Voiced::Message(ids[0].clone()), 0.5));
    assert_eq!(begun(&mut stage).1, 10_000);
}

#[test]
fn the_next_one_plays_by_itself_as_fast() {
    let (mut stage, ids) = with_voices(&[3, 4]);
    stage.does(toggle(&ids[0]));
    let (first, _, _) = begun(&mut stage);
    stage.does(PlayingAction::NextTempo);
    assert!(matches!(told(&mut stage)[..], [Play::At(Tempo::Faster)]));
    stage.does(PlayingAction::Report(first, Played::Ended));
    let (second, _, tempo) = begun(&mut stage);
    assert_eq!(tempo, Tempo::Faster);
    assert_eq!(
        on(&stage).expect("it plays").what,
        Voiced::Message(ids[1].clone())
    );
    // What the first reports late is about nothing any more.
    stage.does(PlayingAction::Report(first, Played::Ended));
    stage.does(PlayingAction::Report(first, Played::Place(2_000)));
    assert_eq!(on(&stage).expect("it plays").place_ms, 0);
    stage.does(PlayingAction::Report(second, Played::Ended));
    assert!(on(&stage).is_none());
}

#[test]
fn a_voice_note_that_is_not_here_does_not_play_and_is_passed_over() {
    let (mut stage, ids) = with_voices(&[3, 4, 5]);
    changes(&mut stage, &ids[1], |talk| {
        talk.attach_voice(&ids[1], 4, FileState::Declined);
    });
    stage.does(toggle(&ids[1]));
    assert!(on(&stage).is_none());
    stage.does(toggle(&ids[0]));
    let (first, _, _) = begun(&mut stage);
    stage.does(PlayingAction::Report(first, Played::Ended));
    assert_eq!(
        on(&stage).expect("it plays").what,
        Voiced::Message(ids[2].clone())
    );
}

#[test]
fn it_falls_silent_when_its_message_is_deleted_its_conversation_left_or_the_screen_locked() {
    for way in 0..3 {
        let (mut stage, ids) = with_voices(&[3]);
        stage.does(toggle(&ids[0]));
        begun(&mut stage);
        match way {
            0 => {
                stage.talk("a").messages.retain(|one| one.id != ids[0]);
                stage.happens(Event::MessageGone {
                    conversation: chat_id("a"),
                    id: ids[0].clone(),
                });
            }
            1 => stage.does(Action::Back),
            _ => stage.does(DoorAction::LockScreen),
        }
        assert!(on(&stage).is_none(), "way {way}");
        assert!(matches!(told(&mut stage)[..], [Play::Stop]), "way {way}");
    }
}

#[test]
fn it_falls_silent_before_the_microphone_listens() {
    let (mut stage, ids) = with_voices(&[3]);
    stage.does(toggle(&ids[0]));
    begun(&mut stage);
    stage.does(RecordingAction::Begin { held: false });
    assert!(on(&stage).is_none());
}

#[test]
fn what_was_deleted_for_all_is_not_heard_any_longer() {
    let (mut stage, ids) = with_voices(&[3]);
    stage.does(toggle(&ids[0]));
    begun(&mut stage);
    changes(&mut stage, &ids[0], |talk| talk.delete(&ids[0], NOON));
    assert!(on(&stage).is_none());
    assert!(matches!(told(&mut stage)[..], [Play::Stop]));
}

#[test]
fn what_is_stopped_while_it_is_decoded_never_begins() {
    let (mut stage, ids) = with_voices(&[3]);
    stage.act(toggle(&ids[0]));
    let asked = std::mem::take(&mut stage.asked);
    stage.act(toggle(&ids[0]));
    assert!(on(&stage).is_none());
    stage.asked.extend(asked);
    stage.answer();
    let orders = told(&mut stage);
    assert!(
        !orders
            .iter()
            .any(|order| matches!(order, Play::Begin { .. }))
    );
}

#[test]
fn why_nothing_is_heard_is_told() {
    let (mut stage, ids) = with_voices(&[3]);
    stage.node.cannot_decode = true;
    stage.does(toggle(&ids[0]));
    assert!(stage.app.banner.shown == Some(Banner::NotPlayed));
    stage.node.cannot_decode = false;
    stage.does(toggle(&ids[0]));
    let (ticket, _, _) = begun(&mut stage);
    let silent = Silent::NoLoudspeaker;
    stage.does(PlayingAction::Report(
        ticket,
        Played::Silent(silent.clone()),
    ));
    assert!(stage.app.banner.shown == Some(Banner::Silent(silent)));
    assert!(on(&stage).is_none());
}

#[test]
fn one_writes_and_reads_on_while_it_plays() {
    let (mut stage, ids) = with_voices(&[3]);
    stage.does(toggle(&ids[0]));
    begun(&mut stage);
    stage.does(ThreadAction::Draft("I hear you".into()));
    stage.does(ThreadAction::Send);
    stage.comes("a", "good");
    assert!(on(&stage).is_some());
    assert!(told(&mut stage).is_empty());
}
