//! What programs say to the local API, as JSON and as ids in its texts.

use crate::split_choice;
use hedgerow_node::api::{Call, Event, MessageId, NewInvitation, Page, PageFrom};
use hedgerow_node::engine::conversation::{message_id, parse_message_id};

/// One input.
pub fn run(input: &[u8]) {
    let Some((how, input)) = split_choice(input, 2) else {
        return;
    };
    if how == 0 {
        let id = MessageId(String::from_utf8_lossy(input).into_owned());
        if let Some(entry) = parse_message_id(&id) {
            assert_eq!(parse_message_id(&message_id(entry)), Some(entry));
        }
        return;
    }
    if let Ok(call) = serde_json::from_slice::<Call>(input) {
        let text = serde_json::to_vec(&call).unwrap();
        assert_eq!(serde_json::from_slice::<Call>(&text).unwrap(), call);
    }
    let _ = serde_json::from_slice::<NewInvitation>(input);
    let _ = serde_json::from_slice::<PageFrom>(input);
    let _ = serde_json::from_slice::<Page>(input);
    let _ = serde_json::from_slice::<Event>(input);
}
