//! Sessions between a joiner and an inviter with the same invitation: `XXpsk0`.

use bytes::Bytes;
use rand_core::CryptoRng;

use super::flight::{
    Expecting, MEETING_2_LEN, MEETING_3_LEN, MESSAGE_1_LEN, Mask, PAYLOAD_LEN, read, write,
};
use super::{Direction, Garbage, Progress, Tagged, VERSION, Whole};
use crate::keys::{Psk, StaticKey, TagKey};
use crate::noise::{Beginning, Handshake, Pattern};
use crate::session::{Role, Session};
use crate::tag::{self, NONCE_LEN, Tag, Use};

/// The prologue of a meeting.
pub(super) fn meeting_prologue(tag: &Tag, inviter_key_hash: &[u8; 16]) -> Vec<u8> {
    let mut prologue = vec![VERSION];
    prologue.extend_from_slice(tag.as_bytes());
    prologue.extend_from_slice(inviter_key_hash);
    prologue
}

/// A joiner that waits for flight 2.
pub struct Joining(Expecting<MEETING_2_LEN>);

impl Joining {
    /// Starts a meeting; `key` is this side's device key, the rest comes from the invitation. The second value is
    /// the first flight, which the caller sends at once.
    pub fn new(
        key: &StaticKey,
        inviter_key_hash: &[u8; 16],
        tag_key: &TagKey,
        psk: &Psk,
        rng: &mut impl CryptoRng,
    ) -> (Self, Vec<u8>) {
        let tag = Tag::random(
            tag_key.as_bytes(),
            Use::FirstFlight,
            Direction::Up,
            key.cryptography(),
            rng,
        );
        let mut mask = Mask::new(tag_key, &tag.nonce(), Direction::Up);
        let beginning = Beginning {
            pattern: Pattern::Meeting,
            prologue: &meeting_prologue(&tag, inviter_key_hash),
            psk: psk.as_bytes(),
            peer: None,
        };
        let mut noise = Handshake::initiator(&beginning, key, rng);
        let mut flight = tag.as_bytes().to_vec();
        write(&mut noise, &[0; PAYLOAD_LEN], MESSAGE_1_LEN, &mut flight)
            .expect("message 1 of a meeting agrees on nothing yet");
        mask.finish(&mut flight, tag::LEN, rng);
        let sent = flight.len();
        (
            Self(Expecting::new(noise, mask, psk.clone(), sent, 0)),
            flight,
        )
    }

    /// Takes flight 2 from what arrived; returns flight 3, which the caller sends at once, and the session.
    ///
    /// # Errors
    /// It is not the inviter's answer: the link must end.
    pub fn receive(
        self,
        input: &mut Bytes,
        rng: &mut impl CryptoRng,
    ) -> Result<Progress<Self, (Vec<u8>, Session)>, Garbage> {
        Ok(match self.0.receive(input)? {
            Progress::Waiting(expecting) => Progress::Waiting(Self(expecting)),
            Progress::Done(mut done) => {
                let flight = done.answer(MEETING_3_LEN, rng)?;
                Progress::Done((flight, done.session(Role::Dialler)?))
            }
        })
    }
}

impl Whole {
    /// Opens the flight of a joiner whose invitation has this psk. Does not answer yet.
    ///
    /// # Errors
    /// No joiner made this flight.
    pub fn open_invited(
        self,
        key: &StaticKey,
        inviter_key_hash: &[u8; 16],
        psk: &Psk,
        rng: &mut impl CryptoRng,
    ) -> Result<Invited, Garbage> {
        let Self(Tagged {
            tag,
            message,
            mask,
            received,
            ..
        }) = self;
        let beginning = Beginning {
            pattern: Pattern::Meeting,
            prologue: &meeting_prologue(&tag, inviter_key_hash),
            psk: psk.as_bytes(),
            peer: None,
        };
        let mut noise = Handshake::responder(&beginning, key, rng);
        if read(&mut noise, &message)? != [0; PAYLOAD_LEN] {
            return Err(Garbage);
        }
        Ok(Invited {
            noise,
            mask,
            psk: psk.clone(),
            nonce: tag.nonce(),
            received,
        })
    }
}

/// A joiner's first flight that opened. The caller checks and commits its nonce before it answers; it treats a
/// nonce seen before as [`Garbage`] too.
pub struct Invited {
    noise: Handshake,
    mask: Mask,
    psk: Psk,
    nonce: [u8; NONCE_LEN],
    received: usize,
}

impl Invited {
    /// The nonce, which the inviter answers once.
    #[must_use]
    pub fn nonce(&self) -> [u8; 16] {
        self.nonce
    }

    /// Answers, after the caller has committed the nonce: returns flight 2 and the state that waits for flight 3.
    ///
    /// # Errors
    /// The flight holds a public key that no handshake may use.
    pub fn answer(mut self, rng: &mut impl CryptoRng) -> Result<(Vec<u8>, Answered), Garbage> {
        let mut flight = Vec::new();
        write(&mut self.noise, &[], MEETING_2_LEN, &mut flight)?;
        self.mask.finish(&mut flight, 0, rng);
        let sent = flight.len();
        let Self {
            noise,
            mask,
            psk,
            received,
            ..
        } = self;
        Ok((
            flight,
            Answered(Expecting::new(noise, mask, psk, sent, received)),
        ))
    }
}

/// An inviter that has answered, waiting for flight 3.
pub struct Answered(Expecting<MEETING_3_LEN>);

impl Answered {
    /// Takes flight 3 from what arrived.
    ///
    /// # Errors
    /// It is not the joiner's.
    pub fn receive(self, input: &mut Bytes) -> Result<Progress<Self, Session>, Garbage> {
        Ok(match self.0.receive(input)? {
            Progress::Waiting(expecting) => Progress::Waiting(Self(expecting)),
            Progress::Done(done) => Progress::Done(done.session(Role::Answerer)?),
        })
    }
}
