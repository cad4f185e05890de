//! One message at a time among couriers that meet at random, with the resulting means and laws.

use hedgerow_node::courier::meet::{Side, meet};
use hedgerow_node::courier::{Courier, PolicySettings, Settings, Whose};
use rand_core::Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::made_up::{SIZE, envelope, peer};
use crate::rng::{self, Purpose};
use crate::theory::{self, Spreading};

/// Mean time between two meetings of a pair. It only sets the unit of all delays.
pub const PAIR_MEAN_S: f64 = 3600.0;

/// Most standard errors by which a mean may deviate.
const MOST_ERRORS: f64 = 3.0;

/// Probability that chance alone puts a mean further off.
const MEAN_FAILS_BY_CHANCE: f64 = 0.0027;

/// Lowest probability that chance alone puts epidemic copies as far from uniform as they are.
const LEAST_P: f64 = 0.01;

/// A world of meetings drawn at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Number of devices, at least 2.
    pub devices: usize,
    /// Copies in spray-and-wait.
    pub sprayed: u32,
}

/// The fate of one message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Time from writing to delivery.
    pub delay_s: f64,
    /// Number of devices that carried it then, without its recipient.
    pub copies: usize,
}

/// The messages of one policy, network and seed, or of all seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtRandom {
    /// The policy.
    pub policy: String,
    /// Number of devices.
    pub devices: usize,
    /// The seed; `None` for all seeds together.
    pub seed: Option<u64>,
    /// Number of messages, each in a world of its own.
    pub messages: usize,
    /// Their mean delay.
    pub delay_s: f64,
    /// Its standard error.
    pub delay_error_s: f64,
    /// The exact mean delay.
    pub exact_delay_s: f64,
    /// The deviation of the mean delay, in standard errors.
    pub deviation: f64,
    /// The mean number of copies at delivery.
    pub copies: f64,
    /// The exact mean number of copies.
    pub exact_copies: f64,
    /// The probability that chance alone puts the numbers of copies so far from their law (chi-squared).
    pub copies_p: f64,
    /// Whether the mean delay is within 3 standard errors and, for epidemic, the numbers of copies follow their law
    /// (p above 0.01).
    pub holds: bool,
}

impl AtRandom {
    pub(super) fn new(
        spreading: Spreading,
        network: Network,
        seed: Option<u64>,
        outcomes: &[Outcome],
    ) -> AtRandom {
        let law = theory::law(spreading, network.devices, PAIR_MEAN_S);
        let messages = outcomes.len() as f64;
        let delay_s = outcomes.iter().map(|outcome| outcome.delay_s).sum::<f64>() / messages;
        let squares: f64 = outcomes
            .iter()
            .map(|outcome| (outcome.delay_s - delay_s).powi(2))
            .sum();
        let delay_error_s = (squares / (messages - 1.0) / messages).sqrt();
        let deviation = (delay_s - law.mean_s) / delay_error_s;
        let mut counts = vec![0_u64; network.devices];
        for outcome in outcomes {
            counts[outcome.copies - 1] += 1;
        }
        let copies = outcomes
            .iter()
            .map(|outcome| outcome.copies as f64)
            .sum::<f64>()
            / messages;
        let copies_p = theory::chi_squared_p(&counts, &law.copies);
        AtRandom {
            policy: spreading.to_string(),
            devices: network.devices,
            seed,
            messages: outcomes.len(),
            delay_s,
            delay_error_s,
            exact_delay_s: law.mean_s,
            deviation,
            copies,
            exact_copies: law.mean_copies(),
            copies_p,
            holds: deviation.abs() <= MOST_ERRORS
                && (spreading != Spreading::Epidemic || copies_p > LEAST_P),
        }
    }

    /// The probability that this row deviates by chance alone.
    pub(super) fn by_chance(&self) -> f64 {
        let copies = if self.policy == Spreading::Epidemic.to_string() {
            LEAST_P
        } else {
            0.0
        };
        MEAN_FAILS_BY_CHANCE + copies
    }
}

/// Runs this many messages, each in a world of its own. `case` separates the random streams of cases with the same
/// seed.
#[must_use]
pub fn at_random(
    policy: &PolicySettings,
    network: Network,
    messages: usize,
    seed: u64,
    case: u32,
) -> Vec<Outcome> {
    (0..messages)
        .into_par_iter()
        .map(|message| {
            let index = u64::from(case) << 32 | message as u64;
            outcome(
                policy,
                network.devices,
                &mut rng::stream(seed, Purpose::Mobility, index),
            )
        })
        .collect()
}

/// Runs one message from the first of these devices to the last.
///
/// Meetings of two devices without the message change nothing, so they are not drawn: the time to the next other
/// meeting is exponential, with the sum of their rates.
///
/// # Panics
///
/// There are fewer than two devices.
#[must_use]
pub fn outcome(policy: &PolicySettings, devices: usize, rng: &mut impl Rng) -> Outcome {
    let recipient = devices.checked_sub(2).expect("two devices") + 1;
    let settings = Settings {
        policy: policy.clone(),
        ..Settings::default()
    };
    let mut couriers: Vec<Option<Courier>> = Vec::new();
    couriers.resize_with(devices, || None);
    let mut author = Courier::new(settings.clone());
    author.add(envelope(0, recipient), SIZE, 0, rng);
    couriers[0] = Some(author);

    // Carriers of the message come first.
    let mut order: Vec<usize> = (0..devices).collect();
    let mut carriers = 1;
    let mut now_s = 0.0;
    let mut moved = Vec::new();
    loop {
        let others = devices - carriers;
        let with_others = carriers * others;
        let pairs = with_others + carriers * (carriers - 1) / 2;
        now_s += rng::exponential(rng, PAIR_MEAN_S / pairs as f64);
        let drawn = rng::index(rng, pairs);
        let (one, two) = if drawn < with_others {
            (drawn / others, carriers + drawn % others)
        } else {
            let one = rng::index(rng, carriers);
            let two = rng::index(rng, carriers - 1);
            (one, two + usize::from(two >= one))
        };
        let ends = [order[one], order[two]];
        let both = couriers
            .get_disjoint_mut(ends)
            .expect("two different devices");
        let [a, b] =
            both.map(|courier| courier.get_or_insert_with(|| Courier::new(settings.clone())));
        meet(
            &mut Side {
                courier: a,
                me: peer(ends[0]),
                whose: &mut |_| whose(ends[0], recipient),
            },
            &mut Side {
                courier: b,
                me: peer(ends[1]),
                whose: &mut |_| whose(ends[1], recipient),
            },
            (now_s * 1000.0) as u64,
            &mut moved,
        );
        if moved.iter().any(|moved| moved.delivered) {
            return Outcome {
                delay_s: now_s,
                copies: carriers,
            };
        }
        if two >= carriers && !b.bundles().is_empty() {
            order.swap(two, carriers);
            carriers += 1;
        }
        moved.clear();
    }
}

/// The recipient of the only message, as a device sees it.
fn whose(device: usize, recipient: usize) -> Whose {
    match device == recipient {
        true => Whose::Ours,
        false => Whose::Others,
    }
}
