//! Conversations, as pure functions over a snapshot of the store: no engine is needed to read.

use bytes::Bytes;
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq};

use crate::api::{MessageId, Refusal};

/// The longest text, in bytes.
pub const MAX_TEXT: usize = 65_536;

/// The kind of a body that is a text.
const TEXT: u8 = 1;

/// The id of an entry in the API: device, incarnation and sequence in hex, joined by `-`.
pub fn message_id(entry: EntryId) -> MessageId {
    let device = data_encoding::HEXLOWER.encode(&entry.log.device.0);
    MessageId(format!(
        "{device}-{:016x}-{:x}",
        entry.log.incarnation.0, entry.seq.0
    ))
}

/// The entry that an id of the API names.
pub fn parse_message_id(id: &MessageId) -> Option<EntryId> {
    let mut parts = id.0.split('-');
    let device = data_encoding::HEXLOWER
        .decode(parts.next()?.as_bytes())
        .ok()?;
    let incarnation = u64::from_str_radix(parts.next()?, 16).ok()?;
    let seq = u64::from_str_radix(parts.next()?, 16).ok()?;
    let log = LogId {
        device: DeviceId(device.try_into().ok()?),
        incarnation: Incarnation(incarnation),
    };
    parts
        .next()
        .is_none()
        .then_some(EntryId { log, seq: Seq(seq) })
}

/// Refuses a text that is too long.
pub(super) fn check_length(text: &str) -> Result<(), Refusal> {
    if text.len() > MAX_TEXT {
        return Err(Refusal::TooLong {
            limit_bytes: MAX_TEXT as u64,
            actual_bytes: text.len() as u64,
        });
    }
    Ok(())
}

/// The body of a text (`docs/PROTOCOL.md` section 4).
pub(super) fn text_body(text: &str) -> Bytes {
    Bytes::from(crate::tables::encoded(&(TEXT, text)))
}
