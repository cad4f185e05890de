//! How much of the radio's time the carrier takes (`docs/PROTOCOL.md` section 13b).

use std::time::Duration;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// A choice between being found soon and lasting long. The numbers are on disk: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Power {
    /// Somebody is waiting, or there is a socket in the wall.
    #[n(0)]
    Active,
    /// The usual.
    #[default]
    #[n(1)]
    Balanced,
    /// What is left is to last.
    #[n(2)]
    Saver,
}

/// What a choice comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duty {
    /// How long others are listened for at a time.
    pub listen: Duration,
    /// From the beginning of one time to that of the next.
    pub every: Duration,
    /// Pause between two advertisements: at least, and at most.
    pub interval: (Duration, Duration),
}

impl Power {
    /// What it comes to.
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
