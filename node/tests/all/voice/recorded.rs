//! Sounds that were never heard: tones in files of Ogg Opus.

use hedgerow_node::voice::{Head, Writer};
use ogg::PacketWriter;
use ogg::writing::PacketWriteEndInfo as End;
use ropus::opus::repacketizer::opus_packet_pad;
use ropus::{Application, Channels, Encoder};

/// Samples of a packet at 48 kHz: 20 ms.
const PACKET: u32 = 960;

pub const HEAD: Head = Head {
    channels: 1,
    pre_skip: 312,
    gain: 0,
};

/// Packets of a tone of 440 Hz. `loudness`: from 0 to 1, by the time in milliseconds.
pub fn packets(length_ms: u32, loudness: impl Fn(u32) -> f64) -> Vec<Vec<u8>> {
    encoded(length_ms, Channels::Mono, loudness)
}

fn encoded(length_ms: u32, channels: Channels, loudness: impl Fn(u32) -> f64) -> Vec<Vec<u8>> {
    let encoder = Encoder::builder(48_000, channels, Application::Voip).complexity(0);
    let mut encoder = encoder.build().unwrap();
    let count = channels.count() as u32;
    let packet = |number: u32| {
        let sample = |at: u32| {
            let at = number * PACKET + at / count;
            let phase = f64::from(at) * 440.0 / 48_000.0 * std::f64::consts::TAU;
            (phase.sin() * loudness(at / 48) * 32_000.0) as i16
        };
        let samples: Vec<i16> = (0..PACKET * count).map(sample).collect();
        let mut packet = vec![0; 1_275];
        let length = encoder.encode(&samples, &mut packet).unwrap();
        packet.truncate(length);
        packet
    };
    // One more, for the samples that a decoder throws away.
    (0..=length_ms / 20).map(packet).collect()
}

/// A file that plays so long.
pub fn recording(length_ms: u32, loudness: impl Fn(u32) -> f64) -> Vec<u8> {
    file(packets(length_ms, loudness), length_ms, HEAD)
}

/// A file that plays so long, and says the same all the time: what is long need not be encoded for as long.
pub fn monotonous(length_ms: u32) -> Vec<u8> {
    let packet = packets(20, |_| 0.5).remove(1);
    file(vec![packet; length_ms as usize / 20 + 1], length_ms, HEAD)
}

/// A file of two channels that plays so long.
pub fn stereo(length_ms: u32) -> Vec<u8> {
    let head = Head {
        channels: 2,
        ..HEAD
    };
    file(
        encoded(length_ms, Channels::Stereo, |_| 0.5),
        length_ms,
        head,
    )
}

fn file(mut packets: Vec<Vec<u8>>, length_ms: u32, head: Head) -> Vec<u8> {
    let last = packets.pop().unwrap();
    let mut writer = Writer::begin(Vec::new(), head).unwrap();
    for packet in packets {
        writer.packet(packet, PACKET).unwrap();
    }
    let end = u64::from(length_ms) * 48 + u64::from(head.pre_skip);
    writer.last(last, end).unwrap()
}

/// What a file tells beside its sound.
pub struct Remarks {
    pub vendor: &'static str,
    pub comments: &'static [&'static str],
    pub serial: u32,
    /// Bytes of padding in each packet.
    pub padding: usize,
}

/// A file as other programs write them.
pub fn with_remarks(packets: &[Vec<u8>], remarks: &Remarks) -> Vec<u8> {
    let mut ogg = PacketWriter::new(Vec::new());
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend(HEAD.pre_skip.to_le_bytes());
    head.extend(16_000_u32.to_le_bytes());
    head.extend([0, 0, 0]);
    ogg.write_packet(head, remarks.serial, End::EndPage, 0)
        .unwrap();
    let text = |tags: &mut Vec<u8>, text: &str| {
        tags.extend((text.len() as u32).to_le_bytes());
        tags.extend(text.bytes());
    };
    let mut tags = b"OpusTags".to_vec();
    text(&mut tags, remarks.vendor);
    tags.extend((remarks.comments.len() as u32).to_le_bytes());
    for comment in remarks.comments {
        text(&mut tags, comment);
    }
    ogg.write_packet(tags, remarks.serial, End::EndPage, 0)
        .unwrap();
    for (number, packet) in (1..).zip(packets) {
        let mut padded = packet.clone();
        let (length, with_padding) = (packet.len(), packet.len() + remarks.padding);
        padded.resize(with_padding, 0);
        assert_eq!(
            opus_packet_pad(&mut padded, length as i32, with_padding as i32),
            0
        );
        let end = match number == packets.len() as u64 {
            true => End::EndStream,
            false => End::NormalPacket,
        };
        let position = number * u64::from(PACKET);
        ogg.write_packet(padded, remarks.serial, end, position)
            .unwrap();
    }
    ogg.into_inner()
}

/// A file with two sounds at the same time.
pub fn mixed() -> Vec<u8> {
    let sound = packets(100, |_| 0.5);
    let mut ogg = PacketWriter::new(Vec::new());
    for serial in [1, 2] {
        let mut head = b"OpusHead\x01\x01".to_vec();
        head.extend([0; 9]);
        ogg.write_packet(head, serial, End::EndPage, 0).unwrap();
    }
    for serial in [1, 2] {
        let tags = [&b"OpusTags"[..], &[0; 8]].concat();
        ogg.write_packet(tags, serial, End::EndPage, 0).unwrap();
    }
    for (number, packet) in (1..).zip(&sound) {
        for serial in [1, 2] {
            let position = number * u64::from(PACKET);
            ogg.write_packet(packet.clone(), serial, End::EndPage, position)
                .unwrap();
        }
    }
    ogg.into_inner()
}
