//! An endpoint: a carrier and an address on it. Facts and invitations write it (`docs/PROTOCOL.md` section 8) as the
//! carrier's name, `/`, and the carrier's own text.

use hedgerow_transport::carrier::{Address, CarrierKind};
use hedgerow_transport::relay::relay_of;

/// The most addresses of one fact or invitation.
pub(crate) const MAX_ADDRESSES: usize = 16;

/// The longest address that we accept, in bytes.
const MAX_ADDRESS: usize = 256;

/// Where a device can be reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Endpoint {
    /// Over which carrier.
    pub carrier: CarrierKind,
    /// Where on it.
    pub address: Address,
}

impl Endpoint {
    /// Its text in facts, invitations and records.
    pub fn text(&self) -> String {
        format!("{}/{}", name(self.carrier), self.address.0)
    }

    /// Whether it may lead to the same device later. Bluetooth addresses change every quarter of an hour: a dial to one
    /// without a beacon just seen there costs radio time and finds nobody. A direct path made through a relay ends with
    /// its links.
    pub fn lasts(&self) -> bool {
        let is_a_path_of_now =
            self.carrier == CarrierKind::Relay && self.address.0.starts_with("/p2p/");
        self.carrier != CarrierKind::Ble && !is_a_path_of_now
    }

    /// The endpoint as facts, invitations and records have it: that of a relay without the name of the day.
    pub fn told(&self) -> Endpoint {
        match self.carrier {
            CarrierKind::Relay => Endpoint {
                carrier: self.carrier,
                address: relay_of(&self.address),
            },
            _ => self.clone(),
        }
    }

    /// Parses a text; `None` if it is too long, or this version does not know the carrier.
    pub fn parse(text: &str) -> Option<Endpoint> {
        if text.len() > MAX_ADDRESS {
            return None;
        }
        let (carrier, address) = text.split_once('/')?;
        let carrier = CARRIERS.into_iter().find(|kind| name(*kind) == carrier)?;
        Some(Endpoint {
            carrier,
            address: Address(address.to_owned()),
        })
    }

    /// Parses texts, and leaves out those that [`parse`](Self::parse) does not accept.
    pub fn parse_all<'a>(texts: impl IntoIterator<Item = &'a String>) -> Vec<Endpoint> {
        texts
            .into_iter()
            .take(MAX_ADDRESSES)
            .filter_map(|text| Endpoint::parse(text))
            .collect()
    }
}

/// The carriers over which we announce beacons.
pub(crate) const ANNOUNCING: [CarrierKind; 3] =
    [CarrierKind::Memory, CarrierKind::Lan, CarrierKind::Ble];

/// The duplex carriers, which an endpoint can name.
pub(crate) const CARRIERS: [CarrierKind; 4] = [
    CarrierKind::Memory,
    CarrierKind::Lan,
    CarrierKind::Ble,
    CarrierKind::Relay,
];

fn name(carrier: CarrierKind) -> &'static str {
    match carrier {
        CarrierKind::Memory => "memory",
        CarrierKind::Lan => "lan",
        CarrierKind::Ble => "ble",
        CarrierKind::Relay => "relay",
        CarrierKind::File => "file",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_survives_its_text() {
        let endpoint = Endpoint {
            carrier: CarrierKind::Lan,
            address: Address("[fe80::1%3]:4711".to_owned()),
        };
        assert_eq!(Endpoint::parse(&endpoint.text()), Some(endpoint));
    }

    #[test]
    fn what_this_version_does_not_know_is_left_out() {
        assert_eq!(Endpoint::parse("pigeon/coop 4"), None);
        assert_eq!(Endpoint::parse("no carrier"), None);
        assert_eq!(
            Endpoint::parse(&format!("lan/{}", "1".repeat(MAX_ADDRESS))),
            None
        );
    }
}
