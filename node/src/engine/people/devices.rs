//! The devices of contacts, by their ids and by their owners.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use hedgerow_sync::id::{DeviceId, IdentityId};

use super::device::Device;

/// Devices with which we share keys. The owner of a device never changes.
#[derive(Default)]
pub(in crate::engine) struct Devices {
    by_id: BTreeMap<DeviceId, Device>,
    by_identity: BTreeSet<(IdentityId, DeviceId)>,
}

impl Devices {
    pub fn insert(&mut self, id: DeviceId, device: Device) {
        self.remove(&id);
        self.by_identity.insert((device.identity, id));
        self.by_id.insert(id, device);
    }

    pub fn remove(&mut self, id: &DeviceId) -> Option<Device> {
        let device = self.by_id.remove(id)?;
        self.by_identity.remove(&(device.identity, *id));
        Some(device)
    }

    pub fn get_mut(&mut self, id: &DeviceId) -> Option<&mut Device> {
        self.by_id.get_mut(id)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&DeviceId, &mut Device)> {
        self.by_id.iter_mut()
    }

    /// The devices of one identity, in the order of their ids.
    pub fn of(&self, identity: IdentityId) -> impl Iterator<Item = DeviceId> + '_ {
        let all = (identity, DeviceId([0; 16]))..=(identity, DeviceId([0xff; 16]));
        self.by_identity.range(all).map(|(_, id)| *id)
    }
}

impl Deref for Devices {
    type Target = BTreeMap<DeviceId, Device>;

    fn deref(&self) -> &Self::Target {
        &self.by_id
    }
}

impl FromIterator<(DeviceId, Device)> for Devices {
    fn from_iter<I: IntoIterator<Item = (DeviceId, Device)>>(all: I) -> Devices {
        let mut devices = Devices::default();
        for (id, device) in all {
            devices.insert(id, device);
        }
        devices
    }
}
