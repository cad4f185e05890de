//! The psk move: one exchange inside a session, after which the old psk opens nothing new (`docs/PROTOCOL.md`
//! section 9).
//!
//! ```text
//! proposer  Proposal::new ──propose──>                                 holder of the same psk
//!                           <──answer── answer  (commits the pending psk first)
//!           Proposal::finish ──moved──>         (commits first)
//! ```

use std::fmt;

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::cryptography::Cryptography;
use crate::kem::{KemSecret, encapsulate};
use crate::keys::{Psk, kdf, random_32};

/// The kind of the item that proposes.
pub const PROPOSE: u64 = 8;
/// The kind of the item that answers a proposal.
pub const ANSWER: u64 = 9;
/// The kind of the item that says that the new psk is in use.
pub const MOVED: u64 = 10;

/// An item of the psk move is malformed, or not for the psk in use: the other side's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a step of the psk move that is expected")]
pub struct PskMoveFault;

#[derive(Encode, Decode)]
#[cbor(array)]
struct Propose {
    #[n(0)]
    number: u32,
    #[cbor(n(1), with = "minicbor::bytes")]
    encapsulation_key: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    random: [u8; 32],
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Answer {
    #[n(0)]
    number: u32,
    #[cbor(n(1), with = "minicbor::bytes")]
    ciphertext: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    random: [u8; 32],
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Moved {
    #[n(0)]
    number: u32,
}

/// A proposal that waits for its answer; in memory only, since an unanswered one is replaced by a fresh one.
pub struct Proposal {
    psk: Psk,
    number: u32,
    kem: KemSecret,
    random: Zeroizing<[u8; 32]>,
}

impl Proposal {
    /// Proposes psk `number` as the successor of `psk`: returns the state and the content of [`PROPOSE`].
    pub fn new(
        psk: &Psk,
        number: u32,
        cryptography: Cryptography,
        rng: &mut impl CryptoRng,
    ) -> (Self, Vec<u8>) {
        let (kem, encapsulation_key) = KemSecret::generate(cryptography, rng);
        let random = random_32(rng);
        let content = encoded(&Propose {
            number,
            encapsulation_key,
            random: *random,
        });
        (
            Self {
                psk: psk.clone(),
                number,
                kem,
                random,
            },
            content,
        )
    }

    /// The proposed number.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Takes the content of [`ANSWER`] and returns the new psk. The caller commits it, then sends [`moved`].
    ///
    /// # Errors
    /// The answer is malformed or answers another proposal.
    pub fn finish(self, answer: &[u8]) -> Result<Psk, PskMoveFault> {
        let answer: Answer = minicbor::decode(answer).map_err(|_| PskMoveFault)?;
        if answer.number != self.number {
            return Err(PskMoveFault);
        }
        let shared = self.kem.open(&answer.ciphertext).ok_or(PskMoveFault)?;
        Ok(next(
            &self.psk,
            &shared,
            &self.random,
            &answer.random,
            self.number,
        ))
    }
}

impl fmt::Debug for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proposal(..)")
    }
}

/// The number in the content of [`PROPOSE`], so that the caller can check that it follows the present one.
///
/// # Errors
/// The content is malformed.
pub fn proposed_number(propose: &[u8]) -> Result<u32, PskMoveFault> {
    minicbor::decode(propose)
        .map(|propose: Propose| propose.number)
        .map_err(|_| PskMoveFault)
}

/// Answers a proposal of psk `number` after `psk`. Returns the pending psk, which the caller commits before it sends
/// the second value, the content of [`ANSWER`].
///
/// # Errors
/// The proposal is malformed or for another number.
pub fn answer(
    psk: &Psk,
    number: u32,
    propose: &[u8],
    cryptography: Cryptography,
    rng: &mut impl CryptoRng,
) -> Result<(Psk, Vec<u8>), PskMoveFault> {
    let propose: Propose = minicbor::decode(propose).map_err(|_| PskMoveFault)?;
    if propose.number != number {
        return Err(PskMoveFault);
    }
    let (ciphertext, shared) =
        encapsulate(&propose.encapsulation_key, cryptography, rng).ok_or(PskMoveFault)?;
    let random = random_32(rng);
    let pending = next(psk, &shared, &propose.random, &random, number);
    Ok((
        pending,
        encoded(&Answer {
            number,
            ciphertext,
            random: *random,
        }),
    ))
}

/// The content of [`MOVED`].
#[must_use]
pub fn moved(number: u32) -> Vec<u8> {
    encoded(&Moved { number })
}

/// The number in the content of [`MOVED`].
///
/// # Errors
/// The content is malformed.
pub fn moved_number(moved: &[u8]) -> Result<u32, PskMoveFault> {
    minicbor::decode(moved)
        .map(|moved: Moved| moved.number)
        .map_err(|_| PskMoveFault)
}

fn next(
    psk: &Psk,
    shared: &[u8; 32],
    proposer: &[u8; 32],
    answerer: &[u8; 32],
    number: u32,
) -> Psk {
    let input: [&[u8]; 5] = [
        psk.as_bytes(),
        shared,
        proposer,
        answerer,
        &number.to_be_bytes(),
    ];
    Psk::from_bytes(*kdf("hedgerow 1 psk move", &input))
}

fn encoded(value: &impl Encode<()>) -> Vec<u8> {
    minicbor::to_vec(value).expect("encoding into memory does not fail")
}
