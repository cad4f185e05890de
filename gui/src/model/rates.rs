//! About how long a file takes over each carrier, before any of it has gone. These are round figures: as soon as a file is
//! on its way, its own rate is told instead.

use hedgerow_node::api::Carrier;

/// Wi-Fi that others use too, both ways through one access point: bytes in a second.
const LAN: u64 = 4_000_000;

/// The way up to the internet from most homes, which is the narrowest part of a way over a relay.
const RELAY: u64 = 500_000;

/// Bluetooth LE as phones do it: some packets of 244 bytes in each connection interval.
const BLE: u64 = 20_000;

/// About how many seconds so many bytes take, rounded up as people would; `None` where nobody can say.
pub(super) fn about_s(bytes: u64, over: Carrier) -> Option<u64> {
    let rate = match over {
        Carrier::Lan => LAN,
        Carrier::Relay => RELAY,
        Carrier::Ble => BLE,
        // One is for tests, and the other is carried by hand.
        Carrier::Memory | Carrier::File => return None,
    };
    let seconds = bytes.div_ceil(rate).max(1);
    let step = match seconds {
        0..60 => 5,
        60..3_600 => 60,
        _ => 3_600,
    };
    Some(seconds.next_multiple_of(step))
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
}
