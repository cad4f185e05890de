//! Where this device can be reached, as others are told.

use hedgerow_transport::carrier::{Address, CarrierKind};
use hedgerow_transport::relay::RelayPaths;

use super::Reach;
use super::endpoint::{Endpoint, MAX_ADDRESSES};
use crate::engine::account::Account;

/// The most relays among the addresses told.
const MAX_TOLD_RELAYS: usize = 4;

impl Reach {
    /// Where this device can be reached, as contacts and invitations are told: now, or where a carrier that has no
    /// address was when it had one, so that one which goes and comes back leaves nothing new to tell. Carriers that
    /// the user has switched off are left out, and so is what tells the hardware. If paths lead over relays alone,
    /// relays are all that is told.
    pub fn own_addresses(&self, account: &Account) -> Vec<String> {
        self.own_endpoints(account)
            .iter()
            .map(Endpoint::text)
            .collect()
    }

    /// What an invitation says: nobody is sent to a relay while relays are switched off.
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

    /// What we tell of all other carriers.
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

/// Relays are told of whether or not they have a place for us now: it comes back. So they are while the user has
/// switched relays off: an address of a relay says nothing of where we are, and two who both took theirs back
/// would find each other no more once relays are all that is left.
fn own_relays(account: &Account) -> impl Iterator<Item = Endpoint> {
    account.settings.relays.iter().map(|relay| Endpoint {
        carrier: CarrierKind::Relay,
        address: Address(relay.clone()),
    })
}
