//! PRoPHET (Lindgren, Doria and Schelén, 2003): a bundle is given to whoever is likelier to meet the
//! recipient. Each device keeps how likely it is to meet whom, raised by each meeting, falling with
//! time, and raised by what those it meets say of others. Numbers as in The ONE's router.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_sync::id::DeviceId;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::courier::envelope::Hint;
use crate::courier::policy::{Offer, Peer, Policy};
use crate::courier::said::MAX_GREETING;
use crate::courier::store::Carried;

/// How many recipients a device keeps a likelihood of; the least likely are forgotten.
const MAX_KNOWN: usize = 4_096;

/// How many of them, the likeliest, a greeting names.
const MAX_GREETED: usize = 512;

/// The constants of the likelihoods.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Prophet {
    /// By how much of what is missing to certainty a meeting raises the likelihood.
    pub init: f64,
    /// How much what others say counts.
    pub beta: f64,
    /// What is left of a likelihood after one unit of time.
    pub gamma: f64,
    /// The unit of time, in seconds.
    pub unit_s: f64,
}

impl Default for Prophet {
    fn default() -> Self {
        Prophet {
            init: 0.75,
            beta: 0.25,
            gamma: 0.98,
            unit_s: 30.0,
        }
    }
}

impl Prophet {
    pub(super) fn policy(&self) -> impl Policy + use<> {
        Likelihoods {
            settings: *self,
            known: BTreeMap::new(),
            aged_ms: 0,
            near: BTreeMap::new(),
            waiting: BTreeSet::new(),
            changed: false,
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let within = |value: f64| (0.0..=1.0).contains(&value);
        if !within(self.init) || !within(self.beta) || !within(self.gamma) {
            return Err("init, beta and gamma must be 0 to 1".to_owned());
        }
        if self.unit_s.is_nan() || self.unit_s <= 0.0 {
            return Err("unit-s must be more than 0".to_owned());
        }
        Ok(())
    }
}

struct Likelihoods {
    settings: Prophet,
    known: BTreeMap<Hint, f64>,
    /// To when all of them are aged.
    aged_ms: u64,
    /// What those say who are met now.
    near: BTreeMap<DeviceId, BTreeMap<Hint, f64>>,
    /// Those of them from whom nothing has been learnt yet.
    waiting: BTreeSet<DeviceId>,
    /// What is said has changed, by more than time.
    changed: bool,
}

/// One likelihood in a greeting.
#[derive(Encode, Decode)]
struct Said {
    #[n(0)]
    hint: Hint,
    #[n(1)]
    likelihood: f32,
}

/// What a greeting says. What cannot be read was said by another policy.
fn read(greeting: &[u8]) -> BTreeMap<Hint, f64> {
    let said: Vec<Said> = minicbor::decode(greeting).unwrap_or_default();
    said.into_iter()
        .take(MAX_GREETED)
        .map(|said| (said.hint, f64::from(said.likelihood)))
        .filter(|(_, likelihood)| (0.0..=1.0).contains(likelihood))
        .collect()
}

impl Likelihoods {
    fn age(&mut self, now_ms: u64) {
        let units = now_ms.saturating_sub(self.aged_ms) as f64 / 1_000.0 / self.settings.unit_s;
        self.aged_ms = self.aged_ms.max(now_ms);
        if units > 0.0 {
            let left = libm::pow(self.settings.gamma, units);
            let near = self.near.values_mut().flat_map(BTreeMap::values_mut);
            let known = self.known.values_mut().chain(near);
            known.for_each(|known| *known *= left);
        }
    }

    /// Raises a likelihood by a part of what is missing to certainty.
    fn raise(&mut self, hint: Hint, part: f64) {
        let known = self.known.entry(hint).or_default();
        *known += (1.0 - *known) * part;
    }

    /// Raises the likelihoods of all that a peer is likely to meet.
    fn learn(&mut self, peer: &Peer, said: &BTreeMap<Hint, f64>) {
        let counts = self.known.get(&peer.hint).copied().unwrap_or_default() * self.settings.beta;
        for (hint, likelihood) in said {
            if *hint != peer.hint {
                self.raise(*hint, counts * likelihood);
            }
        }
        self.forget_surplus();
    }

    fn forget_surplus(&mut self) {
        while self.known.len() > MAX_KNOWN {
            let least = self.known.iter().min_by(|one, two| one.1.total_cmp(two.1));
            if let Some(hint) = least.map(|(hint, _)| *hint) {
                self.known.remove(&hint);
            }
        }
    }
}

impl Policy for Likelihoods {
    fn copies(&self) -> u32 {
        1
    }

    fn needs_hint(&self) -> bool {
        true
    }

    fn heeds_greeting(&self) -> bool {
        true
    }

    fn greeting(&mut self, now_ms: u64) -> Vec<u8> {
        self.age(now_ms);
        let said = self.known.iter().map(|(hint, known)| Said {
            hint: *hint,
            likelihood: *known as f32,
        });
        let mut said: Vec<Said> = said.collect();
        if said.len() > MAX_GREETED {
            said.sort_by(|one, two| two.likelihood.total_cmp(&one.likelihood));
            said.truncate(MAX_GREETED);
        }
        let greeting = crate::tables::encoded(&said);
        debug_assert!(greeting.len() <= MAX_GREETING);
        greeting
    }

    fn met(&mut self, peer: &Peer, greeting: &[u8], now_ms: u64) {
        // One of two learns from what the other says first, the other from what the one says then: both
        // find which by their greetings. Were it at once, who is likelier would never change in a meeting.
        let learns = self.greeting(now_ms).as_slice() <= greeting;
        let said = read(greeting);
        self.raise(peer.hint, self.settings.init);
        match learns {
            true => self.learn(peer, &said),
            false => _ = self.waiting.insert(peer.device),
        }
        self.near.insert(peer.device, said);
        self.changed = true;
    }

    fn greeted_anew(&mut self, peer: &Peer, greeting: &[u8], now_ms: u64) -> bool {
        self.age(now_ms);
        let said = read(greeting);
        if self.waiting.remove(&peer.device) {
            self.learn(peer, &said);
            self.changed = true;
        }
        self.near.insert(peer.device, said);
        true
    }

    fn greets_anew(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    fn parted(&mut self, peer: &Peer) {
        self.near.remove(&peer.device);
        self.waiting.remove(&peer.device);
    }

    fn offer(&self, bundle: &Carried, peer: &Peer) -> Option<Offer> {
        let to = bundle.envelope.hint?;
        let said = self.near.get(&peer.device)?;
        let theirs = if to == peer.hint {
            1.0
        } else {
            said.get(&to).copied().unwrap_or_default()
        };
        let ours = self.known.get(&to).copied().unwrap_or_default();
        (theirs > ours).then(|| Offer {
            given: 1,
            spent: 0,
            rank: (1.0 - theirs).to_bits(),
        })
    }
}
