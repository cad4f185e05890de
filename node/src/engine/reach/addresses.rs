//! The addresses of this device that we tell others.

use hedgerow_transport::carrier::{Address, CarrierKind};
use hedgerow_transport::relay::RelayPaths;

use super::Reach;
use super::endpoint::{Endpoint, MAX_ADDRESSES};
use crate::engine::account::Account;

/// The most relays among the addresses that we tell.
const MAX_TOLD_RELAYS: usize = 4;

impl Reach {
    /// The addresses that we tell contacts and name in invitations. For a carrier that has none now, they are the last
    /// ones that we told, so that a carrier that goes and comes back leaves nothing new to tell. They leave out
    /// carriers that the user has switched off, and addresses that show the hardware address. If paths lead only over
    /// relays, they are relays only.
    pub fn own_addresses(&self, account: &Account) -> Vec<String> {
        self.own_endpoints(account)
            .iter()
            .map(Endpoint::text)
            .collect()
    }

    /// The addresses for an invitation: without relays while the user has switched relays off.
    pub fn invited_to(&self, account: &Account) -> Vec<Address> {
        let endpoints = self.own_endpoints(account).into_iter();
        let endpoints = endpoints.filter(|endpoint| !account.settings.is_off(endpoint.carrier));
        endpoints.map(|endpoint| Address(endpoint.text())).collect()
    }

    fn own_endpoints(&self, account: &Account) -> Vec<Endpoint> {
        let relays: Vec<Endpoint> = own_relays(account).take(MAX_TOLD_RELAYS).collect();
        let mut endpoints = self.endpoints_beside_relays(account);
        endpoints.truncate(MAX_ADDRESSES - relays.len());
        endpoints.extend(relays);
        endpoints
    }

    /// The addresses of all other carriers that we tell.
    fn endpoints_beside_relays(&self, account: &Account) -> Vec<Endpoint> {
        if account.settings.relay_paths != RelayPaths::Direct {
            return Vec::new();
        }
        let now = |kind: CarrierKind| self.carriers.get(&kind).map(|carrier| &carrier.addresses);
        let is_nowhere = |kind| now(kind).is_none_or(Vec::is_empty);
        let mut endpoints = Endpoint::parse_all(&account.told.addresses);
        endpoints.retain(|endpoint| is_nowhere(endpoint.carrier));
        for (kind, carrier) in &self.carriers {
            endpoints.extend(carrier.addresses.iter().map(|address| Endpoint {
                carrier: *kind,
                address: address.clone(),
            }));
        }
        endpoints.retain(|endpoint| {
            let is_told = endpoint.carrier != CarrierKind::Relay
                && !account.settings.is_off(endpoint.carrier);
            is_told && !endpoint.address.tells_hardware()
        });
        endpoints.sort_by_key(|endpoint| endpoint.carrier);
        endpoints
    }
}

/// The user's relays. We tell them even while they have no place for us, because we will get one again. We also tell
/// them while the user has switched relays off: a relay's address does not say where we are, and two devices that both
/// withdrew theirs could not find each other when only relays are left.
fn own_relays(account: &Account) -> impl Iterator<Item = Endpoint> {
    account.settings.relays.iter().map(|relay| Endpoint {
        carrier: CarrierKind::Relay,
        address: Address(relay.clone()),
    })
}
