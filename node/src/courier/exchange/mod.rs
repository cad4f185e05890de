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
    ToHold,
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
    pub(in crate::courier) policy: Box<dyn Policy>,
    pub(in crate::courier) bundles: Bundles,
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
    pub fn restore(&mut self, held: Held) {
        self.bundles.insert_as(held);
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

    /// Lets go of what came first until so many bytes have room. False: they never will.
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

/// Whether a bundle that is offered, and not held, is one to carry.
pub(in crate::courier) fn may_hold(
    settings: &Settings,
    bundles: &Bundles,
    offered: &Envelope,
) -> bool {
    offered.size <= settings.quota_bytes
        && !offered.is_expired()
        && !bundles.is_released(&offered.release)
}
