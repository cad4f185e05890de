//! How often an observer is right.

use super::FALSE_ALARM;
use super::measures::{LIKENESSES, MEASURES};
use super::sights::{DEVICES, EPOCHS, Observed, Sight, doubles};
use crate::support::statistics::{Coin, binomial_tails};

/// How often the observer was right, of how many times.
#[derive(Debug)]
pub struct Score {
    pub by: String,
    pub right: u64,
    pub times: u64,
}

impl Score {
    /// Whether it is more, or less, than a coin could explain.
    pub fn links(&self) -> bool {
        let (low, high) = binomial_tails(self.times, self.right);
        low.min(high) < FALSE_ALARM / 2.0
    }
}

/// All that the observer tries.
pub fn scores(observed: &Observed) -> Vec<Score> {
    let sights = &observed.sights;
    let mut coin = Coin::new(3);
    let mut scores = Vec::new();
    let mut score = |by: &str, verdicts: &mut dyn Iterator<Item = f64>| {
        // Above zero it says so, below it says the contrary, and at zero it tosses a coin.
        let (mut right, mut times) = (0, 0);
        for verdict in verdicts {
            times += 1;
            right += u64::from(verdict > 0.0 || (verdict == 0.0 && coin.toss()));
        }
        let by = by.to_owned();
        scores.push(Score { by, right, times });
    };
    // Which of two devices is which, one epoch later.
    for (by, like) in LIKENESSES {
        let mut verdicts = doubles().flat_map(|(a, b)| {
            sights.chunks_exact(2).map(move |two| {
                let (now, then) = (&two[0], &two[1]);
                like(&now[a], &then[a]) + like(&now[b], &then[b])
                    - like(&now[a], &then[b])
                    - like(&now[b], &then[a])
            })
        });
        score(&format!("{by}, from one epoch to the next"), &mut verdicts);
    }
    // Which of two devices is which, once both have been known for half the time.
    let (known, later) = sights.split_at(EPOCHS / 2);
    for (by, measure) in MEASURES {
        let profile = |device: usize| -> Vec<f64> {
            let mut sum: Vec<f64> = Vec::new();
            for epoch in known {
                let measured = measure(&epoch[device]);
                sum.resize(sum.len().max(measured.len()), 0.0);
                for (sum, value) in sum.iter_mut().zip(measured) {
                    *sum += value / known.len() as f64;
                }
            }
            sum
        };
        let profiles: Vec<Vec<f64>> = (0..DEVICES).map(profile).collect();
        let fits = |device: usize, sight: &Sight| -> f64 {
            let measured = measure(sight);
            let each = profiles[device].iter().zip(&measured);
            each.map(|(known, value)| known * value).sum()
        };
        let mut verdicts =
            doubles().flat_map(|(a, b)| later.iter().map(move |epoch| (a, b, epoch)));
        let mut verdicts = verdicts.by_ref().map(|(a, b, epoch)| {
            fits(a, &epoch[a]) + fits(b, &epoch[b]) - fits(a, &epoch[b]) - fits(b, &epoch[a])
        });
        score(&format!("{by}, by a linear score"), &mut verdicts);
    }
    // Whom a first flight was for, by what its replay brings about.
    let mut verdicts = observed
        .replays
        .iter()
        .map(|[addressee, other]| addressee.answered_bytes as f64 - other.answered_bytes as f64);
    score("answers to replays", &mut verdicts);
    let mut verdicts = observed
        .replays
        .iter()
        .map(|[addressee, other]| addressee.ended_after_ms as f64 - other.ended_after_ms as f64);
    score("ends after replays", &mut verdicts);
    scores
}

/// Bits of what should look random that do not, by their place.
fn unfair_bits(observed: &Observed) -> Vec<String> {
    let sights = || observed.sights.iter().flatten();
    let beacons: Vec<Vec<u8>> = sights()
        .flat_map(|sight| &sight.announced)
        .filter(|(_, slots)| slots.len() == 4)
        .map(|(_, slots)| slots.concat())
        .collect();
    let flights: Vec<Vec<u8>> = sights().flat_map(|sight| sight.flights.clone()).collect();
    let mut unfair = Vec::new();
    for (what, samples, length) in [
        ("announcements", beacons, 32),
        ("first flights", flights, 96),
    ] {
        for place in 0..length * 8 {
            let ones = samples.iter().filter(|sample| {
                sample
                    .get(place / 8)
                    .is_some_and(|byte| byte >> (place % 8) & 1 == 1)
            });
            let (low, high) = binomial_tails(samples.len() as u64, ones.count() as u64);
            if low.min(high) < FALSE_ALARM / 2.0 {
                unfair.push(format!("{what}, bit {place}"));
            }
        }
    }
    unfair
}

/// What gives devices away, if anything does.
pub fn leaks(observed: &Observed) -> Vec<String> {
    let scores = scores(observed);
    let links = scores.iter().filter(|score| score.links());
    let mut leaks: Vec<String> = links.map(|score| format!("{score:?}")).collect();
    leaks.extend(unfair_bits(observed));
    leaks
}
