//! The items of reconciliation, 16 to 27 (`docs/PROTOCOL.md` sections 4b and 6). CBOR, except entries, operations, forks and bodies.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use crate::batch::Salt;
use crate::entry::MAX_BODY;
use crate::group::Fork;
use crate::id::{DeviceId, EntryId, Incarnation, LogId, Seq, SpaceId};
use crate::layout::{Input, put_varint};
use crate::membership::OperationId;
use crate::space::{Digest, Frontier};

/// Most logs in one frontier or ack item.
pub const MAX_FRONTIER: usize = 4_096;
/// Most spaces in one digests item.
pub const MAX_DIGESTS: usize = 4_096;

/// Most operations that one item names.
pub const MAX_NAMED: usize = crate::membership::MAX_NAMED;
/// Most bytes of the operations of one item.
pub const MAX_OPERATIONS_BYTES: usize = 32_768;

/// Most bodies that one item wants.
pub const MAX_WANTED_BODIES: usize = 256;
/// Bytes of bodies at which an item of them is cut.
pub const BODIES_TARGET: usize = 15_000;

/// Item kinds of this crate: from here …
pub const FIRST_KIND: u64 = 16;
/// … to here.
pub const LAST_KIND: u64 = 27;

/// Names a space within one session or bundle; only those who share the space recognise it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Blind(pub [u8; 8]);

impl fmt::Debug for Blind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blind(..)")
    }
}

/// The sender: the blinded name of a space differs in each direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The side that dialled.
    Dialler,
    /// The side that answered.
    Answerer,
    /// The author of a bundle; the bundle's tag replaces the session hash.
    Bundle,
}

impl Role {
    pub(crate) fn code(self) -> u8 {
        match self {
            Role::Dialler => 0,
            Role::Answerer => 1,
            Role::Bundle => 2,
        }
    }
}

impl Blind {
    /// The name of the space with this secret in items that `role` sends.
    pub fn new(space_secret: &[u8; 32], session_hash: &[u8], role: Role) -> Blind {
        let key = Zeroizing::new(blake3::derive_key("hedgerow 1 blind", space_secret));
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher.update(session_hash);
        hasher.update(&[role.code()]);
        let mut blind = [0; 8];
        blind.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        Blind(blind)
    }
}

/// The digest over all shared spaces.
pub fn root<'a>(spaces: impl Iterator<Item = (&'a SpaceId, &'a Digest)>) -> Digest {
    let mut sorted: Vec<_> = spaces.collect();
    sorted.sort();
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"hedgerow 1 root");
    for (space, digest) in sorted {
        hasher.update(&space.0);
        hasher.update(digest);
    }
    let mut root = [0; 16];
    root.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    root
}

/// The name of a log in item 19. Usually the sender's device writes the log, in the opening that its hello named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogName {
    /// 0: the sender's device, in the opening that its hello named. Not in bundles, which have no hello.
    Sender,
    /// 1: the sender's device, in another opening.
    SenderIn(Incarnation),
    /// 2: the receiver's device, which gets its own entries back.
    ReceiverIn(Incarnation),
    /// 3: any log.
    Other(LogId),
}

impl LogName {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            LogName::Sender => out.push(0),
            LogName::SenderIn(incarnation) => {
                out.push(1);
                out.extend_from_slice(&incarnation.0.to_be_bytes());
            }
            LogName::ReceiverIn(incarnation) => {
                out.push(2);
                out.extend_from_slice(&incarnation.0.to_be_bytes());
            }
            LogName::Other(log) => {
                out.push(3);
                out.extend_from_slice(&log.device.0);
                out.extend_from_slice(&log.incarnation.0.to_be_bytes());
            }
        }
    }

    fn read(input: &mut Input<'_>) -> Option<LogName> {
        let incarnation =
            |input: &mut Input<'_>| Some(Incarnation(u64::from_be_bytes(input.array()?)));
        Some(match input.byte()? {
            0 => LogName::Sender,
            1 => LogName::SenderIn(incarnation(input)?),
            2 => LogName::ReceiverIn(incarnation(input)?),
            3 => LogName::Other(LogId {
                device: DeviceId(input.array()?),
                incarnation: incarnation(input)?,
            }),
            _ => return None,
        })
    }
}

/// One item of reconciliation. Its `Debug` output shows only its kind.
#[derive(Clone, PartialEq, Eq)]
pub enum Message {
    /// 16: the digest of every shared space.
    Digests(Vec<(Blind, Digest)>),
    /// 17: what the sender holds of a space.
    Frontier {
        /// The space.
        space: Blind,
        /// If given, `logs` holds only the differences from the frontier with this digest, which both sides remember.
        base: Option<Digest>,
        /// The highest held entry of each log.
        logs: Frontier,
        /// In a group: the beginnings of the chains up to there.
        tags: BTreeMap<LogId, Tag>,
        /// Another item with more logs of the same frontier follows.
        more: bool,
    },
    /// 18: the sender does not remember the base of a frontier; send it whole.
    NeedFull(Blind),
    /// 19: a batch.
    Entries {
        /// The space.
        space: Blind,
        /// The log.
        log: LogName,
        /// The batch, not checked yet.
        core: Bytes,
    },
    /// 20: the sender holds these entries durably.
    Ack {
        /// The space.
        space: Blind,
        /// The highest held entry of these logs.
        logs: Frontier,
    },
    /// 21: the sender refuses entries of this log; do not offer them again.
    Refused {
        /// The space.
        space: Blind,
        /// The log.
        log: LogId,
        /// Why.
        reason: u8,
    },
    /// 22: operations of a group's control log that the sender holds. Whoever holds one holds everything before it.
    Control {
        /// The space.
        space: Blind,
        /// Some of them, the newest among them.
        named: Vec<OperationId>,
    },
    /// 23: operations, not checked yet.
    Operations {
        /// The space.
        space: Blind,
        /// The operations, each after those it links to.
        operations: Vec<Bytes>,
    },
    /// 24: the sender wants these operations.
    WantOperations {
        /// The space.
        space: Blind,
        /// Their names.
        wanted: Vec<OperationId>,
    },
    /// 25: the author of a log signed two heads that do not continue one another.
    Forked {
        /// The space.
        space: Blind,
        /// The log.
        log: LogId,
        /// The proof, not verified yet.
        fork: Fork,
    },
    /// 26: the sender of this wants these bodies of a group, at most [`MAX_WANTED_BODIES`].
    WantBodies {
        /// The space.
        space: Blind,
        /// The entries.
        wanted: Vec<EntryId>,
    },
    /// 27: the bodies of the entries that were wanted next, in that order, not verified yet.
    Bodies {
        /// The space.
        space: Blind,
        /// Each with the salt of its commitment; `None` for one that is not here.
        bodies: Vec<Option<(Salt, Bytes)>>,
    },
}

/// The beginning of a log's chain in a frontier, or [`FORKED`].
pub type Tag = [u8; 16];

/// The tag of a log that is forked.
pub const FORKED: Tag = [0xff; 16];

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({})", self.kind())
    }
}

/// Bytes that are no item of reconciliation: the sender's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an item of reconciliation, or over a limit")]
pub struct BadItem;

/// The lane of an item in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Overtakes text.
    Control,
    /// Entries.
    Text,
}

impl Message {
    /// Its item kind.
    pub fn kind(&self) -> u64 {
        match self {
            Message::Digests(_) => 16,
            Message::Frontier { .. } => 17,
            Message::NeedFull(_) => 18,
            Message::Entries { .. } => 19,
            Message::Ack { .. } => 20,
            Message::Refused { .. } => 21,
            Message::Control { .. } => 22,
            Message::Operations { .. } => 23,
            Message::WantOperations { .. } => 24,
            Message::Forked { .. } => 25,
            Message::WantBodies { .. } => 26,
            Message::Bodies { .. } => 27,
        }
    }

    /// Its lane.
    pub fn lane(&self) -> Lane {
        match self {
            Message::Entries { .. } | Message::Forked { .. } | Message::Bodies { .. } => Lane::Text,
            _ => Lane::Control,
        }
    }

    /// Its content.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Message::Digests(digests) => cbor(DigestsItem(
                digests
                    .iter()
                    .map(|(space, digest)| DigestRow(space.0.into(), (*digest).into()))
                    .collect(),
            )),
            Message::Frontier {
                space,
                base,
                logs,
                tags,
                more,
            } => cbor(FrontierItem {
                space: space.0.into(),
                base: base.map(Into::into),
                logs: log_rows(logs, tags),
                more: more.then_some(true),
            }),
            Message::NeedFull(space) => cbor(NeedFullItem {
                space: space.0.into(),
            }),
            Message::Entries { space, log, core } => {
                let mut out = Vec::with_capacity(33 + core.len());
                out.extend_from_slice(&space.0);
                log.put(&mut out);
                out.extend_from_slice(core);
                out
            }
            Message::Ack { space, logs } => cbor(AckItem {
                space: space.0.into(),
                logs: log_rows(logs, &BTreeMap::new()),
            }),
            Message::Refused { space, log, reason } => cbor(RefusedItem {
                space: space.0.into(),
                device: log.device.0.into(),
                incarnation: log.incarnation.0,
                reason: *reason,
            }),
            Message::Control { space, named } => cbor(NamesItem::new(*space, named)),
            Message::Operations { space, operations } => {
                let mut out = space.0.to_vec();
                for operation in operations {
                    put_varint(&mut out, operation.len() as u64);
                    out.extend_from_slice(operation);
                }
                out
            }
            Message::WantOperations { space, wanted } => cbor(NamesItem::new(*space, wanted)),
            Message::Forked { space, log, fork } => {
                let mut out = space.0.to_vec();
                LogName::Other(*log).put(&mut out);
                out.extend(fork.encode());
                out
            }
            Message::WantBodies { space, wanted } => {
                let mut out = space.0.to_vec();
                put_entries(&mut out, wanted);
                out
            }
            Message::Bodies { space, bodies } => {
                let mut out = space.0.to_vec();
                for body in bodies {
                    let Some((salt, bytes)) = body else {
                        put_varint(&mut out, 0);
                        continue;
                    };
                    put_varint(&mut out, bytes.len() as u64 + 1);
                    out.extend_from_slice(salt);
                    out.extend_from_slice(bytes);
                }
                out
            }
        }
    }

    /// Decodes the content of an item of this kind.
    pub fn decode(kind: u64, content: &Bytes) -> Result<Message, BadItem> {
        match kind {
            16 => {
                let DigestsItem(rows) = from_cbor(content)?;
                let rows = rows.into_iter();
                Ok(Message::Digests(
                    rows.map(|DigestRow(space, digest)| (Blind(space.into()), digest.into()))
                        .collect(),
                ))
            }
            17 => {
                let item: FrontierItem = from_cbor(content)?;
                let tags = tags_of(&item.logs);
                Ok(Message::Frontier {
                    space: Blind(item.space.into()),
                    base: item.base.map(Into::into),
                    logs: frontier_of(item.logs)?,
                    tags,
                    more: item.more.unwrap_or(false),
                })
            }
            18 => {
                let item: NeedFullItem = from_cbor(content)?;
                Ok(Message::NeedFull(Blind(item.space.into())))
            }
            19 => {
                let mut input = Input(content);
                let mut head = || Some((Blind(input.array()?), LogName::read(&mut input)?));
                let (space, log) = head().ok_or(BadItem)?;
                Ok(Message::Entries {
                    space,
                    log,
                    core: content.slice_ref(input.0),
                })
            }
            20 => {
                let item: AckItem = from_cbor(content)?;
                Ok(Message::Ack {
                    space: Blind(item.space.into()),
                    logs: frontier_of(item.logs)?,
                })
            }
            21 => {
                let item: RefusedItem = from_cbor(content)?;
                Ok(Message::Refused {
                    space: Blind(item.space.into()),
                    log: LogId {
                        device: DeviceId(item.device.into()),
                        incarnation: Incarnation(item.incarnation),
                    },
                    reason: item.reason,
                })
            }
            22 => {
                let (space, named) = from_cbor::<NamesItem>(content)?.names()?;
                Ok(Message::Control { space, named })
            }
            23 => {
                let mut input = Input(content);
                let space = Blind(input.array().ok_or(BadItem)?);
                if input.0.len() > MAX_OPERATIONS_BYTES {
                    return Err(BadItem);
                }
                let mut operations = Vec::new();
                while !input.is_empty() {
                    let mut next = || {
                        let length = input.length()?;
                        input.take(length)
                    };
                    operations.push(content.slice_ref(next().ok_or(BadItem)?));
                }
                Ok(Message::Operations { space, operations })
            }
            24 => {
                let (space, wanted) = from_cbor::<NamesItem>(content)?.names()?;
                Ok(Message::WantOperations { space, wanted })
            }
            25 => {
                let mut input = Input(content);
                let mut head = || Some((Blind(input.array()?), LogName::read(&mut input)?));
                let Some((space, LogName::Other(log))) = head() else {
                    return Err(BadItem);
                };
                let fork = Fork::decode(input.0).ok_or(BadItem)?;
                Ok(Message::Forked { space, log, fork })
            }
            26 => {
                let mut input = Input(content);
                let space = Blind(input.array().ok_or(BadItem)?);
                let wanted = read_entries(&mut input).ok_or(BadItem)?;
                Ok(Message::WantBodies { space, wanted })
            }
            27 => {
                let mut input = Input(content);
                let space = Blind(input.array().ok_or(BadItem)?);
                let mut bodies = Vec::new();
                while !input.is_empty() {
                    if bodies.len() == MAX_WANTED_BODIES {
                        return Err(BadItem);
                    }
                    let mut next = || match input.length()?.checked_sub(1) {
                        None => Some(None),
                        Some(length) if length > MAX_BODY => None,
                        Some(length) => Some(Some((input.array()?, input.take(length)?))),
                    };
                    let body: Option<(Salt, _)> = next().ok_or(BadItem)?;
                    bodies.push(body.map(|(salt, bytes)| (salt, content.slice_ref(bytes))));
                }
                Ok(Message::Bodies { space, bodies })
            }
            _ => Err(BadItem),
        }
    }
}

/// Names entries, as runs of one log.
fn put_entries(out: &mut Vec<u8>, entries: &[EntryId]) {
    let follows =
        |one: &EntryId, next: &EntryId| one.log == next.log && one.seq.0 + 1 == next.seq.0;
    for run in entries.chunk_by(follows) {
        out.extend_from_slice(&run[0].log.device.0);
        out.extend_from_slice(&run[0].log.incarnation.0.to_be_bytes());
        put_varint(out, run[0].seq.0);
        put_varint(out, run.len() as u64);
    }
}

fn read_entries(input: &mut Input<'_>) -> Option<Vec<EntryId>> {
    let mut entries = Vec::new();
    while !input.is_empty() {
        let log = LogId {
            device: DeviceId(input.array()?),
            incarnation: Incarnation(u64::from_be_bytes(input.array()?)),
        };
        let (first, count) = (input.varint()?, input.length()?);
        let end = first.checked_add(count as u64)?;
        if first == 0 || count == 0 || count > MAX_WANTED_BODIES - entries.len() {
            return None;
        }
        entries.extend((first..end).map(|seq| EntryId { log, seq: Seq(seq) }));
    }
    Some(entries)
}

#[derive(Encode, Decode)]
#[cbor(transparent)]
struct DigestsItem(#[cbor(with = "bounded")] Vec<DigestRow>);

#[derive(Encode, Decode)]
struct DigestRow(#[n(0)] ByteArray<8>, #[n(1)] ByteArray<16>);

#[derive(Encode, Decode)]
struct FrontierItem {
    #[n(0)]
    space: ByteArray<8>,
    #[n(1)]
    base: Option<ByteArray<16>>,
    #[cbor(n(2), with = "bounded")]
    logs: Vec<LogItem>,
    #[n(3)]
    more: Option<bool>,
}

#[derive(Encode, Decode)]
struct LogItem(
    #[n(0)] ByteArray<16>,
    #[n(1)] u64,
    #[n(2)] u64,
    #[n(3)] Option<ByteArray<16>>,
);

#[derive(Encode, Decode)]
struct NamesItem {
    #[n(0)]
    space: ByteArray<8>,
    #[cbor(n(1), with = "bounded")]
    names: Vec<ByteArray<32>>,
}

impl NamesItem {
    fn new(space: Blind, names: &[OperationId]) -> NamesItem {
        NamesItem {
            space: space.0.into(),
            names: names.iter().map(|id| id.0.into()).collect(),
        }
    }

    fn names(self) -> Result<(Blind, Vec<OperationId>), BadItem> {
        if self.names.len() > MAX_NAMED {
            return Err(BadItem);
        }
        let names = self.names.into_iter();
        let names = names.map(|id| OperationId(id.into())).collect();
        Ok((Blind(self.space.into()), names))
    }
}

#[derive(Encode, Decode)]
struct NeedFullItem {
    #[n(0)]
    space: ByteArray<8>,
}

#[derive(Encode, Decode)]
struct AckItem {
    #[n(0)]
    space: ByteArray<8>,
    #[cbor(n(1), with = "bounded")]
    logs: Vec<LogItem>,
}

#[derive(Encode, Decode)]
struct RefusedItem {
    #[n(0)]
    space: ByteArray<8>,
    #[n(1)]
    device: ByteArray<16>,
    #[n(2)]
    incarnation: u64,
    #[n(3)]
    reason: u8,
}

/// Arrays with a limit: refuses one that claims to be longer before it allocates memory.
mod bounded {
    use minicbor::decode::{self, Decoder};
    use minicbor::encode::{self, Encoder, Write};
    use minicbor::{Decode, Encode};

    const _: () = assert!(super::MAX_FRONTIER == super::MAX_DIGESTS);

    pub(super) fn encode<C, T: Encode<C>, W: Write>(
        rows: &Vec<T>,
        e: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        rows.encode(e, context)
    }

    pub(super) fn decode<'b, C, T: Decode<'b, C>>(
        d: &mut Decoder<'b>,
        context: &mut C,
    ) -> Result<Vec<T>, decode::Error> {
        let length = d.array()?.unwrap_or(u64::MAX);
        if length > super::MAX_FRONTIER as u64 {
            return Err(decode::Error::message("over the limit"));
        }
        (0..length).map(|_| T::decode(d, context)).collect()
    }
}

fn log_rows(logs: &Frontier, tags: &BTreeMap<LogId, Tag>) -> Vec<LogItem> {
    let item = |(log, seq): (&LogId, &Seq)| {
        let tag = tags.get(log).map(|tag| (*tag).into());
        LogItem(log.device.0.into(), log.incarnation.0, seq.0, tag)
    };
    logs.iter().map(item).collect()
}

fn tags_of(rows: &[LogItem]) -> BTreeMap<LogId, Tag> {
    let tagged = rows
        .iter()
        .filter_map(|LogItem(device, incarnation, _, tag)| {
            let log = LogId {
                device: DeviceId((*device).into()),
                incarnation: Incarnation(*incarnation),
            };
            Some((log, (*tag)?.into()))
        });
    tagged.collect()
}

fn frontier_of(rows: Vec<LogItem>) -> Result<Frontier, BadItem> {
    let mut frontier = Frontier::new();
    for LogItem(device, incarnation, seq, _) in rows {
        let log = LogId {
            device: DeviceId(device.into()),
            incarnation: Incarnation(incarnation),
        };
        if frontier.insert(log, Seq(seq)).is_some() {
            return Err(BadItem);
        }
    }
    Ok(frontier)
}

fn cbor<T: Encode<()>>(item: T) -> Vec<u8> {
    minicbor::to_vec(item).expect("a vector takes every byte, and no item refuses to be encoded")
}

fn from_cbor<'b, T: Decode<'b, ()>>(content: &'b Bytes) -> Result<T, BadItem> {
    minicbor::decode(content).map_err(|_| BadItem)
}
