//! Discovery latency of a device that comes near, for each [`Power`] (`docs/PROTOCOL.md` section 13b).
//!
//! This is the exact model of periodic intervals of Kindt, Saur, Balszun and Chakraborty ("Neighbor Discovery
//! Latency in BLE-Like Protocols", IEEE Transactions on Mobile Computing 17, 2018), in the case that covers all our
//! choices: a device advertises at least once in each scan window. The model has neither the random delay that
//! Bluetooth adds to each pause nor loss; a test here simulates the delay and gets the same figures.

use std::time::Duration;

use super::power::Power;

/// Longest airtime of an advertisement: 47 bytes at 1 Mbit/s.
const ADVERTISEMENT: Duration = Duration::from_micros(376);

/// The longest random delay that Bluetooth adds to a pause between two advertisements.
const DELAY: Duration = Duration::from_millis(10);

/// Latency from the first advertisement sent in range to the first one heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discovery {
    /// Average, for a device that comes near at a random moment.
    pub mean: Duration,
    /// At most.
    pub longest: Duration,
}

/// How soon a scanning device finds an advertising one, if both use this power.
#[must_use]
pub fn expected(power: Power) -> Discovery {
    let duty = power.duty();
    let (shortest, longest) = duty.interval;
    let middle = (shortest + longest + DELAY) / 2;
    Discovery {
        mean: mean(duty.listen, duty.every, middle),
        // If an advertisement starts in the deaf time, the device hears one at most one pause after that time.
        longest: deaf(duty.listen, duty.every) + longest + DELAY + ADVERTISEMENT,
    }
}

/// Mean latency between a device that advertises each `interval` and one that scans for `listen` out of `every`.
fn mean(listen: Duration, every: Duration, interval: Duration) -> Duration {
    let deaf = deaf(listen, every).as_secs_f64();
    let interval = interval.as_secs_f64();
    // The first advertisement falls at a random moment. If it falls in the deaf time, whole intervals follow
    // until one advertisement does not.
    let whole = (deaf / interval).floor();
    let waits = interval * (interval * whole * (whole + 1.0) / 2.0);
    let rest = interval * (deaf - whole * interval) * (whole + 1.0);
    ADVERTISEMENT + Duration::from_secs_f64((waits + rest) / every.as_secs_f64())
}

/// The time in each period in which an advertisement that starts is not received to its end.
fn deaf(listen: Duration, every: Duration) -> Duration {
    every - listen + ADVERTISEMENT
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::{Rng, SeedableRng};

    use super::*;

    const ALL: [Power; 3] = [Power::Active, Power::Balanced, Power::Saver];

    /// One latency in seconds; the device draws its pause once, and a delay for each advertisement.
    fn simulated(power: Power, rng: &mut ChaCha20Rng) -> f64 {
        let mut below =
            |most: Duration| most.as_secs_f64() * (rng.next_u64() as f64 / u64::MAX as f64);
        let duty = power.duty();
        let (shortest, longest) = duty.interval;
        let interval = shortest.as_secs_f64() + below(longest - shortest);
        let (listen, every) = (duty.listen.as_secs_f64(), duty.every.as_secs_f64());
        let begun = below(duty.every);
        let mut sent = begun;
        while sent % every + ADVERTISEMENT.as_secs_f64() > listen {
            sent += interval + below(DELAY);
        }
        sent - begun + ADVERTISEMENT.as_secs_f64()
    }

    #[test]
    fn discovery_takes_as_long_as_the_published_model_says() {
        let mut rng = ChaCha20Rng::from_seed([5; 32]);
        for power in ALL {
            const RUNS: usize = 20_000;
            let times: Vec<f64> = (0..RUNS).map(|_| simulated(power, &mut rng)).collect();
            let mean = times.iter().sum::<f64>() / RUNS as f64;
            let longest = times.iter().copied().fold(0.0, f64::max);
            let model = expected(power);
            println!("{power:?}: mean {mean:.2} s, longest {longest:.2} s; {model:?}");
            let expected = model.mean.as_secs_f64();
            assert!(
                (mean / expected - 1.0).abs() < 0.04,
                "{power:?}: {mean}, not {expected}"
            );
            assert!(
                longest <= model.longest.as_secs_f64(),
                "{power:?}: {longest}"
            );
        }
    }

    #[test]
    fn every_choice_announces_in_each_time_of_listening() {
        for power in ALL {
            let duty = power.duty();
            assert!(
                duty.interval.1 + DELAY + ADVERTISEMENT <= duty.listen,
                "{power:?}"
            );
        }
    }

    #[test]
    fn saving_power_delays_discovery() {
        let [active, balanced, saver] = ALL.map(|power| expected(power).mean);
        assert!(active < balanced && balanced < saver);
    }
}
