//! Everything that can be used says what it is to a screen reader, and can be used by the keyboard.

mod stage;
#[path = "stage/window.rs"]
mod window;

use hedgerow_gui::model::*;
use hedgerow_node::api::*;
use i_slint_backend_testing::{AccessibleRole, ElementQuery, init_no_event_loop};
use slint::platform::Key;
use stage::{NOON, Stage, id};
use window::Window;

fn open(stage: Stage) -> Window {
    Window::of(stage, 1_000.0, 700.0)
}

fn talking() -> Stage {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.talk("a").add("Good morning", false, NOON - 60_000);
    stage.hear(News::Event(Event::Missed));
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
fn the_application_is_used_by_keyboard_and_screen_reader() {
    init_no_event_loop();

    // First start: names, passphrases, and a button that waits for them.
    let mut stage = Stage::new();
    stage.hear(stage::found(Found::Nothing));
    let mut window = open(stage);
    assert_eq!(window.one("Begin").accessible_enabled(), Some(false));
    window.types("Ana");
    window.presses(&[], Key::Return);
    window.types("violet harbour mends nine clocks");
    window.presses(&[], Key::Return);
    window.types("violet harbour mends nine clocks");
    assert_eq!(window.one("Begin").accessible_enabled(), Some(true));
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
        Request::Send { text, .. } => Some(text.0.clone()),
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
        |stage| stage.does(Action::OpenChat(id("a"))),
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
