//! Frames of a Bluetooth LE link (`docs/PROTOCOL.md` section 13b): one in each GATT value or L2CAP SDU.

use bytes::Bytes;

/// Length of the header of a data frame.
pub const HEADER_LEN: usize = 9;

/// The protocol version that a dialler opens a link with.
const VERSION: u8 = 1;

/// Drawn by the dialler for each link. Several centrals may share the characteristics of a GATT server, and each
/// receives the frames for all of them: the tag shows it which are its own.
pub type Tag = [u8; 4];

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The link that it belongs to.
    pub tag: Tag,
    /// Its content.
    pub word: Word,
}

/// Content of a frame. Numbers and limits are the lowest 16 bits of a counter that starts at 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// The dialler asks for a link with this tag.
    Open,
    /// The other side accepts it.
    Opened,
    /// Bytes.
    Data {
        /// Counts the data and end frames of a direction.
        number: u16,
        /// The first number that the sender of this frame does not accept yet.
        limit: u16,
        /// At least one.
        bytes: Bytes,
    },
    /// The sender sends no more bytes.
    End {
        /// As of data.
        number: u16,
        /// As of data.
        limit: u16,
    },
    /// Raises the limit without data.
    Credit {
        /// As of data.
        limit: u16,
    },
    /// The sender has bytes to send and asks for a new limit.
    Ask,
}

/// A frame that a correct sender never sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a malformed frame")]
pub struct Malformed;

impl Frame {
    /// Encodes the frame.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let bytes = match &self.word {
            Word::Data { bytes, .. } => bytes.len(),
            _ => 0,
        };
        let mut out = Vec::with_capacity(HEADER_LEN + bytes);
        out.push(self.word.kind());
        out.extend_from_slice(&self.tag);
        match &self.word {
            Word::Open => out.push(VERSION),
            Word::Opened | Word::Ask => {}
            Word::Data {
                number,
                limit,
                bytes,
            } => {
                out.extend_from_slice(&number.to_be_bytes());
                out.extend_from_slice(&limit.to_be_bytes());
                out.extend_from_slice(bytes);
            }
            Word::End { number, limit } => {
                out.extend_from_slice(&number.to_be_bytes());
                out.extend_from_slice(&limit.to_be_bytes());
            }
            Word::Credit { limit } => out.extend_from_slice(&limit.to_be_bytes()),
        }
        out.into()
    }

    /// Decodes a frame.
    ///
    /// # Errors
    /// These bytes are no frame of this version: the peer's fault, if the tag is that of its link.
    pub fn decode(bytes: &Bytes) -> Result<Self, Malformed> {
        let (head, rest) = bytes.split_first_chunk::<5>().ok_or(Malformed)?;
        let [kind, tag @ ..] = *head;
        let number = |at: usize| {
            let two: &[u8; 2] = rest.get(at..)?.first_chunk()?;
            Some(u16::from_be_bytes(*two))
        };
        let word = match (kind, rest.len()) {
            // Skips fields that a later version may append.
            (1, 1..) if rest[0] == VERSION => Some(Word::Open),
            (2, 0) => Some(Word::Opened),
            (3, 5..) => number(0).zip(number(2)).map(|(number, limit)| Word::Data {
                number,
                limit,
                bytes: bytes.slice(HEADER_LEN..),
            }),
            (4, 4) => number(0)
                .zip(number(2))
                .map(|(number, limit)| Word::End { number, limit }),
            (5, 2) => number(0).map(|limit| Word::Credit { limit }),
            (6, 0) => Some(Word::Ask),
            _ => None,
        };
        Ok(Self {
            tag,
            word: word.ok_or(Malformed)?,
        })
    }
}

impl Word {
    fn kind(&self) -> u8 {
        match self {
            Word::Open => 1,
            Word::Opened => 2,
            Word::Data { .. } => 3,
            Word::End { .. } => 4,
            Word::Credit { .. } => 5,
            Word::Ask => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Bytes {
        data_encoding::HEXLOWER
            .decode(text.as_bytes())
            .expect("hexadecimal digits")
            .into()
    }

    #[test]
    fn the_bytes_of_frames_are_those_of_the_document() {
        let tag = [0xde, 0xad, 0xbe, 0xef];
        let (number, limit) = (0x0102, 0x0142);
        let bytes = Bytes::from_static(b"hi");
        for (word, text) in [
            (Word::Open, "01deadbeef01"),
            (Word::Opened, "02deadbeef"),
            (
                Word::Data {
                    number,
                    limit,
                    bytes,
                },
                "03deadbeef010201426869",
            ),
            (Word::End { number, limit }, "04deadbeef01020142"),
            (Word::Credit { limit }, "05deadbeef0142"),
            (Word::Ask, "06deadbeef"),
        ] {
            let frame = Frame { tag, word };
            assert_eq!(frame.encode(), hex(text));
            assert_eq!(Frame::decode(&hex(text)), Ok(frame));
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for text in [
            "",
            "01deadbe",
            "00deadbeef",
            "07deadbeef",
            "01deadbeef",
            "01deadbeef02",
            "02deadbeef00",
            "03deadbeef01020142",
            "04deadbeef010201",
            "04deadbeef0102014200",
            "05deadbeef01",
            "06deadbeef00",
        ] {
            assert_eq!(Frame::decode(&hex(text)), Err(Malformed), "{text}");
        }
        let later = Frame::decode(&hex("01deadbeef01ffff")).expect("more than this version says");
        assert_eq!(later.word, Word::Open);
    }
}
