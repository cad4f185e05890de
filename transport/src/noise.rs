//! `snow` on our own primitives: the caller's randomness, X25519 that refuses an all-zero result and
//! erases its keys, the fast ChaCha20-Poly1305 (`docs/PROTOCOL.md` section 7).
//!
//! Limits of `snow` 0.10, stated in the threat model: it keeps copies of the psk and of the chaining
//! key that it does not erase.

use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, Rng, SeedableRng};
use snow::params::{CipherChoice, DHChoice, HashChoice, NoiseParams};
use snow::resolvers::{CryptoResolver, DefaultResolver, RingResolver};
use snow::types::{Cipher, Dh, Hash, Random};
use snow::{Builder, Error};
use zeroize::Zeroizing;

use crate::cryptography::Cryptography;
use crate::keys::{PublicKey, StaticKey, random_32};
#[cfg(feature = "sized")]
use crate::sized;

/// Bytes that sealing adds to a plaintext.
pub(crate) const TAG_LEN: usize = 16;

/// The handshakes in use.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pattern {
    /// Sessions between devices that know each other (section 7).
    Session,
    /// Meetings (section 10).
    Meeting,
    /// Bundles (section 12).
    Bundle,
}

impl Pattern {
    fn params(self) -> NoiseParams {
        let name = match self {
            Pattern::Session => "Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s",
            Pattern::Meeting => "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s",
            Pattern::Bundle => "Noise_Kpsk0_25519_ChaChaPoly_BLAKE2s",
        };
        name.parse().expect("the names above are well-formed")
    }
}

/// Begins a handshake of whoever has `key`, with randomness from `rng`.
pub(crate) fn builder<'a>(
    pattern: Pattern,
    key: &'a StaticKey,
    rng: &mut impl CryptoRng,
) -> Builder<'a> {
    begin(pattern, key, Some(random_32(rng)))
}

/// Begins a handshake that only reads: asking it for randomness is an error.
pub(crate) fn reader<'a>(pattern: Pattern, key: &'a StaticKey) -> Builder<'a> {
    begin(pattern, key, None)
}

fn begin<'a>(
    pattern: Pattern,
    key: &'a StaticKey,
    seed: Option<Zeroizing<[u8; 32]>>,
) -> Builder<'a> {
    let (resolver, private): (Box<dyn CryptoResolver + Send>, _) = match key.cryptography() {
        Cryptography::Real => (Box::new(Resolver { seed }), key.as_bytes()),
        // There a key's public half is all of it.
        #[cfg(feature = "sized")]
        Cryptography::Sized => (
            Box::new(sized::Resolver(seeded(seed.as_ref()))),
            key.public_bytes(),
        ),
    };
    Builder::with_resolver(pattern.params(), resolver)
        .local_private_key(private)
        .expect("a fresh builder has none")
}

/// ChaCha20-Poly1305 as sessions use it, for its known answers.
#[cfg(test)]
pub(crate) fn cipher() -> Box<dyn Cipher> {
    Resolver { seed: None }
        .resolve_cipher(&CipherChoice::ChaChaPoly)
        .expect("the resolver has it")
}

struct Resolver {
    seed: Option<Zeroizing<[u8; 32]>>,
}

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(seeded(self.seed.as_ref())))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        match choice {
            DHChoice::Curve25519 => Some(Box::new(X25519(None))),
            _ => None,
        }
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        RingResolver.resolve_cipher(choice)
    }
}

#[derive(Clone)]
pub(crate) struct Seeded(Option<ChaCha20Rng>);

fn seeded(seed: Option<&Zeroizing<[u8; 32]>>) -> Seeded {
    Seeded(seed.map(|seed| ChaCha20Rng::from_seed(**seed)))
}

impl Random for Seeded {
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.0.as_mut().ok_or(Error::Rng)?.fill_bytes(dest);
        Ok(())
    }
}

struct X25519(Option<StaticKey>);

impl Dh for X25519 {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        32
    }

    fn priv_len(&self) -> usize {
        32
    }

    fn set(&mut self, privkey: &[u8]) {
        let secret = privkey
            .try_into()
            .expect("snow sets keys of priv_len bytes");
        self.0 = Some(StaticKey::from_bytes(secret));
    }

    fn generate(&mut self, rng: &mut dyn Random) -> Result<(), Error> {
        let mut secret = Zeroizing::new([0; 32]);
        rng.try_fill_bytes(secret.as_mut())?;
        self.0 = Some(StaticKey::from_bytes(*secret));
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |key| key.public_bytes())
    }

    fn privkey(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |key| key.as_bytes())
    }

    fn dh(&self, pubkey: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let (peer, out) = pubkey
            .first_chunk()
            .zip(out.first_chunk_mut::<32>())
            .ok_or(Error::Dh)?;
        let key = self.0.as_ref().ok_or(Error::Dh)?;
        let shared = key.agree(&PublicKey(*peer)).ok_or(Error::Dh)?;
        out.copy_from_slice(shared.as_ref());
        Ok(())
    }
}
