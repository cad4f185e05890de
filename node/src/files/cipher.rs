//! How the chunks of a file are sealed (`docs/PROTOCOL.md` section 16).

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

use super::work::FileKey;

/// Seals and opens the chunks of one file.
pub struct Cipher(LessSafeKey);

impl Cipher {
    /// That of a file.
    #[must_use]
    pub fn new(key: &FileKey) -> Cipher {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key.0);
        Cipher(LessSafeKey::new(key.expect("a key has 32 bytes")))
    }

    /// Seals a chunk, and appends the tag.
    pub fn seal(&self, index: u32, is_last: bool, chunk: &mut Vec<u8>) {
        self.0
            .seal_in_place_append_tag(nonce(index, is_last), Aad::empty(), chunk)
            .expect("a chunk is far shorter than a message may be");
    }

    /// Opens a chunk in its place; `None` if it is not the chunk that was sealed there.
    pub fn open<'a>(&self, index: u32, is_last: bool, chunk: &'a mut [u8]) -> Option<&'a mut [u8]> {
        let nonce = nonce(index, is_last);
        self.0.open_in_place(nonce, Aad::empty(), chunk).ok()
    }
}

/// A key seals one file, so the place of a chunk is a nonce that never comes again. The last chunk says that it is.
fn nonce(index: u32, is_last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[7] = u8::from(is_last);
    nonce[8..].copy_from_slice(&index.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}
