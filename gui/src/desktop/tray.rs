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

/// The picture, drawn in the size that it names.
const PICTURE: &[u8] = include_bytes!("../../ui/icon.svg");

/// The colour of the spot with the number of unread messages, and its size as a part of the picture's.
const SPOT: Rgba8Pixel = Rgba8Pixel::new(240, 130, 30, 255);
const SPOT_PART: f32 = 0.66;
const INK: Rgba8Pixel = Rgba8Pixel::new(0, 0, 0, 255);

/// The digits and a plus, each as five lines of three dots, from the top.
const GLYPHS: [[u8; 5]; 11] = [
    [0b111, 0b101, 0b101, 0b101, 0b111],
    [0b010, 0b110, 0b010, 0b010, 0b111],
    [0b111, 0b001, 0b111, 0b100, 0b111],
    [0b111, 0b001, 0b111, 0b001, 0b111],
    [0b101, 0b101, 0b111, 0b001, 0b001],
    [0b111, 0b100, 0b111, 0b001, 0b111],
    [0b111, 0b100, 0b111, 0b101, 0b111],
    [0b111, 0b001, 0b010, 0b010, 0b010],
    [0b111, 0b101, 0b111, 0b101, 0b111],
    [0b111, 0b101, 0b111, 0b001, 0b111],
    [0b000, 0b010, 0b111, 0b010, 0b000],
];
const PLUS: usize = 10;

/// The width of a dot as a part of the spot's width.
const DOT_PART: f32 = 0.11;

/// An event of the tray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromTray {
    /// Whether there is a tray with the icon in it.
    There(bool),
    /// Show the window.
    Open,
    /// Lock the screen.
    Lock,
    /// Close everything.
    Quit,
}

/// What the icon shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraySaid {
    /// How many messages are unread.
    pub unread: u64,
    /// The words when the pointer rests on it.
    pub about: String,
    /// The line of its menu that shows the window.
    pub open: String,
    /// The one that locks the screen.
    pub lock: String,
    /// The one that closes everything.
    pub quit: String,
}

/// The icon. It goes with the process.
pub struct Tray(mpsc::Sender<TraySaid>);

impl Tray {
    /// Starts a thread that puts the icon into the tray after the first [`show`](Self::show).
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
        match self.said.unread {
            0 => "Hedgerow".into(),
            unread => format!("({unread}) Hedgerow"),
        }
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

/// The picture of the application, with the number of unread messages if there are any; above nine, with a plus.
fn picture(unread: u64) -> Option<ksni::Icon> {
    let mut pixels = Image::load_from_svg_data(PICTURE).ok()?.to_rgba8()?;
    let (width, height) = (pixels.width(), pixels.height());
    let radius = width as f32 * SPOT_PART / 2.0;
    let (x, y) = (width as f32 - radius, height as f32 - radius);
    let dot = (2.0 * radius * DOT_PART).max(1.0);
    let glyphs: &[usize] = match unread {
        0..=9 => &[unread as usize],
        _ => &[9, PLUS],
    };
    // Two glyphs stand a dot's width apart.
    let wide = 4.0 * glyphs.len() as f32 - 1.0;
    let is_ink = |right: f32, down: f32| {
        let (column, line) = (right / dot + wide / 2.0, down / dot + 2.5);
        if column < 0.0 || line < 0.0 {
            return false;
        }
        let (glyph, line) = (glyphs.get(column as usize / 4), line as usize);
        let bit = 2_u32.checked_sub(column as u32 % 4);
        let (Some(glyph), Some(bit)) = (glyph, bit) else {
            return false;
        };
        GLYPHS[*glyph]
            .get(line)
            .is_some_and(|dots| dots >> bit & 1 == 1)
    };
    for (at, pixel) in pixels.make_mut_slice().iter_mut().enumerate() {
        let at = at as u32;
        let (right, down) = ((at % width) as f32 + 0.5 - x, (at / width) as f32 + 0.5 - y);
        if unread > 0 && right.hypot(down) <= radius {
            *pixel = if is_ink(right, down) { INK } else { SPOT };
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

    /// The pixels of the spot as text: a line for each line, `#` for ink.
    fn spot(icon: &ksni::Icon) -> String {
        let pixel = |x: i32, y: i32| &icon.data[4 * (icon.width * y + x) as usize..][..4];
        let lines = (24..64).step_by(4).map(|y| {
            (24..64)
                .step_by(4)
                .map(|x| match pixel(x, y) {
                    [255, 240, 130, 30] => '.',
                    [255, 0, 0, 0] => '#',
                    _ => ' ',
                })
                .collect::<String>()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_picture_tells_how_many_messages_are_unread() {
        let pictures = [0, 1, 9, 10, 4_000].map(|unread| picture(unread).unwrap());
        assert!(
            pictures
                .iter()
                .all(|one| (one.width, one.height) == (64, 64))
        );
        let [none, one, nine, ten, many] = &pictures;
        assert!(!spot(none).contains('.'));
        assert!(spot(one).contains('.') && spot(one).contains('#'));
        assert_ne!(spot(one), spot(nine));
        assert_ne!(spot(nine), spot(ten));
        assert_eq!(spot(ten), spot(many), "more than nine is more");
        // The picture above the spot is unchanged.
        assert_eq!(none.data[..4 * 64 * 20], many.data[..4 * 64 * 20]);
    }
}
