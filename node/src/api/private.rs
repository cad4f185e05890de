//! Text that never gets into a log, and passphrases.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

/// Prints the name of a type and nothing of its value.
macro_rules! redacted {
    ($type:ident) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(..)"))
            }
        }
    };
}

/// Text that a person wrote, or a secret link: shown on screens, never in logs.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(transparent)]
pub struct Private(pub String);
redacted!(Private);

impl Private {
    /// Nothing was written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A passphrase: zeroized when dropped, printed nowhere, compared with nothing.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[cfg_attr(feature = "runtime", schema(value_type = String))]
#[serde(transparent)]
pub struct Passphrase(zeroize::Zeroizing<String>);
redacted!(Passphrase);

impl Passphrase {
    /// Wraps what a person typed.
    pub fn new(text: String) -> Self {
        Self(zeroize::Zeroizing::new(text))
    }

    /// Its bytes, for the key derivation alone.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
