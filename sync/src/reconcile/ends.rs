//! The names of logs in one session (`docs/PROTOCOL.md` section 6), and salts for outgoing batches.

use zeroize::Zeroizing;

use super::Channel;
use crate::batch::{SALT_LENGTH, Salt};
use crate::id::{DeviceId, Incarnation, LogId};
use crate::wire::{LogName, Role};

/// The two ends of a channel.
pub(super) struct Ends {
    me: LogId,
    peer: DeviceId,
    is_bundle: bool,
    /// The opening of the peer's store, once its hello has named it.
    peer_opening: Option<Incarnation>,
    salt_seed: Zeroizing<[u8; 32]>,
    salts: u64,
}

impl Ends {
    pub fn new(channel: &Channel<'_>) -> Ends {
        Ends {
            me: channel.me,
            peer: channel.peer,
            is_bundle: channel.role == Role::Bundle,
            peer_opening: None,
            salt_seed: Zeroizing::new(*channel.salt_seed),
            salts: 0,
        }
    }

    pub fn peer_opening(&mut self, opening: Incarnation) {
        self.peer_opening = Some(opening);
    }

    /// Our name of a log.
    pub fn name(&self, log: LogId) -> LogName {
        if log == self.me && !self.is_bundle {
            LogName::Sender
        } else if log.device == self.me.device {
            LogName::SenderIn(log.incarnation)
        } else if log.device == self.peer {
            LogName::ReceiverIn(log.incarnation)
        } else {
            LogName::Other(log)
        }
    }

    /// The log that the peer names. `None`: it names an opening that it has not told.
    pub fn log(&self, name: LogName) -> Option<LogId> {
        let (device, incarnation) = match name {
            LogName::Sender => (self.peer, self.peer_opening?),
            LogName::SenderIn(incarnation) => (self.peer, incarnation),
            LogName::ReceiverIn(incarnation) => (self.me.device, incarnation),
            LogName::Other(log) => return Some(log),
        };
        Some(LogId {
            device,
            incarnation,
        })
    }

    /// A fresh salt, unique to one batch.
    pub fn next_salt(&mut self) -> Salt {
        let hash = blake3::keyed_hash(&self.salt_seed, &self.salts.to_be_bytes());
        self.salts += 1;
        let mut salt = [0; SALT_LENGTH];
        salt.copy_from_slice(&hash.as_bytes()[..SALT_LENGTH]);
        salt
    }
}
