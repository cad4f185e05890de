//! Whether the desktop asks for less motion.

use std::collections::BTreeMap;
use std::sync::mpsc;

use hedgerow_gui::desktop::watch_motion;
use zbus::connection::Builder;
use zbus::object_server::SignalEmitter;
use zbus::{OwnedVariant, Variant, block_on, interface};

use super::PATIENCE;

const PATH: &str = "/org/freedesktop/portal/desktop";
const APPEARANCE: &str = "org.freedesktop.appearance";
const INTERFACE: &str = "org.gnome.desktop.interface";

/// The portal: what it says when it is asked.
struct Portal;

#[interface(name = "org.freedesktop.portal.Settings")]
impl Portal {
    fn read_all(
        &self,
        namespaces: Vec<String>,
    ) -> BTreeMap<String, BTreeMap<String, OwnedVariant>> {
        assert_eq!(namespaces, [APPEARANCE, INTERFACE]);
        let value = |value: Variant<'_>| value.try_to_owned().expect("a value");
        let appearance = [
            ("color-scheme".to_owned(), value(1_u32.into())),
            ("reduced-motion".to_owned(), value(1_u32.into())),
        ];
        let interface = [("enable-animations".to_owned(), value(true.into()))];
        BTreeMap::from([
            (APPEARANCE.to_owned(), BTreeMap::from(appearance)),
            (INTERFACE.to_owned(), BTreeMap::from(interface)),
        ])
    }

    #[zbus(signal)]
    async fn setting_changed(
        on: &SignalEmitter<'_>,
        namespace: &str,
        key: &str,
        value: Variant<'_>,
    ) -> zbus::Result<()>;
}

#[test]
fn the_window_learns_when_the_system_asks_for_less_motion() {
    super::on_a_bus("desktop::motion::asked_on_a_bus");
}

#[test]
#[ignore = "the test above runs it, with a bus"]
fn asked_on_a_bus() {
    let bus = Builder::session()
        .name("org.freedesktop.portal.Desktop")
        .serve_at(PATH, Portal);
    let bus = block_on(bus.build()).expect("a bus");
    let (tells, told) = mpsc::channel();
    watch_motion(move |still| tells.send(still).expect("the test lives")).expect("a thread");
    let next = || told.recv_timeout(PATIENCE).expect("something is told");
    let changes = |namespace: &str, key: &str, value: Variant<'_>| {
        let on = SignalEmitter::new(&bus, PATH).expect("a path");
        let changed = Portal::setting_changed(&on, namespace, key, value);
        block_on(changed).expect("the bus");
    };
    assert!(next(), "it asks for less from the beginning");
    changes(APPEARANCE, "reduced-motion", 0_u32.into());
    assert!(!next());
    // Other settings, and values that mean nothing, change nothing: the next word is about the one after them.
    changes(APPEARANCE, "color-scheme", 1_u32.into());
    changes(APPEARANCE, "reduced-motion", "much".into());
    changes(INTERFACE, "enable-animations", false.into());
    assert!(next(), "either of the two is enough");
    changes(APPEARANCE, "reduced-motion", 1_u32.into());
    changes(INTERFACE, "enable-animations", true.into());
    changes(APPEARANCE, "reduced-motion", 0_u32.into());
    assert!(!next(), "neither asks for it any more");
}
