//! The files of messages, and files that are sent.

use std::path::PathBuf;

use hedgerow_gui::model::*;
use hedgerow_node::api::*;
use hedgerow_node::pictures::Metadata;

use crate::stage::*;

fn path(name: &str) -> FilePath {
    FilePath(PathBuf::from("/home/fay").join(name))
}

fn add(letter: &str, names: &[&str]) -> AttachAction {
    let paths = names.iter().map(|name| path(name)).collect();
    AttachAction::Add(chat_id(letter), paths)
}

/// What is in the strip of the open conversation.
fn attached(stage: &Stage) -> Vec<(&str, &AttachmentState)> {
    let strip = stage.app.pages.thread.strip();
    let files = strip.map_or(&[][..], |strip| &strip.files);
    files
        .iter()
        .map(|one| (one.name.as_str(), &one.state))
        .collect()
}

fn names(stage: &Stage) -> Vec<&str> {
    attached(stage).into_iter().map(|(name, _)| name).collect()
}

/// The texts and the files of the messages of ours, in order.
fn sent(stage: &mut Stage, letter: &str) -> Vec<(String, Option<String>)> {
    let messages = stage.talk(letter).messages.iter();
    let ours = messages.filter(|message| message.is_mine());
    let told = ours.map(|message| {
        let text = message.text.as_ref().map(|text| text.0.clone());
        let file = message.file.as_ref().map(|file| file.name.0.clone());
        (text.unwrap_or_default(), file)
    });
    told.collect()
}

/// The upload that is asked for now, and nothing is answered.
fn upload(stage: &Stage) -> Option<Ticket> {
    stage.asked.iter().find_map(|request| match request {
        Request::Upload { ticket, .. } => Some(*ticket),
        _ => None,
    })
}

fn file(name: &str, text: &str) -> (String, Option<String>) {
    let name = Some(name.to_owned()).filter(|name| !name.is_empty());
    (text.into(), name)
}

#[test]
fn files_are_sent_in_order_and_the_text_goes_with_the_first() {
    let mut stage = Stage::talking(1);
    stage.does(AttachAction::Choose);
    assert!(matches!(&stage.done[..], [.., Effect::ChooseFiles(id)] if *id == chat_id("a")));
    stage.does(add("a", &["b.txt", "a.txt"]));
    stage.does(AttachAction::Drop(path("c.png")));
    assert_eq!(names(&stage), ["b.txt", "a.txt", "c.png"]);
    stage.does(AttachAction::Remove(
        stage.app.pages.thread.strip().expect("files").files[1].ticket,
    ));
    stage.does(ThreadAction::Draft("The minutes".into()));
    stage.does(ThreadAction::Send);
    assert!(names(&stage).is_empty() && stage.thread().draft.is_empty());
    let expected = [file("b.txt", "The minutes"), file("c.png", "")];
    assert_eq!(sent(&mut stage, "a"), expected);
    assert_eq!(stage.talk("a").conversation.draft, None);
}

#[test]
fn a_file_alone_is_sent_without_a_text() {
    let mut stage = Stage::talking(1);
    assert!(!stage.thread().may_send);
    stage.does(add("a", &["a.txt"]));
    assert!(stage.thread().may_send);
    stage.does(ThreadAction::Send);
    assert_eq!(sent(&mut stage, "a"), [file("a.txt", "")]);
    assert!(!stage.thread().may_send);
}

#[test]
fn what_cannot_be_sent_is_told_at_once_and_nothing_else_is_lost() {
    let mut stage = Stage::talking(1);
    let unfit = [
        ("long.bin", Unfit::TooLong),
        ("folder", Unfit::Directory),
        ("secret", Unfit::Unreadable),
    ];
    stage.node.unfit = unfit.clone().map(|(name, why)| (name.into(), why)).into();
    stage.does(add("a", &["long.bin", "folder", "secret"]));
    for ((name, state), (expected, why)) in attached(&stage).into_iter().zip(unfit) {
        assert_eq!(name, expected);
        assert!(*state == AttachmentState::Unfit(why));
    }
    assert!(!stage.thread().may_send, "there is nothing to send");
    stage.does(ThreadAction::Draft("Here".into()));
    stage.does(add("a", &["a.txt"]));
    stage.does(ThreadAction::Send);
    assert_eq!(sent(&mut stage, "a"), [file("a.txt", "Here")]);
    assert_eq!(names(&stage), ["long.bin", "folder", "secret"]);
}

#[test]
fn what_may_name_you_goes_only_when_you_say_so_and_holds_nothing_else_up() {
    let mut stage = Stage::talking(1);
    stage.does(add("a", &["talk.pdf", "square.jpg"]));
    let files = |stage: &Stage| stage.app.pages.thread.strip().expect("files").files.clone();
    let [talk, square] = &files(&stage)[..] else {
        panic!("both are there");
    };
    assert!(talk.needs_consent() && talk.size > 0);
    assert_eq!(square.carries, Some(vec![Metadata::Exif]));
    stage.does(ThreadAction::Send);
    assert_eq!(sent(&mut stage, "a"), [file("square.jpg", "")]);
    assert_eq!(names(&stage), ["talk.pdf"]);
    assert!(!stage.thread().may_send);
    stage.does(AttachAction::AsItIs(talk.ticket));
    assert!(!files(&stage)[0].needs_consent());
    stage.does(ThreadAction::Send);
    let expected = [file("square.jpg", ""), file("talk.pdf", "")];
    assert_eq!(sent(&mut stage, "a"), expected);
}

#[test]
fn an_upload_that_fails_leaves_text_and_files_and_says_why() {
    let mut stage = Stage::talking(1);
    stage.does(add("a", &["a.txt", "b.txt"]));
    stage.does(ThreadAction::Draft("Both".into()));
    stage.node.refuses_uploads = Some(Refusal::FileChanged);
    stage.does(ThreadAction::Send);
    assert_eq!(stage.thread().draft, "Both");
    let [(_, first), (_, second)] = attached(&stage)[..] else {
        panic!("both are there");
    };
    assert!(*first == AttachmentState::Unfit(Unfit::Refused(Refusal::FileChanged)));
    assert!(*second == AttachmentState::Waits);
    assert!(sent(&mut stage, "a").is_empty());
    // As soon as it can be, it is tried again.
    stage.node.refuses_uploads = None;
    stage.does(ThreadAction::Send);
    let expected = [file("a.txt", "Both"), file("b.txt", "")];
    assert_eq!(sent(&mut stage, "a"), expected);
}

#[test]
fn an_upload_belongs_to_its_conversation_whichever_is_open() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.does(add("a", &["a.txt", "b.txt"]));
    stage.does(ThreadAction::Draft("For Ana".into()));
    stage.act(ThreadAction::Send);
    let ticket = upload(&stage).expect("it begins");
    stage.handle(Update::UploadGoesOn(ticket, 1_024));
    assert!(matches!(
        attached(&stage)[0].1,
        AttachmentState::Uploading(1_024)
    ));
    let asked = std::mem::take(&mut stage.asked);
    stage.does(ChatsAction::OpenChat(chat_id("b")));
    assert!(names(&stage).is_empty() && stage.thread().draft.is_empty());
    stage.does(ThreadAction::Draft("For Ben".into()));
    stage.asked.extend(asked);
    stage.answer();
    let expected = [file("a.txt", "For Ana"), file("b.txt", "")];
    assert_eq!(sent(&mut stage, "a"), expected);
    assert!(sent(&mut stage, "b").is_empty());
    assert_eq!(stage.thread().draft, "For Ben");
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    assert!(names(&stage).is_empty() && stage.thread().draft.is_empty());
}

/// The text that the node keeps as the draft of the conversation with Ana.
fn kept(stage: &mut Stage) -> Option<String> {
    let draft = stage.talk("a").conversation.draft.as_ref();
    draft.map(|draft| draft.text.0.clone())
}

/// All that is asked is answered but uploads, which take their time.
fn answer_all_but_uploads(stage: &mut Stage) {
    let is_upload = |request: &Request| matches!(request, Request::Upload { .. });
    let asked = std::mem::take(&mut stage.asked);
    let (uploads, rest): (Vec<_>, Vec<_>) = asked.into_iter().partition(is_upload);
    stage.asked.extend(rest);
    stage.answer();
    stage.asked.extend(uploads);
}

#[test]
fn a_caption_stays_in_the_draft_until_its_file_is_a_message() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.does(add("a", &["a.txt"]));
    stage.does(ThreadAction::Draft("The minutes".into()));
    stage.act(ThreadAction::Send);
    answer_all_but_uploads(&mut stage);
    assert_eq!(stage.thread().draft, "", "it is on its way");
    assert_eq!(kept(&mut stage).as_deref(), Some("The minutes"));
    // Another text that is sent meanwhile takes nothing of it along.
    stage.act(ThreadAction::Draft("Wait".into()));
    stage.act(ThreadAction::Send);
    answer_all_but_uploads(&mut stage);
    assert_eq!(kept(&mut stage).as_deref(), Some("The minutes"));
    // What is written since stands behind it, and is shown alone.
    stage.act(ThreadAction::Draft("And tomorrow".into()));
    stage.act(ChatsAction::OpenChat(chat_id("b")));
    answer_all_but_uploads(&mut stage);
    assert_eq!(
        kept(&mut stage).as_deref(),
        Some("The minutes\nAnd tomorrow")
    );
    stage.act(ChatsAction::OpenChat(chat_id("a")));
    answer_all_but_uploads(&mut stage);
    assert_eq!(stage.thread().draft, "And tomorrow");
    stage.answer();
    assert_eq!(kept(&mut stage).as_deref(), Some("And tomorrow"));
    assert_eq!(stage.thread().draft, "And tomorrow");
    let expected = [file("", "Wait"), file("a.txt", "The minutes")];
    assert_eq!(sent(&mut stage, "a"), expected);
}

#[test]
fn a_caption_of_files_that_fail_in_another_conversation_is_there_once() {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.does(add("a", &["a.txt"]));
    stage.does(ThreadAction::Draft("The minutes".into()));
    stage.act(ThreadAction::Send);
    answer_all_but_uploads(&mut stage);
    stage.act(ChatsAction::OpenChat(chat_id("b")));
    answer_all_but_uploads(&mut stage);
    stage.node.refuses_uploads = Some(Refusal::FileChanged);
    stage.answer();
    assert_eq!(kept(&mut stage).as_deref(), Some("The minutes"));
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    assert_eq!(stage.thread().draft, "The minutes");
}

#[test]
fn a_caption_that_the_node_has_kept_is_there_once_after_its_loss() {
    let mut stage = Stage::talking(1);
    stage.does(add("a", &["a.txt"]));
    stage.does(ThreadAction::Draft("The minutes".into()));
    stage.act(ThreadAction::Send);
    answer_all_but_uploads(&mut stage);
    stage.asked.clear();
    stage.handle(Update::Departed(Departed::Lost));
    stage.handle(unlocked());
    stage.answer();
    stage.later(100);
    assert_eq!(stage.thread().draft, "The minutes");
}

#[test]
fn what_is_cancelled_is_as_it_was_before() {
    let mut stage = Stage::talking(1);
    stage.does(add("a", &["a.txt"]));
    stage.does(ThreadAction::Draft("Not yet".into()));
    stage.act(ThreadAction::Send);
    let ticket = upload(&stage).expect("it begins");
    stage.asked.clear();
    stage.act(ThreadAction::Draft("Something else".into()));
    stage.act(AttachAction::Cancel);
    let mut asked = stage.asked.iter();
    assert!(
        asked.any(|request| matches!(request, Request::StopUpload(stopped) if *stopped == ticket))
    );
    assert_eq!(stage.thread().draft, "Not yet\nSomething else");
    assert!(matches!(attached(&stage)[0].1, AttachmentState::Waits));
    // It may have been uploaded meanwhile: nobody asked for that any more.
    stage.handle(Update::Uploaded(
        ticket,
        Ok(Uploaded {
            id: UploadId("a".into()),
            name: Private("a.txt".into()),
            size: 1,
            carries: Vec::new(),
            cleaned: false,
            preview: false,
            voice: None,
        }),
    ));
    stage.answer();
    assert!(sent(&mut stage, "a").is_empty());
}

#[test]
fn files_and_their_text_survive_the_loss_of_the_node() {
    let mut stage = Stage::talking(1);
    stage.does(add("a", &["a.txt"]));
    stage.does(ThreadAction::Draft("The minutes".into()));
    stage.act(ThreadAction::Send);
    stage.asked.clear();
    stage.handle(Update::Departed(Departed::Lost));
    assert_hidden(&stage);
    stage.handle(unlocked());
    stage.answer();
    stage.later(100);
    assert_eq!(stage.thread().draft, "The minutes");
    assert!(matches!(
        attached(&stage)[..],
        [("a.txt", AttachmentState::Waits)]
    ));
    stage.does(ThreadAction::Send);
    assert_eq!(sent(&mut stage, "a"), [file("a.txt", "The minutes")]);
}

#[test]
fn another_timer_is_asked_about_before_files_are_sent() {
    let mut stage = Stage::talking(1);
    stage.does(add("a", &["a.txt"]));
    stage.does(ThreadAction::Draft("Here".into()));
    stage.talk("a").conversation.timer_s = 3_600;
    stage.does(ThreadAction::Send);
    assert!(stage.app.pages.dialog.open.is_some());
    assert_eq!(stage.thread().draft, "Here");
    assert_eq!(names(&stage), ["a.txt"]);
    stage.does(DialogAction::Confirm);
    assert_eq!(sent(&mut stage, "a"), [file("a.txt", "Here")]);
}

#[test]
fn a_pasted_picture_goes_the_way_of_a_file_and_its_bytes_stay_in_memory() {
    let mut stage = Stage::talking(1);
    stage.does(AttachAction::Paste);
    assert!(matches!(&stage.done[..], [.., Effect::LookForPicture(id)] if *id == chat_id("a")));
    let picture = Pasted([7; 900].into());
    stage.does(AttachAction::Pasted(chat_id("a"), Some(picture.clone())));
    assert_eq!(names(&stage), [Pasted::NAME]);
    let one = &stage.app.pages.thread.strip().expect("it is there").files[0];
    assert_eq!((one.size, &one.carries), (900, &Some(Vec::new())));
    stage.does(ThreadAction::Draft("Look".into()));
    stage.act(ThreadAction::Send);
    let uploads = stage.asked.iter().filter_map(|request| match request {
        Request::Upload { source, .. } => Some(source.clone()),
        _ => None,
    });
    assert_eq!(uploads.collect::<Vec<_>>(), [Source::Pasted(picture)]);
    stage.answer();
    assert_eq!(sent(&mut stage, "a"), [file(Pasted::NAME, "Look")]);
}

#[test]
fn a_picture_that_cannot_be_pasted_is_told() {
    let mut stage = Stage::talking(1);
    stage.does(AttachAction::Pasted(chat_id("a"), None));
    assert!(stage.app.banner.shown == Some(Banner::NotPasted));
    assert!(names(&stage).is_empty());
}

#[test]
fn a_lock_lets_go_of_a_pasted_picture_that_waits() {
    let mut stage = Stage::talking(1);
    let picture = Pasted([7; 900].into());
    let held = std::sync::Arc::downgrade(&picture.0);
    stage.does(AttachAction::Pasted(chat_id("a"), Some(picture)));
    assert_eq!(held.strong_count(), 1);
    stage.does(DoorAction::LockScreen);
    assert_eq!(held.strong_count(), 0);
}

#[test]
fn an_edit_sends_no_files() {
    let mut stage = Stage::talking(1);
    stage.does(ThreadAction::Draft("One".into()));
    stage.does(ThreadAction::Send);
    stage.later(100);
    stage.does(add("a", &["a.txt"]));
    stage.does(ThreadAction::EditLast);
    stage.does(ThreadAction::Draft("Two".into()));
    stage.does(ThreadAction::Send);
    assert_eq!(sent(&mut stage, "a"), [file("", "Two")]);
    assert_eq!(names(&stage), ["a.txt"]);
}

/// A conversation with a file of Ana's in this state.
fn with_file(size: u64, state: FileState) -> (Stage, MessageId) {
    let mut stage = Stage::talking(1);
    let talk = stage.talk("a");
    let id = talk.add("", false, NOON);
    talk.attach(&id, "notes.pdf", size, state);
    stage.happens(Event::Message {
        conversation: chat_id("a"),
        id: id.clone(),
        author: Some(crate::stage::id("a")),
    });
    stage.later(200);
    (stage, id)
}

fn card(stage: &Stage) -> &FileCard {
    let rows = stage.thread().rows.iter().rev();
    let mut cards = rows.filter_map(|row| match &row.kind {
        RowKind::Message(message) => message.file.as_deref(),
        _ => None,
    });
    cards.next().expect("a file")
}

#[test]
fn what_can_be_done_with_a_file_is_offered_in_each_state() {
    let nothing = Offers::default();
    let load = Offers {
        load: true,
        ..nothing
    };
    for (state, offers) in [
        (
            FileState::Here,
            Offers {
                save: true,
                free: true,
                ..nothing
            },
        ),
        (
            FileState::Loading { bytes: 5 },
            Offers {
                stop: true,
                ..nothing
            },
        ),
        (
            FileState::Offered {
                why: Offered::Quota,
            },
            Offers {
                decline: true,
                ..load
            },
        ),
        (
            FileState::NoRoom { free: 9 },
            Offers {
                decline: true,
                ..load
            },
        ),
        (FileState::Declined, load),
        (FileState::Damaged, load),
        (FileState::Freed, load),
        (FileState::Cancelled, nothing),
        (FileState::Missing, nothing),
    ] {
        let (stage, _) = with_file(1_000, state);
        assert_eq!(card(&stage).offers, offers, "{state:?}");
    }
}

#[test]
fn a_file_is_asked_for_declined_saved_and_freed() {
    let why = Offered::Large;
    let (mut stage, id) = with_file(1_000, FileState::Offered { why });
    stage.does(FileAction::Load(id.clone()));
    stage.later(200);
    assert_eq!(card(&stage).file.state, FileState::Loading { bytes: 0 });
    stage.does(FileAction::Decline(id.clone()));
    stage.later(200);
    assert_eq!(card(&stage).file.state, FileState::Declined);
    stage
        .talk("a")
        .attach(&id, "notes.pdf", 1_000, FileState::Here);
    stage.happens(Event::MessageChanged {
        conversation: chat_id("a"),
        id: id.clone(),
    });
    stage.later(200);
    stage.act(FileAction::Save(id.clone()));
    assert!(card(&stage).saving);
    stage.answer();
    assert!(!card(&stage).saving);
    let saved = Private("/home/fay/Downloads/notes.pdf".into());
    assert!(stage.app.banner.shown == Some(Banner::FileSaved(saved)));
    stage.does(FileAction::Free(id));
    stage.later(200);
    assert_eq!(card(&stage).file.state, FileState::Freed);
}

#[test]
fn the_rate_of_a_file_is_told_while_it_comes() {
    let (mut stage, id) = with_file(10_000_000, FileState::Loading { bytes: 0 });
    stage.talk("a").contact.reachable = Some(Carrier::Lan);
    stage.happens(Event::Contact {
        contact: crate::stage::id("a"),
    });
    stage.later(1_100);
    for bytes in (1..=5).map(|part| part * 1_000_000) {
        stage.later(500);
        let state = FileState::Loading { bytes };
        stage.talk("a").attach(&id, "notes.pdf", 10_000_000, state);
        stage.happens(Event::FileProgress {
            conversation: chat_id("a"),
            id: id.clone(),
            device: None,
            bytes,
        });
    }
    let expected = Pace {
        rate: 2_000_000,
        left_s: 3,
        over: Some(Carrier::Lan),
    };
    assert_eq!(card(&stage).pace, Some(expected));
    assert_eq!(card(&stage).under_way, Some(5_000_000));
    stage.later(5_000);
    assert_eq!(card(&stage).pace, None, "nothing more comes");
}

#[test]
fn who_declined_a_file_of_ours_is_named() {
    let mut stage = Stage::talking(1);
    stage.does(add("a", &["a.txt"]));
    stage.does(ThreadAction::Send);
    stage.later(200);
    let last = stage.talk("a").messages.last_mut().expect("it is sent");
    let id = last.id.clone();
    last.file.as_mut().expect("a file").held[0].declined = true;
    stage.happens(Event::MessageChanged {
        conversation: chat_id("a"),
        id,
    });
    stage.later(200);
    assert_eq!(card(&stage).declined_by, "Ana");
    assert!(!card(&stage).offers.load && !card(&stage).offers.free);
}

fn attachments(stage: &Stage) -> &[Attachment] {
    &stage.app.pages.thread.strip().expect("files").files
}

#[test]
fn what_was_found_in_a_picture_is_known_before_it_goes_and_as_the_node_says_after() {
    let mut stage = Stage::talking(1);
    stage.act(add("a", &["roof.jpg", "bare.jpg", "a.txt"]));
    stage.answer();
    let found: Vec<_> = attachments(&stage)
        .iter()
        .map(|one| one.carries.clone())
        .collect();
    let place = Some(vec![Metadata::Place, Metadata::Exif]);
    assert_eq!(found, [place, Some(Vec::new()), None]);
    stage.act(ThreadAction::Send);
    let ticket = upload(&stage).expect("it begins");
    let uploaded = Uploaded {
        id: UploadId("roof".into()),
        name: Private("roof.jpg".into()),
        size: 1,
        carries: vec![Metadata::Xmp],
        cleaned: true,
        preview: true,
        voice: None,
    };
    stage.handle(Update::Uploaded(ticket, Ok(uploaded)));
    assert_eq!(attachments(&stage)[0].carries, Some(vec![Metadata::Xmp]));
}

#[test]
fn about_how_long_files_take_depends_on_what_reaches_the_other_now() {
    let mut stage = Stage::talking(1);
    let arrival = |stage: &Stage| stage.app.pages.thread.arrival();
    stage.does(add("a", &["a.txt"]));
    assert_eq!(arrival(&stage), Some(Arrival::WhenNear));
    for (over, seconds) in [(Carrier::Ble, 5), (Carrier::Lan, 5)] {
        stage.talk("a").contact.reachable = Some(over);
        stage.happens(Event::Contact { contact: id("a") });
        stage.later(1_100);
        assert_eq!(arrival(&stage), Some(Arrival::About { seconds, over }));
    }
    let only = attachments(&stage)[0].ticket;
    stage.does(AttachAction::Remove(only));
    assert_eq!(arrival(&stage), None);
}
