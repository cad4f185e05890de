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

#[test]
fn a_search_is_narrowed_by_keys() {
    init_no_event_loop();
    for width in [1_100.0, 360.0] {
        let mut window = Window::of(conversation(), width, 760.0);
        window.presses(&[Key::Control], 'f');
        window.types("cable");
        // From the words to the button beside them.
        window.presses(&[], Key::Tab);
        window.presses(&[], Key::Return);
        window.one("Narrow the search");
        window.presses(&[], Key::Tab);
        window.presses(&[], Key::Tab);
        window.presses(&[], Key::Return);
        let by = window.one("Written by");
        assert_eq!(by.accessible_description().as_deref(), Some("Anyone"));
        window.presses(&[], Key::Tab);
        window.presses(&[], Key::Tab);
        window.presses(&[], Key::Return);
        let mine = window.asked(|request| match request {
            Request::Search { search, .. } => Some(search.mine),
            _ => None,
        });
        assert_eq!(mine.last(), Some(&true));
        let by = window.one("Written by");
        assert_eq!(by.accessible_description().as_deref(), Some("You"));
        // Escape leads back to what is found, under what it is narrowed to.
        window.presses(&[], Key::Escape);
        assert!(window.all("Written by").is_empty());
        window.one("Search everything");
        window.presses(&[], Key::Escape);
        assert!(window.all("Found").is_empty());
    }
}
