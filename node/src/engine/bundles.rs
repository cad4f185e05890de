//! Bundles that couriers carry, between [`Couriering`] and the other owners: when to seal one, how to take one in.

use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::store::{StorageError, Store};
use hedgerow_transport::carrier::LinkId;
use hedgerow_transport::session::Item;

use super::bundle_event::BundleEvent;
use super::couriering::Couriering;
use super::couriering::held::Own;
use super::fault::{CallError, LinkError};
use super::intake::{Brought, Intake};
use super::live::Live;
use super::{Effects as _, Engine, Now, Owners, Turn, View, items};
use crate::api::Refusal;
use crate::courier::exchange::Arrival;
use crate::courier::said::Begin;
use crate::courier::{Courier, Settings};

/// A bundle for us that a courier has brought, while we take it in.
pub(super) struct Couriered {
    /// As the courier offered it.
    begin: Begin,
    intake: Intake,
}

impl Couriered {
    /// Whether the checked bundle is the one that the courier offered: its size and its release value.
    fn is_as_offered(&self) -> bool {
        let envelope = &self.begin.envelope;
        let hash = self.intake.release().map(|release| release.hash());
        #[cfg(feature = "simulation")]
        let ghost = self.intake.ghost.unwrap_or_default();
        #[cfg(not(feature = "simulation"))]
        let ghost = 0;
        let size = self.begin.length.saturating_add(ghost);
        size == envelope.size && hash == Some(envelope.release)
    }
}

impl Owners {
    /// Handles a session item between couriers.
    pub(super) fn courier_item(
        &mut self,
        turn: &mut Turn<'_>,
        link: LinkId,
        live: &mut Live,
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
        let begin = arrived.begin;
        match self.begin_intake(turn, arrived.contents) {
            Ok(intake) if intake.is_known => {
                self.bundle_arrived(turn, link, &begin, Arrival::Bad);
            }
            Ok(intake) => {
                let couriered = Box::new(Couriered { begin, intake });
                let end = turn.slice_end();
                live.couriered = self.take_couriered(turn, link, couriered, end)?;
            }
            Err(CallError::Refused(_)) => {
                self.bundle_arrived(turn, link, &begin, Arrival::Bad);
            }
            Err(CallError::Storage(error)) => return Err(error.into()),
        }
        Ok(())
    }

    /// Goes on with a bundle that a courier has brought, until `end` of the turn's work. Gives it back if more is left.
    pub(super) fn take_couriered(
        &mut self,
        turn: &mut Turn<'_>,
        link: LinkId,
        mut couriered: Box<Couriered>,
        end: u64,
    ) -> Result<Option<Box<Couriered>>, StorageError> {
        let brought = match self.bundle_slice(turn, &mut couriered, end) {
            Ok(Some(brought)) => brought,
            Ok(None) => return Ok(Some(couriered)),
            Err(CallError::Refused(_)) => {
                self.bundle_arrived(turn, link, &couriered.begin, Arrival::Bad);
                return Ok(None);
            }
            Err(CallError::Storage(error)) => return Err(error),
        };
        let begin = &couriered.begin;
        if let Some(couriering) = &mut self.couriering {
            couriering.acked(brought.identity);
        }
        turn.out.bundle(BundleEvent::Delivered {
            bundle: begin.envelope.tag,
            link,
            #[cfg(feature = "simulation")]
            loads: brought.loads,
            messages: brought.messages,
        });
        let arrival = Arrival::Opened(couriered.intake.release());
        self.bundle_arrived(turn, link, begin, arrival);
        Ok(None)
    }

    fn bundle_slice(
        &mut self,
        turn: &mut Turn<'_>,
        couriered: &mut Couriered,
        end: u64,
    ) -> Result<Option<Brought>, CallError> {
        if !couriered.intake.is_checked() {
            self.check_intake(turn, &mut couriered.intake, end)?;
            if !couriered.intake.is_checked() {
                return Ok(None);
            }
            if !couriered.is_as_offered() {
                return Err(Refusal::BadParcel.into());
            }
        }
        self.take_intake(turn, &mut couriered.intake, end)
    }

    fn bundle_arrived(&mut self, turn: &mut Turn<'_>, link: LinkId, begin: &Begin, what: Arrival) {
        if let Some(couriering) = &mut self.couriering {
            couriering.arrived(turn, link, &begin.envelope.tag, what);
        }
    }

    /// Messages wait for a contact: bundles for its devices become due.
    pub(super) fn courier_queued(&mut self, turn: &Turn<'_>, identity: IdentityId) {
        for device in self.people.devices_of(identity).collect::<Vec<DeviceId>>() {
            self.courier_queued_for(turn, device);
        }
    }

    /// Messages may wait for a device: without a session, a bundle for it becomes due.
    pub(super) fn courier_queued_for(&mut self, turn: &Turn<'_>, device: DeviceId) {
        if let Some(couriering) = &mut self.couriering
            && !self.sessions.contains_key(&device)
            && self.people.devices.contains_key(&device)
        {
            couriering.queued(device, turn.now);
        }
    }

    /// Drops bundles whose messages have arrived another way, and seals those that are due.
    fn renew_bundles(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let Some(couriering) = &mut self.couriering else {
            return Ok(());
        };
        for identity in couriering.take_acked() {
            let is_to = |device| {
                let device = self.people.devices.get(&device);
                device.is_some_and(|device| device.identity == identity)
            };
            let us = |space| self.conversations.us(space, self.account.device_id);
            couriering.drop_acked(turn, us, is_to)?;
        }
        for device in couriering.take_due(turn.now) {
            self.seal_due(turn, device)?;
        }
        Ok(())
    }

    /// Seals what waits for a device, and keeps the bundle for couriers.
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
            couriering.add(turn, identity, sealed.bundle, size, own)?;
        }
        Ok(())
    }
}

impl Engine {
    /// From now on the engine carries other people's bundles, and seals bundles of its own for contacts that it
    /// cannot reach. Call it once, when the engine is open.
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

    /// The number of bundles that the engine carries, and their bytes, ghosts included.
    pub fn held(&self) -> (usize, u64) {
        let couriering = self.owners.couriering.as_ref();
        couriering.map_or((0, 0), |couriering| couriering.held())
    }

    /// Does what time and this batch have made due for bundles.
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
