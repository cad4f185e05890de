//! Live state as the API shows it.

use bytes::Bytes;
use hedgerow_sync::store::{Reader, StorageError};
use hedgerow_transport::carrier::{CarrierCommand, CarrierKind};

use super::delivery;
use super::people::contact;
use super::{Engine, Now, Owners, View};
use crate::api::{CarrierStatus, Me, Private, Radio, Status, Traffic};

/// Counts the traffic since the start.
#[derive(Debug, Default)]
pub(crate) struct TrafficCount {
    pub sent_bytes: u64,
    pub received_bytes: u64,
    pub handshake_bytes: u64,
    pub handshake_sent_bytes: u64,
    pub sessions: u64,
    pub handshake_round_trips: u64,
    pub round_trips: u64,
}

impl TrafficCount {
    /// Counts a flight of a handshake that leaves.
    pub fn flight_sent(&mut self, bytes: usize) {
        self.sent_bytes += bytes as u64;
        self.handshake_sent_bytes += bytes as u64;
        self.handshake_bytes += bytes as u64;
    }

    /// Lets a step of a handshake take the bytes that it needs, and counts them.
    pub fn flight_received<T>(
        &mut self,
        bytes: &mut Bytes,
        receive: impl FnOnce(&mut Bytes) -> T,
    ) -> T {
        let arrived = bytes.len();
        let step = receive(bytes);
        self.handshake_bytes += (arrived - bytes.len()) as u64;
        step
    }
}

impl Owners {
    pub(super) fn me(&self) -> Me {
        Me {
            id: contact::api_id(self.account.identity()),
            name: Private(self.account.told.name.clone()),
            devices: vec![delivery::device_name(self.account.device_id)],
            receipts: self.account.settings.receipts,
        }
    }
}

impl Engine {
    pub(super) fn status(&self, reader: &dyn Reader, now: Now) -> Result<Status, StorageError> {
        let carriers = self
            .owners
            .reach
            .carriers()
            .iter()
            .map(|(kind, known)| CarrierStatus {
                carrier: *kind,
                state: known.state,
                announcing: self.owners.account.settings.is_announced_over(*kind),
                sessions: self
                    .owners
                    .sessions
                    .values()
                    .filter(|up| self.is_over(&up.link, *kind))
                    .count() as u32,
                addresses: known
                    .addresses
                    .iter()
                    .map(|address| Private(address.0.clone()))
                    .collect(),
                airtime: known.airtime,
            });
        Ok(Status {
            me: self.owners.me(),
            carriers: carriers.collect(),
            radio: self.owners.account.settings.radio,
            relays: self.owners.reach.relay_statuses(View::of(
                &self.owners.account,
                &self.owners.people,
                &self.owners.sessions,
            )),
            relay_paths: self.owners.relay_paths(),
            contacts: self.list_contacts(now),
            conversations: self.owners.list_conversations(reader, now)?,
            traffic: Traffic {
                sent_bytes: self.owners.traffic.sent_bytes,
                received_bytes: self.owners.traffic.received_bytes,
                handshake_bytes: self.owners.traffic.handshake_bytes,
                handshake_sent_bytes: self.owners.traffic.handshake_sent_bytes,
                sessions: self.owners.traffic.sessions,
                handshake_round_trips: self.owners.traffic.handshake_round_trips,
                round_trips: self.owners.traffic.round_trips,
            },
        })
    }

    fn is_over(&self, link: &hedgerow_transport::carrier::LinkId, kind: CarrierKind) -> bool {
        self.links
            .by_id
            .get(link)
            .is_some_and(|link| link.carrier == kind)
    }
}

impl From<Radio> for CarrierCommand {
    /// The command that makes Bluetooth LE use its radio in this way.
    fn from(radio: Radio) -> CarrierCommand {
        CarrierCommand::SetRadio {
            power: radio.power,
            show_address: radio.show_address,
        }
    }
}
