//! Relays (`docs/PROTOCOL.md` section 13a): which ones this device uses, under which names, and where it calls
//! contacts.
//!
//! It connects only to relays that the user has added. It offers the user those that contacts and invitations name.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_sync::id::DeviceId;
use hedgerow_transport::carrier::{Address, CarrierCommand, CarrierKind, RelayState};
use hedgerow_transport::handshake::Direction;
use hedgerow_transport::relay::{
    self, MAX_RELAY_NAMES, RELAY_EPOCH_MS, RELAY_NAMES_AHEAD, RelayEpoch, RelayKey, RelayName,
    is_relay,
};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use super::dialling::Target;
use super::endpoint::Endpoint;
use super::{Reach, View};
use crate::api::{Private, RelayStatus};
use crate::engine::account::{Account, Settings};
use crate::engine::fact::FactKind;
use crate::engine::fault::PeerFault;
use crate::engine::invitation::InvitationKey;
use crate::engine::joining::Joining;
use crate::engine::link::{Link, State};
use crate::engine::people::device::Device;
use crate::engine::{Effects as _, Now, Turn};

/// The most relays that we show as offered.
const MAX_OFFERED: usize = 16;

/// The most names used at one time beside that of the day: those for contacts who may not know it, and those of
/// invitations.
const MAX_FURTHER: usize = 7;

/// The most contacts at one time for which we use a name that only they can call. The others wait for their turn.
const MAX_ESTRANGED: usize = 3;

/// The length of a turn.
const TURN_MS: i64 = 3_600_000;

/// The names of a device on consecutive days, as a fact tells them.
#[derive(Clone, Encode, Decode)]
pub(crate) struct RelayNames {
    /// The day of the first.
    #[n(0)]
    pub first: u64,
    #[n(1)]
    pub names: Vec<ByteArray<32>>,
}

impl RelayNames {
    /// Decodes what a peer has told.
    pub fn decode(content: &[u8]) -> Result<RelayNames, PeerFault> {
        let names: RelayNames = minicbor::decode(content).map_err(|_| PeerFault::BadItem)?;
        match names.names.len() <= MAX_RELAY_NAMES {
            true => Ok(names),
            false => Err(PeerFault::BadItem),
        }
    }

    /// The name on a day, if it is known.
    fn on(&self, day: RelayEpoch) -> Option<RelayName> {
        let nth = usize::try_from(day.0.checked_sub(self.first)?).ok()?;
        self.names.get(nth).map(|name| RelayName(**name))
    }

    /// The names that a device may use at a time of its own wall clock, the likeliest first.
    fn about(&self, wall_ms: i64) -> impl Iterator<Item = RelayName> {
        let days = days_about(wall_ms).into_iter();
        days.filter_map(|day| self.on(day))
    }
}

/// The days that a device may take it to be at a time of its wall clock, the likeliest first. The clock may have been
/// wrong when we last compared it.
fn days_about(wall_ms: i64) -> [RelayEpoch; 3] {
    let today = RelayEpoch::at(wall_ms);
    let before = RelayEpoch(today.0.saturating_sub(1));
    let after = RelayEpoch(today.0.saturating_add(1));
    match today.end_ms().saturating_sub(wall_ms) < RELAY_EPOCH_MS / 2 {
        true => [today, after, before],
        false => [today, before, after],
    }
}

/// The last command to the carrier.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Appearance {
    relays: Vec<String>,
    day: Option<RelayEpoch>,
    beacon_version: u32,
    estranged: Vec<DeviceId>,
    invitations: Vec<InvitationKey>,
    paths: relay::RelayPaths,
}

/// What we know of our relays.
#[derive(Debug, Default)]
pub(crate) struct Relays {
    appearance: Appearance,
    states: BTreeMap<Address, RelayState>,
}

impl Relays {
    /// When the names change next (monotonic milliseconds).
    pub fn next_wake_ms(&self, now: Now) -> Option<u64> {
        let day = self.appearance.day?;
        let turn_ms = match self.appearance.estranged.is_empty() {
            true => i64::MAX,
            false => TURN_MS - now.wall_ms.rem_euclid(TURN_MS),
        };
        let left_ms = day.end_ms().saturating_sub(now.wall_ms).clamp(0, turn_ms);
        Some(now.mono_ms.saturating_add(left_ms as u64))
    }
}

impl Reach {
    /// Tells the carrier which relays, names and paths to use, if they have changed.
    pub fn set_relays(&mut self, turn: &mut Turn<'_>, view: View<'_>) {
        if !self.carriers.contains_key(&CarrierKind::Relay) {
            return;
        }
        let wanted = appearance(view, turn.now.wall_ms);
        if wanted == self.relays.appearance {
            return;
        }
        let mut keys: Vec<RelayKey> = Vec::new();
        if let Some(day) = wanted.day {
            keys.push(view.account.relay_seed().key(day));
            let estranged = wanted.estranged.iter();
            keys.extend(estranged.filter_map(|id| {
                let direction = Direction::between(&view.account.device_id.0, &id.0);
                let device = view.people.devices.get(id)?;
                Some(device.pair_beacon_key.relay_key(day, direction))
            }));
            let made = wanted.invitations.iter();
            let made = made.filter_map(|id| view.people.invitations.get(id));
            keys.extend(made.map(|made| made.secret.relay_key()));
        }
        let relays = wanted.relays.iter().cloned().map(Address).collect();
        let paths = wanted.paths;
        self.relays.appearance = wanted;
        let appear = CarrierCommand::SetRelays {
            relays,
            keys,
            paths,
        };
        turn.out.command(CarrierKind::Relay, appear);
    }

    /// The carrier reports the state of a relay.
    pub fn relay_state(
        &mut self,
        turn: &mut Turn<'_>,
        settings: &Settings,
        at: Address,
        state: RelayState,
    ) {
        if settings.has_relay(&at) {
            self.relays.states.insert(at, state);
            turn.pending.carriers.insert(CarrierKind::Relay);
        }
    }

    /// The user has taken a relay away.
    pub fn forget_relay(&mut self, relay: &Address) {
        self.relays.states.remove(relay);
    }

    /// A link leads over a relay, and now there is a better path: if we dialled the link, moves the session there. The
    /// old link stays until the new one has taken its place.
    pub fn better_path(&mut self, turn: &mut Turn<'_>, link: &Link, address: Address) {
        let State::Live(live) = &link.state else {
            return;
        };
        if link.attempt.is_some() {
            let endpoint = Endpoint {
                carrier: link.carrier,
                address,
            };
            let dial = self
                .dialling
                .move_to(Target::Device(live.device), endpoint.clone());
            let to = endpoint.address;
            turn.out
                .command(endpoint.carrier, CarrierCommand::Dial { dial, to });
        }
    }

    /// All relays that we use or offer, as the API shows them.
    pub fn relay_statuses(&self, view: View<'_>) -> Vec<RelayStatus> {
        let is_off = view.account.settings.is_off(CarrierKind::Relay);
        let ours = view.account.settings.relays.iter().map(|relay| {
            let known = self.relays.states.get(&Address(relay.clone()));
            RelayStatus {
                address: Private(relay.clone()),
                state: match (is_off, known) {
                    (true, _) => RelayState::Off,
                    (false, Some(state)) => *state,
                    (false, None) => RelayState::Connecting,
                },
            }
        });
        let contacts = view
            .people
            .devices
            .values()
            .filter(|one| one.is_welcome(&view.people.contacts));
        let named = contacts.flat_map(Device::endpoints).chain(
            view.people
                .joinings
                .values()
                .flat_map(|joining| joining.endpoints()),
        );
        let mut offered: Vec<String> = named
            .filter(|endpoint| {
                endpoint.carrier == CarrierKind::Relay && is_relay(&endpoint.address)
            })
            .filter(|endpoint| added(view.account, &endpoint.address).next().is_none())
            .map(|endpoint| endpoint.address.0)
            .collect();
        offered.sort_unstable();
        offered.dedup();
        offered.truncate(MAX_OFFERED);
        let offered = offered.into_iter().map(|relay| RelayStatus {
            address: Private(relay),
            state: RelayState::Offered,
        });
        ours.chain(offered).collect()
    }
}

fn appearance(view: View<'_>, wall_ms: i64) -> Appearance {
    let common = Appearance {
        relays: view.account.settings.relays.clone(),
        beacon_version: view.account.told.versions.of(FactKind::BeaconKey),
        paths: view.account.settings.relay_paths,
        ..Appearance::default()
    };
    if common.relays.is_empty() {
        return common;
    }
    let estranged = estranged(view, wall_ms);
    let open = view
        .people
        .invitations
        .iter()
        .filter(|(_, made)| made.answers());
    let mut invited: Vec<_> = open.map(|(id, made)| (made.ends_ms(), *id)).collect();
    invited.sort_unstable_by(|one, other| other.cmp(one));
    invited.truncate(MAX_FURTHER - estranged.len());
    Appearance {
        day: Some(RelayEpoch::at(wall_ms)),
        estranged,
        invitations: invited.into_iter().map(|(_, id)| id).collect(),
        ..common
    }
}

/// Contacts' devices that may not know the name that this device uses now, as many as have their turn at this time.
/// They have had no session since we drew the newest beacon key, or for longer than we tell names ahead, or since they
/// joined by an invitation that we no longer answer. Other devices without our names do not look for us at relays.
fn estranged(view: View<'_>, wall_ms: i64) -> Vec<DeviceId> {
    let newest = &view.account.told.versions;
    let ahead_ms = RELAY_NAMES_AHEAD as i64 * RELAY_EPOCH_MS;
    let may_not_know = |device: &Device| {
        let told = device.given.of(FactKind::RelayNames);
        if told == newest.of(FactKind::RelayNames) {
            return false;
        }
        let is_outdated = device.given.of(FactKind::BeaconKey) < newest.of(FactKind::BeaconKey);
        let is_long_ago = |seen_ms: i64| seen_ms.saturating_add(ahead_ms) < wall_ms;
        let is_answered = |id| {
            view.people
                .invitations
                .get(&id)
                .is_some_and(|made| made.answers())
        };
        match device.joined_by {
            Some(invitation) => !is_answered(invitation),
            None => told > 0 && (is_outdated || device.last_seen_ms.is_some_and(is_long_ago)),
        }
    };
    let apart = view
        .people
        .devices
        .iter()
        .filter(|(id, _)| !view.sessions.contains_key(id));
    let estranged =
        apart.filter(|(id, device)| may_not_know(device) && view.people.may_talk_to(**id));
    let estranged: Vec<DeviceId> = estranged.map(|(id, _)| *id).collect();
    let turn = wall_ms.div_euclid(TURN_MS).unsigned_abs() as usize;
    let first = turn.wrapping_mul(MAX_ESTRANGED) % estranged.len().max(1);
    let at_hand = estranged.len().min(MAX_ESTRANGED);
    let in_turn = estranged.iter().cycle().skip(first).take(at_hand);
    let mut in_turn: Vec<DeviceId> = in_turn.copied().collect();
    in_turn.sort_unstable();
    in_turn
}

/// The known endpoints of a target, the best first.
pub(super) fn ways(view: View<'_>, target: Target, now: Now) -> Vec<Endpoint> {
    match target {
        Target::Device(id) => {
            let device = view.people.devices.get(&id);
            device.map(|device| device_endpoints(view.account, id, device, now))
        }
        Target::Inviter(id) => {
            let joining = view.people.joinings.get(&id);
            joining.map(|joining| inviter_endpoints(view.account, joining))
        }
    }
    .unwrap_or_default()
}

/// The endpoints at which we call a contact's device. At relays we use the names that it has told, and those under
/// which it waits for us alone if we may not know the others.
pub(super) fn device_endpoints(
    account: &Account,
    id: DeviceId,
    device: &Device,
    now: Now,
) -> Vec<Endpoint> {
    let wall_ms = now.wall_ms.saturating_add(device.clock_offset_ms);
    let direction = Direction::between(&id.0, &account.device_id.0);
    let names = |_: &Endpoint| {
        let told = device.relay_names.iter();
        let told = told.flat_map(move |names| names.about(wall_ms));
        let met_under = device.met_under.filter(|_| device.relay_names.is_none());
        let [today, nearer, _] = days_about(wall_ms);
        let pair = [today, nearer].map(|day| {
            let key = device.pair_beacon_key.relay_key(day, direction);
            key.name()
        });
        told.chain(met_under).chain(pair)
    };
    through_relays(account, device.endpoints(), names)
}

/// The endpoints at which we call the maker of an invitation.
fn inviter_endpoints(account: &Account, joining: &Joining) -> Vec<Endpoint> {
    let name = joining.invitation.secret.relay_key().name();
    through_relays(account, joining.endpoints(), |_| std::iter::once(name))
}

/// The endpoints to dial: those through relays once for each name. Leaves out relays that the user has not added.
fn through_relays<I: IntoIterator<Item = RelayName>>(
    account: &Account,
    endpoints: Vec<Endpoint>,
    names: impl Fn(&Endpoint) -> I,
) -> Vec<Endpoint> {
    let mut dialled = Vec::new();
    for endpoint in endpoints {
        if endpoint.carrier != CarrierKind::Relay {
            dialled.push(endpoint);
            continue;
        }
        for relay in added(account, &endpoint.address) {
            for name in names(&endpoint) {
                let address = name.at(&relay);
                let carrier = endpoint.carrier;
                dialled.push(Endpoint { carrier, address });
            }
        }
    }
    // Endpoints that have led to sessions come first, and keep that place.
    let mut seen = BTreeSet::new();
    dialled.retain(|endpoint| seen.insert(endpoint.clone()));
    dialled
}

/// The addresses at which the user has added a relay that somebody names, perhaps by another address.
fn added<'a>(account: &'a Account, named: &Address) -> impl Iterator<Item = Address> + use<'a> {
    let name = name_of(&named.0).map(str::to_owned);
    let is_it = move |relay: &&String| name.is_some() && name_of(relay) == name.as_deref();
    account
        .settings
        .relays
        .iter()
        .filter(is_it)
        .cloned()
        .map(Address)
}

/// The name that a relay's address ends with.
fn name_of(relay: &str) -> Option<&str> {
    relay.rsplit_once("/p2p/").map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use hedgerow_transport::relay::RELAY_EPOCH_MS;

    use super::*;
    use crate::tables;

    fn names(first: u64, count: u8) -> RelayNames {
        RelayNames {
            first,
            names: (0..count).map(|n| ByteArray::from([n; 32])).collect(),
        }
    }

    #[test]
    fn the_day_comes_first_then_the_nearer_neighbour() {
        let noon = RELAY_EPOCH_MS * 105 + RELAY_EPOCH_MS / 2;
        let about = |wall_ms| -> Vec<u8> {
            let names = names(100, 20);
            names.about(wall_ms).map(|name| name.0[0]).collect()
        };
        assert_eq!(about(noon - 1), [5, 4, 6]);
        assert_eq!(about(noon + 1), [5, 6, 4]);
        assert_eq!(
            about(RELAY_EPOCH_MS * 100),
            [0, 1],
            "the first that is known"
        );
        assert_eq!(about(RELAY_EPOCH_MS * 120), [19], "the day after the last");
        assert!(about(RELAY_EPOCH_MS * 121 + 1).is_empty());
        assert!(about(0).is_empty());
        assert!(about(i64::MAX).is_empty() && about(i64::MIN).is_empty());
    }

    #[test]
    fn more_names_than_anybody_tells_are_a_fault() {
        let most = tables::encoded(&names(u64::MAX, MAX_RELAY_NAMES as u8));
        let heard = RelayNames::decode(&most).expect("as many as there may be");
        assert!(heard.about(i64::MAX).next().is_none());
        let more = tables::encoded(&names(1, MAX_RELAY_NAMES as u8 + 1));
        assert!(RelayNames::decode(&more).is_err());
        assert!(RelayNames::decode(b"").is_err());
    }
}
