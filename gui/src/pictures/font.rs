//! The emoji font.

use std::sync::{Arc, LazyLock};

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use slint::fontique_010::fontique::Blob;

/// As the build has packed it.
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/Twemoji.ttf"));

/// What it is unpacked to at most, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;

static FONT: LazyLock<Blob<u8>> = LazyLock::new(|| {
    let whole = decompress_to_vec_zlib_with_limit(PACKED, MAX_BYTES);
    Blob::new(Arc::new(whole.expect("the build has packed it")))
});

/// The same each time, so that what was set with it can be told from what was not.
pub fn font() -> Blob<u8> {
    FONT.clone()
}
