//! What loads by itself (`docs/PROTOCOL.md` section 16).

use hedgerow_transport::carrier::CarrierKind;

/// The largest file that loads by itself over Bluetooth LE, in bytes.
const OVER_BLE: u64 = 256 << 10;

/// The largest that loads by itself from a contact who is not verified.
pub(in crate::engine) const UNVERIFIED: u64 = 1 << 20;

/// The largest that loads by itself over relays.
const OVER_RELAYS: u64 = 5 << 20;

/// The largest that loads by itself over any carrier: over the local network.
pub(in crate::engine) const LARGEST: u64 = 100 << 20;

/// The most bytes of files from one conversation that load by themselves.
pub(in crate::engine) const QUOTA: u64 = 2 << 30;

/// Files by what it takes to load them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(in crate::engine) enum Class {
    /// The user has asked for it: loads over any carrier.
    Asked = 0,
    /// At most [`OVER_BLE`].
    Tiny = 1,
    /// At most [`UNVERIFIED`].
    Small = 2,
    /// At most [`OVER_RELAYS`].
    Middle = 3,
    /// At most [`LARGEST`].
    Large = 4,
}

impl Class {
    /// The class of a file that nobody has asked for; `None` if it never loads by itself.
    pub fn of(size: u64) -> Option<Class> {
        let classes = [
            (OVER_BLE, Class::Tiny),
            (UNVERIFIED, Class::Small),
            (OVER_RELAYS, Class::Middle),
            (LARGEST, Class::Large),
        ];
        let mut classes = classes.into_iter();
        classes.find_map(|(most, class)| (size <= most).then_some(class))
    }

    /// What loads over a carrier from a contact, the first first.
    pub fn that_load(carrier: CarrierKind, is_verified: bool) -> &'static [Class] {
        const ALL: &[Class] = &[
            Class::Asked,
            Class::Tiny,
            Class::Small,
            Class::Middle,
            Class::Large,
        ];
        match (carrier, is_verified) {
            (CarrierKind::Ble, _) => &ALL[..2],
            (_, false) => &ALL[..3],
            (CarrierKind::Relay, true) => &ALL[..4],
            (_, true) => ALL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_loads_by_itself_depends_on_carrier_size_and_verification() {
        let loads = |size, carrier, verified| {
            let class = Class::of(size);
            class.is_some_and(|class| Class::that_load(carrier, verified).contains(&class))
        };
        let cases = [
            (CarrierKind::Ble, true, 256 << 10),
            (CarrierKind::Ble, false, 256 << 10),
            (CarrierKind::Relay, true, 5 << 20),
            (CarrierKind::Relay, false, 1 << 20),
            (CarrierKind::Lan, true, 100 << 20),
            (CarrierKind::Lan, false, 1 << 20),
        ];
        for (carrier, verified, most) in cases {
            assert!(loads(most, carrier, verified), "{carrier:?} {verified}");
            assert!(
                !loads(most + 1, carrier, verified),
                "{carrier:?} {verified}"
            );
        }
    }
}
