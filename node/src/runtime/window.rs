//! How many bytes that have arrived on one link may wait for the engine.
//!
//! The engine's mail is one queue for all links. Without windows, a contact who sends faster than the engine takes in
//! would fill it, and everybody else's messages would wait behind. A piece holds its part of the window until the
//! engine has taken it in and drops it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hedgerow_transport::carrier::{CarrierEvent, LinkId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most bytes that have arrived on one link and are not taken in yet (`docs/PROTOCOL.md` section 1).
pub const RECEIVE_WINDOW: usize = 1 << 20;

/// The least bytes that a piece counts for, even a shorter one.
const SHORTEST_PIECE: usize = RECEIVE_WINDOW / 64;

/// The windows of all links.
#[derive(Clone, Default)]
pub(super) struct Windows(Arc<Mutex<BTreeMap<LinkId, Arc<Semaphore>>>>);

impl Windows {
    /// Waits until the engine may get an event. Only bytes ever wait.
    pub(super) async fn admit(&self, event: CarrierEvent) -> CarrierEvent {
        match event {
            CarrierEvent::Bytes { link, bytes } => {
                let bytes = self.admit_piece(link, bytes).await;
                CarrierEvent::Bytes { link, bytes }
            }
            CarrierEvent::Down { link } => {
                self.windows().remove(&link);
                event
            }
            _ => event,
        }
    }

    async fn admit_piece(&self, link: LinkId, bytes: Bytes) -> Bytes {
        let window = self
            .windows()
            .entry(link)
            .or_insert_with(|| Arc::new(Semaphore::new(RECEIVE_WINDOW)))
            .clone();
        let share = bytes.len().clamp(SHORTEST_PIECE, RECEIVE_WINDOW) as u32;
        match window.acquire_many_owned(share).await {
            Ok(share) => Bytes::from_owner(Piece {
                bytes,
                _share: share,
            }),
            // Cannot happen: nobody closes a window.
            Err(_) => bytes,
        }
    }

    fn windows(&self) -> std::sync::MutexGuard<'_, BTreeMap<LinkId, Arc<Semaphore>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that have arrived, and their part of the window.
struct Piece {
    bytes: Bytes,
    _share: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn piece(link: u64, length: usize) -> CarrierEvent {
        CarrierEvent::Bytes {
            link: LinkId(link),
            bytes: vec![7; length].into(),
        }
    }

    #[test]
    fn a_link_that_brings_more_than_is_taken_in_waits_and_no_other_does() {
        for length in [1, 1_000, RECEIVE_WINDOW / 4, 3 * RECEIVE_WINDOW] {
            let windows = Windows::default();
            let mut waiting = Vec::new();
            while let Some(event) = windows.admit(piece(1, length)).now_or_never() {
                waiting.push(event);
            }
            let fit = (RECEIVE_WINDOW / length.clamp(SHORTEST_PIECE, RECEIVE_WINDOW)).max(1);
            assert_eq!(waiting.len(), fit);
            assert!(windows.admit(piece(2, length)).now_or_never().is_some());
            // The engine has taken in one piece.
            waiting.pop();
            assert!(windows.admit(piece(1, length)).now_or_never().is_some());
        }
    }

    #[test]
    fn what_is_admitted_is_what_came() {
        let windows = Windows::default();
        let admitted = windows.admit(piece(1, 100)).now_or_never();
        let Some(CarrierEvent::Bytes { link, bytes }) = admitted else {
            panic!("there is room");
        };
        assert_eq!((link, &bytes[..]), (LinkId(1), &[7; 100][..]));
    }

    #[test]
    fn a_link_that_is_gone_leaves_no_window_behind() {
        let windows = Windows::default();
        let _ = windows.admit(piece(1, 100)).now_or_never();
        let gone = CarrierEvent::Down { link: LinkId(1) };
        let _ = windows.admit(gone).now_or_never();
        assert!(windows.windows().is_empty());
    }
}
