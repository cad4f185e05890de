//! How each carrier stands with a contact, and the one plain reason why messages are not delivered.

use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_transport::carrier::{CarrierKind, CarrierState};

use super::dialling::{Outlook, Target};
use super::{Reach, View, relays};
use crate::api::{WayState, WayStatus, Why};
use crate::engine::Now;
use crate::engine::links::Links;
use crate::engine::people::device::Device;

impl Reach {
    /// Why waiting messages for a contact's device are not delivered.
    pub fn why(&self, view: View<'_>, id: DeviceId, now: Now) -> Why {
        let Some(device) = view.people.devices.get(&id) else {
            return Why::NotFound;
        };
        if view.people.is_blocked(&device.identity) {
            return Why::Blocked;
        }
        if view.sessions.contains_key(&id) {
            return Why::OnItsWay;
        }
        if device.gone {
            return Why::Refused;
        }
        if !self.carriers.keys().any(|kind| self.is_usable(*kind)) {
            return Why::NoCarrier;
        }
        match self.dialling.outlook(Target::Device(id), now.mono_ms) {
            Outlook::Connecting => Why::Connecting,
            Outlook::Waiting(due) => Why::NoAnswer {
                next_ms: wall_of(due, now),
            },
            Outlook::NotFound => Why::NotFound,
        }
    }

    /// How each carrier stands with a contact: the cheaper ones first, files carried by hand last.
    pub fn ways(
        &self,
        view: View<'_>,
        links: &Links,
        identity: IdentityId,
        now: Now,
    ) -> Vec<WayStatus> {
        let mut kinds: Vec<CarrierKind> = self.carriers.keys().copied().collect();
        kinds.sort_by_key(|kind| kind.cost());
        kinds.push(CarrierKind::File);
        let way = |kind| WayStatus {
            carrier: kind,
            state: self.way_state(view, links, identity, kind, now),
        };
        kinds.into_iter().map(way).collect()
    }

    fn way_state(
        &self,
        view: View<'_>,
        links: &Links,
        identity: IdentityId,
        kind: CarrierKind,
        now: Now,
    ) -> WayState {
        let devices: Vec<(DeviceId, &Device)> = view
            .people
            .devices
            .of(identity)
            .filter_map(|id| Some((id, view.people.devices.get(&id)?)))
            .collect();
        if devices.iter().all(|(id, _)| !view.people.may_talk_to(*id)) {
            return WayState::NotWanted;
        }
        if kind == CarrierKind::File {
            let has_key = devices.iter().any(|(_, device)| device.prekey.is_some());
            return match has_key {
                true => WayState::ByHand,
                false => WayState::NoKeyYet,
            };
        }
        if view.account.settings.is_off(kind) {
            return WayState::Off;
        }
        if !self.is_usable(kind) {
            let state = self.carriers.get(&kind).map(|carrier| carrier.state);
            let condition = state.unwrap_or(CarrierState::Off);
            return WayState::NotWorking { condition };
        }
        let in_use = devices.iter().filter_map(|(id, _)| {
            let link = view.session_link(links, *id)?;
            Some(link.carrier)
        });
        if let Some(used) = in_use.min_by_key(|kind| kind.cost()) {
            if used == kind {
                return WayState::InUse;
            }
            if used.cost() <= kind.cost() {
                return WayState::Spare;
            }
        }
        let mut state = match kind {
            CarrierKind::Relay => WayState::NoCommonRelay,
            _ => WayState::NotFound,
        };
        for (id, device) in devices {
            let target = Target::Device(id);
            if self.dialling.is_dialling(target, kind) {
                return WayState::Trying;
            }
            let endpoints = relays::device_endpoints(view.account, id, device, now);
            if endpoints.iter().all(|endpoint| endpoint.carrier != kind) {
                continue;
            }
            let is_sighted = self.dialling.is_sighted(target, kind, now.mono_ms);
            let next_ms = match self.dialling.outlook(target, now.mono_ms) {
                // Its beacon was seen there, and we dial it within seconds.
                Outlook::Connecting if is_sighted => return WayState::Trying,
                Outlook::Waiting(due_ms) if is_sighted => Some(due_ms),
                _ => self.path_upgrades.next_ms(id),
            };
            state = match next_ms {
                Some(due_ms) => WayState::NoAnswer {
                    next_ms: wall_of(due_ms, now),
                },
                None => WayState::NotFound,
            };
        }
        state
    }
}

/// The wall time of a moment of the monotonic clock.
fn wall_of(mono_ms: u64, now: Now) -> i64 {
    now.wall_ms
        .saturating_add(mono_ms.saturating_sub(now.mono_ms) as i64)
}
