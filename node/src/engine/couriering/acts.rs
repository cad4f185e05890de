//! Executes what the courier decides, and fills contents into links.

use bytes::{BufMut, BytesMut};
use hedgerow_sync::store::{Reader, StorageError};
use hedgerow_transport::carrier::LinkId;
use hedgerow_transport::session::{Lane, Session};

use super::held::PART;
use super::{Arriving, Couriering, NAME, Outgoing};
use crate::courier::Said;
use crate::courier::exchange::Act;
use crate::courier::said;
use crate::engine::bundle_event::BundleEvent;
use crate::engine::{Effects as _, Turn};

/// The interval at which bundles are checked for the end of their lifetime.
const EXPIRY_MS: u64 = 60_000;

impl Couriering {
    /// Does what time and this batch have made due. Gives what to say over which links, in this order.
    pub fn tick(&mut self, turn: &mut Turn<'_>) -> Result<Vec<(LinkId, Said)>, StorageError> {
        let now_ms = turn.now.mono_ms;
        if self.next_expiry_ms().is_some_and(|at| at <= now_ms) {
            self.courier.expire(now_ms);
        }
        let acts = self.courier.take_acts();
        let said = acts.into_iter().map(|act| self.act(turn, act));
        let said = said
            .filter_map(Result::transpose)
            .collect::<Result<_, _>>()?;
        self.contents_slice(turn)?;
        Ok(said)
    }

    /// When something is due without input, in monotonic milliseconds.
    pub fn next_wake_ms(&self) -> Option<u64> {
        let due = self.due.values().min().copied();
        due.into_iter().chain(self.next_expiry_ms()).min()
    }

    /// When the engine next checks lifetimes, in monotonic milliseconds.
    fn next_expiry_ms(&self) -> Option<u64> {
        let next = self.courier.bundles().next_expiry_ms()?;
        Some(next.div_ceil(EXPIRY_MS).saturating_mul(EXPIRY_MS))
    }

    /// Executes one act. If the act is to say something, gives what to say over which link.
    fn act(
        &mut self,
        turn: &mut Turn<'_>,
        act: Act,
    ) -> Result<Option<(LinkId, Said)>, StorageError> {
        let bundles = self.courier.bundles();
        match act {
            Act::Say(link, said) => return Ok(Some((link, said))),
            Act::Send(link, tag) => {
                let Some(held) = bundles.get(&tag) else {
                    return Ok(None);
                };
                let size = held.envelope.size;
                let outgoing = Outgoing {
                    tag,
                    length: held.length,
                    #[cfg(feature = "simulation")]
                    ghost: size.saturating_sub(held.length),
                    next_part: 0,
                };
                self.outgoing.entry(link).or_default().push_back(outgoing);
                turn.out.bundle(BundleEvent::Begun {
                    bundle: tag,
                    link,
                    size,
                });
            }
            Act::Sent(link, bundle, done) => {
                if let Some(queue) = self.outgoing.get_mut(&link) {
                    queue.retain(|outgoing| outgoing.tag != bundle);
                    if queue.is_empty() {
                        self.outgoing.remove(&link);
                    }
                }
                turn.out.bundle(BundleEvent::Ended { bundle, link, done });
            }
            Act::Expect(link, begin) => {
                let arriving = Arriving {
                    begin,
                    contents: BytesMut::new(),
                };
                self.arriving.insert((link, begin.envelope.tag), arriving);
            }
            Act::Discard(link, tag) => {
                self.arriving.remove(&(link, tag));
            }
            Act::Keep(link, tag) => {
                if let Some(arrived) = self.arriving.remove(&(link, tag)) {
                    self.contents.keep(tag, arrived.contents.freeze());
                }
                turn.out.bundle(BundleEvent::Taken { bundle: tag, link });
            }
            Act::Update(tag) => self.save_row(turn, &tag)?,
            Act::Drop(bundle, length, reason) => {
                self.own.remove(&bundle);
                self.contents.remove(bundle, length);
                turn.out.bundle(BundleEvent::Dropped { bundle, reason });
            }
        }
        Ok(None)
    }

    /// Queues contents for a link, up to about `budget` bytes. Gives the number of ghost bytes behind the last of
    /// them: 0 outside of simulations.
    pub fn fill(
        &mut self,
        id: LinkId,
        session: &mut Session,
        reader: &dyn Reader,
        budget: usize,
    ) -> Result<u64, StorageError> {
        let Some(queue) = self.outgoing.get_mut(&id) else {
            return Ok(0);
        };
        while session.queued() < budget
            && let Some(outgoing) = queue.front_mut()
        {
            let part = self
                .contents
                .part(reader, &outgoing.tag, outgoing.next_part)?;
            let Some(part) = part else {
                // We dropped it while we sent it; the courier has told the other side.
                queue.pop_front();
                continue;
            };
            let mut piece = BytesMut::with_capacity(NAME + part.len());
            piece.put_slice(&outgoing.tag.0[..NAME]);
            piece.put_slice(&part);
            session
                .push(Lane::Media, said::PIECE, piece.freeze())
                .expect("a part is far below MAX_ITEM");
            outgoing.next_part += 1;
            if u64::from(outgoing.next_part) * PART as u64 >= outgoing.length {
                #[cfg(feature = "simulation")]
                let ghost = outgoing.ghost;
                queue.pop_front();
                #[cfg(feature = "simulation")]
                if ghost > 0 {
                    return Ok(ghost);
                }
            }
        }
        Ok(0)
    }
}
