//! What decoding one picture may cost.

use std::time::Duration;

use crate::files::extent::MAX_VOICE_MS;

/// Bounds of one order. A picture that needs more is refused, or its process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the source.
    pub source_bytes: u64,
    /// Pixels of the picture.
    pub pixels: u64,
    /// How long a sound plays, in whole milliseconds.
    pub sound: Duration,
    /// Bytes of memory that decoding takes, beside those of the program itself.
    pub memory_bytes: u64,
    /// Bytes of what comes back: a new file, or pixels to show.
    pub answer_bytes: u64,
    /// Time until the process is killed, in whole milliseconds.
    pub time: Duration,
}

impl Limits {
    /// For a picture that somebody sends or opens.
    pub const PICTURE: Self = Self {
        source_bytes: 64 << 20,
        pixels: 64 << 20,
        sound: Duration::ZERO,
        memory_bytes: 768 << 20,
        answer_bytes: 64 << 20,
        time: Duration::from_secs(20),
    };

    /// For a preview that came with a message. It is small, and its author is not trusted with more.
    pub const PREVIEW: Self = Self {
        source_bytes: super::MAX_PREVIEW as u64,
        pixels: 1 << 20,
        sound: Duration::ZERO,
        memory_bytes: 64 << 20,
        answer_bytes: 4 << 20,
        time: Duration::from_secs(5),
    };

    /// For a voice note that somebody sends or plays.
    pub const VOICE: Self = Self {
        source_bytes: 16 << 20,
        pixels: 0,
        sound: Duration::from_millis(MAX_VOICE_MS as u64),
        memory_bytes: 256 << 20,
        answer_bytes: 48 << 20,
        time: Duration::from_secs(30),
    };
}
