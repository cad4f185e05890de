//! The worker with real nodes: finding, owning, serving, handing over, losing and finding again.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use hedgerow_gui::model::*;
use hedgerow_gui::node::{Options, Worker};
use hedgerow_node::api::*;
use hedgerow_node::directory::{Directory, Hashing, OwnerInfo};
use hedgerow_node::host::{HostOptions, Local, finding};
use hedgerow_node::pictures::Decoder;
use hedgerow_node::runtime::{NodeOptions, OnAir};
use image::{Rgb, RgbImage};

/// Long enough for anything that happens on a loaded machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(60);

const PASSPHRASE: &str = "quiet hedge";

struct Window {
    worker: Worker,
    update: Receiver<Update>,
}

fn host() -> HostOptions {
    HostOptions {
        pictures: Decoder::at(env!("CARGO_BIN_EXE_hedgerow-gui")),
        node: NodeOptions {
            on_air: OnAir::Loopback,
            record_to: None,
        },
        hashing: Hashing::hazmat_fast_for_tests(),
    }
}

fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE.into())
}

fn text(text: &str) -> Private {
    Private(text.into())
}

impl Window {
    fn start(directory: &Path) -> Self {
        let options = Options {
            directory: directory.to_owned(),
            host: host(),
            downloads: Some(directory.to_owned()),
            name: "the window of a test".into(),
        };
        let (tell, update) = channel();
        let worker = Worker::start(options, move |update| drop(tell.send(update))).unwrap();
        worker.ask(Request::Open);
        Self { worker, update }
    }

    /// The first of the news that `wanted` wants.
    fn hears<T>(&self, mut wanted: impl FnMut(Update) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let update = self.update.recv_timeout(left).expect("it never happened");
            if let Some(found) = wanted(update) {
                return found;
            }
        }
    }

    fn opened(&self) -> (Mode, Found) {
        self.hears(|update| match update {
            Update::Opened { mode, found } => Some((mode, found)),
            Update::NotOpened(refusal) => panic!("{refusal:?}"),
            _ => None,
        })
    }

    fn create(&self, name: &str) {
        assert_eq!(self.opened(), (Mode::Own, Found::Nothing));
        self.make(name);
    }

    fn make(&self, name: &str) {
        self.worker.ask(Request::Create {
            name: text(name),
            passphrase: passphrase(),
        });
        self.hears(|update| match update {
            Update::Created(created) => Some(created),
            _ => None,
        })
        .unwrap();
    }

    fn unlock(&self) {
        self.worker.ask(HostCall::Unlock(passphrase()));
        self.hears(|update| match update {
            Update::Unlocked(unlocked) => Some(unlocked),
            _ => None,
        })
        .unwrap();
    }

    /// The direct chat with a contact.
    fn chat_with(&self, contact: ContactId) -> ConversationId {
        self.worker.ask(Call::Contact(contact));
        self.hears(|update| match update {
            Update::Contact(contact) => Some(contact.conversation),
            _ => None,
        })
    }

    fn overview(&self) -> Overview {
        self.worker.ask(Request::Overview);
        self.hears(|update| match update {
            Update::Overview(overview) => Some(overview),
            Update::Refused(refusal) => panic!("{refusal:?}"),
            _ => None,
        })
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

const OTHER_VERSION: &str = "9.9.9";

/// Answers the first requests to the owner of a directory, which is of another version, with these, one a
/// connection, and no other.
fn play_an_owner(
    owner: &Directory,
    bodies: &'static [&'static str],
) -> std::thread::JoinHandle<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    owner.write_token("token").unwrap();
    owner
        .announce(&OwnerInfo {
            address: listener.local_addr().unwrap(),
            pid: std::process::id(),
            version: OTHER_VERSION.into(),
        })
        .unwrap();
    std::thread::spawn(move || {
        for body in bodies {
            let (mut socket, _) = listener.accept().unwrap();
            let _ = socket.read(&mut [0; 4096]).unwrap();
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            );
            socket.write_all(answer.as_bytes()).unwrap();
        }
    })
}

/// Two first starts, and one invites the other: the chat of each with the other, Ben's first.
fn meet(ana: &Window, ben: &Window) -> (ConversationId, ConversationId) {
    ana.create("Ana");
    ben.create("Ben");
    ana.worker
        .ask(Call::Invite(NewInvitation::for_one(3_600, false)));
    let link = ana.hears(|update| match update {
        Update::Invited(invitation) => invitation.unwrap().link,
        _ => None,
    });
    ben.worker.ask(Call::Join(link.into()));
    let to_ana = ben.hears(|update| match update {
        Update::Event(Event::Joined { contact, .. }) => Some(contact),
        _ => None,
    });
    let to_ben = ana.hears(|update| match update {
        Update::Event(Event::Met { contact, .. }) => Some(contact),
        _ => None,
    });
    (ben.chat_with(to_ana), ana.chat_with(to_ben))
}

#[test]
fn two_windows_meet_and_talk() {
    let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [ana, ben] = places.each_ref().map(|place| Window::start(place.path()));
    let (to_ana, to_ben) = meet(&ana, &ben);
    for (number, said) in ["one", "two", "three"].into_iter().enumerate() {
        ben.worker.ask(Request::Send {
            of: Question {
                ticket: Ticket(number as u64),
                conversation: to_ana.clone(),
            },
            draft: Draft::text(said),
        });
    }
    let mut came = 0;
    ana.hears(|update| match update {
        Update::Event(Event::Message { .. }) => {
            came += 1;
            (came == 3).then_some(())
        }
        Update::Event(Event::Messages { count, .. }) => {
            came += count;
            (came == 3).then_some(())
        }
        _ => None,
    });
    ana.worker.ask(Request::Page {
        of: Question {
            ticket: Ticket(9),
            conversation: to_ben.clone(),
        },
        from: PageFrom::Newest,
        limit: 100,
    });
    let page = ana.hears(|update| match update {
        Update::Page(of, answer) if of.ticket == Ticket(9) => Some(answer.unwrap()),
        _ => None,
    });
    let said: Vec<_> = page
        .messages
        .iter()
        .map(|one| one.text.as_ref().unwrap().0.as_str())
        .collect();
    assert_eq!(said, ["one", "two", "three"]);
    let overview = ana.overview();
    assert_eq!(overview.status.conversations[0].unread, 3);
    assert_eq!(overview.newest[0].1.text, Some(text("three")));

    // Changes are finished before the end, and are there after it.
    ana.worker
        .ask(Call::SetDraft(to_ben.clone(), Draft::text("unsent")));
    assert!(ana.worker.stop() && ben.worker.stop());
    let again = Window::start(places[0].path());
    assert_eq!(again.opened(), (Mode::Own, Found::Locked));
    again.unlock();
    assert_eq!(
        again.overview().status.conversations[0].draft,
        Some(Draft::text("unsent"))
    );
    assert!(again.worker.stop());
}

#[test]
fn the_days_on_which_something_was_written_are_told() {
    const DAY_MS: i64 = 24 * 3_600_000;
    let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [ana, ben] = places.each_ref().map(|place| Window::start(place.path()));
    let (_, to_ben) = meet(&ana, &ben);
    let of = Question {
        ticket: Ticket(1),
        conversation: to_ben.clone(),
    };
    let days = |first_ms: i64| {
        ana.worker.ask(Request::Days {
            conversation: to_ben.clone(),
            from: Date::default(),
            begins_ms: (0..=4).map(|day| first_ms + day * DAY_MS).collect(),
        });
        ana.hears(|update| match update {
            Update::Days(conversation, _, written) => {
                assert_eq!(conversation, to_ben);
                Some(written)
            }
            _ => None,
        })
    };
    assert_eq!(days(0), [false; 4], "nothing was written yet");
    ana.worker.ask(Request::Send {
        of: of.clone(),
        draft: Draft::text("one"),
    });
    let sent = ana.hears(|update| match update {
        Update::Sent(_, answer) => Some(answer.unwrap()),
        _ => None,
    });
    ana.worker.ask(Request::Message { of, id: sent });
    let time_ms = ana.hears(|update| match update {
        Update::Message(_, answer) => Some(answer.unwrap().time_ms),
        _ => None,
    });
    // The days begin on the dot, or an hour before.
    assert_eq!(days(time_ms), [true, false, false, false]);
    let third = time_ms - 2 * DAY_MS - 3_600_000;
    assert_eq!(days(third), [false, false, true, false]);
    assert_eq!(days(time_ms + 1), [false; 4], "all was written before");
    assert_eq!(days(time_ms - 5 * DAY_MS), [false; 4], "or after");
    assert!(ana.worker.stop() && ben.worker.stop());
}

/// A file that one window uploads and sends is saved by the other, with the same bytes, under a name that leads nowhere.
#[test]
fn a_file_is_sent_loaded_and_saved_under_a_name_that_can_do_no_harm() {
    let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [ana, ben] = places.each_ref().map(|place| Window::start(place.path()));
    let (to_ana, to_ben) = meet(&ana, &ben);
    let own = tempfile::tempdir().unwrap();
    let path = FilePath(own.path().join("..\\..\\x\u{202e}fdp.exe"));
    let bytes: Vec<u8> = (0..700_000_u32).map(|at| (at % 251) as u8).collect();
    std::fs::write(&path.0, &bytes).unwrap();
    let ticket = Ticket(1);
    ben.worker.ask(Request::Upload {
        ticket,
        source: Source::File(path),
        as_it_is: false,
    });
    let mut told = Vec::new();
    let uploaded = ben.hears(|update| match update {
        Update::UploadGoesOn(_, bytes) => {
            told.push(bytes);
            None
        }
        Update::Uploaded(_, uploaded) => Some(uploaded.unwrap()),
        _ => None,
    });
    assert_eq!(told.last(), Some(&700_000));
    assert_eq!(uploaded.size, 700_000);
    ben.worker.ask(Request::SendFile {
        of: Question {
            ticket: Ticket(2),
            conversation: to_ana,
        },
        message: NewMessage {
            file: Some(uploaded.id),
            timer_s: Some(0),
            ..NewMessage::text("the caption")
        },
    });
    let id = ana.hears(|update| match update {
        Update::Event(Event::Message { id, .. }) => Some(id),
        _ => None,
    });
    // What is small loads by itself, and can be saved as soon as it is here.
    let saved = ana.hears(|update| match update {
        Update::Event(Event::FileProgress { .. } | Event::MessageChanged { .. }) => {
            ana.worker.ask(Request::SaveFile {
                conversation: to_ben.clone(),
                id: id.clone(),
            });
            None
        }
        Update::FileSaved(_, _, Err(NotSaved::Refused(Refusal::FileNotHere))) => None,
        Update::FileSaved(_, _, saved) => Some(saved.unwrap()),
        _ => None,
    });
    let saved = Path::new(&saved.0);
    assert_eq!(saved, places[0].path().join("xfdp.exe"));
    assert_eq!(std::fs::read(saved).unwrap(), bytes);
    assert!(ana.worker.stop() && ben.worker.stop());
}

/// A picture that one window sends is decoded by the other: the small one, and the whole. Then its room is freed.
#[test]
fn a_picture_is_cleaned_sent_shown_and_freed() {
    let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [ana, ben] = places.each_ref().map(|place| Window::start(place.path()));
    let (to_ana, to_ben) = meet(&ana, &ben);
    let own = tempfile::tempdir().unwrap();
    let path = FilePath(own.path().join("hill.jpg"));
    let hill = RgbImage::from_fn(640, 480, |x, y| Rgb([(x % 256) as u8, (y % 256) as u8, 90]));
    hill.save(&path.0).unwrap();
    let ticket = Ticket(1);
    ben.worker.ask(Request::Look {
        ticket,
        source: Source::File(path.clone()),
    });
    let carries = ben.hears(|update| match update {
        Update::Looked(_, carries) => Some(carries),
        _ => None,
    });
    assert_eq!(carries, []);
    ben.worker.ask(Request::Upload {
        ticket,
        source: Source::File(path),
        as_it_is: false,
    });
    let uploaded = ben.hears(|update| match update {
        Update::Uploaded(_, uploaded) => Some(uploaded.unwrap()),
        _ => None,
    });
    assert!(uploaded.cleaned && uploaded.preview);
    ben.worker.ask(Request::SendFile {
        of: Question {
            ticket: Ticket(2),
            conversation: to_ana,
        },
        message: NewMessage {
            file: Some(uploaded.id),
            timer_s: Some(0),
            ..NewMessage::text("")
        },
    });
    let id = ana.hears(|update| match update {
        Update::Event(Event::Message { id, .. }) => Some(id),
        _ => None,
    });
    let conversation = to_ben.clone();
    ana.worker.ask(Request::Preview {
        conversation,
        id: id.clone(),
    });
    let small = ana.hears(|update| match update {
        Update::Preview(_, _, small) => Some(small.unwrap()),
        _ => None,
    });
    assert_eq!((small.pixels().width, small.pixels().height), (320, 240));
    // It can be shown as soon as all of it is here, which may be so already.
    let show = || -> Option<Picture> {
        ana.worker.ask(Request::Picture {
            conversation: to_ben.clone(),
            id: id.clone(),
        });
        None
    };
    show();
    let whole = ana.hears(|update| match update {
        Update::Event(Event::FileProgress { .. } | Event::MessageChanged { .. }) => show(),
        Update::Picture(_, _, whole) => whole,
        _ => None,
    });
    assert_eq!((whole.pixels().width, whole.pixels().height), (640, 480));
    let (conversation, before_ms) = (to_ben.clone(), i64::MAX);
    ana.worker.ask(Request::CountOld {
        conversation,
        before_ms,
    });
    let found = ana.hears(|update| match update {
        Update::OldCounted(_, _, found) => Some(found),
        _ => None,
    });
    assert_eq!((found.free.files, found.kept.files), (1, 0));
    let conversation = to_ben.clone();
    ana.worker.ask(Request::DropOld {
        conversation,
        before_ms,
    });
    let freed = ana.hears(|update| match update {
        Update::OldDropped(_, freed) => Some(freed.unwrap()),
        _ => None,
    });
    assert_eq!(freed, found);
    ana.worker.ask(HostCall::Storage);
    let used = ana.hears(|update| match update {
        Update::Storage(used) => Some(used),
        _ => None,
    });
    assert!(used.conversations.is_empty());
    ana.worker.ask(Request::Files {
        conversation: to_ben,
        before: None,
        limit: 10,
    });
    let state = ana.hears(|update| match update {
        Update::Files { answer, .. } => answer.unwrap().messages[0].file.clone(),
        _ => None,
    });
    assert_eq!(state.state, FileState::Freed);
    assert!(ana.worker.stop() && ben.worker.stop());
}

/// Every file below this directory, as bytes.
fn contents(directory: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let below = paths.flat_map(|path| match path.is_dir() {
        true => contents(&path),
        false => std::fs::read(&path).into_iter().collect(),
    });
    below.collect()
}

#[test]
fn a_pasted_picture_is_uploaded_and_stands_nowhere_in_clear() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let window = Window::start(&data);
    window.create("Ana");
    let noise = |x: u32, y: u32| Rgb([(x * 7 + y * 31) as u8, (x * y) as u8, (x ^ y) as u8]);
    let mut picture = std::io::Cursor::new(Vec::new());
    let format = image::ImageFormat::Png;
    RgbImage::from_fn(160, 120, noise)
        .write_to(&mut picture, format)
        .unwrap();
    let picture = picture.into_inner();
    let source = Source::Pasted(Pasted(picture.clone().into()));
    let ticket = Ticket(1);
    window.worker.ask(Request::Look {
        ticket,
        source: source.clone(),
    });
    let carries = window.hears(|update| match update {
        Update::Looked(_, carries) => Some(carries),
        _ => None,
    });
    assert_eq!(carries, []);
    window.worker.ask(Request::Upload {
        ticket,
        source,
        as_it_is: true,
    });
    let uploaded = window.hears(|update| match update {
        Update::Uploaded(_, uploaded) => Some(uploaded.unwrap()),
        _ => None,
    });
    assert_eq!(
        (uploaded.name.0.as_str(), uploaded.size),
        (Pasted::NAME, picture.len() as u64)
    );
    let part = &picture[picture.len() / 2..][..32];
    let files = contents(&data);
    assert!(files.iter().map(Vec::len).sum::<usize>() > picture.len());
    let holds = |file: &Vec<u8>| file.windows(part.len()).any(|window| window == part);
    assert!(!files.iter().any(holds), "in clear");
    assert!(window.worker.stop());
}

#[test]
fn an_upload_that_is_stopped_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let window = Window::start(&data);
    window.create("Ana");
    let path = place.path().join("long.bin");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(1 << 30).unwrap();
    let (ticket, path) = (Ticket(1), FilePath(path));
    window.worker.ask(Request::Upload {
        ticket,
        source: Source::File(path),
        as_it_is: false,
    });
    window.hears(|update| matches!(update, Update::UploadGoesOn(..)).then_some(()));
    window.worker.ask(Request::StopUpload(ticket));
    let uploaded = window.hears(|update| match update {
        Update::Uploaded(_, uploaded) => Some(uploaded),
        _ => None,
    });
    assert!(matches!(uploaded, Err(Unfit::Refused(_))));
    assert!(window.worker.stop());
    let bytes = |directory: &Path| -> u64 {
        let entries = std::fs::read_dir(directory).unwrap();
        entries
            .map(|entry| {
                let about = entry.unwrap().metadata().unwrap();
                if about.is_file() { about.len() } else { 0 }
            })
            .sum()
    };
    let directories = std::fs::read_dir(&data).unwrap();
    let directories = directories.map(|entry| entry.unwrap().path());
    for directory in directories.filter(|path| path.is_dir()) {
        assert_eq!(bytes(&directory), 0, "{}", directory.display());
    }
}

/// Notes are begun, written, starred, and written into a file that was there already.
#[test]
fn notes_are_starred_and_written_into_a_file() {
    let place = tempfile::tempdir().unwrap();
    let window = Window::start(&place.path().join("data"));
    window.create("Ana");
    window.worker.ask(Call::Notes);
    let notes = window.hears(|update| match update {
        Update::Conversation(chat) => Some(chat.conversation),
        _ => None,
    });
    assert_eq!(notes.kind, ConversationKind::Notes);
    window.worker.ask(Request::Send {
        of: Question {
            ticket: Ticket(1),
            conversation: notes.id.clone(),
        },
        draft: Draft {
            // As the window sends it.
            timer_s: Some(0),
            ..Draft::text("milk & honey")
        },
    });
    let id = window.hears(|update| match update {
        Update::Sent(_, sent) => Some(sent.unwrap()),
        _ => None,
    });
    window
        .worker
        .ask(Call::Star(notes.id.clone(), id.clone(), true));
    window.hears(|update| {
        matches!(update, Update::Event(Event::MessageChanged { .. })).then_some(())
    });
    let (ticket, before) = (Ticket(2), None);
    window.worker.ask(Request::Starred { ticket, before });
    let starred = window.hears(|update| match update {
        Update::Starred(_, page) => Some(page.unwrap().messages),
        _ => None,
    });
    assert!(starred.len() == 1 && starred[0].message.id == id);

    let list = place.path().join("list.txt");
    std::fs::write(&list, "bread").unwrap();
    window.worker.ask(Request::Upload {
        ticket,
        source: Source::File(FilePath(list)),
        as_it_is: true,
    });
    let uploaded = window.hears(|update| match update {
        Update::Uploaded(_, uploaded) => Some(uploaded.unwrap()),
        _ => None,
    });
    window.worker.ask(Request::SendFile {
        of: Question {
            ticket,
            conversation: notes.id.clone(),
        },
        message: NewMessage {
            file: Some(uploaded.id),
            timer_s: Some(0),
            ..NewMessage::text("")
        },
    });
    window.hears(|update| matches!(update, Update::Sent(..)).then_some(()));

    let path = place.path().join("notes.html");
    std::fs::write(&path, "what was there").unwrap();
    let export = |path: &Path| Request::Export {
        to: ToFile {
            conversation: notes.id.clone(),
            format: ExportFormat::Html,
            with_files: true,
            path: path.to_owned(),
        },
        language: Some("en".into()),
        now_ms: 0,
    };
    let nowhere = place.path().join("no/where");
    let in_folder = format!(
        "1 file of the conversation is in {}.",
        place.path().join("notes-files").display()
    );
    for (path, says) in [
        (&path, in_folder),
        (
            &nowhere,
            format!("There is no such file or folder: {}", nowhere.display()),
        ),
    ] {
        window.worker.ask(export(path));
        let said = window.hears(|update| match update {
            Update::Exported(said) => said,
            _ => None,
        });
        assert_eq!(said.to_string(), says);
    }
    let saved = std::fs::read(place.path().join("notes-files/list.txt"));
    assert_eq!(saved.unwrap(), b"bread");
    // Nothing is left of the one that came to nothing.
    let left = std::fs::read_dir(place.path()).unwrap();
    let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!left.into_iter().any(|name| name.starts_with(".hedgerow-")));
    let file = std::fs::read_to_string(&path).unwrap();
    assert!(file.contains("milk &amp; honey") && !file.contains("what was there"));
    assert!(window.worker.stop());
}

#[test]
fn other_programs_of_the_user_are_served_while_the_window_owns_the_directory() {
    let place = tempfile::tempdir().unwrap();
    let window = Window::start(place.path());
    assert_eq!(window.opened(), (Mode::Own, Found::Nothing));
    assert!(
        matches!(finding::owner(place.path()), Err(Refusal::Owned)),
        "nothing to serve yet"
    );
    window.make("Ana");
    runtime().block_on(async {
        let client = finding::client(place.path()).unwrap().unwrap();
        assert_eq!(client.me().await.unwrap().name.0, "Ana");
        client.lock().await.unwrap();
    });
    window.hears(|update| match update {
        Update::Event(Event::Lock { locked: true }) => Some(()),
        _ => None,
    });
    window.worker.ask(HostCall::CheckPassphrase(passphrase()));
    let checked = window.hears(|update| match update {
        Update::Checked(answer) => Some(answer),
        _ => None,
    });
    assert_eq!(checked, Err(Refusal::Locked));
    assert!(window.worker.stop());
    assert!(matches!(finding::owner(place.path()), Ok(None)));
}

#[test]
fn a_relay_is_used_until_it_is_removed_and_what_is_none_is_refused() {
    const RELAY: &str =
        "/ip4/127.0.0.1/udp/9/quic-v1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
    let place = tempfile::tempdir().unwrap();
    let window = Window::start(place.path());
    window.create("Ana");
    let adds = |address: &str| {
        window.worker.ask(Call::AddRelay(text(address)));
        window.hears(|update| match update {
            Update::RelayAdded(answer) => Some(answer),
            _ => None,
        })
    };
    assert_eq!(adds("relay.example.org"), Err(Refusal::BadRelay));
    assert_eq!(adds(RELAY), Ok(()));
    assert_eq!(window.overview().status.relays[0].address, text(RELAY));
    let removes = || window.worker.ask(Call::RemoveRelay(text(RELAY)));
    removes();
    // Changes are done in their order, so the first is done when the second is refused.
    removes();
    window.hears(|update| matches!(update, Update::Refused(Refusal::NoSuchRelay)).then_some(()));
    assert!(window.overview().status.relays.is_empty());
    assert!(window.worker.stop());
}

#[test]
fn a_window_is_the_client_of_another_and_takes_over_on_request() {
    let place = tempfile::tempdir().unwrap();
    let first = Window::start(place.path());
    first.create("Ana");
    let second = Window::start(place.path());
    let (mode, found) = second.opened();
    assert!(matches!(mode, Mode::Client { .. }) && found == Found::Open);
    assert_eq!(second.overview().status.me.name.0, "Ana");

    second.worker.ask(Request::TakeOver);
    assert_eq!(second.opened(), (Mode::Own, Found::Locked));
    let to = first.hears(|update| match update {
        Update::Departed(Departed::HandedOver(to)) => Some(to),
        _ => None,
    });
    assert_eq!(to, "the window of a test");
    second.unlock();
    // The first goes on as the client of the second.
    let (mode, _) = first.opened();
    assert!(matches!(mode, Mode::Client { .. }));
    assert!(first.worker.stop() && second.worker.stop());
}

#[test]
fn radio_and_paths_are_chosen_where_the_node_is_and_in_a_client_of_it() {
    let place = tempfile::tempdir().unwrap();
    let owner = Window::start(place.path());
    owner.create("Ana");
    let client = Window::start(place.path());
    assert!(matches!(client.opened().0, Mode::Client { .. }));
    let takes = |window: &Window, wanted: RelayPaths| {
        window.worker.ask(Call::SetRelayPaths(wanted.clone()));
        window.hears(|update| match update {
            Update::RelayPathsSet(of, answer) if of == wanted => Some(answer),
            _ => None,
        })
    };
    let proxied = |proxy: &str| RelayPaths::Proxied { proxy: text(proxy) };
    for (window, power) in [(&owner, Power::Active), (&client, Power::Saver)] {
        let radio = Radio {
            power,
            show_address: true,
        };
        window.worker.ask(Call::SetRadio(radio));
        let told = window.hears(|update| match update {
            Update::Status(status) => Some(status.radio),
            Update::Refused(refusal) => panic!("{refusal:?}"),
            _ => None,
        });
        assert_eq!(told, radio);
        let none = takes(window, proxied("localhost:9050"));
        assert_eq!(none, Err(Refusal::BadProxy));
        assert_eq!(takes(window, RelayPaths::Relayed), Ok(()));
        assert_eq!(takes(window, proxied("127.0.0.1:9")), Ok(()));
        let status = window.overview().status;
        assert_eq!(status.relay_paths, proxied("127.0.0.1:9"));
        assert_eq!(status.radio, radio);
    }
    assert!(client.worker.stop() && owner.worker.stop());
}

#[test]
fn a_window_whose_owner_goes_away_takes_the_directory() {
    let place = tempfile::tempdir().unwrap();
    let first = Window::start(place.path());
    first.create("Ana");
    let second = Window::start(place.path());
    assert!(matches!(second.opened().0, Mode::Client { .. }));
    assert!(first.worker.stop());
    second.hears(|update| matches!(update, Update::Departed(Departed::Lost)).then_some(()));
    assert_eq!(second.opened(), (Mode::Own, Found::Locked));
    second.unlock();
    assert_eq!(second.overview().status.me.name.0, "Ana");
    assert!(second.worker.stop());
}

#[test]
fn a_wipe_by_the_window_or_by_a_client_ends_at_the_first_start() {
    for by_client in [false, true] {
        let place = tempfile::tempdir().unwrap();
        let window = Window::start(place.path());
        window.create("Ana");
        if by_client {
            runtime().block_on(async {
                let client = finding::client(place.path()).unwrap().unwrap();
                client.wipe().await.unwrap();
            });
        } else {
            window.worker.ask(HostCall::Wipe);
        }
        window.hears(|update| matches!(update, Update::Wiped).then_some(()));
        window.worker.ask(Request::Open);
        window.create("Ben");
        assert_eq!(window.overview().status.me.name.0, "Ben");
        assert!(window.worker.stop());
    }
}

#[test]
fn even_a_damaged_directory_is_destroyed_on_request() {
    let place = tempfile::tempdir().unwrap();
    let window = Window::start(place.path());
    window.create("Ana");
    assert!(window.worker.stop());
    std::fs::write(place.path().join("slots"), b"damage").unwrap();
    let window = Window::start(place.path());
    let why = window.hears(|update| match update {
        Update::NotOpened(refusal) => Some(refusal),
        _ => None,
    });
    assert_eq!(why, Refusal::SlotsDamaged);
    window.worker.ask(HostCall::Wipe);
    window.hears(|update| matches!(update, Update::Wiped).then_some(()));
    window.worker.ask(Request::Open);
    assert_eq!(window.opened(), (Mode::Own, Found::Nothing));
    assert!(window.worker.stop());
}

#[test]
fn a_node_of_another_version_is_told_at_once_and_its_data_are_opened_when_it_has_gone() {
    let place = tempfile::tempdir().unwrap();
    let owner = Directory::own(place.path()).unwrap();
    let answers = play_an_owner(&owner, &["what now"]);
    let window = Window::start(place.path());
    let why = window.hears(|update| match update {
        Update::NotOpened(refusal) => Some(refusal),
        _ => None,
    });
    let version = OTHER_VERSION.into();
    assert_eq!(why, Refusal::OtherVersion { version });
    answers.join().unwrap();
    drop(owner);
    window.worker.ask(Request::Open);
    assert_eq!(window.opened(), (Mode::Own, Found::Nothing));
    assert!(window.worker.stop());
}

#[test]
fn a_node_that_has_no_events_for_us_is_told_and_not_found_again_and_again() {
    const STATUS: &str = r#"{"version":"9.9.9","locked":true,"open":null}"#;
    let place = tempfile::tempdir().unwrap();
    let owner = Directory::own(place.path()).unwrap();
    let answers = play_an_owner(&owner, &[STATUS, "what now"]);
    let window = Window::start(place.path());
    let why = window.hears(|update| match update {
        Update::NotOpened(refusal) => Some(refusal),
        Update::Departed(departed) => panic!("it is there still: {departed:?}"),
        _ => None,
    });
    let version = OTHER_VERSION.into();
    assert_eq!(why, Refusal::OtherVersion { version });
    answers.join().unwrap();
    assert!(window.worker.stop());
}

#[test]
fn a_directory_that_cannot_be_had_is_told_with_its_reason_and_tried_again_on_request() {
    let place = tempfile::tempdir().unwrap();
    // Somebody has it who serves nobody.
    let silent = Local::own(place.path(), host()).unwrap();
    let window = Window::start(place.path());
    let why = window.hears(|update| match update {
        Update::NotOpened(refusal) => Some(refusal),
        _ => None,
    });
    assert_eq!(why, Refusal::Owned);
    drop(silent);
    window.worker.ask(Request::Open);
    assert_eq!(window.opened(), (Mode::Own, Found::Nothing));
    assert!(window.worker.stop());
}
