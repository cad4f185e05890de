//! Who is within reach of a device, and what is heard of them.

use hedgerow_node::engine::Input;
use hedgerow_transport::carrier::{CarrierEvent, CarrierKind, LinkId};

use super::dialling::address;
use super::{Device, Running};
use crate::plan::DeviceNumber;
use crate::world::Shared;
use crate::world::happening::{Beacons, Happening};

/// How long it is at least until a device is heard again to which no link came up, or whose link is gone.
const REPEAT_US: u64 = 1_000_000;

/// What a device announces over one carrier.
#[derive(Debug, Clone)]
pub(crate) struct Announcement {
    pub beacons: Beacons,
    pub look: bool,
}

/// An acquaintance that is within reach.
#[derive(Debug, Default)]
pub(super) struct Within {
    /// What was heard last.
    pub(super) heard: Option<Beacons>,
    /// It was heard while nobody looked.
    pub(super) unheard: bool,
}

impl Device {
    pub(super) fn reach(
        &mut self,
        at_us: u64,
        peer: DeviceNumber,
        radio: u8,
        up: bool,
        shared: &Shared,
    ) {
        if up {
            self.within.insert((peer, radio), Within::default());
            return;
        }
        self.within.remove(&(peer, radio));
        let cut: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, end)| end.peer == peer && end.radio == radio)
            .map(|(link, _)| *link)
            .collect();
        for link in cut {
            self.down(at_us, link, shared);
        }
    }

    pub(super) fn heard(
        &mut self,
        peer: DeviceNumber,
        radio: u8,
        beacons: Beacons,
        shared: &Shared,
    ) {
        let kind = shared.radios[usize::from(radio)].carrier.kind();
        let (Some(within), Some(running)) =
            (self.within.get_mut(&(peer, radio)), self.running.as_mut())
        else {
            return;
        };
        let mut links = self.links.values();
        let is_linked = links.any(|end| end.peer == peer && end.radio == radio);
        within.unheard = !is_linked && running.announced.get(&kind).is_none_or(|own| !own.look);
        // While there is a link, nothing comes of it.
        if !is_linked && !within.unheard {
            running.handle(kind, peer, radio, &beacons);
        }
        within.heard = Some(beacons);
    }

    /// A device with which there is no link goes on announcing what was heard of it, if it is still within
    /// reach.
    pub(super) fn hear_again(
        &mut self,
        at_us: u64,
        peer: DeviceNumber,
        radio: u8,
        shared: &Shared,
    ) {
        let within = self.within.get(&(peer, radio));
        let Some(beacons) = within.and_then(|within| within.heard.clone()) else {
            return;
        };
        let delay_us = shared.radios[usize::from(radio)].discovery_us(
            self.number < peer,
            self.phone,
            self.phone,
            &mut self.air,
        );
        let heard = Happening::Heard {
            peer,
            radio,
            beacons,
        };
        self.agenda.push(at_us + delay_us.max(REPEAT_US), heard);
    }

    /// Somebody is within reach when the world goes on after a checkpoint.
    pub fn find_within(&mut self, peer: DeviceNumber, radio: u8) {
        self.within.insert((peer, radio), Within::default());
    }
}

impl Running {
    pub(super) fn handle(
        &mut self,
        kind: CarrierKind,
        peer: DeviceNumber,
        radio: u8,
        beacons: &Beacons,
    ) {
        let at = address(peer, radio);
        for beacon in beacons.iter() {
            let event = CarrierEvent::Beacon {
                beacon: *beacon,
                at: vec![at.clone()],
            };
            self.waiting.push_back(Input::Carrier(kind, event));
        }
    }
}
