//! Relays (`docs/PROTOCOL.md` section 13a): which ones are used, under which names this device goes there,
//! and where contacts are called.
//!
//! Only relays that the user has added are connected to. Those that contacts and invitations name are offered.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::SocketAddr;

use hedgerow_sync::id::DeviceId;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::{Address, CarrierCommand, CarrierKind, LinkId, RelayState};
use hedgerow_transport::handshake::Direction;
use hedgerow_transport::relay::{
    self, MAX_RELAY_NAMES, RELAY_EPOCH_MS, RELAY_NAMES_AHEAD, RelayEpoch, RelayKey, RelayName,
    RelaySeed, is_relay,
};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use super::device::Device;
use super::dialling::Target;
use super::endpoint::Endpoint;
use super::fact::FactKind;
use super::fault::{CallError, PeerFault};
use super::invitation::InvitationKey;
use super::link::State;
use super::{Effects as _, Engine, Now, Turn};
use crate::api::{Private, Refusal, RelayPaths, RelayStatus, Reply};

/// The most relays that a user can add.
pub(crate) const MAX_RELAYS: usize = 8;

/// The most relays that are shown as offered.
const MAX_OFFERED: usize = 16;

/// The most names gone by at relays at one time beside that of the day: those of contacts who may not know it,
/// and of the newest invitations.
const MAX_FURTHER: usize = 7;

/// The most contacts at one time by whom alone this device can be called; the others wait for their turn.
const MAX_ESTRANGED: usize = 3;

/// How long a turn is.
const TURN_MS: i64 = 3_600_000;

/// The names of a device on some days, as a fact tells them.
#[derive(Clone, Encode, Decode)]
pub(crate) struct RelayNames {
    /// The day of the first.
    #[n(0)]
    pub first: u64,
    #[n(1)]
    pub names: Vec<ByteArray<32>>,
}

impl RelayNames {
    /// What a peer has told.
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

    /// The names that a device may go by at a wall time of its own, the likeliest first.
    fn about(&self, wall_ms: i64) -> impl Iterator<Item = RelayName> {
        let days = days_about(wall_ms).into_iter();
        days.filter_map(|day| self.on(day))
    }
}

/// The days that it may be at a wall time, the likeliest first: that clock may have been wrong when we last
/// compared it.
fn days_about(wall_ms: i64) -> [RelayEpoch; 3] {
    let today = RelayEpoch::at(wall_ms);
    let before = RelayEpoch(today.0.saturating_sub(1));
    let after = RelayEpoch(today.0.saturating_add(1));
    match today.end_ms().saturating_sub(wall_ms) < RELAY_EPOCH_MS / 2 {
        true => [today, after, before],
        false => [today, before, after],
    }
}

/// What the carrier was told last.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Appearance {
    relays: Vec<String>,
    day: Option<RelayEpoch>,
    beacon_version: u32,
    estranged: Vec<DeviceId>,
    invitations: Vec<InvitationKey>,
    paths: relay::RelayPaths,
}

/// What is known of relays at hand.
#[derive(Debug, Default)]
pub(crate) struct Relays {
    appearance: Appearance,
    states: BTreeMap<Address, RelayState>,
}

impl Engine {
    /// Whether the user has added this address of a relay.
    fn is_added(&self, relay: &Address) -> bool {
        self.account.settings.relays.contains(&relay.0)
    }

    /// Where the user lets a relay be connected to that somebody names, by that address or another one.
    fn added(&self, named: &Address) -> impl Iterator<Item = Address> {
        let name = name_of(&named.0).map(str::to_owned);
        let is_it = move |relay: &&String| name.is_some() && name_of(relay) == name.as_deref();
        self.account
            .settings
            .relays
            .iter()
            .filter(is_it)
            .cloned()
            .map(Address)
    }

    pub(super) fn add_relay(
        &mut self,
        turn: &mut Turn<'_>,
        relay: &Private,
    ) -> Result<Reply, CallError> {
        let relay = Address(relay.0.trim().to_owned());
        if !is_relay(&relay) {
            return Err(Refusal::BadRelay.into());
        }
        if self.is_added(&relay) {
            return Ok(Reply::Done);
        }
        if self.account.settings.relays.len() >= MAX_RELAYS {
            let limit = MAX_RELAYS as u32;
            return Err(Refusal::TooManyRelays { limit }.into());
        }
        self.account.settings.relays.push(relay.0);
        self.relays_changed(turn)?;
        Ok(Reply::Done)
    }

    pub(super) fn remove_relay(
        &mut self,
        turn: &mut Turn<'_>,
        relay: &Private,
    ) -> Result<Reply, CallError> {
        let relay = Address(relay.0.trim().to_owned());
        if !self.is_added(&relay) {
            return Err(Refusal::NoSuchRelay.into());
        }
        self.account.settings.relays.retain(|one| *one != relay.0);
        self.relays.states.remove(&relay);
        self.relays_changed(turn)?;
        Ok(Reply::Done)
    }

    pub(super) fn set_relay_paths(
        &mut self,
        turn: &mut Turn<'_>,
        paths: &RelayPaths,
    ) -> Result<Reply, CallError> {
        let parse = |proxy: Private| proxy.0.trim().parse().map_err(|_| Refusal::BadProxy);
        self.account.settings.relay_paths = paths.clone().try_map(parse)?;
        self.relays_changed(turn)?;
        Ok(Reply::Done)
    }

    /// How relays are reached, as the API tells it.
    pub(super) fn relay_paths(&self) -> RelayPaths {
        let text = |at: SocketAddr| Ok::<_, Infallible>(Private(at.to_string()));
        let Ok(paths) = self.account.settings.relay_paths.try_map(text);
        paths
    }

    fn relays_changed(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        self.account.settings.save(turn.txn)?;
        self.pending.carriers.insert(CarrierKind::Relay);
        self.refresh_dials(turn);
        self.look_for_better();
        self.addresses_changed(turn)
    }

    /// Tells contacts under which names this device goes in the days to come, before those that they know
    /// run short.
    pub(super) fn renew_relay_names(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        if self.account.settings.relays.is_empty() {
            return Ok(());
        }
        let today = RelayEpoch::at(turn.now.wall_ms);
        let told = self.account.told.relay_names_day;
        let ahead = MAX_RELAY_NAMES as u64 - 2;
        let is_told = self.account.told.versions.of(FactKind::RelayNames) > 0
            && told <= today.0
            && (told + ahead).saturating_sub(today.0) >= RELAY_NAMES_AHEAD;
        if is_told {
            return Ok(());
        }
        self.account.told.relay_names_day = today.0;
        self.fact_changed(turn, FactKind::RelayNames)
    }

    fn relay_seed(&self) -> RelaySeed {
        let account = &self.account;
        RelaySeed::derive(&account.secrets.signing_key, &account.told.beacon_key)
    }

    /// The content of the fact.
    pub(super) fn relay_names(&self) -> RelayNames {
        let first = self.account.told.relay_names_day.saturating_sub(1);
        let seed = self.relay_seed();
        let days = (first..).take(MAX_RELAY_NAMES);
        RelayNames {
            first,
            names: days
                .map(|day| ByteArray::from(seed.key(RelayEpoch(day)).name().0))
                .collect(),
        }
    }

    /// Has the carrier be where, and go by the names, that are right now.
    pub(super) fn set_relays(&mut self, turn: &mut Turn<'_>) {
        if !self.carriers.contains_key(&CarrierKind::Relay) {
            return;
        }
        let wanted = self.appearance(turn.now.wall_ms);
        if wanted == self.relays.appearance {
            return;
        }
        let mut keys: Vec<RelayKey> = Vec::new();
        if let Some(day) = wanted.day {
            keys.push(self.relay_seed().key(day));
            let estranged = wanted.estranged.iter();
            keys.extend(estranged.filter_map(|id| {
                let direction = Direction::between(&self.account.device_id.0, &id.0);
                let device = self.devices.get(id)?;
                Some(device.pair_beacon_key.relay_key(day, direction))
            }));
            let made = wanted.invitations.iter();
            let made = made.filter_map(|id| self.invitations.get(id));
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

    fn appearance(&self, wall_ms: i64) -> Appearance {
        let common = Appearance {
            relays: self.account.settings.relays.clone(),
            beacon_version: self.account.told.versions.of(FactKind::BeaconKey),
            paths: self.account.settings.relay_paths,
            ..Appearance::default()
        };
        if common.relays.is_empty() {
            return common;
        }
        let estranged = self.estranged(wall_ms);
        let open = self.invitations.iter().filter(|(_, made)| made.answers());
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

    /// Contacts' devices that may not know under which name this one goes, as many as it can be called by at a
    /// time: those apart since before the newest beacon key, or for longer than names were told ahead, or since
    /// they joined by an invitation that is answered no more. Others that were told no names do not look at relays.
    fn estranged(&self, wall_ms: i64) -> Vec<DeviceId> {
        let newest = &self.account.told.versions;
        let ahead_ms = RELAY_NAMES_AHEAD as i64 * RELAY_EPOCH_MS;
        let may_not_know = |device: &Device| {
            let told = device.given.of(FactKind::RelayNames);
            if told == newest.of(FactKind::RelayNames) {
                return false;
            }
            let is_outdated = device.given.of(FactKind::BeaconKey) < newest.of(FactKind::BeaconKey);
            let is_long_ago = |seen_ms: i64| seen_ms.saturating_add(ahead_ms) < wall_ms;
            let is_answered = |id| self.invitations.get(&id).is_some_and(|made| made.answers());
            match device.joined_by {
                Some(invitation) => !is_answered(invitation),
                None => told > 0 && (is_outdated || device.last_seen_ms.is_some_and(is_long_ago)),
            }
        };
        let apart = self
            .devices
            .iter()
            .filter(|(id, _)| !self.sessions.contains_key(id));
        let estranged = apart.filter(|(id, device)| may_not_know(device) && self.may_talk_to(**id));
        let estranged: Vec<DeviceId> = estranged.map(|(id, _)| *id).collect();
        let turn = wall_ms.div_euclid(TURN_MS).unsigned_abs() as usize;
        let first = turn.wrapping_mul(MAX_ESTRANGED) % estranged.len().max(1);
        let at_hand = estranged.len().min(MAX_ESTRANGED);
        let in_turn = estranged.iter().cycle().skip(first).take(at_hand);
        let mut in_turn: Vec<DeviceId> = in_turn.copied().collect();
        in_turn.sort_unstable();
        in_turn
    }

    /// When another name is to be gone by.
    pub(super) fn next_relay_name_ms(&self, now: Now) -> Option<u64> {
        let day = self.relays.appearance.day?;
        let turn_ms = match self.relays.appearance.estranged.is_empty() {
            true => i64::MAX,
            false => TURN_MS - now.wall_ms.rem_euclid(TURN_MS),
        };
        let left_ms = day.end_ms().saturating_sub(now.wall_ms).clamp(0, turn_ms);
        Some(now.mono_ms.saturating_add(left_ms as u64))
    }

    /// The carrier says how it is with a relay.
    pub(super) fn relay_state(&mut self, at: Address, state: RelayState) {
        if self.is_added(&at) {
            self.relays.states.insert(at, state);
            self.pending.carriers.insert(CarrierKind::Relay);
        }
    }

    /// Where a contact's device is called, of what is known of it: at relays by the names that it has told, and by
    /// those under which it waits for us alone if we may not know them.
    pub(super) fn device_endpoints(
        &self,
        id: DeviceId,
        device: &Device,
        now: Now,
    ) -> Vec<Endpoint> {
        let wall_ms = now.wall_ms.saturating_add(device.clock_offset_ms);
        let direction = Direction::between(&id.0, &self.account.device_id.0);
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
        self.through_relays(device.endpoints(), names)
    }

    /// Where the maker of an invitation is called.
    pub(super) fn inviter_endpoints(&self, joining: &super::joining::Joining) -> Vec<Endpoint> {
        let name = joining.invitation.secret.relay_key().name();
        self.through_relays(joining.endpoints(), |_| std::iter::once(name))
    }

    /// Ways as they are dialled: through a relay under each of these names. Relays that the user has not
    /// added are left out.
    fn through_relays<I: IntoIterator<Item = RelayName>>(
        &self,
        endpoints: Vec<Endpoint>,
        names: impl Fn(&Endpoint) -> I,
    ) -> Vec<Endpoint> {
        let mut dialled = Vec::new();
        for endpoint in endpoints {
            if endpoint.carrier != CarrierKind::Relay {
                dialled.push(endpoint);
                continue;
            }
            for relay in self.added(&endpoint.address) {
                for name in names(&endpoint) {
                    let address = name.at(&relay);
                    let carrier = endpoint.carrier;
                    dialled.push(Endpoint { carrier, address });
                }
            }
        }
        // Where sessions came about comes first, and stays there.
        let mut seen = BTreeSet::new();
        dialled.retain(|endpoint| seen.insert(endpoint.clone()));
        dialled
    }

    /// A link of ours leads over a relay, and now there is a better path: the session moves there. The old
    /// link stays until the new one has taken its place.
    pub(super) fn better_path(&mut self, turn: &mut Turn<'_>, link: LinkId, address: Address) {
        let Some(link) = self.links.get(&link) else {
            return;
        };
        let State::Live(live) = &link.state else {
            return;
        };
        if link.attempt.is_some() && !self.stopping {
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

    /// All relays that are used or offered, as the API shows them.
    pub(super) fn relay_statuses(&self) -> Vec<RelayStatus> {
        let is_off = self.account.settings.is_off(CarrierKind::Relay);
        let added = self.account.settings.relays.iter().map(|relay| {
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
        let contacts = self
            .devices
            .values()
            .filter(|one| one.is_welcome(&self.contacts));
        let named = contacts.flat_map(Device::endpoints).chain(
            self.joinings
                .values()
                .flat_map(|joining| joining.endpoints()),
        );
        let mut offered: Vec<String> = named
            .filter(|endpoint| {
                endpoint.carrier == CarrierKind::Relay && is_relay(&endpoint.address)
            })
            .filter(|endpoint| self.added(&endpoint.address).next().is_none())
            .map(|endpoint| endpoint.address.0)
            .collect();
        offered.sort_unstable();
        offered.dedup();
        offered.truncate(MAX_OFFERED);
        let offered = offered.into_iter().map(|relay| RelayStatus {
            address: Private(relay),
            state: RelayState::Offered,
        });
        added.chain(offered).collect()
    }
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
