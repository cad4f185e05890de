//! Bluetooth LE neighbour discovery: an advertiser sends three packets (one for each channel) every interval plus up
//! to 10 ms, and a scanner listens for a window of every scan interval, on the next channel each time. The model is
//! that of Liu et al. 2012 and Kindt et al.: the scanner hears the first advertisement that begins within a scan
//! window, unless it is lost.

use rand_core::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::SECOND_US;
use crate::rng;

/// The random delay that the standard adds to every advertising interval.
const ADVERTISING_DELAY_S: f64 = 0.010;

/// The longest search to simulate event by event; after it the device counts as not found.
const LONGEST_S: f64 = 3_600.0;

/// Intervals and windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ble {
    /// Time between advertisements, in seconds.
    pub advertising_interval_s: f64,
    /// Time between the starts of two scan windows, in seconds.
    pub scan_interval_s: f64,
    /// Length of a scan window, in seconds.
    pub scan_window_s: f64,
    /// The share of advertisements lost on the air.
    #[serde(default)]
    pub loss: f64,
    /// The share of devices whose application is in the background, where the system scans less often.
    #[serde(default)]
    pub background_share: f64,
    /// Time between the starts of two scan windows in the background, in seconds.
    #[serde(default = "default_background")]
    pub background_scan_interval_s: f64,
}

fn default_background() -> f64 {
    20.0
}

/// How a device's application runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phone {
    /// In the foreground, or on a computer.
    Foreground,
    /// In the background, where the system scans less often.
    Background,
}

impl Ble {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// A sentence that names the contradiction.
    pub fn check(&self) -> Result<(), String> {
        if self.advertising_interval_s <= 0.0 || self.scan_window_s <= 0.0 {
            return Err("intervals and windows must be above 0".to_owned());
        }
        let shortest = self.scan_interval_s.min(self.background_scan_interval_s);
        if self.scan_window_s > shortest {
            return Err("scan-window-s must not be longer than a scan interval".to_owned());
        }
        if !(0.0..1.0).contains(&self.loss) || !(0.0..=1.0).contains(&self.background_share) {
            return Err("shares are from 0 to 1".to_owned());
        }
        Ok(())
    }

    /// The scan interval of a device.
    #[must_use]
    pub fn scan_interval_s(&self, phone: Phone) -> f64 {
        match phone {
            Phone::Foreground => self.scan_interval_s,
            Phone::Background => self.background_scan_interval_s,
        }
    }

    /// Time until `listener` hears `talker`, in microseconds, from a random moment of both.
    #[must_use]
    pub fn discovery_us(&self, listener: Phone, _talker: Phone, rng: &mut impl Rng) -> u64 {
        let interval = self.scan_interval_s(listener);
        // The time since the start of the listener's present scan interval.
        let mut phase = rng::unit(rng) * interval;
        let mut at = rng::unit(rng) * self.advertising_interval_s;
        phase += at;
        while at < LONGEST_S {
            let within = phase - libm::floor(phase / interval) * interval;
            if within < self.scan_window_s && rng::unit(rng) >= self.loss {
                break;
            }
            let step = self.advertising_interval_s + rng::unit(rng) * ADVERTISING_DELAY_S;
            at += step;
            phase += step;
        }
        (at * SECOND_US as f64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ble(advertising: f64, interval: f64, window: f64) -> Ble {
        Ble {
            advertising_interval_s: advertising,
            scan_interval_s: interval,
            scan_window_s: window,
            loss: 0.0,
            background_share: 0.0,
            background_scan_interval_s: 60.0,
        }
    }

    fn delays(ble: &Ble, count: u64) -> Vec<f64> {
        (0..count)
            .map(|index| {
                let mut rng = rng::stream(1, rng::Purpose::Radio, index);
                let us = ble.discovery_us(Phone::Foreground, Phone::Foreground, &mut rng);
                us as f64 / SECOND_US as f64
            })
            .collect()
    }

    /// Kindt et al.: if every window catches an advertisement, one scan interval and one advertising interval bound the
    /// latency.
    #[test]
    fn discovery_is_bounded_when_windows_are_longer_than_advertising_intervals() {
        let ble = ble(0.25, 4.0, 0.3);
        let longest = delays(&ble, 5_000).into_iter().fold(0.0, f64::max);
        assert!(longest <= 4.0 + 0.26, "{longest}");
    }

    #[test]
    fn a_standing_scan_hears_the_next_advertisement() {
        let mean = delays(&ble(0.5, 1.0, 1.0), 20_000).iter().sum::<f64>() / 20_000.0;
        assert!((mean - 0.25).abs() < 0.01, "{mean}");
    }

    #[test]
    fn a_tenth_of_the_time_listening_takes_ten_advertisements() {
        let mean = delays(&ble(0.1, 5.12, 0.512), 20_000).iter().sum::<f64>() / 20_000.0;
        // Mean wait for the window: (1 - 0.1)² / 2 of the interval, plus half an advertising interval.
        let expected = 0.9 * 0.9 / 2.0 * 5.12 + 0.0525;
        assert!((mean - expected).abs() < 0.1, "{mean} against {expected}");
    }
}
