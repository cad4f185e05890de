//! ML-KEM-768, which keeps a root and a psk secret even from who records today and has a quantum
//! computer later (`docs/PROTOCOL.md` sections 9 and 10).

use ml_kem::kem::{Decapsulate, Encapsulate, Kem, KeyExport};
use ml_kem::{DecapsulationKey768, EncapsulationKey768, MlKem768};
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

/// What two sides agree on.
pub(crate) type Shared = Zeroizing<[u8; 32]>;

/// A key pair for one agreement; erased when dropped.
pub(crate) struct KemSecret(DecapsulationKey768);

impl KemSecret {
    /// A fresh one, and its encapsulation key: 1,184 bytes.
    pub(crate) fn generate(rng: &mut impl CryptoRng) -> (Self, Vec<u8>) {
        let (secret, public) = MlKem768::generate_keypair_from_rng(rng);
        (Self(secret), public.to_bytes().to_vec())
    }

    /// The one that a seed of 64 bytes gives, for known answers.
    #[cfg(test)]
    pub(crate) fn from_seed(seed: &[u8]) -> (Self, Vec<u8>) {
        let secret = DecapsulationKey768::from_seed(seed.try_into().expect("a seed has 64 bytes"));
        let public = secret.encapsulation_key().to_bytes().to_vec();
        (Self(secret), public)
    }

    /// What the other side encapsulated; nothing if that is no ciphertext. An altered one gives an
    /// unrelated secret.
    pub(crate) fn open(&self, ciphertext: &[u8]) -> Option<Shared> {
        self.0.decapsulate_slice(ciphertext).ok().map(erasing)
    }
}

/// Agrees with whoever has the secret of this encapsulation key: the ciphertext of 1,088 bytes and the
/// shared secret; nothing if that is no valid key.
pub(crate) fn encapsulate(
    encapsulation_key: &[u8],
    rng: &mut impl CryptoRng,
) -> Option<(Vec<u8>, Shared)> {
    let key = encapsulation_key.try_into().ok()?;
    let (ciphertext, shared) = EncapsulationKey768::new(&key)
        .ok()?
        .encapsulate_with_rng(rng);
    Some((ciphertext.to_vec(), erasing(shared)))
}

fn erasing(mut shared: ml_kem::SharedKey) -> Shared {
    let copy = Zeroizing::new(shared.0);
    shared.zeroize();
    copy
}
