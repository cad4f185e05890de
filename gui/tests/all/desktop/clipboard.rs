//! Pictures on the clipboard of a real X server, put there by another client of it.

use hedgerow_gui::desktop::{Clip, look_at_clipboard};
use x11_clipboard::Clipboard;

use super::{passes, run_alone};
use crate::screen_reader::seat::{Server, is_there};

#[test]
fn a_picture_is_found_on_the_clipboard_and_a_text_goes_before_it() {
    let test = "desktop::clipboard::looks";
    if is_there() {
        let server = Server::start().expect("it starts");
        passes(run_alone(test, "DISPLAY", &server.display));
    } else {
        println!("skipped: there is no Xvfb here, which {test} needs");
    }
}

#[test]
#[ignore = "the test above runs it, with a display"]
fn looks() {
    // An X server begins anew when its last client goes, so this one comes first.
    let other = Clipboard::new().expect("there is a display");
    assert_eq!(look_at_clipboard(), Clip::Nothing);
    let atoms = &other.getter.atoms;
    let png = other.getter.get_atom("image/png").expect("a name");
    // So long that it comes in pieces.
    for bytes in [900, 3_000_000] {
        let picture: Vec<u8> = (0..bytes).map(|at: u32| (at % 251) as u8).collect();
        let stored = other.store(atoms.clipboard, png, picture.clone());
        stored.expect("it is stored");
        assert!(look_at_clipboard() == Clip::Picture(picture));
    }
    let stored = other.store(atoms.clipboard, atoms.utf8_string, "a text");
    stored.expect("it is stored");
    assert_eq!(look_at_clipboard(), Clip::Nothing);
}
