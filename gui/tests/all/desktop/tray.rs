//! The icon in the tray, and what is chosen there.

use std::sync::mpsc;
use std::time::Instant;

use hedgerow_gui::desktop::{FromTray, Tray, TraySaid};
use zbus::connection::Builder;
use zbus::{Connection, OwnedVariant, Variant, block_on, interface};

use super::PATIENCE;

/// The tray: it says which icons come.
struct Watcher(mpsc::Sender<String>);

const WATCHER: &str = "org.kde.StatusNotifierWatcher";

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, icon: String) {
        self.0.send(icon).expect("the test lives");
    }
}

#[test]
fn the_icon_is_there_while_there_is_a_tray_and_what_is_chosen_there_is_heard() {
    super::on_the_usual_bus("desktop::tray::chosen_on_a_bus");
}

#[test]
#[ignore = "the test above runs it, with a bus"]
fn chosen_on_a_bus() {
    let (tells, told) = mpsc::channel();
    let tray = Tray::start(move |from| tells.send(from).expect("the test lives"));
    let tray = tray.expect("a thread");
    let said = |unread: u64| TraySaid {
        unread,
        about: format!("{unread} unread"),
        open: "Open".into(),
        lock: "Lock".into(),
        quit: "Quit".into(),
    };
    let next = || told.recv_timeout(PATIENCE).expect("something is told");
    tray.show(said(0));
    // That there is none, and that one is waited for.
    assert_eq!(next(), FromTray::There(false));
    assert_eq!(next(), FromTray::There(false));

    // The panel starts later than the application, as it may.
    let (comes, come) = mpsc::channel();
    let panel = || -> Connection {
        let panel = Builder::session()
            .serve_at("/StatusNotifierWatcher", Watcher(comes.clone()))
            .name(WATCHER);
        block_on(panel.build()).expect("a bus")
    };
    let bus = panel();
    assert_eq!(next(), FromTray::There(true));
    let icon = come.recv_timeout(PATIENCE).expect("an icon");
    let name = Some(icon.as_str());
    let (path, item) = ("/StatusNotifierItem", Some("org.kde.StatusNotifierItem"));
    block_on(bus.call_method(name, path, item, "Activate", &(0_i32, 0_i32))).expect("an answer");
    assert_eq!(next(), FromTray::Open);
    // The third line is between the others.
    for (line, chosen) in [
        (1, FromTray::Open),
        (2, FromTray::Lock),
        (4, FromTray::Quit),
    ] {
        let clicked = (line, "clicked", Variant::I32(0), 0_u32);
        let menu = Some("com.canonical.dbusmenu");
        block_on(bus.call_method(name, "/MenuBar", menu, "Event", &clicked)).expect("an answer");
        assert_eq!(next(), chosen);
    }

    // How many messages are unread stands in its title, and where the pointer rests.
    let told = |what: &str| {
        let asked = (item.expect("its name"), what);
        let properties = Some("org.freedesktop.DBus.Properties");
        let answer = block_on(bus.call_method(name, path, properties, "Get", &asked));
        let answer = answer.expect("an answer");
        answer
            .body()
            .deserialize::<OwnedVariant>()
            .expect("a value")
    };
    let title = || String::try_from(told("Title")).expect("words");
    assert_eq!(title(), "Hedgerow");
    tray.show(said(3));
    let end = Instant::now() + PATIENCE;
    while title() != "(3) Hedgerow" {
        assert!(Instant::now() < end, "{}", title());
    }
    assert!(format!("{:?}", told("ToolTip")).contains("3 unread"));

    // The panel goes, and comes back.
    block_on(bus.release_name(WATCHER)).expect("the bus");
    assert_eq!(next(), FromTray::There(false));
    tray.show(said(1));
    let _again = panel();
    assert_eq!(next(), FromTray::There(true));
}
