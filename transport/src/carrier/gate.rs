//! Limits the strangers of a carrier (`docs/PROTOCOL.md` sections 1 and 13): a socket whose other end nobody has
//! recognised yet takes one of a few places, so a flood competes only for those.

use std::collections::BTreeMap;
use std::net::IpAddr;

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::LinkId;

/// Unrecognised sockets at one time.
pub const MAX_STRANGERS: usize = 256;

/// Unrecognised sockets at one time from one prefix.
pub const MAX_STRANGERS_A_PREFIX: usize = 32;

/// The strangers of one carrier. Links that we dialled never enter; a recognised link leaves. It counts links, or
/// what a carrier makes them from.
#[derive(Debug)]
pub struct Gate<K = LinkId> {
    strangers: BTreeMap<K, Prefix>,
    rng: ChaCha20Rng,
}

/// Strangers with the same prefix share a part of the places: a /24 of IPv4, a /64 of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix([u8; 8]);

impl Prefix {
    /// The prefix for a name, where there are no IP addresses.
    pub fn named(name: &[u8]) -> Self {
        let hash = blake3::hash(name);
        let mut prefix: [u8; 8] = crate::keys::truncated(hash.as_bytes());
        // Cannot collide: IPv6 addresses in use begin with 2, 3 or f, and IPv4 prefixes with 0.
        prefix[0] = 1;
        Self(prefix)
    }

    /// The prefix of an IP address. An IPv4-mapped IPv6 address counts as IPv4.
    pub fn of(address: IpAddr) -> Self {
        let mut prefix = [0; 8];
        match address.to_canonical() {
            // 0000::/8 is reserved, so an IPv4 prefix after 0, 1 never equals an IPv6 prefix.
            IpAddr::V4(v4) => {
                prefix[1] = 1;
                prefix[2..5].copy_from_slice(&v4.octets()[..3]);
            }
            IpAddr::V6(v6) => prefix.copy_from_slice(&v6.octets()[..8]),
        }
        Self(prefix)
    }
}

impl<K: Copy + Ord> Gate<K> {
    /// An empty gate that draws its victims from `seed`.
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            strangers: BTreeMap::new(),
            rng: ChaCha20Rng::from_seed(seed),
        }
    }

    /// Lets a stranger in. Returns the stranger that the caller must close for it, drawn at random: among those of
    /// its prefix if that has its full share, among all if every place is taken. The draw does not depend on age or
    /// behaviour, so a flooder cannot choose its victim.
    pub fn admit(&mut self, link: K, prefix: Prefix) -> Option<K> {
        let neighbours: Vec<K> = self
            .strangers
            .iter()
            .filter(|(_, p)| **p == prefix)
            .map(|(link, _)| *link)
            .collect();
        let victim = if neighbours.len() >= MAX_STRANGERS_A_PREFIX {
            Some(neighbours[below(&mut self.rng, neighbours.len())])
        } else if self.strangers.len() >= MAX_STRANGERS {
            let nth = below(&mut self.rng, self.strangers.len());
            self.strangers.keys().nth(nth).copied()
        } else {
            None
        };
        if let Some(victim) = victim {
            self.strangers.remove(&victim);
        }
        self.strangers.insert(link, prefix);
        victim
    }

    /// Removes a link that was recognised or is gone. True if it was a stranger until now.
    pub fn leave(&mut self, link: K) -> bool {
        self.strangers.remove(&link).is_some()
    }

    /// Number of strangers.
    pub fn len(&self) -> usize {
        self.strangers.len()
    }

    /// Whether there are no strangers.
    pub fn is_empty(&self) -> bool {
        self.strangers.is_empty()
    }
}

/// A uniform number below `bound` (at least 1), with a bias of at most 2^-32 for the bounds used here.
pub(crate) fn below(rng: &mut impl Rng, bound: usize) -> usize {
    let wide = u128::from(rng.next_u64()) * bound as u128;
    (wide >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(a: u8, b: u8) -> Prefix {
        Prefix::of(IpAddr::from([10, a, b, 7]))
    }

    #[test]
    fn a_prefix_has_its_share_and_no_more() {
        let mut gate = Gate::new([1; 32]);
        for n in 0..32 {
            assert_eq!(gate.admit(LinkId(n), v4(0, 0)), None);
        }
        gate.admit(LinkId(9_000), v4(0, 1));
        for n in 32..2_000 {
            let victim = gate.admit(LinkId(n), v4(0, 0)).expect("the share is taken");
            assert_ne!(victim, LinkId(9_000), "another prefix pays nothing");
            assert_ne!(victim, LinkId(n));
        }
        assert_eq!(gate.len(), 33);
    }

    #[test]
    fn all_prefixes_together_have_256_places() {
        let mut gate = Gate::new([2; 32]);
        for n in 0..10_000_u64 {
            gate.admit(LinkId(n), v4((n / 250) as u8, (n % 250) as u8));
            assert!(gate.len() <= MAX_STRANGERS);
        }
        assert_eq!(gate.len(), MAX_STRANGERS);
    }

    #[test]
    fn a_recognised_peer_is_never_evicted() {
        let mut gate = Gate::new([3; 32]);
        gate.admit(LinkId(1), v4(0, 0));
        assert!(gate.leave(LinkId(1)));
        assert!(!gate.leave(LinkId(1)));
        for n in 2..5_000 {
            assert_ne!(gate.admit(LinkId(n), v4(0, 0)), Some(LinkId(1)));
        }
    }

    #[test]
    fn victims_are_drawn_from_all_ages() {
        let mut gate = Gate::new([4; 32]);
        for n in 0..32 {
            gate.admit(LinkId(n), v4(0, 0));
        }
        let victims: Vec<u64> = (32..232)
            .filter_map(|n| gate.admit(LinkId(n), v4(0, 0)))
            .map(|link| link.0)
            .collect();
        assert_eq!(victims.len(), 200);
        assert!(
            victims.windows(2).any(|pair| pair[0] > pair[1]),
            "not by age"
        );
        assert!(victims.iter().any(|victim| *victim >= 100), "newcomers too");
    }

    #[test]
    fn prefixes_are_24_and_64_bits_and_families_do_not_meet() {
        let of = |text: &str| Prefix::of(text.parse().expect("an address"));
        assert_eq!(of("192.0.2.1"), of("192.0.2.254"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
        assert_eq!(of("::ffff:192.0.2.9"), of("192.0.2.1"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1:1:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("::1"), of("0.0.0.0"));
    }
}
