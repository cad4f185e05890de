//! A file of Opus written anew: its sound, and nothing else that it carried.

use ropus::opus::repacketizer::opus_packet_unpad;

use super::reading::{Packet, Recording};
use super::sound::{self, RATE};
use super::writing::Writer;
use crate::api::Voice;
use crate::files::extent::BARS;
use crate::pictures::{Limits, Refusal};

/// A voice note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anew {
    /// What its message says of it.
    pub voice: Voice,
    /// Its file.
    pub bytes: Vec<u8>,
}

/// Makes a voice note of a file. Remarks, pictures of covers, padding and the name of the program that wrote it are
/// gone; no packet is compressed a second time.
///
/// # Errors
/// It is no file of Opus, it is damaged, or it plays too long.
pub fn anew(source: &[u8], limits: &Limits) -> Result<Anew, Refusal> {
    let recording = Recording::read(source, limits.sound)?;
    let voice = Voice {
        duration_ms: recording.duration_ms(),
        waveform: waveform(&recording)?,
    };
    let bytes = write(recording)?;
    Ok(Anew { voice, bytes })
}

fn write(recording: Recording) -> Result<Vec<u8>, Refusal> {
    let damaged = |_| Refusal::Damaged;
    let Recording {
        head,
        mut packets,
        end,
    } = recording;
    let last = packets.pop().ok_or(Refusal::Damaged)?;
    let mut writer = Writer::begin(Vec::new(), head).map_err(damaged)?;
    for packet in packets {
        let samples = packet.samples;
        writer
            .packet(without_padding(packet)?, samples)
            .map_err(damaged)?;
    }
    writer.last(without_padding(last)?, end).map_err(damaged)
}

fn without_padding(packet: Packet) -> Result<Vec<u8>, Refusal> {
    let mut bytes = packet.bytes;
    let length = bytes.len() as i32;
    let length = opus_packet_unpad(&mut bytes, length);
    bytes.truncate(usize::try_from(length).map_err(|_| Refusal::Damaged)?);
    Ok(bytes)
}

/// How loud each part of a recording is, compared with the loudest.
fn waveform(recording: &Recording) -> Result<Vec<u8>, Refusal> {
    let samples = u64::from(recording.duration_ms()) * u64::from(RATE / 1_000);
    let mut power = [(0_f64, 0_u32); BARS];
    let mut at = 0;
    sound::decode(recording, |heard| {
        for sample in heard {
            let bar = (at * BARS as u64 / samples).min(BARS as u64 - 1) as usize;
            power[bar].0 += f64::from(*sample).powi(2);
            power[bar].1 += 1;
            at += 1;
        }
    })?;
    let loudness = power.map(|(power, samples)| (power / f64::from(samples.max(1))).sqrt());
    let loudest = loudness.iter().copied().fold(1.0, f64::max);
    let bar = |loudness: f64| (loudness / loudest * 255.0).round() as u8;
    Ok(loudness.map(bar).to_vec())
}
