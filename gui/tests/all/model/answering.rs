//! Answers and edits.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

/// A conversation with Ana: a message of hers, and our answer.
fn answered() -> (Stage, MessageId, MessageId) {
    let mut stage = Stage::open(&["Ana"]);
    let talk = stage.talk("a");
    let question = talk.add("who has\nthe key?", false, NOON - 60_000);
    let answer = talk.add("the office", true, NOON);
    talk.reply(&answer, &question);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.later(1_000);
    (stage, question, answer)
}

fn changed(stage: &mut Stage, id: &MessageId) {
    let (conversation, id) = (chat_id("a"), id.clone());
    stage.happens(Event::MessageChanged { conversation, id });
    stage.later(200);
}

fn quoted(stage: &Stage, answer: &str) -> QuotedOriginal {
    let quote = message(stage.thread(), answer).quote.clone();
    quote.expect("an answer").original
}

#[test]
fn an_answer_shows_the_author_and_the_first_words_of_what_it_answers() {
    let (mut stage, question, _) = answered();
    let QuotedOriginal::Here { author, text } = quoted(&stage, "the office") else {
        panic!("it is here");
    };
    assert_eq!(author.expect("hers").name, "Ana");
    assert_eq!(text.as_deref(), Some("who has the key?"));
    assert!(message(stage.thread(), "who has\nthe key?").quote.is_none());

    stage.does(ThreadAction::JumpTo(question.clone()));
    let scroll = stage.app.pages.thread.open.as_mut().unwrap().take_scroll();
    assert_eq!(scroll, Some(Scroll::Row(question.0)));
}

#[test]
fn an_answer_names_its_author_as_the_contact_is_called_now() {
    let (mut stage, ..) = answered();
    stage.does(Action::ShowPerson(id("a")));
    stage.talk("a").contact.name = Private("Anna".into());
    stage.happens(Event::Contact { contact: id("a") });
    stage.later(1_000);
    let QuotedOriginal::Here { author, .. } = quoted(&stage, "the office") else {
        panic!("it is here");
    };
    assert_eq!(author.expect("hers").name, "Anna");
}

#[test]
fn an_answer_says_that_its_original_is_gone_or_not_here() {
    let (mut stage, _, answer) = answered();
    for (original, is_shown) in [
        (
            Original::NotHere,
            (|shown| matches!(shown, QuotedOriginal::NotHere)) as fn(QuotedOriginal) -> bool,
        ),
        (Original::Gone, |shown| {
            matches!(shown, QuotedOriginal::Gone)
        }),
    ] {
        let message = stage.talk("a").message(&answer).expect("it was added");
        message.reply_to = Some(Quoted {
            id: MessageId("bb-01-fff".into()),
            original,
        });
        changed(&mut stage, &answer);
        assert!(is_shown(quoted(&stage, "the office")));
    }
}

#[test]
fn an_edit_shows_the_new_text_there_and_in_its_answers_and_notifies_nobody() {
    let (mut stage, question, _) = answered();
    stage.does(WindowAction::Focused(false));
    stage.done.clear();
    stage.talk("a").edit(&question, "who has the lamp?", NOON);
    changed(&mut stage, &question);
    assert!(message(stage.thread(), "who has the lamp?").edited);
    assert!(!message(stage.thread(), "the office").edited);
    let QuotedOriginal::Here { text, .. } = quoted(&stage, "the office") else {
        panic!("it is here");
    };
    assert_eq!(text.as_deref(), Some("who has the lamp?"));
    let is_loud = |effect: &Effect| matches!(effect, Effect::Notify(_) | Effect::Announce(_));
    assert!(!stage.done.iter().any(is_loud));
}

#[test]
fn the_details_tell_what_a_message_said_before_each_edit() {
    let (mut stage, question, answer) = answered();
    stage.talk("a").edit(&question, "who has the lamp?", NOON);
    stage.talk("a").edit(&question, "nobody?", NOON + 60_000);
    changed(&mut stage, &question);
    let earlier = |stage: &Stage| match &stage.app.pages.dialog.open {
        Some(Dialog::MessageDetails(details)) => details
            .earlier
            .iter()
            .map(|earlier| (earlier.text.clone(), earlier.time.minute))
            .collect::<Vec<_>>(),
        _ => panic!("no details"),
    };
    stage.does(ThreadAction::Details(question));
    let told = [("who has\nthe key?", 59), ("who has the lamp?", 0)];
    assert_eq!(
        earlier(&stage),
        told.map(|(text, minute)| (text.to_owned(), minute))
    );
    stage.does(ThreadAction::Details(answer));
    assert!(earlier(&stage).is_empty());
}
