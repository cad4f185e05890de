//! What files take, and freeing old ones.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use crate::stage::*;

const DAY: i64 = 24 * 60 * 60_000;

/// On the page about storage; Ana's conversation has a picture of each of these ages in days, and a file of ours that is
/// not delivered.
fn with_files(ages: &[i64]) -> Stage {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    let talk = stage.talk("a");
    let ours = talk.add("", true, NOON - 400 * DAY);
    talk.attach(&ours, "ours.pdf", 5_000, FileState::Here);
    for age in ages {
        let id = talk.add("", false, NOON - age * DAY);
        talk.attach_picture(&id, "hill.jpg", 1_000, FileState::Here);
    }
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(Action::ShowSettings(SettingsPage::Storage));
    stage
}

fn storage(stage: &Stage) -> &Storage {
    &stage.app.pages.storage
}

fn asked(stage: &Stage) -> &Dropping {
    match &stage.app.pages.dialog.open {
        Some(Dialog::DropOld(dropping)) => dropping,
        _ => panic!("nothing is asked"),
    }
}

fn used(files: u64, bytes: u64) -> FilesUse {
    FilesUse { files, bytes }
}

#[test]
fn what_files_take_is_told_by_conversation_and_kind() {
    let stage = with_files(&[1, 40]);
    assert_eq!(storage(&stage).free, Some(52_300_000_000));
    let [row] = &storage(&stage).rows[..] else {
        panic!("only Ana's conversation has files");
    };
    assert_eq!(row.name, "Ana");
    assert_eq!(row.pictures, used(2, 2_000));
    assert_eq!(
        (row.others, row.undelivered),
        (used(1, 5_000), used(1, 5_000))
    );
}

#[test]
fn the_question_says_how_much_is_freed_and_what_stays() {
    let mut stage = with_files(&[1, 40, 100, 500]);
    stage.act(StorageAction::AskDrop(chat_id("a")));
    assert!(asked(&stage).found.is_none() && !asked(&stage).may_go_on());
    stage.answer();
    let found = |free, kept| Some(OldFiles { free, kept });
    let stays = used(1, 5_000);
    assert_eq!(asked(&stage).found, found(used(2, 2_000), stays));
    stage.act(DialogAction::OlderThan(Age::Month));
    stage.act(DialogAction::OlderThan(Age::Year));
    stage.answer();
    assert_eq!(
        asked(&stage).found,
        found(used(1, 1_000), stays),
        "of the last choice"
    );
}

#[test]
fn old_files_are_freed_while_the_page_says_how_many_are() {
    let mut stage = with_files(&[1, 40, 100]);
    stage.does(StorageAction::AskDrop(chat_id("a")));
    stage.does(DialogAction::OlderThan(Age::Month));
    stage.act(DialogAction::Confirm);
    assert_eq!(storage(&stage).rows[0].dropping, Some((0, 2)));
    stage.handle(Update::DropGoesOn(chat_id("a"), 1));
    assert_eq!(storage(&stage).rows[0].dropping, Some((1, 2)));
    // Nothing else is asked meanwhile.
    stage.act(StorageAction::AskDrop(chat_id("a")));
    assert!(stage.app.pages.dialog.open.is_none());
    stage.answer();
    assert_eq!(storage(&stage).rows[0].dropping, None);
    assert_eq!(storage(&stage).rows[0].pictures, used(1, 1_000));
    assert!(stage.app.banner.shown == Some(Banner::OldFilesFreed(2_000)));
}

#[test]
fn what_cannot_be_freed_is_not_begun_and_a_refusal_is_told() {
    let mut stage = with_files(&[1]);
    stage.does(StorageAction::AskDrop(chat_id("a")));
    stage.act(DialogAction::Confirm);
    assert!(stage.asked.is_empty(), "nothing is as old");

    let mut stage = with_files(&[100]);
    stage.does(StorageAction::AskDrop(chat_id("a")));
    stage.act(DialogAction::Confirm);
    stage.asked.clear();
    let refusal = Refusal::Bug;
    stage.handle(Update::OldDropped(chat_id("a"), Err(refusal.clone())));
    assert!(stage.app.banner.shown == Some(Banner::Refused(refusal)));
    assert_eq!(storage(&stage).rows[0].dropping, None);
}

#[test]
fn what_files_take_is_forgotten_behind_a_lock() {
    let mut stage = with_files(&[1]);
    stage.does(DoorAction::LockScreen);
    assert!(storage(&stage).rows.is_empty());
}
