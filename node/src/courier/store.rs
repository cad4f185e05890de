//! The bundles that a courier holds, in memory and without contents: within a quota, each until its lifetime ends or
//! its recipient releases it. A full courier drops the oldest first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hedgerow_sync::id::DeviceId;

use super::envelope::{Envelope, Release, ReleaseHash, Tag};

/// Most release values to remember; the oldest are forgotten.
pub const MAX_RELEASED: usize = 1_024;

/// Why a courier drops a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// Another bundle needed the room.
    Full,
    /// Its lifetime is over.
    Expired,
    /// The recipient has it.
    Released,
}

/// A bundle that the courier holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its envelope, with its age at `since_ms`.
    pub envelope: Envelope,
    /// Bytes of its contents: its size without ghosts.
    pub length: u64,
    /// When it arrived (monotonic milliseconds). Negative if it came in an earlier opening of the store.
    pub since_ms: i64,
    /// Its place in the order of arrival.
    pub order: u64,
    /// We sealed it.
    pub own: bool,
    /// The device that gave it to us, unless we sealed it.
    pub from: Option<DeviceId>,
    /// Copies being handed over.
    pub promised: u32,
    /// Number of links over which it is being sent.
    pub sending: u32,
}

impl Held {
    /// Copies that may still be handed over, including our own.
    #[must_use]
    pub fn spare(&self) -> u32 {
        self.envelope.copies.saturating_sub(self.promised)
    }

    /// Its present envelope.
    #[must_use]
    pub fn envelope_at(&self, now_ms: u64) -> Envelope {
        let here_s = (now_ms as i64).saturating_sub(self.since_ms).max(0) / 1_000;
        let here_s = u32::try_from(here_s).unwrap_or(u32::MAX);
        Envelope {
            age_s: self.envelope.age_s.saturating_add(here_s),
            ..self.envelope
        }
    }

    fn expires_ms(&self) -> u64 {
        let left_s = self.envelope.lifetime_s.saturating_sub(self.envelope.age_s);
        u64::try_from(self.since_ms + i64::from(left_s) * 1_000).unwrap_or_default()
    }
}

/// The bundles held.
#[derive(Debug, Default)]
pub struct Bundles {
    by_tag: BTreeMap<Tag, Held>,
    by_order: BTreeMap<u64, Tag>,
    by_expiry: BTreeSet<(u64, Tag)>,
    by_release: BTreeMap<ReleaseHash, Tag>,
    next_order: u64,
    bytes: u64,
    released: VecDeque<Release>,
    released_hashes: BTreeSet<ReleaseHash>,
}

impl Bundles {
    /// Number of bundles.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_tag.len()
    }

    /// Whether there are no bundles.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_tag.is_empty()
    }

    /// Their size in bytes, with ghosts.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A bundle by its tag.
    #[must_use]
    pub fn get(&self, tag: &Tag) -> Option<&Held> {
        self.by_tag.get(tag)
    }

    /// All bundles, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Held> {
        self.by_order
            .values()
            .filter_map(|tag| self.by_tag.get(tag))
    }

    pub(super) fn get_mut(&mut self, tag: &Tag) -> Option<&mut Held> {
        self.by_tag.get_mut(tag)
    }

    /// Adds a bundle as the newest. The caller has made room.
    pub(super) fn insert(&mut self, mut held: Held) {
        held.order = self.next_order;
        self.insert_as(held);
    }

    /// Adds a bundle at its old place.
    pub(super) fn insert_as(&mut self, held: Held) {
        let envelope = &held.envelope;
        self.next_order = self.next_order.max(held.order + 1);
        self.bytes = self.bytes.saturating_add(envelope.size);
        self.by_order.insert(held.order, envelope.tag);
        self.by_expiry.insert((held.expires_ms(), envelope.tag));
        self.by_release.insert(envelope.release, envelope.tag);
        self.by_tag.insert(envelope.tag, held);
    }

    pub(super) fn remove(&mut self, tag: &Tag) -> Option<Held> {
        let held = self.by_tag.remove(tag)?;
        self.bytes -= held.envelope.size;
        self.by_order.remove(&held.order);
        self.by_expiry.remove(&(held.expires_ms(), *tag));
        if self.by_release.get(&held.envelope.release) == Some(tag) {
            self.by_release.remove(&held.envelope.release);
        }
        Some(held)
    }

    /// The bundle to drop next: the oldest that is not being sent.
    pub(super) fn oldest_idle(&self) -> Option<Tag> {
        let idle = self.iter().find(|held| held.sending == 0);
        idle.map(|held| held.envelope.tag)
    }

    /// Whether dropping bundles can make room for this many bytes.
    pub(super) fn could_free(&self, bytes: u64) -> bool {
        let mut freed = 0_u64;
        self.iter().filter(|held| held.sending == 0).any(|held| {
            freed = freed.saturating_add(held.envelope.size);
            freed >= bytes
        })
    }

    /// A bundle whose lifetime is over and that is not being sent.
    pub(super) fn expired(&self, now_ms: u64) -> Option<Tag> {
        self.idle_by_expiry()
            .next()
            .filter(|(at, _)| *at <= now_ms)
            .map(|(_, tag)| tag)
    }

    /// When the next lifetime ends.
    #[must_use]
    pub fn next_expiry_ms(&self) -> Option<u64> {
        self.idle_by_expiry().next().map(|(at, _)| at)
    }

    fn idle_by_expiry(&self) -> impl Iterator<Item = (u64, Tag)> + '_ {
        self.by_expiry
            .iter()
            .copied()
            .filter(|(_, tag)| self.get(tag).is_some_and(|held| held.sending == 0))
    }

    /// The bundle that a release value releases.
    pub(super) fn released_by(&self, release: &Release) -> Option<Tag> {
        self.by_release.get(&release.hash()).copied()
    }

    /// Remembers a value that is known to be valid. False if it was known already.
    pub(super) fn remember_release(&mut self, release: Release) -> bool {
        if !self.released_hashes.insert(release.hash()) {
            return false;
        }
        self.released.push_back(release);
        if self.released.len() > MAX_RELEASED
            && let Some(oldest) = self.released.pop_front()
        {
            self.released_hashes.remove(&oldest.hash());
        }
        true
    }

    /// Whether the recipient is known to have the bundle.
    #[must_use]
    pub fn is_released(&self, hash: &ReleaseHash) -> bool {
        self.released_hashes.contains(hash)
    }

    /// The remembered values, the newest first.
    pub fn released(&self) -> impl Iterator<Item = &Release> {
        self.released.iter().rev()
    }
}
