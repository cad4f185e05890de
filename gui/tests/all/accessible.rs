//! Everything that can be used says what it is to a screen reader, and can be used by the keyboard.

use crate::stage::window::Window;
use crate::stage::{self, NOON, Stage, chat_id, id};
use hedgerow_gui::model::*;
use hedgerow_gui::ui::ScanningView;
use hedgerow_node::api::*;
use i_slint_backend_testing::{AccessibleRole, ElementQuery, init_no_event_loop};
use image::GrayImage;
use slint::ComponentHandle;
use slint::platform::Key;

fn open(stage: Stage) -> Window {
    Window::of(stage, 1_000.0, 700.0)
}

fn talking() -> Stage {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.talk("a").add("Good morning", false, NOON - 60_000);
    stage.handle(Update::Event(Event::Missed));
    stage.answer();
    stage
}

#[test]
fn a_relay_is_added_by_its_address_and_removed_after_a_question() {
    init_no_event_loop();
    let address = "/dns/relay.example.org/udp/4001/quic-v1/p2p/12D3KooWA";
    let mut stage = talking();
    stage.does(Action::ShowNetwork);
    let mut window = Window::of(stage, 1_000.0, 1_400.0);
    let types = |window: &mut Window, text: &str| {
        window
            .one("The address of a relay")
            .set_accessible_value(text);
        window.settles();
    };
    assert_eq!(
        window.one("Add this relay").accessible_enabled(),
        Some(false)
    );
    types(&mut window, "relay.example.org");
    window.clicks("Add this relay");
    window.one(
        "This is not the address of a relay, or a part of it is missing. Copy it again, whole.",
    );
    types(&mut window, address);
    window.clicks("Add this relay");
    window.one(address);
    window.one("Connecting");
    let typed = window.one("The address of a relay").accessible_value();
    assert_eq!(typed.as_deref(), Some(""));
    window.clicks("Remove this relay");
    window.clicks("Cancel");
    window.one(address);
    window.clicks("Remove this relay");
    window.clicks("Remove");
    assert!(window.all(address).is_empty());
    assert!(window.node.relays.is_empty());
}

#[test]
fn a_node_of_another_version_is_named_with_what_to_do() {
    init_no_event_loop();
    let mut stage = Stage::new();
    stage.asked.clear();
    let version = "9.9\u{202e}9".into();
    stage.handle(Update::NotOpened(Refusal::OtherVersion { version }));
    let mut window = open(stage);
    window.one(
        "Hedgerow is already running in another version (9.9⟨U+202E⟩9) that this one does not understand. \
         Stop it, and try again.",
    );
    window.clicks("Try again");
    let opens = window.asked(|request| matches!(request, Request::Open).then_some(()));
    assert_eq!(opens.len(), 1);
}

#[test]
fn how_relays_are_reached_is_chosen_and_a_proxy_is_named() {
    init_no_event_loop();
    let mut stage = talking();
    stage.does(Action::ShowNetwork);
    let mut window = Window::of(stage, 1_000.0, 1_800.0);
    let fold = "How contacts are reached over the internet";
    let alone = "Only through relays";
    assert_eq!(window.one(fold).accessible_expanded(), Some(false));
    assert!(window.all(alone).is_empty());
    window.one(fold).invoke_accessible_expand_action();
    window.settles();
    assert_eq!(window.one(fold).accessible_expanded(), Some(true));
    let is_chosen = |window: &Window, label: &str| window.one(label).accessible_checked();
    window.clicks(alone);
    assert_eq!(is_chosen(&window, alone), Some(true));
    assert_eq!(window.node.paths, Some(RelayPaths::Relayed));

    let proxied = "Only through relays, and to them through a proxy";
    window.clicks(proxied);
    assert_eq!(is_chosen(&window, proxied), Some(true));
    assert_eq!(is_chosen(&window, alone), Some(false));
    let types = |window: &mut Window, text: &str| {
        let field = window.one("The proxy: an IP address and a port");
        field.set_accessible_value(text);
        window.settles();
    };
    types(&mut window, "localhost:9050");
    window.clicks("Use this proxy");
    window.one(
        "This is not the address of a proxy. It is an IP address and a port, like 127.0.0.1:9050; a name would have to be looked up elsewhere.",
    );
    types(&mut window, "127.0.0.1:9050");
    window.clicks("Use this proxy");
    let proxy = Private("127.0.0.1:9050".into());
    assert_eq!(window.node.paths, Some(RelayPaths::Proxied { proxy }));
    let again = window.one("Use this proxy").accessible_enabled();
    assert_eq!(again, Some(false));
}

#[test]
fn bluetooth_is_told_how_to_use_its_radio_and_warns_before_it_shows_its_address() {
    init_no_event_loop();
    let mut stage = talking();
    stage.node.bluetooth = Some(CarrierCondition::NotPrivate);
    stage.does(Action::ShowNetwork);
    stage.later(2_000);
    let mut window = Window::of(stage, 1_000.0, 1_800.0);
    let fold = window.one("Power");
    assert_eq!(fold.accessible_description().as_deref(), Some("Balanced"));
    window.clicks("Power");
    let saver = window.one("Lasts longest");
    assert_eq!(saver.accessible_role(), Some(AccessibleRole::RadioButton));
    window.clicks("Lasts longest");
    assert_eq!(window.node.radio.power, Power::Saver);
    let saver = window.one("Lasts longest");
    assert_eq!(saver.accessible_checked(), Some(true), "and is still shown");

    let allow = "Use it although the address never changes";
    window.clicks(allow);
    window.clicks("Cancel");
    assert!(!window.node.radio.show_address);
    window.clicks(allow);
    window.clicks("Show it");
    assert!(window.node.radio.show_address);
    assert_eq!(window.one(allow).accessible_checked(), Some(true));
    window.clicks(allow);
    assert!(!window.node.radio.show_address);
}

#[test]
fn an_invitation_is_scanned_by_keyboard_and_screen_reader() {
    init_no_event_loop();
    let mut stage = talking();
    stage.does(Action::ShowAdding);
    let mut window = Window::of(stage, 360.0, 720.0);
    let scan = "Scan with the camera";
    assert!(window.all(scan).is_empty(), "there is no camera");
    window.does(ScanningAction::Camera(Sight::There(true)));
    window.one(scan).invoke_accessible_default_action();
    window.settles();
    assert!(window.done(|effect| matches!(effect, Effect::Camera(true))));
    window.window.see(&GrayImage::new(48, 36));
    window.settles();
    let sight = window.one("What the camera sees");
    assert_eq!(sight.accessible_role(), Some(AccessibleRole::Image));
    let (top, height) = (sight.absolute_position().y, sight.size().height);
    assert!(top > 0.0 && top + height < 720.0, "it is in view");
    window.does(ScanningAction::Camera(Sight::OtherCode));
    window.one("This code is no invitation to Hedgerow.");

    // The way out has the focus; the camera is free when it is gone.
    window.presses(&[], Key::Return);
    assert!(window.done(|effect| matches!(effect, Effect::Camera(false))));
    assert!(window.all("What the camera sees").is_empty());
    let view = window.window.ui().global::<ScanningView>();
    assert_eq!(
        view.get_sight().size().width,
        0,
        "and nothing of it is kept"
    );
    window.window.see(&GrayImage::new(48, 36));
    assert_eq!(view.get_sight().size().width, 0, "nor shown late");

    // What it finds is joined when the user says so: by Enter, since that has the focus.
    window.one(scan).invoke_accessible_default_action();
    window.settles();
    let link = Private("hedgerow:ABC".into());
    window.does(ScanningAction::Camera(Sight::Invitation(link.clone())));
    let pasted = window.one("The link that you were given");
    assert_eq!(pasted.accessible_value().as_deref(), Some("hedgerow:ABC"));
    let joins = |window: &Window| {
        window.asked(|request| match request {
            Request::Call(Call::Join(join)) => Some(join.clone()),
            _ => None,
        })
    };
    assert!(joins(&window).is_empty());
    window.presses(&[], Key::Return);
    let source = LinkSource::Camera;
    assert_eq!(joins(&window), [NewJoin { link, source }]);

    // Whatever is wrong is said, with what to do about it.
    window.one(scan).invoke_accessible_default_action();
    window.settles();
    window.does(ScanningAction::Camera(Sight::Problem(CameraProblem::Busy)));
    window.one("Another program is using the camera. Close it, and try again.");
    window.one(scan);
}

#[test]
fn the_application_is_used_by_keyboard_and_screen_reader() {
    init_no_event_loop();

    // First start: names, passphrases, and a button that says what is missing.
    let mut stage = Stage::new();
    stage.handle(stage::found(Found::Nothing));
    let mut window = open(stage);
    window.clicks("Create identity");
    window.one("Enter a name.");
    window.types("Ana");
    window.presses(&[], Key::Return);
    window.types("violet harbour mends nine clocks");
    window.presses(&[], Key::Return);
    window.types("violet harbour mends nine clocks");
    window.presses(&[], Key::Return);
    let created = window.asked(|request| match request {
        Request::Create { name, .. } => Some(name.0.clone()),
        _ => None,
    });
    assert_eq!(created, ["Ana"]);

    // The list, a conversation, and a message.
    let mut window = open(talking());
    window.one("Ana").invoke_accessible_default_action();
    window.settles();
    let message = window.one("Ana, 11:59: Good morning");
    assert_eq!(message.accessible_role(), Some(AccessibleRole::ListItem));
    let draft = window.one("Message to Ana");
    draft.set_accessible_value("On my way");
    window.presses(&[], Key::Return);
    let sent = window.asked(|request| match request {
        Request::Send { draft, .. } => Some(draft.text.0.clone()),
        _ => None,
    });
    assert_eq!(sent, ["On my way"]);
    window.one("You, 12:00: On my way");
    message.invoke_accessible_default_action();
    window.settles();
    window.one("Close");
    window.presses(&[], Key::Escape);
    assert!(window.all("Close").is_empty());

    // Whatever can be pressed says what it is, on every page.
    type Lead = fn(&mut Stage);
    let leads: [Lead; 6] = [
        |_| {},
        |stage| stage.does(ChatsAction::OpenChat(chat_id("a"))),
        |stage| stage.does(Action::ShowPerson(id("a"))),
        |stage| stage.does(Action::ShowAdding),
        |stage| stage.does(Action::ShowNetwork),
        |stage| stage.does(Action::ShowSettings(SettingsPage::Security)),
    ];
    for lead in leads {
        let mut stage = talking();
        lead(&mut stage);
        let window = open(stage);
        for role in [
            AccessibleRole::Button,
            AccessibleRole::Switch,
            AccessibleRole::RadioButton,
            AccessibleRole::TextInput,
            AccessibleRole::ListItem,
        ] {
            let all = ElementQuery::from_root(window.window.ui())
                .match_accessible_role(role)
                .find_all();
            for element in all {
                let label = element.accessible_label().unwrap_or_default();
                assert!(!label.is_empty(), "{role:?} {:?}", element.type_name());
            }
        }
    }
}
