//! The psk of a pair of devices, and its rotation (`docs/PROTOCOL.md` section 9).
//!
//! ```text
//! proposer  current n ── answer ───> current m, previous n ── the other uses m ──> current m
//! answerer  current n ── proposal ─> current n, pending m ─── moved, or m in use ─> current m
//! ```
//!
//! `m` is `n + 1`, or after a rescue above both sides' numbers.

use hedgerow_transport::keys::Psk;
use hedgerow_transport::session::{Role, Session};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use subtle::ConstantTimeEq as _;

/// The age at which a psk is due to be replaced, in milliseconds.
pub(crate) const PSK_AGE_MS: i64 = 7 * 24 * 3_600_000;

/// A proof that one side of a session holds the psk of this number (`docs/PROTOCOL.md` section 9).
pub(crate) struct PskProof {
    number: u32,
    mac: [u8; 16],
}

impl PskProof {
    pub fn new(number: u32, mac: [u8; 16]) -> PskProof {
        PskProof { number, mac }
    }

    fn by(number: u32, psk: &Psk, session: &Session, side: Role) -> PskProof {
        let mut mac = blake3::Hasher::new_derive_key("hedgerow 1 psk proof");
        let side = [u8::from(side == Role::Answerer)];
        mac.update(psk.as_bytes())
            .update(session.hash())
            .update(&side);
        let mac = mac.finalize();
        let mac = *mac.as_bytes().first_chunk().expect("16 bytes of 32");
        PskProof { number, mac }
    }
}

impl PartialEq for PskProof {
    /// In constant time.
    fn eq(&self, other: &PskProof) -> bool {
        self.number == other.number && self.mac.ct_eq(&other.mac).into()
    }
}

/// The psks of a pair.
#[derive(Encode, Decode)]
pub(crate) struct PskChain {
    /// The number of the current one.
    #[n(0)]
    pub number: u32,
    /// The psk with which this side dials.
    #[cbor(n(1), with = "crate::engine::codec::fixed")]
    pub current: Psk,
    /// When it came into use, by our wall clock (milliseconds).
    #[n(2)]
    pub since_ms: i64,
    /// The next psk: we have answered the proposal, and have not seen the other side use it.
    #[n(3)]
    pub pending: Option<NumberedPsk>,
    /// The psk before, until we have seen the other side use the current one.
    #[n(4)]
    pub previous: Option<NumberedPsk>,
}

/// A psk beside the current one.
#[derive(Encode, Decode)]
pub(crate) struct NumberedPsk {
    #[n(0)]
    pub number: u32,
    #[cbor(n(1), with = "crate::engine::codec::fixed")]
    pub psk: Psk,
}

impl PskChain {
    /// The psks of a new pair.
    pub fn new(first: Psk, wall_ms: i64) -> PskChain {
        PskChain {
            number: 0,
            current: first,
            since_ms: wall_ms,
            pending: None,
            previous: None,
        }
    }

    /// The psks that a dialler may have used, each with its number, the likeliest first.
    pub fn candidates(&self) -> Vec<(u32, &Psk)> {
        let beside = [&self.pending, &self.previous].into_iter().flatten();
        std::iter::once((self.number, &self.current))
            .chain(beside.map(|beside| (beside.number, &beside.psk)))
            .collect()
    }

    /// Whether the current psk is old enough to be replaced. It is due too if the clock was set back, because its age
    /// is unknown then.
    pub fn is_due(&self, wall_ms: i64) -> bool {
        !(0..PSK_AGE_MS).contains(&wall_ms.saturating_sub(self.since_ms))
    }

    /// When the next psk is due, by our wall clock (milliseconds).
    pub fn due_ms(&self) -> i64 {
        self.since_ms.saturating_add(PSK_AGE_MS)
    }

    /// Proves to the other side of a session that this one holds the current psk.
    pub fn prove(&self, session: &Session) -> ByteArray<16> {
        let proof = PskProof::by(self.number, &self.current, session, session.role());
        proof.mac.into()
    }

    /// The proofs of which the other side of a session can give one if neither side has lost a psk: each proves a psk
    /// that we hold.
    pub fn proofs_of_theirs(&self, session: &Session) -> Vec<PskProof> {
        let role = match session.role() {
            Role::Dialler => Role::Answerer,
            Role::Answerer => Role::Dialler,
        };
        self.candidates()
            .into_iter()
            .map(|(number, psk)| PskProof::by(number, psk, session, role))
            .collect()
    }

    /// As the proposer, after the answer: uses the next psk from now on. Gives the numbers of the psks that are gone
    /// for good.
    pub fn advance(&mut self, number: u32, next: Psk, wall_ms: i64) -> Vec<u32> {
        let previous = NumberedPsk {
            number: self.number,
            psk: std::mem::replace(&mut self.current, next),
        };
        let gone = [self.previous.replace(previous), self.pending.take()];
        self.number = number;
        self.since_ms = wall_ms;
        gone.into_iter().flatten().map(|gone| gone.number).collect()
    }

    /// Notes that the other side uses the psk of this number. Gives the numbers of the psks that are gone for good.
    pub fn seen(&mut self, number: u32, wall_ms: i64) -> Vec<u32> {
        if let Some(pending) = self.pending.take_if(|pending| pending.number == number) {
            let mut gone = self.advance(number, pending.psk, wall_ms);
            gone.extend(self.previous.take().map(|previous| previous.number));
            return gone;
        }
        if number == self.number {
            return self
                .previous
                .take()
                .into_iter()
                .map(|previous| previous.number)
                .collect();
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn psk(byte: u8) -> Psk {
        Psk::from_bytes([byte; 32])
    }

    #[test]
    fn both_sides_can_meet_at_every_step_of_a_move() {
        let mut proposer = PskChain::new(psk(0), 0);
        let mut answerer = PskChain::new(psk(0), 0);
        let meets = |dialler: &PskChain, answerer: &PskChain| {
            answerer
                .candidates()
                .iter()
                .any(|(_, psk)| **psk == dialler.current)
        };
        answerer.pending = Some(NumberedPsk {
            number: 1,
            psk: psk(1),
        });
        assert!(meets(&proposer, &answerer) && meets(&answerer, &proposer));
        assert!(proposer.advance(1, psk(1), 0).is_empty());
        assert!(meets(&proposer, &answerer) && meets(&answerer, &proposer));
        assert_eq!(answerer.seen(1, 0), [0]);
        assert!(meets(&proposer, &answerer) && meets(&answerer, &proposer));
        assert_eq!(proposer.seen(1, 0), [0]);
        assert!(meets(&proposer, &answerer) && meets(&answerer, &proposer));
        assert_eq!(proposer.candidates().len(), 1);
    }

    #[test]
    fn a_week_of_use_or_a_clock_set_back_makes_a_move_due() {
        let chain = PskChain::new(psk(0), 1_000);
        assert!(!chain.is_due(1_000 + PSK_AGE_MS - 1));
        assert!(chain.is_due(1_000 + PSK_AGE_MS));
        assert!(chain.is_due(0));
    }
}
