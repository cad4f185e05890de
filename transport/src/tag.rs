//! Recognition tags: random to everyone but those who share a key, whom they tell who it is
//! (`docs/PROTOCOL.md` sections 7 and 12).

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;

use crate::handshake::Direction;
use crate::keys::{mac, truncated};

pub(crate) const NONCE_LEN: usize = 16;
const MAC_LEN: usize = 16;
/// Bytes of a tag.
pub(crate) const LEN: usize = NONCE_LEN + MAC_LEN;

/// What a tag is for: the first bytes under its MAC.
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
        rng: &mut impl CryptoRng,
    ) -> Self {
        let mut nonce = [0; NONCE_LEN];
        rng.fill_bytes(&mut nonce);
        let mut tag = Self([0; LEN]);
        tag.0[..NONCE_LEN].copy_from_slice(&nonce);
        tag.0[NONCE_LEN..].copy_from_slice(&Self::mac(key, used, &nonce, direction));
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
