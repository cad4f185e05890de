//! Arriving first flights, and who sent them.

use bytes::{Buf, Bytes};

use super::flight::{MESSAGE_1_LEN, Mask};
use super::{Direction, Garbage, Progress};
use crate::keys::TagKey;
use crate::tag::{self, Tag, Use};

/// How many bytes of a first flight must arrive before it can be recognised.
const HEAD_LEN: usize = tag::LEN + MESSAGE_1_LEN;

/// An accepted link on which too little has arrived to recognise the sender.
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

    /// The [`hint`](TagKey::hint) in a sized flight; in a real one these bytes mean nothing.
    #[cfg(feature = "sized")]
    #[must_use]
    pub fn hint(&self) -> [u8; 8] {
        self.tag.hint()
    }

    /// Finds the tag key that made this flight, among contacts' devices and open invitations: a microsecond for
    /// several candidates. Returns the first that fits with the flight.
    ///
    /// # Errors
    /// None of the candidates made it.
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
        Ok((who, self.tagged(key, direction)))
    }

    /// Whether this tag key made this sized flight.
    ///
    /// # Errors
    /// It did not.
    #[cfg(feature = "sized")]
    pub fn recognise_sized(self, key: &TagKey, direction: Direction) -> Result<Tagged, Garbage> {
        match self
            .tag
            .is_sized_by(key.as_bytes(), Use::FirstFlight, direction)
        {
            true => Ok(self.tagged(key, direction)),
            false => Err(Garbage),
        }
    }

    fn tagged(self, key: &TagKey, direction: Direction) -> Tagged {
        let mut mask = Mask::new(key, &self.tag.nonce(), direction);
        let mut message = self.message;
        mask.apply(&mut message);
        let padding = mask.padding();
        let received = HEAD_LEN + padding;
        Tagged {
            tag: self.tag,
            message,
            mask,
            padding,
            received,
        }
    }
}

/// A first flight whose sender knows a tag key; its padding is still arriving.
pub struct Tagged {
    pub(super) tag: Tag,
    pub(super) message: [u8; MESSAGE_1_LEN],
    pub(super) mask: Mask,
    padding: usize,
    pub(super) received: usize,
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

/// A complete first flight whose sender knows a tag key.
pub struct Whole(pub(super) Tagged);

impl Whole {
    /// The tag's nonce; an inviter answers each nonce once.
    #[must_use]
    pub fn nonce(&self) -> [u8; 16] {
        self.0.tag.nonce()
    }
}
