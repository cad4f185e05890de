//! Radios: turn two devices within reach into a link, and bytes into time and energy. Reach itself is geometry and
//! belongs to the contact plan.

mod ble;
mod energy;

use hedgerow_transport::carrier::CarrierKind;
use rand_core::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use ble::{Ble, Phone};
pub use energy::{Battery, Energy, Meter};

use crate::plan::SECOND_US;

/// The shortest time. Something that is cut within it had not begun.
pub(crate) const MOMENT_US: u64 = 1;

/// One kind of radio. Devices that have it and are within reach of one another can find each other and make links.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Radio {
    /// The name that the rest of the scenario uses.
    pub name: String,
    /// The carrier that the engine sees.
    pub carrier: Carrier,
    /// Rate of each direction, in bytes a second.
    pub rate_bytes_s: f64,
    /// One-way delay, in seconds.
    #[serde(default)]
    pub latency_s: f64,
    /// Time from dialling until the link is up, in seconds.
    #[serde(default)]
    pub setup_s: f64,
    /// The share of pieces that are lost and sent again, which slows the link.
    #[serde(default)]
    pub loss: f64,
    /// The longest piece that is lost or arrives as a whole, in bytes.
    #[serde(default = "default_mtu")]
    pub mtu_bytes: u32,
    /// Most links of a device over it at once.
    #[serde(default = "default_links")]
    pub max_links: u32,
    /// Whether a device sends over one link at a time, or over all at the full rate.
    #[serde(default)]
    pub sends: Sends,
    /// Whether real bytes take time, or only ghosts: with `free`, handshakes and summaries cost nothing, as in The
    /// ONE. They are counted all the same.
    #[serde(default)]
    pub control: Control,
    /// If set, transfers end just before the next multiple of this many seconds, as in a step-based simulator;
    /// without it they end at any moment.
    #[serde(default)]
    pub step_s: Option<f64>,
    /// Time until a device within reach is found.
    #[serde(default)]
    pub discovery: Discovery,
    /// Its energy use.
    #[serde(default)]
    pub energy: Energy,
}

fn default_mtu() -> u32 {
    1_400
}

fn default_links() -> u32 {
    64
}

/// The carrier that the engine sees for a radio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// Bluetooth LE: an address is worthless later.
    Ble,
    /// A local network: a device dials again an address that worked once.
    Lan,
    /// The internet, through relays.
    Relay,
}

impl Carrier {
    /// The engine's type for it.
    #[must_use]
    pub fn kind(self) -> CarrierKind {
        match self {
            Carrier::Ble => CarrierKind::Ble,
            Carrier::Lan => CarrierKind::Lan,
            Carrier::Relay => CarrierKind::Relay,
        }
    }
}

/// How many links of a device send at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sends {
    /// One after the other: they share the rate.
    #[default]
    OneAtATime,
    /// All at once, each at the full rate.
    Together,
}

/// What takes time on the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// Every byte.
    #[default]
    Timed,
    /// Only ghosts.
    Free,
}

/// Time until a device within reach is found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Discovery {
    /// At once; the device with the lower number a millisecond earlier, so that not both dial.
    #[default]
    Instant,
    /// A uniform random time.
    #[serde(rename_all = "kebab-case")]
    Within {
        /// The longest, in seconds.
        longest_s: f64,
    },
    /// Bluetooth LE, from the intervals of advertiser and scanner.
    Ble(Ble),
}

impl Radio {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// A sentence that names the contradiction.
    pub fn check(&self) -> Result<(), String> {
        if self.rate_bytes_s <= 0.0 {
            return Err(format!(
                "radio `{}`: rate-bytes-s must be above 0",
                self.name
            ));
        }
        if !(0.0..1.0).contains(&self.loss) {
            return Err(format!(
                "radio `{}`: loss must be from 0 to below 1",
                self.name
            ));
        }
        if self.latency_s < 0.0 || self.setup_s < 0.0 {
            return Err(format!("radio `{}`: times must not be negative", self.name));
        }
        if self.step_us() == Some(0) {
            return Err(format!("radio `{}`: step-s must be above 0", self.name));
        }
        if self.max_links == 0 {
            return Err(format!(
                "radio `{}`: max-links must be at least 1",
                self.name
            ));
        }
        if let Discovery::Ble(ble) = &self.discovery {
            ble.check()
                .map_err(|why| format!("radio `{}`: {why}", self.name))?;
        }
        Ok(())
    }

    /// One-way delay, in microseconds.
    #[must_use]
    pub fn latency_us(&self) -> u64 {
        (self.latency_s * SECOND_US as f64) as u64
    }

    /// Time from dialling until the link is up, in microseconds.
    #[must_use]
    pub fn setup_us(&self) -> u64 {
        (self.setup_s * SECOND_US as f64) as u64
    }

    fn step_us(&self) -> Option<u64> {
        self.step_s.map(crate::world::micros)
    }

    /// When a transmission ends that starts at `start_us` and takes this much time on the air.
    #[must_use]
    pub fn sent_us(&self, start_us: u64, air_us: u64) -> u64 {
        let done_us = start_us + air_us;
        match self.step_us() {
            // A pair that parts at that multiple has received it already.
            Some(step_us) if air_us > 0 => done_us.next_multiple_of(step_us) - MOMENT_US,
            _ => done_us,
        }
    }

    /// Air time of `bytes` real bytes that stand for `ghost` more, in microseconds.
    #[must_use]
    pub fn air_time_us(&self, bytes: usize, ghost: u64, rng: &mut impl Rng) -> u64 {
        let timed = match self.control {
            Control::Timed => bytes as u64 + ghost,
            Control::Free => ghost,
        };
        if timed == 0 {
            return 0;
        }
        let pieces = timed.div_ceil(u64::from(self.mtu_bytes.max(1)));
        let tries = pieces + self.lost(pieces, rng);
        let bytes = timed as f64 * tries as f64 / pieces as f64;
        (bytes / self.rate_bytes_s * SECOND_US as f64) as u64
    }

    /// Number of retransmissions for this many pieces: drawn one by one if few, else the mean.
    fn lost(&self, pieces: u64, rng: &mut impl Rng) -> u64 {
        const FEW: u64 = 64;
        if self.loss == 0.0 {
            return 0;
        }
        if pieces > FEW {
            return (pieces as f64 * self.loss / (1.0 - self.loss)) as u64;
        }
        let mut again = 0;
        for _ in 0..pieces {
            while crate::rng::unit(rng) < self.loss {
                again += 1;
            }
        }
        again
    }

    /// Time until one side hears the other, in microseconds. `first` if it is the device with the lower number.
    #[must_use]
    pub fn discovery_us(
        &self,
        first: bool,
        listener: Phone,
        talker: Phone,
        rng: &mut impl Rng,
    ) -> u64 {
        match &self.discovery {
            Discovery::Instant => u64::from(!first) * 1_000,
            Discovery::Within { longest_s } => {
                (crate::rng::unit(rng) * longest_s * SECOND_US as f64) as u64
            }
            Discovery::Ble(ble) => ble.discovery_us(listener, talker, rng),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_time_has_come_just_before_the_next_step_and_nothing_else_waits() {
        let radio = |step: &str| -> Radio {
            let text = format!("name = 'r'\ncarrier = 'ble'\nrate-bytes-s = 1000\n{step}");
            toml::from_str(&text).expect("it is a radio")
        };
        let exact = radio("");
        assert_eq!(exact.sent_us(1_000, 250_000), 251_000);
        let stepped = radio("step-s = 0.1");
        assert_eq!(stepped.check(), Ok(()));
        assert_eq!(stepped.sent_us(1_000, 250_000), 299_999);
        assert_eq!(stepped.sent_us(299_999, 100_001), 399_999);
        assert_eq!(stepped.sent_us(1_000, 0), 1_000);
        assert!(radio("step-s = 0").check().is_err());
    }
}
