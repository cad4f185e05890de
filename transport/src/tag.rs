//! Recognition tags: random to everybody except those who share the key, to whom they identify the sender
//! (`docs/PROTOCOL.md` sections 7 and 12).

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;

use crate::cryptography::Cryptography;
use crate::handshake::Direction;
#[cfg(feature = "sized")]
use crate::keys::{BundleTagKey, TagKey};
use crate::keys::{mac, truncated};

pub(crate) const NONCE_LEN: usize = 16;
const MAC_LEN: usize = 16;
/// Bytes of a tag.
pub(crate) const LEN: usize = NONCE_LEN + MAC_LEN;

/// The purpose of a tag: the first bytes under its MAC.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    FirstFlight,
    Bundle,
}

impl Use {
    fn label(self) -> &'static [u8] {
        match self {
            Use::FirstFlight => b"tag",
            Use::Bundle => b"bundle",
        }
    }
}

/// `nonce ‖ MAC(key, label ‖ nonce ‖ direction)[..16]`.
#[derive(Clone, Copy)]
pub(crate) struct Tag([u8; LEN]);

impl Tag {
    /// A fresh one.
    pub(crate) fn random(
        key: &[u8; 32],
        used: Use,
        direction: Direction,
        cryptography: Cryptography,
        rng: &mut impl CryptoRng,
    ) -> Self {
        let mut nonce = [0; NONCE_LEN];
        rng.fill_bytes(&mut nonce);
        let mut tag = Self([0; LEN]);
        tag.0[..NONCE_LEN].copy_from_slice(&nonce);
        let mac = match cryptography {
            Cryptography::Real => Self::mac(key, used, &nonce, direction),
            #[cfg(feature = "sized")]
            Cryptography::Sized => Self::sized_mac(key, used, &nonce, direction),
        };
        tag.0[NONCE_LEN..].copy_from_slice(&mac);
        tag
    }

    pub(crate) fn from_bytes(bytes: [u8; LEN]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; LEN] {
        &self.0
    }

    pub(crate) fn nonce(&self) -> [u8; NONCE_LEN] {
        truncated(&self.0)
    }

    /// The part of a sized tag that identifies its key.
    #[cfg(feature = "sized")]
    pub(crate) fn hint(&self) -> [u8; HINT_LEN] {
        *self.0[NONCE_LEN..].first_chunk().expect("a MAC is longer")
    }

    /// Whether it is a sized one, made with this key.
    #[cfg(feature = "sized")]
    pub(crate) fn is_sized_by(&self, key: &[u8; 32], used: Use, direction: Direction) -> bool {
        Self::sized_mac(key, used, &self.nonce(), direction) == self.0[NONCE_LEN..]
    }

    /// The hint of the key, then a part that depends on the nonce.
    #[cfg(feature = "sized")]
    fn sized_mac(
        key: &[u8; 32],
        used: Use,
        nonce: &[u8; NONCE_LEN],
        direction: Direction,
    ) -> [u8; MAC_LEN] {
        let hint = hint(key, used, direction);
        let mut mac = [0; MAC_LEN];
        mac[..HINT_LEN].copy_from_slice(&hint);
        mac[HINT_LEN..].copy_from_slice(&crate::sized::hash(nonce, u64::from_be_bytes(hint)));
        mac
    }

    /// Whether it was made with this key.
    pub(crate) fn is_by(&self, key: &[u8; 32], used: Use, direction: Direction) -> bool {
        Self::mac(key, used, &self.nonce(), direction)
            .ct_eq(&self.0[NONCE_LEN..])
            .into()
    }

    fn mac(
        key: &[u8; 32],
        used: Use,
        nonce: &[u8; NONCE_LEN],
        direction: Direction,
    ) -> [u8; MAC_LEN] {
        truncated(mac(key, &[used.label(), nonce, &[direction as u8]]).as_bytes())
    }
}

/// Bytes of a sized tag's MAC that identify its key.
#[cfg(feature = "sized")]
pub(crate) const HINT_LEN: usize = 8;

/// The start of the MAC of every sized tag of a key, so that one map lookup recognises them.
#[cfg(feature = "sized")]
pub(crate) fn hint(key: &[u8; 32], used: Use, direction: Direction) -> [u8; HINT_LEN] {
    crate::sized::hash(key, u64::from(used as u8) << 8 | u64::from(direction as u8))
}

#[cfg(feature = "sized")]
impl TagKey {
    /// Identifies this key in sized first flights of a direction.
    #[must_use]
    pub fn hint(&self, direction: Direction) -> [u8; HINT_LEN] {
        hint(self.as_bytes(), Use::FirstFlight, direction)
    }
}

#[cfg(feature = "sized")]
impl BundleTagKey {
    /// Identifies this key in sized bundles of a direction.
    #[must_use]
    pub fn hint(&self, direction: Direction) -> [u8; HINT_LEN] {
        hint(self.as_bytes(), Use::Bundle, direction)
    }
}
