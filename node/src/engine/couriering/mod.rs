//! Other people's bundles: which ones we hold, which are on their way over which link, and for whom a bundle is due
//! (`docs/PROTOCOL.md` section 12a). The [courier](crate::courier) decides; this owner executes its acts on contents
//! and store.
//!
//! This owner sees people through a [`View`], and no links. It returns to the router the bundles to open and to seal,
//! and what to say over links.

mod acts;
mod contents;
mod due;
pub(super) mod held;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::{Bytes, BytesMut};
use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::store::{Reader, StorageError};
use hedgerow_transport::bundle::Header;
use hedgerow_transport::carrier::LinkId;
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::session::Item;

use super::fault::{LinkError, PeerFault};
use super::{Now, Turn, View};
use crate::courier::exchange::Arrival;
use crate::courier::said::{self, Begin};
use crate::courier::{Courier, Hint, Peer, Said, Settings, Tag, Whose};
use crate::tables::Table;
use contents::Contents;
use held::Own;

/// The most tags remembered as not ours, so that we do not try each with every contact's key at every meeting.
const MAX_FOREIGN: usize = 8_192;

/// The number of bytes of its tag by which a piece names its bundle.
const NAME: usize = 8;

/// What a node that carries keeps in memory.
pub(super) struct Couriering {
    courier: Courier,
    /// What the bundles that we sealed contain.
    own: BTreeMap<Tag, Own>,
    /// When a bundle of messages for a device is due (monotonic milliseconds).
    due: BTreeMap<DeviceId, u64>,
    /// When one was last sealed for it (monotonic milliseconds).
    sealed: BTreeMap<DeviceId, u64>,
    /// Contacts who have acknowledged entries, until they are looked at.
    acked: BTreeSet<IdentityId>,
    outgoing: BTreeMap<LinkId, VecDeque<Outgoing>>,
    arriving: BTreeMap<(LinkId, Tag), Arriving>,
    contents: Contents,
    foreign: BTreeSet<Tag>,
    foreign_order: VecDeque<Tag>,
}

/// Contents that we are sending.
struct Outgoing {
    tag: Tag,
    length: u64,
    #[cfg(feature = "simulation")]
    ghost: u64,
    next_part: u32,
}

/// Contents that we are receiving.
struct Arriving {
    begin: Begin,
    contents: BytesMut,
}

/// A bundle for us that has arrived whole.
pub(super) struct Arrived {
    pub begin: Begin,
    pub contents: Bytes,
}

impl Couriering {
    /// Opens it with a courier that holds nothing yet, and gives that courier the bundles in the store.
    pub fn open(courier: Courier, reader: &dyn Reader, now: Now) -> Result<Self, StorageError> {
        let mut couriering = Couriering {
            courier,
            own: BTreeMap::new(),
            due: BTreeMap::new(),
            sealed: BTreeMap::new(),
            acked: BTreeSet::new(),
            outgoing: BTreeMap::new(),
            arriving: BTreeMap::new(),
            contents: Contents::default(),
            foreign: BTreeSet::new(),
            foreign_order: VecDeque::new(),
        };
        for row in held::load(reader)? {
            if row.is_partial {
                // A crash interrupted the writing or the removal.
                couriering.contents.remove(row.envelope.tag, row.length);
                continue;
            }
            couriering.courier.restore(row.held(now));
            if let Some(own) = row.own {
                couriering.own.insert(row.envelope.tag, own);
            }
        }
        Ok(couriering)
    }

    pub fn settings(&self) -> &Settings {
        self.courier.settings()
    }

    /// The number of bundles that we carry, and their bytes, ghosts included.
    pub fn held(&self) -> (usize, u64) {
        let bundles = self.courier.bundles();
        (bundles.len(), bundles.bytes())
    }

    /// Whether it has work to do without input.
    pub fn is_behind(&self) -> bool {
        self.contents.is_behind()
    }

    /// A session has begun with a device that carries bundles too.
    pub fn met(&mut self, link: LinkId, device: DeviceId, identity: IdentityId, now: Now) {
        let hint = match self.courier.needs_hint() {
            true => Hint::of(&identity.0),
            false => Hint([0; 8]),
        };
        self.courier.met(link, Peer { device, hint }, now.mono_ms);
    }

    /// A session is over.
    pub fn parted(&mut self, turn: &mut Turn<'_>, link: LinkId) {
        self.courier.parted(link, turn.now.mono_ms, &mut turn.rng);
        self.outgoing.remove(&link);
    }

    /// Contacts may have been added: bundles that we took for others' may be for us.
    pub fn know_more(&mut self) {
        self.foreign.clear();
        self.foreign_order.clear();
    }

    /// A device is gone: drops what we sealed for it.
    pub fn forget(&mut self, turn: &mut Turn<'_>, device: DeviceId) {
        self.due.remove(&device);
        self.sealed.remove(&device);
        self.remove_own(turn, |own| own.to == device);
    }

    /// Drops some bundles of ours.
    fn remove_own(&mut self, turn: &mut Turn<'_>, which: impl Fn(&Own) -> bool) {
        let of_ours = self.own.iter().filter(|(_, own)| which(own));
        let tags: Vec<Tag> = of_ours.map(|(tag, _)| *tag).collect();
        for tag in tags {
            self.courier.remove(&tag, turn.now.mono_ms, &mut turn.rng);
        }
    }

    /// Handles a session item between couriers. Gives a bundle for us if this item completes it; the caller reports to
    /// [`arrived`](Self::arrived) what came of it.
    pub fn handle(
        &mut self,
        turn: &mut Turn<'_>,
        view: View<'_>,
        is_simulated: bool,
        link: LinkId,
        item: &Item,
    ) -> Result<Option<Arrived>, LinkError> {
        match item.kind {
            said::PIECE => self.handle_piece(turn, view, link, &item.content),
            kind => {
                let said = Said::decode(kind, &item.content).ok_or(PeerFault::BadItem)?;
                self.handle_said(turn, view, is_simulated, link, said)?;
                Ok(None)
            }
        }
    }

    fn handle_said(
        &mut self,
        turn: &mut Turn<'_>,
        view: View<'_>,
        is_simulated: bool,
        link: LinkId,
        said: Said,
    ) -> Result<(), LinkError> {
        if let Said::Begin(begin) = &said
            && begin.length != begin.envelope.size
            && !is_simulated
        {
            return Err(PeerFault::BadItem.into());
        }
        let Couriering {
            courier,
            foreign,
            foreign_order,
            ..
        } = self;
        let mut failed = None;
        // To recognise a sized tag is one look-up, as fast as a look-up in `foreign`.
        let looks_long = view.account.cryptography() == Cryptography::Real;
        let mut whose = |tag: &Tag| {
            if foreign.contains(tag) {
                return Whose::Others;
            }
            let whose = whose(&*turn.txn, view, tag).unwrap_or_else(|error| {
                failed = Some(error);
                Whose::Had
            });
            if whose == Whose::Others && looks_long {
                foreign.insert(*tag);
                foreign_order.push_back(*tag);
                if foreign_order.len() > MAX_FOREIGN
                    && let Some(oldest) = foreign_order.pop_front()
                {
                    foreign.remove(&oldest);
                }
            }
            whose
        };
        let now_ms = turn.now.mono_ms;
        let handled = courier.handle(link, said, now_ms, &mut turn.rng, &mut whose);
        if let Some(error) = failed {
            return Err(error.into());
        }
        handled.map_err(|_| PeerFault::OutOfPlace.into())
    }

    /// Handles a piece of a bundle's contents.
    fn handle_piece(
        &mut self,
        turn: &mut Turn<'_>,
        view: View<'_>,
        link: LinkId,
        piece: &Bytes,
    ) -> Result<Option<Arrived>, LinkError> {
        let (name, part) = piece
            .split_first_chunk::<NAME>()
            .ok_or(PeerFault::BadItem)?;
        let mut least = Tag([0; 32]);
        least.0[..NAME].copy_from_slice(name);
        let found = self
            .arriving
            .range_mut((link, least)..)
            .next()
            .filter(|((of, tag), _)| *of == link && tag.0.starts_with(name));
        // Pieces of a stopped transfer may still arrive.
        let Some((key, arriving)) = found else {
            return Ok(None);
        };
        let key = *key;
        if (arriving.contents.len() + part.len()) as u64 > arriving.begin.length {
            return Err(PeerFault::BadItem.into());
        }
        arriving.contents.extend_from_slice(part);
        if (arriving.contents.len() as u64) < arriving.begin.length {
            return Ok(None);
        }
        let begin = arriving.begin;
        let tag = begin.envelope.tag;
        let arrival = match whose(&*turn.txn, view, &tag)? {
            Whose::Ours => {
                let contents = std::mem::take(&mut arriving.contents).freeze();
                self.arriving.remove(&key);
                return Ok(Some(Arrived { begin, contents }));
            }
            Whose::Others if is_as_offered(&begin, &arriving.contents) => Arrival::ToHold,
            Whose::Had | Whose::Others => Arrival::Bad,
        };
        self.arrived(turn, link, &tag, arrival);
        Ok(None)
    }

    /// Takes what became of a bundle that has arrived whole.
    pub fn arrived(&mut self, turn: &mut Turn<'_>, link: LinkId, tag: &Tag, arrival: Arrival) {
        self.courier
            .arrived(link, tag, arrival, turn.now.mono_ms, &mut turn.rng);
    }

    /// Claims release values to all peers without knowing them: those that `guess` gives for each bundle that we hold.
    #[cfg(feature = "simulation")]
    pub fn claim_releases(
        &mut self,
        guess: &mut dyn FnMut(&crate::courier::Envelope) -> Vec<crate::courier::Release>,
    ) {
        let held = self.courier.bundles().iter();
        let releases: Vec<_> = held.flat_map(|held| guess(&held.envelope)).collect();
        self.courier.claim(&releases);
    }
}

/// Who a bundle is for.
fn whose(reader: &dyn Reader, view: View<'_>, tag: &Tag) -> Result<Whose, StorageError> {
    let Some(sender) = view.people.sender_of(view.account, &tag.0) else {
        return Ok(Whose::Others);
    };
    let taken = Table::BundleTags.key(&[&sender.0, &tag.0[..16]]);
    Ok(match reader.get(&taken)? {
        Some(_) => Whose::Had,
        None => Whose::Ours,
    })
}

/// Whether contents are those of the bundle that was offered, as far as a courier can see.
fn is_as_offered(begin: &Begin, contents: &[u8]) -> bool {
    let envelope = &begin.envelope;
    Header::parse(contents).is_ok_and(|header| {
        *header.tag() == envelope.tag.0
            && header.length() as u64 == begin.length
            && header.lifetime_s() == envelope.lifetime_s
            && *header.release() == envelope.release.0
    })
}
