//! Handshakes: masked first flights, who they come from, and the sessions they become
//! (`docs/PROTOCOL.md` sections 7 and 10). A struct for each state, so that a wrong order cannot be
//! written:
//!
//! ```text
//! dialler   Dialling ─── flight 2 ──> Session
//! joiner    Joining ──── flight 2 ──> (flight 3, Session)
//! answerer  Arriving ─ 96 bytes ─> Head ─ recognise ─> Tagged ─ padding ─> Whole
//!             Whole::open ──────────> Opened   ─ (commit the counter) ─ answer ──> (flight 2, Session)
//!             Whole::open_invited ──> Invited  ─ (commit the nonce) ─── answer ──> (flight 2, Answered)
//!                                     Answered ─ flight 3 ──> Session
//! ```
//!
//! Whatever is wrong is [`Garbage`], without a word why: the answerer drains the link.

use std::fmt;

use bytes::{Buf, Bytes};
use rand_core::CryptoRng;
use snow::HandshakeState;

use crate::keys::{Psk, PublicKey, StaticKey, TagKey, xof};
use crate::noise::{Pattern, builder};
use crate::session::{Role, Session};
use crate::tag::{self, NONCE_LEN, Tag, Use};

/// The version of the protocol, first in every prologue.
pub const VERSION: u8 = 1;

/// Noise message 1 of a session (`e`, and a counter) and of a meeting (`e`, and zeros).
const MESSAGE_1_LEN: usize = 64;
/// The payload of message 1.
const PAYLOAD_LEN: usize = 16;
/// What of a first flight has to arrive before it can be recognised.
const HEAD_LEN: usize = tag::LEN + MESSAGE_1_LEN;
/// Noise message 2 of a session.
const SESSION_2_LEN: usize = 48;
/// Noise message 2 of a meeting.
const MEETING_2_LEN: usize = 96;
/// Noise message 3 of a meeting.
const MEETING_3_LEN: usize = 64;

/// What arrived is no valid handshake; nobody is told why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a handshake that this device answers")]
pub struct Garbage;

/// A state that waits for more bytes, or the one that comes after it.
#[derive(Debug)]
pub enum Progress<W, D> {
    /// More must arrive.
    Waiting(W),
    /// Done; what arrived beyond is left in the input.
    Done(D),
}

/// One end of a session, as both sides know it. Prints nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Party {
    /// The identity's Ed25519 public key.
    pub identity: [u8; 32],
    /// The device id.
    pub device: [u8; 16],
    /// The device key.
    pub key: PublicKey,
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Party(..)")
    }
}

/// Tells the two directions between a pair of devices apart, so that a flight cannot be sent back to
/// its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Direction {
    /// From the lower device id to the higher; also from a joiner to an inviter.
    Up = 0,
    /// From the higher device id to the lower.
    Down = 1,
}

impl Direction {
    /// The direction of what `from` sends to `to`, which are device ids.
    #[must_use]
    pub fn between(from: &[u8; 16], to: &[u8; 16]) -> Self {
        if from < to {
            Direction::Up
        } else {
            Direction::Down
        }
    }
}

/// The stream that makes handshake messages look random and draws their padding. Both sides take the
/// same bytes from it in the same order.
struct Mask(blake3::OutputReader);

impl Mask {
    fn new(key: &TagKey, nonce: &[u8; NONCE_LEN], direction: Direction) -> Self {
        Self(xof(key.as_bytes(), &[b"mask", nonce, &[direction as u8]]))
    }

    /// Masks or unmasks a message.
    fn apply(&mut self, message: &mut [u8]) {
        let mut mask = [0; MEETING_2_LEN];
        let mask = &mut mask[..message.len()];
        self.0.fill(mask);
        for (byte, mask) in message.iter_mut().zip(mask) {
            *byte ^= *mask;
        }
    }

    /// How long the padding behind the message just masked is.
    fn padding(&mut self) -> usize {
        let mut length = [0];
        self.0.fill(&mut length);
        usize::from(length[0])
    }

    /// Masks the message at the end of `flight`, from `start`, and pads it.
    fn finish(&mut self, flight: &mut Vec<u8>, start: usize, rng: &mut impl CryptoRng) {
        self.apply(&mut flight[start..]);
        let message_end = flight.len();
        flight.resize(message_end + self.padding(), 0);
        rng.fill_bytes(&mut flight[message_end..]);
    }
}

/// A masked message and its padding, as they arrive.
struct Gather<const N: usize> {
    message: [u8; N],
    have: usize,
    padding: Option<usize>,
}

impl<const N: usize> Gather<N> {
    fn new() -> Self {
        Self {
            message: [0; N],
            have: 0,
            padding: None,
        }
    }

    /// Takes what belongs to it from `input`; true once message and padding are there, the message
    /// unmasked.
    fn take(&mut self, input: &mut Bytes, mask: &mut Mask) -> bool {
        let piece = (N - self.have).min(input.len());
        input.copy_to_slice(&mut self.message[self.have..self.have + piece]);
        self.have += piece;
        if self.have < N {
            return false;
        }
        let padding = self.padding.get_or_insert_with(|| {
            mask.apply(&mut self.message);
            mask.padding()
        });
        let skipped = (*padding).min(input.len());
        input.advance(skipped);
        *padding -= skipped;
        *padding == 0
    }
}

/// Which key of a pair opened a first flight, and the number that is used once.
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
fn session_prologue(tag: &Tag, dialler: &Party, answerer: &Party) -> Vec<u8> {
    let mut prologue = vec![VERSION];
    prologue.extend_from_slice(tag.as_bytes());
    for party in [dialler, answerer] {
        prologue.extend_from_slice(&party.identity);
        prologue.extend_from_slice(&party.device);
    }
    prologue
}

/// The prologue of a meeting.
fn meeting_prologue(tag: &Tag, inviter_key_hash: &[u8; 16]) -> Vec<u8> {
    let mut prologue = vec![VERSION];
    prologue.extend_from_slice(tag.as_bytes());
    prologue.extend_from_slice(inviter_key_hash);
    prologue
}

/// Appends the next message of a handshake to a flight.
fn write(
    noise: &mut HandshakeState,
    payload: &[u8],
    length: usize,
    flight: &mut Vec<u8>,
) -> Result<(), Garbage> {
    let start = flight.len();
    flight.resize(start + length, 0);
    // Only a public key of low order makes this fail.
    let written = noise
        .write_message(payload, &mut flight[start..])
        .map_err(|_| Garbage)?;
    debug_assert_eq!(
        written, length,
        "the lengths above are those of the patterns"
    );
    Ok(())
}

/// Reads the next message of a handshake, whose payload has `N` bytes.
fn read<const N: usize>(noise: &mut HandshakeState, message: &[u8]) -> Result<[u8; N], Garbage> {
    // snow's cipher works in place if there is room for the tag too.
    let mut payload = [0; PAYLOAD_LEN + crate::noise::TAG_LEN];
    let length = noise
        .read_message(message, &mut payload)
        .map_err(|_| Garbage)?;
    payload[..length].try_into().map_err(|_| Garbage)
}

/// The dialler of a known device, waiting for flight 2.
pub struct Dialling {
    noise: HandshakeState,
    mask: Mask,
    psk: Psk,
    arriving: Gather<SESSION_2_LEN>,
    sent: usize,
    received: usize,
}

impl Dialling {
    /// Begins a session from `me`, whose device key is `key`, to `peer`. The second value is the first
    /// flight, to be sent at once; `counted` must never have been used with this peer and psk.
    ///
    /// # Errors
    /// The peer's device key is one that no handshake may use.
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
        let tag = Tag::random(tag_key.as_bytes(), Use::FirstFlight, direction, rng);
        let mut mask = Mask::new(tag_key, &tag.nonce(), direction);
        let mut noise = builder(Pattern::Session, rng)
            .prologue(&session_prologue(&tag, me, peer))
            .and_then(|builder| builder.psk(0, psk.as_bytes()))
            .and_then(|builder| builder.local_private_key(key.as_bytes()))
            .and_then(|builder| builder.remote_public_key(&peer.key.0))
            .and_then(snow::Builder::build_initiator)
            .expect("each part is given once and has the right length");
        let mut flight = tag.as_bytes().to_vec();
        write(&mut noise, &counted.to_bytes(), MESSAGE_1_LEN, &mut flight)?;
        mask.finish(&mut flight, tag::LEN, rng);
        let sent = flight.len();
        let dialling = Self {
            noise,
            mask,
            psk: psk.clone(),
            arriving: Gather::new(),
            sent,
            received: 0,
        };
        Ok((dialling, flight))
    }

    /// Takes flight 2 from what arrived.
    ///
    /// # Errors
    /// It is not the peer's answer: the link must end.
    pub fn receive(mut self, input: &mut Bytes) -> Result<Progress<Self, Session>, Garbage> {
        let before = input.len();
        let complete = self.arriving.take(input, &mut self.mask);
        self.received += before - input.len();
        if !complete {
            return Ok(Progress::Waiting(self));
        }
        read::<0>(&mut self.noise, &self.arriving.message)?;
        Session::new(
            self.noise,
            &self.psk,
            Role::Dialler,
            self.sent,
            self.received,
        )
        .map(Progress::Done)
        .ok_or(Garbage)
    }
}

/// An accepted link of which too little has arrived to know who it is.
#[derive(Default)]
pub struct Arriving {
    bytes: Vec<u8>,
}

impl Arriving {
    /// Nothing has arrived.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the head of a first flight from what arrived.
    #[must_use]
    pub fn receive(mut self, input: &mut Bytes) -> Progress<Self, Head> {
        let piece = (HEAD_LEN - self.bytes.len()).min(input.len());
        self.bytes.extend_from_slice(&input.split_to(piece));
        match Head::from_bytes(&self.bytes) {
            Some(head) => Progress::Done(head),
            None => Progress::Waiting(self),
        }
    }
}

/// The head of a first flight: a tag and a masked message 1.
pub struct Head {
    tag: Tag,
    message: [u8; MESSAGE_1_LEN],
}

impl Head {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (tag, message) = bytes.split_first_chunk()?;
        Some(Self {
            tag: Tag::from_bytes(*tag),
            message: message.try_into().ok()?,
        })
    }

    /// Finds whose tag key made this flight among contacts' devices and open invitations: a microsecond
    /// for several candidates. The first that fits is given back with the flight.
    ///
    /// # Errors
    /// Nobody's.
    pub fn recognise<'k, K>(
        self,
        candidates: impl IntoIterator<Item = (K, &'k TagKey, Direction)>,
    ) -> Result<(K, Tagged), Garbage> {
        let (who, key, direction) = candidates
            .into_iter()
            .find(|(_, key, direction)| {
                self.tag.is_by(key.as_bytes(), Use::FirstFlight, *direction)
            })
            .ok_or(Garbage)?;
        let mut mask = Mask::new(key, &self.tag.nonce(), direction);
        let mut message = self.message;
        mask.apply(&mut message);
        let padding = mask.padding();
        let received = HEAD_LEN + padding;
        Ok((
            who,
            Tagged {
                tag: self.tag,
                message,
                mask,
                padding,
                received,
            },
        ))
    }
}

/// A first flight whose sender knows a tag key, while its padding arrives.
pub struct Tagged {
    tag: Tag,
    message: [u8; MESSAGE_1_LEN],
    mask: Mask,
    padding: usize,
    received: usize,
}

impl Tagged {
    /// Takes the padding from what arrived.
    #[must_use]
    pub fn receive(mut self, input: &mut Bytes) -> Progress<Self, Whole> {
        let skipped = self.padding.min(input.len());
        input.advance(skipped);
        self.padding -= skipped;
        match self.padding {
            0 => Progress::Done(Whole(self)),
            _ => Progress::Waiting(self),
        }
    }
}

/// A first flight that has arrived whole and whose sender knows a tag key.
pub struct Whole(Tagged);

impl Whole {
    /// The tag's nonce; that of an invitation is answered once.
    #[must_use]
    pub fn nonce(&self) -> [u8; 16] {
        self.0.tag.nonce()
    }

    /// Opens the flight of a known device with the first of `psks` that fits. Nothing is answered yet.
    ///
    /// # Errors
    /// None fits, or this is no flight of a known device.
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
            let mut noise = builder(Pattern::Session, rng)
                .prologue(&prologue)
                .and_then(|builder| builder.psk(0, psk.as_bytes()))
                .and_then(|builder| builder.local_private_key(key.as_bytes()))
                .and_then(|builder| builder.remote_public_key(&peer.key.0))
                .and_then(snow::Builder::build_responder)
                .expect("each part is given once and has the right length");
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

    /// Opens the flight of somebody who holds the invitation with this psk. Nothing is answered yet.
    ///
    /// # Errors
    /// This is no flight of a joiner.
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
        let mut noise = builder(Pattern::Meeting, rng)
            .prologue(&meeting_prologue(&tag, inviter_key_hash))
            .and_then(|builder| builder.psk(0, psk.as_bytes()))
            .and_then(|builder| builder.local_private_key(key.as_bytes()))
            .and_then(snow::Builder::build_responder)
            .expect("each part is given once and has the right length");
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

/// A known device's first flight that a psk opened. Its counter is to be checked and committed before
/// it is answered; a counter seen before is [`Garbage`] too.
pub struct Opened {
    noise: HandshakeState,
    mask: Mask,
    psk: Psk,
    which: usize,
    counted: Counted,
    received: usize,
}

impl Opened {
    /// The position of the psk that opened it among those given.
    #[must_use]
    pub fn which(&self) -> usize {
        self.which
    }

    /// The dialler's incarnation and counter.
    #[must_use]
    pub fn counted(&self) -> Counted {
        self.counted
    }

    /// Answers, now that the counter is committed: flight 2 and the session.
    ///
    /// # Errors
    /// The flight brought a public key that no handshake may use.
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

/// Somebody who dials with an invitation, waiting for flight 2.
pub struct Joining {
    noise: HandshakeState,
    mask: Mask,
    psk: Psk,
    arriving: Gather<MEETING_2_LEN>,
    sent: usize,
    received: usize,
}

impl Joining {
    /// Begins a meeting; `key` is this side's device key, the rest comes from the invitation. The second
    /// value is the first flight, to be sent at once.
    pub fn new(
        key: &StaticKey,
        inviter_key_hash: &[u8; 16],
        tag_key: &TagKey,
        psk: &Psk,
        rng: &mut impl CryptoRng,
    ) -> (Self, Vec<u8>) {
        let tag = Tag::random(tag_key.as_bytes(), Use::FirstFlight, Direction::Up, rng);
        let mut mask = Mask::new(tag_key, &tag.nonce(), Direction::Up);
        let mut noise = builder(Pattern::Meeting, rng)
            .prologue(&meeting_prologue(&tag, inviter_key_hash))
            .and_then(|builder| builder.psk(0, psk.as_bytes()))
            .and_then(|builder| builder.local_private_key(key.as_bytes()))
            .and_then(snow::Builder::build_initiator)
            .expect("each part is given once and has the right length");
        let mut flight = tag.as_bytes().to_vec();
        write(&mut noise, &[0; PAYLOAD_LEN], MESSAGE_1_LEN, &mut flight)
            .expect("message 1 of a meeting agrees on nothing yet");
        mask.finish(&mut flight, tag::LEN, rng);
        let sent = flight.len();
        let joining = Self {
            noise,
            mask,
            psk: psk.clone(),
            arriving: Gather::new(),
            sent,
            received: 0,
        };
        (joining, flight)
    }

    /// Takes flight 2 from what arrived; then gives flight 3, to be sent at once, and the session.
    ///
    /// # Errors
    /// It is not the inviter's answer: the link must end.
    pub fn receive(
        mut self,
        input: &mut Bytes,
        rng: &mut impl CryptoRng,
    ) -> Result<Progress<Self, (Vec<u8>, Session)>, Garbage> {
        let before = input.len();
        let complete = self.arriving.take(input, &mut self.mask);
        self.received += before - input.len();
        if !complete {
            return Ok(Progress::Waiting(self));
        }
        read::<0>(&mut self.noise, &self.arriving.message)?;
        let mut flight = Vec::new();
        write(&mut self.noise, &[], MEETING_3_LEN, &mut flight)?;
        self.mask.finish(&mut flight, 0, rng);
        let sent = self.sent + flight.len();
        let session = Session::new(self.noise, &self.psk, Role::Dialler, sent, self.received)
            .ok_or(Garbage)?;
        Ok(Progress::Done((flight, session)))
    }
}

/// A joiner's first flight that opened. Its nonce is to be checked and committed before it is
/// answered; a nonce seen before is [`Garbage`] too.
pub struct Invited {
    noise: HandshakeState,
    mask: Mask,
    psk: Psk,
    nonce: [u8; NONCE_LEN],
    received: usize,
}

impl Invited {
    /// The nonce, which is answered once.
    #[must_use]
    pub fn nonce(&self) -> [u8; 16] {
        self.nonce
    }

    /// Answers, now that the nonce is committed: flight 2 and the state that waits for flight 3.
    ///
    /// # Errors
    /// The flight brought a public key that no handshake may use.
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
            Answered {
                noise,
                mask,
                psk,
                arriving: Gather::new(),
                sent,
                received,
            },
        ))
    }
}

/// An inviter that has answered, waiting for flight 3.
pub struct Answered {
    noise: HandshakeState,
    mask: Mask,
    psk: Psk,
    arriving: Gather<MEETING_3_LEN>,
    sent: usize,
    received: usize,
}

impl Answered {
    /// Takes flight 3 from what arrived.
    ///
    /// # Errors
    /// It is not the joiner's.
    pub fn receive(mut self, input: &mut Bytes) -> Result<Progress<Self, Session>, Garbage> {
        let before = input.len();
        let complete = self.arriving.take(input, &mut self.mask);
        self.received += before - input.len();
        if !complete {
            return Ok(Progress::Waiting(self));
        }
        read::<0>(&mut self.noise, &self.arriving.message)?;
        Session::new(
            self.noise,
            &self.psk,
            Role::Answerer,
            self.sent,
            self.received,
        )
        .map(Progress::Done)
        .ok_or(Garbage)
    }
}

// None of these states prints anything: their content is secret.
macro_rules! silent {
    ($($state:ident),*) => {$(
        impl fmt::Debug for $state {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($state), "(..)"))
            }
        }
    )*};
}
silent!(
    Dialling, Arriving, Head, Tagged, Whole, Opened, Joining, Invited, Answered
);
