//! Carriers, relays and their settings, between the owners: passes what a carrier reports, and what the user switches,
//! to the owners that act on it.

use std::convert::Infallible;
use std::net::SocketAddr;

use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::{Address, CarrierCommand, CarrierEvent, CarrierKind, Ending};
use hedgerow_transport::relay::{MAX_RELAY_NAMES, RELAY_NAMES_AHEAD, RelayEpoch, is_relay};

use super::account::Settings;
use super::fact::FactKind;
use super::fault::CallError;
use super::reach::endpoint::ANNOUNCING;
use super::{Effects as _, Engine, Owners, Turn, View, ports};
use crate::api::{Airtime, Private, Radio, Refusal, RelayPaths, Reply};

/// The most relays that a user can add.
const MAX_RELAYS: usize = 8;

impl Owners {
    /// Tells contacts where this device can be reached, if that has changed.
    fn addresses_changed(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let told = self.reach.own_addresses(&self.account);
        if told != self.account.told.addresses {
            self.account.told.addresses = told;
            self.fact_changed(turn, FactKind::Addresses)?;
        }
        Ok(())
    }

    /// Corrects contacts' clock offsets if our wall clock has jumped.
    pub(super) fn follow_clock(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let Some(jump) = self.reach.clock_jump(turn.now) else {
            return Ok(());
        };
        self.people.clock_jumped(turn, jump)?;
        self.reach.beacons_changed();
        Ok(())
    }

    /// Tells contacts the relay names of this device for the days to come, before the names that they know run out.
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

    pub(super) fn switch_carrier(
        &mut self,
        turn: &mut Turn<'_>,
        kind: CarrierKind,
        on: bool,
    ) -> Result<Reply, CallError> {
        if !self.reach.carriers().contains_key(&kind) {
            return Err(Refusal::NoSuchCarrier.into());
        }
        let settings = &mut self.account.settings;
        Settings::list(&mut settings.switched_off, kind, !on);
        settings.save(turn.txn)?;
        turn.out.command(kind, CarrierCommand::Switch { on });
        self.addresses_changed(turn)?;
        Ok(Reply::Done)
    }

    pub(super) fn announce_over(
        &mut self,
        turn: &mut Turn<'_>,
        kind: CarrierKind,
        announcing: bool,
    ) -> Result<Reply, CallError> {
        if !self.reach.carriers().contains_key(&kind) || !ANNOUNCING.contains(&kind) {
            return Err(Refusal::NoSuchCarrier.into());
        }
        let settings = &mut self.account.settings;
        Settings::list(&mut settings.unannounced, kind, !announcing);
        settings.save(turn.txn)?;
        self.reach.announcement_changed();
        turn.pending.carriers.insert(kind);
        Ok(Reply::Done)
    }

    pub(super) fn set_radio(
        &mut self,
        turn: &mut Turn<'_>,
        radio: Radio,
    ) -> Result<Reply, CallError> {
        self.account.settings.radio = radio;
        self.account.settings.save(turn.txn)?;
        turn.out.command(CarrierKind::Ble, radio.into());
        self.reach.set_airtime(CarrierKind::Ble, None);
        Ok(Reply::Done)
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
        if self.account.settings.has_relay(&relay) {
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
        if !self.account.settings.has_relay(&relay) {
            return Err(Refusal::NoSuchRelay.into());
        }
        self.account.settings.relays.retain(|one| *one != relay.0);
        self.reach.forget_relay(&relay);
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

    /// The paths to relays, as the API shows them.
    pub(super) fn relay_paths(&self) -> RelayPaths {
        let text = |at: SocketAddr| Ok::<_, Infallible>(Private(at.to_string()));
        let Ok(paths) = self.account.settings.relay_paths.try_map(text);
        paths
    }

    fn relays_changed(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        self.account.settings.save(turn.txn)?;
        turn.pending.carriers.insert(CarrierKind::Relay);
        let view = View::of(&self.account, &self.people, &self.sessions);
        self.reach.network_changed(turn, view);
        self.addresses_changed(turn)
    }
}

impl Engine {
    /// Handles an event of a carrier.
    pub(super) fn carrier(
        &mut self,
        turn: &mut Turn<'_>,
        kind: CarrierKind,
        event: CarrierEvent,
    ) -> Result<(), StorageError> {
        let view = View::of(
            &self.owners.account,
            &self.owners.people,
            &self.owners.sessions,
        );
        match event {
            CarrierEvent::State(state) => self.owners.reach.carrier_state(turn, view, kind, state),
            CarrierEvent::Addresses(addresses) => {
                if self
                    .owners
                    .reach
                    .carrier_addresses(turn, view, kind, addresses)
                {
                    self.owners.addresses_changed(turn)?;
                }
            }
            CarrierEvent::Up {
                link,
                dial,
                from: _,
            } => match dial.map(|dial| self.owners.reach.dial_up(dial)) {
                None => self.link_up(turn, kind, link, None)?,
                Some(Some(attempt)) => self.link_up(turn, kind, link, Some(attempt))?,
                Some(None) => turn.out.end(link, Ending::Now),
            },
            CarrierEvent::DialFailed { dial } => {
                if let Some(inviter) = self.owners.reach.dial_failed(turn, dial) {
                    self.owners.people.inviter_silent(turn, inviter);
                }
            }
            CarrierEvent::Bytes { link, bytes } => self.link_bytes(turn, link, bytes)?,
            CarrierEvent::Written { link, bytes } => {
                if let Some(link) = self.links.by_id.get_mut(&link) {
                    link.written(bytes, turn.now.mono_ms);
                }
            }
            CarrierEvent::Down { link } => self.link_down(turn, link)?,
            CarrierEvent::Port { network, port } => ports::remember(turn.txn, &network, port)?,
            CarrierEvent::Relay { at, state } => {
                let settings = &self.owners.account.settings;
                self.owners.reach.relay_state(turn, settings, at, state);
            }
            CarrierEvent::BetterPath { link, at } => {
                if let Some(link) = self.links.by_id.get(&link)
                    && !self.owners.stopping
                {
                    self.owners.reach.better_path(turn, link, at);
                }
            }
            CarrierEvent::Airtime {
                over_ms,
                listened_ms,
                announced_ms,
            } => {
                let airtime = Airtime::of(over_ms, listened_ms, announced_ms);
                self.owners.reach.set_airtime(kind, airtime);
            }
            CarrierEvent::Beacon { beacon, at } => {
                self.owners.reach.beacon_seen(turn, view, kind, beacon, at)
            }
            CarrierEvent::BeaconWithdrawn { beacon } => {
                self.owners.reach.beacon_withdrawn(turn, view, kind, beacon)
            }
        }
        Ok(())
    }
}
