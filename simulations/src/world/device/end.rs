//! The ends of a device's links: what goes over them, and when.

use std::collections::{BTreeSet, VecDeque};

use bytes::{Bytes, BytesMut};
use hedgerow_node::engine::MOST_UNWRITTEN;
use hedgerow_transport::carrier::{CarrierEvent, LinkId};

use super::{Device, Post};
use crate::plan::DeviceNumber;
use crate::radio::Sends;
use crate::rng;
use crate::world::Shared;
use crate::world::happening::Happening;
use crate::world::noted::{Noted, What};

/// One end of a link.
#[derive(Debug)]
pub(crate) struct End {
    pub peer: DeviceNumber,
    pub(super) peer_link: LinkId,
    pub(super) radio: u8,
    pub(super) dialled: bool,
    pub(super) since_us: u64,
    pub(super) sent: u64,
    pub(super) received: u64,
    /// What of both was ghosts.
    pub(super) ghosts: u64,
    /// When everything handed over so far has left.
    pub(super) free_us: u64,
    /// What has been handed over and not been reported as written: when it has left, and how much.
    pub(super) unreported: VecDeque<(u64, usize)>,
    /// What arrives is thrown away.
    pub(super) draining: bool,
    /// A session with a replayer has been noted.
    pub is_deceived: bool,
    /// Messages of which it takes the files to the other end.
    pub(super) files: BTreeSet<u64>,
}

impl Device {
    pub(super) fn link_name(&mut self) -> LinkId {
        self.next_link += 1;
        LinkId(u64::from(self.number) << 32 | self.next_link)
    }

    pub(super) fn open(
        &mut self,
        at_us: u64,
        peer: DeviceNumber,
        peer_link: LinkId,
        radio: u8,
        dialled: bool,
        shared: &Shared,
    ) -> LinkId {
        let link = self.link_name();
        let end = self.end(at_us, peer, peer_link, radio, dialled);
        self.links.insert(link, end);
        self.power(at_us, shared);
        link
    }

    pub(super) fn end(
        &self,
        at_us: u64,
        peer: DeviceNumber,
        peer_link: LinkId,
        radio: u8,
        dialled: bool,
    ) -> End {
        End {
            peer,
            peer_link,
            radio,
            dialled,
            since_us: at_us,
            sent: 0,
            received: 0,
            ghosts: 0,
            free_us: at_us,
            unreported: VecDeque::new(),
            draining: false,
            is_deceived: false,
            files: BTreeSet::new(),
        }
    }

    pub(super) fn links_over(&self, radio: u8) -> usize {
        self.links.values().filter(|end| end.radio == radio).count()
    }

    pub(super) fn arrived(&mut self, link: LinkId, bytes: Bytes, ghost: u64, shared: &Shared) {
        let Some(end) = self.links.get_mut(&link) else {
            return;
        };
        let length = bytes.len() as u64 + ghost;
        end.received += length;
        end.ghosts += ghost;
        self.received_bytes += length;
        let radio = &shared.radios[usize::from(end.radio)];
        if radio.energy.receive_w > 0.0 {
            let seconds = length as f64 / radio.rate_bytes_s;
            self.meters[usize::from(end.radio)].add(seconds * radio.energy.receive_w);
        }
        if end.draining {
            return;
        }
        let kind = radio.carrier.kind();
        let bytes = match shared.faults.corruption {
            chance_of if chance_of > 0.0 && rng::unit(&mut self.air) < chance_of => {
                let mut bytes = BytesMut::from(&bytes[..]);
                if !bytes.is_empty() {
                    let at = rng::index(&mut self.air, bytes.len());
                    bytes[at] ^= 1 << rng::index(&mut self.air, 8);
                }
                bytes.freeze()
            }
            _ => bytes,
        };
        self.input(kind, CarrierEvent::Bytes { link, bytes });
    }

    pub(super) fn send(
        &mut self,
        at_us: u64,
        link: LinkId,
        bytes: Bytes,
        ghost: u64,
        shared: &Shared,
        posts: &mut Vec<Post>,
    ) {
        let Some(over) = self.links.get(&link).map(|end| end.radio) else {
            return;
        };
        let radio = &shared.radios[usize::from(over)];
        let air_us = radio.air_time_us(bytes.len(), ghost, &mut self.air);
        // What was cut with its link is not on the air any more: the links that are there tell.
        let waits_for = |(other, end): &(&LinkId, &End)| {
            let shares = radio.sends == Sends::OneAtATime && air_us > 0 && end.radio == over;
            shares || **other == link
        };
        let before = self.links.iter().filter(waits_for);
        let free_us = before.map(|(_, end)| end.free_us).max();
        let start_us = free_us.unwrap_or_default().max(at_us);
        let done_us = radio.sent_us(start_us, air_us);
        let Some(end) = self.links.get_mut(&link) else {
            return;
        };
        end.free_us = done_us;
        let length = bytes.len() as u64 + ghost;
        if end.dialled && end.sent == 0 {
            if shared.cast.is_watched {
                self.noted.push(Noted {
                    at_us,
                    device: self.number,
                    what: What::Flight {
                        bytes: bytes.clone(),
                    },
                });
            }
            if shared.cast.has_replayers() {
                let near = self.within.keys().filter(|(peer, radio)| {
                    *radio == end.radio && *peer != end.peer && shared.cast.is_replayer(*peer)
                });
                posts.extend(near.map(|(to, _)| Post {
                    to: *to,
                    at_us: done_us + radio.latency_us(),
                    what: Happening::Overheard {
                        bytes: bytes.clone(),
                    },
                }));
            }
        }
        end.sent += length;
        end.ghosts += ghost;
        self.sent_bytes += length;
        self.meters[usize::from(end.radio)]
            .add(air_us as f64 / crate::plan::SECOND_US as f64 * radio.energy.send_w);
        let unreported = bytes.len() + ghost as usize;
        end.unreported.push_back((done_us, unreported));
        let outstanding: usize = end.unreported.iter().map(|(_, bytes)| bytes).sum();
        posts.push(Post {
            to: end.peer,
            at_us: done_us + radio.latency_us(),
            what: Happening::Bytes {
                link: end.peer_link,
                bytes,
                ghost,
            },
        });
        // Fewer are reported when something else happens: the engine does not wait for that. It does for the next part
        // of a file.
        if outstanding > MOST_UNWRITTEN || !end.files.is_empty() {
            self.agenda.push(done_us, Happening::Written);
        }
    }

    /// A link is gone, for whatever reason.
    pub(super) fn down(&mut self, at_us: u64, link: LinkId, shared: &Shared) {
        let Some(end) = self.links.remove(&link) else {
            return;
        };
        self.power(at_us, shared);
        for message in &end.files {
            self.note(at_us, What::FileCut { message: *message });
        }
        if end.dialled {
            self.note(
                at_us,
                What::Session {
                    start_us: end.since_us,
                    answerer: end.peer,
                    radio: end.radio,
                    up_bytes: end.sent,
                    down_bytes: end.received,
                    ghost_bytes: end.ghosts,
                },
            );
        }
        let kind = shared.radios[usize::from(end.radio)].carrier.kind();
        self.input(kind, CarrierEvent::Down { link });
        self.hear_again(at_us, end.peer, end.radio, shared);
    }
}
