//! How long a file takes: about, over each carrier, before any of it has gone; and by the rate at which it goes.

use std::time::Duration;

use crate::api::Carrier;

/// Wi-Fi that others use too, both ways through one access point: bytes in a second.
const LAN: u64 = 4_000_000;

/// The way up to the internet from most homes, which is the narrowest part of a way over a relay.
const RELAY: u64 = 500_000;

/// Bluetooth LE as phones do it: some packets of 244 bytes in each connection interval.
const BLE: u64 = 20_000;

/// About how many seconds this number of bytes takes, in round figures; `None` where nobody can say.
pub fn about_s(bytes: u64, over: Carrier) -> Option<u64> {
    let rate = match over {
        Carrier::Lan => LAN,
        Carrier::Relay => RELAY,
        Carrier::Ble => BLE,
        // One is for tests, and the other is carried by hand.
        Carrier::Memory | Carrier::File => return None,
    };
    Some(rounded(bytes.div_ceil(rate)))
}

/// The pace of a file that is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Bytes in a second.
    pub rate: u64,
    /// About how many seconds the rest takes, in round figures.
    pub left_s: u64,
}

impl Pace {
    /// That of a file of `size` bytes of which, within a time, first `before` bytes had come and then `now`; `None` if none
    /// came meanwhile.
    pub fn of(size: u64, before: u64, now: u64, within: Duration) -> Option<Pace> {
        let came = u128::from(now.checked_sub(before).filter(|came| *came > 0)?);
        let micros = within.as_micros().max(1);
        let rate = u64::try_from(came * 1_000_000 / micros).unwrap_or(u64::MAX);
        let rate = rate.max(1);
        let left_s = rounded(size.saturating_sub(now).div_ceil(rate));
        Some(Pace { rate, left_s })
    }
}

/// Seconds as people would say them: rounded up, more coarsely the more there are.
fn rounded(seconds: u64) -> u64 {
    let step = match seconds {
        0..60 => 5,
        60..3_600 => 60,
        _ => 3_600,
    };
    seconds.max(1).next_multiple_of(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_is_told_in_round_figures() {
        for (bytes, over, expected) in [
            (10, Carrier::Lan, Some(5)),
            (26_000_000, Carrier::Lan, Some(10)),
            (2_000_000, Carrier::Ble, Some(120)),
            (2 << 30, Carrier::Relay, Some(2 * 3_600)),
            (10, Carrier::File, None),
        ] {
            assert_eq!(about_s(bytes, over), expected, "{bytes} over {over:?}");
        }
    }

    #[test]
    fn a_pace_is_what_came_in_a_time_and_nothing_where_nothing_came() {
        let second = Duration::from_secs(1);
        let pace = Pace::of(10_000_000, 1_000_000, 3_000_000, second);
        let expected = Pace {
            rate: 2_000_000,
            left_s: 5,
        };
        assert_eq!(pace, Some(expected));
        assert_eq!(Pace::of(10, 5, 5, second), None);
        assert_eq!(Pace::of(10, 5, 4, second), None);
        let fast = Pace::of(u64::MAX, 0, u64::MAX, Duration::ZERO);
        assert_eq!(fast.map(|pace| pace.left_s), Some(5));
    }
}
