//! A network observer's view of links: the first bytes of each direction.

use std::collections::BTreeMap;

use hedgerow_transport::carrier::{Address, CarrierEvent, LinkId};

/// Most bytes to keep of one direction of a link.
const MAX_SEEN: usize = 16 * 1_024;

/// One direction of a link.
#[derive(Debug, Clone)]
pub struct Stream {
    /// The address of the sender.
    pub from: Option<Address>,
    /// The network member that receives the bytes.
    pub to: usize,
    /// Whether the sender dialled.
    pub dialled: bool,
    /// When the first bytes arrived, in milliseconds since the world began.
    pub at_ms: Option<u64>,
    /// Bytes that arrived at that first moment: a whole first flight, unless it was cut.
    pub first: Vec<u8>,
    /// All bytes that arrived, up to a limit.
    pub bytes: Vec<u8>,
}

/// The streams of all links.
#[derive(Default)]
pub(super) struct Watch(BTreeMap<LinkId, Stream>);

impl Watch {
    pub fn see(&mut self, to: usize, event: &CarrierEvent, now_ms: u64) {
        match event {
            CarrierEvent::Up { link, dial, from } => {
                let stream = Stream {
                    from: from.clone(),
                    to,
                    dialled: dial.is_none(),
                    at_ms: None,
                    first: Vec::new(),
                    bytes: Vec::new(),
                };
                self.0.insert(*link, stream);
            }
            CarrierEvent::Bytes { link, bytes } => {
                let Some(stream) = self.0.get_mut(link) else {
                    return;
                };
                // A dialler waits for an answer, so the bytes of the first moment are its flight.
                if *stream.at_ms.get_or_insert(now_ms) == now_ms {
                    stream.first.extend_from_slice(bytes);
                }
                let room = MAX_SEEN.saturating_sub(stream.bytes.len());
                stream
                    .bytes
                    .extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            _ => {}
        }
    }

    pub fn into_streams(self) -> Vec<Stream> {
        let said = |stream: &Stream| stream.at_ms.is_some();
        self.0.into_values().filter(said).collect()
    }
}
