//! What the plain-text formats share: lines, fields, times, and errors that name the line.

use super::{TraceError, TraceSettings};
use crate::plan::SECOND_US;

/// Times in a trace are below this many seconds (the year 2286); a larger one is in another unit.
pub(super) const MAX_TIME_S: f64 = 1e10;

/// Characters of a bad line that an error repeats.
const SHOWN: usize = 80;

/// A line that is neither empty nor a comment.
pub(super) struct Line<'a> {
    settings: &'a TraceSettings,
    /// Its number, from 1.
    number: u64,
    text: &'a str,
    /// Its fields, separated by spaces or tabs.
    pub(super) fields: Vec<&'a str>,
}

/// All lines that are neither empty nor comments.
pub(super) fn lines<'a>(
    settings: &'a TraceSettings,
    bytes: &'a [u8],
) -> impl Iterator<Item = Result<Line<'a>, TraceError>> {
    (1..)
        .zip(bytes.split(|&byte| byte == b'\n'))
        .filter_map(move |(number, line)| {
            let Ok(text) = std::str::from_utf8(line) else {
                let found = String::from_utf8_lossy(line);
                return Some(Err(line_error(settings, number, "text in UTF-8", &found)));
            };
            let text = text.trim();
            let says = !text.is_empty() && !text.starts_with('#');
            says.then(|| {
                Ok(Line {
                    settings,
                    number,
                    text,
                    fields: text.split_whitespace().collect(),
                })
            })
        })
}

impl Line<'_> {
    /// The error that the line does not hold what the format expects.
    pub(super) fn error(&self, expected: &str) -> TraceError {
        line_error(self.settings, self.number, expected, self.text)
    }

    /// A field that is a number.
    pub(super) fn number(&self, field: usize, expected: &str) -> Result<f64, TraceError> {
        self.fields
            .get(field)
            .and_then(|field| field.parse::<f64>().ok())
            .filter(|number| number.is_finite())
            .ok_or_else(|| self.error(expected))
    }

    /// A field that is a time in seconds, as microseconds.
    pub(super) fn time_us(&self, field: usize, expected: &str) -> Result<i64, TraceError> {
        time_us(self.number(field, expected)?)
            .ok_or_else(|| self.error(&format!("a time in seconds, below {MAX_TIME_S:e}")))
    }
}

/// An error about one line.
pub(super) fn line_error(
    settings: &TraceSettings,
    line: u64,
    expected: &str,
    found: &str,
) -> TraceError {
    TraceError::Line {
        path: settings.path.clone(),
        line,
        expected: expected.to_owned(),
        found: found.chars().take(SHOWN).collect(),
    }
}

/// Seconds as the nearest microsecond; `None` if they are too many to be seconds.
pub(super) fn time_us(seconds: f64) -> Option<i64> {
    (seconds.abs() < MAX_TIME_S).then(|| (seconds * SECOND_US as f64).round() as i64)
}

/// The order of devices: names that are numbers by value, then all others by name.
pub(super) type NameOrder = (bool, Option<u64>, String);

/// The place of a device with this name in the order.
pub(super) fn name_order(name: &str) -> NameOrder {
    let value = name.parse::<u64>().ok();
    (value.is_none(), value, name.to_owned())
}
