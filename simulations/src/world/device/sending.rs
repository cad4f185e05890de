//! Bundles that a device sends, and what becomes of those it has.

use std::collections::BTreeMap;

use hedgerow_node::courier::Tag;
use hedgerow_node::engine::BundleEvent;
use hedgerow_transport::carrier::LinkId;

use super::Device;
use super::end::End;
use crate::plan::DeviceNumber;
use crate::radio::MOMENT_US;
use crate::world::Shared;
use crate::world::noted::What;

/// A bundle that is being sent.
#[derive(Debug)]
pub(super) struct Sending {
    start_us: u64,
    to: DeviceNumber,
    bytes: u64,
}

impl Device {
    /// What has become of a bundle here.
    pub(super) fn bundle(&mut self, at_us: u64, event: BundleEvent, shared: &Shared) {
        let peer = |links: &BTreeMap<LinkId, End>, link| links.get(&link).map(|end| end.peer);
        match event {
            BundleEvent::Sealed {
                bundle,
                to,
                size,
                loads,
                ..
            } => self.note(
                at_us,
                What::Sealed {
                    bundle,
                    to: shared.device_ids.get(&to).copied(),
                    bytes: size,
                    loads,
                },
            ),
            BundleEvent::NotSealed { load } => self.note(at_us, What::NotSent { message: load }),
            BundleEvent::Begun { bundle, link, size } => {
                if let Some(to) = peer(&self.links, link) {
                    let transfer = Sending {
                        start_us: at_us,
                        to,
                        bytes: size,
                    };
                    self.sending.insert((link, bundle), transfer);
                }
            }
            BundleEvent::Ended { bundle, link, done } => {
                if let Some(sending) = self.sending.remove(&(link, bundle))
                    && (done || at_us > sending.start_us + MOMENT_US)
                {
                    self.note(at_us, sending.over(bundle, done));
                }
            }
            BundleEvent::Taken { bundle, link } => {
                if let Some(from) = peer(&self.links, link) {
                    self.note(at_us, What::Took { bundle, from, link });
                }
            }
            BundleEvent::Delivered {
                bundle,
                link,
                loads,
                ..
            } => {
                if let Some(from) = peer(&self.links, link) {
                    self.note(
                        at_us,
                        What::Opened {
                            bundle,
                            from,
                            loads,
                        },
                    );
                }
            }
            BundleEvent::Dropped { bundle, reason } => {
                self.note(at_us, What::Dropped { bundle, reason });
            }
        }
    }
}

impl Sending {
    pub(super) fn over(self, bundle: Tag, done: bool) -> What {
        What::Transfer {
            bundle,
            start_us: self.start_us,
            to: self.to,
            bytes: self.bytes,
            done,
        }
    }
}
