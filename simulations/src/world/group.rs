//! Devices that can reach one another within a window: what happens among them happens in the order of
//! time, and to nobody else.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Shared;
use super::device::{Device, Post};

/// A group, and what came of its window.
#[derive(Default)]
pub(super) struct Group {
    /// In the order of their numbers.
    #[expect(
        clippy::vec_box,
        reason = "devices move from window to window, and are large"
    )]
    pub devices: Vec<Box<Device>>,
    /// What was sent to devices outside: ends of links that were cut at the same moment.
    pub strays: Vec<Post>,
    /// Moments at which something happened to a device.
    pub events: u64,
    /// The thread that ran it.
    pub thread: usize,
}

impl Group {
    /// Lets everything happen that is due before `until_us`.
    pub fn run(&mut self, until_us: u64, shared: &Shared) {
        self.thread = rayon::current_thread_index().unwrap_or(0);
        let mut posts = Vec::new();
        let mut next: BinaryHeap<Reverse<(u64, usize)>> = self
            .devices
            .iter()
            .enumerate()
            .filter_map(|(place, device)| Some(Reverse((device.next_us()?, place))))
            .collect();
        while let Some(Reverse((at_us, place))) = next.pop() {
            if at_us >= until_us {
                break;
            }
            let device = &mut self.devices[place];
            // Each device may wait here more than once; what came too late is passed over.
            if device.next_us() != Some(at_us) {
                continue;
            }
            self.events += 1;
            device.step(at_us, shared, &mut posts);
            if let Some(next_us) = device.next_us() {
                next.push(Reverse((next_us, place)));
            }
            for post in posts.drain(..) {
                let found = self
                    .devices
                    .binary_search_by_key(&post.to, |device| device.number);
                match found {
                    Ok(place) => {
                        let device = &mut self.devices[place];
                        let before = device.next_us();
                        device.push(post.at_us, post.what);
                        if before.is_none_or(|before| post.at_us < before) {
                            next.push(Reverse((post.at_us, place)));
                        }
                    }
                    Err(_) => self.strays.push(post),
                }
            }
        }
    }
}
