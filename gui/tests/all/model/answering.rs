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
            disappears: false,
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

/// What the store keeps of what is being written.
fn kept(stage: &mut Stage) -> Option<Draft> {
    stage.later(2_000);
    stage.talk("a").conversation.draft.clone()
}

fn reply_to(text: &str, id: &MessageId) -> Draft {
    Draft {
        reply_to: Some(id.clone()),
        ..Draft::text(text)
    }
}

#[test]
fn an_answer_being_written_is_shown_and_kept_and_sent_with_what_it_answers() {
    let (mut stage, question, _) = answered();
    stage.does(ThreadAction::Reply(question.clone()));
    stage.does(ThreadAction::Draft("at the desk".into()));
    let answering = stage.thread().answering.clone().expect("it is shown");
    assert!(answering.id == question);
    assert_eq!(kept(&mut stage), Some(reply_to("at the desk", &question)));
    stage.does(ThreadAction::Send);
    stage.later(500);
    assert!(stage.thread().about.is_none() && stage.thread().answering.is_none());
    let QuotedOriginal::Here { text, .. } = quoted(&stage, "at the desk") else {
        panic!("it is here");
    };
    assert_eq!(text.as_deref(), Some("who has the key?"));
    assert_eq!(kept(&mut stage), None);
}

#[test]
fn an_answer_being_written_comes_back_after_a_restart() {
    let (mut stage, question, _) = answered();
    let written = reply_to("at the", &question);
    for number in 0..100 {
        stage.talk("a").add(&format!("line {number}"), false, NOON);
    }
    stage.talk("a").conversation.draft = Some(written.clone());
    stage.does(DoorAction::LockScreen);
    stage.does(DoorAction::Passphrase(passphrase(PASSPHRASE)));
    stage.does(DoorAction::GoOn);
    stage.later(1_000);
    assert_eq!(stage.thread().draft, "at the");
    let answering = stage.thread().answering.clone().expect("it is shown");
    assert!(answering.id == question);
    stage.does(ThreadAction::DropAbout);
    assert_eq!(kept(&mut stage), Some(Draft::text("at the")));
}

#[test]
fn an_edit_takes_the_place_of_the_text_and_what_was_being_written_stands_again() {
    let (mut stage, question, answer) = answered();
    stage.does(ThreadAction::Draft("and".into()));
    stage.does(ThreadAction::Edit(question));
    assert_eq!(stage.thread().draft, "and", "it is not ours");
    stage.does(ThreadAction::Edit(answer.clone()));
    assert_eq!(stage.thread().draft, "the office");
    stage.does(ThreadAction::DropAbout);
    assert_eq!(stage.thread().draft, "and");

    stage.does(ThreadAction::Edit(answer));
    stage.does(ThreadAction::Draft("the hall".into()));
    stage.does(ThreadAction::Send);
    stage.later(500);
    assert_eq!(stage.thread().draft, "and");
    assert_eq!(stage.talk("a").messages.len(), 2);
    assert_eq!(kept(&mut stage), Some(Draft::text("and")));
}

#[test]
fn the_last_text_of_ours_is_edited_from_an_empty_draft() {
    let (mut stage, _, answer) = answered();
    stage.comes("a", "thanks");
    stage.does(ThreadAction::EditLast);
    assert!(stage.thread().about == Some(About::Edit(answer)));
    assert_eq!(stage.thread().draft, "the office");
}

#[test]
fn an_answer_whose_original_went_stays_as_a_plain_text_and_says_so() {
    let (mut stage, question, _) = answered();
    stage.does(ThreadAction::Reply(question.clone()));
    stage.does(ThreadAction::Draft("at the desk".into()));
    let conversation = chat_id("a");
    stage.happens(Event::MessageGone {
        conversation,
        id: question,
    });
    let thread = stage.thread();
    assert!(thread.target_gone && thread.about.is_none());
    assert_eq!(thread.draft, "at the desk");
    assert_eq!(kept(&mut stage), Some(Draft::text("at the desk")));
    stage.does(ThreadAction::Draft("at the desks".into()));
    assert!(!stage.thread().target_gone);
}
