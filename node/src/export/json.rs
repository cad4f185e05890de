//! A conversation in JSON: one object with `conversation` and `messages`, as the API shows them, and `exported_ms`.
//! Where files are saved beside it, each message with a file has `saved_as`: its path from here, or null if it is not here.

use std::path::Path;

use serde::Serialize;

use super::Sheet;
use super::folder::Places;
use crate::api::Message;

/// What stands behind the messages.
pub(super) const END: &str = "\n]}\n";

/// What stands before the messages.
pub(super) fn beginning(sheet: &Sheet) -> String {
    let conversation = encoded(&sheet.conversation);
    let now_ms = sheet.now_ms();
    format!("{{\"exported_ms\":{now_ms},\"conversation\":{conversation},\"messages\":[")
}

/// An object for each message, one a line. `follows`: others stand before these.
pub(super) fn messages(messages: &[Message], places: Option<&Places>, follows: bool) -> String {
    let mut written = String::new();
    for (at, message) in messages.iter().enumerate() {
        written.push_str(if follows || at > 0 { ",\n" } else { "\n" });
        let places = places.filter(|_| message.file.is_some());
        written.push_str(&match places {
            Some(places) => encoded(&WithFile {
                message,
                saved_as: places.of(message),
            }),
            None => encoded(message),
        });
    }
    written
}

/// A message whose file is to be saved.
#[derive(Serialize)]
struct WithFile<'a> {
    #[serde(flatten)]
    message: &'a Message,
    saved_as: Option<&'a Path>,
}

fn encoded(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("the types of the API are JSON")
}
