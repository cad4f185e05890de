//! What the application uses of every machine: its clocks, places for the preferences and for files, and a way to its one window
//! from other threads.

mod clocks;
mod downloads;
mod preferences;

use std::cell::OnceCell;
use std::rc::Rc;

pub use clocks::Clocks;
pub use downloads::downloads;
pub use preferences::PreferencesFile;

use crate::bind::Window;

thread_local! {
    /// The one window of this process. Other threads reach it through the event loop.
    static WINDOW: OnceCell<Rc<Window>> = const { OnceCell::new() };
}

/// Makes this the window of this process.
pub(crate) fn reach(window: &Rc<Window>) {
    WINDOW.with(|one| one.set(window.clone()).ok());
}

/// Lays out what has changed in the window of this process. To be called in its thread.
pub(crate) fn catch_up() {
    WINDOW.with(|window| {
        if let Some(window) = window.get() {
            window.catch_up();
        }
    });
}

/// Calls `act` with the window of this process, in the window's thread.
pub fn in_window(act: impl FnOnce(&Rc<Window>) + Send + 'static) {
    // Without an event loop there is no window any more.
    let _ = slint::invoke_from_event_loop(move || {
        WINDOW.with(|window| {
            if let Some(window) = window.get() {
                act(window);
                window.catch_up();
            }
        });
    });
}
