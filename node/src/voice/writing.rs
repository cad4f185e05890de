//! From packets of Opus to a file of Ogg, which tells nothing but its sound.

use std::io::{self, Write};

use ogg::PacketWriter;
use ogg::writing::PacketWriteEndInfo as End;

/// Samples a second that positions in a file count, whatever the rate of the sound is.
pub(super) const POSITIONS: u64 = 48_000;

/// The first bytes of the packet that describes the sound, and of the packet of remarks behind it.
pub(super) const HEAD: &[u8; 8] = b"OpusHead";
pub(super) const TAGS: &[u8; 8] = b"OpusTags";

/// All files have the same number, so it tells nothing.
const SERIAL: u32 = 1;

/// What a decoder has to know before the first packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// One voice, or two for stereo.
    pub channels: u8,
    /// Samples at 48 kHz that a decoder throws away at the beginning.
    pub pre_skip: u16,
    /// How much louder a decoder makes it, in 1/256 dB.
    pub gain: i16,
}

/// Writes a file packet by packet. What it has written is a whole file after each page, so a recording that breaks off
/// can be heard.
pub struct Writer<W: Write> {
    ogg: PacketWriter<'static, W>,
    /// The position behind the last packet.
    position: u64,
    /// The position at which the page ends.
    page: u64,
}

impl<W: Write> Writer<W> {
    /// Writes what stands before the first packet: no remark, and no name of a program.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn begin(to: W, head: Head) -> io::Result<Writer<W>> {
        let mut ogg = PacketWriter::new(to);
        let mut packet = HEAD.to_vec();
        packet.extend([1, head.channels]);
        packet.extend(head.pre_skip.to_le_bytes());
        packet.extend((POSITIONS as u32).to_le_bytes());
        packet.extend(head.gain.to_le_bytes());
        packet.push(0);
        ogg.write_packet(packet, SERIAL, End::EndPage, 0)?;
        let nothing = [&TAGS[..], &[0; 8]].concat();
        ogg.write_packet(nothing, SERIAL, End::EndPage, 0)?;
        Ok(Writer {
            ogg,
            position: 0,
            page: POSITIONS,
        })
    }

    /// Writes a packet of `samples` at 48 kHz. A page has a second.
    ///
    /// # Errors
    /// Those of the file.
    pub fn packet(&mut self, packet: Vec<u8>, samples: u32) -> io::Result<()> {
        self.position += u64::from(samples);
        let end = match self.position >= self.page {
            true => {
                self.page = self.position + POSITIONS;
                End::EndPage
            }
            false => End::NormalPacket,
        };
        self.ogg.write_packet(packet, SERIAL, end, self.position)
    }

    /// Writes a packet, and the page that it is in.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn end_page(&mut self, packet: Vec<u8>, samples: u32) -> io::Result<()> {
        self.page = 0;
        self.packet(packet, samples)
    }

    /// Where the pages are written.
    pub(super) fn written(&mut self) -> &mut W {
        self.ogg.inner_mut()
    }

    /// Writes the last packet. The sound ends at position `end`, which lies within it.
    ///
    /// # Errors
    /// Those of the file.
    pub fn last(mut self, packet: Vec<u8>, end: u64) -> io::Result<W> {
        self.ogg.write_packet(packet, SERIAL, End::EndStream, end)?;
        Ok(self.ogg.into_inner())
    }
}
