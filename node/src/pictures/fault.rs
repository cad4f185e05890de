//! Why there is no picture.

use std::io;

use thiserror::Error;

/// Why the decoder gave no picture. Only [`Source`](Self::Source) and [`Unavailable`](Self::Unavailable) are faults of
/// this machine; the others come from the picture, and another attempt ends the same way.
#[derive(Debug, Error)]
pub enum Fault {
    /// The file is no JPEG, PNG or WebP.
    #[error("not a picture that can be decoded")]
    NotAPicture,
    /// The picture moves. Encoded anew it would stand still, so the user decides whether to send it as it is.
    #[error("an animated picture")]
    Animated,
    /// The file is not one sound of Opus in a file of Ogg.
    #[error("not a voice note")]
    NotAVoiceNote,
    /// The picture is beyond a bound of its [`Limits`](super::Limits).
    #[error("the picture is too large")]
    TooLarge,
    /// The decoder understands the beginning and not the rest.
    #[error("the picture is damaged")]
    Damaged,
    /// The process ended without an answer, or answered what was not asked. A hostile picture may have done that.
    #[error("the picture crashed its decoder")]
    Crashed,
    /// The process was killed at its deadline.
    #[error("the picture takes too long to decode")]
    TooSlow,
    /// The source could not be read.
    #[error("the picture cannot be read")]
    Source(#[source] io::Error),
    /// The process could not be started.
    #[error("no process decodes pictures here")]
    Unavailable(#[source] io::Error),
}

/// What the child says of a picture that it does not decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Refusal {
    /// See [`Fault::NotAPicture`].
    NotAPicture = 1,
    /// See [`Fault::Animated`].
    Animated = 2,
    /// See [`Fault::TooLarge`].
    TooLarge = 3,
    /// See [`Fault::Damaged`].
    Damaged = 4,
    /// See [`Fault::NotAVoiceNote`].
    NotAVoiceNote = 5,
}

impl Refusal {
    pub(super) const ALL: [Self; 5] = [
        Self::NotAPicture,
        Self::Animated,
        Self::TooLarge,
        Self::Damaged,
        Self::NotAVoiceNote,
    ];
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotAPicture => Self::NotAPicture,
            Refusal::Animated => Self::Animated,
            Refusal::TooLarge => Self::TooLarge,
            Refusal::Damaged => Self::Damaged,
            Refusal::NotAVoiceNote => Self::NotAVoiceNote,
        }
    }
}
