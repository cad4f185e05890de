//! Devices that can reach one another within a window: what happens among them happens in the order of
//! time, and to nobody else.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::Shared;
use super::device::{Device, Post, Reason};

/// When each device has something to do next, by its place in the group.
type Next = BinaryHeap<Reverse<(u64, usize)>>;

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
    /// Lets everything happen that is due before `until_us`, moment by moment.
    pub fn run(&mut self, until_us: u64, shared: &Shared) {
        self.thread = rayon::current_thread_index().unwrap_or(0);
        let mut next: Next = self
            .devices
            .iter()
            .enumerate()
            .filter_map(|(place, device)| Some(Reverse((device.next_us()?, place))))
            .collect();
        while let Some(Reverse((at_us, _))) = next.peek().copied() {
            if at_us >= until_us {
                break;
            }
            self.moment(at_us, &mut next, shared);
        }
    }

    /// Everything of one moment. An engine is called when nothing else happens in it any more, so that
    /// it takes at once what comes at once: of those that have heard something the one that did so last,
    /// since the others may hear more of what it says.
    fn moment(&mut self, at_us: u64, next: &mut Next, shared: &Shared) {
        let mut posts = Vec::new();
        let mut called: VecDeque<usize> = VecDeque::new();
        loop {
            while let Some(Reverse((now_us, place))) = next.peek().copied()
                && now_us == at_us
            {
                next.pop();
                let device = &mut self.devices[place];
                // Each device may wait here more than once; what came too late is passed over.
                if device.next_us() != Some(at_us) {
                    continue;
                }
                self.events += 1;
                device.step(at_us, shared, &mut posts);
                let reason = device.reason(at_us);
                if !called.contains(&place) {
                    match reason {
                        Some(Reason::Heard) => called.push_back(place),
                        Some(Reason::Due) => called.push_front(place),
                        None => self.wait(place, next),
                    }
                }
                self.deliver(&mut posts, next);
            }
            let Some(place) = called.pop_back() else {
                break;
            };
            self.devices[place].call(at_us, shared, &mut posts);
            self.wait(place, next);
            self.deliver(&mut posts, next);
        }
    }

    /// A device waits for its next moment.
    fn wait(&self, place: usize, next: &mut Next) {
        if let Some(next_us) = self.devices[place].next_us() {
            next.push(Reverse((next_us, place)));
        }
    }

    fn deliver(&mut self, posts: &mut Vec<Post>, next: &mut Next) {
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
