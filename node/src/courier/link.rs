//! One link between two couriers: what each has listed and wants, and its transfers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rand_core::Rng;

use super::envelope::{Envelope, Tag};
use super::exchange::Whose;
use super::policy::Peer;
use super::said::Begin;

/// Priority of a wanted bundle on a link: first those for the peer itself, then by rank, then in the order of the
/// settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub to_hold: bool,
    pub rank: u64,
    pub order: u64,
    pub tag: Tag,
}

/// A bundle that the peer has listed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed {
    /// The envelope offered, if we may carry it.
    pub offered: Option<Envelope>,
    pub whose: Whose,
}

/// The bundles that the peer has listed, up to a limit: a meeting may last for days, so the oldest are forgotten for
/// new ones.
#[derive(Default)]
pub(super) struct Listings {
    by_tag: BTreeMap<Tag, Listed>,
    in_order: VecDeque<Tag>,
}

impl Listings {
    pub fn get(&self, tag: &Tag) -> Option<&Listed> {
        self.by_tag.get(tag)
    }

    pub fn get_mut(&mut self, tag: &Tag) -> Option<&mut Listed> {
        self.by_tag.get_mut(tag)
    }

    pub fn insert(&mut self, tag: Tag, listed: Listed, most: usize) {
        if self.by_tag.insert(tag, listed).is_none() {
            self.in_order.push_back(tag);
        }
        while self.by_tag.len() > most
            && let Some(first) = self.in_order.pop_front()
        {
            self.by_tag.remove(&first);
        }
    }

    pub fn remove(&mut self, tag: &Tag) {
        if self.by_tag.remove(tag).is_some() {
            self.in_order.retain(|listed| listed != tag);
        }
    }
}

/// A transfer from here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sending {
    pub place: Place,
    pub spent: u32,
    pub draw: u32,
    /// The peer has said "go".
    pub under_way: bool,
}

/// A transfer to us.
#[derive(Debug, Clone, Copy)]
pub(super) struct Receiving {
    pub begin: Begin,
    pub own: bool,
    /// All contents have arrived, and we have told the peer.
    pub whole: bool,
}

pub(super) struct Link {
    pub peer: Peer,
    /// The peer's greeting has arrived.
    pub greeted: bool,
    /// We have listed our bundles to the peer, and list new ones from now on.
    pub told: bool,
    /// The bundles listed to it, and whether each was offered.
    pub listed_to: BTreeMap<Tag, bool>,
    pub listed: Listings,
    /// Bundles that the peer wants.
    pub asked: BTreeMap<Tag, Place>,
    pub queue: BTreeSet<Place>,
    /// The peer said "busy" and has not said "free" since.
    pub busy: bool,
    /// We said "busy" and owe a "free".
    pub owes: bool,
    pub sending: BTreeMap<Tag, Sending>,
    pub receiving: BTreeMap<Tag, Receiving>,
    /// Bytes and number of others' bundles that it has brought or is bringing.
    pub brought_bytes: u64,
    pub brought: u32,
}

impl Link {
    pub fn new(peer: Peer) -> Link {
        Link {
            peer,
            greeted: false,
            told: false,
            listed_to: BTreeMap::new(),
            listed: Listings::default(),
            asked: BTreeMap::new(),
            queue: BTreeSet::new(),
            busy: false,
            owes: false,
            sending: BTreeMap::new(),
            receiving: BTreeMap::new(),
            brought_bytes: 0,
            brought: 0,
        }
    }

    /// Records that the peer wants a bundle, or still wants it.
    pub fn ask(&mut self, place: Place) {
        if let Some(before) = self.asked.insert(place.tag, place) {
            self.queue.remove(&before);
        }
        self.queue.insert(place);
    }

    /// Records that a bundle is no longer offered, so that the peer learns of it when it is again.
    pub fn offer_lapsed(&mut self, tag: &Tag) {
        if let Some(offered) = self.listed_to.get_mut(tag) {
            *offered = false;
        }
    }

    /// The first bundle in the queue of those that the peer wants.
    pub fn first(&self) -> Option<Place> {
        self.queue.first().copied()
    }

    /// A random one of the wanted bundles with the same priority as the first.
    pub fn any_like(&self, first: &Place, rng: &mut (impl Rng + ?Sized)) -> Place {
        let alike = self
            .queue
            .iter()
            .take_while(|place| (place.to_hold, place.rank) == (first.to_hold, first.rank));
        let count = alike.clone().count().max(1);
        let drawn = (u64::from(rng.next_u32()) * count as u64) >> 32;
        alike.copied().nth(drawn as usize).unwrap_or(*first)
    }

    /// Removes a bundle from the queue: it is being sent, or cannot be.
    pub fn unask(&mut self, tag: &Tag) {
        if let Some(place) = self.asked.remove(tag) {
            self.queue.remove(&place);
        }
    }
}
