//! Words for the timers of conversations, which the command line and the window say alike.

use super::{Phrase, tr};

/// What a line says that sets the timer.
pub fn line(timer_s: u64) -> Phrase {
    match timer_s {
        0 => tr!("(timer off: messages stay)"),
        timer_s => tr!(
            "(timer: messages disappear after {span})",
            span = span(timer_s)
        ),
    }
}

/// A span of seconds as people type it, in the largest unit that fits.
pub fn span(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let mut units = units.iter();
    let unit = units.find(|(length, _)| seconds.is_multiple_of(*length));
    match unit {
        Some((length, name)) => format!("{}{name}", seconds / length),
        None => format!("{seconds}s"),
    }
}
