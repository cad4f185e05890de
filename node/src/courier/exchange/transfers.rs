//! Transfers: chooses which begins over which link, and ends them.

use hedgerow_transport::bundle::MAX_BUNDLE;
use hedgerow_transport::carrier::LinkId;
use rand_core::Rng;

use super::{Act, Courier, OutOfPlace, Whose, WhoseIs, may_hold};
use crate::courier::envelope::{Envelope, Tag};
use crate::courier::link::{Link, Place, Receiving, Sending};
use crate::courier::said::{Begin, Reason, Said, Stop};
use crate::courier::settings::Order;
use crate::courier::store::Held;

/// Concurrent transfers from here over one link, if the settings do not limit those of the device.
const MAX_UNDER_WAY: usize = 4;

/// Lowest draws of three kinds of transfer: those for the peer itself, those that follow a finished one, and all
/// others. Of two transfers the one with the lower draw begins.
const DRAWS_OWN: u32 = 0;
const DRAWS_NEXT: u32 = 1 << 30;
const DRAWS_FIRST: u32 = 2 << 30;

/// The largest size of a bundle, ghosts included: more than any simulation moves.
const MAX_SIZE: u64 = 1 << 40;

impl Courier {
    /// Begins transfers while something is wanted and a transfer is free. First tells the waiting peers that one is
    /// free, and draws decide between their transfers and ours; but a device that has just sent goes on.
    pub(super) fn proceed(&mut self, now_ms: u64, rng: &mut (impl Rng + ?Sized)) {
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
            // First the bundles for a peer itself, over any link, then the lowest rank.
            let first = ready.min_by_key(|(place, id, _)| (place.to_hold, place.rank, *id));
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

    /// If a transfer is free, tells the waiting peers.
    pub(super) fn tell_free(&mut self) {
        if !self.may_transfer() {
            return;
        }
        for (id, link) in self.links.iter_mut().filter(|(_, link)| link.owes) {
            link.owes = false;
            self.acts.push(Act::Say(*id, Said::Free));
        }
    }

    pub(super) fn may_transfer(&self) -> bool {
        self.settings
            .transfers
            .is_none_or(|most| self.transfers < most)
    }

    pub(super) fn begin(
        &mut self,
        id: LinkId,
        place: Place,
        now_ms: u64,
        rng: &mut (impl Rng + ?Sized),
    ) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.unask(&place.tag);
        let Some(held) = self.bundles.get_mut(&place.tag) else {
            return;
        };
        let (given, spent) = match self.policy.offer(held, &link.peer) {
            Some(offer) => (offer.given, offer.spent),
            // A recipient that picks up its own bundle needs no copy.
            None if !place.to_hold => (0, 0),
            None => return link.offer_lapsed(&place.tag),
        };
        held.promised += spent;
        held.sending += 1;
        let draws = match (place.to_hold, self.goes_on) {
            (false, _) => DRAWS_OWN,
            (true, true) => DRAWS_NEXT,
            (true, false) => DRAWS_FIRST,
        };
        let begin = Begin {
            envelope: Envelope {
                copies: given,
                ..held.envelope_at(now_ms)
            },
            length: held.length,
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

    /// Ends a transfer from here, and writes off the copies that the peer has got.
    pub(super) fn end_sending(&mut self, id: LinkId, tag: &Tag, done: bool) -> Option<Sending> {
        let sending = self.links.get_mut(&id)?.sending.remove(tag)?;
        self.transfers -= 1;
        if let Some(held) = self.bundles.get_mut(tag) {
            held.sending -= 1;
            held.promised -= sending.spent;
            if done && sending.spent > 0 {
                held.envelope.copies -= sending.spent;
                self.acts.push(Act::Update(*tag));
            }
        }
        if sending.under_way {
            self.acts.push(Act::Sent(id, *tag, done));
        }
        Some(sending)
    }

    pub(super) fn handle_begin(&mut self, id: LinkId, begin: Begin, whose: WhoseIs<'_>) {
        let tag = begin.envelope.tag;
        if let Some(link) = self.links.get_mut(&id)
            && let Some(receiving) = link.receiving.get_mut(&tag)
            && receiving.begin.envelope.size == begin.envelope.size
        {
            // The sender withdrew this transfer and begins it again before our "go" reached it. It takes that "go"
            // as the answer to the new "begin".
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
        // An arriving bundle needs room. One for us comes even if it is larger than the whole
        // quota.
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
    pub(super) fn may_bring(&self, link: &Link, envelope: &Envelope) -> bool {
        let bytes = link.brought_bytes.saturating_add(envelope.size);
        envelope.copies > 0
            && may_hold(&self.settings, &self.bundles, envelope)
            && self.settings.link_bytes.is_none_or(|most| bytes <= most)
            && self
                .settings
                .link_bundles
                .is_none_or(|most| link.brought < most)
    }

    /// Withdraws a transfer that has not begun, if its draw is higher than another's. In a ring of devices that all
    /// want to begin, the one with the lowest draw does.
    pub(super) fn withdraw(&mut self, draw: u32) -> bool {
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
        // Also cancels its "begin" if that has not been sent yet.
        let is_begin = |act: &Act| match act {
            Act::Say(link, Said::Begin(begin)) => *link == id && begin.envelope.tag == tag,
            _ => false,
        };
        if let Some(place) = self.acts.iter().rposition(is_begin) {
            self.acts.remove(place);
        }
        true
    }

    pub(super) fn ask_again(&mut self, id: LinkId, sending: Option<Sending>) {
        if let (Some(link), Some(sending)) = (self.links.get_mut(&id), sending) {
            link.ask(sending.place);
        }
    }

    /// The sender has written its copies off: we now carry the bundle.
    pub(super) fn yours(&mut self, id: LinkId, tag: &Tag, now_ms: u64) -> Result<(), OutOfPlace> {
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
        self.bundles.insert(Held {
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

    pub(super) fn end_receiving(&mut self, id: LinkId, tag: &Tag) -> bool {
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

    pub(super) fn stop(&mut self, id: LinkId, tag: Tag, reason: Reason) {
        self.acts
            .push(Act::Say(id, Said::Stop(Stop { tag, reason })));
    }

    pub(super) fn stopped(&mut self, id: LinkId, stop: Stop) {
        if self.end_receiving(id, &stop.tag) {
            self.acts.push(Act::Discard(id, stop.tag));
            if let Some(link) = self.links.get_mut(&id)
                && stop.reason == Reason::Gone
            {
                link.listed.remove(&stop.tag);
            }
            // We refused other peers' offers while this one was coming.
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
}
