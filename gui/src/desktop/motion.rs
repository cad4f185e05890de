//! Whether the system asks for less motion: a setting that the desktop's portal tells. Without a portal nothing asks for it.

use std::collections::BTreeMap;
use std::io;

use futures_util::StreamExt;
use zbus::{Connection, OwnedVariant, Variant, block_on, proxy};

/// Where the setting of all desktops stands, and its value that asks for less.
const APPEARANCE: (&str, &str) = ("org.freedesktop.appearance", "reduced-motion");
const REDUCED: u32 = 1;

/// Where GNOME and those that follow it say that nothing is to move.
const ANIMATIONS: (&str, &str) = ("org.gnome.desktop.interface", "enable-animations");

#[proxy(
    interface = "org.freedesktop.portal.Settings",
    default_service = "org.freedesktop.portal.Desktop",
    default_path = "/org/freedesktop/portal/desktop"
)]
trait Settings {
    /// The values of these namespaces: namespace, key, value.
    fn read_all(
        &self,
        namespaces: &[&str],
    ) -> zbus::Result<BTreeMap<String, BTreeMap<String, OwnedVariant>>>;

    #[zbus(signal)]
    fn setting_changed(&self, namespace: &str, key: &str, value: Variant<'_>) -> zbus::Result<()>;
}

/// What the portal says. A setting that it does not know asks for nothing.
#[derive(Default)]
struct Motion {
    reduced: bool,
    without_animations: bool,
}

impl Motion {
    /// Takes over a value. Values of other settings, and of a type that the setting does not have, change nothing.
    fn learn(&mut self, namespace: &str, key: &str, value: &Variant<'_>) {
        match ((namespace, key), value) {
            (APPEARANCE, Variant::U32(value)) => self.reduced = *value == REDUCED,
            (ANIMATIONS, Variant::Bool(on)) => self.without_animations = !on,
            _ => {}
        }
    }

    fn is_still(&self) -> bool {
        self.reduced || self.without_animations
    }
}

/// Starts a thread that calls `tell` with whether the system asks for less motion: at first if it does, then whenever that changes.
///
/// # Errors
/// The system has no thread for it.
pub fn watch_motion(tell: impl Fn(bool) + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new()
        .name("motion".into())
        .spawn(move || {
            // Without a bus or a portal there is nobody to ask.
            let _ = block_on(watch(tell));
        })?;
    Ok(())
}

async fn watch(tell: impl Fn(bool)) -> zbus::Result<()> {
    let bus = Connection::session().await?;
    let settings = SettingsProxy::new(&bus).await?;
    // Before the look, so that the signal tells what changes meanwhile.
    let mut changes = settings.receive_setting_changed().await?;
    let mut motion = Motion::default();
    let values = settings.read_all(&[APPEARANCE.0, ANIMATIONS.0]).await;
    for (namespace, values) in values.unwrap_or_default() {
        for (key, value) in values {
            motion.learn(&namespace, &key, &value);
        }
    }
    let mut told = false;
    loop {
        if motion.is_still() != told {
            told = motion.is_still();
            tell(told);
        }
        let Some(change) = changes.next().await else {
            return Ok(());
        };
        let change = change.args()?;
        motion.learn(change.namespace, change.key, &change.value);
    }
}
