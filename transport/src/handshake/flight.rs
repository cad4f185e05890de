//! The parts of a flight: a masked Noise message, and padding whose length is masked too.

use bytes::{Buf, Bytes};
use rand_core::CryptoRng;
use zeroize::Zeroize;

use super::{Direction, Garbage, Progress};
use crate::keys::{Psk, TagKey, xof};
use crate::noise::{Handshake, TAG_LEN};
use crate::session::{Role, Session};
use crate::tag::NONCE_LEN;

/// Noise message 1 of a session (`e`, and a counter) and of a meeting (`e`, and zeros).
pub(super) const MESSAGE_1_LEN: usize = 64;
/// The payload of message 1.
pub(super) const PAYLOAD_LEN: usize = 16;
/// Noise message 2 of a session.
pub(super) const SESSION_2_LEN: usize = 48;
/// Noise message 2 of a meeting.
pub(super) const MEETING_2_LEN: usize = 96;
/// Noise message 3 of a meeting.
pub(super) const MEETING_3_LEN: usize = 64;

/// The key stream that makes handshake messages look random and sets the length of their padding. Both sides read
/// the same bytes from it in the same order.
pub(super) struct Mask(blake3::OutputReader);

impl Mask {
    pub(super) fn new(key: &TagKey, nonce: &[u8; NONCE_LEN], direction: Direction) -> Self {
        Self(xof(key.as_bytes(), &[b"mask", nonce, &[direction as u8]]))
    }

    /// Masks or unmasks a message.
    pub(super) fn apply(&mut self, message: &mut [u8]) {
        let mut mask = [0; MEETING_2_LEN];
        let mask = &mut mask[..message.len()];
        self.0.fill(mask);
        for (byte, mask) in message.iter_mut().zip(mask) {
            *byte ^= *mask;
        }
    }

    /// Length of the padding after the message just masked.
    pub(super) fn padding(&mut self) -> usize {
        let mut length = [0];
        self.0.fill(&mut length);
        usize::from(length[0])
    }

    /// Masks the message in `flight` from `start` to the end, and pads it.
    pub(super) fn finish(&mut self, flight: &mut Vec<u8>, start: usize, rng: &mut impl CryptoRng) {
        self.apply(&mut flight[start..]);
        let message_end = flight.len();
        flight.resize(message_end + self.padding(), 0);
        rng.fill_bytes(&mut flight[message_end..]);
    }
}

impl Drop for Mask {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Appends the next message of a handshake to a flight.
pub(super) fn write(
    noise: &mut Handshake,
    payload: &[u8],
    length: usize,
    flight: &mut Vec<u8>,
) -> Result<(), Garbage> {
    let start = flight.len();
    flight.resize(start + length, 0);
    // This fails only for a public key of low order.
    let written = noise
        .write(payload, &mut flight[start..])
        .map_err(|_| Garbage)?;
    debug_assert_eq!(
        written, length,
        "the lengths above are those of the patterns"
    );
    Ok(())
}

/// Reads the next message of a handshake, whose payload has `N` bytes.
pub(super) fn read<const N: usize>(
    noise: &mut Handshake,
    message: &[u8],
) -> Result<[u8; N], Garbage> {
    // snow's cipher works in place if there is room for the tag too.
    let mut payload = [0; PAYLOAD_LEN + TAG_LEN];
    let length = noise.read(message, &mut payload).map_err(|_| Garbage)?;
    payload[..length].try_into().map_err(|_| Garbage)
}

/// A side that waits for the next flight, whose message has `N` bytes.
pub(super) struct Expecting<const N: usize> {
    pub(super) noise: Handshake,
    pub(super) mask: Mask,
    psk: Psk,
    message: [u8; N],
    have: usize,
    /// Length of the padding still to come; `None` until the message has arrived.
    padding: Option<usize>,
    sent: usize,
    received: usize,
}

impl<const N: usize> Expecting<N> {
    /// Starts to wait; `sent` and `received` count the bytes of earlier flights.
    pub(super) fn new(
        noise: Handshake,
        mask: Mask,
        psk: Psk,
        sent: usize,
        received: usize,
    ) -> Self {
        Self {
            noise,
            mask,
            psk,
            message: [0; N],
            have: 0,
            padding: None,
            sent,
            received,
        }
    }

    /// Takes the bytes of the flight from `input`; done once the flight is complete and read.
    pub(super) fn receive(mut self, input: &mut Bytes) -> Result<Progress<Self, Self>, Garbage> {
        let piece = (N - self.have).min(input.len());
        input.copy_to_slice(&mut self.message[self.have..self.have + piece]);
        self.have += piece;
        self.received += piece;
        if self.have < N {
            return Ok(Progress::Waiting(self));
        }
        let padding = self.padding.get_or_insert_with(|| {
            self.mask.apply(&mut self.message);
            self.mask.padding()
        });
        let skipped = (*padding).min(input.len());
        input.advance(skipped);
        self.received += skipped;
        *padding -= skipped;
        if *padding > 0 {
            return Ok(Progress::Waiting(self));
        }
        read::<0>(&mut self.noise, &self.message)?;
        Ok(Progress::Done(self))
    }

    /// Writes the flight that answers this one.
    pub(super) fn answer(
        &mut self,
        length: usize,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, Garbage> {
        let mut flight = Vec::new();
        write(&mut self.noise, &[], length, &mut flight)?;
        self.mask.finish(&mut flight, 0, rng);
        self.sent += flight.len();
        Ok(flight)
    }

    /// The session, if the handshake is complete.
    pub(super) fn session(self, role: Role) -> Result<Session, Garbage> {
        Session::new(self.noise, &self.psk, role, self.sent, self.received).ok_or(Garbage)
    }
}
