//! Streams over a channel that reorders, duplicates, loses and forges packets.

use bytes::{Bytes, BytesMut};
use hedgerow_transport::ble::frame::{Frame, HEADER_LEN, Tag, Word};
use hedgerow_transport::ble::stream::{ASK_MS, Fault, MAX_GAP_MS, MAX_WINDOW, Stream, WINDOW};
use proptest::prelude::*;

const TAG: Tag = [1, 2, 3, 4];

/// The next step of the channel or of an end.
#[derive(Debug, Clone)]
enum Step {
    /// Delivers a packet.
    Deliver(usize),
    /// Delivers a packet and keeps a copy in flight.
    Double(usize),
    /// The receiver reads this many pieces.
    Read(usize),
    /// The sender makes this many frames.
    Send(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => any::<usize>().prop_map(Step::Deliver),
        1 => any::<usize>().prop_map(Step::Double),
        3 => (1..20_usize).prop_map(Step::Read),
        3 => (1..20_usize).prop_map(Step::Send),
    ];
    prop::collection::vec(step, 0..400)
}

/// One direction with its reverse direction.
struct Pair {
    near: Stream,
    far: Stream,
    there: Vec<Bytes>,
    back: Vec<Bytes>,
    heard: BytesMut,
}

impl Pair {
    fn new(packet: usize) -> Self {
        Self {
            near: Stream::new(TAG, packet),
            far: Stream::new(TAG, packet),
            there: Vec::new(),
            back: Vec::new(),
            heard: BytesMut::new(),
        }
    }

    fn take(&mut self, frames: usize) {
        self.there
            .extend((0..frames).map_while(|_| self.near.next_frame(0).map(|(frame, _)| frame)));
        self.back
            .extend((0..frames).map_while(|_| self.far.next_frame(0).map(|(frame, _)| frame)));
    }

    fn deliver(&mut self, which: usize, keep: bool) {
        for (way, to) in [
            (&mut self.there, &mut self.far),
            (&mut self.back, &mut self.near),
        ] {
            if way.is_empty() {
                continue;
            }
            let at = which % way.len();
            let packet = match keep {
                true => way[at].clone(),
                false => way.swap_remove(at),
            };
            to.receive(&packet).expect("an honest peer breaks no rule");
        }
    }

    fn read(&mut self, pieces: usize) {
        for piece in (0..pieces).map_while(|_| self.far.read()) {
            self.heard.extend_from_slice(&piece);
        }
    }
}

proptest! {
    #[test]
    fn what_arrives_is_what_was_sent_whatever_overtakes_what(
        pieces in prop::collection::vec(1..3_000_usize, 1..40),
        packet in (HEADER_LEN + 1)..600_usize,
        steps in steps(),
    ) {
        let all: Vec<u8> = (0..pieces.iter().sum()).map(|n: usize| (n ^ (n >> 8)) as u8).collect();
        let mut pair = Pair::new(packet);
        let mut at = 0;
        for length in pieces {
            pair.near.send(Bytes::copy_from_slice(&all[at..at + length]));
            at += length;
        }
        pair.near.end();
        for step in &steps {
            match step {
                Step::Deliver(which) => pair.deliver(*which, false),
                Step::Double(which) => pair.deliver(*which, true),
                Step::Read(pieces) => pair.read(*pieces),
                Step::Send(frames) => pair.take(*frames),
            }
            prop_assert!(all.starts_with(&pair.heard));
        }
        while !pair.far.has_peer_ended() {
            let before = pair.heard.len();
            // Limits go one way, frames the other.
            for _ in 0..2 {
                pair.take(usize::from(MAX_WINDOW));
                for _ in 0..2 * MAX_WINDOW {
                    pair.deliver(0, false);
                }
                pair.read(usize::from(MAX_WINDOW));
            }
            let moves = pair.heard.len() > before || pair.far.has_peer_ended();
            prop_assert!(moves, "it stands still");
        }
        prop_assert_eq!(&pair.heard[..], &all[..]);
        prop_assert!(pair.near.is_end_sent() && pair.near.queued() == 0);
    }

    #[test]
    fn no_packet_makes_a_stream_panic_or_keep_more_than_its_window(
        packets in prop::collection::vec((0..8_u8, any::<bool>(), prop::collection::vec(any::<u8>(), 0..40)), 0..300),
        reads in 0..4_usize,
    ) {
        let mut stream = Stream::new(TAG, 100);
        stream.send(Bytes::from_static(&[7; 1_000]));
        let mut kept = 0_usize;
        for (n, (kind, ours, rest)) in packets.into_iter().enumerate() {
            let tag = if ours { TAG } else { [9; 4] };
            let packet = Bytes::from([&[kind], &tag[..], &rest].concat());
            let is_over = stream.receive(&packet).is_err() || stream.tick(n as u64 * 100).is_err();
            if is_over {
                return Ok(());
            }
            kept += usize::from(kind == 3 && ours);
            for _ in 0..reads {
                kept -= usize::from(stream.read().is_some() && kept > 0);
            }
            while stream.next_frame(0).is_some() {}
        }
        let left = std::iter::from_fn(|| stream.read()).count();
        prop_assert!(left <= MAX_WINDOW.into());
    }
}

fn data(number: u16) -> Bytes {
    let bytes = Bytes::from_static(b"x");
    let limit = WINDOW;
    packet(Word::Data {
        number,
        limit,
        bytes,
    })
}

fn packet(word: Word) -> Bytes {
    Frame { tag: TAG, word }.encode()
}

#[test]
fn a_sender_stops_at_the_limit_and_goes_on_as_the_other_side_reads() {
    // Large packets keep the first window, small ones get a larger one.
    for (packet, window) in [(8_192, WINDOW), (500, MAX_WINDOW)] {
        let mut pair = Pair::new(packet);
        let (begins, window) = (usize::from(WINDOW), usize::from(window));
        pair.near.send(vec![5; 3 * window * packet].into());
        pair.take(4 * window);
        assert_eq!(pair.there.len(), begins);
        for _ in 0..begins {
            pair.deliver(0, false);
        }
        pair.take(window);
        let nothing = pair.there.is_empty() && pair.back.is_empty();
        assert!(nothing, "nobody has read");
        pair.read(begins);
        pair.take(window);
        assert_eq!(pair.back.len(), 1, "one word for many frames");
        pair.deliver(0, false);
        pair.take(window);
        assert_eq!(pair.there.len(), window);
        for _ in 0..window {
            pair.deliver(0, false);
        }
        pair.read(window / 2 - 1);
        pair.take(window);
        assert!(pair.back.is_empty(), "not worth a word yet");
        pair.read(1);
        pair.take(window);
        assert_eq!(pair.back.len(), 1);
    }
}

#[test]
fn a_limit_that_was_lost_is_asked_for() {
    let mut pair = Pair::new(8_192);
    pair.near
        .send(vec![5; 2 * 8_192 * usize::from(WINDOW)].into());
    pair.take(1_000);
    for _ in 0..WINDOW {
        pair.deliver(0, false);
    }
    pair.read(1_000);
    pair.take(1_000);
    assert_eq!(pair.back.drain(..).count(), 1, "and this is lost");
    assert_eq!(pair.near.next_wake_ms(), Some(ASK_MS));
    pair.near.tick(ASK_MS).expect("no fault");
    pair.take(1_000);
    assert_eq!(pair.there, [packet(Word::Ask)]);
    pair.deliver(0, false);
    pair.take(1_000);
    pair.deliver(0, false);
    pair.take(1_000);
    assert_eq!(pair.there.len(), usize::from(WINDOW));
}

#[test]
fn a_frame_that_stays_missing_ends_the_link_and_one_that_is_late_does_not() {
    let mut stream = Stream::new(TAG, 100);
    stream.receive(&data(1)).expect("it waits for the first");
    // The gap counts from the first tick, however long the channel was silent before.
    stream.tick(1_000).expect("it waits from here on");
    assert_eq!(stream.next_wake_ms(), Some(1_000 + MAX_GAP_MS));
    stream.tick(MAX_GAP_MS).expect("not yet");
    stream.receive(&data(0)).expect("late");
    stream.receive(&data(3)).expect("another is missing");
    stream.tick(1_000 + MAX_GAP_MS).expect("not for long");
    assert_eq!(stream.tick(1_000 + 2 * MAX_GAP_MS), Err(Fault::Missing));
}

#[test]
fn each_broken_rule_has_its_own_fault() {
    let end = packet(Word::End {
        number: 1,
        limit: WINDOW,
    });
    for (packets, fault) in [
        (vec![data(WINDOW)], Fault::BeyondLimit),
        (vec![end.clone(), data(2)], Fault::BehindEnd),
        (vec![data(2), end], Fault::BehindEnd),
        (
            vec![packet(Word::Credit {
                limit: MAX_WINDOW + 1,
            })],
            Fault::Limitless,
        ),
        (
            vec![Bytes::from_static(&[3, 1, 2, 3, 4, 0, 0])],
            Fault::Malformed(hedgerow_transport::ble::frame::Malformed),
        ),
    ] {
        let mut stream = Stream::new(TAG, 100);
        let result = packets.iter().try_for_each(|packet| stream.receive(packet));
        assert_eq!(result, Err(fault));
    }
}

#[test]
fn what_bears_another_tag_means_nothing() {
    let mut stream = Stream::new([9; 4], 100);
    for packet in [
        data(0),
        packet(Word::Credit { limit: 60_000 }),
        Bytes::new(),
    ] {
        stream.receive(&packet).expect("not of this link");
    }
    assert_eq!(stream.read(), None);
    assert_eq!(stream.next_frame(0), None);
}
