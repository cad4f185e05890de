//! The icon in the desktop's tray, where there is one.
//!
//! Slint has such an icon too, but does not tell whether a tray shows it; and a person who closes the
//! window must not be left without a way back.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use ksni::blocking::TrayMethods;
use ksni::menu::{MenuItem, StandardItem};
use slint::{Image, Rgba8Pixel};

/// The picture; it is drawn as large as it says.
const PICTURE: &[u8] = include_bytes!("../../ui/icon.svg");

/// Something is unread: a spot of this colour, whose size is this part of the picture's.
const SPOT: Rgba8Pixel = Rgba8Pixel::new(240, 130, 30, 255);
const SPOT_PART: f32 = 0.42;

/// What comes from the tray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromTray {
    /// There is a tray, and the icon is in it; or not any more.
    There(bool),
    /// Show the window.
    Open,
    /// Lock the screen.
    Lock,
    /// Close everything.
    Quit,
}

/// What the icon says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraySaid {
    /// Something is unread.
    pub unread: bool,
    /// When the pointer rests on it.
    pub about: String,
    /// The line of its menu that shows the window.
    pub open: String,
    /// The one that locks the screen.
    pub lock: String,
    /// The one that closes everything.
    pub quit: String,
}

/// The icon. It is gone with the process.
pub struct Tray(mpsc::Sender<TraySaid>);

impl Tray {
    /// Puts it into the tray, from a thread of its own, as soon as it is known what it says.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn start(tell: impl Fn(FromTray) + Send + Sync + 'static) -> io::Result<Self> {
        let (says, said) = mpsc::channel::<TraySaid>();
        std::thread::Builder::new()
            .name("tray".into())
            .spawn(move || {
                let Ok(first) = said.recv() else { return };
                let tell = Arc::new(tell);
                let icon = Icon {
                    said: first,
                    is_there: AtomicBool::new(true),
                    tell: tell.clone(),
                };
                // Without a bus there is no tray.
                let Ok(icon) = icon.assume_sni_available(true).spawn() else {
                    return;
                };
                let is_there = icon.update(|icon| icon.is_there.load(Ordering::Relaxed));
                tell(FromTray::There(is_there == Some(true)));
                for next in said {
                    icon.update(|icon| icon.said = next);
                }
            })?;
        Ok(Self(says))
    }

    /// Shows this from now on.
    pub fn show(&self, said: TraySaid) {
        // A thread that has ended shows nothing.
        let _ = self.0.send(said);
    }
}

struct Icon<T> {
    said: TraySaid,
    is_there: AtomicBool,
    tell: Arc<T>,
}

impl<T: Fn(FromTray) + Send + Sync + 'static> Icon<T> {
    fn there(&self, is_there: bool) {
        self.is_there.store(is_there, Ordering::Relaxed);
        (self.tell)(FromTray::There(is_there));
    }

    fn line(&self, label: &str, chosen: FromTray) -> MenuItem<Self> {
        MenuItem::Standard(StandardItem {
            label: label.to_owned(),
            activate: Box::new(move |icon: &mut Self| (icon.tell)(chosen)),
            ..StandardItem::default()
        })
    }
}

impl<T: Fn(FromTray) + Send + Sync + 'static> ksni::Tray for Icon<T> {
    fn id(&self) -> String {
        "org.hedgerow.Hedgerow".into()
    }

    fn title(&self) -> String {
        "Hedgerow".into()
    }

    fn category(&self) -> ksni::Category {
        ksni::Category::Communications
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        picture(self.said.unread).into_iter().collect()
    }

    fn tool_tip(&self) -> ksni::ToolTip {
        ksni::ToolTip {
            title: self.said.about.clone(),
            ..ksni::ToolTip::default()
        }
    }

    fn activate(&mut self, _: i32, _: i32) {
        (self.tell)(FromTray::Open);
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        vec![
            self.line(&self.said.open, FromTray::Open),
            self.line(&self.said.lock, FromTray::Lock),
            MenuItem::Separator,
            self.line(&self.said.quit, FromTray::Quit),
        ]
    }

    fn watcher_online(&self) {
        self.there(true);
    }

    fn watcher_offline(&self, _: ksni::OfflineReason) -> bool {
        self.there(false);
        true
    }
}

/// The picture of the application, with a spot if something is unread.
fn picture(unread: bool) -> Option<ksni::Icon> {
    let mut pixels = Image::load_from_svg_data(PICTURE).ok()?.to_rgba8()?;
    let (width, height) = (pixels.width(), pixels.height());
    let radius = width as f32 * SPOT_PART / 2.0;
    let (x, y) = (width as f32 - radius, height as f32 - radius);
    for (at, pixel) in pixels.make_mut_slice().iter_mut().enumerate() {
        let at = at as u32;
        let (right, down) = ((at % width) as f32 + 0.5 - x, (at / width) as f32 + 0.5 - y);
        if unread && right.hypot(down) <= radius {
            *pixel = SPOT;
        }
    }
    Some(ksni::Icon {
        width: width as i32,
        height: height as i32,
        data: pixels
            .as_slice()
            .iter()
            .flat_map(|pixel| [pixel.a, pixel.r, pixel.g, pixel.b])
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_a_spot_only_while_something_is_unread() {
        let (read, unread) = (picture(false).unwrap(), picture(true).unwrap());
        assert_eq!((read.width, read.height), (64, 64));
        let last = |icon: &ksni::Icon| icon.data[4 * (64 * 54 + 54)..][..4].to_vec();
        assert_eq!(last(&unread), [255, 240, 130, 30]);
        assert_ne!(last(&read), last(&unread));
        assert_eq!(read.data[..4 * 64 * 30], unread.data[..4 * 64 * 30]);
    }
}
