//! How much of the radio's time the carrier uses (`docs/PROTOCOL.md` section 13b).

use std::time::Duration;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Trades discovery latency against battery life. The numbers are on disk: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Power {
    /// The user is waiting, or the device has mains power.
    #[n(0)]
    Active,
    /// The default.
    #[default]
    #[n(1)]
    Balanced,
    /// Saves the battery.
    #[n(2)]
    Saver,
}

/// Timing of the radio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duty {
    /// Length of a scan window.
    pub listen: Duration,
    /// From the start of one scan window to the start of the next.
    pub every: Duration,
    /// Shortest and longest pause between two advertisements.
    pub interval: (Duration, Duration),
}

impl Power {
    /// The timing for this choice.
    #[must_use]
    pub fn duty(self) -> Duty {
        let (listen_s, every_s, interval_ms) = match self {
            Power::Active => (28, 30, (100, 150)),
            Power::Balanced => (8, 40, (250, 350)),
            Power::Saver => (4, 120, (1_000, 1_200)),
        };
        let interval = (
            Duration::from_millis(interval_ms.0),
            Duration::from_millis(interval_ms.1),
        );
        Duty {
            listen: Duration::from_secs(listen_s),
            every: Duration::from_secs(every_s),
            interval,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saving_listens_less_and_announces_less_often() {
        let share = |power: Power| {
            let duty = power.duty();
            duty.listen.as_secs_f64() / duty.every.as_secs_f64()
        };
        assert!(share(Power::Active) >= 0.9);
        assert!(share(Power::Balanced) <= 0.2 && share(Power::Saver) <= 0.04);
        let interval = |power: Power| power.duty().interval;
        assert!(interval(Power::Active) < interval(Power::Balanced));
        assert!(interval(Power::Balanced) < interval(Power::Saver));
    }
}
