//! What a device does whose part in the world is that of an adversary, and what is seen of it there.

use hedgerow_node::engine::Input;
use hedgerow_transport::carrier::LinkId;
use rand_chacha::ChaCha20Rng;

use super::Shared;
use super::device::{Device, Post, Running};
use super::happening::Happening;
use super::noted::What;
use crate::adversary::replayer::{Act, Doings, Replayed};
use crate::adversary::{Part, receipt_forger};

/// The loads of those who flood: no message of the workload.
const FLOOD: u64 = u64::MAX;

/// What an adversary with an engine needs.
pub(super) struct Malice {
    pub turns: usize,
    pub rng: ChaCha20Rng,
}

impl Device {
    /// Something happens to a device that replays.
    pub(super) fn replay(
        &mut self,
        at_us: u64,
        what: Happening,
        shared: &Shared,
        posts: &mut Vec<Post>,
    ) {
        if let (Happening::Turn, Some(every_us)) = (&what, shared.cast.part(self.number).every_us())
        {
            self.agenda.push(at_us + every_us, Happening::Turn);
        }
        let Some(replayer) = &mut self.replayer else {
            return;
        };
        let mut doings = Doings::default();
        replayer.happen(at_us, what, &mut doings);
        self.announces_anew |= doings.announces_anew;
        for replayed in doings.replayed {
            self.note(at_us, What::Replayed(replayed));
        }
        for (to, act) in doings.posts {
            let (after_us, what) = match act {
                Act::Dial(dial) => {
                    let (from, radio) = (self.number, dial.radio);
                    let what = Happening::Dialled { from, radio, dial };
                    (shared.radios[usize::from(radio)].setup_us(), what)
                }
                Act::Answer(dial, peer) => (0, Happening::Answered { dial, peer }),
                Act::Say(radio, link, bytes) => {
                    let radio = &shared.radios[usize::from(radio)];
                    let air_us = radio.air_time_us(bytes.len(), 0, &mut self.air);
                    let what = Happening::Bytes {
                        link,
                        bytes,
                        ghost: 0,
                    };
                    (air_us + radio.latency_us(), what)
                }
                Act::End(link) => (0, Happening::Ended { link }),
            };
            posts.push(Post {
                to,
                at_us: at_us + after_us,
                what,
            });
        }
    }

    /// An adversary with an engine has its turn.
    pub(super) fn take_turn(&mut self, at_us: u64, shared: &Shared) {
        let part = shared.cast.part(self.number);
        if let Some(every_us) = part.every_us() {
            self.agenda.push(at_us + every_us, Happening::Turn);
        }
        let (Some(running), Some(malice)) = (&mut self.running, &mut self.malice) else {
            return;
        };
        let Malice { turns, rng } = &mut **malice;
        match part {
            Part::Flooder(flood) | Part::Identity(flood) if !flood.to.is_empty() => {
                let to = flood.to[*turns % flood.to.len()];
                *turns += 1;
                running.waiting.push_back(Input::Load {
                    to: shared.contact_ids[to as usize].clone(),
                    length: flood.bytes,
                    id: FLOOD,
                });
            }
            Part::Forger { .. } => {
                let mut values = 0;
                running.engine.claim_releases(&mut |envelope| {
                    let guesses = receipt_forger::guesses(envelope, rng);
                    values += guesses.len() as u64;
                    guesses
                });
                running.wake_us = Some(at_us);
                self.note(at_us, What::Claimed { values });
            }
            _ => {}
        }
    }

    /// Whether a link leads to a device that replays.
    pub(super) fn is_to_replayer(&self, link: LinkId, shared: &Shared) -> bool {
        let end = self.links.get(&link);
        end.is_some_and(|end| shared.cast.is_replayer(end.peer))
    }

    /// Notes sessions with devices that replay.
    pub(super) fn look_for_deceit(&mut self, at_us: u64, running: &Running, shared: &Shared) {
        let mut sessions = 0;
        for (link, end) in &mut self.links {
            let is_new = !end.is_deceived && shared.cast.is_replayer(end.peer);
            if is_new && running.engine.is_session(*link) {
                end.is_deceived = true;
                sessions += 1;
            }
        }
        for _ in 0..sessions {
            self.note(at_us, What::Replayed(Replayed::Session));
        }
    }
}
