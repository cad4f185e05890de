//! A conversation as plain text, in lines as `hedgerow read` shows them: `>` before one's own messages, `<` before
//! theirs, where no name and no text can stand.

use super::Sheet;
use super::folder::Places;
use crate::api::{Message, visible};

/// What the further lines of a text begin with.
const INDENT: &str = "    ";

/// What stands before the messages.
pub(super) fn beginning(sheet: &Sheet) -> String {
    format!("{}\n{}\n\n", sheet.title(), sheet.warning())
}

/// A line for each message, or several.
pub(super) fn messages(sheet: &Sheet, messages: &[Message], places: Option<&Places>) -> String {
    let written = messages.iter().map(|one| message(sheet, one, places));
    written.collect()
}

fn message(sheet: &Sheet, message: &Message, places: Option<&Places>) -> String {
    let way = if message.is_mine() { '>' } else { '<' };
    let (time, who) = (sheet.time(message.time_ms), sheet.author(message));
    let state = sheet.state(message);
    let state = state.map_or_else(String::new, |state| format!(" ({state})"));
    let text = message.text.as_ref().map(|text| visible::text(&text.0));
    let place = places.and_then(|places| places.of(message));
    let place = place.map_or_else(String::new, |place| format!("→ {} ", place.display()));
    let file = sheet.file(message, places);
    let file = file.map_or_else(String::new, |file| format!("📎 {file} {place}"));
    let text = (file + &text.unwrap_or_default())
        .trim_end()
        .replace('\n', &format!("\n{INDENT}"));
    let quote = sheet.quote(message);
    let quote = quote.map_or_else(String::new, |quote| format!("{INDENT}↳ {quote}\n"));
    let mut lines = format!("{quote}{time} {way} {who}{state}: {text}\n");
    let beneath = sheet.beneath(message);
    if !beneath.is_empty() {
        lines.push_str(&format!("{INDENT}^ {}\n", beneath.join(", ")));
    }
    lines
}
