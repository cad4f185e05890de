//! The window of one person: the whole application in this process, on a screen that is never drawn.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use hedgerow_gui::arguments::Arguments;
use hedgerow_gui::bind::Window;
use hedgerow_gui::{application, machine};
use hedgerow_node::directory::Hashing;
use hedgerow_node::host::HostOptions;
use hedgerow_node::pictures::Decoder;
use hedgerow_node::runtime::{NodeOptions, OnAir};
use i_slint_backend_testing::{
    AccessibleRole, ElementHandle, ElementQuery, TestingBackend, TestingBackendOptions,
};
use slint::platform::{
    Clipboard, EventLoopProxy, Key, Platform, PointerEventButton, WindowAdapter, WindowEvent,
};
use slint::{ComponentHandle, LogicalPosition, PlatformError, Timer};

use super::orders::{ANSWER, Answer, CLIPBOARD, DATA, Order, PATIENCE, Shown};

/// How often what must come about is looked for.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(5);

/// Slint's backend for tests, with the clipboard of a desktop that has several windows.
struct Screen {
    backend: TestingBackend,
    clipboard: PathBuf,
}

impl Platform for Screen {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        self.backend.create_window_adapter()
    }
    fn run_event_loop(&self) -> Result<(), PlatformError> {
        self.backend.run_event_loop()
    }
    fn new_event_loop_proxy(&self) -> Option<Box<dyn EventLoopProxy>> {
        self.backend.new_event_loop_proxy()
    }
    fn set_clipboard_text(&self, text: &str, clipboard: Clipboard) {
        if clipboard == Clipboard::DefaultClipboard {
            std::fs::write(&self.clipboard, text).expect("a clipboard");
        }
    }
    fn clipboard_text(&self, clipboard: Clipboard) -> Option<String> {
        let is_it = clipboard == Clipboard::DefaultClipboard;
        is_it.then(|| std::fs::read_to_string(&self.clipboard).ok())?
    }
}

/// Runs the application, and does what is told on standard input, until the window is closed.
pub fn open() {
    let (Some(data), Some(clipboard)) = (std::env::var_os(DATA), std::env::var_os(CLIPBOARD))
    else {
        return;
    };
    let screen = Screen {
        backend: TestingBackend::new(TestingBackendOptions {
            mock_time: false,
            threading: true,
            ..TestingBackendOptions::default()
        }),
        clipboard: clipboard.into(),
    };
    slint::platform::set_platform(Box::new(screen)).expect("the first");
    std::thread::spawn(|| {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let order = serde_json::from_str(&line).expect("an order");
            let end = Instant::now() + PATIENCE;
            machine::in_window(move |window| fulfil(window, order, end));
        }
    });
    let arguments = Arguments {
        data_dir: Some(data.into()),
        link: None,
        command: None,
    };
    let host = HostOptions {
        pictures: Decoder::of_this_program(),
        node: NodeOptions {
            on_air: OnAir::Loopback,
            record_to: None,
        },
        hashing: Hashing::hazmat_fast_for_tests(),
    };
    application::run(arguments, host, || Ok(())).expect("it runs");
}

/// Does it as soon as it can be done.
fn fulfil(window: &Rc<Window>, order: Order, end: Instant) {
    let answer = match attempt(window, &order) {
        Some(answer) => answer,
        None if Instant::now() > end => Answer::Never(everything(window)),
        None => {
            return Timer::single_shot(LOOK_EVERY, move || {
                machine::in_window(move |window| fulfil(window, order, end));
            });
        }
    };
    let answer = serde_json::to_string(&answer).expect("JSON");
    println!("{ANSWER}{answer}");
}

fn attempt(window: &Rc<Window>, order: &Order) -> Option<Answer> {
    let ui = window.ui().window();
    match order {
        Order::Click(label) => {
            let found = ElementHandle::find_by_accessible_label(window.ui(), label);
            let is_usable = |one: &ElementHandle| {
                one.accessible_enabled() != Some(false)
                    && !matches!(
                        one.accessible_role(),
                        None | Some(AccessibleRole::None | AccessibleRole::Text)
                    )
            };
            let found = found.into_iter().find(is_usable)?;
            let (at, size) = (found.absolute_position(), found.size());
            let position = LogicalPosition::new(at.x + size.width / 2.0, at.y + size.height / 2.0);
            let button = PointerEventButton::Left;
            ui.dispatch_event(WindowEvent::PointerMoved { position });
            ui.dispatch_event(WindowEvent::PointerPressed { position, button });
            ui.dispatch_event(WindowEvent::PointerReleased { position, button });
        }
        Order::Type(text) => text.chars().for_each(|letter| press(window, letter)),
        Order::Paste => {
            let control = slint::SharedString::from(char::from(Key::Control));
            ui.dispatch_event(WindowEvent::KeyPressed {
                text: control.clone(),
            });
            press(window, 'v');
            ui.dispatch_event(WindowEvent::KeyReleased { text: control });
        }
        Order::See { label, state } => {
            let shown = everything(window);
            let is_it = |one: &Shown| fits(&one.label, label) && fits(&one.state, state);
            shown.iter().find(|one| is_it(one))?;
        }
        Order::Look => return Some(Answer::Shown(everything(window))),
        Order::Close => ui.dispatch_event(WindowEvent::CloseRequested),
    }
    Some(Answer::Done)
}

fn press(window: &Rc<Window>, letter: char) {
    let letter = match letter {
        '\n' => char::from(Key::Return),
        letter => letter,
    };
    let text = slint::SharedString::from(letter);
    let ui = window.ui().window();
    ui.dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
    ui.dispatch_event(WindowEvent::KeyReleased { text });
}

/// `*` in the pattern stands for anything.
fn fits(text: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => text == pattern,
        Some((begins, ends)) => {
            text.len() >= begins.len() + ends.len()
                && text.starts_with(begins)
                && text.ends_with(ends)
        }
    }
}

/// Everything that is in view, from the top.
fn everything(window: &Rc<Window>) -> Vec<Shown> {
    let all = ElementQuery::from_root(window.ui()).find_all();
    let told = all.iter().filter_map(|one| {
        let role = one.accessible_role()?;
        let label = one.accessible_label()?;
        (role != AccessibleRole::None).then(|| Shown {
            role: format!("{role:?}"),
            label: label.into(),
            state: one.accessible_description().unwrap_or_default().into(),
        })
    });
    told.collect()
}
