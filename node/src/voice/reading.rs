//! From a file of Ogg to packets of Opus.

use std::io::Cursor;
use std::time::Duration;

use ogg::PacketReader;
use ropus::opus::decoder::opus_packet_get_nb_samples;

use super::writing::{HEAD, Head, POSITIONS, TAGS};
use crate::pictures::Refusal;

/// The sound of a file, compressed.
pub(super) struct Recording {
    pub head: Head,
    pub packets: Vec<Packet>,
    /// The position at which the sound ends, at the latest behind the last packet.
    pub end: u64,
}

/// A packet of Opus.
pub(super) struct Packet {
    pub bytes: Vec<u8>,
    /// Samples at 48 kHz.
    pub samples: u32,
}

impl Recording {
    /// Reads a file that has one sound of Opus, and nothing else, and plays `longest` at most.
    ///
    /// # Errors
    /// It is no such file, it is damaged, or it plays longer.
    pub fn read(source: &[u8], longest: Duration) -> Result<Recording, Refusal> {
        let mut ogg = PacketReader::new(Cursor::new(source));
        let first = ogg.read_packet().ok().flatten();
        let first = first.ok_or(Refusal::NotAVoiceNote)?;
        let head = head(&first.data).ok_or(Refusal::NotAVoiceNote)?;
        let mut next = || {
            let packet = ogg.read_packet().map_err(|_| Refusal::Damaged)?;
            // Another sound or a film beside it.
            match packet {
                Some(packet) if packet.stream_serial() != first.stream_serial() => {
                    Err(Refusal::NotAVoiceNote)
                }
                packet => Ok(packet),
            }
        };
        let tags = next()?.ok_or(Refusal::Damaged)?;
        if !tags.data.starts_with(TAGS) {
            return Err(Refusal::Damaged);
        }
        let most = longest.as_millis() as u64 * (POSITIONS / 1_000) + u64::from(head.pre_skip);
        let (mut packets, mut position, mut end) = (Vec::new(), 0, 0);
        while let Some(packet) = next()? {
            let samples = opus_packet_get_nb_samples(&packet.data, POSITIONS as i32);
            let samples = samples.map_err(|_| Refusal::Damaged)? as u32;
            position += u64::from(samples);
            end = packet.absgp_page();
            packets.push(Packet {
                bytes: packet.data,
                samples,
            });
            // The last packet may reach beyond the end.
            if position > most + u64::from(samples) {
                return Err(Refusal::TooLarge);
            }
        }
        let end = end.min(position);
        // Nobody hears what stands behind the end.
        while let Some(last) = packets.pop_if(|last| position - u64::from(last.samples) >= end) {
            position -= u64::from(last.samples);
        }
        match end {
            end if end > most => Err(Refusal::TooLarge),
            end if end <= u64::from(head.pre_skip) => Err(Refusal::Damaged),
            end => Ok(Recording { head, packets, end }),
        }
    }

    /// How long it plays, in milliseconds, at least one.
    pub fn duration_ms(&self) -> u32 {
        let samples = self.end - u64::from(self.head.pre_skip);
        (samples / (POSITIONS / 1_000)).max(1) as u32
    }
}

/// What the first packet says; `None` if this is no sound of one or two channels.
fn head(packet: &[u8]) -> Option<Head> {
    let packet = packet.strip_prefix(HEAD)?;
    let &[
        version,
        channels,
        skip_0,
        skip_1,
        _,
        _,
        _,
        _,
        gain_0,
        gain_1,
        family,
        ..,
    ] = packet
    else {
        return None;
    };
    (version < 16 && (1..=2).contains(&channels) && family == 0).then_some(Head {
        channels,
        pre_skip: u16::from_le_bytes([skip_0, skip_1]),
        gain: i16::from_le_bytes([gain_0, gain_1]),
    })
}
