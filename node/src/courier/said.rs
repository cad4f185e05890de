//! The messages of couriers in a session (`docs/PROTOCOL.md` section 12a).

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::envelope::{Envelope, Release, Tag};
use crate::tables;

/// The item kinds of couriers, including contents.
pub const KINDS: std::ops::RangeInclusive<u64> = SUMMARY..=FREE;
/// The kind of items with contents, which are not part of [`Said`].
pub const PIECE: u64 = 45;
const SUMMARY: u64 = 40;
const LISTING: u64 = 41;
const WANTED: u64 = 42;
const BEGIN: u64 = 43;
const GO: u64 = 44;
const WHOLE: u64 = 46;
const YOURS: u64 = 47;
const STOP: u64 = 48;
const FREE: u64 = 49;

/// The longest greeting of a policy, in bytes.
pub const MAX_GREETING: usize = 16_384;
/// The most release values of one item.
pub const MAX_RELEASES: usize = 64;
/// The most bundles listed in one item.
pub const MAX_LISTED: u32 = 1_024;

/// Why a transfer does not begin, or stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Reason {
    /// The device has as many transfers as it may; it says when one is free.
    #[n(1)]
    Busy,
    /// The receiver does not want the bundle, or not any more.
    #[n(2)]
    Unwanted,
    /// The sender does not hold it any more.
    #[n(3)]
    Gone,
    /// The other side has begun another transfer meanwhile.
    #[n(4)]
    Otherwise,
}

/// Item 40: starts a meeting, and later reports changes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Default)]
pub struct Summary {
    /// The policy's greeting; in later items only if it has changed.
    #[n(0)]
    pub greeting: Option<ByteVec>,
    /// Release values of bundles that have arrived.
    #[n(1)]
    pub releases: Vec<Release>,
}

/// Item 41: the bundles that the sender holds.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Default)]
pub struct Listing {
    /// Bundles that the peer may carry.
    #[n(0)]
    pub offered: Vec<Envelope>,
    /// All others, so that recipients find their own.
    #[n(1)]
    pub others: Vec<Tag>,
}

impl Listing {
    pub(super) fn is_empty(&self) -> bool {
        self.offered.is_empty() && self.others.is_empty()
    }
}

/// Item 42: the listed bundles that the sender wants.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Default)]
pub struct Wanted {
    /// Bundles for the sender of this item.
    #[n(0)]
    pub own: Vec<Tag>,
    /// Bundles that it would carry.
    #[n(1)]
    pub others: Vec<Tag>,
}

impl Wanted {
    pub(super) fn is_empty(&self) -> bool {
        self.own.is_empty() && self.others.is_empty()
    }
}

/// Item 43: offers to begin a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Begin {
    /// The bundle as it is now, with the copies to give; 0 if only its recipient may take it.
    #[n(0)]
    pub envelope: Envelope,
    /// Bytes of contents to send: its size without ghosts.
    #[n(1)]
    pub length: u64,
    /// If two transfers would begin at once, the one with the lower draw begins.
    #[n(2)]
    pub draw: u32,
}

/// Item 48: refuses or ends a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Stop {
    /// The bundle.
    #[n(0)]
    pub tag: Tag,
    /// The reason.
    #[n(1)]
    pub reason: Reason,
}

#[derive(Encode, Decode)]
struct Named(#[n(0)] Tag);

#[derive(Encode, Decode)]
struct Empty {}

/// A message of a courier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// 40
    Summary(Summary),
    /// 41
    Listing(Listing),
    /// 42
    Wanted(Wanted),
    /// 43
    Begin(Begin),
    /// 44: send the contents.
    Go(Tag),
    /// 46: all contents have arrived.
    Whole(Tag),
    /// 47: the sender has written the copies off; they belong to the receiver.
    Yours(Tag),
    /// 48
    Stop(Stop),
    /// 49: a peer that got "busy" may try again.
    Free,
}

impl Said {
    /// The item's kind.
    #[must_use]
    pub fn kind(&self) -> u64 {
        match self {
            Said::Summary(_) => SUMMARY,
            Said::Listing(_) => LISTING,
            Said::Wanted(_) => WANTED,
            Said::Begin(_) => BEGIN,
            Said::Go(_) => GO,
            Said::Whole(_) => WHOLE,
            Said::Yours(_) => YOURS,
            Said::Stop(_) => STOP,
            Said::Free => FREE,
        }
    }

    /// The item's content.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Said::Summary(summary) => tables::encoded(summary),
            Said::Listing(listing) => tables::encoded(listing),
            Said::Wanted(wanted) => tables::encoded(wanted),
            Said::Begin(begin) => tables::encoded(begin),
            Said::Go(tag) | Said::Whole(tag) | Said::Yours(tag) => tables::encoded(&Named(*tag)),
            Said::Stop(stop) => tables::encoded(stop),
            Said::Free => tables::encoded(&Empty {}),
        }
    }

    /// Decodes an item; `None` if it is malformed or over a limit: the peer's fault.
    #[must_use]
    pub fn decode(kind: u64, content: &[u8]) -> Option<Said> {
        fn read<T: for<'b> Decode<'b, ()>>(content: &[u8]) -> Option<T> {
            minicbor::decode(content).ok()
        }
        let named = || read::<Named>(content).map(|named| named.0);
        let said = match kind {
            SUMMARY => Said::Summary(read(content)?),
            LISTING => Said::Listing(read(content)?),
            WANTED => Said::Wanted(read(content)?),
            BEGIN => Said::Begin(read(content)?),
            GO => Said::Go(named()?),
            WHOLE => Said::Whole(named()?),
            YOURS => Said::Yours(named()?),
            STOP => Said::Stop(read(content)?),
            FREE => Said::Free,
            _ => return None,
        };
        said.is_within_limits().then_some(said)
    }

    fn is_within_limits(&self) -> bool {
        let listed = match self {
            Said::Summary(summary) => {
                return summary.releases.len() <= MAX_RELEASES
                    && summary
                        .greeting
                        .as_ref()
                        .is_none_or(|greeting| greeting.len() <= MAX_GREETING);
            }
            Said::Listing(listing) => listing.offered.len() + listing.others.len(),
            Said::Wanted(wanted) => wanted.own.len() + wanted.others.len(),
            _ => 0,
        };
        listed <= MAX_LISTED as usize
    }
}
