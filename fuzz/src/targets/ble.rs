//! Frames of Bluetooth LE as bytes, and streams whose peer says anything in any order.

use bytes::Bytes;
use hedgerow_transport::ble::frame::{Frame, Tag};
use hedgerow_transport::ble::stream::{MAX_WINDOW, Stream};

const TAG: Tag = [1, 2, 3, 4];

/// One input.
pub fn run(input: &[u8]) {
    let mut stream = Stream::new(TAG, 64);
    stream.send(Bytes::from_static(&[7; 4_096]));
    let mut rest = input;
    let mut now_ms = 0;
    // A byte says how long the packet is, and what happens after it.
    while let Some((how, tail)) = rest.split_first() {
        let (packet, tail) = tail.split_at(usize::from(how & 0x1f).min(tail.len()));
        rest = tail;
        if let Ok(frame) = Frame::decode(&Bytes::copy_from_slice(packet)) {
            let again = Frame::decode(&frame.encode());
            assert_eq!(again.as_ref(), Ok(&frame));
        }
        // Most packets are of this link; the first byte is their kind.
        let mut ours = packet.first().copied().into_iter().collect::<Vec<u8>>();
        ours.extend_from_slice(&TAG);
        ours.extend_from_slice(packet.get(1..).unwrap_or_default());
        if stream.receive(&ours.into()).is_err() || stream.tick(now_ms).is_err() {
            break;
        }
        if how & 0x20 != 0 {
            while stream.read().is_some() {}
        }
        if how & 0x40 != 0 {
            while stream.next_frame(now_ms).is_some() {}
        }
        now_ms += u64::from(how & 0x80) * 8;
    }
    assert!(std::iter::from_fn(|| stream.read()).count() <= usize::from(MAX_WINDOW));
}
