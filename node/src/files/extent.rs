//! How long a file is (`docs/PROTOCOL.md` section 16).

use serde::{Deserialize, Serialize};

/// The most bytes of one file, in the clear.
pub const MAX_FILE: u64 = 2 << 30;

/// The most bytes of the small picture that goes with the message of a file.
pub const MAX_PREVIEW: usize = 8_192;

/// The longest voice note, in milliseconds: 15 minutes.
pub const MAX_VOICE_MS: u32 = 15 * 60 * 1_000;

/// Parts of a voice note whose loudness goes with its message, at most.
pub const BARS: usize = 64;

/// The bytes of a sealed chunk, except the last of a file, which may have fewer.
pub const CHUNK: usize = 262_144;

/// The bytes that sealing adds to a chunk.
pub const TAG: usize = 16;

/// The most bytes of the clear in one chunk.
pub const CLEAR_CHUNK: usize = CHUNK - TAG;

/// The length of a file of which we know how many bytes it has in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    clear: u64,
}

impl Extent {
    /// That of a file with this number of bytes; `None` if it is longer than [`MAX_FILE`].
    pub fn of(clear: u64) -> Option<Extent> {
        (clear <= MAX_FILE).then_some(Extent { clear })
    }

    /// Its bytes in the clear.
    pub fn clear(self) -> u64 {
        self.clear
    }

    /// The number of its chunks. An empty file has one.
    pub fn chunks(self) -> u32 {
        self.clear.div_ceil(CLEAR_CHUNK as u64).max(1) as u32
    }

    /// Its bytes when sealed.
    pub fn sealed(self) -> u64 {
        self.clear + u64::from(self.chunks()) * TAG as u64
    }

    /// The bytes of a sealed chunk; 0 if it has no such chunk.
    pub fn chunk(self, index: u32) -> usize {
        let start = u64::from(index) * CHUNK as u64;
        self.sealed().saturating_sub(start).min(CHUNK as u64) as usize
    }

    /// The bytes of its first chunks together, sealed.
    pub fn up_to(self, chunks: u32) -> u64 {
        (u64::from(chunks) * CHUNK as u64).min(self.sealed())
    }

    /// The bytes in the clear of its first chunks together.
    pub fn clear_up_to(self, chunks: u32) -> u64 {
        (u64::from(chunks) * CLEAR_CHUNK as u64).min(self.clear)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chunks_of_a_file_are_as_long_as_the_file() {
        let full = CLEAR_CHUNK as u64;
        for clear in [0, 1, full - 1, full, full + 1, 3 * full, MAX_FILE] {
            let extent = Extent::of(clear).expect("it is not too long");
            let chunks = (0..extent.chunks()).map(|index| extent.chunk(index) as u64);
            assert_eq!(chunks.sum::<u64>(), extent.sealed(), "{clear}");
            assert!(extent.chunk(extent.chunks() - 1) > TAG || clear == 0);
            assert_eq!(extent.chunk(extent.chunks()), 0);
        }
        assert_eq!(Extent::of(MAX_FILE + 1), None);
    }
}
