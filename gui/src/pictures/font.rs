//! The colour font. It holds only pictures, in the order of the gaps that our fonts of letters have for them.

use std::sync::LazyLock;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

/// The number of pictures: the first glyphs after that for missing characters. In the fonts of letters the last glyphs
/// are as many gaps.
pub const PICTURES: u16 = 3_460;

/// The font as the build has compressed it.
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/Twemoji.ttf"));

/// The most bytes of the uncompressed font.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The uncompressed font, made when the first emoji is drawn.
static FONT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    decompress_to_vec_zlib_with_limit(PACKED, MAX_BYTES).expect("the build has packed it")
});

/// The whole font.
pub fn font() -> &'static [u8] {
    &FONT
}
