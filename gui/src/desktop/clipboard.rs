//! Pictures on the clipboard of the desktop. Slint knows only the texts there.

use std::io::Read;
use std::sync::Mutex;
use std::time::Duration;

use hedgerow_node::pictures::Limits;
use wl_clipboard_rs::paste::{self, ClipboardType, MimeType, Seat};
use x11_clipboard::Clipboard;
use x11_clipboard::error::Error;

/// What a picture is called there: every program offers this type.
const PNG: &str = "image/png";

/// What a text is called there, with whatever follows.
const TEXTS: [&str; 4] = ["text/plain", "UTF8_STRING", "STRING", "TEXT"];

/// How long we wait on X11 for the program that has put something there.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks under way: one, however often somebody presses the keys.
static LOOKING: Mutex<()> = Mutex::new(());

/// What is on the clipboard.
#[derive(Debug, PartialEq, Eq)]
pub enum Clip {
    /// No picture, or a text beside it, which is pasted instead.
    Nothing,
    /// A picture, as PNG. It is not decoded here.
    Picture(Vec<u8>),
    /// A picture that is too long, or whose program does not hand it over.
    Unreadable,
}

/// Looks for a picture on the clipboard. Waits for the program that has put it there, so it belongs on a thread that may
/// wait.
pub fn look_at_clipboard() -> Clip {
    match LOOKING.try_lock() {
        Ok(_looking) => on_wayland().unwrap_or_else(on_x11),
        Err(_) => Clip::Nothing,
    }
}

/// `None` if there is no compositor that shows its clipboard to windows in the background: one for X11 windows may be there.
fn on_wayland() -> Option<Clip> {
    let (which, seat) = (ClipboardType::Regular, Seat::Unspecified);
    let offered = match paste::get_mime_types_ordered(which, seat) {
        Ok(offered) => offered,
        Err(paste::Error::ClipboardEmpty | paste::Error::NoMimeType) => return Some(Clip::Nothing),
        Err(_) => return None,
    };
    let is_text = |offer: &String| TEXTS.iter().any(|text| offer.starts_with(text));
    if offered.iter().any(is_text) || !offered.iter().any(|offer| offer == PNG) {
        return Some(Clip::Nothing);
    }
    let Ok((pipe, _)) = paste::get_contents(which, seat, MimeType::Specific(PNG)) else {
        return Some(Clip::Unreadable);
    };
    let mut picture = Vec::new();
    let read = pipe.take(most() + 1).read_to_end(&mut picture);
    Some(read.map_or(Clip::Unreadable, |_| bounded(picture)))
}

fn on_x11() -> Clip {
    let Ok(clipboard) = Clipboard::new() else {
        return Clip::Nothing;
    };
    let atoms = &clipboard.getter.atoms;
    let load = |target| clipboard.load(atoms.clipboard, target, atoms.property, PATIENCE);
    if load(atoms.utf8_string).is_ok_and(|text| !text.is_empty()) {
        return Clip::Nothing;
    }
    let picture = clipboard.getter.get_atom(PNG).and_then(load);
    match picture {
        Ok(picture) => bounded(picture),
        Err(Error::Timeout) => Clip::Unreadable,
        Err(_) => Clip::Nothing,
    }
}

/// The most bytes that a picture may have.
fn most() -> u64 {
    Limits::PICTURE.source_bytes
}

fn bounded(picture: Vec<u8>) -> Clip {
    match picture.len() as u64 {
        0 => Clip::Nothing,
        bytes if bytes > most() => Clip::Unreadable,
        _ => Clip::Picture(picture),
    }
}
