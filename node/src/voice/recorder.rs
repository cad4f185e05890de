//! From the samples of a microphone to a file of Ogg, while they come.

use std::io;

use ropus::{Application, Bitrate, Channels, Encoder, Signal};

use super::writing::{Head, POSITIONS, Writer};
use crate::files::extent::MAX_VOICE_MS;

/// Samples a second of what a microphone hears.
pub const HEARD_RATE: u32 = POSITIONS as u32;

/// Samples of a packet: 20 ms.
const PACKET: usize = 960;

/// Bits a second, on average.
const BITRATE: u32 = 24_000;

/// The longest packet that an encoder makes.
const MAX_PACKET: usize = 1_275;

/// Compresses a voice note. What it gives is a file that can be played, however early it ends.
pub struct Recorder {
    encoder: Encoder,
    writer: Writer<Vec<u8>>,
    /// Samples that fill no packet yet.
    rest: Vec<i16>,
    /// The last packet, which is written when another follows: the end of a file is marked on its last.
    last: Vec<u8>,
    heard: u64,
}

impl Recorder {
    /// Begins a file.
    ///
    /// # Errors
    /// The encoder does not take its settings, which is a fault of this program.
    pub fn begin() -> io::Result<Recorder> {
        let encoder = Encoder::builder(HEARD_RATE, Channels::Mono, Application::Voip)
            .bitrate(Bitrate::Bits(BITRATE))
            .signal(Signal::Voice)
            .build()
            .map_err(io::Error::other)?;
        let head = Head {
            channels: 1,
            pre_skip: encoder.lookahead() as u16,
            gain: 0,
        };
        Ok(Recorder {
            encoder,
            writer: Writer::begin(Vec::new(), head)?,
            rest: Vec::new(),
            last: Vec::new(),
            heard: 0,
        })
    }

    /// Hears samples, one channel of [`HEARD_RATE`]. Gives the next bytes of the file, if any are complete. What is
    /// beyond the longest voice note is not heard.
    ///
    /// # Errors
    /// The encoder fails, which is a fault of this program.
    pub fn hear(&mut self, samples: &[i16]) -> io::Result<Vec<u8>> {
        let room = u64::from(MAX_VOICE_MS) * (POSITIONS / 1_000) - self.heard;
        let samples = &samples[..samples.len().min(room as usize)];
        self.heard += samples.len() as u64;
        self.rest.extend_from_slice(samples);
        self.encode()?;
        Ok(std::mem::take(self.writer.written()))
    }

    /// Gives the bytes of what was heard so far, but for the last 20 ms: nothing may follow for long.
    ///
    /// # Errors
    /// Those of the file, which is a fault of this program.
    pub fn pause(&mut self) -> io::Result<Vec<u8>> {
        let last = std::mem::take(&mut self.last);
        if !last.is_empty() {
            self.writer.end_page(last, PACKET as u32)?;
        }
        Ok(std::mem::take(self.writer.written()))
    }

    /// How long it plays so far, in milliseconds.
    pub fn duration_ms(&self) -> u32 {
        (self.heard / (POSITIONS / 1_000)) as u32
    }

    /// Ends the file. Gives its last bytes.
    ///
    /// # Errors
    /// The encoder fails, which is a fault of this program.
    pub fn end(mut self) -> io::Result<Vec<u8>> {
        let end = self.heard + u64::from(self.encoder.lookahead());
        // The encoder holds back what it looks ahead, until more comes.
        let silence = end.next_multiple_of(PACKET as u64) - (self.heard - self.rest.len() as u64);
        self.rest.resize(silence as usize, 0);
        self.rest
            .resize(self.rest.len().next_multiple_of(PACKET), 0);
        self.encode()?;
        self.writer.last(self.last, end)
    }

    fn encode(&mut self) -> io::Result<()> {
        let whole = self.rest.len() / PACKET * PACKET;
        for samples in self.rest[..whole].chunks_exact(PACKET) {
            let mut packet = vec![0; MAX_PACKET];
            let encoded = self.encoder.encode(samples, &mut packet);
            packet.truncate(encoded.map_err(io::Error::other)?);
            let before = std::mem::replace(&mut self.last, packet);
            if !before.is_empty() {
                self.writer.packet(before, PACKET as u32)?;
            }
        }
        self.rest.drain(..whole);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::MAX_RECORDING;

    #[test]
    fn a_recording_hears_15_minutes_and_no_more() {
        let mut recorder = Recorder::begin().expect("settings of our own");
        recorder.heard = u64::from(MAX_VOICE_MS) * 48 - 1_000;
        recorder.hear(&[0; 48_000]).expect("it encodes");
        assert_eq!(recorder.duration_ms(), MAX_VOICE_MS);
    }

    #[test]
    fn the_loudest_noise_for_15_minutes_fits_into_a_recording() {
        let mut recorder = Recorder::begin().expect("settings of our own");
        let mut state = 1_u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as i16
        });
        let noise: Vec<i16> = noise.take(HEARD_RATE as usize * 5).collect();
        let mut bytes = recorder.hear(&noise).expect("it encodes").len();
        bytes += recorder.end().expect("it ends").len();
        assert!(bytes as u64 * 180 < MAX_RECORDING, "{bytes} bytes in 5 s");
    }
}
