//! What an observer of the network sees of links: the first bytes of each direction.

use std::collections::BTreeMap;

use hedgerow_transport::carrier::{Address, CarrierEvent, LinkId};

/// Bytes of one direction of a link that an observer keeps.
const MAX_SEEN: usize = 16 * 1_024;

/// One direction of a link.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Whose bytes these are.
    pub from: Option<Address>,
    /// The member of the network at which they arrive.
    pub to: usize,
    /// Whether the sender dialled.
    pub dialled: bool,
    /// When the first of them arrived, in milliseconds since the world began.
    pub at_ms: Option<u64>,
    /// What arrived at the first moment: a whole first flight, if nothing was cut.
    pub first: Vec<u8>,
    /// What arrived in all, up to a limit.
    pub bytes: Vec<u8>,
}

/// Keeps the streams of all links.
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
                // Whoever dials waits for an answer: what arrives at the first moment is its flight.
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
