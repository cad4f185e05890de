//! Handshakes between devices that know each other (`docs/PROTOCOL.md` sections 7 and 9): which key a dial uses,
//! whose first flight has arrived, and what this device commits before it answers.

use hedgerow_sync::id::{DeviceId, Incarnation};
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::handshake::{Dialling, Direction, Head, Party, Tagged, Whole};
use hedgerow_transport::keys::Psk;

use super::account::Account;
use super::fault::{LinkError, PeerFault};
use super::link::{State, Who};
use super::people::People;
use super::people::device::Device;
use super::people::replay;
use super::reach::dialling::Attempt;
use super::{Owners, Turn};

/// The number of refused dials after which we try the rescue key. A dial counts if its address had worked before, or
/// if we had just seen the device's beacon there.
const REFUSALS_BEFORE_RESCUE: u32 = 2;

impl Owners {
    /// Begins a session with a contact's device: makes the first flight. `None` if no session with it is wanted.
    pub(super) fn dial_device(
        &mut self,
        turn: &mut Turn<'_>,
        id: DeviceId,
        moves: bool,
    ) -> Option<(State, Vec<u8>)> {
        if !self.people.may_talk_to(id) || self.sessions.contains_key(&id) != moves {
            return None;
        }
        let counted = self.account.count_handshake();
        let device = self.people.devices.get(&id)?;
        let refusals = self.people.refusals.get(&id).copied().unwrap_or_default();
        // Only every other attempt: the address may belong to somebody else by now, and the beacon seen there may be a
        // replay.
        let rescue = refusals >= REFUSALS_BEFORE_RESCUE && refusals.is_multiple_of(2);
        let psk = if rescue {
            device.rescue_key.as_psk()
        } else {
            device.psk.current.clone()
        };
        let (dialling, flight) = Dialling::new(
            &self.account.secrets.device_key,
            &self.account.party(),
            &party(id, device),
            &device.tag_key,
            &psk,
            counted,
            &mut turn.rng,
        )
        .ok()?;
        Some((State::Dialling(id, Box::new(dialling), rescue), flight))
    }

    /// Opens a contact's first flight, commits its counter and answers.
    pub(super) fn answer_device(
        &mut self,
        turn: &mut Turn<'_>,
        id: DeviceId,
        whole: Whole,
    ) -> Result<(Vec<u8>, State), LinkError> {
        if !self.people.may_talk_to(id) {
            return Err(PeerFault::Handshake.into());
        }
        let me = self.account.party();
        let device = self
            .people
            .devices
            .get_mut(&id)
            .ok_or(PeerFault::Handshake)?;
        let rescue_psk = device.rescue_key.as_psk();
        let mut keys: Vec<(u32, &Psk)> = device.psk.candidates();
        keys.push((replay::RESCUE, &rescue_psk));
        let opened = whole.open(
            &self.account.secrets.device_key,
            &me,
            &party(id, device),
            keys.iter().map(|(_, psk)| *psk),
            &mut turn.rng,
        )?;
        let number = keys[opened.which()].0;
        let counted = opened.counted();
        let incarnation = Incarnation(counted.incarnation);
        if !replay::take(turn.txn, id, number, incarnation, counted.counter)? {
            return Err(PeerFault::Handshake.into());
        }
        self.people.psk_seen(turn, id, number)?;
        let (flight, session) = opened.answer(&mut turn.rng)?;
        let live = self.new_live(turn, id, session, number == replay::RESCUE)?;
        Ok((flight, State::Live(live)))
    }
}

impl People {
    /// Whose first flight this is, among contacts' devices and open invitations.
    pub(super) fn recognise(&self, account: &Account, head: Head) -> Option<(Who, Tagged)> {
        match account.cryptography() {
            Cryptography::Real => {}
            #[cfg(feature = "simulation")]
            Cryptography::Sized => return self.recognise_by_hint(account, head),
        }
        let me = account.device_id;
        let devices = self.devices.iter().map(|(id, device)| {
            (
                Who::Device(*id),
                &device.tag_key,
                Direction::between(&id.0, &me.0),
            )
        });
        let joiners = self
            .invitations
            .iter()
            .filter(|(_, made)| made.answers())
            .map(|(id, made)| (Who::Joiner(*id), made.tag_key(), Direction::Up));
        head.recognise(devices.chain(joiners)).ok()
    }

    /// A device did not answer a dial. At an address that had worked, or where its beacon was seen, this may mean that
    /// one of the two has lost newer psks.
    pub(super) fn refused(&mut self, id: DeviceId, attempt: &Attempt) {
        if self
            .devices
            .get(&id)
            .is_some_and(|device| attempt.sighted || device.is_good(&attempt.endpoint))
        {
            *self.refusals.entry(id).or_default() += 1;
        }
    }
}

/// The other side.
fn party(id: DeviceId, device: &Device) -> Party {
    Party {
        identity: device.identity.0,
        device: id.0,
        key: device.device_key,
    }
}
