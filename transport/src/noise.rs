//! `snow` on our own primitives: the caller's randomness, an X25519 that refuses an all-zero result and erases its
//! keys, and a fast ChaCha20-Poly1305 (`docs/PROTOCOL.md` section 7). For sized cryptography, a stand-in without
//! `snow`.
//!
//! Limits of `snow` 0.10, named in the threat model: it keeps copies of the psk and of the chaining key that it
//! does not erase.

use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, Rng, SeedableRng};
use snow::params::{CipherChoice, DHChoice, HashChoice, NoiseParams};
use snow::resolvers::{CryptoResolver, DefaultResolver, RingResolver};
use snow::types::{Cipher, Dh, Hash, Random};
use snow::{Builder, Error, HandshakeState, TransportState};
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

/// What both sides know before a handshake, besides their own keys.
pub(crate) struct Beginning<'a> {
    pub pattern: Pattern,
    pub prologue: &'a [u8],
    pub psk: &'a [u8; 32],
    /// The other side's key; `None` in a meeting.
    pub peer: Option<&'a PublicKey>,
}

/// A handshake in progress.
pub(crate) enum Handshake {
    Real(Box<HandshakeState>),
    #[cfg(feature = "sized")]
    Sized(Box<sized::Handshake>),
}

/// The result of a handshake.
pub(crate) struct Finished {
    /// The handshake hash, unique to it.
    pub hash: [u8; 32],
    /// The other side's proven key.
    pub peer: PublicKey,
    pub noise: Transport,
}

/// Seals and opens the messages after a handshake, in order.
pub(crate) enum Transport {
    Real(TransportState),
    #[cfg(feature = "sized")]
    Sized(sized::Transport),
}

impl Handshake {
    /// The side that begins, with randomness from `rng`.
    pub fn initiator(
        beginning: &Beginning<'_>,
        key: &StaticKey,
        rng: &mut impl CryptoRng,
    ) -> Handshake {
        Handshake::new(beginning, key, true, Some(random_32(rng)))
    }

    /// The side that answers, with randomness from `rng`.
    pub fn responder(
        beginning: &Beginning<'_>,
        key: &StaticKey,
        rng: &mut impl CryptoRng,
    ) -> Handshake {
        Handshake::new(beginning, key, false, Some(random_32(rng)))
    }

    /// A side that only reads: asking it for randomness is an error.
    pub fn reader(beginning: &Beginning<'_>, key: &StaticKey) -> Handshake {
        Handshake::new(beginning, key, false, None)
    }

    fn new(
        beginning: &Beginning<'_>,
        key: &StaticKey,
        initiates: bool,
        seed: Option<Zeroizing<[u8; 32]>>,
    ) -> Handshake {
        match key.cryptography() {
            Cryptography::Real => {}
            #[cfg(feature = "sized")]
            Cryptography::Sized => {
                let handshake = sized::Handshake::new(beginning, &key.public(), initiates, seed);
                return Handshake::Sized(Box::new(handshake));
            }
        }
        let builder = builder(beginning.pattern, key, seed)
            .prologue(beginning.prologue)
            .and_then(|builder| builder.psk(0, beginning.psk));
        let builder = builder.and_then(|builder| match beginning.peer {
            Some(peer) => builder.remote_public_key(&peer.0),
            None => Ok(builder),
        });
        let state = builder.and_then(|builder| match initiates {
            true => builder.build_initiator(),
            false => builder.build_responder(),
        });
        let state = state.expect("each part is given once and has the right length");
        Handshake::Real(Box::new(state))
    }

    /// Writes the next message. If `out` is long enough, only a public key of low order makes this fail.
    pub fn write(&mut self, payload: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        match self {
            Handshake::Real(state) => state.write_message(payload, out),
            #[cfg(feature = "sized")]
            Handshake::Sized(state) => state.write(payload, out),
        }
    }

    /// Reads the next message. snow works in place if there is room for the tag too.
    pub fn read(&mut self, message: &[u8], payload: &mut [u8]) -> Result<usize, Error> {
        match self {
            Handshake::Real(state) => state.read_message(message, payload),
            #[cfg(feature = "sized")]
            Handshake::Sized(state) => state.read(message, payload),
        }
    }

    /// The result, if all messages have been written and read.
    pub fn finish(self) -> Option<Finished> {
        match self {
            Handshake::Real(state) => Some(Finished {
                hash: *state.get_handshake_hash().first_chunk()?,
                peer: PublicKey(*state.get_remote_static()?.first_chunk()?),
                noise: Transport::Real(state.into_transport_mode().ok()?),
            }),
            #[cfg(feature = "sized")]
            Handshake::Sized(state) => state.finish(),
        }
    }
}

impl Transport {
    /// Seals the next message.
    pub fn write(&mut self, text: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        match self {
            Transport::Real(state) => state.write_message(text, out),
            #[cfg(feature = "sized")]
            Transport::Sized(state) => state.write(text, out),
        }
    }

    /// Opens the next message. snow works in place if there is room for the tag too.
    pub fn read(&mut self, message: &[u8], text: &mut [u8]) -> Result<usize, Error> {
        match self {
            Transport::Real(state) => state.read_message(message, text),
            #[cfg(feature = "sized")]
            Transport::Sized(state) => state.read(message, text),
        }
    }

    /// Rekeys the outgoing direction.
    pub fn rekey_outgoing(&mut self) {
        match self {
            Transport::Real(state) => state.rekey_outgoing(),
            #[cfg(feature = "sized")]
            Transport::Sized(state) => state.rekey_outgoing(),
        }
    }

    /// Rekeys the incoming direction.
    pub fn rekey_incoming(&mut self) {
        match self {
            Transport::Real(state) => state.rekey_incoming(),
            #[cfg(feature = "sized")]
            Transport::Sized(state) => state.rekey_incoming(),
        }
    }

    /// Whether it encrypts.
    pub fn is_real(&self) -> bool {
        matches!(self, Transport::Real(_))
    }
}

/// A builder of `snow` with our primitives and this key.
pub(crate) fn builder(
    pattern: Pattern,
    key: &StaticKey,
    seed: Option<Zeroizing<[u8; 32]>>,
) -> Builder<'_> {
    Builder::with_resolver(pattern.params(), Box::new(Resolver { seed }))
        .local_private_key(key.as_bytes())
        .expect("a fresh builder has none")
}

/// The ChaCha20-Poly1305 of sessions, for known-answer tests.
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
        let seed = self.seed.as_ref();
        Some(Box::new(Seeded(
            seed.map(|seed| ChaCha20Rng::from_seed(**seed)),
        )))
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

struct Seeded(Option<ChaCha20Rng>);

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
