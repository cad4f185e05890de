//! Conversations that are muted, archived, marked as unread, or written into a file; notes to oneself.

use std::path::PathBuf;

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

fn names(stage: &Stage) -> Vec<&str> {
    let rows = stage.app.pages.chats.rows.iter();
    rows.map(|row| row.face.name.as_str()).collect()
}

fn asked<'a, T>(stage: &'a Stage, wanted: impl Fn(&'a Call) -> Option<T>) -> Option<T> {
    stage.asked.iter().find_map(|request| match request {
        Request::Call(call) => wanted(call),
        _ => None,
    })
}

#[test]
fn a_conversation_is_muted_for_as_long_as_the_user_says() {
    for (how_long, muted) in [
        (MuteFor::Hours(1), Muted::UntilMs(NOON + 3_600_000)),
        (MuteFor::Hours(8), Muted::UntilMs(NOON + 8 * 3_600_000)),
        (MuteFor::Ever, Muted::Forever),
    ] {
        let mut stage = Stage::open(&["Ana"]);
        stage.does(ArrangingAction::AskMute(chat_id("a")));
        assert!(
            matches!(&stage.app.pages.dialog.open, Some(Dialog::Mute { name, .. }) if name == "Ana")
        );
        stage.act(DialogAction::Mute(how_long));
        let said = asked(&stage, |call| match call {
            Call::Mute(id, muted) => Some((id.clone(), *muted)),
            _ => None,
        });
        assert_eq!(said, Some((chat_id("a"), Some(muted))));
        stage.answer();
        assert!(stage.row("a").muted && stage.app.pages.dialog.open.is_none());
        stage.does(ArrangingAction::Unmute(chat_id("a")));
        assert!(!stage.row("a").muted);
    }
}

#[test]
fn the_list_shows_the_end_of_a_mute_although_no_event_tells_of_it() {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(ArrangingAction::AskMute(chat_id("a")));
    stage.does(DialogAction::Mute(MuteFor::Hours(1)));
    stage.app.context.preferences.lock_after_min = None;
    stage.later(3_599_000);
    assert!(stage.row("a").muted);
    stage.later(2_000);
    assert!(!stage.row("a").muted);
}

#[test]
fn archived_conversations_stand_apart_and_a_name_finds_them() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.does(ArrangingAction::Archive(chat_id("a"), true));
    assert_eq!(names(&stage), ["Ben"]);
    assert_eq!(stage.app.pages.chats.arranged.archived, 1);
    stage.does(ChatsAction::Filter("an".into()));
    assert_eq!(names(&stage), ["Ana"]);
    stage.does(ChatsAction::Filter(String::new()));

    stage.does(ArrangingAction::ShowArchived(true));
    assert_eq!(names(&stage), ["Ana"]);
    stage.does(Action::Back);
    assert_eq!(names(&stage), ["Ben"]);

    // When the last one is taken out, there is nothing to show there.
    stage.does(ArrangingAction::ShowArchived(true));
    stage.does(ArrangingAction::Archive(chat_id("a"), false));
    assert_eq!(names(&stage), ["Ana", "Ben"]);
}

#[test]
fn the_node_brings_an_archived_conversation_back() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.does(ArrangingAction::Archive(chat_id("a"), true));
    stage.talk("a").conversation.archived = false;
    stage.comes("a", "are you there?");
    assert!(names(&stage).contains(&"Ana"));
}

#[test]
fn the_open_conversation_is_left_when_it_is_marked_as_unread_and_its_draft_is_kept() {
    let mut stage = Stage::talking(3);
    stage.does(ThreadAction::Draft("half a".into()));
    stage.does(ArrangingAction::MarkUnread(chat_id("a")));
    assert!(stage.app.pages.thread.open.is_none());
    assert!(stage.row("a").marked_unread);
    assert_eq!(stage.row("a").draft.as_deref(), Some("half a"));
    // The user opens it, and the mark goes.
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    assert!(!stage.row("a").marked_unread);
    assert_eq!(stage.thread().draft, "half a");
}

/// Two conversations with unread messages, and one with a mark alone.
fn unread() -> Stage {
    let mut stage = Stage::open(&["Ana", "Ben", "Cleo"]);
    for (letter, text) in [("a", "one"), ("a", "two"), ("b", "three")] {
        stage.talk(letter).add(text, false, NOON);
    }
    stage.talk("c").conversation.marked_unread = true;
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    stage
}

fn waiting(stage: &Stage) -> Vec<(u64, bool)> {
    let rows = ["a", "b", "c"].map(|letter| stage.row(letter));
    rows.map(|row| (row.unread, row.marked_unread)).to_vec()
}

#[test]
fn a_conversation_is_marked_as_read_although_its_messages_were_never_in_view() {
    let mut stage = unread();
    stage.does(ArrangingAction::MarkRead(chat_id("a")));
    assert_eq!(waiting(&stage), [(0, false), (1, false), (0, true)]);
    stage.does(ArrangingAction::MarkRead(chat_id("c")));
    assert_eq!(waiting(&stage), [(0, false), (1, false), (0, false)]);
}

#[test]
fn a_long_folded_message_that_nobody_unfolded_is_read_when_the_user_says_so() {
    let mut stage = Stage::talking(3);
    let long = stage.comes("a", &"word ".repeat(2_000));
    stage.does(ThreadAction::Hidden([long.clone()].into()));
    stage.does(ThreadAction::Seen(long));
    stage.later(1_000);
    assert_eq!(stage.row("a").unread, 1, "a part of it was never seen");
    stage.does(ArrangingAction::MarkRead(chat_id("a")));
    assert_eq!(stage.row("a").unread, 0);
}

#[test]
fn all_is_marked_as_read_only_when_the_user_agrees() {
    let mut stage = unread();
    stage.does(ArrangingAction::AskReadAll);
    let asked = |stage: &Stage| match &stage.app.pages.dialog.open {
        Some(Dialog::ReadAll(asked)) => Some((asked.messages, asked.told, asked.disappear)),
        _ => None,
    };
    assert_eq!(asked(&stage), Some((3, false, false)));
    stage.does(DialogAction::Dismiss);
    assert_eq!(waiting(&stage), [(2, false), (1, false), (0, true)]);

    // What contacts are told of it, and what it begins, is said before.
    stage.does(SettingsAction::Receipts(true));
    stage.talk("b").conversation.timer_s = 3_600;
    stage.handle(Update::Event(Event::Missed));
    stage.later(1_000);
    stage.does(ArrangingAction::AskReadAll);
    assert_eq!(asked(&stage), Some((3, true, true)));
    // Nobody has agreed to what comes while the question stands.
    stage.comes("b", "four");
    stage.does(DialogAction::Confirm);
    assert_eq!(waiting(&stage), [(0, false), (1, false), (0, false)]);
    stage.does(ArrangingAction::MarkRead(chat_id("b")));
    stage.later(1_000);
    stage.does(ArrangingAction::AskReadAll);
    assert!(asked(&stage).is_none(), "nothing waits");
}

#[test]
fn notes_are_begun_once_and_have_no_one_to_verify() {
    let mut stage = Stage::open(&["Ana"]);
    stage.app.call_notes("Notes to self".into());
    assert!(!stage.app.pages.chats.arranged.has_notes);
    stage.does(ArrangingAction::OpenNotes);
    let thread = stage.thread();
    assert!(thread.face.notes && thread.face.alone && !thread.asks);
    assert_eq!(thread.face.name, "Notes to self");
    assert!(stage.app.pages.chats.arranged.has_notes);
    stage.does(Action::Back);
    stage.log.clear();
    stage.does(ArrangingAction::OpenNotes);
    assert!(stage.thread().face.notes);
    assert!(!stage.log.iter().any(|asked| asked == "Notes"));
    stage.does(ThreadAction::Draft("milk".into()));
    stage.does(ThreadAction::Send);
    stage.later(1_000);
    assert!(message(stage.thread(), "milk").tick.is_none());
}

#[test]
fn a_conversation_is_written_into_the_file_that_the_user_chose() {
    let mut stage = Stage::open(&["Ana"]);
    stage.does(ArrangingAction::AskExport(chat_id("a")));
    stage.does(DialogAction::Format(ExportFormat::Text));
    stage.does(DialogAction::WithFiles(false));
    stage.does(DialogAction::Confirm);
    let chosen = stage.done.iter().find_map(|effect| match effect {
        Effect::ChooseFile {
            name,
            format,
            with_files: false,
            ..
        } => Some((name.0.as_str(), *format)),
        _ => None,
    });
    assert_eq!(chosen, Some(("Ana.txt", ExportFormat::Text)));
    // Nobody has chosen a file yet.
    assert!(!stage.log.iter().any(|asked| asked == "Export"));
    stage.does(ArrangingAction::Export(ToFile {
        conversation: chat_id("a"),
        format: ExportFormat::Text,
        with_files: true,
        path: PathBuf::from("/tmp/Ana.txt"),
    }));
    assert!(stage.app.banner.shown == Some(Banner::Exported));
    // How far it has come stays until it is written.
    stage.handle(Update::ExportGoesOn(7));
    stage.later(60_000);
    assert!(stage.app.banner.shown == Some(Banner::Exporting(7)));
    stage.handle(Update::Exported(None));
    assert!(stage.app.banner.shown == Some(Banner::Exported));
}
