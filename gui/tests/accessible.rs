//! Everything that can be used says what it is to a screen reader, and can be used by the keyboard.

mod stage;

use hedgerow_gui::bind::{About, Outside, Window};
use hedgerow_gui::model::*;
use hedgerow_gui::ui::AppWindow;
use hedgerow_node::api::*;
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery, init_no_event_loop};
use slint::platform::{Key, WindowEvent};
use slint::{ComponentHandle, LogicalSize};
use stage::{NOON, Stage, id};
use std::cell::RefCell;
use std::rc::Rc;

/// Keeps what was asked.
struct Written {
    now: Now,
    effects: Rc<RefCell<Vec<Effect>>>,
}

impl Outside for Written {
    fn now(&self) -> Now {
        self.now
    }
    fn perform(&self, effect: Effect) {
        self.effects.borrow_mut().push(effect);
    }
    fn choose_picture(&self) {}
    fn quit(&self) {}
}

fn open(stage: Stage) -> (Rc<Window>, Rc<RefCell<Vec<Effect>>>) {
    let effects = Rc::default();
    let written = Written {
        now: stage.now,
        effects: Rc::clone(&effects),
    };
    let about = About {
        version: "0.1.0".into(),
        directory: "/data".into(),
    };
    let ui = AppWindow::new().expect("a window");
    ui.window().set_size(LogicalSize::new(1000.0, 700.0));
    let window = Window::new(ui, (stage.app, Vec::new()), about, Box::new(written));
    window.ui().show().expect("it is shown");
    (window, effects)
}

fn press(window: &Window, text: &str) {
    for letter in text.chars() {
        let text = slint::SharedString::from(letter);
        let handle = window.ui().window();
        handle.dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
        handle.dispatch_event(WindowEvent::KeyReleased { text });
    }
}

fn key(window: &Window, key: Key) {
    press(window, &String::from(char::from(key)));
}

fn one(window: &Window, label: &str) -> ElementHandle {
    let named = ElementHandle::find_by_accessible_label(window.ui(), label);
    let found: Vec<_> = named
        .filter(|one| !matches!(one.accessible_role(), None | Some(AccessibleRole::None)))
        .collect();
    let kinds = found
        .iter()
        .map(|one| (one.type_name(), one.accessible_role()));
    assert_eq!(found.len(), 1, "{label}: {:?}", kinds.collect::<Vec<_>>());
    found.into_iter().next().expect("one")
}

fn asked(effects: &RefCell<Vec<Effect>>, wanted: impl Fn(&Request) -> bool) -> bool {
    let effects = effects.borrow();
    effects
        .iter()
        .any(|effect| matches!(effect, Effect::Ask(request) if wanted(request)))
}

fn talking() -> Stage {
    let mut stage = Stage::open(&["Ana", "Ben"]);
    stage.talk("a").add("Good morning", false, NOON - 60_000);
    stage.hear(News::Event(Event::Missed));
    stage.answer();
    stage
}

#[test]
fn the_application_is_used_by_keyboard_and_screen_reader() {
    init_no_event_loop();

    // First start: names, passphrases, and a button that waits for them.
    let mut stage = Stage::new();
    stage.hear(News::Opened {
        mode: Mode::Own,
        found: Found::Nothing,
    });
    let (window, effects) = open(stage);
    assert_eq!(one(&window, "Begin").accessible_enabled(), Some(false));
    press(&window, "Ana");
    key(&window, Key::Return);
    press(&window, "violet harbour mends nine clocks");
    key(&window, Key::Return);
    press(&window, "violet harbour mends nine clocks");
    assert_eq!(one(&window, "Begin").accessible_enabled(), Some(true));
    key(&window, Key::Return);
    assert!(asked(&effects, |request| matches!(
        request,
        Request::Create { name, .. } if name.0 == "Ana"
    )));
    drop(window);

    // The list, a conversation, and a message.
    let (window, effects) = open(talking());
    one(&window, "Ana").invoke_accessible_default_action();
    assert!(asked(
        &effects,
        |request| matches!(request, Request::Page { contact, .. } if *contact == id("a"))
    ));
    drop(window);
    let mut stage = talking();
    stage.does(Action::OpenChat(id("a")));
    let (window, effects) = open(stage);
    assert_eq!(
        one(&window, "Ana, 11:59: Good morning").accessible_role(),
        Some(AccessibleRole::ListItem)
    );
    one(&window, "Message to Ana").set_accessible_value("On my way");
    window.ui().invoke_focus_draft();
    key(&window, Key::Return);
    assert!(asked(
        &effects,
        |request| matches!(request, Request::Send { text, .. } if text.0 == "On my way")
    ));
    one(&window, "Ana, 11:59: Good morning").invoke_accessible_default_action();
    one(&window, "Close");
    key(&window, Key::Escape);
    assert_eq!(
        ElementHandle::find_by_accessible_label(window.ui(), "Close").count(),
        0
    );
    drop(window);

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
        let (window, _) = open(stage);
        for role in [
            AccessibleRole::Button,
            AccessibleRole::Switch,
            AccessibleRole::RadioButton,
            AccessibleRole::TextInput,
            AccessibleRole::ListItem,
        ] {
            let all = ElementQuery::from_root(window.ui())
                .match_accessible_role(role)
                .find_all();
            for element in all {
                let label = element.accessible_label().unwrap_or_default();
                assert!(!label.is_empty(), "{role:?} {:?}", element.type_name());
            }
        }
    }
}
