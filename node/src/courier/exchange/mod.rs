//! The exchange of a courier over its links: a state machine that takes events and returns actions. It never sees
//! contents.
//!
//! ```text
//! each side    summary ──> listing ──> wanted          again whenever something is new
//! a transfer   sender  begin ──────────── contents ─────────── yours
//!              receiver       go, or stop            whole
//! ```
//!
//! The sender writes its copies off after "whole" and before "yours", and the receiver has the bundle from "yours" on.
//! Wherever a link is cut or a device dies, copies may be lost but never multiply.

mod telling;
mod transfers;

use std::collections::BTreeMap;

use hedgerow_transport::carrier::LinkId;
use rand_core::Rng;

use crate::courier::envelope::{Envelope, Release, Tag};
use crate::courier::link::Link;
use crate::courier::policy::{Peer, Policy};
use crate::courier::said::{Begin, MAX_RELEASES, Reason, Said, Summary};
use crate::courier::settings::{Settings, Turns};
use crate::courier::store::{Bundles, DropReason, Held};

/// An action for the engine; execute them in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Send a message over a link.
    Say(LinkId, Said),
    /// Send the contents of a bundle over a link.
    Send(LinkId, Tag),
    /// Sending has ended; the flag says whether the peer has everything. The unsent contents stay here.
    Sent(LinkId, Tag, bool),
    /// Contents will come over a link.
    Expect(LinkId, Begin),
    /// Discard the contents that have arrived.
    Discard(LinkId, Tag),
    /// Keep the arrived contents: the courier now holds the bundle.
    Keep(LinkId, Tag),
    /// The number of copies has changed; store it.
    Update(Tag),
    /// The courier no longer holds a bundle with this many bytes of contents.
    Drop(Tag, u64, DropReason),
}

/// The result of checking a bundle whose contents have all arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// It is for somebody else.
    ToHold,
    /// It was for us and has been taken in; with its release value.
    Opened(Option<Release>),
    /// It differs from what was offered, or its seal is broken.
    Bad,
}

/// The recipient of a bundle, as far as we can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// It is for us, and we do not have it yet.
    Ours,
    /// It was for us and has been taken in already.
    Had,
    /// It is for others.
    Others,
}

/// The peer sent a message that makes no sense in this state: the session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a courier said something out of place")]
pub struct OutOfPlace;

/// Finds the recipient of a bundle by its tag.
pub type WhoseIs<'a> = &'a mut dyn FnMut(&Tag) -> Whose;

/// A courier.
pub struct Courier {
    settings: Settings,
    pub(in crate::courier) policy: Box<dyn Policy>,
    pub(in crate::courier) bundles: Bundles,
    links: BTreeMap<LinkId, Link>,
    /// Transfers in both directions that run or are about to start.
    transfers: u32,
    /// Total size of arriving bundles.
    arriving: u64,
    /// A transfer from here has just succeeded, so we may send the next.
    goes_on: bool,
    acts: Vec<Act>,
}

impl Courier {
    /// A courier without bundles.
    #[must_use]
    pub fn new(settings: Settings) -> Courier {
        let policy = settings.policy.policy();
        Courier::with_policy(settings, policy)
    }

    /// As [`new`](Self::new), with another policy than the one in the settings.
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

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The bundles that it holds.
    #[must_use]
    pub fn bundles(&self) -> &Bundles {
        &self.bundles
    }

    /// Whether our bundles must carry a hint of the recipient, as the policy asks.
    #[must_use]
    pub fn needs_hint(&self) -> bool {
        self.policy.needs_hint()
    }

    /// Takes the pending actions.
    pub fn take_acts(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.acts)
    }

    /// Restores a bundle held before a restart, at its old place in the order.
    pub fn restore(&mut self, held: Held) {
        self.bundles.insert_as(held);
    }

    /// Adds a bundle that we sealed. False if it has no room.
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
        self.bundles.insert(Held {
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

    /// Drops a bundle that nobody needs any more.
    pub fn remove(&mut self, tag: &Tag, now_ms: u64, rng: &mut (impl Rng + ?Sized)) {
        self.let_go(tag, DropReason::Released);
        self.proceed(now_ms, rng);
    }

    /// Sends values that nobody here has checked to all peers, as a liar does.
    #[cfg(feature = "simulation")]
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

    /// Drops the bundles whose lifetime is over.
    pub fn expire(&mut self, now_ms: u64) {
        while let Some(tag) = self.bundles.expired(now_ms) {
            self.let_go(&tag, DropReason::Expired);
        }
    }

    /// Handles a new session with a device that carries.
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

    /// Handles the end of a session.
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

    /// Handles a message of the peer.
    ///
    /// # Errors
    /// It makes no sense in this state: the peer's fault.
    pub fn handle(
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
            Said::Begin(begin) => self.handle_begin(id, begin, whose),
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

    /// Handles a bundle whose contents have all arrived.
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
            Arrival::ToHold => {
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

    /// Drops the oldest bundles until this many bytes have room. False, without dropping any, if that is impossible.
    pub(in crate::courier) fn make_room(&mut self, bytes: u64) -> bool {
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

    pub(in crate::courier) fn let_go(&mut self, tag: &Tag, reason: DropReason) {
        let Some(held) = self.bundles.remove(tag) else {
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
        self.acts.push(Act::Drop(*tag, held.length, reason));
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

/// Whether to carry an offered bundle that we do not hold.
pub(in crate::courier) fn may_hold(
    settings: &Settings,
    bundles: &Bundles,
    offered: &Envelope,
) -> bool {
    offered.size <= settings.quota_bytes
        && !offered.is_expired()
        && !bundles.is_released(&offered.release)
}
