//! What is known exactly: how long a message takes, and how many devices have it by then, where all pairs
//! meet by Poisson processes of one rate, a meeting passes on all it should at once, and nothing is lost.
//!
//! Of `M` devices, `N = M - 1` may carry a copy: all but the one it is for. With `k` copies about, one of
//! them meets its destination at rate `kλ`, and each device that may hand on a copy meets one without at
//! rate `(N - k)λ`. So the copies are a chain that only grows, and mean and law follow by adding up its
//! states. The results agree with Groenevelt, Nain and Koole (Performance Evaluation 62, 2005, 210-228)
//! for two-hop and epidemic.

use std::collections::BTreeMap;
use std::fmt;

use statrs::distribution::{ChiSquared, ContinuousCDF as _};

/// How a policy hands on copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spreading {
    /// Only its author carries the message.
    Direct,
    /// The author gives a copy to everybody; they give it to the destination alone.
    TwoHop,
    /// Everybody gives a copy to everybody.
    Epidemic,
    /// There are this many copies, of which the author gives away one by one all but the last.
    SourceSpray(u32),
    /// There are this many copies; who has several gives away half of them.
    BinarySpray(u32),
}

impl fmt::Display for Spreading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spreading::Direct => f.write_str("direct"),
            Spreading::TwoHop => f.write_str("two-hop"),
            Spreading::Epidemic => f.write_str("epidemic"),
            Spreading::SourceSpray(copies) => write!(f, "source spray {copies}"),
            Spreading::BinarySpray(copies) => write!(f, "binary spray {copies}"),
        }
    }
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Law {
    /// The mean time until it arrives, in seconds.
    pub mean_s: f64,
    /// How likely it is that 1, 2, … devices carry it when it arrives, without its destination.
    pub copies: Vec<f64>,
}

impl Law {
    /// The mean number of copies when it arrives.
    #[must_use]
    pub fn mean_copies(&self) -> f64 {
        (1..)
            .zip(&self.copies)
            .map(|(copies, likely)| f64::from(copies) * likely)
            .sum()
    }
}

/// The exact law for so many devices (at least 2), of which each pair meets every `pair_mean_s` seconds
/// in the mean.
#[must_use]
pub fn law(spreading: Spreading, devices: usize, pair_mean_s: f64) -> Law {
    let carriers = devices - 1;
    match spreading {
        Spreading::Direct => by_count(carriers, pair_mean_s, |_| 0),
        Spreading::TwoHop => by_count(carriers, pair_mean_s, |_| 1),
        Spreading::Epidemic => by_count(carriers, pair_mean_s, |copies| copies),
        Spreading::SourceSpray(most) => by_count(carriers, pair_mean_s, |copies| {
            usize::from(copies < most as usize)
        }),
        Spreading::BinarySpray(most) => by_shares(carriers, pair_mean_s, most),
    }
}

/// The law where the number of copies says how many devices may hand on one.
fn by_count(carriers: usize, pair_mean_s: f64, spreaders: impl Fn(usize) -> usize) -> Law {
    let mut law = Law {
        mean_s: 0.0,
        copies: Vec::new(),
    };
    // How likely it is that there are ever so many copies.
    let mut reached = 1.0;
    for copies in 1..=carriers {
        let spread = (spreaders(copies) * (carriers - copies)) as f64;
        let any = spread + copies as f64;
        law.mean_s += reached * pair_mean_s / any;
        law.copies.push(reached * copies as f64 / any);
        reached *= spread / any;
    }
    law
}

/// The law where each copy stands for a share of those that may still be made, and is halved when handed
/// on. A state is the shares of all that carry one, largest first.
fn by_shares(carriers: usize, pair_mean_s: f64, most: u32) -> Law {
    let mut law = Law {
        mean_s: 0.0,
        copies: Vec::new(),
    };
    let mut states = BTreeMap::from([(vec![most.max(1)], 1.0)]);
    for copies in 1..=carriers {
        let free = (carriers - copies) as f64;
        let mut next: BTreeMap<Vec<u32>, f64> = BTreeMap::new();
        let mut ended = 0.0;
        for (shares, reached) in states {
            let spreaders = shares.iter().filter(|&&share| share > 1).count();
            let any = spreaders as f64 * free + copies as f64;
            law.mean_s += reached * pair_mean_s / any;
            ended += reached * copies as f64 / any;
            for giver in 0..spreaders {
                let mut halved = shares.clone();
                let given = halved[giver] / 2;
                halved[giver] -= given;
                halved.push(given);
                halved.sort_unstable_by(|one, other| other.cmp(one));
                *next.entry(halved).or_default() += reached * free / any;
            }
        }
        law.copies.push(ended);
        states = next;
    }
    law
}

/// A class must be expected so often for chi-squared to hold; smaller ones are taken together.
const LEAST_EXPECTED: f64 = 5.0;

/// How likely chance alone is to be as far as `counts` from what is expected (chi-squared): small says
/// that the counts do not come from this law. 1 if fewer than two classes are expected often enough.
///
/// `likely` is the law, class by class.
#[must_use]
pub fn chi_squared_p(counts: &[u64], likely: &[f64]) -> f64 {
    let total = counts.iter().sum::<u64>() as f64;
    let mut classes: Vec<(f64, f64)> = Vec::new();
    let mut gathered = (0.0, 0.0);
    for class in 0..counts.len().max(likely.len()) {
        gathered.0 += counts.get(class).map_or(0.0, |&count| count as f64);
        gathered.1 += likely.get(class).map_or(0.0, |likely| likely * total);
        if gathered.1 >= LEAST_EXPECTED {
            classes.push(std::mem::take(&mut gathered));
        }
    }
    if let Some(last) = classes.last_mut() {
        last.0 += gathered.0;
        last.1 += gathered.1;
    }
    let Some(law) = classes
        .len()
        .checked_sub(1)
        .and_then(|freedom| ChiSquared::new(freedom as f64).ok())
    else {
        return 1.0;
    };
    law.sf(classes
        .iter()
        .map(|(count, expected)| (count - expected).powi(2) / expected)
        .sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_S: f64 = 3600.0;

    fn mean(spreading: Spreading, devices: usize) -> f64 {
        law(spreading, devices, HOUR_S).mean_s
    }

    fn near(value: f64, reference: f64, within: f64) {
        assert!(
            (value - reference).abs() <= within,
            "{value} is not {reference} ± {within}"
        );
    }

    #[test]
    fn means_are_those_of_the_literature() {
        for (devices, sprayed, epidemic, two_hop, source) in [
            (50, 8, 329.1, 621.1, 685.4),
            (100, 8, 188.3, 441.7, 571.7),
            (1000, 16, 27.0, 141.6, 251.5),
        ] {
            near(mean(Spreading::Direct, devices), HOUR_S, 1e-9);
            near(mean(Spreading::Epidemic, devices), epidemic, 0.05);
            near(mean(Spreading::TwoHop, devices), two_hop, 0.05);
            near(mean(Spreading::SourceSpray(sprayed), devices), source, 0.05);
        }
    }

    #[test]
    fn binary_spray_is_within_the_error_of_independent_simulations() {
        for (devices, sprayed, reference, error) in [
            (50, 8, 601.1, 2.3),
            (100, 8, 526.1, 2.3),
            (1000, 16, 241.4, 3.7),
        ] {
            near(
                mean(Spreading::BinarySpray(sprayed), devices),
                reference,
                3.0 * error,
            );
        }
    }

    #[test]
    fn copies_are_those_of_independent_simulations() {
        for (devices, sprayed, [epidemic, two_hop, source, binary]) in [
            (50, 8, [25.0, 8.48, 6.52, 7.12]),
            (100, 8, [50.1, 12.1, 7.22, 7.55]),
            (1000, 16, [491.0, 38.9, 15.3, 15.8]),
        ] {
            for (spreading, reference) in [
                (Spreading::Epidemic, epidemic),
                (Spreading::TwoHop, two_hop),
                (Spreading::SourceSpray(sprayed), source),
                (Spreading::BinarySpray(sprayed), binary),
            ] {
                let copies = law(spreading, devices, HOUR_S).mean_copies();
                near(copies, reference, 0.025 * reference);
            }
        }
    }

    #[test]
    fn closed_forms_agree_with_the_chain() {
        let carriers = 49_u32;
        let n = f64::from(carriers);
        let harmonic: f64 = (1..=carriers).map(|i| 1.0 / f64::from(i)).sum();
        near(mean(Spreading::Epidemic, 50), HOUR_S * harmonic / n, 1e-9);

        // P(i copies) = i (N-1)! / ((N-i)! N^i)
        let mut likely = Vec::new();
        let mut falling = 1.0;
        for i in 1..=carriers {
            likely.push(f64::from(i) / n * falling);
            falling *= f64::from(carriers - i) / n;
        }
        let two_hop = law(Spreading::TwoHop, 50, HOUR_S);
        for (chain, closed) in two_hop.copies.iter().zip(&likely) {
            near(*chain, *closed, 1e-12);
        }
        let mean_s: f64 = (1..)
            .zip(&likely)
            .map(|(i, likely)| HOUR_S / n * f64::from(i) * likely)
            .sum();
        near(two_hop.mean_s, mean_s, 1e-9);

        // E = (1/(λN)) Σ_{i<L} P_i + P_L/(Lλ), P_i = Π_{j<i} (1 - j/N)
        let sprayed = 8_u32;
        let mut product = 1.0;
        let mut mean_s = 0.0;
        for i in 1..sprayed {
            mean_s += HOUR_S / n * product;
            product *= 1.0 - f64::from(i) / n;
        }
        mean_s += product * HOUR_S / f64::from(sprayed);
        near(mean(Spreading::SourceSpray(sprayed), 50), mean_s, 1e-9);
    }

    #[test]
    fn laws_are_laws_and_epidemic_copies_are_uniform() {
        for spreading in [
            Spreading::Direct,
            Spreading::TwoHop,
            Spreading::Epidemic,
            Spreading::SourceSpray(8),
            Spreading::BinarySpray(8),
            Spreading::BinarySpray(100),
        ] {
            let law = law(spreading, 20, HOUR_S);
            near(law.copies.iter().sum(), 1.0, 1e-12);
        }
        for likely in law(Spreading::Epidemic, 50, HOUR_S).copies {
            near(likely, 1.0 / 49.0, 1e-12);
        }
    }

    #[test]
    fn one_copy_is_direct_and_two_copies_are_either_spray() {
        assert_eq!(
            law(Spreading::SourceSpray(1), 30, HOUR_S),
            law(Spreading::Direct, 30, HOUR_S)
        );
        near(mean(Spreading::BinarySpray(1), 30), HOUR_S, 1e-9);
        near(
            mean(Spreading::BinarySpray(2), 30),
            mean(Spreading::SourceSpray(2), 30),
            1e-9,
        );
        near(
            mean(Spreading::BinarySpray(3), 30),
            mean(Spreading::SourceSpray(3), 30),
            1e-9,
        );
    }

    #[test]
    fn chi_squared_tells_a_law_from_another() {
        assert!(chi_squared_p(&[95, 105, 102, 98], &[0.25; 4]) > 0.5);
        assert!(chi_squared_p(&[60, 140, 102, 98], &[0.25; 4]) < 1e-4);
        near(chi_squared_p(&[60, 40], &[0.5; 2]), 0.0455, 1e-4);
        near(chi_squared_p(&[3], &[1.0]), 1.0, 0.0);
        // What is expected too seldom is taken together, and what is not expected at all counts.
        near(
            chi_squared_p(&[60, 38, 1, 1], &[0.5, 0.49, 0.005, 0.005]),
            0.0455,
            1e-4,
        );
        assert!(
            chi_squared_p(&[50, 50, 40], &[0.5, 0.5]) < 1e-3,
            "what the law does not know"
        );
    }
}
