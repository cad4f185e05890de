//! A draft that is written in several places.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

/// It is edited on the command line, or in another window.
fn edited_elsewhere(stage: &mut Stage, text: &str) {
    stage.talk("a").conversation.draft = Some(Draft::text(text));
    stage.happens(Event::Conversation {
        conversation: chat_id("a"),
    });
    stage.later(200);
}

/// What the node is told of it before `later` is answered by what was read after.
fn told(text: &str, stage: &Stage) -> Update {
    let conversation = Conversation {
        draft: (!text.is_empty()).then(|| Draft::text(text)),
        ..stage.node.talks[&id("a")].seen()
    };
    let newest = stage.node.talks[&id("a")].messages.last().cloned();
    Update::Conversation(Box::new(Chat {
        conversation,
        newest,
    }))
}

#[test]
fn a_draft_edited_elsewhere_appears_where_nobody_types() {
    let mut stage = Stage::talking(3);
    let set = stage.thread().draft_set;
    edited_elsewhere(&mut stage, "from the terminal");
    assert_eq!(stage.thread().draft, "from the terminal");
    assert!(stage.thread().draft_set != set && stage.thread().may_send);
    // Emptied there, it is empty here.
    edited_elsewhere(&mut stage, "");
    assert_eq!(stage.thread().draft, "");
}

#[test]
fn what_is_being_typed_here_stays_and_is_kept() {
    let mut stage = Stage::talking(3);
    stage.does(ThreadAction::Draft("half a sent".into()));
    edited_elsewhere(&mut stage, "something else");
    assert_eq!(stage.thread().draft, "half a sent");
    stage.later(6_000);
    let kept = stage.talk("a").conversation.draft.clone();
    assert_eq!(kept, Some(Draft::text("half a sent")));
    assert_eq!(stage.thread().draft, "half a sent");
}

#[test]
fn an_answer_older_than_what_was_kept_takes_no_letter_away() {
    let mut stage = Stage::talking(3);
    for text in ["one", "one two", "one two three"] {
        stage.does(ThreadAction::Draft(text.into()));
        stage.later(6_000);
    }
    // Each was read by the node before the next was kept there.
    for text in ["", "one", "one two"] {
        stage.handle(told(text, &stage));
        assert_eq!(stage.thread().draft, "one two three", "{text}");
    }
    // So it is where the conversation was left and opened again meanwhile.
    stage.does(Action::Back);
    stage.handle(told("one two", &stage));
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    assert_eq!(stage.thread().draft, "one two three");
}

#[test]
fn a_text_that_was_sent_does_not_come_back_as_a_draft() {
    let mut stage = Stage::talking(3);
    stage.does(ThreadAction::Draft("hello".into()));
    stage.later(6_000);
    stage.act(ThreadAction::Send);
    stage.handle(told("hello", &stage));
    stage.answer();
    stage.later(1_000);
    assert_eq!(stage.thread().draft, "");
}
