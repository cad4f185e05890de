//! Messages carried by hand.

use std::path::PathBuf;

use hedgerow_gui::model::*;
use hedgerow_node::words::Language;

use crate::stage::*;

fn path(name: &str) -> FilePath {
    FilePath(PathBuf::from("/media/stick").join(name))
}

/// What the banner says, in English.
fn told(stage: &Stage) -> Option<String> {
    match &stage.app.banner.shown {
        Some(Banner::Told(phrase)) => Some(Language::English.say(phrase)),
        _ => None,
    }
}

fn chosen(stage: &mut Stage) -> Option<ToCarry> {
    let mut done = stage.done.drain(..);
    done.find_map(|effect| match effect {
        Effect::ChooseToCarry(what) => Some(what),
        _ => None,
    })
}

#[test]
fn files_for_one_and_for_all_are_written_where_one_chooses() {
    let mut stage = Stage::talking(1);
    stage.does(CarryAction::AskExport(id("a")));
    assert_eq!(chosen(&mut stage), Some(ToCarry::For(id("a"))));
    stage.does(CarryAction::Export(id("a"), path("for-ana")));
    let expected = "1234 bytes for Ana. Only Ana can open the file.";
    assert_eq!(told(&stage).as_deref(), Some(expected));
    stage.does(CarryAction::AskExportAll);
    assert_eq!(chosen(&mut stage), Some(ToCarry::ForAll));
    stage.does(CarryAction::ExportAll(path("")));
    let expected = "1 file is written. Only its receiver can open it.";
    assert_eq!(told(&stage).as_deref(), Some(expected));
}

#[test]
fn files_are_taken_in_and_what_they_brought_is_told() {
    let mut stage = Stage::talking(1);
    stage.does(CarryAction::AskImport);
    assert_eq!(chosen(&mut stage), Some(ToCarry::In));
    stage.does(CarryAction::Import(vec![path(PARCEL)]));
    let expected = "From Ana: 2 new messages. 1 of yours has arrived.";
    assert_eq!(told(&stage).as_deref(), Some(expected));
}

#[test]
fn a_file_of_a_contact_that_is_dropped_is_taken_in_and_any_other_attached() {
    let mut stage = Stage::talking(1);
    stage.does(AttachAction::Drop(path(PARCEL)));
    assert!(told(&stage).is_some());
    assert!(stage.app.pages.thread.strip().is_none());
    stage.does(AttachAction::Drop(path("notes.txt")));
    assert_eq!(stage.app.pages.thread.strip().expect("one").files.len(), 1);
    // Without a conversation there is nowhere to attach a file to.
    stage.does(Action::ShowNetwork);
    stage.done.clear();
    stage.app.banner.shown = None;
    stage.does(AttachAction::Drop(path("other.txt")));
    assert!(told(&stage).is_none());
    stage.does(AttachAction::Drop(path(PARCEL)));
    assert!(told(&stage).is_some());
}
