//! Other people's bundles in the engine: what the [courier](crate::courier) wants done is done here, with
//! contents, keys and the store (`docs/PROTOCOL.md` section 12a).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::{BufMut, Bytes, BytesMut};
use hedgerow_sync::id::{DeviceId, IdentityId, Incarnation, LogId, Seq};
use hedgerow_sync::peer;
use hedgerow_sync::store::{Reader, StorageError, Store};
use hedgerow_transport::bundle::Header;
use hedgerow_transport::carrier::LinkId;
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::session::{Item, Lane, Session};

use super::account::Account;
use super::bundle_event::BundleEvent;
use super::fault::{CallError, LinkError, PeerFault};
use super::held::{self, Own, PART, Row};
use super::items::{self, Hello};
use super::link::State;
use super::live::Live;
use super::{Effects as _, Engine, Now, Owners, Turn};
use crate::courier::exchange::{Act, Arrival};
use crate::courier::said::{self, Begin};
use crate::courier::{Courier, Hint, Peer, Said, Settings, Tag, Whose};
use crate::tables::Table;

/// Tags known not to be ours, so that none is tried with every contact's key at every meeting.
const MAX_FOREIGN: usize = 8_192;

/// Whether lifetimes are over is looked at so often.
const EXPIRY_MS: u64 = 60_000;

/// Bytes of a tag by which the pieces of a transfer name it.
const NAME: usize = 8;

/// What a node that carries keeps at hand.
pub(crate) struct Couriering {
    pub courier: Courier,
    /// What the bundles that we sealed hold.
    pub own: BTreeMap<Tag, Own>,
    /// When a bundle of messages for a device is due.
    pub due: BTreeMap<DeviceId, u64>,
    /// When one was last sealed.
    pub sealed: BTreeMap<DeviceId, u64>,
    /// Those who have acknowledged something.
    acked: BTreeSet<IdentityId>,
    outgoing: BTreeMap<LinkId, VecDeque<Outgoing>>,
    arriving: BTreeMap<(LinkId, Tag), Arriving>,
    foreign: BTreeSet<Tag>,
    foreign_order: VecDeque<Tag>,
}

/// Contents that are being sent.
struct Outgoing {
    tag: Tag,
    length: u64,
    #[cfg(feature = "simulation")]
    ghost: u64,
    next_part: u32,
}

/// Contents that are coming.
struct Arriving {
    begin: Begin,
    contents: BytesMut,
}

impl Owners {
    /// A session has begun.
    pub(super) fn courier_met(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        live: &Live,
        hello: &Hello,
    ) {
        let Some(couriering) = &mut self.couriering else {
            return;
        };
        if hello.features & items::CARRIES != 0 {
            let hint = match couriering.courier.needs_hint() {
                true => Hint::of(&live.identity.0),
                false => Hint([0; 8]),
            };
            let peer = Peer {
                device: live.device,
                hint,
            };
            couriering.courier.met(id, peer, turn.now.mono_ms);
        }
    }

    /// A session is over.
    pub(super) fn courier_parted(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        live: &Live,
    ) -> Result<(), StorageError> {
        let Some(couriering) = &mut self.couriering else {
            return Ok(());
        };
        couriering
            .courier
            .parted(id, turn.now.mono_ms, &mut turn.rng);
        couriering.outgoing.remove(&id);
        // What was written in the session and did not arrive waits from now on.
        self.courier_queued_for(turn, live.device);
        Ok(())
    }

    /// An item of couriers.
    pub(super) fn courier_item(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        item: &Item,
    ) -> Result<(), LinkError> {
        let Some(mut couriering) = self.couriering.take() else {
            return Ok(());
        };
        let handled = match item.kind {
            said::PIECE => self.piece(turn, id, &mut couriering, &item.content),
            kind => self.said(turn, id, &mut couriering, kind, &item.content),
        };
        self.couriering = Some(couriering);
        handled
    }

    fn said(
        &self,
        turn: &mut Turn<'_>,
        id: LinkId,
        couriering: &mut Couriering,
        kind: u64,
        content: &[u8],
    ) -> Result<(), LinkError> {
        let said = Said::decode(kind, content).ok_or(PeerFault::BadItem)?;
        if let Said::Begin(begin) = &said
            && begin.length != begin.envelope.size
            && !self.simulates()
        {
            return Err(PeerFault::BadItem.into());
        }
        let Couriering {
            courier,
            foreign,
            foreign_order,
            ..
        } = couriering;
        let mut failed = None;
        // A sized tag is recognised by one look, as fast as it is found here.
        let looks_long = self.account.cryptography() == Cryptography::Real;
        let mut whose = |tag: &Tag| {
            if foreign.contains(tag) {
                return Whose::Others;
            }
            let whose = self.whose(&*turn.txn, tag).unwrap_or_else(|error| {
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
        let handled = courier.handle(id, said, now_ms, &mut turn.rng, &mut whose);
        if let Some(error) = failed {
            return Err(error.into());
        }
        handled.map_err(|_| PeerFault::OutOfPlace.into())
    }

    /// For whom a bundle is.
    fn whose(&self, reader: &dyn Reader, tag: &Tag) -> Result<Whose, StorageError> {
        let Some(sender) = self.people.sender_of(&self.account, &tag.0) else {
            return Ok(Whose::Others);
        };
        let taken = Table::BundleTags.key(&[&sender.0, &tag.0[..16]]);
        Ok(match reader.get(&taken)? {
            Some(_) => Whose::Had,
            None => Whose::Ours,
        })
    }

    /// Some contents of a bundle.
    fn piece(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        couriering: &mut Couriering,
        piece: &Bytes,
    ) -> Result<(), LinkError> {
        let (name, part) = piece
            .split_first_chunk::<NAME>()
            .ok_or(PeerFault::BadItem)?;
        let mut least = Tag([0; 32]);
        least.0[..NAME].copy_from_slice(name);
        let found = couriering
            .arriving
            .range_mut((id, least)..)
            .next()
            .filter(|((link, tag), _)| *link == id && tag.0.starts_with(name));
        // Pieces may still come of what was stopped.
        let Some((_, arriving)) = found else {
            return Ok(());
        };
        if (arriving.contents.len() + part.len()) as u64 > arriving.begin.length {
            return Err(PeerFault::BadItem.into());
        }
        arriving.contents.extend_from_slice(part);
        if (arriving.contents.len() as u64) < arriving.begin.length {
            return Ok(());
        }
        let (begin, contents) = (arriving.begin, arriving.contents.clone().freeze());
        let tag = begin.envelope.tag;
        let acked = &mut couriering.acked;
        let arrival = match self.whose(&*turn.txn, &tag)? {
            Whose::Ours => self.take_couriered(turn, id, acked, &begin, &contents)?,
            Whose::Others if is_as_offered(&begin, &contents) => Arrival::ToHold,
            Whose::Had | Whose::Others => Arrival::Bad,
        };
        let now_ms = turn.now.mono_ms;
        if matches!(arrival, Arrival::Opened(_)) {
            couriering.arriving.remove(&(id, tag));
        }
        couriering
            .courier
            .arrived(id, &tag, arrival, now_ms, &mut turn.rng);
        Ok(())
    }

    /// Opens a bundle that a courier has brought, and takes it in.
    fn take_couriered(
        &mut self,
        turn: &mut Turn<'_>,
        link: LinkId,
        acked: &mut BTreeSet<IdentityId>,
        begin: &Begin,
        contents: &[u8],
    ) -> Result<Arrival, LinkError> {
        let opened = match self.open_bundle(turn, contents) {
            Ok(opened) => opened,
            Err(CallError::Refused(_)) => return Ok(Arrival::Bad),
            Err(CallError::Storage(error)) => return Err(error.into()),
        };
        let envelope = &begin.envelope;
        let release = opened.release();
        let hash = release.map(|release| release.hash());
        #[cfg(feature = "simulation")]
        let size = begin.length.saturating_add(opened.ghost());
        #[cfg(not(feature = "simulation"))]
        let size = begin.length;
        if size != envelope.size || hash != Some(envelope.release) {
            return Ok(Arrival::Bad);
        }
        let brought = self.take_bundle(turn, &opened)?;
        acked.insert(brought.identity);
        turn.out.bundle(BundleEvent::Delivered {
            bundle: envelope.tag,
            link,
            #[cfg(feature = "simulation")]
            loads: brought.loads,
            messages: brought.messages,
        });
        Ok(Arrival::Opened(release))
    }

    /// There may be more contacts than before: what was nobody's may be ours.
    pub(super) fn courier_knows_more(&mut self) {
        if let Some(couriering) = &mut self.couriering {
            couriering.foreign.clear();
            couriering.foreign_order.clear();
        }
    }

    /// A device is gone: what was sealed for it is for nobody.
    pub(super) fn courier_forgets(&mut self, turn: &mut Turn<'_>, id: DeviceId) {
        let Some(couriering) = &mut self.couriering else {
            return;
        };
        couriering.due.remove(&id);
        couriering.sealed.remove(&id);
        let its = couriering.own.iter().filter(|(_, own)| own.to == id);
        let its: Vec<Tag> = its.map(|(tag, _)| *tag).collect();
        for tag in its {
            let now_ms = turn.now.mono_ms;
            couriering.courier.remove(&tag, now_ms, &mut turn.rng);
        }
    }

    /// A contact has acknowledged messages of ours.
    pub(super) fn courier_acked(&mut self, identity: IdentityId) {
        if let Some(couriering) = &mut self.couriering
            && !couriering.own.is_empty()
        {
            couriering.acked.insert(identity);
        }
    }

    /// When something is to be done for bundles.
    pub(super) fn next_courier_ms(&self) -> Option<u64> {
        let couriering = self.couriering.as_ref()?;
        let due = couriering.due.values().min().copied();
        due.into_iter().chain(couriering.next_expiry_ms()).min()
    }

    /// Lets go of bundles whose messages have arrived another way.
    fn drop_acked(
        &mut self,
        turn: &mut Turn<'_>,
        couriering: &mut Couriering,
    ) -> Result<(), StorageError> {
        for identity in std::mem::take(&mut couriering.acked) {
            let mut arrived = Vec::new();
            for (tag, own) in &couriering.own {
                let theirs = self
                    .people
                    .devices
                    .get(&own.to)
                    .map(|device| device.identity);
                if theirs == Some(identity)
                    && !own.newest.is_empty()
                    && self.account.has_acked(turn.txn, own)?
                {
                    arrived.push(*tag);
                }
            }
            for tag in arrived {
                let now_ms = turn.now.mono_ms;
                couriering.courier.remove(&tag, now_ms, &mut turn.rng);
            }
        }
        Ok(())
    }
}

impl Account {
    /// Whether the device that a bundle of ours is for has acknowledged every message in it.
    fn has_acked(&self, reader: &dyn Reader, own: &Own) -> Result<bool, StorageError> {
        for newest in &own.newest {
            let log = LogId {
                device: self.device_id,
                incarnation: Incarnation(newest.incarnation),
            };
            if peer::acked(reader, newest.space, own.to, log)? < Seq(newest.seq) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Engine {
    /// Carries other people's bundles from now on, and seals bundles of its own for contacts that it does
    /// not reach. Call it once, when the engine is open.
    ///
    /// # Errors
    /// The store failed.
    pub fn start_courier(
        &mut self,
        settings: Settings,
        store: &impl Store,
        now: Now,
    ) -> Result<(), StorageError> {
        self.start_courier_with(Courier::new(settings), store, now)
    }

    /// As [`start_courier`](Self::start_courier), with a courier that holds nothing yet.
    ///
    /// # Errors
    /// The store failed.
    pub fn start_courier_with(
        &mut self,
        courier: Courier,
        store: &impl Store,
        now: Now,
    ) -> Result<(), StorageError> {
        let mut couriering = Couriering {
            courier,
            own: BTreeMap::new(),
            due: BTreeMap::new(),
            sealed: BTreeMap::new(),
            acked: BTreeSet::new(),
            outgoing: BTreeMap::new(),
            arriving: BTreeMap::new(),
            foreign: BTreeSet::new(),
            foreign_order: VecDeque::new(),
        };
        for row in store.read(|reader| held::load(reader))? {
            couriering.courier.restore(row.held(now));
            if let Some(own) = row.own {
                couriering.own.insert(row.envelope.tag, own);
            }
        }
        self.owners.couriering = Some(Box::new(couriering));
        Ok(())
    }

    /// How many bundles are carried, and their bytes, of ghosts too.
    pub fn held(&self) -> (usize, u64) {
        self.owners
            .couriering
            .as_ref()
            .map_or((0, 0), |couriering| {
                let bundles = couriering.courier.bundles();
                (bundles.len(), bundles.bytes())
            })
    }

    /// What time and this batch bring for bundles.
    pub(super) fn tick_courier(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let Some(mut couriering) = self.owners.couriering.take() else {
            return Ok(());
        };
        let held = self.tick_courier_with(turn, &mut couriering);
        self.owners.couriering = Some(couriering);
        held
    }

    fn tick_courier_with(
        &mut self,
        turn: &mut Turn<'_>,
        couriering: &mut Couriering,
    ) -> Result<(), StorageError> {
        self.owners.drop_acked(turn, couriering)?;
        self.owners.seal_due(turn, couriering)?;
        if couriering
            .next_expiry_ms()
            .is_some_and(|at| at <= turn.now.mono_ms)
        {
            couriering.courier.expire(turn.now.mono_ms);
        }
        for act in couriering.courier.take_acts() {
            self.act(turn, couriering, act)?;
        }
        Ok(())
    }

    fn act(
        &mut self,
        turn: &mut Turn<'_>,
        couriering: &mut Couriering,
        act: Act,
    ) -> Result<(), StorageError> {
        let bundles = couriering.courier.bundles();
        match act {
            Act::Say(id, said) => {
                if let Some(link) = self.links.by_id.get_mut(&id)
                    && let State::Live(live) = &mut link.state
                {
                    items::say_bytes(&mut live.session, said.kind(), said.encode());
                }
            }
            Act::Send(link, tag) => {
                let Some(held) = bundles.get(&tag) else {
                    return Ok(());
                };
                let size = held.envelope.size;
                let outgoing = Outgoing {
                    tag,
                    length: held.length,
                    #[cfg(feature = "simulation")]
                    ghost: size.saturating_sub(held.length),
                    next_part: 0,
                };
                couriering
                    .outgoing
                    .entry(link)
                    .or_default()
                    .push_back(outgoing);
                turn.out.bundle(BundleEvent::Begun {
                    bundle: tag,
                    link,
                    size,
                });
            }
            Act::Sent(link, bundle, done) => {
                if let Some(queue) = couriering.outgoing.get_mut(&link) {
                    queue.retain(|outgoing| outgoing.tag != bundle);
                    if queue.is_empty() {
                        couriering.outgoing.remove(&link);
                    }
                }
                turn.out.bundle(BundleEvent::Ended { bundle, link, done });
            }
            Act::Expect(link, begin) => {
                let arriving = Arriving {
                    begin,
                    contents: BytesMut::new(),
                };
                couriering
                    .arriving
                    .insert((link, begin.envelope.tag), arriving);
            }
            Act::Discard(link, tag) => {
                couriering.arriving.remove(&(link, tag));
            }
            Act::Keep(link, tag) => {
                let arrived = couriering.arriving.remove(&(link, tag));
                if let (Some(arrived), Some(held)) = (arrived, bundles.get(&tag)) {
                    Row::of(held, None, turn.now).save(turn.txn)?;
                    held::keep(turn.txn, &tag, &arrived.contents)?;
                }
                turn.out.bundle(BundleEvent::Taken { bundle: tag, link });
            }
            Act::Update(tag) => {
                if let Some(held) = bundles.get(&tag) {
                    Row::of(held, couriering.own.get(&tag), turn.now).save(turn.txn)?;
                }
            }
            Act::Drop(bundle, length, reason) => {
                couriering.own.remove(&bundle);
                held::remove(turn.txn, &bundle, length)?;
                turn.out.bundle(BundleEvent::Dropped { bundle, reason });
            }
        }
        Ok(())
    }
}

impl Couriering {
    /// When lifetimes are looked at next.
    fn next_expiry_ms(&self) -> Option<u64> {
        let next = self.courier.bundles().next_expiry_ms()?;
        Some(next.div_ceil(EXPIRY_MS).saturating_mul(EXPIRY_MS))
    }

    /// Queues contents for a link, up to about `budget` bytes. Gives the ghost bytes that the last of
    /// them stand for: 0 outside of simulations.
    pub fn fill(
        &mut self,
        id: LinkId,
        session: &mut Session,
        reader: &dyn Reader,
        budget: usize,
    ) -> Result<u64, StorageError> {
        let Some(queue) = self.outgoing.get_mut(&id) else {
            return Ok(0);
        };
        while session.queued() < budget
            && let Some(outgoing) = queue.front_mut()
        {
            let part = held::part(reader, &outgoing.tag, outgoing.next_part)?;
            let Some(part) = part else {
                // It was let go while it was being sent, which the other side is told.
                queue.pop_front();
                continue;
            };
            let mut piece = BytesMut::with_capacity(NAME + part.len());
            piece.put_slice(&outgoing.tag.0[..NAME]);
            piece.put_slice(&part);
            session
                .push(Lane::Media, said::PIECE, piece.freeze())
                .expect("a part is far below MAX_ITEM");
            outgoing.next_part += 1;
            if u64::from(outgoing.next_part) * PART as u64 >= outgoing.length {
                #[cfg(feature = "simulation")]
                let ghost = outgoing.ghost;
                queue.pop_front();
                #[cfg(feature = "simulation")]
                if ghost > 0 {
                    return Ok(ghost);
                }
            }
        }
        Ok(0)
    }
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
