//! A window on the stage: what it asks is answered by the played node, and it is used by keys and pointer.
#![allow(dead_code, reason = "each test program uses its part")]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use hedgerow_gui::bind::{self, About, Outside};
use hedgerow_gui::model::*;
use hedgerow_gui::ui::AppWindow;
use i_slint_backend_testing::{AccessibleRole, ElementHandle, mock_elapsed_time};
use slint::platform::{Key, PointerEventButton, WindowEvent};
use slint::{ComponentHandle, LogicalPosition, LogicalSize, SharedString};

use crate::stage::{Node, Stage};

/// A window, and what plays the rest of the machine.
pub struct Window {
    pub window: Rc<bind::Window>,
    pub node: Node,
    outside: Machine,
}

/// Clocks that stand still between steps, and what was to be done.
#[derive(Clone)]
struct Machine {
    now: Rc<RefCell<Now>>,
    asked: Rc<RefCell<VecDeque<Request>>>,
    log: Rc<RefCell<Vec<Request>>>,
    done: Rc<RefCell<Vec<Effect>>>,
}

impl Outside for Machine {
    fn now(&self) -> Now {
        *self.now.borrow()
    }
    fn perform(&self, effect: Effect) {
        match effect {
            Effect::Ask(request) => {
                self.log.borrow_mut().push(request.clone());
                self.asked.borrow_mut().push_back(request);
            }
            other => self.done.borrow_mut().push(other),
        }
    }
    fn choose_picture(&self) {}
    fn quit(&self) {
        self.done.borrow_mut().push(Effect::Quit);
    }
}

/// A window that is shown is there until it is hidden, and follows every change of the language.
impl Drop for Window {
    fn drop(&mut self) {
        self.window.ui().hide().expect("it is shown");
    }
}

impl Window {
    /// Shows what is on the stage.
    pub fn of(stage: Stage, width: f32, height: f32) -> Self {
        let ui = AppWindow::new().expect("a window");
        ui.window().set_size(LogicalSize::new(width, height));
        let about = About {
            version: "0.1.0".into(),
            directory: "/home/ana/.local/share/hedgerow".into(),
        };
        let outside = Machine {
            now: Rc::new(RefCell::new(stage.now)),
            asked: Rc::new(RefCell::new(stage.asked)),
            log: Rc::default(),
            done: Rc::default(),
        };
        let app = (stage.app, Vec::new());
        let window = bind::Window::new(ui, app, about, Box::new(outside.clone()));
        window.ui().show().expect("it is shown");
        let mut window = Self {
            window,
            node: stage.node,
            outside,
        };
        window.settles();
        window
    }

    /// Everything that is asked is answered, and everything that follows is laid out.
    pub fn settles(&mut self) {
        for _ in 0..15 {
            self.step();
        }
    }

    /// What is asked by now is answered, and a frame's time passes.
    fn step(&mut self) {
        let asked = std::mem::take(&mut *self.outside.asked.borrow_mut());
        let now = *self.outside.now.borrow();
        for request in asked {
            for update in self.node.answers(request, now) {
                self.window.handle(update);
            }
        }
        self.passes(30);
    }

    /// Time passes.
    pub fn passes(&self, ms: u64) {
        {
            let mut now = self.outside.now.borrow_mut();
            now.monotonic_ms += ms;
            now.wall_ms += ms as i64;
        }
        mock_elapsed_time(Duration::from_millis(ms));
    }

    /// The person does something that has no control of its own.
    pub fn does(&mut self, action: impl Into<Action>) {
        self.window.act(action);
        self.settles();
    }

    /// Something happens at the node.
    pub fn hears(&mut self, update: Update) {
        self.window.handle(update);
        self.settles();
    }

    /// Types.
    pub fn types(&mut self, text: &str) {
        for letter in text.chars() {
            self.strikes(letter.into());
        }
        self.settles();
    }

    /// Presses a key, while others are held.
    pub fn presses(&mut self, held: &[Key], key: impl Into<char>) {
        let window = self.window.ui().window();
        for key in held {
            let text = SharedString::from(char::from(*key));
            window.dispatch_event(WindowEvent::KeyPressed { text });
        }
        self.strikes(key.into().into());
        for key in held {
            let text = SharedString::from(char::from(*key));
            window.dispatch_event(WindowEvent::KeyReleased { text });
        }
        self.settles();
    }

    fn strikes(&self, text: SharedString) {
        let window = self.window.ui().window();
        window.dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
        window.dispatch_event(WindowEvent::KeyReleased { text });
    }

    /// Clicks on what has this label.
    pub fn clicks(&mut self, label: &str) {
        let position = self.middle(label);
        let (window, button) = (self.window.ui().window(), PointerEventButton::Left);
        window.dispatch_event(WindowEvent::PointerMoved { position });
        window.dispatch_event(WindowEvent::PointerPressed { position, button });
        window.dispatch_event(WindowEvent::PointerReleased { position, button });
        self.settles();
    }

    /// The middle of what has this label.
    fn middle(&self, label: &str) -> LogicalPosition {
        let one = self.one(label);
        let (at, size) = (one.absolute_position(), one.size());
        LogicalPosition::new(at.x + size.width / 2.0, at.y + size.height / 2.0)
    }

    /// Holds the left button down on what has this label. Where that is.
    pub fn holds(&mut self, label: &str) -> LogicalPosition {
        let position = self.middle(label);
        let (window, button) = (self.window.ui().window(), PointerEventButton::Left);
        window.dispatch_event(WindowEvent::PointerMoved { position });
        window.dispatch_event(WindowEvent::PointerPressed { position, button });
        self.settles();
        position
    }

    /// Lets go of the left button there.
    pub fn lets_go(&mut self, position: LogicalPosition) {
        let (window, button) = (self.window.ui().window(), PointerEventButton::Left);
        window.dispatch_event(WindowEvent::PointerMoved { position });
        window.dispatch_event(WindowEvent::PointerReleased { position, button });
        self.settles();
    }

    /// Moves the pointer there, with no button down.
    pub fn points(&mut self, position: LogicalPosition) {
        let event = WindowEvent::PointerMoved { position };
        self.window.ui().window().dispatch_event(event);
        self.settles();
    }

    /// Presses the left button there, draws the pointer to the other place, and lets go.
    pub fn draws(&mut self, from: LogicalPosition, to: LogicalPosition) {
        let button = PointerEventButton::Left;
        self.points(from);
        let window = self.window.ui().window();
        window.dispatch_event(WindowEvent::PointerPressed {
            position: from,
            button,
        });
        window.dispatch_event(WindowEvent::PointerMoved { position: to });
        window.dispatch_event(WindowEvent::PointerReleased {
            position: to,
            button,
        });
        self.settles();
    }

    /// Turns the wheel over the conversation: up, if positive.
    pub fn scrolls(&mut self, by: f32) {
        let list = self.one("Messages");
        let left = list.absolute_position().x;
        let size = self.window.ui().window().size();
        self.turns(
            LogicalPosition::new(left + 20.0, size.height as f32 / 2.0),
            by,
        );
    }

    /// Turns the wheel there: up, if positive.
    pub fn turns(&mut self, position: LogicalPosition, by: f32) {
        let event = WindowEvent::PointerScrolled {
            position,
            delta_x: 0.0,
            delta_y: by,
        };
        self.window.ui().window().dispatch_event(event);
        self.settles();
    }

    /// The one in view that has this label, and is told to screen readers.
    pub fn one(&self, label: &str) -> ElementHandle {
        let found = self.all(label);
        let kinds = found
            .iter()
            .map(|one| (one.type_name(), one.accessible_role()));
        assert_eq!(found.len(), 1, "{label}: {:?}", kinds.collect::<Vec<_>>());
        found.into_iter().next().expect("one")
    }

    /// Everything in view that has this label, and is told to screen readers.
    pub fn all(&self, label: &str) -> Vec<ElementHandle> {
        let named = ElementHandle::find_by_accessible_label(self.window.ui(), label);
        let is_told = |one: &ElementHandle| {
            !matches!(one.accessible_role(), None | Some(AccessibleRole::None))
        };
        named.filter(is_told).collect()
    }

    /// The lines of the conversation that are in view, from the top: what they say, and how high they stand.
    pub fn lines(&self) -> Vec<(String, f32)> {
        let list = self.one("Messages");
        let lines = list
            .query_descendants()
            .match_inherits("ThreadLine")
            .find_all();
        let told = lines.iter().filter_map(|line| {
            let is_told = |one: &ElementHandle| {
                matches!(
                    one.accessible_role(),
                    Some(AccessibleRole::ListItem | AccessibleRole::Text)
                )
            };
            let said = line
                .query_descendants()
                .match_predicate(is_told)
                .find_first()?;
            let label = said.accessible_label()?;
            let text = label
                .split_once(": ")
                .map_or(label.as_str(), |(_, text)| text);
            Some((text.to_owned(), line.absolute_position().y))
        });
        told.collect()
    }

    /// Every request so far that is one of these.
    pub fn asked<T>(&self, wanted: impl Fn(&Request) -> Option<T>) -> Vec<T> {
        self.outside
            .log
            .borrow()
            .iter()
            .filter_map(wanted)
            .collect()
    }

    /// Everything that was to be done besides and is one of these.
    pub fn did<T>(&self, wanted: impl Fn(&Effect) -> Option<T>) -> Vec<T> {
        self.outside
            .done
            .borrow()
            .iter()
            .filter_map(wanted)
            .collect()
    }

    /// What was to be done besides.
    pub fn done(&self, wanted: impl Fn(&Effect) -> bool) -> bool {
        self.outside.done.borrow().iter().any(wanted)
    }
}
