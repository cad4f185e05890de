//! Files in the window: by pointer and keys, and as a screen reader has them.

use std::path::PathBuf;

use hedgerow_gui::model::*;
use hedgerow_node::api::*;
use i_slint_backend_testing::{AccessibleRole, ElementQuery, init_no_event_loop};
use slint::LogicalPosition;
use slint::platform::Key;

use crate::screens;
use crate::stage::window::Window;
use crate::stage::{NOON, Stage, chat_id};

/// In a conversation with Ana, who has sent a file that is in this state.
fn with_file(state: FileState) -> (Window, MessageId) {
    init_no_event_loop();
    let mut stage = Stage::open(&["Ana"]);
    let talk = stage.talk("a");
    talk.contact.verified = true;
    let id = talk.add("As promised", false, NOON - 60_000);
    talk.attach(&id, "notes.pdf", 2_000_000, state);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    (Window::of(stage, 1_000.0, 700.0), id)
}

/// What a screen reader says of each message.
fn heard(window: &Window) -> Vec<String> {
    let items = ElementQuery::from_root(window.window.ui())
        .match_accessible_role(AccessibleRole::ListItem)
        .find_all();
    let labels = items.iter().filter_map(|item| item.accessible_label());
    labels.map(Into::into).collect()
}

#[test]
fn a_file_is_loaded_stopped_and_saved_by_its_buttons() {
    let why = Offered::Large;
    let (mut window, id) = with_file(FileState::Offered { why });
    let says = |window: &Window, what: &str| {
        let heard = heard(window);
        let last = heard.last().expect("a message");
        assert!(last.contains(what), "{last}");
    };
    says(
        &window,
        "File notes.pdf, 2 MB · too large to load by itself. As promised",
    );
    window.clicks("Load");
    let wanted = window.asked(|request| match request {
        Request::Call(Call::WantFile(_, id, wanted)) => Some((id.clone(), *wanted)),
        _ => None,
    });
    assert_eq!(wanted, [(id.clone(), true)]);
    says(&window, "waits for its sender");
    window.clicks("Stop loading");
    says(&window, "you declined it");
    window.one("Load");

    let talk = window.node.talks.values_mut().next().expect("Ana");
    talk.attach(&id, "notes.pdf", 2_000_000, FileState::Here);
    window.hears(Update::Event(Event::MessageChanged {
        conversation: chat_id("a"),
        id,
    }));
    window.clicks("Save");
    window.one("Saved as /home/fay/Downloads/notes.pdf.");
}

#[test]
fn a_file_that_goes_out_is_cancelled_by_its_button_until_it_has_arrived() {
    init_no_event_loop();
    let mut stage = Stage::open(&["Ana"]);
    let talk = stage.talk("a");
    let id = talk.add("As promised", true, NOON - 60_000);
    talk.attach(&id, "notes.pdf", 2_000_000, FileState::Here);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    let mut window = Window::of(stage, 1_000.0, 700.0);
    window.clicks("Cancel sending");
    let cancelled = window.asked(|request| match request {
        Request::Call(Call::CancelFile(_, id)) => Some(id.clone()),
        _ => None,
    });
    assert_eq!(cancelled, std::slice::from_ref(&id));
    let says = |window: &Window| heard(window).pop().expect("a message");
    assert!(
        says(&window).contains("2 MB · cancelled"),
        "{}",
        says(&window)
    );
    assert!(window.all("Cancel sending").is_empty());

    let talk = window.node.talks.values_mut().next().expect("Ana");
    talk.attach(&id, "notes.pdf", 2_000_000, FileState::Here);
    let message = talk.message(&id).expect("it was added");
    for held in &mut message.file.as_mut().expect("a file").held {
        held.bytes = 2_000_000;
    }
    window.hears(Update::Event(Event::MessageChanged {
        conversation: chat_id("a"),
        id,
    }));
    window.one("Save");
    assert!(window.all("Cancel sending").is_empty());
}

#[test]
fn every_button_of_a_file_is_reached_and_pressed_by_keys() {
    let why = Offered::Unverified;
    let (mut window, id) = with_file(FileState::Offered { why });
    window.presses(&[Key::Shift], Key::Tab);
    for _ in 0..30 {
        window.presses(&[], Key::Return);
        let wanted = window.asked(|request| match request {
            Request::Call(Call::WantFile(_, id, false)) => Some(id.clone()),
            _ => None,
        });
        if let [declined] = &wanted[..] {
            assert_eq!(*declined, id);
            return;
        }
        window.presses(&[], Key::Escape);
        window.presses(&[Key::Shift], Key::Tab);
    }
    panic!("the keyboard does not come to “Decline”");
}

#[test]
fn a_key_attaches_files_which_stand_above_the_text_until_they_are_sent() {
    let (mut window, _) = with_file(FileState::Here);
    window.presses(&[Key::Control], 'u');
    assert!(window.done(|effect| matches!(effect, Effect::ChooseFiles(_))));
    let unfit = &mut window.node.unfit;
    unfit.insert("folder".into(), Unfit::Directory);
    let paths = ["a.txt", "folder"].map(|name| FilePath(PathBuf::from(name)));
    window.does(AttachAction::Add(chat_id("a"), paths.to_vec()));
    window.one("a.txt, 4 kB");
    window.one("folder, A folder cannot be sent.");
    window.clicks("Do not send folder");
    assert!(window.all("folder, A folder cannot be sent.").is_empty());
    window.types("Here");
    window.presses(&[], Key::Return);
    assert!(window.all("a.txt, 4 kB").is_empty());
    let heard = heard(&window);
    let last = heard.last().expect("a message");
    assert!(last.ends_with("waits to be fetched. Here"), "{last}");
}

#[test]
fn the_question_about_a_file_is_in_sight_among_many_on_a_phone_with_the_largest_letters() {
    init_no_event_loop();
    let mut window = Window::of(screens::consent(), 360.0, 720.0);
    window.does(Action::Prefer(Preference::TextPercent(200)));
    let files = ["budget.pdf", "talk.pdf"];
    for left in (0..files.len()).rev() {
        let asks = window.all("Send as it is");
        let ask = asks.first().expect("it is asked");
        let (top, height) = (ask.absolute_position().y, ask.size().height);
        let list = window.one("Attached files").absolute_position().y;
        let field = window.one("Message to Ana Petrova").absolute_position().y;
        assert!(top >= list && top + height <= field, "{list} {top} {field}");
        let ask = LogicalPosition::new(ask.absolute_position().x + 20.0, top + height / 2.0);
        window.draws(ask, ask);
        // Further down waits the rest: the next question comes up by itself.
        window.turns(ask, -400.0);
        window.turns(ask, 400.0);
        let sent = window.all("Send as it is");
        assert!(sent.len() <= left, "{} are left to ask", sent.len());
    }
}

#[test]
fn keys_paste_a_picture_which_stands_above_the_text_until_it_is_sent() {
    let (mut window, _) = with_file(FileState::Here);
    window.presses(&[Key::Control], 'v');
    assert!(window.done(|effect| matches!(effect, Effect::LookForPicture(_))));
    let picture = Pasted([0; 4_096].into());
    window.does(AttachAction::Pasted(chat_id("a"), Some(picture)));
    window.one("picture.png, 4 kB, nothing was found in it beside the picture");
    window.presses(&[], Key::Return);
    let heard = heard(&window);
    let last = heard.last().expect("a message");
    assert!(last.contains("picture.png"), "{last}");
}

#[test]
fn files_that_are_held_over_a_conversation_are_expected_there() {
    let (mut window, _) = with_file(FileState::Here);
    let is_shown = |window: &Window| {
        let labels = ElementQuery::from_root(window.window.ui()).match_inherits("DropHere");
        labels.find_first().is_some()
    };
    assert!(!is_shown(&window));
    window.does(AttachAction::Hover(true));
    assert!(is_shown(&window));
    window.does(AttachAction::Drop(FilePath("/home/fay/a.txt".into())));
    assert!(!is_shown(&window));
    window.one("a.txt, 4 kB");
}

/// In a conversation with Ana, who has sent two pictures that are here.
fn with_pictures() -> (Window, Vec<MessageId>) {
    init_no_event_loop();
    let mut stage = Stage::open(&["Ana"]);
    let talk = stage.talk("a");
    talk.contact.verified = true;
    let add = |name: &str| {
        let id = talk.add("", false, NOON - 60_000);
        talk.attach_picture(&id, name, 1_240_000, FileState::Here);
        id
    };
    let ids = ["hill.jpg", "roof.jpg"].map(add).to_vec();
    talk.read = ids.last().cloned();
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    (Window::of(stage, 1_000.0, 700.0), ids)
}

/// What the viewer says of its picture.
fn viewed(window: &Window) -> Option<String> {
    let image = ElementQuery::from_root(window.window.ui())
        .match_inherits("Viewer")
        .find_first()?;
    let image = image
        .query_descendants()
        .match_accessible_role(AccessibleRole::Image);
    image.find_first()?.accessible_label().map(Into::into)
}

#[test]
fn a_picture_in_a_card_is_told_and_opens_the_viewer_by_pointer() {
    let (mut window, _) = with_pictures();
    let heard = heard(&window);
    let last = heard.last().expect("a message");
    assert!(last.contains("Picture roof.jpg, 1 MB"), "{last}");
    window.clicks("Open roof.jpg");
    let said = viewed(&window).expect("it is open");
    assert!(said.starts_with("Picture roof.jpg, 1 MB, Ana, "), "{said}");
    assert!(
        window.all("Open hill.jpg").is_empty(),
        "what is behind is not reached"
    );
    window.clicks("Back");
    assert_eq!(viewed(&window), None);
    window.one("Open roof.jpg");
}

#[test]
fn the_viewer_is_used_by_keys_alone() {
    let (mut window, _) = with_pictures();
    window.clicks("Open roof.jpg");
    let shows = |window: &Window, name: &str| {
        let said = viewed(window).expect("it is open");
        assert!(said.contains(name), "{said}");
    };
    window.presses(&[], Key::LeftArrow);
    shows(&window, "hill.jpg");
    window.presses(&[], Key::RightArrow);
    shows(&window, "roof.jpg");
    // In a larger picture arrows move it, and others are a page away.
    let is_larger = |window: &Window| window.one("All of it").accessible_enabled();
    assert_eq!(is_larger(&window), Some(false));
    window.presses(&[], '+');
    assert_eq!(is_larger(&window), Some(true));
    window.presses(&[], Key::LeftArrow);
    shows(&window, "roof.jpg");
    window.presses(&[], Key::PageUp);
    shows(&window, "hill.jpg");
    assert_eq!(
        is_larger(&window),
        Some(false),
        "another one is shown whole"
    );
    window.presses(&[], '+');
    window.presses(&[], '0');
    assert_eq!(is_larger(&window), Some(false));
    window.presses(&[], Key::Escape);
    assert_eq!(viewed(&window), None);
    // The keyboard writes again.
    window.types("Fine");
    window.presses(&[], Key::Return);
    let sent = window.asked(|request| match request {
        Request::Send { draft, .. } => Some(draft.text.0.clone()),
        _ => None,
    });
    assert_eq!(sent, ["Fine"]);
}

#[test]
fn a_lock_closes_the_viewer() {
    let (mut window, _) = with_pictures();
    window.clicks("Open roof.jpg");
    window.presses(&[Key::Control], 'l');
    assert_eq!(viewed(&window), None);
}

#[test]
fn the_list_of_files_is_used_by_keys_alone() {
    let (mut window, _) = with_pictures();
    window.does(MediaAction::Open(chat_id("a")));
    window.presses(&[], Key::DownArrow);
    window.presses(&[], Key::Return);
    let said = viewed(&window).expect("it is open");
    assert!(said.contains("hill.jpg"), "{said}");
    window.presses(&[], Key::Escape);
    window.presses(&[], Key::UpArrow);
    window.presses(&[], Key::Return);
    let said = viewed(&window).expect("it is open");
    assert!(said.contains("roof.jpg"), "{said}");
}

#[test]
fn old_files_are_dropped_from_the_page_about_storage() {
    init_no_event_loop();
    let mut stage = Stage::open(&["Ana"]);
    let talk = stage.talk("a");
    let old = talk.add("", false, NOON - 100 * 24 * 60 * 60_000);
    talk.attach_picture(&old, "hill.jpg", 1_240_000, FileState::Here);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    let mut window = Window::of(stage, 1_000.0, 700.0);
    window.does(Action::ShowSettings(SettingsPage::Storage));
    window.clicks("Drop media older than…");
    window.one("1 file is freed: 1 MB.");
    window.clicks("Older than a year");
    window.one("There are no files as old that can be freed.");
    window.clicks("Older than 30 days");
    window.clicks("Drop them");
    window.one("Freed: 1 MB.");
    window.one("52.3 GB are free for pictures and other files. None are on this device.");
}
