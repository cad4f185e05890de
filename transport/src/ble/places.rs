//! Who gets one of the few links that a radio can hold (`docs/PROTOCOL.md` section 13b).

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::carrier::LinkId;
use crate::carrier::gate::below;

/// Links at one time, those that are being opened included: what common controllers hold.
pub const MAX_LINKS: usize = 7;

/// Those of them that others have dialled and nobody has recognised.
pub const MAX_STRANGERS: usize = 3;

/// How long a link that moves nothing is left in its place when others want one, in milliseconds.
pub const IDLE_MS: u64 = 30_000;

/// The places and who has them.
#[derive(Debug)]
pub struct Places {
    taken: BTreeMap<LinkId, Place>,
    rng: ChaCha20Rng,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    stranger: bool,
    /// When bytes moved last.
    moved_ms: u64,
}

/// Whether a link gets a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// There was one.
    Free,
    /// It is that of this link, which is to be ended.
    Instead(LinkId),
    /// All are in use.
    Full,
}

impl Places {
    /// No place is taken. `seed` draws which stranger goes.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            taken: BTreeMap::new(),
            rng: ChaCha20Rng::from_seed(seed),
        }
    }

    /// Wants a place for a link. A stranger takes only the place of a stranger, drawn at random; one that
    /// we dial takes that of a stranger too, or of the link that has moved nothing for longest, and for
    /// [`IDLE_MS`] at least: so all get their turn, and nobody is cut off in the middle of something.
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

    /// The other end of a link is known.
    pub fn recognise(&mut self, link: LinkId) {
        if let Some(place) = self.taken.get_mut(&link) {
            place.stranger = false;
        }
    }

    /// Bytes have moved.
    pub fn moved(&mut self, link: LinkId, now_ms: u64) {
        if let Some(place) = self.taken.get_mut(&link) {
            place.moved_ms = now_ms;
        }
    }

    /// A link is gone.
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
    fn whoever_is_dialled_takes_the_place_of_a_stranger_before_that_of_a_contact() {
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
