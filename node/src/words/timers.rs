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

/// A change of the timer of a group, by somebody of this name.
pub fn change(by: Option<String>, timer_s: u64) -> Phrase {
    match (by, timer_s) {
        (None, timer_s) => line(timer_s),
        (Some(by), 0) => tr!("{by} switched the timer off: messages stay.", by = by),
        (Some(by), timer_s) => tr!(
            "{by} set a timer: messages disappear after {span}.",
            by = by,
            span = span(timer_s)
        ),
    }
}

/// What else is to be known of timers in groups.
pub fn of_groups() -> Phrase {
    tr!("In a group, whoever is away for longer than this may never get what is written.")
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
