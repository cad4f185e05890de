//! The bytes of an operation (`docs/PROTOCOL.md` section 4a).
//!
//! ```text
//! operation = core ‖ signature 64
//! core      = author 32 ‖ links u8 ‖ links × id 32 ‖ kind u8 ‖ content
//! content   = rules u8 (1) ‖ people ‖ people × (key 32 ‖ level u8) ‖ continued u8 ‖ continued?   create
//!           | key 32 ‖ level u8 ‖ held                                                           set
//!           | held                                                                               leave
//!           | nothing                                                                            seen
//!           | seconds varint                                                                     timer
//! continued = root 32 ‖ tips u8 ‖ tips × id 32
//! held      = logs ‖ logs × (incarnation 8 ‖ seq)
//! ```

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::id::{Incarnation, Seq};
use crate::layout::{Input, put_varint};
use crate::membership::level::Level;
use crate::membership::operation::{
    Act, Continued, Founding, Held, MAX_FOUNDERS, MAX_HELD, MAX_OPERATION_LINKS, MAX_TIMER_S,
    MIN_TIMER_S, MemberKey, Operation, OperationId,
};

/// Most bytes of one operation.
pub const MAX_OPERATION: usize = 20_480;
/// Bytes of a signature.
pub const SIGNATURE_LENGTH: usize = 64;

/// Why bytes are no operation: the peer's fault, or the caller's who makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// Truncated, or not in the one form that has this meaning.
    #[error("the operation is malformed")]
    Malformed,
    /// Over a limit of `docs/PROTOCOL.md` section 1.
    #[error("the operation is over a limit")]
    OverLimit,
    /// Its author did not sign it.
    #[error("the signature of the operation does not hold")]
    Signature,
}

impl Operation {
    /// Signs it, which takes the private half of [`author`](Operation::author). Returns its bytes.
    pub fn sign(&self, key: &SigningKey) -> Result<Vec<u8>, OperationError> {
        if key.verifying_key().to_bytes() != self.author().0 {
            return Err(OperationError::Signature);
        }
        let mut bytes = core(self.author(), self.links(), self.act())?;
        let signature = key.sign(&signed(&bytes));
        bytes.extend_from_slice(&signature.to_bytes());
        Ok(bytes)
    }

    /// Decodes an operation from the wire and verifies its signature.
    pub fn decode(bytes: &[u8]) -> Result<Operation, OperationError> {
        let operation = Operation::decode_stored(bytes)?;
        operation.verify(bytes)?;
        Ok(operation)
    }

    /// Verifies the signature in the bytes of this operation.
    pub(crate) fn verify(&self, bytes: &[u8]) -> Result<(), OperationError> {
        let (core, signature) = bytes
            .split_last_chunk::<SIGNATURE_LENGTH>()
            .ok_or(OperationError::Malformed)?;
        let signature = Signature::from_bytes(signature);
        VerifyingKey::from_bytes(&self.author().0)
            .and_then(|key| key.verify_strict(&signed(core), &signature))
            .map_err(|_| OperationError::Signature)
    }

    /// As [`Operation::decode`], without the signature: for bytes whose signature this store has verified before.
    pub(crate) fn decode_stored(bytes: &[u8]) -> Result<Operation, OperationError> {
        if bytes.len() > MAX_OPERATION {
            return Err(OperationError::OverLimit);
        }
        let (core, _) = bytes
            .split_last_chunk::<SIGNATURE_LENGTH>()
            .ok_or(OperationError::Malformed)?;
        let mut input = Input(core);
        let (author, links, act) = read_core(&mut input).ok_or(OperationError::Malformed)?;
        check(author, &links, &act)?;
        Ok(Operation::checked(id_of(core), author, links, act))
    }
}

/// The bytes that name an operation. `links` are in order.
pub(super) fn core(
    author: MemberKey,
    links: &[OperationId],
    act: &Act,
) -> Result<Vec<u8>, OperationError> {
    check(author, links, act)?;
    let mut core = Vec::with_capacity(160 + links.len() * 32);
    core.extend_from_slice(&author.0);
    put_ids(&mut core, links);
    core.push(kind(act));
    match act {
        Act::Create(Founding::Line { people, continues }) => {
            core.push(RULES_LINE);
            put_varint(&mut core, people.len() as u64);
            for (key, level) in people {
                core.extend_from_slice(&key.0);
                core.push(level.code());
            }
            core.push(u8::from(continues.is_some()));
            if let Some(continued) = continues {
                core.extend_from_slice(&continued.root.0);
                put_ids(&mut core, &continued.version);
            }
        }
        Act::Create(Founding::Unknown { rules, content }) => {
            core.push(*rules);
            core.extend_from_slice(content);
        }
        Act::Set { who, level, held } => {
            core.extend_from_slice(&who.0);
            core.push(level.code());
            put_held(&mut core, held);
        }
        Act::Leave { held } => put_held(&mut core, held),
        Act::Seen => {}
        Act::Timer { seconds } => put_varint(&mut core, *seconds),
        Act::Unknown { content, .. } => core.extend_from_slice(content),
    }
    if core.len() + SIGNATURE_LENGTH > MAX_OPERATION {
        return Err(OperationError::OverLimit);
    }
    Ok(core)
}

pub(super) fn id_of(core: &[u8]) -> OperationId {
    let mut hasher = blake3::Hasher::new_derive_key("hedgerow 1 operation id");
    hasher.update(core);
    OperationId(*hasher.finalize().as_bytes())
}

/// The bytes that a signature covers. Links lead to the founding, so they name the group too.
fn signed(core: &[u8]) -> Vec<u8> {
    [b"hedgerow 1 operation", core].concat()
}

/// The rules that an operation keeps or breaks by itself, whatever else there is.
fn check(author: MemberKey, links: &[OperationId], act: &Act) -> Result<(), OperationError> {
    if links.len() > MAX_OPERATION_LINKS {
        return Err(OperationError::OverLimit);
    }
    if links.is_empty() != matches!(act, Act::Create(_)) || !links.is_sorted_by(|a, b| a < b) {
        return Err(OperationError::Malformed);
    }
    match act {
        Act::Create(Founding::Line { people, continues }) => {
            let keys: BTreeSet<_> = people.iter().map(|(key, _)| key).collect();
            if people.first().is_none_or(|(key, _)| *key != author) || keys.len() != people.len() {
                return Err(OperationError::Malformed);
            }
            let tips = continues.as_ref().map_or(&[][..], |from| &from.version);
            if people.len() > MAX_FOUNDERS || tips.len() > MAX_OPERATION_LINKS {
                return Err(OperationError::OverLimit);
            }
            if continues.is_some() && (tips.is_empty() || !tips.is_sorted_by(|a, b| a < b)) {
                return Err(OperationError::Malformed);
            }
        }
        Act::Create(Founding::Unknown { rules, .. }) if *rules == RULES_LINE => {
            return Err(OperationError::Malformed);
        }
        Act::Unknown { kind, .. } if KNOWN.contains(kind) => return Err(OperationError::Malformed),
        Act::Set { held, .. } | Act::Leave { held } if held.len() > MAX_HELD => {
            return Err(OperationError::OverLimit);
        }
        Act::Timer { seconds } if *seconds != 0 && !TIMERS_S.contains(seconds) => {
            return Err(OperationError::OverLimit);
        }
        Act::Create(_)
        | Act::Set { .. }
        | Act::Leave { .. }
        | Act::Seen
        | Act::Timer { .. }
        | Act::Unknown { .. } => {}
    }
    Ok(())
}

type Core = (MemberKey, Vec<OperationId>, Act);

fn read_core(input: &mut Input<'_>) -> Option<Core> {
    let author = MemberKey(input.array()?);
    let links = read_ids(input)?;
    let act = match input.byte()? {
        CREATE => Act::Create(read_founding(input)?),
        SET => Act::Set {
            who: MemberKey(input.array()?),
            level: Level::from_code(input.byte()?)?,
            held: read_held(input)?,
        },
        LEAVE => Act::Leave {
            held: read_held(input)?,
        },
        SEEN => Act::Seen,
        TIMER => Act::Timer {
            seconds: input.varint()?,
        },
        kind => Act::Unknown {
            kind,
            content: rest(input),
        },
    };
    input.is_empty().then_some((author, links, act))
}

fn read_founding(input: &mut Input<'_>) -> Option<Founding> {
    let rules = input.byte()?;
    if rules != RULES_LINE {
        let content = rest(input);
        return Some(Founding::Unknown { rules, content });
    }
    let count = input.length()?;
    let mut people = Vec::new();
    // Each one takes bytes, so a wrong count ends with them.
    for _ in 0..count {
        let key = MemberKey(input.array()?);
        people.push((key, Level::from_code(input.byte()?)?));
    }
    let continues = match input.byte()? {
        0 => None,
        1 => Some(Continued {
            root: OperationId(input.array()?),
            version: read_ids(input)?,
        }),
        _ => return None,
    };
    Some(Founding::Line { people, continues })
}

fn read_ids(input: &mut Input<'_>) -> Option<Vec<OperationId>> {
    let count = input.byte()?;
    (0..count)
        .map(|_| Some(OperationId(input.array()?)))
        .collect()
}

fn put_ids(out: &mut Vec<u8>, ids: &[OperationId]) {
    out.push(ids.len() as u8);
    ids.iter().for_each(|id| out.extend_from_slice(&id.0));
}

fn read_held(input: &mut Input<'_>) -> Option<Held> {
    let count = input.length()?;
    let mut held = Held::new();
    for _ in 0..count {
        let log = Incarnation(u64::from_be_bytes(input.array()?));
        let is_next = held.last_key_value().is_none_or(|(last, _)| *last < log);
        held.insert(log, Seq(input.varint()?));
        if !is_next {
            return None;
        }
    }
    Some(held)
}

fn put_held(out: &mut Vec<u8>, held: &Held) {
    put_varint(out, held.len() as u64);
    for (log, seq) in held {
        out.extend_from_slice(&log.0.to_be_bytes());
        put_varint(out, seq.0);
    }
}

fn rest(input: &mut Input<'_>) -> Vec<u8> {
    std::mem::take(&mut input.0).to_vec()
}

fn kind(act: &Act) -> u8 {
    match act {
        Act::Create(_) => CREATE,
        Act::Set { .. } => SET,
        Act::Leave { .. } => LEAVE,
        Act::Seen => SEEN,
        Act::Timer { .. } => TIMER,
        Act::Unknown { kind, .. } => *kind,
    }
}

/// Kinds on the wire. A level above an admin's makes a `set` malformed.
const CREATE: u8 = 1;
const SET: u8 = 2;
const LEAVE: u8 = 3;
const SEEN: u8 = 4;
const TIMER: u8 = 5;
const KNOWN: [u8; 5] = [CREATE, SET, LEAVE, SEEN, TIMER];
/// The timers that are not off.
const TIMERS_S: RangeInclusive<u64> = MIN_TIMER_S..=MAX_TIMER_S;
/// Rule set 1.
const RULES_LINE: u8 = 1;
