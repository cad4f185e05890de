//! Sessions between devices that know each other: `KKpsk0`.

use bytes::Bytes;
use rand_core::CryptoRng;

use super::flight::{Expecting, MESSAGE_1_LEN, Mask, PAYLOAD_LEN, SESSION_2_LEN, read, write};
use super::{Direction, Garbage, Party, Progress, Tagged, VERSION, Whole};
use crate::keys::{Psk, StaticKey, TagKey};
use crate::noise::{Beginning, Handshake, Pattern};
use crate::session::{Role, Session};
use crate::tag::{self, Tag, Use};

/// The number in a first flight, unique for a peer and a psk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The dialler's incarnation.
    pub incarnation: u64,
    /// The dialler's counter within it, from 1.
    pub counter: u64,
}

impl Counted {
    fn to_bytes(self) -> [u8; PAYLOAD_LEN] {
        let both = (u128::from(self.incarnation) << 64) | u128::from(self.counter);
        both.to_be_bytes()
    }

    fn from_bytes(bytes: [u8; PAYLOAD_LEN]) -> Self {
        let both = u128::from_be_bytes(bytes);
        Self {
            incarnation: (both >> 64) as u64,
            counter: both as u64,
        }
    }
}

/// The prologue of a session between devices that know each other.
pub(super) fn session_prologue(tag: &Tag, dialler: &Party, answerer: &Party) -> Vec<u8> {
    let mut prologue = vec![VERSION];
    prologue.extend_from_slice(tag.as_bytes());
    for party in [dialler, answerer] {
        prologue.extend_from_slice(&party.identity);
        prologue.extend_from_slice(&party.device);
    }
    prologue
}

/// The dialler of a known device; it waits for flight 2.
pub struct Dialling(Expecting<SESSION_2_LEN>);

impl Dialling {
    /// Starts a session from `me`, whose device key is `key`, to `peer`. The second value is the first flight, which
    /// the caller sends at once; the caller must never have used `counted` with this peer and psk.
    ///
    /// # Errors
    /// No handshake may use the peer's device key.
    pub fn new(
        key: &StaticKey,
        me: &Party,
        peer: &Party,
        tag_key: &TagKey,
        psk: &Psk,
        counted: Counted,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, Vec<u8>), Garbage> {
        let direction = Direction::between(&me.device, &peer.device);
        let tag = Tag::random(
            tag_key.as_bytes(),
            Use::FirstFlight,
            direction,
            key.cryptography(),
            rng,
        );
        let mut mask = Mask::new(tag_key, &tag.nonce(), direction);
        let beginning = Beginning {
            pattern: Pattern::Session,
            prologue: &session_prologue(&tag, me, peer),
            psk: psk.as_bytes(),
            peer: Some(&peer.key),
        };
        let mut noise = Handshake::initiator(&beginning, key, rng);
        let mut flight = tag.as_bytes().to_vec();
        write(&mut noise, &counted.to_bytes(), MESSAGE_1_LEN, &mut flight)?;
        mask.finish(&mut flight, tag::LEN, rng);
        let sent = flight.len();
        Ok((
            Self(Expecting::new(noise, mask, psk.clone(), sent, 0)),
            flight,
        ))
    }

    /// Takes flight 2 from what arrived.
    ///
    /// # Errors
    /// It is not the peer's answer: the link must end.
    pub fn receive(self, input: &mut Bytes) -> Result<Progress<Self, Session>, Garbage> {
        Ok(match self.0.receive(input)? {
            Progress::Waiting(expecting) => Progress::Waiting(Self(expecting)),
            Progress::Done(done) => Progress::Done(done.session(Role::Dialler)?),
        })
    }
}

impl Whole {
    /// Opens the flight of a known device with the first of `psks` that fits. Does not answer yet.
    ///
    /// # Errors
    /// None fits, or no known device made this flight.
    pub fn open<'p>(
        self,
        key: &StaticKey,
        me: &Party,
        peer: &Party,
        psks: impl IntoIterator<Item = &'p Psk>,
        rng: &mut impl CryptoRng,
    ) -> Result<Opened, Garbage> {
        let Self(Tagged {
            tag,
            message,
            mask,
            received,
            ..
        }) = self;
        let prologue = session_prologue(&tag, peer, me);
        for (which, psk) in psks.into_iter().enumerate() {
            let beginning = Beginning {
                pattern: Pattern::Session,
                prologue: &prologue,
                psk: psk.as_bytes(),
                peer: Some(&peer.key),
            };
            let mut noise = Handshake::responder(&beginning, key, rng);
            if let Ok(payload) = read(&mut noise, &message) {
                let counted = Counted::from_bytes(payload);
                return Ok(Opened {
                    noise,
                    mask,
                    psk: psk.clone(),
                    which,
                    counted,
                    received,
                });
            }
        }
        Err(Garbage)
    }
}

/// A known device's first flight that a psk opened. The caller checks and commits its counter before it answers;
/// it treats a counter seen before as [`Garbage`] too.
pub struct Opened {
    noise: Handshake,
    mask: Mask,
    psk: Psk,
    which: usize,
    counted: Counted,
    received: usize,
}

impl Opened {
    /// The index in `psks` of the psk that opened it.
    #[must_use]
    pub fn which(&self) -> usize {
        self.which
    }

    /// The dialler's incarnation and counter.
    #[must_use]
    pub fn counted(&self) -> Counted {
        self.counted
    }

    /// Answers, after the caller has committed the counter: returns flight 2 and the session.
    ///
    /// # Errors
    /// The flight holds a public key that no handshake may use.
    pub fn answer(mut self, rng: &mut impl CryptoRng) -> Result<(Vec<u8>, Session), Garbage> {
        let mut flight = Vec::new();
        write(&mut self.noise, &[], SESSION_2_LEN, &mut flight)?;
        self.mask.finish(&mut flight, 0, rng);
        let session = Session::new(
            self.noise,
            &self.psk,
            Role::Answerer,
            flight.len(),
            self.received,
        )
        .ok_or(Garbage)?;
        Ok((flight, session))
    }
}
