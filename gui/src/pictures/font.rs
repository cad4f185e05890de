//! The colour font: pictures and nothing else, in the order of the gaps that our letters have for them.

use std::sync::LazyLock;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

/// How many pictures there are: the first glyphs after the one for what is missing. In the fonts of letters as many gaps
/// are the last glyphs.
pub const PICTURES: u16 = 3_460;

/// As the build has packed it.
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/Twemoji.ttf"));

/// What it is unpacked to at most, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// It is unpacked when the first emoji is drawn.
static FONT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    decompress_to_vec_zlib_with_limit(PACKED, MAX_BYTES).expect("the build has packed it")
});

/// The whole font.
pub fn font() -> &'static [u8] {
    &FONT
}
