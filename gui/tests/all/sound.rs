//! Voice notes played and heard. Where a sound server is needed, `gui/tests/sound.sh` starts one without any hardware.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use hedgerow_gui::desktop::sound::{Loudspeaker, Microphone, Player, Studio, Tape};
use hedgerow_gui::model::{Heard, Play, Played, Record, Silent, Sound, Tempo, Ticket};
use hedgerow_node::pictures::Limits;
use hedgerow_node::voice::{self, HEARD_RATE, RATE};

/// What is heard and played, in hertz.
const PITCH: f64 = 440.0;

const PATIENCE: Duration = Duration::from_secs(20);

/// A tone of one channel of [`RATE`].
fn tone(seconds: u32) -> Arc<[i16]> {
    let sample = |at: u32| {
        let phase = f64::from(at) * PITCH / f64::from(RATE) * std::f64::consts::TAU;
        (phase.sin() * 16_000.0) as i16
    };
    (0..seconds * RATE).map(sample).collect()
}

/// The pitch of a tone, by how often it crosses zero.
fn pitch(samples: &[i16], rate: u32) -> f64 {
    let signs = samples.windows(2);
    let crossings = signs.filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
    crossings as f64 / 2.0 / samples.len() as f64 * f64::from(rate)
}

fn is_near(pitch: f64) -> bool {
    (pitch - PITCH).abs() < PITCH * 0.03
}

/// All that is left of a tape, in the pieces that a server asks for.
fn rest(tape: &mut Tape) -> Vec<i16> {
    let (mut all, mut piece) = (Vec::new(), [0; 777]);
    loop {
        match tape.read(&mut piece) {
            0 => return all,
            length => all.extend_from_slice(&piece[..length]),
        }
    }
}

#[test]
fn a_voice_is_as_high_at_every_tempo() {
    for (tempo, length) in [
        (Tempo::Said, 96_000.0),
        (Tempo::Faster, 64_000.0),
        (Tempo::Fastest, 48_000.0),
    ] {
        let played = rest(&mut Tape::new(tone(4), tempo));
        let ratio = played.len() as f64 / length;
        assert!((0.97..1.03).contains(&ratio), "{tempo:?}: {ratio}");
        let pitch = pitch(&played, RATE);
        assert!(is_near(pitch), "{tempo:?}: {pitch} Hz");
    }
}

#[test]
fn a_tape_is_played_from_any_place_and_knows_where_it_is() {
    let mut tape = Tape::new(tone(4), Tempo::Said);
    let mut half = vec![0; 2 * RATE as usize];
    assert_eq!(tape.read(&mut half), half.len());
    let near = |place_ms: u32, expected: u32| place_ms.abs_diff(expected) < 60;
    assert!(near(tape.place_ms(), 2_000), "{}", tape.place_ms());
    tape.seek(3_000);
    assert!(near(tape.place_ms(), 3_000));
    tape.play_at(Tempo::Fastest);
    let played = rest(&mut tape).len();
    assert!((11_000..13_000).contains(&played), "{played}");
    assert!(near(tape.place_ms(), 4_000), "{}", tape.place_ms());
    tape.seek(9_000);
    assert_eq!(rest(&mut tape).len(), 0, "there is nothing behind its end");
}

#[tokio::test]
#[ignore = "needs a sound server: gui/tests/sound.sh"]
async fn the_default_microphone_is_heard_until_it_is_paused() {
    let (heard, hearing) = mpsc::channel();
    let take = move |samples: &[i16]| {
        // The test may have heard enough.
        let _ = heard.send(samples.to_vec());
    };
    let microphone = Microphone::open(take).await.unwrap();
    let mut samples = Vec::new();
    while samples.len() < HEARD_RATE as usize {
        samples.extend(hearing.recv_timeout(PATIENCE).expect("it hears"));
    }
    let pitch = pitch(&samples, HEARD_RATE);
    assert!(is_near(pitch), "{pitch} Hz");
    microphone.pause().await.unwrap();
    // What was on its way when it was paused.
    while hearing.try_recv().is_ok() {}
    let more = hearing.recv_timeout(Duration::from_millis(500));
    assert!(more.is_err(), "it hears though it is paused");
    microphone.go_on().await.unwrap();
    hearing.recv_timeout(PATIENCE).expect("it hears again");
    drop(microphone);
    while hearing.recv_timeout(PATIENCE).is_ok() {}
}

#[tokio::test]
#[ignore = "needs a sound server: gui/tests/sound.sh"]
async fn what_is_played_comes_out_and_ends() {
    let mut recorder = Command::new("parec")
        .args(["--device=played.monitor", "--format=s16le", "--channels=1"])
        .arg(format!("--rate={RATE}"))
        .arg("--latency-msec=50")
        .stdout(Stdio::piped())
        .spawn()
        .expect("parec, which gui/tests/sound.sh installs");
    let mut out = recorder.stdout.take().unwrap();
    let loudspeaker = Loudspeaker::play(Tape::new(tone(3), Tempo::Faster))
        .await
        .unwrap();
    let came_out = tokio::task::spawn_blocking(move || {
        let mut second = vec![0; 2 * RATE as usize];
        let mut samples: Vec<i16> = Vec::new();
        // Silence comes first, then the tone.
        while samples.len() < RATE as usize {
            out.read_exact(&mut second).expect("parec records");
            let (pairs, _) = second.as_chunks::<2>();
            let heard = pairs.iter().copied().map(i16::from_le_bytes);
            let has_begun = !samples.is_empty();
            samples.extend(heard.skip_while(|one| !has_begun && one.unsigned_abs() < 999));
        }
        samples
    });
    tokio::time::timeout(PATIENCE, loudspeaker.ended())
        .await
        .expect("it ends")
        .unwrap();
    let came_out = tokio::time::timeout(PATIENCE, came_out)
        .await
        .expect("it is heard")
        .unwrap();
    recorder.kill().unwrap();
    recorder.wait().unwrap();
    let pitch = pitch(&came_out[..RATE as usize / 2], RATE);
    assert!(is_near(pitch), "{pitch} Hz");
    assert!(loudspeaker.place_ms().abs_diff(3_000) < 60);
}

#[tokio::test]
#[ignore = "needs a sound server that has loudspeakers alone: gui/tests/sound.sh"]
async fn what_a_loudspeaker_plays_is_no_microphone() {
    let refused = Microphone::open(|_| {}).await.unwrap_err();
    assert_eq!(refused, Silent::NoMicrophone);
}

#[tokio::test]
#[ignore = "needs a system without a sound server: gui/tests/sound.sh"]
async fn without_a_sound_server_it_says_so() {
    assert_eq!(
        Microphone::open(|_| {}).await.unwrap_err(),
        Silent::NoServer
    );
    let played = Loudspeaker::play(Tape::new(tone(1), Tempo::Said)).await;
    assert_eq!(played.unwrap_err(), Silent::NoServer);
}

#[test]
#[ignore = "needs a sound server: gui/tests/sound.sh"]
fn a_player_tells_the_place_while_it_plays_and_is_paused_and_sought() {
    let (tells, told) = mpsc::channel();
    let player = Player::start(move |ticket, played| {
        // The test may have heard enough.
        let _ = tells.send((ticket, played));
    })
    .unwrap();
    let begin = |number| {
        player.play(Play::Begin {
            ticket: Ticket(number),
            sound: Sound(tone(4)),
            from_ms: 1_000,
            tempo: Tempo::Said,
        });
    };
    let next = || told.recv_timeout(PATIENCE).expect("it reports");
    begin(1);
    let (Ticket(1), Played::Place(first)) = next() else {
        panic!("it plays");
    };
    assert!((1_000..2_000).contains(&first), "{first}");
    player.play(Play::Pause);
    // What it told until it was paused.
    while told.recv_timeout(Duration::from_millis(500)).is_ok() {}
    player.play(Play::Seek(3_500));
    player.play(Play::GoOn);
    let mut places = Vec::new();
    while let (_, Played::Place(place)) = next() {
        places.push(place);
    }
    assert!(places.iter().all(|place| *place >= 3_400), "{places:?}");
    assert!(places.is_sorted(), "{places:?}");
    // Another one takes its place.
    begin(2);
    begin(3);
    while next() != (Ticket(3), Played::Ended) {}
    begin(4);
    next();
    player.play(Play::Stop);
    while told.recv_timeout(Duration::from_millis(500)).is_ok() {}
}

#[test]
#[ignore = "needs a sound server: gui/tests/sound.sh"]
fn a_studio_records_a_voice_note_with_a_pause_that_sounds_as_what_was_heard() {
    let (tells, told) = mpsc::channel();
    let studio = Studio::start(move |ticket, heard| {
        assert_eq!(ticket, Ticket(1));
        // The test may have heard enough.
        let _ = tells.send(heard);
    })
    .unwrap();
    let mut file = Vec::new();
    let mut hear = |until: &dyn Fn(&Heard) -> bool| loop {
        let heard = told.recv_timeout(PATIENCE).expect("it reports");
        let is_last = until(&heard);
        match heard {
            Heard::Part(part) => file.extend(part.0),
            Heard::Silent(why) => panic!("{why:?}"),
            _ => {}
        }
        if is_last {
            return;
        }
    };
    let reaches = |ms: u32| move |heard: &Heard| matches!(heard, Heard::Loudness(loudness, at) if *at >= ms && *loudness > 999);
    studio.record(Record::Begin(Ticket(1)));
    hear(&|heard| matches!(heard, Heard::By(name) if !name.0.is_empty()));
    hear(&reaches(1_500));
    studio.record(Record::Pause);
    // A pause tells all that was heard before it.
    hear(&|heard| matches!(heard, Heard::Part(_)));
    studio.record(Record::GoOn);
    hear(&reaches(3_000));
    studio.record(Record::End);
    hear(&|heard| *heard == Heard::Ended);
    let anew = voice::anew(&file, &Limits::VOICE).expect("it is a voice note");
    let length = anew.voice.duration_ms;
    assert!((2_900..4_500).contains(&length), "{length} ms");
    let samples = voice::samples(&file, &Limits::VOICE).expect("it plays");
    let middle = &samples[RATE as usize / 2..RATE as usize];
    let pitch = pitch(middle, RATE);
    assert!(is_near(pitch), "{pitch} Hz");
}

#[test]
#[ignore = "needs a sound server whose microphone is switched off: gui/tests/sound.sh"]
fn a_microphone_that_is_switched_off_is_named() {
    let (tells, told) = mpsc::channel();
    let studio = Studio::start(move |_, heard| {
        let _ = tells.send(heard);
    })
    .unwrap();
    studio.record(Record::Begin(Ticket(1)));
    let heard = told.recv_timeout(PATIENCE).expect("it reports");
    let Heard::Silent(Silent::Muted(name)) = heard else {
        panic!("{heard:?}");
    };
    assert!(!name.0.is_empty());
}
