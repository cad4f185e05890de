//! Energy by state: sleep, scanning and advertising, connected, sending and receiving.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::SECOND_US;

/// Energy use of a radio. Powers in watts, in addition to those of the device.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Energy {
    /// Switched on and idle, in watts.
    pub sleep_w: f64,
    /// Scanning with its duty cycle, average in watts.
    pub scan_w: f64,
    /// Advertising, average in watts.
    pub advertise_w: f64,
    /// For each link that is up, in watts.
    pub connected_w: f64,
    /// While sending, in watts.
    pub send_w: f64,
    /// While receiving, in watts.
    pub receive_w: f64,
}

/// The battery of a device, which goes off once it is empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Battery {
    /// Capacity in joules; a phone has about 40,000.
    pub capacity_j: f64,
    /// Charge at the start, drawn uniformly between these two shares.
    #[serde(default = "full")]
    pub filled: [f64; 2],
    /// Power of the device itself, in watts.
    #[serde(default)]
    pub base_w: f64,
}

fn full() -> [f64; 2] {
    [1.0, 1.0]
}

impl Battery {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// A sentence that names the contradiction.
    pub fn check(&self) -> Result<(), String> {
        let [least, most] = self.filled;
        if self.capacity_j <= 0.0 || self.base_w < 0.0 {
            return Err("battery: capacity-j must be above 0 and base-w not negative".to_owned());
        }
        if !(0.0..=most).contains(&least) || most > 1.0 {
            return Err("battery: filled is a lowest and a highest share, from 0 to 1".to_owned());
        }
        Ok(())
    }
}

/// Adds up the energy that one device uses over one radio.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    used_j: f64,
    since_us: u64,
    power_w: f64,
}

impl Meter {
    /// Sets the power from now on.
    pub fn set_power(&mut self, now_us: u64, power_w: f64) {
        self.used_j = self.used_j(now_us);
        self.since_us = now_us;
        self.power_w = power_w;
    }

    /// A meter that starts with this much energy used.
    #[must_use]
    pub fn from(now_us: u64, used_j: f64) -> Meter {
        Meter {
            used_j,
            since_us: now_us,
            power_w: 0.0,
        }
    }

    /// Adds energy that was used at once.
    pub fn add(&mut self, joules: f64) {
        self.used_j += joules;
    }

    /// Energy used up to now, in joules.
    #[must_use]
    pub fn used_j(&self, now_us: u64) -> f64 {
        let elapsed_s = now_us.saturating_sub(self.since_us) as f64 / SECOND_US as f64;
        self.used_j + self.power_w * elapsed_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_times_time_is_energy() {
        let mut meter = Meter::default();
        meter.set_power(0, 2.0);
        meter.set_power(3 * SECOND_US, 1.0);
        meter.add(0.5);
        assert_eq!(meter.used_j(5 * SECOND_US), 8.5);
    }
}
