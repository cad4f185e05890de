//! What a row of the conversation says: a text, or a message with more than a text (`docs/PROTOCOL.md` section 4).

use bytes::Bytes;
use hedgerow_sync::entry::{Body, RowKind, What};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq};
use hedgerow_sync::page::Placed;
use minicbor::{Decode, Encode};

use super::conversation::MAX_TEXT;
use super::files::FilePart;
use crate::api::Private;
use crate::tables;

/// A row whose body is a [`Content`] in CBOR.
pub(super) const MESSAGE: RowKind = RowKind(2);

/// A text, and what belongs to it. A map, so that later versions add to it.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct Content {
    /// What it says; never empty in a message that this version shows, unless it has a file.
    #[n(0)]
    pub text: String,
    /// The row that it answers: of the same conversation, or it shows nothing.
    #[n(1)]
    pub reply_to: Option<Name>,
    /// After how many seconds it disappears.
    #[n(2)]
    pub timer_s: Option<u64>,
    /// A file that goes with it. The text may be empty then.
    #[n(3)]
    pub file: Option<FilePart>,
}

/// The name of an entry within its conversation.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Name {
    #[cbor(n(0), with = "crate::engine::codec::fixed")]
    device: DeviceId,
    #[n(1)]
    incarnation: u64,
    #[n(2)]
    seq: u64,
}

impl Content {
    /// A text and nothing else.
    pub fn text(text: &str) -> Content {
        Content {
            text: text.to_owned(),
            reply_to: None,
            timer_s: None,
            file: None,
        }
    }

    /// What a row says; `None` if its body has left, or this version cannot show it.
    pub fn of(row: &Placed) -> Option<Content> {
        let Body::Bytes(body) = &row.body else {
            return None;
        };
        Content::parse(row.what, body)
    }

    /// What a body of kind [`MESSAGE`] says.
    pub fn of_message(body: &[u8]) -> Option<Content> {
        Content::parse(What::Row(MESSAGE), body)
    }

    fn parse(what: What, body: &[u8]) -> Option<Content> {
        match what {
            What::TEXT => Some(Content::text(&text(body)?.0)),
            What::Row(MESSAGE) => {
                let content: Content = minicbor::decode(body).ok()?;
                let is_text = (1..=MAX_TEXT).contains(&content.text.len());
                let is_file = content.file.as_ref().map(FilePart::is_sound);
                let is_captioned = content.text.is_empty() || is_text;
                is_file
                    .map_or(is_text, |is_sound| is_sound && is_captioned)
                    .then_some(content)
            }
            _ => None,
        }
    }

    /// The row that says this: a plain text has no byte more than its letters.
    pub fn row(&self) -> (What, Body) {
        match self {
            Content {
                text,
                reply_to: None,
                timer_s: None,
                file: None,
            } => (What::TEXT, text_body(text)),
            _ => {
                let body = Bytes::from(tables::encoded(self));
                (What::Row(MESSAGE), Body::Bytes(body))
            }
        }
    }
}

/// The body of a text, or of an edit.
pub(super) fn text_body(text: &str) -> Body {
    Body::Bytes(Bytes::copy_from_slice(text.as_bytes()))
}

/// A text, and the name of a file behind it. What joins the words of names parts them here, byte for byte.
pub(crate) fn searched(text: &str, name: &str) -> String {
    format!("{text}\n{}", name.replace(['.', '_', '-'], " "))
}

/// The text that a body is, if it is one.
pub(crate) fn text(body: &[u8]) -> Option<Private> {
    let text = str::from_utf8(body).ok()?;
    (text.len() <= MAX_TEXT).then(|| Private(text.to_owned()))
}

impl From<EntryId> for Name {
    fn from(entry: EntryId) -> Name {
        Name {
            device: entry.log.device,
            incarnation: entry.log.incarnation.0,
            seq: entry.seq.0,
        }
    }
}

impl From<Name> for EntryId {
    fn from(name: Name) -> EntryId {
        let log = LogId {
            device: name.device,
            incarnation: Incarnation(name.incarnation),
        };
        EntryId {
            log,
            seq: Seq(name.seq),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Content {
        let log = LogId {
            device: DeviceId([7; 16]),
            incarnation: Incarnation(u64::MAX),
        };
        let target = EntryId { log, seq: Seq(300) };
        Content {
            reply_to: Some(target.into()),
            ..Content::text("at the fountain")
        }
    }

    #[test]
    fn a_plain_text_has_no_byte_more_than_its_letters() {
        let (what, body) = Content::text("hello").row();
        assert_eq!((what, body.length()), (What::TEXT, 5));
        let (what, body) = answer().row();
        assert_eq!(what, What::Row(MESSAGE));
        assert!(body.length() <= "at the fountain".len() + 40);
    }

    #[test]
    fn what_later_versions_add_to_a_message_is_skipped() {
        // {0: "hello", 900: [null, h'01'], 2: 60}
        let body = b"\xa3\x00\x65hello\x19\x03\x84\x82\xf6\x41\x01\x02\x18\x3c";
        let content = Content::parse(What::Row(MESSAGE), body).expect("a message");
        assert_eq!(
            (content.text.as_str(), content.timer_s),
            ("hello", Some(60))
        );
    }

    #[test]
    fn what_is_no_message_is_not_shown() {
        let (_, body) = answer().row();
        let Body::Bytes(body) = body else {
            panic!("a body");
        };
        for end in 0..body.len() {
            let cut = Content::parse(What::Row(MESSAGE), &body[..end]);
            assert!(cut.is_none(), "cut at {end}");
        }
        let deep = [&[0xa1, 0x18, 0x63][..], &[0x81; 60_000]].concat();
        let long = [
            0xa1, 0x00, 0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ];
        let empty = [0xa1, 0x00, 0x60];
        let (_, too_long) = Content {
            text: "x".repeat(MAX_TEXT + 1),
            ..answer()
        }
        .row();
        let Body::Bytes(too_long) = too_long else {
            panic!("a body");
        };
        for body in [&deep[..], &long, &empty, &too_long, b"hello", &[]] {
            assert!(Content::parse(What::Row(MESSAGE), body).is_none());
        }
    }
}
