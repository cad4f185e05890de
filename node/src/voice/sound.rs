//! From packets of Opus to samples.

use ropus::{Channels, DecodeMode, Decoder};

use super::reading::Recording;
use super::writing::POSITIONS;
use crate::pictures::{Limits, Refusal};

/// Samples a second of what is played.
pub const RATE: u32 = 24_000;

/// Samples of the longest packet: 120 ms.
const MOST: usize = RATE as usize * 12 / 100;

/// The samples of a file, one channel of [`RATE`].
///
/// # Errors
/// It is no voice note, it is damaged, or it plays too long.
pub fn samples(source: &[u8], limits: &Limits) -> Result<Vec<i16>, Refusal> {
    let recording = Recording::read(source, limits.sound)?;
    let mut all = Vec::new();
    decode(&recording, |samples| all.extend_from_slice(samples))?;
    Ok(all)
}

/// Decodes a recording piece by piece, without what stands before its beginning and behind its end.
pub(super) fn decode(recording: &Recording, mut heard: impl FnMut(&[i16])) -> Result<(), Refusal> {
    let mut decoder = Decoder::new(RATE, Channels::Mono).map_err(|_| Refusal::Damaged)?;
    let gain = i32::from(recording.head.gain);
    decoder.set_gain(gain).map_err(|_| Refusal::Damaged)?;
    let each = POSITIONS / u64::from(RATE);
    let begin = u64::from(recording.head.pre_skip) / each;
    let end = recording.end / each;
    let mut at = 0;
    let mut samples = [0; MOST];
    for packet in &recording.packets {
        let decoded = decoder.decode(&packet.bytes, &mut samples, DecodeMode::Normal);
        let decoded = decoded.map_err(|_| Refusal::Damaged)?;
        let within = |position: u64| position.saturating_sub(at).min(decoded as u64) as usize;
        heard(&samples[within(begin)..within(end).max(within(begin))]);
        at += decoded as u64;
    }
    Ok(())
}
