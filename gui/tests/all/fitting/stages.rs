//! Everything that there is to look at: the screens of which pictures are kept, and those beside them.

use hedgerow_gui::model::*;
use hedgerow_gui::ui::{AppWindow, Menu, MenuKind, Tip};
use hedgerow_node::api::*;
use i_slint_backend_testing::ElementQuery;
use slint::{ComponentHandle, LogicalPosition};

use crate::screens::groups;
use crate::screens::{Screen, arranged, conversation, people, pictures, screens};
use crate::stage::groups::group_id;
use crate::stage::{self, NOON, PASSPHRASE, Stage, chat_id, id};

/// Long, but nobody's.
const NAME: &str = "Konstantina Papadopoulou-Wasserstein";

const MINUTE: i64 = 60_000;

/// A message of ours in the conversation with Ana.
const OURS: &str = "aa-01-2";

/// A screen, and what is opened over it once its language is chosen.
pub type Opened = (&'static str, fn() -> Stage, fn(&AppWindow));

pub fn all() -> impl Iterator<Item = Opened> {
    let plain = screens().into_iter().chain(OTHERS);
    let nothing: fn(&AppWindow) = |_| ();
    let plain = plain.map(move |(name, stage)| (name, stage, nothing));
    plain.chain(OPENED)
}

/// What opens over a screen, and is gone when one does anything else.
pub const OPENED: [Opened; 4] = [
    ("menu of a message", conversation, |ui| {
        // Ours has the most lines.
        show_menu(ui, MenuKind::Message, OURS, true)
    }),
    ("menu of a conversation", people, |ui| {
        show_menu(ui, MenuKind::Conversation, &chat_id("a").0, false)
    }),
    ("menu of the open conversation", conversation, |ui| {
        show_menu(ui, MenuKind::Conversation, &chat_id("a").0, true)
    }),
    ("tip", people, |ui| {
        let buttons = ElementQuery::from_root(ui).match_inherits("IconButton");
        // The last one searches. Before it stand the gear and the lock, which has a key.
        let lock = buttons.find_all().into_iter().rev().nth(2);
        let lock = lock.expect("two buttons stand above the list");
        let label = lock.accessible_label().unwrap_or_default();
        let at = lock.absolute_position();
        ui.global::<Tip>()
            .invoke_show(label, "Ctrl+L".into(), at, 44.0, 44.0);
    }),
];

fn show_menu(ui: &AppWindow, kind: MenuKind, id: &str, is_set: bool) {
    let at = LogicalPosition::new(300.0, 300.0);
    ui.global::<Menu>()
        .invoke_show(kind, id.into(), is_set, at, true);
}

const OTHERS: [Screen; 48] = [
    ("strangers", strangers),
    ("every state", every_state),
    ("another name", || {
        let mut stage = strangers();
        stage.talk("a").contact.former_name = Some(Private("Kostis".into()));
        stage.handle(Update::Event(Event::Missed));
        stage.answer();
        stage.does(ChatsAction::OpenChat(chat_id("a")));
        stage
    }),
    ("person of another name", || {
        let mut stage = strangers();
        stage.talk("a").contact.former_name = Some(Private("Kostis".into()));
        stage.handle(Update::Event(Event::Missed));
        stage.answer();
        stage.does(Action::ShowPerson(id("a")));
        stage
    }),
    ("blocked", || {
        let mut stage = conversation();
        stage.does(PersonAction::Block(true));
        stage.talk("a").contact.blocked = true;
        stage.handle(Update::Event(Event::Missed));
        stage.answer();
        stage
    }),
    ("shown link", || {
        let mut stage = people();
        stage.does(Action::ShowAdding);
        stage.does(AddingAction::Invite {
            in_person: false,
            valid_for_s: 86_400,
        });
        stage
    }),
    ("ways to add", || {
        let mut stage = people();
        stage.does(Action::ShowAdding);
        stage.does(AddingAction::Invite {
            in_person: false,
            valid_for_s: 86_400,
        });
        stage.does(AddingAction::HideInvitation);
        stage
    }),
    ("wrong passphrase", || {
        let mut stage = Stage::new();
        stage.handle(stage::found(Found::Locked));
        stage.does(DoorAction::Passphrase(stage::passphrase("another")));
        stage.does(DoorAction::GoOn);
        stage
    }),
    ("screen locked", || {
        let mut stage = people();
        stage.does(DoorAction::LockScreen);
        stage
    }),
    ("lacking", || {
        let mut stage = Stage::new();
        stage.handle(stage::found(Found::Nothing));
        stage.does(DoorAction::Name(NAME.repeat(9)));
        stage.does(DoorAction::Passphrase(stage::passphrase("abcd")));
        stage.does(DoorAction::Repeated(stage::passphrase(PASSPHRASE)));
        stage.does(DoorAction::GoOn);
        stage
    }),
    ("a group without a name", || {
        let mut stage = people();
        stage.does(FoundingAction::Show);
        stage.does(FoundingAction::Make);
        stage
    }),
    ("a group of nobody", || {
        let mut stage = Stage::open(&[]);
        stage.does(FoundingAction::Show);
        stage
    }),
    ("a new group", || {
        let mut stage = groups::grouped(GroupStanding::Admin);
        let group = stage.node.groups.get_mut(&group_id("1"));
        group.expect("a group").talk.messages.clear();
        stage.handle(Update::Event(Event::Missed));
        stage.later(1_000);
        stage.does(Action::ShowList);
        stage.does(ChatsAction::OpenChat(group_id("1")));
        stage
    }),
    ("waiting to be in", || {
        groups::grouped(GroupStanding::Joining)
    }),
    ("suspended", || groups::grouped(GroupStanding::Suspended)),
    ("object?", || {
        let mut stage = groups::members(GroupStanding::Suspended);
        stage.does(GroupAction::Object);
        stage
    }),
    ("a group that was left", || {
        groups::members(GroupStanding::Left)
    }),
    ("whom to invite", || {
        let mut stage = groups::members(GroupStanding::Admin);
        stage.does(GroupAction::Invite);
        stage
    }),
    ("a group that continues another", groups::continuing),
    ("asked to continue", groups::asked_to_continue),
    ("appoint?", || {
        let mut stage = groups::asked(1);
        stage.does(DialogAction::AskChange(MemberChange::Appoint));
        stage
    }),
    ("lower?", || {
        let mut stage = groups::asked(0);
        stage.does(DialogAction::AskChange(MemberChange::Lower));
        stage
    }),
    ("remove from the group?", || {
        let mut stage = groups::asked(3);
        stage.does(DialogAction::AskChange(MemberChange::Remove));
        stage
    }),
    ("erase a group?", || {
        let mut stage = groups::members(GroupStanding::Removed);
        stage.does(GroupAction::Erase);
        stage
    }),
    ("profile", || settings(SettingsPage::Profile)),
    ("writing", || {
        let mut stage = settings(SettingsPage::Writing);
        stage.does(WindowAction::Tray(true));
        stage
    }),
    ("languages", || settings(SettingsPage::Language)),
    ("no files", || {
        let mut stage = people();
        stage.does(MediaAction::Open(chat_id("b")));
        stage
    }),
    ("no files stored", || settings(SettingsPage::Storage)),
    ("a broken picture", || {
        let mut stage = pictures();
        let broken = stage.talk("a").messages.last().expect("one").id.clone();
        stage.does(FileAction::View(broken));
        stage
    }),
    ("how it works", || settings(SettingsPage::HowItWorks)),
    ("threats", || settings(SettingsPage::Threats)),
    ("about", || settings(SettingsPage::About)),
    ("licences", || settings(SettingsPage::Licences)),
    ("block?", || {
        let mut stage = strangers();
        stage.does(ChatsAction::Block(id("a"), true));
        stage
    }),
    ("remove?", || {
        let mut stage = strangers();
        stage.does(ChatsAction::Remove(id("a")));
        stage
    }),
    ("read all?", || {
        let mut stage = people();
        stage.does(SettingsAction::Receipts(true));
        let talk = stage.talk("b");
        talk.conversation.timer_s = 3_600;
        talk.read = None;
        stage.handle(Update::Event(Event::Missed));
        stage.later(1_000);
        stage.does(ArrangingAction::AskReadAll);
        stage
    }),
    ("remove relay?", || {
        let mut stage = people();
        let address = "/dns/relay.example.org/udp/4001/quic-v1/p2p/12D3KooWQWqdDRNk";
        stage.node.relays = vec![RelayStatus {
            address: Private(address.into()),
            state: RelayCondition::Ready,
        }];
        stage.does(Action::ShowNetwork);
        stage.later(2_000);
        stage.does(RelaysAction::RemoveRelay(address.into()));
        stage
    }),
    ("their message", || {
        let mut stage = conversation();
        let first = stage.talk("a").messages[0].id.clone();
        stage.does(ThreadAction::Details(first));
        stage
    }),
    ("a problem", || {
        let mut stage = people();
        stage.handle(Update::Refused(Refusal::Storage {
            fault: StorageFault::Full,
        }));
        stage
    }),
    ("a client", || {
        let mut stage = people();
        stage.handle(Update::Opened {
            mode: Mode::Client {
                version: "0.1.0".into(),
            },
            found: Found::Open,
        });
        stage.answer();
        stage.does(Action::ShowSettings(SettingsPage::Security));
        stage
    }),
    ("met", || {
        let mut stage = strangers();
        stage.happens(Event::Met {
            contact: id("a"),
            invitation: InvitationId("00".into()),
        });
        stage
    }),
    ("mute?", || {
        let mut stage = strangers();
        stage.does(ArrangingAction::AskMute(chat_id("a")));
        stage
    }),
    ("nothing starred", || {
        let mut stage = people();
        stage.does(StarredAction::Open);
        stage
    }),
    ("archived", || {
        let mut stage = arranged();
        stage.does(ArrangingAction::ShowArchived(true));
        stage
    }),
    ("nothing found", || {
        let mut stage = people();
        stage.does(SearchingAction::OpenEverywhere);
        stage.does(SearchingAction::Words("xyz".into()));
        stage
    }),
    ("found in part", || {
        let mut stage = strangers();
        stage.node.is_search_partial = true;
        stage.does(SearchingAction::OpenEverywhere);
        stage.does(SearchingAction::Words("Here".into()));
        stage
    }),
    ("nobody found", || {
        let mut stage = people();
        stage.does(ChatsAction::Filter("xyz".into()));
        stage
    }),
];

fn settings(page: SettingsPage) -> Stage {
    let mut stage = people();
    stage.does(Action::ShowSettings(page));
    stage
}

/// With names that are long.
fn strangers() -> Stage {
    let mut stage = Stage::open(&[NAME, "Bartholomäus Freudenberger von Hohenlohe", "Li"]);
    let talk = stage.talk("a");
    talk.contact.reachable = Some(Carrier::Lan);
    talk.add("Here", false, NOON - 3 * MINUTE);
    let talk = stage.talk("b");
    talk.contact.verified = true;
    talk.conversation.why = Some(Why::NotFound);
    talk.add(
        "And what is in the minutes of yesterday?",
        true,
        NOON - 400 * 24 * 60 * MINUTE,
    );
    talk.conversation.draft = Some(Draft::text("Bring the long cable, and the short one too"));
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage
}

/// Messages in every state that there is.
fn every_state() -> Stage {
    let mut stage = strangers();
    let talk = stage.talk("a");
    for text in [
        "Yes",
        "On my way to the northern side of the river, with the tape",
    ] {
        for mine in [true, false] {
            for (pinned, ahead) in [(false, 0), (true, 0), (false, 9), (true, 9)] {
                let id = talk.add(text, mine, NOON + ahead * 60 * MINUTE);
                talk.message(&id).expect("it was added").pinned = pinned;
            }
        }
    }
    let last = talk.messages.len() - 1;
    talk.messages[last].text = None;
    for arrived in (0..last).step_by(3) {
        talk.arrive(arrived);
    }
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage.does(ChatsAction::OpenChat(chat_id("a")));
    stage
}
