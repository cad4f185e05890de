//! Every screen, drawn by the software renderer in each theme and both widths, beside the picture of
//! it that is kept in `gui/screenshots`. `HEDGEROW_SCREENS=write` draws these anew.

use std::path::PathBuf;

use crate::fitting::stages::OPENED;
use crate::stage::{self, NOON, Stage, chat_id, id};
use hedgerow_gui::bind::{About, Outside, Window};
use hedgerow_gui::fonts;
use hedgerow_gui::model::*;
use hedgerow_gui::ui::AppWindow;
use hedgerow_node::api::*;
use i_slint_backend_testing::{
    ElementQuery, TestingBackend, TestingBackendOptions, mock_elapsed_time,
};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, GrayImage, ImageEncoder, Luma, RgbaImage};
use slint::{ComponentHandle, LogicalSize};
use std::time::Duration;

/// Of a picture, so many pixels may differ.
const MAY_DIFFER: f64 = 0.005;

/// How far a colour may be off before it is another one.
const OFF: u8 = 10;

/// A size of the window: its name, width and height.
type Size = (&'static str, u32, u32);

const WIDE: Size = ("wide", 1100, 720);
const PHONE: Size = ("phone", 360, 720);

const LIGHT: (&str, Theme) = ("light", Theme::Light);
const DARK: (&str, Theme) = ("dark", Theme::Dark);
const CONTRAST: (&str, Theme) = ("contrast", Theme::HighContrast);

/// Screens with everything on them unfolded, and as high as these lines of pixels.
const UNFOLDED: [(&str, u32); 2] = [("bluetooth", 900), ("paths", 1_800)];

/// Nothing outside answers.
struct Still(Now);

impl Outside for Still {
    fn now(&self) -> Now {
        self.0
    }
    fn perform(&self, _: Effect) {}
    fn choose_picture(&self) {}
    fn quit(&self) {}
}

/// What was drawn in one test, beside the pictures that are kept.
#[derive(Default)]
struct Gallery {
    wrong: Vec<String>,
}

impl Gallery {
    /// Begins in the thread of a test: each has a platform of its own.
    fn open() -> Self {
        let backend = TestingBackend::new(TestingBackendOptions {
            mock_time: true,
            threading: false,
            renderer_name: Some("software".into()),
        });
        slint::platform::set_platform(Box::new(backend)).expect("the first");
        Self::default()
    }

    fn hang(&mut self, file: &str, stage: Stage, (width, height): (u32, u32), opens: Opens) {
        let drawn = draw(stage, width, height, opens);
        if let Err(what) = compare(file, &drawn) {
            self.wrong.push(format!("{file}: {what}"));
        }
    }

    fn close(self) {
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
    }
}

/// What is opened over a screen once its language is chosen.
type Opens = fn(&AppWindow);

/// In English, in this theme.
fn dressed(stage: fn() -> Stage, theme: Theme) -> Stage {
    let mut stage = stage();
    stage.does(Action::Prefer(Preference::Theme(theme)));
    stage.does(Action::Prefer(Preference::Language(Some("en".into()))));
    stage
}

fn every_screen_in((theme_name, theme): (&str, Theme), (size_name, width, height): Size) {
    let mut gallery = Gallery::open();
    for (name, stage) in screens() {
        let unfolded = UNFOLDED.iter().find(|(unfolded, _)| *unfolded == name);
        let height = unfolded.map_or(height, |(_, height)| *height);
        let file = format!("{name}-{theme_name}-{size_name}.png");
        let opens = opens(unfolded.is_some());
        gallery.hang(&file, dressed(stage, theme), (width, height), opens);
    }
    gallery.close();
}

#[test]
fn every_screen_looks_as_it_was_approved_in_light() {
    every_screen_in(LIGHT, WIDE);
}

#[test]
fn every_screen_looks_as_it_was_approved_in_light_on_a_phone() {
    every_screen_in(LIGHT, PHONE);
}

#[test]
fn every_screen_looks_as_it_was_approved_in_the_dark() {
    every_screen_in(DARK, WIDE);
}

#[test]
fn every_screen_looks_as_it_was_approved_in_the_dark_on_a_phone() {
    every_screen_in(DARK, PHONE);
}

#[test]
fn every_screen_looks_as_it_was_approved_in_high_contrast() {
    every_screen_in(CONTRAST, WIDE);
}

#[test]
fn every_screen_looks_as_it_was_approved_in_high_contrast_on_a_phone() {
    every_screen_in(CONTRAST, PHONE);
}

#[test]
fn what_opens_over_a_screen_looks_as_it_was_approved() {
    let mut gallery = Gallery::open();
    let (size_name, width, height) = WIDE;
    for (name, stage, opens) in OPENED {
        for (theme_name, theme) in [LIGHT, DARK, CONTRAST] {
            let file = format!("{}-{theme_name}-{size_name}.png", name.replace(' ', "-"));
            gallery.hang(&file, dressed(stage, theme), (width, height), opens);
        }
    }
    gallery.close();
}

#[test]
fn other_languages_and_large_letters_look_as_they_were_approved() {
    let mut gallery = Gallery::open();
    for (name, language, percent, (size_name, width, height)) in [
        // The longest words, in large letters, where there is the least room.
        ("conversation", "en", 200, PHONE),
        ("conversation", "bg", 100, PHONE),
        ("person", "ro", 200, PHONE),
        ("security", "lv", 200, PHONE),
        ("bluetooth", "sv", 200, PHONE),
        ("paths", "bg", 200, PHONE),
        ("picker", "lv", 200, PHONE),
        ("files", "bg", 200, PHONE),
        ("attaching", "fr", 200, PHONE),
        ("pictures", "ro", 200, PHONE),
        ("viewer", "uk", 200, PHONE),
        ("media", "lv", 200, PHONE),
        ("storage", "bg", 200, PHONE),
        ("drop-old", "fr", 200, PHONE),
        // From right to left.
        ("conversation", "ar", 100, WIDE),
        ("conversation", "ar", 100, PHONE),
        ("replies", "en", 200, PHONE),
        ("replies", "ar", 100, PHONE),
        ("chats", "ar", 100, PHONE),
        ("security", "ar", 100, WIDE),
        ("files", "ar", 100, PHONE),
        ("attaching", "he", 100, PHONE),
        ("pictures", "ar", 100, PHONE),
        ("viewer", "he", 100, PHONE),
        ("media", "fa", 100, PHONE),
        ("storage", "ar", 100, PHONE),
    ] {
        let screens = screens();
        let stage = screens.iter().find(|(screen, _)| *screen == name);
        let mut stage = stage.expect("a screen").1();
        stage.does(Action::Prefer(Preference::Theme(Theme::Light)));
        stage.does(Action::Prefer(Preference::Language(Some(language.into()))));
        stage.does(Action::Prefer(Preference::TextPercent(percent)));
        let file = format!("{name}-light-{size_name}-{language}-{percent}-percent.png");
        let unfolded = UNFOLDED.iter().find(|(unfolded, _)| *unfolded == name);
        // Large letters take more than twice the room.
        let height = unfolded.map_or(height, |(_, height)| height * 5 / 2);
        gallery.hang(&file, stage, (width, height), opens(unfolded.is_some()));
    }
    gallery.close();
}

/// A screen: its name, and how one gets there.
pub(crate) type Screen = (&'static str, fn() -> Stage);

pub(crate) fn screens() -> [Screen; 53] {
    [
        ("welcome", || {
            let mut stage = Stage::new();
            stage.handle(Update::Opened {
                mode: Mode::Own,
                found: Found::Nothing,
            });
            stage.does(DoorAction::Name("Ana".into()));
            stage.does(DoorAction::Passphrase(stage::passphrase("violet harbour")));
            stage
        }),
        ("unlock", || {
            let mut stage = Stage::new();
            stage.handle(Update::Opened {
                mode: Mode::Own,
                found: Found::Locked,
            });
            stage
        }),
        ("empty", || Stage::open(&[])),
        ("chats", people),
        ("conversation", conversation),
        ("replies", replies),
        ("answering", || {
            let mut stage = replies();
            let theirs = stage.talk("a").messages[6].id.clone();
            stage.does(ThreadAction::Reply(theirs));
            stage.does(ThreadAction::Draft("At six, then".into()));
            stage
        }),
        ("files", files),
        ("voice", voices),
        ("recording", recording),
        ("recorded", || {
            let mut stage = recording();
            stage.does(RecordingAction::Pause);
            stage
        }),
        ("attaching", attaching),
        ("attached", || {
            let mut stage = conversation();
            stage.talk("a").contact.reachable = Some(Carrier::Ble);
            stage.happens(Event::Contact { contact: id("a") });
            let paths = ["roof.jpg", "bare.jpg"].map(|name| FilePath(name.into()));
            stage.does(AttachAction::Add(chat_id("a"), paths.to_vec()));
            stage
        }),
        ("pictures", pictures),
        ("viewer", || {
            let mut stage = pictures();
            let shown = stage.talk("a").messages[11].id.clone();
            stage.does(FileAction::View(shown));
            stage
        }),
        ("media", || {
            let mut stage = pictures();
            stage.does(MediaAction::Open(chat_id("a")));
            stage
        }),
        ("storage", || {
            let mut stage = pictures();
            stage.does(Action::ShowSettings(SettingsPage::Storage));
            stage
        }),
        ("drop-old", || {
            let mut stage = pictures();
            stage.does(Action::ShowSettings(SettingsPage::Storage));
            stage.does(StorageAction::AskDrop(chat_id("a")));
            stage.does(DialogAction::OlderThan(Age::Month));
            stage
        }),
        ("deleted", deleted),
        ("deleting", || {
            let mut stage = deleted();
            let ours = stage.talk("a").messages[5].id.clone();
            stage.does(ThreadAction::Delete(ours));
            stage
        }),
        ("search", || {
            let mut stage = people();
            stage.does(SearchingAction::OpenEverywhere);
            stage.does(SearchingAction::Words("the".into()));
            stage.does(SearchingAction::Move { down: true });
            stage
        }),
        ("search-here", || {
            let mut stage = conversation();
            stage.does(SearchingAction::OpenHere);
            stage.does(SearchingAction::Words("the".into()));
            stage.does(SearchingAction::GoMarked);
            stage
        }),
        ("arranged", arranged),
        ("notes", || {
            let mut stage = arranged();
            stage.does(ArrangingAction::OpenNotes);
            stage
        }),
        ("export", || {
            let mut stage = people();
            stage.does(ArrangingAction::AskExport(chat_id("a")));
            stage
        }),
        ("starred", || {
            let mut stage = conversation();
            for at in [2, 3] {
                let id = stage.talk("a").messages[at].id.clone();
                stage.does(ThreadAction::Star { id, starred: true });
            }
            stage.does(StarredAction::Open);
            stage
        }),
        ("forward", || {
            let mut stage = conversation();
            let id = stage.talk("a").messages[3].id.clone();
            stage.does(ThreadAction::Forward(id));
            stage.does(DialogAction::ChooseReceiver(chat_id("b")));
            stage
        }),
        ("timed", timed),
        ("timer", || {
            let mut stage = timed();
            stage.talk("a").contact.cannot_show = vec![Feature::Timers];
            stage.happens(Event::Contact { contact: id("a") });
            stage.does(ArrangingAction::AskTimer(chat_id("a")));
            stage
        }),
        ("timer-changed", || {
            let mut stage = timed();
            stage.does(ThreadAction::Draft("At six, then".into()));
            stage.talk("a").conversation.timer_s = 8 * 3_600;
            stage.does(ThreadAction::Send);
            stage
        }),
        ("emoji", emoji),
        ("picker", || {
            let mut stage = emoji();
            let open = PickerAction::Open {
                purpose: Purpose::Draft,
                language: "en".into(),
            };
            stage.does(open.clone());
            for used in ["❤️", "🙂", "👍🏽"] {
                stage.does(PickerAction::Pick(used.into()));
            }
            stage.does(PickerAction::Close);
            stage.does(open);
            stage
        }),
        ("details", || {
            let mut stage = conversation();
            stage.talk("a").contact.cannot_show = Feature::ALL.to_vec();
            stage.handle(Update::Event(Event::Contact { contact: id("a") }));
            stage.answer();
            let waiting = stage.talk("a").messages.last().expect("one").id.clone();
            stage.does(ThreadAction::Details(waiting));
            stage
        }),
        ("link", || {
            let mut stage = conversation();
            stage.does(ThreadAction::OpenLink(
                "http://xn--80ak6aa92e.example/minutes".into(),
            ));
            stage
        }),
        ("beginning", || {
            let mut stage = people();
            stage.does(ChatsAction::OpenChat(chat_id("e")));
            stage
        }),
        ("long", || {
            let mut stage = people();
            let talk = stage.talk("b");
            talk.contact.reachable = Some(Carrier::Lan);
            let minutes = "We agreed that the bridge is crossed by noon, that nobody waits alone, and that whoever is late calls the second number. ";
            talk.add(&minutes.repeat(12), false, NOON - 9 * MINUTE);
            let link = format!(
                "https://example.org/minutes/{}/12.html",
                "2026-05-".repeat(9)
            );
            talk.add(&format!("Whole: {link}"), true, NOON - 8 * MINUTE);
            stage.handle(Update::Event(Event::Missed));
            stage.answer();
            stage.does(ChatsAction::OpenChat(chat_id("b")));
            let first = stage.talk("b").messages[0].id.clone();
            stage.does(ThreadAction::CopyMessage(first));
            stage
        }),
        ("calendar", || {
            let mut stage = conversation();
            stage.does(ThreadAction::AskDate);
            stage
        }),
        ("keys", || {
            let mut stage = people();
            stage.does(Action::ShowKeys);
            stage
        }),
        ("joining", || {
            let mut stage = people();
            stage.does(Action::ShowAdding);
            stage.does(AddingAction::Pasted("hedgerow:ABC".into()));
            stage.does(AddingAction::Join);
            stage.does(AddingAction::Pasted("https://example.org".into()));
            stage.does(AddingAction::Join);
            stage
        }),
        ("passphrase", || {
            let mut stage = people();
            stage.does(Action::ShowSettings(SettingsPage::Security));
            stage.does(SettingsAction::ChangePassphrase);
            stage.does(DialogAction::New(stage::passphrase("abcd")));
            stage.does(DialogAction::Confirm);
            stage
        }),
        ("person", || {
            let mut stage = people();
            stage.does(Action::ShowPerson(id("a")));
            stage
        }),
        ("adding", || {
            let mut stage = people();
            stage.does(Action::ShowAdding);
            stage.does(AddingAction::Invite {
                in_person: true,
                valid_for_s: 1_800,
            });
            stage
        }),
        ("scanning", || {
            let mut stage = people();
            stage.does(Action::ShowAdding);
            stage.does(ScanningAction::Camera(Sight::There(true)));
            stage.does(ScanningAction::Scan(true));
            stage.does(ScanningAction::Camera(Sight::OtherCode));
            stage
        }),
        ("network", || {
            let mut stage = people();
            stage.node.bluetooth = Some(CarrierCondition::PoweredOff);
            stage.does(Action::ShowNetwork);
            stage
        }),
        ("bluetooth", || {
            let mut stage = people();
            stage.node.bluetooth = Some(CarrierCondition::On);
            stage.node.radio.show_address = true;
            stage.node.airtime = Some(Airtime {
                listened_s_an_hour: 724,
                announced_s_an_hour: 5,
            });
            stage.does(Action::ShowNetwork);
            stage
        }),
        ("address", || {
            let mut stage = people();
            stage.node.bluetooth = Some(CarrierCondition::NotPrivate);
            stage.does(Action::ShowNetwork);
            stage.does(BluetoothAction::ShowAddress(true));
            stage
        }),
        ("paths", || {
            let mut stage = people();
            stage.does(Action::ShowNetwork);
            stage.does(PathsAction::ChoosePaths(PathsKind::Proxied));
            stage.does(PathsAction::Proxy("localhost:9050".into()));
            stage.does(PathsAction::UseProxy);
            stage
        }),
        ("relays", || {
            let mut stage = people();
            stage.node.bluetooth = Some(CarrierCondition::NoInterface);
            stage.node.relays = [
                (
                    "/dns/relay.example.org/udp/4001/quic-v1/p2p/12D3KooWQWqdDRNk",
                    RelayCondition::Ready,
                ),
                (
                    "/ip4/192.0.2.9/udp/4001/quic-v1/p2p/12D3KooWJx3bVmF5",
                    RelayCondition::Full,
                ),
                (
                    "/ip4/198.51.100.4/tcp/4001/p2p/12D3KooWHf8cYtLs",
                    RelayCondition::Offered,
                ),
            ]
            .map(|(address, state)| RelayStatus {
                address: Private(address.into()),
                state,
            })
            .into();
            stage.does(Action::ShowNetwork);
            stage.later(2_000);
            stage
        }),
        ("settings", || {
            let mut stage = people();
            stage.does(Action::ShowSettings(SettingsPage::Overview));
            stage
        }),
        ("appearance", || {
            let mut stage = people();
            stage.does(Action::ShowSettings(SettingsPage::Appearance));
            stage
        }),
        ("notifications", || {
            let mut stage = people();
            stage.does(WindowAction::Tray(true));
            stage.does(Action::ShowSettings(SettingsPage::Notifications));
            stage
        }),
        ("security", || {
            let mut stage = people();
            stage.does(Action::ShowSettings(SettingsPage::Security));
            stage
        }),
        ("wipe", || {
            let mut stage = people();
            stage.does(DoorAction::Wipe);
            stage
        }),
    ]
}

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

pub fn people() -> Stage {
    let mut stage = Stage::open(&["Ana Petrova", "Ben", "مريم", "Ștefan Ionescu", "דנה"]);
    let talk = stage.talk("a");
    talk.contact.verified = true;
    talk.contact.reachable = Some(Carrier::Lan);
    talk.contact.last_seen_ms = Some(NOON);
    talk.conversation.why = Some(Why::OnItsWay);
    for (text, mine, ago) in [
        ("Are you at the square?", false, DAY + 50 * MINUTE),
        ("On my way. Ten minutes.", true, DAY + 48 * MINUTE),
        (
            "Good. We are by the fountain, north side 🙂",
            false,
            DAY + 47 * MINUTE,
        ),
        (
            "The minutes of yesterday are at https://example.org/minutes and nowhere else, please pass them on.",
            false,
            42 * MINUTE,
        ),
        ("Thank you!", true, 31 * MINUTE),
        (
            "I have added what the lawyer said about the permit: it holds until Sunday evening, and for both sides of the river.",
            true,
            30 * MINUTE,
        ),
        (
            "Благодаря! Ще се видим в шест. مرحبا، שלום.",
            false,
            12 * MINUTE,
        ),
        ("Bring the long cable", true, 2 * MINUTE),
    ] {
        talk.add(text, mine, NOON - ago);
    }
    for arrived in 0..talk.messages.len() - 1 {
        talk.arrive(arrived);
    }
    talk.read = talk.messages.last().map(|last| last.id.clone());
    let talk = stage.talk("b");
    talk.conversation.why = Some(Why::NotFound);
    talk.contact.last_seen_ms = Some(NOON - 3 * DAY);
    talk.add("See you on Saturday", true, NOON - 26 * 60 * MINUTE);
    let talk = stage.talk("c");
    talk.add("أهلا! أنا في المقهى", false, NOON - 5 * MINUTE);
    talk.add("متى تصل؟", false, NOON - 4 * MINUTE);
    let talk = stage.talk("d");
    talk.contact.reachable = Some(Carrier::Lan);
    talk.contact.last_seen_ms = Some(NOON);
    talk.add("Mulțumesc, am primit tot.", false, NOON - 8 * DAY);
    talk.read = talk.messages.last().map(|last| last.id.clone());
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.later(2_000);
    stage
}

pub fn conversation() -> Stage {
    let mut stage = people();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.does(ThreadAction::Draft("And the tape".into()));
    stage
}

/// Conversations that are muted, marked as unread, and archived.
pub fn arranged() -> Stage {
    let mut stage = people();
    stage.talk("a").conversation.muted = Some(Muted::Forever);
    stage.talk("d").conversation.marked_unread = true;
    stage.talk("e").conversation.archived = true;
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage
}

/// Messages that disappear, in each state of that.
pub fn timed() -> Stage {
    let mut stage = people();
    let talk = stage.talk("a");
    let now_ms = NOON - MINUTE;
    let mut add = |text: &str, mine, at_ms| {
        let id = talk.add(text, mine, now_ms);
        let message = talk.message(&id).expect("it was added");
        let after_s = 86_400;
        message.disappears = Some(Disappears { after_s, at_ms });
        id
    };
    add("I am at the door now", false, Some(NOON + 50 * MINUTE));
    add("Two minutes", true, Some(NOON + DAY));
    let lapsed = add("Bring the spare key, please", true, None);
    let last = add("And the long cable", true, None);
    talk.message(&lapsed).expect("it was added").lapsed = true;
    talk.conversation.timer_s = 86_400;
    talk.read = Some(last);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage
}

/// Messages that answer others, one of which was edited.
pub fn replies() -> Stage {
    let mut stage = people();
    let talk = stage.talk("a");
    let [theirs, ours, cable] = [3, 5, 7].map(|at: usize| talk.messages[at].id.clone());
    let now_ms = NOON - MINUTE;
    let which = talk.add("Which one, the ten metres?", false, now_ms);
    talk.reply(&which, &cable);
    let yes = talk.add("Yes", true, now_ms);
    talk.reply(&yes, &which);
    let read = talk.add("I have read them, and passed them on.", true, now_ms);
    talk.reply(&read, &theirs);
    let lost = talk.add("Not that one", false, now_ms);
    talk.reply(&lost, &MessageId("bb-01-fff".into()));
    talk.edit(&ours, "The permit holds until Saturday evening.", now_ms);
    talk.edit(&yes, "Yes, and the tape", now_ms);
    talk.read = Some(lost);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage
}

/// Voice notes, of which the first plays.
pub fn voices() -> Stage {
    let mut stage = people();
    let talk = stage.talk("a");
    let loading = FileState::Loading { bytes: 16_000 };
    for (seconds, state, mine) in [
        (48, FileState::Here, false),
        (7, loading, false),
        (131, FileState::Here, true),
    ] {
        let id = talk.add("", mine, NOON - i64::from(seconds) * 1_000);
        talk.attach_voice(&id, seconds, state);
    }
    let first = talk.messages[talk.messages.len() - 3].id.clone();
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.does(PlayingAction::Toggle(Voiced::Message(first)));
    if let Some(Effect::Play(Play::Begin { ticket, .. })) = stage.done.last() {
        let place = Played::Place(17_000);
        stage.does(PlayingAction::Report(*ticket, place));
    }
    stage
}

/// A voice note that is recorded.
pub fn recording() -> Stage {
    let mut stage = conversation();
    stage.does(RecordingAction::Begin { held: false });
    if let Some(Effect::Record(Record::Begin(ticket))) = stage.done.last() {
        let ticket = *ticket;
        let mut hears = |heard| stage.does(RecordingAction::Report(ticket, heard));
        hears(Heard::By(Private("Built-in Audio Analog Stereo".into())));
        for tenth in 1..=83 {
            let loudness = (tenth * tenth * 37 % 4_000) as u16;
            hears(Heard::Loudness(loudness, tenth * 100));
        }
    }
    stage
}

/// Files in each state that one often sees.
pub fn files() -> Stage {
    let mut stage = people();
    let talk = stage.talk("a");
    let mut add = |text: &str, name: &str, size, state, mine, ago| {
        let id = talk.add(text, mine, NOON - ago * MINUTE);
        talk.attach(&id, name, size, state);
        id
    };
    let offered = FileState::Offered {
        why: Offered::Large,
    };
    let here = FileState::Here;
    add("", "Допълнително споразумение.pdf", 184_000, here, false, 9);
    add(
        "",
        "Festival of the long summer, all recordings of the second evening.tar.zst",
        734_003_200,
        offered,
        false,
        8,
    );
    let bytes = 31_400_000;
    let comes = add(
        "From the roof",
        "roof.mp4",
        52_428_800,
        FileState::Loading { bytes },
        false,
        7,
    );
    let goes = add(
        "The minutes of last week",
        "minutes.odt",
        48_100,
        here,
        true,
        6,
    );
    let refused = add("", "تقرير.zip", 9_400_000, here, true, 5);
    let last = add("", "plan.svg", 12_400, FileState::Freed, false, 4);
    let file = |talk: &mut stage::Talk, id: &MessageId| -> FileHeld {
        let message = talk.message(id).expect("it was added");
        message.file.as_ref().expect("a file").held[0].clone()
    };
    for (id, bytes, declined) in [(&goes, 28_900, false), (&refused, 0, true)] {
        let held = FileHeld {
            bytes,
            declined,
            ..file(talk, id)
        };
        let message = talk.message(id).expect("it was added");
        message.file.as_mut().expect("a file").held = vec![held];
    }
    talk.read = Some(last);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    for bytes in [bytes - 6_000_000, bytes - 3_000_000, bytes] {
        stage.pass(1_000);
        stage.happens(Event::FileProgress {
            conversation: chat_id("a"),
            id: comes.clone(),
            device: None,
            bytes,
        });
    }
    stage.later(100);
    stage
}

/// Files above what is being written: one is on its way, one waits, one cannot be sent.
pub fn attaching() -> Stage {
    let mut stage = conversation();
    let long = "recordings of the whole year.iso";
    stage.node.unfit.insert(long.into(), Unfit::TooLong);
    let names = ["minutes.txt", "roof.jpg", "talk.pdf", long];
    let paths = names.map(|name| FilePath(name.into())).to_vec();
    stage.does(AttachAction::Add(chat_id("a"), paths));
    stage.does(ThreadAction::Draft("The minutes, and the roof".into()));
    stage.act(ThreadAction::Send);
    let is_upload = |request: &Request| matches!(request, Request::Upload { .. });
    let at = stage.asked.iter().position(is_upload);
    let upload = at.and_then(|at| stage.asked.remove(at));
    stage.answer();
    if let Some(Request::Upload { ticket, .. }) = upload {
        stage.handle(Update::UploadGoesOn(ticket, 2_600));
    }
    stage.does(ThreadAction::Draft("And tomorrow".into()));
    stage
}

/// Pictures: here, still to be loaded, sent, damaged, and one of long ago.
pub fn pictures() -> Stage {
    let mut stage = people();
    let talk = stage.talk("a");
    let old = talk.insert(0, "", false, NOON - 60 * DAY);
    talk.attach_picture(&old, "last winter.jpg", 3_400_000, FileState::Here);
    let ours = talk.insert(1, "", true, NOON - 50 * DAY);
    talk.attach(&ours, "minutes.odt", 48_100, FileState::Here);
    let offered = FileState::Offered {
        why: Offered::Large,
    };
    let here = FileState::Here;
    let mut last = old;
    for (text, name, size, state, mine, ago) in [
        ("", "tall tower.jpg", 2_100_000, here, false, 9),
        ("From the roof", "roof.jpg", 1_240_000, here, true, 8),
        ("", "bridge.jpg", 9_800_000, offered, false, 7),
        ("This one?", "broken.jpg", 310_000, here, false, 6),
    ] {
        last = talk.add(text, mine, NOON - ago * MINUTE);
        talk.attach_picture(&last, name, size, state);
    }
    talk.read = Some(last);
    talk.late.clear();
    let talk = stage.talk("b");
    let theirs = talk.add("", false, NOON - 20 * DAY);
    talk.attach(&theirs, "plan.svg", 12_400, FileState::Here);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage.later(100);
    stage
}

/// Messages that their authors deleted, in each state of that.
pub fn deleted() -> Stage {
    let mut stage = people();
    let talk = stage.talk("a");
    let ids = [1, 2, 4, 7].map(|at: usize| talk.messages[at].id.clone());
    for id in &ids {
        talk.delete(id, NOON - MINUTE);
    }
    let [old, _, removed, _] = ids;
    talk.removed(&old, RemovalState::Unsupported);
    let at_ms = NOON + 2 * MINUTE;
    talk.removed(&removed, RemovalState::Removed { at_ms });
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage
}

fn emoji() -> Stage {
    let mut stage = people();
    stage.talk("b").contact.name = Private("Ben 🚲".into());
    for (text, mine, ago) in [
        (
            "Tea is on ☕ and the stove is warm 🔥, so come in whenever you like 🙂",
            false,
            9,
        ),
        ("❤️", true, 8),
        ("🌧️☔🥾", true, 7),
        ("👩🏽‍🚀 1️⃣ 🇧🇬: https://example.org 🎉", false, 6),
        ("مرحبا 👋 كيف الحال؟ 😀", false, 5),
        ("👨‍👩‍👧‍👦👍🏿🏴󠁧󠁢󠁳󠁣󠁴󠁿", false, 4),
    ] {
        let message = stage.talk("b").add(text, mine, NOON - ago * MINUTE);
        if ago == 9 || ago == 7 {
            let said = |author, emoji: &str| Reaction {
                author,
                emoji: Private(emoji.into()),
            };
            let message = stage.talk("b").message(&message).expect("it was added");
            message.reactions = vec![said(None, "🔥"), said(Some(id("b")), "👍")];
            message.reactions.truncate(if mine { 1 } else { 2 });
            message.pinned = !mine;
        }
    }
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("b")));
    stage.does(ThreadAction::Draft("On my way 🚲, two streets left".into()));
    stage
}

fn opens(unfold: bool) -> Opens {
    if unfold { unfold_all } else { |_| () }
}

fn unfold_all(ui: &AppWindow) {
    for fold in ElementQuery::from_root(ui)
        .match_inherits("Fold")
        .find_all()
    {
        fold.invoke_accessible_expand_action();
    }
}

fn draw(stage: Stage, width: u32, height: u32, opens: Opens) -> RgbaImage {
    let window = AppWindow::new().expect("a window");
    fonts::register();
    window
        .window()
        .set_size(LogicalSize::new(width as f32, height as f32));
    let about = About {
        version: "0.1.0".into(),
        directory: "/home/ana/.local/share/hedgerow".into(),
    };
    let still = Box::new(Still(stage.now));
    let window = Window::new(window, (stage.app, Vec::new()), about, still);
    window.ui().show().expect("it is shown");
    opens(window.ui());
    // A camera that is on sees a wall with a lamp.
    window.see(&GrayImage::from_fn(480, 360, |x, y| {
        let from_lamp = x.abs_diff(150).pow(2) + y.abs_diff(90).pow(2);
        Luma([250 - (from_lamp / 500).min(190) as u8])
    }));
    // What follows from a layout is laid out in a later frame, and what follows from drawing in the next; a cursor blinks, and
    // is caught at the same moment. To draw all frames would take most of the time.
    for frame in 0..10 {
        mock_elapsed_time(Duration::from_millis(20));
        window.catch_up();
        if frame >= 8 {
            window.ui().window().take_snapshot().expect("a picture");
        }
    }
    let pixels = window.ui().window().take_snapshot().expect("a picture");
    let drawn = RgbaImage::from_raw(pixels.width(), pixels.height(), pixels.as_bytes().to_vec());
    window.ui().hide().expect("it is hidden");
    drawn.expect("as many pixels as its size says")
}

fn compare(file: &str, drawn: &RgbaImage) -> Result<(), String> {
    let write = std::env::var_os("HEDGEROW_SCREENS").is_some_and(|what| what == "write");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("screenshots")
        .join(file);
    if write {
        let file = std::fs::File::create(&path).map_err(|fault| fault.to_string())?;
        let encoder =
            PngEncoder::new_with_quality(file, CompressionType::Best, FilterType::NoFilter);
        let (width, height) = drawn.dimensions();
        let opaque = image::DynamicImage::ImageRgba8(drawn.clone()).to_rgb8();
        let written = encoder.write_image(&opaque, width, height, ExtendedColorType::Rgb8);
        return written.map_err(|fault| fault.to_string());
    }
    let kept = image::open(&path)
        .map_err(|fault| format!("{fault}"))?
        .to_rgba8();
    if kept.dimensions() != drawn.dimensions() {
        return Err(format!(
            "{:?} instead of {:?}",
            drawn.dimensions(),
            kept.dimensions()
        ));
    }
    if kept.as_raw() == drawn.as_raw() {
        return Ok(());
    }
    let off = |(one, other): (&u8, &u8)| one.abs_diff(*other) > OFF;
    let pairs = kept.pixels().zip(drawn.pixels());
    let differ = pairs
        .filter(|(kept, drawn)| kept.0.iter().zip(&drawn.0).any(off))
        .count();
    let part = differ as f64 / (kept.width() * kept.height()) as f64;
    if part <= MAY_DIFFER {
        return Ok(());
    }
    let beside = std::env::temp_dir().join(format!("hedgerow-{file}"));
    drawn.save(&beside).map_err(|fault| fault.to_string())?;
    Err(format!(
        "{:.2} % differ; drawn: {}",
        part * 100.0,
        beside.display()
    ))
}
