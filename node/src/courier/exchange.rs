//! What a courier says and hears over its links: a state machine that is told what happens and says
//! what is to be done. Contents it never sees.
//!
//! ```text
//! each side    summary ──> listing ──> wanted          again whenever something is new
//! a transfer   sender  begin ──────────── contents ─────────── yours
//!              receiver       go, or stop            whole
//! ```
//!
//! The sender writes its copies off after "whole" and before "yours", and the receiver has the bundle
//! from "yours" on. Wherever a link is cut or a device dies, copies may be lost and never multiply.

use std::collections::BTreeMap;

use hedgerow_transport::bundle::MAX_BUNDLE;
use hedgerow_transport::carrier::LinkId;
use rand_core::Rng;

use super::envelope::{Envelope, Release, Tag};
use super::link::{Link, Listed, Place, Receiving, Sending};
use super::policy::{Offer, Peer, Policy};
use super::said::{Begin, Listing, MAX_RELEASES, Reason, Said, Stop, Summary, Wanted};
use super::settings::{Order, Settings, Turns};
use super::store::{Bundles, Carried, DropReason};

/// Transfers from here under way at once over one link, where the settings do not limit the device's.
const MAX_UNDER_WAY: usize = 4;

/// Where draws of transfers begin that are for the peer itself, that go on where one has just ended, and
/// all others: the lower begins.
const DRAWS_OWN: u32 = 0;
const DRAWS_NEXT: u32 = 1 << 30;
const DRAWS_FIRST: u32 = 2 << 30;

/// The largest size of a bundle, ghosts included: more than any simulation moves.
const MAX_SIZE: u64 = 1 << 40;

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Say something over a link.
    Say(LinkId, Said),
    /// Send the contents of a bundle over a link.
    Send(LinkId, Tag),
    /// Sending has ended, with the peer having all or not; what is left of the contents stays here.
    Sent(LinkId, Tag, bool),
    /// Contents will come over a link.
    Expect(LinkId, Begin),
    /// Forget the contents that have come.
    Discard(LinkId, Tag),
    /// The contents that have come are held from now on.
    Keep(LinkId, Tag),
    /// The number of copies has changed.
    Update(Tag),
    /// A bundle, with contents of so many bytes, is not held any more.
    Drop(Tag, u64, DropReason),
}

/// What became of a bundle whose contents have all come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// It is somebody else's.
    ToCarry,
    /// It was for us and is taken in; with its release value.
    Opened(Option<Release>),
    /// It is not what was offered, or not what was sealed.
    Bad,
}

/// For whom a bundle is, as far as we can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// It is for us, and we have not had it.
    Ours,
    /// It was for us and is taken in: nobody needs it less than we do.
    Had,
    /// It is for others.
    Others,
}

/// The peer said something that it cannot have reason to say: the session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a courier said something out of place")]
pub struct OutOfPlace;

/// Says for whom the bundle of a tag is.
pub type WhoseIs<'a> = &'a mut dyn FnMut(&Tag) -> Whose;

/// A courier.
pub struct Courier {
    settings: Settings,
    pub(super) policy: Box<dyn Policy>,
    pub(super) bundles: Bundles,
    links: BTreeMap<LinkId, Link>,
    /// Transfers under way or about to be, both ways.
    transfers: u32,
    /// The bytes of the bundles that are coming.
    arriving: u64,
    /// A transfer from here has just ended well.
    goes_on: bool,
    acts: Vec<Act>,
}

impl Courier {
    /// One that holds nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Courier {
        let policy = settings.policy.policy();
        Courier::with_policy(settings, policy)
    }

    /// As [`new`](Self::new), with another policy than that of the settings.
    #[must_use]
    pub fn with_policy(settings: Settings, policy: Box<dyn Policy>) -> Courier {
        Courier {
            policy,
            settings,
            bundles: Bundles::default(),
            links: BTreeMap::new(),
            transfers: 0,
            arriving: 0,
            goes_on: false,
            acts: Vec::new(),
        }
    }

    /// How it behaves.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What it holds.
    #[must_use]
    pub fn bundles(&self) -> &Bundles {
        &self.bundles
    }

    /// The policy's wish: whether bundles of ours say for whom they are.
    #[must_use]
    pub fn needs_hint(&self) -> bool {
        self.policy.needs_hint()
    }

    /// What is to be done now.
    pub fn take_acts(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.acts)
    }

    /// Puts back what was held before a restart, in its order.
    pub fn restore(&mut self, carried: Carried) {
        self.bundles.insert_as(carried);
    }

    /// Takes a bundle that we sealed. False: it has no room.
    pub fn add(
        &mut self,
        mut envelope: Envelope,
        length: u64,
        now_ms: u64,
        rng: &mut (impl Rng + ?Sized),
    ) -> bool {
        if !self.make_room(envelope.size) {
            return false;
        }
        envelope.copies = self.policy.copies();
        self.bundles.insert(Carried {
            envelope,
            length,
            since_ms: now_ms as i64,
            order: 0,
            own: true,
            from: None,
            promised: 0,
            sending: 0,
        });
        self.list_new(&envelope.tag, now_ms);
        self.proceed(now_ms, rng);
        true
    }

    /// A bundle is needed no more.
    pub fn remove(&mut self, tag: &Tag, now_ms: u64, rng: &mut (impl Rng + ?Sized)) {
        self.let_go(tag, DropReason::Released);
        self.proceed(now_ms, rng);
    }

    /// Tells all peers values that nobody here has checked, as a liar does.
    #[cfg(feature = "sized")]
    pub fn claim(&mut self, releases: &[Release]) {
        for (id, _) in self.links.iter().filter(|(_, link)| link.greeted) {
            for releases in releases.chunks(MAX_RELEASES) {
                let summary = Summary {
                    greeting: None,
                    releases: releases.to_vec(),
                };
                self.acts.push(Act::Say(*id, Said::Summary(summary)));
            }
        }
    }

    /// Lets go of what has been carried for its whole lifetime.
    pub fn expire(&mut self, now_ms: u64) {
        while let Some(tag) = self.bundles.expired(now_ms) {
            self.let_go(&tag, DropReason::Expired);
        }
    }

    /// A session with a device that carries is up.
    pub fn met(&mut self, link: LinkId, peer: Peer, now_ms: u64) {
        self.links.insert(link, Link::new(peer));
        let releases = match self.settings.releases {
            true => self
                .bundles
                .released()
                .take(MAX_RELEASES)
                .copied()
                .collect(),
            false => Vec::new(),
        };
        let summary = Summary {
            greeting: Some(self.policy.greeting(now_ms).into()),
            releases,
        };
        self.acts.push(Act::Say(link, Said::Summary(summary)));
        if !self.policy.heeds_greeting() {
            self.list_all(link, now_ms);
        }
    }

    /// A session is over.
    pub fn parted(&mut self, id: LinkId, now_ms: u64, rng: &mut (impl Rng + ?Sized)) {
        let Some(link) = self.links.get(&id) else {
            return;
        };
        let peer = link.peer;
        for tag in link.sending.keys().copied().collect::<Vec<_>>() {
            self.end_sending(id, &tag, false);
        }
        let Some(link) = self.links.remove(&id) else {
            return;
        };
        for (tag, receiving) in link.receiving {
            self.transfers -= 1;
            self.arriving -= receiving.begin.envelope.size;
            self.acts.push(Act::Discard(id, tag));
            self.want_again(&tag);
        }
        if self.links.values().all(|other| other.peer != peer) {
            self.policy.parted(&peer);
        }
        self.proceed(now_ms, rng);
    }

    /// The peer has said something.
    ///
    /// # Errors
    /// It had no reason to: the peer's fault.
    pub fn heard(
        &mut self,
        id: LinkId,
        said: Said,
        now_ms: u64,
        rng: &mut (impl Rng + ?Sized),
        whose: WhoseIs<'_>,
    ) -> Result<(), OutOfPlace> {
        let Some(link) = self.links.get_mut(&id) else {
            return Ok(());
        };
        match said {
            Said::Summary(summary) => self.summary(id, summary, now_ms)?,
            Said::Listing(listing) => self.listing(id, &listing, whose),
            Said::Wanted(wanted) => self.wanted(id, &wanted),
            Said::Begin(begin) => self.begin_heard(id, begin, whose),
            Said::Go(tag) => match link.sending.get_mut(&tag) {
                Some(sending) if sending.under_way => return Err(OutOfPlace),
                Some(sending) => {
                    sending.under_way = true;
                    self.acts.push(Act::Send(id, tag));
                }
                None => self.stop(id, tag, Reason::Otherwise),
            },
            Said::Whole(tag) => {
                let under_way = link.sending.get(&tag).is_some_and(|one| one.under_way);
                if under_way {
                    self.end_sending(id, &tag, true);
                    self.acts.push(Act::Say(id, Said::Yours(tag)));
                    self.goes_on = self.settings.turns == Turns::GoOn;
                }
            }
            Said::Yours(tag) => self.yours(id, &tag, now_ms)?,
            Said::Stop(stop) => self.stopped(id, stop),
            Said::Free => link.busy = false,
        }
        self.proceed(now_ms, rng);
        self.goes_on = false;
        Ok(())
    }

    /// All contents of a bundle have come.
    pub fn arrived(
        &mut self,
        id: LinkId,
        tag: &Tag,
        arrival: Arrival,
        now_ms: u64,
        rng: &mut (impl Rng + ?Sized),
    ) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let Some(receiving) = link.receiving.get_mut(tag) else {
            return;
        };
        match arrival {
            Arrival::Bad => {
                link.listed.remove(tag);
                self.end_receiving(id, tag);
                self.acts.push(Act::Discard(id, *tag));
                self.stop(id, *tag, Reason::Unwanted);
                self.want_again(tag);
                self.proceed(now_ms, rng);
            }
            Arrival::ToCarry => {
                receiving.whole = true;
                self.acts.push(Act::Say(id, Said::Whole(*tag)));
            }
            Arrival::Opened(release) => {
                receiving.whole = true;
                let listed = self.links.values_mut();
                for listed in listed.filter_map(|link| link.listed.get_mut(tag)) {
                    listed.whose = Whose::Had;
                }
                self.acts.push(Act::Say(id, Said::Whole(*tag)));
                if let Some(release) = release.filter(|_| self.settings.releases)
                    && self.bundles.remember_release(release)
                {
                    self.tell_release(release);
                }
            }
        }
    }

    fn summary(&mut self, id: LinkId, summary: Summary, now_ms: u64) -> Result<(), OutOfPlace> {
        let Some(link) = self.links.get_mut(&id) else {
            return Ok(());
        };
        let first = !std::mem::replace(&mut link.greeted, true);
        if first && summary.greeting.is_none() {
            return Err(OutOfPlace);
        }
        let (peer, told) = (link.peer, link.told);
        for release in summary.releases {
            self.release_heard(release);
        }
        if let Some(greeting) = summary.greeting {
            let lists = match first {
                true => {
                    self.policy.met(&peer, &greeting, now_ms);
                    !told
                }
                false => self.policy.greeted_anew(&peer, &greeting, now_ms),
            };
            if self.policy.greets_anew() {
                self.greet_anew(now_ms);
            }
            if lists {
                self.list_all(id, now_ms);
            }
        }
        Ok(())
    }

    /// What has changed is told to all who are near.
    fn greet_anew(&mut self, now_ms: u64) {
        let summary = Summary {
            greeting: Some(self.policy.greeting(now_ms).into()),
            releases: Vec::new(),
        };
        for (id, _) in self.links.iter().filter(|(_, link)| link.greeted) {
            self.acts
                .push(Act::Say(*id, Said::Summary(summary.clone())));
        }
    }

    /// What a value releases is dropped, and told on: a value that released nothing here may be
    /// anything, so it goes no further.
    fn release_heard(&mut self, release: Release) {
        if !self.settings.releases {
            return;
        }
        let Some(tag) = self.bundles.released_by(&release) else {
            return;
        };
        self.bundles.remember_release(release);
        self.let_go(&tag, DropReason::Released);
        self.tell_release(release);
    }

    fn tell_release(&mut self, release: Release) {
        for (id, _) in self.links.iter().filter(|(_, link)| link.told) {
            let summary = Summary {
                greeting: None,
                releases: vec![release],
            };
            self.acts.push(Act::Say(*id, Said::Summary(summary)));
        }
    }

    /// Tells a peer all that is held, the newest first as far as the limit goes; later only what it is
    /// offered and was not before.
    fn list_all(&mut self, id: LinkId, now_ms: u64) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.told = true;
        let policy = self.policy.as_ref();
        let mut listing = Listing::default();
        let most = self.settings.max_listed as usize;
        for carried in self.bundles.iter().rev().take(most) {
            let is_news = match link.listed_to.get(&carried.envelope.tag) {
                None => true,
                Some(true) => false,
                Some(false) => policy.offer(carried, &link.peer).is_some(),
            };
            if is_news {
                list(policy, carried, link, now_ms, &mut listing);
            }
        }
        // What the peer wants already may rank otherwise now.
        let asked: Vec<Place> = link.asked.values().copied().collect();
        for place in asked.into_iter().filter(|place| place.to_carry) {
            let carried = self.bundles.get(&place.tag);
            let offer = carried.and_then(|carried| policy.offer(carried, &link.peer));
            if let Some(Offer { rank, .. }) = offer {
                link.ask(Place { rank, ..place });
            }
        }
        if !listing.is_empty() {
            self.acts.push(Act::Say(id, Said::Listing(listing)));
        }
    }

    /// Tells every peer of a bundle that is new here. A peer that has listed it itself has it, unless it
    /// may have let go of it and want it again.
    fn list_new(&mut self, tag: &Tag, now_ms: u64) {
        let Some(carried) = self.bundles.get(tag) else {
            return;
        };
        for (id, link) in &mut self.links {
            let mut listing = Listing::default();
            if link.told && (self.settings.again || !link.listed.contains_key(tag)) {
                list(self.policy.as_ref(), carried, link, now_ms, &mut listing);
            }
            if !listing.is_empty() {
                self.acts.push(Act::Say(*id, Said::Listing(listing)));
            }
        }
    }

    fn listing(&mut self, id: LinkId, listing: &Listing, whose: WhoseIs<'_>) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let mut wanted = Wanted::default();
        let offered = listing.offered.iter().map(|one| (one.tag, Some(*one)));
        let others = listing.others.iter().map(|tag| (*tag, None));
        for (tag, offered) in offered.chain(others) {
            if link.listed.len() >= self.settings.max_listed as usize
                && !link.listed.contains_key(&tag)
            {
                break;
            }
            let held = self.bundles.get(&tag).is_some();
            let whose = match held {
                true => Whose::Others,
                false => whose(&tag),
            };
            let listed = Listed { offered, whose };
            link.listed.insert(tag, listed);
            if !held {
                want(&self.settings, &self.bundles, tag, &listed, &mut wanted);
            }
        }
        if !wanted.is_empty() {
            self.acts.push(Act::Say(id, Said::Wanted(wanted)));
        }
    }

    /// A bundle that did not come to stay is wanted from whoever else has listed it.
    fn want_again(&mut self, tag: &Tag) {
        if self.bundles.get(tag).is_some() {
            return;
        }
        for (id, link) in &self.links {
            let Some(listed) = link.listed.get(tag) else {
                continue;
            };
            let mut wanted = Wanted::default();
            want(&self.settings, &self.bundles, *tag, listed, &mut wanted);
            if !wanted.is_empty() {
                self.acts.push(Act::Say(*id, Said::Wanted(wanted)));
            }
        }
    }

    fn wanted(&mut self, id: LinkId, wanted: &Wanted) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let own = wanted.own.iter().map(|tag| (tag, false));
        let others = wanted.others.iter().map(|tag| (tag, true));
        for (tag, to_carry) in own.chain(others) {
            let Some(carried) = self.bundles.get(tag) else {
                continue;
            };
            if link.sending.contains_key(tag) {
                continue;
            }
            let offer = self.policy.offer(carried, &link.peer);
            let rank = match (to_carry, offer) {
                (true, None) => {
                    link.offer_lapsed(tag);
                    continue;
                }
                (true, Some(offer)) => offer.rank,
                (false, _) => 0,
            };
            let order = match self.settings.order {
                Order::Random => 0,
                Order::Fifo => carried.order,
            };
            link.ask(Place {
                to_carry,
                rank,
                order,
                tag: *tag,
            });
        }
    }

    /// Begins transfers for as long as there is something wanted and a transfer free. Those who wait are
    /// told first that there is one, and draws decide between theirs and ours; but whoever has just sent
    /// goes on.
    fn proceed(&mut self, now_ms: u64, rng: &mut (impl Rng + ?Sized)) {
        if !self.goes_on {
            self.tell_free();
        }
        while self.may_transfer() {
            let most = self
                .settings
                .transfers
                .map_or(MAX_UNDER_WAY, |transfers| transfers as usize);
            let ready = self
                .links
                .iter()
                .filter(|(_, link)| !link.busy && link.sending.len() < most)
                .filter_map(|(id, link)| Some((link.first()?, *id, link)));
            // What is for a peer itself comes first, over whichever link, then what ranks lowest.
            let first = ready.min_by_key(|(place, id, _)| (place.to_carry, place.rank, *id));
            let Some((place, id, link)) = first else {
                break;
            };
            let place = match self.settings.order {
                Order::Random => link.any_like(&place, rng),
                Order::Fifo => place,
            };
            self.begin(id, place, now_ms, rng);
        }
        self.tell_free();
    }

    /// Tells those who wait if a transfer is free.
    fn tell_free(&mut self) {
        if !self.may_transfer() {
            return;
        }
        for (id, link) in self.links.iter_mut().filter(|(_, link)| link.owes) {
            link.owes = false;
            self.acts.push(Act::Say(*id, Said::Free));
        }
    }

    fn may_transfer(&self) -> bool {
        self.settings
            .transfers
            .is_none_or(|most| self.transfers < most)
    }

    fn begin(&mut self, id: LinkId, place: Place, now_ms: u64, rng: &mut (impl Rng + ?Sized)) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.unask(&place.tag);
        let Some(carried) = self.bundles.get_mut(&place.tag) else {
            return;
        };
        let (given, spent) = match self.policy.offer(carried, &link.peer) {
            Some(offer) => (offer.given, offer.spent),
            // Whoever picks what is its own needs no copy.
            None if !place.to_carry => (0, 0),
            None => return link.offer_lapsed(&place.tag),
        };
        carried.promised += spent;
        carried.sending += 1;
        let draws = match (place.to_carry, self.goes_on) {
            (false, _) => DRAWS_OWN,
            (true, true) => DRAWS_NEXT,
            (true, false) => DRAWS_FIRST,
        };
        let begin = Begin {
            envelope: Envelope {
                copies: given,
                ..carried.envelope_at(now_ms)
            },
            length: carried.length,
            draw: draws | rng.next_u32() >> 2,
        };
        let sending = Sending {
            place,
            spent,
            draw: begin.draw,
            under_way: false,
        };
        link.sending.insert(place.tag, sending);
        self.transfers += 1;
        self.acts.push(Act::Say(id, Said::Begin(begin)));
    }

    /// A transfer from here is over. What the peer has got is written off.
    fn end_sending(&mut self, id: LinkId, tag: &Tag, done: bool) -> Option<Sending> {
        let sending = self.links.get_mut(&id)?.sending.remove(tag)?;
        self.transfers -= 1;
        if let Some(carried) = self.bundles.get_mut(tag) {
            carried.sending -= 1;
            carried.promised -= sending.spent;
            if done && sending.spent > 0 {
                carried.envelope.copies -= sending.spent;
                self.acts.push(Act::Update(*tag));
            }
        }
        if sending.under_way {
            self.acts.push(Act::Sent(id, *tag, done));
        }
        Some(sending)
    }

    fn begin_heard(&mut self, id: LinkId, begin: Begin, whose: WhoseIs<'_>) {
        let tag = begin.envelope.tag;
        if let Some(link) = self.links.get_mut(&id)
            && let Some(receiving) = link.receiving.get_mut(&tag)
            && receiving.begin.envelope.size == begin.envelope.size
        {
            // The sender had withdrawn the same transfer and begins it again before it has heard our
            // "go", which it takes for the answer to this.
            receiving.begin.envelope.copies = begin.envelope.copies;
            return;
        }
        let coming = self
            .links
            .values()
            .any(|link| link.receiving.contains_key(&tag));
        let Some(link) = self.links.get(&id) else {
            return;
        };
        let listed = link.listed.get(&tag);
        let held = self.bundles.get(&tag).is_some();
        let whose = match listed.map(|listed| listed.whose) {
            Some(Whose::Ours) => whose(&tag),
            Some(whose) => whose,
            None => Whose::Had,
        };
        let own = whose == Whose::Ours;
        let welcome = whose != Whose::Had
            && !held
            && !coming
            && begin.length <= begin.envelope.size.min(MAX_BUNDLE as u64)
            && begin.envelope.size <= MAX_SIZE
            && (own || self.may_bring(link, &begin.envelope));
        if !welcome {
            return self.stop(id, tag, Reason::Unwanted);
        }
        if !self.may_transfer() && !self.withdraw(begin.draw) {
            if let Some(link) = self.links.get_mut(&id) {
                link.owes = true;
            }
            return self.stop(id, tag, Reason::Busy);
        }
        // What comes needs room while it comes, whoever it is for. Ours comes even if it is larger than
        // all room there is.
        let size = begin.envelope.size;
        if !self.make_room(size) && !own {
            return self.stop(id, tag, Reason::Unwanted);
        }
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        if !own {
            link.brought_bytes = link.brought_bytes.saturating_add(size);
            link.brought += 1;
        }
        let receiving = Receiving {
            begin,
            own,
            whole: false,
        };
        link.receiving.insert(tag, receiving);
        self.transfers += 1;
        self.arriving = self.arriving.saturating_add(size);
        self.acts.push(Act::Expect(id, begin));
        self.acts.push(Act::Say(id, Said::Go(tag)));
    }

    /// Whether a link may bring us a bundle to carry.
    fn may_bring(&self, link: &Link, envelope: &Envelope) -> bool {
        let bytes = link.brought_bytes.saturating_add(envelope.size);
        envelope.copies > 0
            && may_carry(&self.settings, &self.bundles, envelope)
            && self.settings.link_bytes.is_none_or(|most| bytes <= most)
            && self
                .settings
                .link_bundles
                .is_none_or(|most| link.brought < most)
    }

    /// Takes back a transfer that has not begun, if its draw is higher than another's. Of a ring of
    /// devices that all want to begin, the one with the lowest draw does.
    fn withdraw(&mut self, draw: u32) -> bool {
        let waiting = self.links.iter().flat_map(|(id, link)| {
            link.sending
                .iter()
                .filter(|(_, sending)| !sending.under_way && sending.draw > draw)
                .map(move |(tag, sending)| (sending.draw, *id, *tag))
        });
        let Some((_, id, tag)) = waiting.max() else {
            return false;
        };
        let sending = self.end_sending(id, &tag, false);
        self.ask_again(id, sending);
        // What has not been said yet need not be.
        let is_begin = |act: &Act| match act {
            Act::Say(link, Said::Begin(begin)) => *link == id && begin.envelope.tag == tag,
            _ => false,
        };
        if let Some(place) = self.acts.iter().rposition(is_begin) {
            self.acts.remove(place);
        }
        true
    }

    fn ask_again(&mut self, id: LinkId, sending: Option<Sending>) {
        if let (Some(link), Some(sending)) = (self.links.get_mut(&id), sending) {
            link.ask(sending.place);
        }
    }

    /// The sender has written its copies off: the bundle is ours to carry.
    fn yours(&mut self, id: LinkId, tag: &Tag, now_ms: u64) -> Result<(), OutOfPlace> {
        let Some(link) = self.links.get(&id) else {
            return Ok(());
        };
        let whole = link.receiving.get(tag).filter(|receiving| receiving.whole);
        let receiving = *whole.ok_or(OutOfPlace)?;
        let from = link.peer.device;
        self.end_receiving(id, tag);
        if receiving.own {
            return Ok(());
        }
        let mut envelope = receiving.begin.envelope;
        let room = self.make_room(envelope.size);
        if !room || self.bundles.is_released(&envelope.release) {
            self.acts.push(Act::Discard(id, *tag));
            return Ok(());
        }
        envelope.copies = envelope.copies.min(self.policy.copies());
        self.bundles.insert(Carried {
            envelope,
            length: receiving.begin.length,
            since_ms: now_ms as i64,
            order: 0,
            own: false,
            from: Some(from),
            promised: 0,
            sending: 0,
        });
        self.acts.push(Act::Keep(id, *tag));
        self.list_new(tag, now_ms);
        Ok(())
    }

    fn end_receiving(&mut self, id: LinkId, tag: &Tag) -> bool {
        let Some(link) = self.links.get_mut(&id) else {
            return false;
        };
        let Some(receiving) = link.receiving.remove(tag) else {
            return false;
        };
        self.transfers -= 1;
        self.arriving -= receiving.begin.envelope.size;
        true
    }

    fn stop(&mut self, id: LinkId, tag: Tag, reason: Reason) {
        self.acts
            .push(Act::Say(id, Said::Stop(Stop { tag, reason })));
    }

    fn stopped(&mut self, id: LinkId, stop: Stop) {
        if self.end_receiving(id, &stop.tag) {
            self.acts.push(Act::Discard(id, stop.tag));
            if let Some(link) = self.links.get_mut(&id)
                && stop.reason == Reason::Gone
            {
                link.listed.remove(&stop.tag);
            }
            // Others were told meanwhile that it was coming.
            self.want_again(&stop.tag);
            return;
        }
        let sending = self.end_sending(id, &stop.tag, false);
        if stop.reason == Reason::Busy && sending.is_some() {
            if let Some(link) = self.links.get_mut(&id) {
                link.busy = true;
            }
            self.ask_again(id, sending);
        }
    }

    /// Lets go of what came first until so many bytes have room. False: they never will.
    pub(super) fn make_room(&mut self, bytes: u64) -> bool {
        let quota = self.settings.quota_bytes;
        let taken = |courier: &Courier| {
            courier
                .bundles
                .bytes()
                .saturating_add(courier.arriving)
                .saturating_add(bytes)
        };
        let surplus = taken(self).saturating_sub(quota);
        if surplus > 0 && !self.bundles.could_free(surplus) {
            return false;
        }
        while taken(self) > quota
            && let Some(tag) = self.bundles.oldest_idle()
        {
            self.let_go(&tag, DropReason::Full);
        }
        true
    }

    pub(super) fn let_go(&mut self, tag: &Tag, reason: DropReason) {
        let Some(carried) = self.bundles.remove(tag) else {
            return;
        };
        let sending: Vec<LinkId> = self
            .links
            .iter_mut()
            .filter_map(|(id, link)| {
                link.unask(tag);
                link.listed_to.remove(tag);
                link.sending.contains_key(tag).then_some(*id)
            })
            .collect();
        for id in sending {
            self.end_sending(id, tag, false);
            self.stop(id, *tag, Reason::Gone);
        }
        self.acts.push(Act::Drop(*tag, carried.length, reason));
        if reason == DropReason::Full && self.settings.again {
            self.want_again(tag);
        }
    }
}

impl std::fmt::Debug for Courier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Courier")
            .field("bundles", &self.bundles.len())
            .field("links", &self.links.len())
            .finish_non_exhaustive()
    }
}

/// Puts a bundle where it belongs for a peer.
fn list(
    policy: &dyn Policy,
    carried: &Carried,
    link: &mut Link,
    now_ms: u64,
    listing: &mut Listing,
) {
    let envelope = carried.envelope_at(now_ms);
    if envelope.is_expired() || !policy.lists(carried, &link.peer) {
        return;
    }
    let offer = policy.offer(carried, &link.peer);
    link.listed_to.insert(envelope.tag, offer.is_some());
    match offer {
        Some(offer) => listing.offered.push(Envelope {
            copies: offer.given,
            ..envelope
        }),
        None => listing.others.push(envelope.tag),
    }
}

/// Puts a bundle that a peer has listed, and that is not held, among what is wanted, if it is.
fn want(settings: &Settings, bundles: &Bundles, tag: Tag, listed: &Listed, wanted: &mut Wanted) {
    let may_carry = |offered| may_carry(settings, bundles, &offered);
    match listed.whose {
        Whose::Ours => wanted.own.push(tag),
        Whose::Others if listed.offered.is_some_and(may_carry) => wanted.others.push(tag),
        Whose::Had | Whose::Others => {}
    }
}

/// Whether a bundle that is offered, and not held, is one to carry.
pub(super) fn may_carry(settings: &Settings, bundles: &Bundles, offered: &Envelope) -> bool {
    offered.size <= settings.quota_bytes
        && !offered.is_expired()
        && !bundles.is_released(&offered.release)
}
