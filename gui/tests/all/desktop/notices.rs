//! Notifications, and what a click on one does.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use hedgerow_gui::desktop::{Notices, Said};
use hedgerow_gui::model::Notification;
use hedgerow_node::api::{ConversationId, Private};
use zbus::OwnedVariant;
use zbus::connection::Builder;
use zbus::object_server::SignalEmitter;
use zbus::{block_on, interface};

use super::PATIENCE;

const PATH: &str = "/org/freedesktop/Notifications";

/// The service: it says what it was asked to do, and gives numbers from 1 on.
struct Service {
    asked: mpsc::Sender<Asked>,
    last: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Show {
        replaces: u32,
        title: String,
        body: String,
        actions: Vec<String>,
        /// What is played; nothing may be.
        sound: Option<String>,
    },
    Close(u32),
}

#[interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "the specification says so")]
    fn notify(
        &mut self,
        _application: String,
        replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: BTreeMap<String, OwnedVariant>,
        _lasts_ms: i32,
    ) -> u32 {
        // One that takes the place of another has its number.
        let number = match replaces {
            0 => self.last + 1,
            number => number,
        };
        self.last = number;
        let quiet = hints.contains_key("suppress-sound");
        let sound = hints.get("sound-name").cloned();
        let sound = sound.map(|name| String::try_from(name).expect("a name"));
        assert!(quiet != sound.is_some(), "one or the other");
        let show = Asked::Show {
            replaces,
            title,
            body,
            actions,
            sound,
        };
        self.asked.send(show).expect("the test lives");
        self.last
    }

    fn close_notification(&mut self, id: u32) {
        self.asked.send(Asked::Close(id)).expect("the test lives");
    }

    #[zbus(signal)]
    async fn action_invoked(on: &SignalEmitter<'_>, id: u32, action: &str) -> zbus::Result<()>;
}

/// The service on the bus, until it is dropped, and what it is asked.
fn serve() -> (zbus::Connection, mpsc::Receiver<Asked>) {
    let (asks, asked) = mpsc::channel();
    let service = Service {
        asked: asks,
        last: 0,
    };
    let bus = Builder::session()
        .name("org.freedesktop.Notifications")
        .serve_at(PATH, service);
    (block_on(bus.build()).expect("a bus"), asked)
}

#[test]
fn a_click_leads_to_the_conversation_that_the_notification_is_about() {
    super::on_a_bus("desktop::notices::clicked_on_a_bus");
}

#[test]
#[ignore = "the test above runs it, with a bus"]
fn clicked_on_a_bus() {
    let (bus, asked) = serve();
    let click = |id: u32| {
        let on = SignalEmitter::new(&bus, PATH).expect("a path");
        block_on(Service::action_invoked(&on, id, "default"))
    };
    let (clicks, clicked) = mpsc::channel();
    let notices =
        Notices::start(move |conversation| clicks.send(conversation).expect("the test lives"))
            .expect("a thread");
    let show = |letter: &str, name: Option<&str>| {
        let notification = Notification {
            conversation: ConversationId(letter.repeat(32)),
            name: name.map(|name| Private(name.into())),
            text: name.map(|_| Private("Is 1 < 2?".into())),
            unread: 1,
            sound: name.is_some(),
        };
        let said = Said {
            instead: "There is something new.".into(),
            click: "Open Hedgerow".into(),
        };
        notices.show(&notification, said);
    };
    let next = || asked.recv_timeout(PATIENCE).expect("something is asked");
    let shown = |title: &str, body: &str| Asked::Show {
        replaces: 0,
        title: title.into(),
        body: body.into(),
        actions: vec!["default".into(), "Open Hedgerow".into()],
        // Those with a name are heard here.
        sound: (title != "Hedgerow").then(|| "message-new-instant".into()),
    };

    show("a", Some("Ana"));
    assert_eq!(next(), shown("Ana", "Is 1 &lt; 2?"));
    // Another takes its place, and a click on it is about that one.
    show("b", None);
    assert_eq!(next(), Asked::Close(1));
    assert_eq!(next(), shown("Hedgerow", "There is something new."));
    let contact = loop {
        // Until the answer of the service has come, nobody listens for clicks.
        click(2).expect("the bus");
        if let Ok(contact) = clicked.recv_timeout(Duration::from_millis(100)) {
            break contact;
        }
    };
    assert!(contact == ConversationId("b".repeat(32)));
    show("c", Some("Cleo"));
    assert_eq!(next(), shown("Cleo", "Is 1 &lt; 2?"));
    notices.clear();
    assert_eq!(next(), Asked::Close(3));
}

#[test]
fn a_notification_changes_in_its_place_with_its_message_and_goes_with_it() {
    super::on_a_bus("desktop::notices::changed_on_a_bus");
}

#[test]
#[ignore = "the test above runs it, with a bus"]
fn changed_on_a_bus() {
    let (bus, asked) = serve();
    let notices = Notices::start(|_| ()).expect("a thread");
    let told = |text: &str| Notification {
        conversation: ConversationId("a".repeat(32)),
        name: Some(Private("Ana".into())),
        text: Some(Private(text.into())),
        unread: 1,
        sound: true,
    };
    let said = || Said {
        instead: "There is something new.".into(),
        click: "Open Hedgerow".into(),
    };
    let next = || asked.recv_timeout(PATIENCE).expect("something is asked");
    let shown = |replaces: u32, body: &str| Asked::Show {
        replaces,
        title: "Ana".into(),
        body: body.into(),
        actions: vec!["default".into(), "Open Hedgerow".into()],
        sound: (replaces == 0).then(|| "message-new-instant".into()),
    };
    notices.show(&told("at noon"), said());
    assert_eq!(next(), shown(0, "at noon"));
    // An edit is heard by nobody.
    notices.change(&told("at one"), said());
    assert_eq!(next(), shown(1, "at one"));
    notices.clear();
    assert_eq!(next(), Asked::Close(1));
    // What is closed does not come again for an edit: the next thing on screen is the next message.
    notices.change(&told("at two"), said());
    notices.show(&told("well?"), said());
    assert_eq!(next(), shown(0, "well?"));
    drop(bus);
}
