//! Voice notes, as the process that decodes makes and plays them (docs/PROTOCOL.md section 18).

pub mod recorded;

use std::time::Duration;

use hedgerow_node::pictures::{Decoder, Fault, Limits};
use hedgerow_node::voice::{HEARD_RATE, Head, RATE, Recorder, Writer};
use proptest::prelude::*;

use recorded::{HEAD, Remarks, mixed, monotonous, packets, recording, with_remarks};

const VOICE: Limits = Limits::VOICE;

fn decoder() -> Decoder {
    Decoder::at(env!("CARGO_BIN_EXE_hedgerow"))
}

/// A second of silence, and a second of a tone.
fn quiet_then_loud() -> Vec<u8> {
    recording(2_000, |at_ms| if at_ms < 1_000 { 0.0 } else { 0.5 })
}

#[test]
fn a_voice_note_plays_as_long_and_as_loud_as_it_was_recorded() {
    let made = decoder().voice(&quiet_then_loud()[..], VOICE).unwrap();
    assert_eq!(made.voice.duration_ms, 2_000);
    let (quiet, loud) = made.voice.waveform.split_at(32);
    assert!(quiet[..31].iter().all(|bar| *bar < 16), "{quiet:?}");
    assert!(loud[1..].iter().all(|bar| *bar > 200), "{loud:?}");
    let played = decoder().play(&made.bytes[..], VOICE).unwrap();
    assert_eq!(played.len(), 2 * RATE as usize);
    let peak = |samples: &[i16]| samples.iter().map(|one| one.unsigned_abs()).max();
    let (quiet, loud) = played.split_at(RATE as usize - 1_200);
    assert!(peak(quiet) < Some(1_000) && peak(loud) > Some(12_000));
}

#[test]
fn a_voice_note_carries_nothing_but_its_sound() {
    let remarks = Remarks {
        vendor: "Recorder 3.1 of Ana",
        comments: &["LOCATION=the square", "DATE=2026-11-23"],
        serial: 0x0bad_cafe,
        padding: 40,
    };
    let source = with_remarks(&packets(500, |_| 0.5), &remarks);
    let holds = |file: &[u8], words: &[u8]| file.windows(words.len()).any(|window| window == words);
    let secrets: [&[u8]; 4] = [
        b"Ana",
        b"the square",
        b"2026",
        &0x0bad_cafe_u32.to_le_bytes(),
    ];
    assert!(secrets.iter().all(|secret| holds(&source, secret)));
    let made = decoder().voice(&source[..], VOICE).unwrap();
    for secret in secrets {
        assert!(!holds(&made.bytes, secret), "{secret:?}");
    }
    assert!(made.bytes.len() < source.len() - 25 * 30, "padding stays");
    let without = decoder().play(&made.bytes[..], VOICE).unwrap();
    assert_eq!(without, decoder().play(&source[..], VOICE).unwrap());
    let again = decoder().voice(&made.bytes[..], VOICE).unwrap();
    assert_eq!(again, made, "it stays as it is when it is made again");
}

#[test]
fn what_is_no_voice_note_is_refused() {
    let whole = quiet_then_loud();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let long = monotonous(901_000);
    let refused = |source: &[u8]| decoder().voice(source, VOICE).unwrap_err();
    assert!(matches!(refused(b"hello"), Fault::NotAVoiceNote));
    assert!(matches!(refused(&[]), Fault::NotAVoiceNote));
    assert!(matches!(refused(&mixed()), Fault::NotAVoiceNote));
    assert!(matches!(refused(&flipped), Fault::Damaged));
    assert!(matches!(refused(&long), Fault::TooLarge));
    assert!(matches!(refused(&vec![0; (16 << 20) + 1]), Fault::TooLarge));
    let nothing = Writer::begin(Vec::new(), HEAD).unwrap();
    let nothing = nothing.last(packets(20, |_| 0.5).remove(0), 0).unwrap();
    assert!(matches!(refused(&nothing), Fault::Damaged));
}

#[test]
fn a_voice_note_of_15_minutes_is_played_whole() {
    let longest = monotonous(900_000);
    let made = decoder().voice(&longest[..], VOICE).unwrap();
    assert_eq!(made.voice.duration_ms, 900_000);
    let played = decoder().play(&made.bytes[..], VOICE).unwrap();
    assert_eq!(played.len(), 900 * RATE as usize);
}

#[test]
fn a_sound_in_stereo_is_played_in_one_channel() {
    let stereo = recorded::stereo(1_000);
    let made = decoder().voice(&stereo[..], VOICE).unwrap();
    assert_eq!(made.voice.duration_ms, 1_000);
    let played = decoder().play(&made.bytes[..], VOICE).unwrap();
    assert_eq!(played.len(), RATE as usize);
}

#[test]
fn what_is_recorded_plays_as_long_as_it_was_heard_and_needs_no_cleaning() {
    // As a sound server gives it: in pieces that are no packets.
    let tone = |at: u32| (f64::from(at) * 0.06).sin() * 9_000.0;
    let heard: Vec<i16> = (0..HEARD_RATE * 5 / 2).map(|at| tone(at) as i16).collect();
    let mut recorder = Recorder::begin().unwrap();
    let mut file = Vec::new();
    for piece in heard.chunks(1_111) {
        file.extend(recorder.hear(piece).unwrap());
    }
    assert_eq!(recorder.duration_ms(), 2_500);
    let broken_off = decoder().voice(&file[..], VOICE).unwrap();
    assert_eq!(broken_off.voice.duration_ms, 1_993, "two whole pages");
    file.extend(recorder.end().unwrap());
    let made = decoder().voice(&file[..], VOICE).unwrap();
    assert_eq!(made.voice.duration_ms, 2_500);
    assert!(made.bytes == file, "it carries nothing that has to go");
}

#[test]
fn all_that_was_heard_before_a_pause_can_be_played_though_nothing_follows() {
    let mut recorder = Recorder::begin().unwrap();
    let mut file = Vec::new();
    for (heard_ms, played_ms) in [(700, 693), (1_410, 1_393)] {
        let missing = heard_ms - recorder.duration_ms();
        let heard = vec![900; (HEARD_RATE / 1_000 * missing) as usize];
        file.extend(recorder.hear(&heard).unwrap());
        file.extend(recorder.pause().unwrap());
        let broken_off = decoder().voice(&file[..], VOICE).unwrap();
        assert_eq!(broken_off.voice.duration_ms, played_ms);
    }
    file.extend(recorder.end().unwrap());
    let made = decoder().voice(&file[..], VOICE).unwrap();
    assert_eq!(made.voice.duration_ms, 1_410);
}

#[test]
fn what_takes_longer_than_its_time_is_killed() {
    let limits = Limits {
        time: Duration::from_millis(1),
        ..VOICE
    };
    let source = recording(60_000, |_| 0.5);
    let refused = decoder().voice(&source[..], limits).unwrap_err();
    assert!(
        matches!(refused, Fault::TooSlow | Fault::Crashed),
        "{refused:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Packets that no encoder made, in a file whose sums are right: nothing of the node suffers.
    #[test]
    fn hostile_packets_give_a_voice_note_or_a_fault(
        packets in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..300), 0_u32..5_760), 1..40),
        gain in any::<i16>(),
        pre_skip in any::<u16>(),
        end in 0_u64..300_000,
    ) {
        let head = Head { channels: 1, pre_skip, gain };
        let mut writer = Writer::begin(Vec::new(), head).unwrap();
        let mut packets = packets;
        let (last, _) = packets.pop().unwrap();
        for (packet, samples) in packets {
            writer.packet(packet, samples).unwrap();
        }
        let source = writer.last(last, end).unwrap();
        if let Ok(made) = decoder().voice(&source[..], VOICE) {
            prop_assert!(made.voice.duration_ms <= 900_000);
            prop_assert_eq!(made.voice.waveform.len(), 64);
        }
        let played = decoder().play(&source[..], VOICE);
        prop_assert!(played.is_ok() || !matches!(played, Err(Fault::Unavailable(_))));
    }
}
