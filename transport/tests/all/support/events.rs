//! Waits for events of a carrier.
#![allow(dead_code, reason = "each test file uses its part")]

use std::time::Duration;

use hedgerow_transport::carrier::{CarrierEvent, CarrierState, LinkId};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Turns a hang into a failure.
pub const HANG: Duration = Duration::from_secs(60);

/// Events of a carrier, in order.
pub type Events = mpsc::Receiver<CarrierEvent>;

/// The next event that `meant` selects.
pub async fn next<T>(events: &mut Events, mut meant: impl FnMut(CarrierEvent) -> Option<T>) -> T {
    let wait = async {
        loop {
            let event = events.recv().await.expect("the carrier lives");
            if let Some(found) = meant(event) {
                return found;
            }
        }
    };
    timeout(HANG, wait).await.expect("it hangs")
}

/// Waits until the carrier reports this state.
pub async fn state(events: &mut Events, wanted: CarrierState) {
    let is_wanted = |event| matches!(event, CarrierEvent::State(state) if state == wanted);
    next(events, |event| is_wanted(event).then_some(())).await;
}

/// Waits for a link.
pub async fn up(events: &mut Events) -> LinkId {
    next(events, |event| match event {
        CarrierEvent::Up { link, .. } => Some(link),
        _ => None,
    })
    .await
}

/// Waits until this link has ended.
pub async fn down(events: &mut Events, link: LinkId) {
    let is_it = |event| matches!(event, CarrierEvent::Down { link: ended } if ended == link);
    next(events, |event| is_it(event).then_some(())).await;
}

/// Waits until this many bytes have come over this link.
pub async fn handle(events: &mut Events, of: LinkId, length: usize) {
    let mut heard = 0;
    while heard < length {
        heard += next(events, |event| match event {
            CarrierEvent::Bytes { link, bytes } if link == of => Some(bytes.len()),
            _ => None,
        })
        .await;
    }
}
