//! Decides which links get one of the few places of a radio (`docs/PROTOCOL.md` section 13b).

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::carrier::LinkId;
use crate::carrier::gate::below;

/// Links at one time, including those being opened: the number that common controllers support.
pub const MAX_LINKS: usize = 7;

/// Places for accepted links that nobody has recognised.
pub const MAX_STRANGERS: usize = 3;

/// How long an idle link keeps its place when another wants it, in milliseconds.
pub const IDLE_MS: u64 = 30_000;

/// The places and the links that hold them.
#[derive(Debug)]
pub struct Places {
    taken: BTreeMap<LinkId, Place>,
    rng: ChaCha20Rng,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    stranger: bool,
    /// When bytes last moved.
    moved_ms: u64,
}

/// Whether a link gets a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// A place was free.
    Free,
    /// This link loses its place to the new one; the caller must end it.
    Instead(LinkId),
    /// All are in use.
    Full,
}

impl Places {
    /// All places are free. `seed` draws which stranger to evict.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            taken: BTreeMap::new(),
            rng: ChaCha20Rng::from_seed(seed),
        }
    }

    /// Asks for a place for a link. A stranger evicts only a stranger, drawn at random. A link that we dial evicts a
    /// stranger too, or else the link that has been idle for longest, if for at least [`IDLE_MS`]: so all get their
    /// turn, and no active link is cut.
    pub fn admit(&mut self, link: LinkId, stranger: bool, now_ms: u64) -> Admission {
        let strangers: Vec<LinkId> = self
            .taken
            .iter()
            .filter(|(_, place)| place.stranger)
            .map(|(link, _)| *link)
            .collect();
        let is_full = self.taken.len() >= MAX_LINKS;
        let is_crowded = stranger && strangers.len() >= MAX_STRANGERS;
        let victim = if !is_full && !is_crowded {
            None
        } else if !strangers.is_empty() {
            Some(strangers[below(&mut self.rng, strangers.len())])
        } else {
            let idlest = self.taken.iter().min_by_key(|(_, place)| place.moved_ms);
            let idle = idlest.filter(|(_, place)| place.moved_ms + IDLE_MS <= now_ms);
            match idle {
                Some((link, _)) => Some(*link),
                None => return Admission::Full,
            }
        };
        if let Some(victim) = victim {
            self.taken.remove(&victim);
        }
        let moved_ms = now_ms;
        self.taken.insert(link, Place { stranger, moved_ms });
        victim.map_or(Admission::Free, Admission::Instead)
    }

    /// Records that the other end of a link is recognised.
    pub fn recognise(&mut self, link: LinkId) {
        if let Some(place) = self.taken.get_mut(&link) {
            place.stranger = false;
        }
    }

    /// Records that bytes moved.
    pub fn moved(&mut self, link: LinkId, now_ms: u64) {
        if let Some(place) = self.taken.get_mut(&link) {
            place.moved_ms = now_ms;
        }
    }

    /// Frees the place of a link.
    pub fn leave(&mut self, link: LinkId) {
        self.taken.remove(&link);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full_of_contacts() -> Places {
        let mut places = Places::new([1; 32]);
        for n in 0..MAX_LINKS as u64 {
            assert_eq!(places.admit(LinkId(n), false, n), Admission::Free);
        }
        places
    }

    #[test]
    fn strangers_fight_over_their_places_alone() {
        let mut places = Places::new([2; 32]);
        for n in 0..4 {
            places.admit(LinkId(n), false, 0);
        }
        for n in 100..100 + MAX_STRANGERS as u64 {
            assert_eq!(places.admit(LinkId(n), true, 0), Admission::Free);
        }
        for n in 200..400 {
            let now_ms = 10 * IDLE_MS;
            let Admission::Instead(victim) = places.admit(LinkId(n), true, now_ms) else {
                panic!("a stranger takes a stranger's place");
            };
            assert!(victim.0 >= 100);
        }
    }

    #[test]
    fn a_dialled_peer_evicts_a_stranger_before_a_contact() {
        let mut places = Places::new([3; 32]);
        for n in 0..MAX_LINKS as u64 {
            places.admit(LinkId(n), n == 3, 0);
        }
        let now_ms = 10 * IDLE_MS;
        assert_eq!(
            places.admit(LinkId(50), false, now_ms),
            Admission::Instead(LinkId(3))
        );
    }

    #[test]
    fn the_link_that_is_idle_for_longest_goes_and_none_that_is_in_use() {
        let mut places = full_of_contacts();
        assert_eq!(
            places.admit(LinkId(50), false, IDLE_MS - 1),
            Admission::Full
        );
        for n in 0..MAX_LINKS as u64 {
            places.moved(LinkId(n), 10 + (n + 3) % MAX_LINKS as u64);
        }
        let now_ms = 10 + IDLE_MS;
        let idlest = LinkId(MAX_LINKS as u64 - 3);
        assert_eq!(
            places.admit(LinkId(51), false, now_ms),
            Admission::Instead(idlest)
        );
        assert_eq!(places.admit(LinkId(52), false, now_ms), Admission::Full);
    }

    #[test]
    fn a_place_is_free_again_once_its_link_is_gone() {
        let mut places = full_of_contacts();
        places.leave(LinkId(2));
        assert_eq!(places.admit(LinkId(60), true, 0), Admission::Free);
        places.recognise(LinkId(60));
        assert_eq!(places.admit(LinkId(61), true, 0), Admission::Full);
    }
}
