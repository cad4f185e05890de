//! PRoPHET (Lindgren, Doria and Schelén, 2003): a courier gives a bundle to a device that is likelier to meet the
//! recipient. Each device stores how likely it is to meet each other one. A meeting raises the likelihood, time
//! lowers it, and the likelihoods that a peer reports raise those of others. The numbers are those of The ONE's
//! router.

use std::collections::{BTreeMap, BTreeSet};

use bytes::{Buf, BufMut};
use hedgerow_sync::id::DeviceId;
use serde::{Deserialize, Serialize};

use crate::courier::envelope::Hint;
use crate::courier::policy::{Offer, Peer, Policy};
use crate::courier::said::MAX_GREETING;
use crate::courier::store::Held;

/// Most recipients whose likelihood a device stores; it forgets the least likely.
const MAX_KNOWN: usize = 4_096;

/// Most recipients in a greeting: the likeliest.
const MAX_GREETED: usize = 512;

/// Bytes of one entry in a greeting: a hint and a likelihood.
const SAID_LEN: usize = 12;

/// The constants of the likelihoods.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Prophet {
    /// The share of the distance to certainty by which a meeting raises a likelihood.
    pub init: f64,
    /// Weight of the likelihoods that others report.
    pub beta: f64,
    /// Factor by which a likelihood falls in one unit of time.
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
            known: Likely::default(),
            said: None,
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
    known: Likely,
    /// The encoded greeting, until something changes.
    said: Option<Vec<u8>>,
    /// The time up to which all likelihoods are aged.
    aged_ms: u64,
    /// What the connected peers have reported.
    near: BTreeMap<DeviceId, Likely>,
    /// Connected peers from which we have not learnt yet.
    waiting: BTreeSet<DeviceId>,
    /// The greeting has changed by more than ageing.
    changed: bool,
}

/// Likelihoods by hint, as a number whose order is that of the hint's bytes. Stored compactly, since each meeting ages,
/// sends and updates all of them.
#[derive(Default)]
struct Likely {
    hints: Vec<u64>,
    likelihoods: Vec<f64>,
}

impl Likely {
    /// Decodes a greeting; empty if it is from another policy.
    fn read(mut greeting: &[u8]) -> Likely {
        let count = greeting.try_get_u16().map_or(0, usize::from);
        let mut read = Likely::default();
        if greeting.len() != count * SAID_LEN || count > MAX_GREETED {
            return read;
        }
        while greeting.has_remaining() {
            let (hint, likelihood) = (greeting.get_u64(), f64::from(greeting.get_f32()));
            if (0.0..=1.0).contains(&likelihood) {
                read.set(hint, likelihood);
            }
        }
        read
    }

    /// Sets one likelihood. They usually come in order.
    fn set(&mut self, hint: u64, likelihood: f64) {
        let place = match self.hints.last().is_none_or(|last| *last < hint) {
            true => Err(self.hints.len()),
            false => self.hints.binary_search(&hint),
        };
        match place {
            Ok(place) => self.likelihoods[place] = likelihood,
            Err(place) => {
                self.hints.insert(place, hint);
                self.likelihoods.insert(place, likelihood);
            }
        }
    }

    fn of(&self, hint: Hint) -> Option<f64> {
        let place = self.hints.binary_search(&u64::from_be_bytes(hint.0));
        self.likelihoods.get(place.ok()?).copied()
    }

    fn iter(&self) -> impl Iterator<Item = (u64, f64)> {
        let hints = self.hints.iter().copied();
        hints.zip(self.likelihoods.iter().copied())
    }

    fn age(&mut self, left: f64) {
        self.likelihoods.iter_mut().for_each(|known| *known *= left);
    }

    /// Raises one likelihood by a part of the distance to certainty. Looks at index `guess` first; returns the index
    /// after the entry.
    fn raise(&mut self, hint: u64, part: f64, guess: usize) -> usize {
        let found = match self.hints.get(guess) == Some(&hint) {
            true => Ok(guess),
            false => self.hints.binary_search(&hint),
        };
        let place = found.unwrap_or_else(|place| {
            self.hints.insert(place, hint);
            self.likelihoods.insert(place, 0.0);
            place
        });
        let known = &mut self.likelihoods[place];
        *known += (1.0 - *known) * part;
        place + 1
    }

    /// Forgets the least likely until `most` are left.
    fn forget_surplus(&mut self, most: usize) {
        while self.hints.len() > most {
            let likelihoods = self.likelihoods.iter().enumerate();
            let least = likelihoods.min_by(|one, two| one.1.total_cmp(two.1));
            if let Some((place, _)) = least {
                self.hints.remove(place);
                self.likelihoods.remove(place);
            }
        }
    }
}

impl Likelihoods {
    fn age(&mut self, now_ms: u64) {
        let units = now_ms.saturating_sub(self.aged_ms) as f64 / 1_000.0 / self.settings.unit_s;
        self.aged_ms = self.aged_ms.max(now_ms);
        if units > 0.0 {
            let left = libm::pow(self.settings.gamma, units);
            self.known.age(left);
            self.near.values_mut().for_each(|near| near.age(left));
            self.said = None;
        }
    }

    /// Raises the likelihood of each device that the peer is likely to meet.
    fn learn(&mut self, peer: &Peer, said: &Likely) {
        let counts = self.known.of(peer.hint).unwrap_or_default() * self.settings.beta;
        let mut next = 0;
        for (hint, likelihood) in said.iter() {
            if hint != u64::from_be_bytes(peer.hint.0) {
                next = self.known.raise(hint, counts * likelihood, next);
            }
        }
        self.known.forget_surplus(MAX_KNOWN);
        self.said = None;
    }

    /// Encodes the likelihoods, or the highest ones if there are too many.
    fn say(&self) -> Vec<u8> {
        let said = self.known.iter();
        let mut said: Vec<(u64, f32)> = said.map(|(hint, known)| (hint, known as f32)).collect();
        if said.len() > MAX_GREETED {
            said.sort_by(|one, two| two.1.total_cmp(&one.1));
            said.truncate(MAX_GREETED);
        }
        let mut greeting = Vec::with_capacity(2 + SAID_LEN * said.len());
        greeting.put_u16(said.len() as u16);
        for (hint, likelihood) in said {
            greeting.put_u64(hint);
            greeting.put_f32(likelihood);
        }
        debug_assert!(greeting.len() <= MAX_GREETING);
        greeting
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
        let greeting = self.said.take().unwrap_or_else(|| self.say());
        self.said = Some(greeting.clone());
        greeting
    }

    fn met(&mut self, peer: &Peer, greeting: &[u8], now_ms: u64) {
        // One of the two learns from the other's first greeting, then the other from its answer; they find out which
        // from both greetings. If both learnt at once, the likelier of the two would never change in a meeting. The
        // comparison starts at the end, where the lowest bits of a likelihood are a fair draw, as The ONE's is.
        let own = self.greeting(now_ms);
        let learns = own.iter().rev().le(greeting.iter().rev());
        let said = Likely::read(greeting);
        let hint = u64::from_be_bytes(peer.hint.0);
        self.known.raise(hint, self.settings.init, 0);
        self.said = None;
        match learns {
            true => self.learn(peer, &said),
            false => _ = self.waiting.insert(peer.device),
        }
        self.near.insert(peer.device, said);
        self.changed = true;
    }

    fn greeted_anew(&mut self, peer: &Peer, greeting: &[u8], now_ms: u64) -> bool {
        self.age(now_ms);
        let said = Likely::read(greeting);
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

    fn offer(&self, bundle: &Held, peer: &Peer) -> Option<Offer> {
        let to = bundle.envelope.hint?;
        let said = self.near.get(&peer.device)?;
        let theirs = if to == peer.hint {
            1.0
        } else {
            said.of(to).unwrap_or_default()
        };
        let ours = self.known.of(to).unwrap_or_default();
        (theirs > ours).then(|| Offer {
            given: 1,
            spent: 0,
            rank: (1.0 - theirs).to_bits(),
        })
    }
}
