//! Bundles that couriers carry, as the router sees them: what [`Couriering`] is told, what is opened and sealed for it.

use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::store::{StorageError, Store};
use hedgerow_transport::carrier::LinkId;
use hedgerow_transport::session::Item;

use super::bundle_event::BundleEvent;
use super::couriering::held::Own;
use super::couriering::{Arrived, Couriering};
use super::fault::{CallError, LinkError};
use super::{Effects as _, Engine, Now, Owners, Turn, View, items};
use crate::courier::exchange::Arrival;
use crate::courier::{Courier, Settings};

impl Owners {
    /// An item of couriers.
    pub(super) fn courier_item(
        &mut self,
        turn: &mut Turn<'_>,
        link: LinkId,
        item: &Item,
    ) -> Result<(), LinkError> {
        let is_simulated = self.simulates();
        let view = View::of(&self.account, &self.people, &self.sessions);
        let Some(couriering) = &mut self.couriering else {
            return Ok(());
        };
        let Some(arrived) = couriering.handle(turn, view, is_simulated, link, item)? else {
            return Ok(());
        };
        let arrival = self.take_couriered(turn, link, &arrived)?;
        if let Some(couriering) = &mut self.couriering {
            couriering.arrived(turn, link, &arrived.begin.envelope.tag, arrival);
        }
        Ok(())
    }

    /// Opens a bundle that a courier has brought, and takes it in.
    fn take_couriered(
        &mut self,
        turn: &mut Turn<'_>,
        link: LinkId,
        arrived: &Arrived,
    ) -> Result<Arrival, LinkError> {
        let opened = match self.open_bundle(turn, &arrived.contents) {
            Ok(opened) => opened,
            Err(CallError::Refused(_)) => return Ok(Arrival::Bad),
            Err(CallError::Storage(error)) => return Err(error.into()),
        };
        let envelope = &arrived.begin.envelope;
        let release = opened.release();
        let hash = release.map(|release| release.hash());
        #[cfg(feature = "simulation")]
        let size = arrived.begin.length.saturating_add(opened.ghost());
        #[cfg(not(feature = "simulation"))]
        let size = arrived.begin.length;
        if size != envelope.size || hash != Some(envelope.release) {
            return Ok(Arrival::Bad);
        }
        let brought = self.take_bundle(turn, &opened)?;
        if let Some(couriering) = &mut self.couriering {
            couriering.acked(brought.identity);
        }
        turn.out.bundle(BundleEvent::Delivered {
            bundle: envelope.tag,
            link,
            #[cfg(feature = "simulation")]
            loads: brought.loads,
            messages: brought.messages,
        });
        Ok(Arrival::Opened(release))
    }

    /// Something waits for a contact.
    pub(super) fn courier_queued(&mut self, turn: &Turn<'_>, identity: IdentityId) {
        for device in self.people.devices_of(identity).collect::<Vec<DeviceId>>() {
            self.courier_queued_for(turn, device);
        }
    }

    /// Something may wait for a device.
    pub(super) fn courier_queued_for(&mut self, turn: &Turn<'_>, device: DeviceId) {
        if let Some(couriering) = &mut self.couriering
            && !self.sessions.contains_key(&device)
            && self.people.devices.contains_key(&device)
        {
            couriering.queued(device, turn.now);
        }
    }

    /// Lets go of bundles whose messages have arrived another way, and seals those that are due.
    fn renew_bundles(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let Some(couriering) = &mut self.couriering else {
            return Ok(());
        };
        for identity in couriering.take_acked() {
            let is_to = |device| {
                let device = self.people.devices.get(&device);
                device.is_some_and(|device| device.identity == identity)
            };
            couriering.drop_acked(turn, self.account.device_id, is_to)?;
        }
        for device in couriering.take_due(turn.now) {
            self.seal_due(turn, device)?;
        }
        Ok(())
    }

    /// Seals for a device what waits for it, and gives that to couriers.
    fn seal_due(&mut self, turn: &mut Turn<'_>, id: DeviceId) -> Result<(), StorageError> {
        let Some(lifetime_s) = self
            .couriering
            .as_ref()
            .map(|couriering| couriering.settings().lifetime_s)
        else {
            return Ok(());
        };
        let Some(device) = self.people.devices.get(&id) else {
            return Ok(());
        };
        let identity = device.identity;
        if !self.people.contacts.contains_key(&identity)
            || self.people.is_blocked(&identity)
            || self.sessions.contains_key(&id)
            || self.conversations.has_all(turn.txn, identity, id)?
        {
            return Ok(());
        }
        let sealed = match self.seal_bundle(turn, identity, id, lifetime_s) {
            Ok(Some(sealed)) => sealed,
            Ok(None) | Err(CallError::Refused(_)) => return Ok(()),
            Err(CallError::Storage(error)) => return Err(error),
        };
        let own = Own {
            to: id,
            newest: sealed.newest,
            #[cfg(feature = "simulation")]
            loads: Vec::new(),
        };
        let size = sealed.bundle.len() as u64;
        if let Some(couriering) = &mut self.couriering {
            couriering.note_sealed(id, turn.now);
            couriering.add(turn, identity, &sealed.bundle, size, own)?;
        }
        Ok(())
    }
}

impl Engine {
    /// Carries other people's bundles from now on, and seals bundles of its own for contacts that it does
    /// not reach. Call it once, when the engine is open.
    ///
    /// # Errors
    /// The store failed.
    pub fn start_courier(
        &mut self,
        settings: Settings,
        store: &impl Store,
        now: Now,
    ) -> Result<(), StorageError> {
        self.start_courier_with(Courier::new(settings), store, now)
    }

    /// As [`start_courier`](Self::start_courier), with a courier that holds nothing yet.
    ///
    /// # Errors
    /// The store failed.
    pub fn start_courier_with(
        &mut self,
        courier: Courier,
        store: &impl Store,
        now: Now,
    ) -> Result<(), StorageError> {
        let couriering = store.read(|reader| Couriering::open(courier, reader, now))?;
        self.owners.couriering = Some(Box::new(couriering));
        Ok(())
    }

    /// How many bundles are carried, and their bytes, of ghosts too.
    pub fn held(&self) -> (usize, u64) {
        let couriering = self.owners.couriering.as_ref();
        couriering.map_or((0, 0), |couriering| couriering.held())
    }

    /// What time and this batch bring for bundles.
    pub(super) fn tick_courier(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        self.owners.renew_bundles(turn)?;
        let Some(couriering) = &mut self.owners.couriering else {
            return Ok(());
        };
        for (id, said) in couriering.tick(turn)? {
            if let Some(live) = self.links.live_mut(id) {
                items::say_bytes(&mut live.session, said.kind(), said.encode());
            }
        }
        Ok(())
    }
}
