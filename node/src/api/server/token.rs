//! The secret that proves a client may read the owner's files.

use data_encoding::HEXLOWER;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A bearer token: 32 random bytes in hex, drawn at each start and kept in the file `token` of the
/// data directory, which only its owner can read.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// Makes one of random bytes.
    pub fn new(random: &[u8; 32]) -> Self {
        Self(Zeroizing::new(HEXLOWER.encode(random)))
    }

    /// Takes one that was read from the token file.
    pub fn from_file(text: &str) -> Self {
        Self(Zeroizing::new(text.trim().to_owned()))
    }

    /// The text that goes into the token file and the `Authorization` header, nowhere else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether `given` is this token; takes the same time wherever they differ.
    pub(super) fn matches(&self, given: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(given).into()
    }

    /// Whether `text` contains this token.
    pub(super) fn is_in(&self, text: &str) -> bool {
        text.as_bytes()
            .windows(self.0.len().max(1))
            .any(|window| self.matches(window))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}
