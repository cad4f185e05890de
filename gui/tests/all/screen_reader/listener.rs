//! Somebody who sees nothing, and the window in front of them.

use std::collections::BTreeMap;
use std::fmt;
use std::process::Child;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Instant;

use futures_util::StreamExt;
use x11rb::protocol::xproto::Window;
use zbus::message::Type;
use zbus::{
    Connection, MatchRule, Message, MessageStream, OwnedObjectPath, OwnedVariant, block_on,
};

use super::keyboard::Keyboard;
use crate::desktop::PATIENCE;

/// What a screen reader knows of an element.
#[derive(Clone)]
pub struct Element {
    path: OwnedObjectPath,
    pub role: &'static str,
    pub name: String,
    pub description: String,
    pub focused: bool,
    pub enabled: bool,
    pub acts: bool,
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            role,
            name,
            description,
            ..
        } = self;
        let mark = if self.focused { " (here)" } else { "" };
        write!(f, "{role} {name:?}: {description:?}{mark}")
    }
}

/// A person and their application.
pub struct Listener {
    name: String,
    process: Child,
    window: Window,
    application: String,
    bus: Connection,
    keyboard: Rc<Keyboard>,
    events: mpsc::Receiver<Message>,
    /// What was announced and not yet listened to.
    heard: Vec<String>,
}

/// An element as [`Cache.GetItems`] tells it: itself, its application, its parent, its place there, how many
/// children, interfaces, name, role, description, states.
///
/// [`Cache.GetItems`]: https://gnome.pages.gitlab.gnome.org/at-spi2-core/devel-docs/doc-org.a11y.atspi.Cache.html
type Item = (
    (String, OwnedObjectPath),
    (String, OwnedObjectPath),
    (String, OwnedObjectPath),
    i32,
    i32,
    Vec<String>,
    String,
    u32,
    String,
    Vec<u32>,
);

const ENABLED: u32 = 1 << 8;
const FOCUSED: u32 = 1 << 12;

impl Listener {
    /// Listens to an application, and turns to its window.
    pub fn to(
        name: &str,
        process: Child,
        application: String,
        bus: &Connection,
        keyboard: Rc<Keyboard>,
    ) -> Self {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(application.clone())
            .build()
            .expect("a name");
        let stream = block_on(MessageStream::for_match_rule(rule, bus, None));
        let mut stream = stream.expect("the bus");
        let (tells, events) = mpsc::channel();
        std::thread::spawn(move || {
            while let Some(Ok(message)) = block_on(stream.next()) {
                if tells.send(message).is_err() {
                    return;
                }
            }
        });
        let mut listener = Self {
            name: name.into(),
            process,
            window: 0,
            application,
            bus: bus.clone(),
            keyboard,
            events,
            heard: Vec::new(),
        };
        listener.window = listener.waits("a window", |listener| {
            listener.keyboard.window_of(listener.process.id())
        });
        listener.turns();
        listener
    }

    /// Gives this person the keyboard, as a desktop does when one changes windows.
    pub fn turns(&self) {
        self.keyboard.turns_to(self.window);
    }

    pub fn keys(&self, text: &str) {
        self.keyboard.types(text);
    }

    pub fn with_control(&self, letter: char) {
        self.keyboard.with_control(letter);
    }

    /// Waits until the keyboard is on an element with this role and name.
    pub fn comes_to(&mut self, role: &str, name: &str) -> Element {
        self.waits(&format!("the keyboard on {role} {name:?}"), |listener| {
            let mut all = listener.elements().into_iter();
            all.find(|one| one.focused && one.role == role && one.name == name)
        })
    }

    /// Waits until something like this is announced. What was announced before it is forgotten.
    pub fn hears(&mut self, words: &str) {
        self.waits(&format!("{words:?} announced"), |listener| {
            let at = listener.heard.iter().position(|one| one.contains(words))?;
            listener.heard.drain(..=at);
            Some(())
        });
    }

    /// Waits for an element with this role, of which name and description are as they are to be.
    pub fn finds(&mut self, role: &str, is_it: impl Fn(&Element) -> bool) -> Element {
        self.waits(&format!("a {role}"), |listener| {
            let mut all = listener.elements().into_iter();
            all.find(|one| one.role == role && is_it(one))
        })
    }

    /// Presses the element with this role and name, as a screen reader does.
    pub fn presses(&mut self, role: &str, name: &str) {
        let element = self.waits(&format!("{role} {name:?}"), |listener| {
            let mut all = listener.elements().into_iter();
            all.find(|one| one.role == role && one.name == name && one.enabled && one.acts)
        });
        let done = self.calls(&element.path, "org.a11y.atspi.Action", "DoAction", &0_i32);
        assert!(done.body().deserialize::<bool>().expect("an answer"));
    }

    /// Moves the keyboard to the element with this role and name, as a screen reader does.
    pub fn goes_to(&mut self, role: &str, name: &str) {
        let element = self.finds(role, |one| one.name == name);
        self.calls(&element.path, "org.a11y.atspi.Component", "GrabFocus", &());
        self.comes_to(role, name);
    }

    /// Everything there is, in the order in which it is read.
    pub fn elements(&self) -> Vec<Element> {
        let path = "/org/a11y/atspi/cache".try_into().expect("a path");
        let told = self.calls(&path, "org.a11y.atspi.Cache", "GetItems", &());
        let items: Vec<Item> = told.body().deserialize().expect("the items");
        let mut below: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for item in items {
            let (parent, place) = (item.2.1.to_string(), item.3);
            below.entry(parent).or_default().insert(place, item);
        }
        let mut all = Vec::new();
        read("/org/a11y/atspi/accessible/root", &below, &mut all);
        all
    }

    fn calls<B>(&self, path: &OwnedObjectPath, interface: &str, method: &str, body: &B) -> Message
    where
        B: serde::Serialize + zbus::wire::DynamicType,
    {
        let application = Some(self.application.as_str());
        let asked = self
            .bus
            .call_method(application, path, Some(interface), method, body);
        let answer = block_on(asked);
        answer.unwrap_or_else(|fault| panic!("{}: {method}: {fault}", self.name))
    }

    /// Looks again whenever the application tells of something.
    fn waits<T>(&mut self, what: &str, look: impl Fn(&mut Self) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            while let Ok(event) = self.events.try_recv() {
                self.listens(&event);
            }
            if let Some(found) = look(self) {
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left.min(GLANCE)) {
                Ok(event) => self.listens(&event),
                Err(mpsc::RecvTimeoutError::Timeout) if Instant::now() < end => {}
                Err(_) => panic!(
                    "{}: never {what}. There was said {:#?}, and there is {:#?}",
                    self.name,
                    self.heard,
                    self.elements()
                ),
            }
        }
    }

    fn listens(&mut self, event: &Message) {
        if event
            .header()
            .member()
            .is_some_and(|it| it == "Announcement")
        {
            let body = event.body();
            let (_, _, _, words, _): (
                String,
                i32,
                i32,
                OwnedVariant,
                BTreeMap<String, OwnedVariant>,
            ) = body.deserialize().expect("an announcement");
            let words = spoken(&String::try_from(words).expect("words"));
            println!("{} hears {words:?}", self.name);
            self.heard.push(words);
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // One that has ended needs no end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Everything below an element.
fn read(parent: &str, below: &BTreeMap<String, BTreeMap<i32, Item>>, all: &mut Vec<Element>) {
    for item in below.get(parent).into_iter().flat_map(BTreeMap::values) {
        let (own, _, _, _, _, interfaces, name, role, description, states) = item;
        all.push(Element {
            path: own.1.clone(),
            role: role_name(*role),
            name: spoken(name),
            description: spoken(description),
            focused: states[0] & FOCUSED != 0,
            enabled: states[0] & ENABLED != 0,
            acts: interfaces.iter().any(|one| one == "org.a11y.atspi.Action"),
        });
        if own.1.as_str() != parent {
            read(own.1.as_str(), below, all);
        }
    }
}

/// What is heard of a text: not the marks that keep names in their order among letters of another direction.
fn spoken(text: &str) -> String {
    text.replace(['\u{2068}', '\u{2069}'], "")
}

/// What screen readers call the numbers of roles.
fn role_name(role: u32) -> &'static str {
    match role {
        23 => "frame",
        27 => "image",
        29 => "label",
        31 => "list",
        32 => "list item",
        39 => "panel",
        40 => "password text",
        43 => "button",
        44 => "radio button",
        62 => "toggle button",
        75 => "application",
        79 => "entry",
        98 => "list box",
        _ => "another",
    }
}

/// How soon it is looked again when the application tells nothing, as it does of a window that is shown.
const GLANCE: std::time::Duration = std::time::Duration::from_millis(50);
