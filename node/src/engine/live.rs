//! A session with a contact's device (`docs/PROTOCOL.md` sections 7 to 9): hello, facts, the rotation of
//! the psk, and reconciliation, which `sync` does.

use std::collections::{BTreeSet, VecDeque};

use bytes::BytesMut;
use hedgerow_sync::id::{DeviceId, IdentityId, Incarnation, SpaceId};
use hedgerow_sync::reconcile::Reconciler;
use hedgerow_sync::store::{Reader, StorageError};
use hedgerow_transport::beacon::{EPOCH_MS, epochs_ahead};
use hedgerow_transport::carrier::LinkId;
use hedgerow_transport::psk::{self, Proposal};
use hedgerow_transport::session::{Item, Session};
use minicbor::bytes::ByteArray;

use super::bundles::Couriered;
use super::fact::{FactKind, Versions};
use super::fault::{LinkError, PeerFault};
use super::files::{self, Transfers, media_window};
use super::items::{self, Bye, ByeItem, Hello};
use super::link::{Link, State};
use super::links::{Errand, Up};
use super::people::psk::PskProof;
use super::reach::dialling::Target;
use super::silence::{Waiting, is_watched};
use super::{Effects as _, Engine, Outbox, Owners, Turn, View, reconciling, share};
use crate::courier::said;

/// The most bytes that a carrier has for one link and has not yet written.
pub(crate) const SEND_WINDOW: usize = 1 << 20;

/// The most bytes that we fill into one link at once. Small enough that the first bytes leave while we read the rest
/// and that each link has its turn, large enough for full records.
const SLICE: usize = 1 << 18;

/// While a carrier has more unwritten bytes than this for a link, we give it no more.
pub const MOST_UNWRITTEN: usize = SEND_WINDOW - SLICE;

/// The least room for media that we fill. Each record has bytes of its own and padding, which small ones would multiply
/// where a carrier writes a few bytes at a time.
const LEAST_MEDIA: usize = 2 << 10;

/// If two links to one device come up within this time, both sides have dialled at once.
const SIMULTANEOUS_MS: u64 = 10_000;

/// The delay before we save what the beginning of a session told about a device.
const SAVE_MS: u64 = 30_000;

/// The longest time that a link under the rescue key stays open after hello.
pub(super) const RESCUE_MS: u64 = 20_000;

/// A link on which a contact's device has proven itself, or is about to.
pub(crate) struct Live {
    pub device: DeviceId,
    pub identity: IdentityId,
    pub session: Session,
    /// Under the rescue key: it carries only hello, psk items and facts.
    pub rescue: bool,
    /// Under the rescue key: the proofs of which the other side's hello holds one if nobody has lost a psk, as of our
    /// own hello. Another session may rotate the psk meanwhile.
    pub proofs: Vec<PskProof>,
    /// The other side's hello.
    pub hello: Option<Hello>,
    /// The facts told in this session, so that we tell none twice.
    pub told: Versions,
    /// The groups of which we have told our key in this session, and those of which we have answered with it.
    pub told_keys: BTreeSet<SpaceId>,
    pub answered_keys: BTreeSet<SpaceId>,
    /// The groups in which it brings entries, or had its turn to.
    pub turns: BTreeSet<SpaceId>,
    /// The number of device lists that the other side has told.
    pub lists: usize,
    /// Our proposal of the next psk.
    pub proposal: Option<Proposal>,
    pub sync: Reconciler,
    /// A bundle for us that has arrived whole over this link, while we take it in.
    pub couriered: Option<Box<Couriered>>,
    /// Files that come and go.
    pub transfers: Transfers,
    /// Items that wait until those before them are taken in.
    pub items: VecDeque<Item>,
    /// We have said something since the last item came, so the next item ends a round trip. Our hello counts as said
    /// from the beginning, even if it crosses the other's.
    pub spoke: bool,
    /// When the other side's hello came; until then, when the handshake ended (monotonic milliseconds).
    pub since_ms: u64,
    /// The other side has said that another link has taken this one's place.
    pub is_displaced: bool,
    /// Set while a message that we sent is not acknowledged, or chunks that we asked for have not come.
    pub waiting: Option<Waiting>,
}

impl Live {
    /// Whether something that has arrived is not taken in yet.
    pub(super) fn is_behind(&self) -> bool {
        self.sync.is_busy() || self.couriered.is_some() || !self.items.is_empty()
    }
}

impl Owners {
    /// Makes a session, and queues our hello.
    pub(super) fn new_live(
        &mut self,
        turn: &mut Turn<'_>,
        id: DeviceId,
        mut session: Session,
        rescue: bool,
    ) -> Result<Box<Live>, LinkError> {
        let device = self.people.devices.get(&id).ok_or(PeerFault::Handshake)?;
        let sync = self.conversations.reconciler(
            &self.account,
            &self.groups,
            turn,
            id,
            device.identity,
            &session,
        )?;
        let hello = Hello {
            version: items::SESSION_VERSION,
            features: match self.couriering {
                Some(_) => self.account.features | items::CARRIES,
                None => self.account.features,
            },
            device_list_version: self.account.told.versions.of(FactKind::DeviceList),
            device_list_hash: ByteArray::from(self.account.device_list_hash),
            wall_ms: turn.now.wall_ms,
            root: ByteArray::from(sync.root()),
            psk_number: device.psk.number,
            have: device.held.clone(),
            incarnation: self.account.incarnation.0,
            psk_proof: rescue.then(|| device.psk.prove(&session)),
        };
        let proofs = match rescue {
            true => device.psk.proofs_of_theirs(&session),
            false => Vec::new(),
        };
        items::say(&mut session, items::HELLO, &hello);
        self.traffic.sessions += 1;
        Ok(Box::new(Live {
            device: id,
            identity: device.identity,
            session,
            rescue,
            proofs,
            hello: None,
            told: Versions::default(),
            told_keys: BTreeSet::new(),
            answered_keys: BTreeSet::new(),
            turns: BTreeSet::new(),
            lists: 0,
            proposal: None,
            sync,
            couriered: None,
            transfers: Transfers::default(),
            items: VecDeque::new(),
            spoke: true,
            since_ms: turn.now.mono_ms,
            is_displaced: false,
            waiting: None,
        }))
    }

    /// Takes in what arrived on a session, as far as a slice of work goes. False if the session is over.
    pub(super) fn live_bytes(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        link: &mut Link,
        live: &mut Live,
        bytes: &[u8],
    ) -> Result<bool, LinkError> {
        if !bytes.is_empty() {
            let now_ms = turn.now.mono_ms;
            live.waiting = live.waiting.and_then(|waiting| waiting.heard(now_ms));
        }
        let arrived = live.session.receive(bytes)?;
        turn.meter
            .count(share::work_of_opening(bytes.len(), arrived.len()));
        live.items.extend(arrived);
        let end = turn.slice_end();
        while turn.meter.spent() < end {
            if live.sync.is_busy() {
                self.sync_proceed(turn, live)?;
                continue;
            }
            if let Some(couriered) = live.couriered.take() {
                live.couriered = self.take_couriered(turn, id, couriered, end)?;
                continue;
            }
            let Some(item) = live.items.pop_front() else {
                break;
            };
            turn.meter
                .count(share::work_of(item.kind, item.content.len()));
            self.traffic.round_trips += u64::from(std::mem::take(&mut live.spoke));
            if !self.live_item(turn, id, link, live, &item)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn live_item(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        link: &mut Link,
        live: &mut Live,
        item: &Item,
    ) -> Result<bool, LinkError> {
        match (item.kind, live.hello.is_some()) {
            (items::HELLO, false) => return self.hello(turn, id, link, live, items::decode(item)?),
            (items::HELLO, true) | (_, false) => return Err(PeerFault::OutOfPlace.into()),
            (items::BYE, _) => {
                let bye: ByeItem = items::decode(item)?;
                self.handle_bye(turn, live, bye.reason)?;
                return Ok(false);
            }
            (items::FACT, _) => self.handle_fact(turn, live, items::decode(item)?)?,
            (items::FACT_HELD, _) => self.fact_held(turn, live.device, items::decode(item)?)?,
            (psk::PROPOSE, _) => {
                self.people
                    .psk_proposed(&self.account, turn, live, &item.content)?
            }
            (psk::ANSWER, _) => self.people.psk_answered(turn, live, &item.content)?,
            (psk::MOVED, _) => return self.people.psk_moved(turn, live, &item.content),
            (items::MEMBER_KEY, _) if !live.rescue => {
                self.member_key_told(turn, live, &item.content)?
            }
            (kind, _) if items::SYNC.contains(&kind) && !live.rescue => {
                self.sync_item(turn, live, item)?
            }
            (kind, _) if said::KINDS.contains(&kind) && !live.rescue => {
                self.courier_item(turn, id, live, item)?
            }
            (kind, _) if files::KINDS.contains(&kind) && !live.rescue => {
                self.file_item(turn, id, link.carrier, live, item)?
            }
            _ => {}
        }
        Ok(true)
    }

    /// Handles the other side's first item: from here on the session is up.
    fn hello(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        link: &mut Link,
        live: &mut Live,
        hello: Hello,
    ) -> Result<bool, LinkError> {
        if hello.version != items::SESSION_VERSION {
            return Err(PeerFault::BadItem.into());
        }
        link.proven = true;
        live.since_ms = turn.now.mono_ms;
        live.hello = Some(hello.clone());
        if live.rescue {
            link.deadline_ms = Some(turn.now.mono_ms + RESCUE_MS);
            // The attempt has served its purpose. When this link is over, we want a session with the device again.
            self.reach.drop_target(Target::Device(live.device));
            self.people
                .rescue_begun(&self.account, turn, live, &hello)?;
            return Ok(true);
        }
        if !self.settle_duplicate(turn, live, &hello) {
            self.say_bye(turn, id, live, Bye::Replaced);
            return Ok(false);
        }
        link.deadline_ms = None;
        let up = Up {
            link: id,
            role: live.session.role(),
            incarnation: hello.incarnation,
            since_ms: live.since_ms,
        };
        self.sessions.insert(live.device, up);
        self.reach.session_begun(live.device);
        self.people.refusals.remove(&live.device);
        self.session_begun(turn, link, live, &hello)?;
        self.people
            .compare_device_list(turn, live.identity, &hello)?;
        self.raise_outrun_facts(turn, &hello)?;
        self.people.tell_facts(&self.account, turn, live)?;
        self.people.propose_if_due(&self.account, turn, live)?;
        self.tell_member_keys(live);
        self.sync_begun(
            turn,
            live,
            hello.root.into(),
            Incarnation(hello.incarnation),
        )?;
        if let Some(couriering) = &mut self.couriering
            && hello.features & items::CARRIES != 0
        {
            couriering.met(id, live.device, live.identity, turn.now);
        }
        turn.pending.contacts.insert(live.identity);
        self.ask_held(turn, live)?;
        self.fetch_more(turn, id, link.carrier, live)?;
        Ok(true)
    }

    /// Remembers what the beginning of a session tells about the device.
    fn session_begun(
        &mut self,
        turn: &mut Turn<'_>,
        link: &Link,
        live: &Live,
        hello: &Hello,
    ) -> Result<(), LinkError> {
        let device = self
            .people
            .devices
            .get_mut(&live.device)
            .ok_or(PeerFault::OutOfPlace)?;
        device.last_seen_ms = Some(turn.now.wall_ms);
        device.features = Some(hello.features);
        let offset_ms = hello.wall_ms.saturating_sub(turn.now.wall_ms);
        // Every hello shows a small error of the clock. That changes no beacon.
        let epoch_moved = epochs_ahead(device.clock_offset_ms) != epochs_ahead(offset_ms);
        let moved_ms = offset_ms.saturating_sub(device.clock_offset_ms);
        device.clock_offset_ms = offset_ms;
        if let Some(attempt) = &link.attempt
            && attempt.endpoint.lasts()
        {
            device.found_at(&attempt.endpoint);
        }
        for (kind, version) in hello.have.iter() {
            let raised = device.given.raise(kind, version);
            if raised && kind == FactKind::BeaconKey {
                self.reach.announcement_changed();
            }
        }
        self.people
            .unsaved
            .entry(live.device)
            .or_insert(turn.now.mono_ms + SAVE_MS);
        self.people.psk_seen(turn, live.device, hello.psk_number)?;
        let was_guessed = self.reach.is_sure_of(live.device);
        if epoch_moved || was_guessed {
            self.reach.beacons_changed();
        }
        if moved_ms.saturating_abs() > EPOCH_MS {
            self.reach.doubt_clocks(turn.now);
        }
        Ok(())
    }

    /// Applies the rule for two links to one device (`docs/PROTOCOL.md` section 8). True if this link stays and the
    /// other one ends; false if the caller must end this one.
    fn settle_duplicate(&mut self, turn: &mut Turn<'_>, live: &Live, hello: &Hello) -> bool {
        let Some(other) = self.sessions.get(&live.device) else {
            return true;
        };
        let same_opening = other.incarnation == hello.incarnation;
        let at_once = turn.now.mono_ms.saturating_sub(other.since_ms) < SIMULTANEOUS_MS;
        let dialled_by_us = live.session.role() == hedgerow_transport::session::Role::Dialler;
        let dialled_by_lower = dialled_by_us == (self.account.device_id < live.device);
        // A side that has dialled both moves the session to the newer link.
        let moves = other.role == live.session.role();
        if same_opening && at_once && !moves && !dialled_by_lower {
            return false;
        }
        turn.errands.push(Errand::Replace(other.link));
        true
    }

    /// Tells the other side why a session ends. The caller ends the link.
    pub(super) fn say_bye(&mut self, turn: &mut Turn<'_>, id: LinkId, live: &mut Live, bye: Bye) {
        items::say(
            &mut live.session,
            items::BYE,
            &ByeItem { reason: bye as u8 },
        );
        let mut sealed = BytesMut::new();
        live.session.seal(&mut sealed, usize::MAX);
        self.traffic.sent_bytes += sealed.len() as u64;
        turn.out.send(id, sealed.freeze());
    }

    fn handle_bye(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        reason: u8,
    ) -> Result<(), LinkError> {
        live.is_displaced = reason == Bye::Replaced as u8;
        if reason == Bye::Removed as u8 && !live.rescue {
            let device = self
                .people
                .devices
                .get_mut(&live.device)
                .ok_or(PeerFault::OutOfPlace)?;
            device.gone = true;
            device.save(turn.txn, live.device)?;
            self.reach.announcement_changed();
        }
        Ok(())
    }

    /// Tidies up after a session that either side has ended.
    pub(super) fn live_over(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        live: &mut Live,
    ) -> Result<(), StorageError> {
        if self
            .sessions
            .get(&live.device)
            .is_some_and(|up| up.link == id)
        {
            self.sessions.remove(&live.device);
            self.reach.session_over(live.device);
            turn.pending.contacts.insert(live.identity);
            if let Some(device) = self.people.devices.get_mut(&live.device) {
                device.last_seen_ms = Some(turn.now.wall_ms);
                device.save(turn.txn, live.device)?;
                self.people.unsaved.remove(&live.device);
            }
        }
        self.transfers_over(turn, live);
        let view = View::of(&self.account, &self.people, &self.sessions);
        self.reach.want_device(turn, view, live.device);
        if let Some(couriering) = &mut self.couriering {
            couriering.parted(turn, id);
        }
        // Messages of this session that did not arrive wait for couriers from now on.
        self.courier_queued_for(turn, live.device);
        Ok(())
    }
}

impl Engine {
    /// Ends a link that is not in the map. Where a session is up, tells the other side why.
    pub(super) fn part(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        mut link: Link,
        bye: Bye,
    ) -> Result<(), StorageError> {
        if let State::Live(live) = &mut link.state {
            if live.hello.is_some() && !live.rescue {
                self.owners.say_bye(turn, id, live, bye);
            }
            self.owners.live_over(turn, id, live)?;
        }
        self.end_link(turn, id, link);
        Ok(())
    }

    /// Another link to the same device has taken this one's place.
    pub(super) fn replace(&mut self, turn: &mut Turn<'_>, id: LinkId) {
        let Some(mut link) = self.links.by_id.remove(&id) else {
            return;
        };
        if let State::Live(live) = &mut link.state {
            self.owners.say_bye(turn, id, live, Bye::Replaced);
            self.owners.transfers_over(turn, live);
            // The session goes on over the other link.
            turn.errands.push(Errand::Fetch);
        }
        self.end_link(turn, id, link);
    }

    /// Fills a slice of what is queued into each link whose window is open. False if nothing more waits.
    pub(super) fn fill(
        &mut self,
        reader: &dyn Reader,
        out: &mut Outbox,
    ) -> Result<bool, StorageError> {
        let mut more = false;
        let cryptography = self.owners.account.cryptography();
        let now_ms = self.ticked.map_or(0, |now| now.mono_ms);
        for (id, link) in &mut self.links.by_id {
            if link.unwritten > MOST_UNWRITTEN {
                continue;
            }
            let mut sealed = BytesMut::new();
            let mut budget = SLICE;
            let mut ghost = 0;
            match &mut link.state {
                State::Live(live) => {
                    let says_entries = reconciling::fill(
                        &mut live.sync,
                        &mut live.session,
                        reader,
                        &self.owners.account.mark_key,
                        budget,
                    )?;
                    let asks_chunks = live.transfers.take_asks();
                    if (says_entries || asks_chunks) && is_watched(link.carrier, cryptography) {
                        live.waiting.get_or_insert(Waiting::new(now_ms));
                    }
                    if let Some(couriering) = &mut self.owners.couriering {
                        ghost = couriering.fill(*id, &mut live.session, reader, budget)?;
                    }
                    if ghost > 0 {
                        // Everything that is queued leaves together, so that the ghost follows the last byte.
                        budget = usize::MAX;
                    }
                    live.transfers.read_more(link.carrier, &live.session, out);
                    let room = media_window(link.carrier).saturating_sub(link.unwritten);
                    let media = if room < LEAST_MEDIA { 0 } else { room };
                    live.session.seal_media(&mut sealed, budget, media);
                    live.spoke |= !sealed.is_empty();
                    // Reconciliation stops after its share of work, even if it found nothing to say.
                    more |= live.session.queued() == 0 && live.sync.has_more();
                }
                State::Meeting(meeting) => meeting.session.seal(&mut sealed, budget),
                _ => {}
            }
            if !sealed.is_empty() {
                link.unwritten = link
                    .unwritten
                    .saturating_add(sealed.len())
                    .saturating_add(ghost as usize);
                self.owners.traffic.sent_bytes += sealed.len() as u64;
                // A slice that is far from full was the last one.
                more |= ghost > 0 || sealed.len() >= SLICE / 2;
                out.send(*id, sealed.freeze());
                #[cfg(feature = "simulation")]
                if ghost > 0 {
                    out.ghost(*id, ghost);
                }
            }
        }
        Ok(more)
    }
}
