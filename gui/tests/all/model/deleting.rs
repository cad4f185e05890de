//! Messages that are deleted.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

/// A conversation with Ana: a message of hers, an answer of ours, and a last one of hers.
fn talked() -> (Stage, [MessageId; 3]) {
    let mut stage = Stage::open(&["Ana"]);
    let talk = stage.talk("a");
    let theirs = talk.add("who has the key?", false, NOON - 60_000);
    let ours = talk.add("the office", true, NOON);
    talk.reply(&ours, &theirs);
    let last = talk.add("thanks", false, NOON);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.later(1_000);
    stage.log.clear();
    (stage, [theirs, ours, last])
}

fn asked(stage: &Stage) -> &Deleting {
    match &stage.app.pages.dialog.open {
        Some(Dialog::DeleteMessage(asked)) => asked,
        _ => panic!("nothing is asked"),
    }
}

fn changed(stage: &mut Stage, id: &MessageId) {
    let (conversation, id) = (chat_id("a"), id.clone());
    stage.happens(Event::MessageChanged { conversation, id });
    stage.later(2_000);
}

fn gone(stage: &Stage, id: &MessageId) -> Option<Gone> {
    let mut rows = stage.thread().rows.iter();
    rows.find_map(|row| match &row.kind {
        RowKind::Message(message) if message.id == *id => Some(message.gone.as_deref().cloned()),
        _ => None,
    })
    .expect("its place is left")
}

#[test]
fn nothing_is_deleted_before_it_was_asked_for_whom() {
    let (mut stage, [theirs, ours, _]) = talked();
    for (id, for_all) in [(theirs, false), (ours, true)] {
        stage.does(ThreadAction::Delete(id));
        assert_eq!(asked(&stage).for_all, for_all);
        assert!(!stage.log.iter().any(|asked| asked == "Delete"));
        stage.does(DialogAction::Dismiss);
        assert!(stage.app.pages.dialog.open.is_none());
    }
    assert_eq!(stage.thread().total, 3);
    assert!(!stage.log.iter().any(|asked| asked == "Delete"));
}

#[test]
fn a_message_deleted_here_leaves_the_view_and_answers_say_that_it_is_gone() {
    let (mut stage, [theirs, ours, last]) = talked();
    stage.does(ThreadAction::Delete(theirs));
    stage.does(DialogAction::Delete { for_all: false });
    assert!(stage.app.pages.dialog.open.is_none());
    let said = ["= 5-14", "the office", "thanks"];
    assert_eq!(texts(stage.thread()), said);
    let quote = message(stage.thread(), "the office").quote.clone();
    assert!(quote.expect("an answer").original == QuotedOriginal::Gone);
    let jumps = |stage: &mut Stage| stage.app.pages.thread.open.as_mut().unwrap().take_scroll();
    jumps(&mut stage);

    for id in [ours, last] {
        stage.does(ThreadAction::Delete(id));
        stage.does(DialogAction::Delete { for_all: false });
        stage.later(2_000);
    }
    assert!(stage.thread().rows.is_empty() && stage.thread().total == 0);
    assert!(stage.row("a").last.is_none());
    let told = |effect: &Effect| matches!(effect, Effect::Notify(_));
    assert!(!stage.done.iter().any(told) && stage.app.banner.shown.is_none());
}

#[test]
fn theirs_is_never_deleted_for_everyone() {
    let (mut stage, [theirs, ..]) = talked();
    stage.does(ThreadAction::Delete(theirs.clone()));
    stage.act(DialogAction::Delete { for_all: true });
    let asked = stage.asked.iter().find_map(|request| match request {
        Request::Call(Call::Delete(_, id, for_all)) => Some((id.clone(), *for_all)),
        _ => None,
    });
    assert_eq!(asked, Some((theirs, false)));
}

#[test]
fn a_deletion_for_everyone_tells_whom_it_waits_for_and_when_it_is_done() {
    let (mut stage, [_, ours, last]) = talked();
    stage.does(ThreadAction::Delete(ours.clone()));
    stage.does(DialogAction::Delete { for_all: true });
    stage.later(2_000);
    assert!(gone(&stage, &ours) == Some(Gone::Waits("Ana".into())));
    assert!(gone(&stage, &last).is_none());

    stage.talk("a").removed(&ours, RemovalState::Unsupported);
    changed(&mut stage, &ours);
    assert!(gone(&stage, &ours) == Some(Gone::Kept("Ana".into())));

    let at_ms = NOON + 2 * 60_000;
    stage
        .talk("a")
        .removed(&ours, RemovalState::Removed { at_ms });
    changed(&mut stage, &ours);
    let Some(Gone::Removed { name, time }) = gone(&stage, &ours) else {
        panic!("every device has removed it");
    };
    assert_eq!(
        (name.as_deref(), time.hour, time.minute),
        (Some("Ana"), 12, 2)
    );

    // It can be taken away here, too.
    stage.does(ThreadAction::Delete(ours));
    assert!(!asked(&stage).for_all);
}

#[test]
fn of_several_people_those_are_named_who_have_not_removed_it() {
    let (mut stage, [_, ours, _]) = talked();
    stage.talk("a").delete(&ours, NOON);
    let message = stage.talk("a").message(&ours).unwrap();
    let deleted = message.deleted.as_mut().unwrap();
    let mut of_another = deleted.removals[0].clone();
    of_another.contact = id("b");
    of_another.state = RemovalState::Removed { at_ms: NOON };
    deleted.removals.push(of_another);
    changed(&mut stage, &ours);
    assert!(gone(&stage, &ours) == Some(Gone::Waits("Ana".into())));

    stage
        .talk("a")
        .removed(&ours, RemovalState::Removed { at_ms: NOON });
    changed(&mut stage, &ours);
    assert!(matches!(
        gone(&stage, &ours),
        Some(Gone::Removed { name: None, .. })
    ));
}

#[test]
fn whose_version_does_not_delete_is_told_before() {
    let (mut stage, [theirs, ours, _]) = talked();
    stage.talk("a").contact.cannot_show = vec![Feature::Deletions];
    stage.happens(Event::Contact { contact: id("a") });
    stage.later(1_000);
    stage.does(ThreadAction::Delete(ours));
    assert_eq!(asked(&stage).without, "Ana");
    stage.does(ThreadAction::Delete(theirs));
    assert_eq!(asked(&stage).without, "");
}

#[test]
fn the_list_says_that_the_newest_message_was_deleted() {
    let (mut stage, [.., last]) = talked();
    stage.talk("a").delete(&last, NOON);
    changed(&mut stage, &last);
    assert!(
        stage
            .row("a")
            .last
            .as_ref()
            .is_some_and(|last| last.deleted)
    );
}
