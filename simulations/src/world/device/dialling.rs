//! How a device comes to a link: it dials another, or is dialled.

use hedgerow_transport::carrier::{Address, CarrierEvent, CarrierKind, DialId, LinkId};

use super::{Device, Post, Running};
use crate::plan::DeviceNumber;
use crate::world::Shared;
use crate::world::happening::{Dial, Happening};
use hedgerow_node::engine::Input;

impl Device {
    pub(super) fn dial(
        &mut self,
        at_us: u64,
        (kind, id): (CarrierKind, DialId),
        to: &Address,
        running: &mut Running,
        shared: &Shared,
        posts: &mut Vec<Post>,
    ) {
        let reachable = parse_address(to).filter(|(peer, radio)| {
            self.within.contains_key(&(*peer, *radio))
                && shared
                    .radios
                    .get(usize::from(*radio))
                    .is_some_and(|radio| radio.carrier.kind() == kind)
        });
        match reachable {
            Some((to, radio))
                if self.links_over(radio)
                    < shared.radios[usize::from(radio)].max_links as usize =>
            {
                let dial = Dial {
                    id,
                    start: self.starts,
                    link: self.link_name(),
                    radio,
                    to,
                };
                posts.push(Post {
                    to,
                    at_us: at_us + shared.radios[usize::from(radio)].setup_us(),
                    what: Happening::Dialled {
                        from: self.number,
                        radio,
                        dial,
                    },
                });
            }
            _ => {
                let failed = CarrierEvent::DialFailed { dial: id };
                running.waiting.push_back(Input::Carrier(kind, failed));
                if let Some((to, radio)) = reachable {
                    self.hear_again(at_us, to, radio, shared);
                }
            }
        }
    }

    pub(super) fn dialled(
        &mut self,
        at_us: u64,
        from: DeviceNumber,
        radio: u8,
        dial: Dial,
        shared: &Shared,
        posts: &mut Vec<Post>,
    ) {
        let free = self.links_over(radio) < shared.radios[usize::from(radio)].max_links as usize;
        let taken = free && self.running.is_some() && self.within.contains_key(&(from, radio));
        let link = taken.then(|| {
            let link = self.open(at_us, from, dial.link, radio, false, shared);
            self.input(
                shared.radios[usize::from(radio)].carrier.kind(),
                CarrierEvent::Up {
                    link,
                    dial: None,
                    from: None,
                },
            );
            link
        });
        posts.push(Post {
            to: from,
            at_us,
            what: Happening::Answered { dial, peer: link },
        });
    }

    pub(super) fn answered(
        &mut self,
        at_us: u64,
        dial: Dial,
        peer: Option<LinkId>,
        shared: &Shared,
        posts: &mut Vec<Post>,
    ) {
        let kind = shared.radios[usize::from(dial.radio)].carrier.kind();
        let current = self.running.is_some() && self.starts == dial.start;
        match peer {
            Some(peer_link) if current && self.within.contains_key(&(dial.to, dial.radio)) => {
                let end = self.end(at_us, dial.to, peer_link, dial.radio, true);
                self.links.insert(dial.link, end);
                self.power(at_us, shared);
                self.input(
                    kind,
                    CarrierEvent::Up {
                        link: dial.link,
                        dial: Some(dial.id),
                        from: None,
                    },
                );
            }
            Some(peer_link) => posts.push(Post {
                to: dial.to,
                at_us,
                what: Happening::Ended { link: peer_link },
            }),
            None if current => {
                self.input(kind, CarrierEvent::DialFailed { dial: dial.id });
                self.hear_again(at_us, dial.to, dial.radio, shared);
            }
            None => {}
        }
    }
}

/// Where a device can be dialled over a radio while it is within reach.
pub(super) fn address(device: DeviceNumber, radio: u8) -> Address {
    Address(format!("{device}.{radio}"))
}

fn parse_address(address: &Address) -> Option<(DeviceNumber, u8)> {
    let (device, radio) = address.0.split_once('.')?;
    Some((device.parse().ok()?, radio.parse().ok()?))
}
