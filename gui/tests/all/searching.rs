//! The search, by keys.

use hedgerow_gui::model::*;
use i_slint_backend_testing::init_no_event_loop;
use slint::platform::Key;

use crate::screens::conversation;
use crate::stage::window::Window;

/// The words of each search that was asked for, and whether all conversations are looked in.
fn searched(window: &Window) -> Vec<(String, bool)> {
    window.asked(|request| match request {
        Request::Search { search, .. } => {
            Some((search.words.0.clone(), search.conversation.is_none()))
        }
        _ => None,
    })
}

#[test]
fn keys_open_the_search_and_what_is_typed_is_looked_for() {
    init_no_event_loop();
    for (held, key, everywhere) in [
        (&[Key::Control][..], 'f', false),
        (&[Key::Control, Key::Shift][..], 'F', true),
    ] {
        let mut window = Window::of(conversation(), 1_100.0, 760.0);
        window.presses(held, key);
        let label = match everywhere {
            true => "Search all conversations",
            false => "Search in this conversation",
        };
        assert!(!window.all(label).is_empty(), "{label}");
        window.types("cable");
        let asked = searched(&window);
        assert_eq!(asked.last(), Some(&("cable".to_owned(), everywhere)));
        window.presses(&[], Key::Escape);
        assert!(window.all("Found").is_empty());
    }
}
