//! A conversation in JSON: one object with `conversation` and `messages`, as the API shows them, and `exported_ms`.

use super::Sheet;
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
pub(super) fn messages(messages: &[Message], follows: bool) -> String {
    let mut written = String::new();
    for (at, message) in messages.iter().enumerate() {
        written.push_str(if follows || at > 0 { ",\n" } else { "\n" });
        written.push_str(&encoded(message));
    }
    written
}

fn encoded(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("the types of the API are JSON")
}
