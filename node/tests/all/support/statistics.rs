//! What chance alone explains, computed.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// A coin.
pub struct Coin(ChaCha20Rng);

impl Coin {
    pub fn new(seed: u64) -> Coin {
        Coin(ChaCha20Rng::seed_from_u64(seed))
    }

    pub fn toss(&mut self) -> bool {
        self.0.next_u32() & 1 == 1
    }
}

/// The exact chances of at most, and of at least, this number of heads in `tosses` of a fair coin.
pub fn binomial_tails(tosses: u64, heads: u64) -> (f64, f64) {
    // ln C(tosses, k) - tosses ln 2, step by step.
    let mut chance = -(tosses as f64) * std::f64::consts::LN_2;
    let (mut low, mut high) = (0.0, 0.0);
    for k in 0..=tosses {
        if k <= heads {
            low += chance.exp();
        }
        if k >= heads {
            high += chance.exp();
        }
        chance += ((tosses - k) as f64 / (k + 1) as f64).ln();
    }
    (low, high)
}

/// Whether two equally large samples can come from one distribution: Kolmogorov and Smirnov's distance,
/// which exceeds `d` with a chance of at most e · exp(-n d²) if they do (Wei and Dudley 2012, for any n).
pub fn same_distribution(one: &[u64], other: &[u64], false_alarm: f64) -> bool {
    assert_eq!(one.len(), other.len());
    let size = one.len() as f64;
    let up_to =
        |sample: &[u64], at: u64| sample.iter().filter(|value| **value <= at).count() as f64;
    let distances = one
        .iter()
        .chain(other)
        .map(|at| (up_to(one, *at) - up_to(other, *at)).abs() / size);
    let distance = distances.fold(0.0, f64::max);
    distance <= ((1.0 - false_alarm.ln()) / size).sqrt()
}

#[test]
fn the_tails_of_a_coin_are_exact() {
    assert_eq!(binomial_tails(2, 1), (0.75, 0.75));
    let (low, high) = binomial_tails(10, 0);
    assert!((low - 1.0 / 1_024.0).abs() < 1e-12 && (high - 1.0).abs() < 1e-12);
    // 250 tosses: 165 heads or more by one chance in five million.
    let (_, high) = binomial_tails(250, 165);
    assert!(high < 4e-7 && high > 1e-7, "{high}");
}

#[test]
fn samples_of_unlike_distributions_are_told_apart() {
    let even: Vec<u64> = (0..400).collect();
    let shifted: Vec<u64> = (150..550).collect();
    assert!(same_distribution(&even, &even, 1e-7));
    assert!(!same_distribution(&even, &shifted, 1e-7));
}
