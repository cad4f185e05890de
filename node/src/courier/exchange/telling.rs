//! Announces what a courier holds to its peers, and asks for the bundles that it wants.

use hedgerow_transport::carrier::LinkId;

use super::{Act, Courier, OutOfPlace, Whose, WhoseIs, may_hold};
use crate::courier::envelope::{Envelope, Release, Tag};
use crate::courier::link::{Link, Listed, Place};
use crate::courier::policy::{Offer, Policy};
use crate::courier::said::{Listing, Said, Summary, Wanted};
use crate::courier::settings::{Order, Settings};
use crate::courier::store::{Bundles, DropReason, Held};

impl Courier {
    pub(super) fn summary(
        &mut self,
        id: LinkId,
        summary: Summary,
        now_ms: u64,
    ) -> Result<(), OutOfPlace> {
        let Some(link) = self.links.get_mut(&id) else {
            return Ok(());
        };
        let first = !std::mem::replace(&mut link.greeted, true);
        if first && summary.greeting.is_none() {
            return Err(OutOfPlace);
        }
        let (peer, told) = (link.peer, link.told);
        for release in summary.releases {
            self.handle_release(release);
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

    /// Sends a changed greeting to all connected peers.
    pub(super) fn greet_anew(&mut self, now_ms: u64) {
        let summary = Summary {
            greeting: Some(self.policy.greeting(now_ms).into()),
            releases: Vec::new(),
        };
        for (id, _) in self.links.iter().filter(|(_, link)| link.greeted) {
            self.acts
                .push(Act::Say(*id, Said::Summary(summary.clone())));
        }
    }

    /// Drops the bundle that a value releases, and passes the value on. A value that released nothing here may be
    /// invalid, so it goes no further.
    pub(super) fn handle_release(&mut self, release: Release) {
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

    pub(super) fn tell_release(&mut self, release: Release) {
        for (id, _) in self.links.iter().filter(|(_, link)| link.told) {
            let summary = Summary {
                greeting: None,
                releases: vec![release],
            };
            self.acts.push(Act::Say(*id, Said::Summary(summary)));
        }
    }

    /// Lists everything held to a peer, the newest first up to the limit. Later calls list only what is offered now
    /// and was not before.
    pub(super) fn list_all(&mut self, id: LinkId, now_ms: u64) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.told = true;
        let policy = self.policy.as_ref();
        let mut listing = Listing::default();
        let most = self.settings.max_listed as usize;
        for held in self.bundles.iter().rev().take(most) {
            let is_news = match link.listed_to.get(&held.envelope.tag) {
                None => true,
                Some(true) => false,
                Some(false) => policy.offer(held, &link.peer).is_some(),
            };
            if is_news {
                list(policy, held, link, now_ms, &mut listing);
            }
        }
        // Bundles that the peer wants already may have another rank now.
        let asked: Vec<Place> = link.asked.values().copied().collect();
        for place in asked.into_iter().filter(|place| place.to_hold) {
            let held = self.bundles.get(&place.tag);
            let offer = held.and_then(|held| policy.offer(held, &link.peer));
            if let Some(Offer { rank, .. }) = offer {
                link.ask(Place { rank, ..place });
            }
        }
        if !listing.is_empty() {
            self.acts.push(Act::Say(id, Said::Listing(listing)));
        }
    }

    /// Lists a new bundle to every peer. A peer that listed it has it, unless with `again` it may have dropped it
    /// and want it again.
    pub(super) fn list_new(&mut self, tag: &Tag, now_ms: u64) {
        let Some(held) = self.bundles.get(tag) else {
            return;
        };
        for (id, link) in &mut self.links {
            let mut listing = Listing::default();
            if link.told && (self.settings.again || link.listed.get(tag).is_none()) {
                list(self.policy.as_ref(), held, link, now_ms, &mut listing);
            }
            if !listing.is_empty() {
                self.acts.push(Act::Say(*id, Said::Listing(listing)));
            }
        }
    }

    pub(super) fn listing(&mut self, id: LinkId, listing: &Listing, whose: WhoseIs<'_>) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let mut wanted = Wanted::default();
        let offered = listing.offered.iter().map(|one| (one.tag, Some(*one)));
        let others = listing.others.iter().map(|tag| (*tag, None));
        let most = self.settings.max_listed as usize;
        for (tag, offered) in offered.chain(others).take(most) {
            let held = self.bundles.get(&tag).is_some();
            let whose = match held {
                true => Whose::Others,
                false => whose(&tag),
            };
            let listed = Listed { offered, whose };
            link.listed.insert(tag, listed, most);
            if !held {
                want(&self.settings, &self.bundles, tag, &listed, &mut wanted);
            }
        }
        if !wanted.is_empty() {
            self.acts.push(Act::Say(id, Said::Wanted(wanted)));
        }
    }

    /// Asks every peer that has listed a bundle for it again: a transfer failed, or the bundle was dropped.
    pub(super) fn want_again(&mut self, tag: &Tag) {
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

    pub(super) fn wanted(&mut self, id: LinkId, wanted: &Wanted) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let own = wanted.own.iter().map(|tag| (tag, false));
        let others = wanted.others.iter().map(|tag| (tag, true));
        for (tag, to_hold) in own.chain(others) {
            let Some(held) = self.bundles.get(tag) else {
                continue;
            };
            if link.sending.contains_key(tag) {
                continue;
            }
            let offer = self.policy.offer(held, &link.peer);
            let rank = match (to_hold, offer) {
                (true, None) => {
                    link.offer_lapsed(tag);
                    continue;
                }
                (true, Some(offer)) => offer.rank,
                (false, _) => 0,
            };
            let order = match self.settings.order {
                Order::Random => 0,
                Order::Fifo => held.order,
            };
            link.ask(Place {
                to_hold,
                rank,
                order,
                tag: *tag,
            });
        }
    }
}

/// Adds a bundle to a peer's listing: offered, or only named.
fn list(policy: &dyn Policy, held: &Held, link: &mut Link, now_ms: u64, listing: &mut Listing) {
    let envelope = held.envelope_at(now_ms);
    if envelope.is_expired() || !policy.lists(held, &link.peer) {
        return;
    }
    let offer = policy.offer(held, &link.peer);
    link.listed_to.insert(envelope.tag, offer.is_some());
    match offer {
        Some(offer) => listing.offered.push(Envelope {
            copies: offer.given,
            ..envelope
        }),
        None => listing.others.push(envelope.tag),
    }
}

/// Adds a bundle that a peer has listed, and that we do not hold, to the wanted ones if we want it.
fn want(settings: &Settings, bundles: &Bundles, tag: Tag, listed: &Listed, wanted: &mut Wanted) {
    let may_hold = |offered| may_hold(settings, bundles, &offered);
    match listed.whose {
        Whose::Ours => wanted.own.push(tag),
        Whose::Others if listed.offered.is_some_and(may_hold) => wanted.others.push(tag),
        Whose::Had | Whose::Others => {}
    }
}
