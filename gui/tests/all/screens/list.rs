//! The screens of which pictures are kept.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use super::groups;
use super::scenes::*;
use crate::stage::{self, NOON, Stage, chat_id, id};

/// A screen: its name, and how one gets there.
pub(crate) type Screen = (&'static str, fn() -> Stage);

pub(crate) fn screens() -> [Screen; 65] {
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
        ("founding", || {
            let mut stage = people();
            stage.does(FoundingAction::Show);
            stage.does(FoundingAction::Name("Walk on Sunday".into()));
            stage.does(FoundingAction::Choose(id("a")));
            stage
        }),
        ("group", || groups::grouped(GroupStanding::Member)),
        ("members", || groups::members(GroupStanding::Admin)),
        ("member", || groups::asked(3)),
        ("room", groups::room),
        ("restarting", groups::restarting),
        ("suspended", || groups::members(GroupStanding::Suspended)),
        ("invited", groups::invited),
        ("leaving", || {
            let mut stage = groups::members(GroupStanding::Member);
            stage.does(GroupAction::Leave);
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
        ("consent", consent),
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
        ("former", || {
            let mut stage = people();
            stage.talk("a").part();
            stage.handle(Update::Event(Event::Missed));
            stage.later(1_000);
            stage.does(ChatsAction::OpenChat(chat_id("a")));
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
        ("read-all", || {
            let mut stage = people();
            stage.talk("b").read = None;
            stage.handle(Update::Event(Event::Missed));
            stage.later(1_000);
            stage.does(ArrangingAction::AskReadAll);
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
