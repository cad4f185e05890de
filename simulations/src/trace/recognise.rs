//! Recognises the format of a trace by its content.

use super::{Format, one};

/// Lines to read: enough to tell a list of contacts from windows with further columns.
const LINES: usize = 100;

/// The format, if only one fits the content.
pub(super) fn format(bytes: &[u8]) -> Option<Format> {
    if bytes.starts_with(b"PAR1") {
        return Some(Format::Plan);
    }
    let rows: Vec<Vec<&str>> = bytes
        .split(|&byte| byte == b'\n')
        .filter_map(|line| std::str::from_utf8(line).ok())
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .take(LINES)
        .map(|line| match line.contains(',') {
            true => vec![line],
            false => line.split_whitespace().collect(),
        })
        .collect();
    let first = rows.first()?;
    if let [line] = first.as_slice() {
        return (line.split(',').count() == 4).then_some(Format::Proximity);
    }
    if first.get(1).is_some_and(|verb| one::is_verb(verb)) {
        return Some(Format::OneConnections);
    }
    let numbers: Vec<Vec<Option<f64>>> = rows
        .iter()
        .map(|row| row.iter().map(|field| field.parse().ok()).collect())
        .collect();
    let bounds = matches!(first.len(), 6 | 8) && numbers[0].iter().all(Option::is_some);
    if bounds && rows.get(1).is_some_and(|row| matches!(row.len(), 4 | 5)) {
        return Some(Format::OneMovement);
    }
    let start_before_end = |row: &Vec<Option<f64>>| match row.as_slice() {
        [_, _, Some(start), Some(end), ..] => start <= end,
        _ => false,
    };
    if numbers.iter().all(start_before_end) {
        return Some(Format::ContactList);
    }
    (first.len() >= 3 && numbers[0][0].is_some()).then_some(Format::SocioPatterns)
}
