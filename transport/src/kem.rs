//! ML-KEM-768: keeps a root and a psk secret even from an attacker who records today and has a quantum computer
//! later (`docs/PROTOCOL.md` sections 9 and 10).

use ml_kem::kem::{Decapsulate, Encapsulate, Kem, KeyExport};
use ml_kem::{DecapsulationKey768, EncapsulationKey768, MlKem768};
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use crate::cryptography::Cryptography;
#[cfg(feature = "sized")]
use crate::sized;

/// A shared secret.
pub(crate) type Shared = Zeroizing<[u8; 32]>;

/// A key pair for one agreement; erased when dropped.
pub(crate) struct KemSecret(Secret);

enum Secret {
    Real(DecapsulationKey768),
    #[cfg(feature = "sized")]
    Sized(sized::KemSecret),
}

impl KemSecret {
    /// Generates a key pair; returns it with its encapsulation key of 1,184 bytes.
    pub(crate) fn generate(
        cryptography: Cryptography,
        rng: &mut impl CryptoRng,
    ) -> (Self, Vec<u8>) {
        match cryptography {
            Cryptography::Real => {
                let (secret, public) = MlKem768::generate_keypair_from_rng(rng);
                (Self(Secret::Real(secret)), public.to_bytes().to_vec())
            }
            #[cfg(feature = "sized")]
            Cryptography::Sized => {
                let (secret, public) = sized::KemSecret::generate(rng);
                (Self(Secret::Sized(secret)), public)
            }
        }
    }

    /// The key pair from a seed of 64 bytes, for known-answer tests.
    #[cfg(test)]
    pub(crate) fn from_seed(seed: &[u8]) -> (Self, Vec<u8>) {
        let secret = DecapsulationKey768::from_seed(seed.try_into().expect("a seed has 64 bytes"));
        let public = secret.encapsulation_key().to_bytes().to_vec();
        (Self(Secret::Real(secret)), public)
    }

    /// Decapsulates; `None` if this is no ciphertext. An altered ciphertext gives an unrelated secret.
    pub(crate) fn open(&self, ciphertext: &[u8]) -> Option<Shared> {
        match &self.0 {
            Secret::Real(secret) => secret.decapsulate_slice(ciphertext).ok().map(erasing),
            #[cfg(feature = "sized")]
            Secret::Sized(secret) => secret.open(ciphertext).map(Zeroizing::new),
        }
    }
}

/// Encapsulates to a key: returns the ciphertext of 1,088 bytes and the shared secret; `None` if the key is
/// invalid.
pub(crate) fn encapsulate(
    encapsulation_key: &[u8],
    cryptography: Cryptography,
    rng: &mut impl CryptoRng,
) -> Option<(Vec<u8>, Shared)> {
    match cryptography {
        Cryptography::Real => {}
        #[cfg(feature = "sized")]
        Cryptography::Sized => {
            let (ciphertext, shared) = sized::encapsulate(encapsulation_key, rng)?;
            return Some((ciphertext, Zeroizing::new(shared)));
        }
    }
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
