//! Faults that only an authenticated peer can send.

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;
use crate::handshake::{Answered, Arriving, Direction, Joining, Progress, Whole};
use crate::keys::{StaticKey, TagKey};

/// A session's two sides: the dialler's, then the answerer's.
fn sessions() -> (Session, Session) {
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    let (joiner, inviter) = (StaticKey::random(rng), StaticKey::random(rng));
    let (tag_key, psk) = (TagKey::from_bytes([1; 32]), Psk::from_bytes([2; 32]));
    let (joining, flight) = Joining::new(&joiner, &[7; 16], &tag_key, &psk, rng);
    let mut input = Bytes::from(flight);
    let Progress::Done(head) = Arriving::new().receive(&mut input) else {
        panic!("whole")
    };
    let ((), tagged) = head.recognise([((), &tag_key, Direction::Up)]).unwrap();
    let Progress::Done(whole) = tagged.receive(&mut input) else {
        panic!("whole")
    };
    let whole: Whole = whole;
    let (flight, answered): (_, Answered) = whole
        .open_invited(&inviter, &[7; 16], &psk, rng)
        .unwrap()
        .answer(rng)
        .unwrap();
    let Progress::Done((flight, dialler)) = joining.receive(&mut flight.into(), rng).unwrap()
    else {
        panic!("whole")
    };
    let Progress::Done(answerer) = answered.receive(&mut flight.into()).unwrap() else {
        panic!("whole")
    };
    (dialler, answerer)
}

/// A record with exactly this plaintext, padded as usual.
fn record(sender: &mut Session, plain: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    sender.outgoing.plain = Zeroizing::new(plain.to_vec());
    sender.outgoing.seal(&mut sender.noise, &mut out);
    out
}

/// What the other side receives from a record with this plaintext.
fn receive(plain: &[u8]) -> Result<Vec<Item>, PeerFault> {
    let (mut dialler, mut answerer) = sessions();
    let record = record(&mut dialler, plain);
    answerer.receive(&record)
}

fn frame(lane: u8, piece: &[u8]) -> Vec<u8> {
    [&[lane][..], &(piece.len() as u16).to_be_bytes(), piece].concat()
}

const LAST: u8 = LAST_PIECE;

#[test]
fn unknown_lanes_and_unknown_kinds_do_no_harm() {
    let plain = [
        frame(LAST | 4, b"reserved"),
        frame(9, b"unknown"),
        frame(LAST | 2, b"\x13text"),
        frame(LAST | 1, b"\xff\xff\x03odd"),
    ];
    let items = receive(&plain.concat()).unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(
        (items[0].lane, items[0].kind, &items[0].content[..]),
        (Lane::Text, 19, &b"text"[..])
    );
    assert_eq!(
        (items[1].lane, items[1].kind, &items[1].content[..]),
        (Lane::Control, 65_535, &b"odd"[..])
    );
}

#[test]
fn a_record_of_padding_alone_says_nothing() {
    assert_eq!(receive(&[]), Ok(vec![]));
    assert_eq!(receive(&[0; 200]), Ok(vec![]));
    assert_eq!(
        receive(&[&[LAST][..], &[7; 80]].concat()),
        Ok(vec![]),
        "lane 0 with any flag"
    );
}

#[test]
fn frames_that_lie_about_their_length_end_the_session() {
    assert_eq!(
        receive(&frame(LAST | 1, b"")),
        Err(PeerFault::Frame),
        "empty"
    );
    let beyond = [&[LAST | 1, 0xff, 0xff][..], &[1; 100]].concat();
    assert_eq!(
        receive(&beyond),
        Err(PeerFault::Frame),
        "longer than its record"
    );
    // A frame that ends within its header: possible only in a record without padding.
    let filler = frame(LAST | 2, &[1; 125 - 3]);
    assert_eq!(
        receive(&[&filler[..], &[1, 0, 1]].concat()),
        Err(PeerFault::Frame)
    );
    assert_eq!(
        receive(&[&frame(LAST | 2, &[1; 126 - 3])[..], &[1, 0]].concat()),
        Err(PeerFault::Frame)
    );
}

#[test]
fn an_item_without_a_proper_kind_ends_the_session() {
    assert_eq!(
        receive(&frame(LAST | 1, &[0x80])),
        Err(PeerFault::Kind),
        "unfinished"
    );
    assert_eq!(
        receive(&frame(LAST | 1, &[0x81, 0x00])),
        Err(PeerFault::Kind),
        "not the shortest form"
    );
    assert_eq!(
        receive(&frame(LAST | 1, &[0xff; 11])),
        Err(PeerFault::Kind),
        "too long"
    );
}

#[test]
fn an_item_that_never_ends_is_cut_off_at_the_bound() {
    for lane in [1, 2, 3] {
        let (mut dialler, mut answerer) = sessions();
        let mut accepted = 0;
        let fault = loop {
            let record = record(&mut dialler, &frame(lane, &[1; 60_000]));
            match answerer.receive(&record) {
                Ok(items) => assert_eq!(items, []),
                Err(fault) => break fault,
            }
            accepted += 60_000;
        };
        assert_eq!(fault, PeerFault::TooLong);
        assert!(accepted <= MAX_ITEM && accepted + 60_000 > MAX_ITEM);
    }
}

#[test]
fn a_record_too_short_to_be_sealed_ends_the_session() {
    for length in 0..=TAG_LEN as u16 {
        let (dialler, mut answerer) = sessions();
        let masked = dialler.outgoing.lengths.mask(length.to_be_bytes());
        assert_eq!(answerer.receive(&masked), Err(PeerFault::Record));
    }
}

#[test]
fn media_pieces_are_short_and_others_fill_their_record() {
    for (lane, longest) in [
        (Lane::Media, MAX_MEDIA_PIECE),
        (Lane::Text, MAX_RECORD - FRAME_HEADER),
    ] {
        let (mut dialler, _) = sessions();
        dialler.push(lane, 1, vec![1; 150_000].into()).unwrap();
        let mut media = usize::MAX;
        dialler.outgoing.fill(&mut media);
        assert_eq!(dialler.outgoing.plain.len(), MAX_RECORD);
        let first = u16::from_be_bytes([dialler.outgoing.plain[1], dialler.outgoing.plain[2]]);
        assert_eq!(usize::from(first), longest);
    }
}

#[test]
fn a_direction_rekeys_after_so_many_records_and_goes_on() {
    let (mut dialler, mut answerer) = sessions();
    for side in [
        &mut dialler.outgoing.lengths,
        &mut answerer.incoming.lengths,
    ] {
        side.record = REKEY_RECORDS - 1;
    }
    let before = record(&mut dialler, &frame(LAST | 1, b"\x01before"));
    let after = record(&mut dialler, &frame(LAST | 1, b"\x01after"));
    // The old key opens the first record and not the second.
    let (_, mut without_rekey) = sessions();
    let mut plain = [0; 200];
    assert!(
        without_rekey
            .noise
            .read(&before[LENGTH_LEN..], &mut plain)
            .is_ok()
    );
    assert!(
        without_rekey
            .noise
            .read(&after[LENGTH_LEN..], &mut plain)
            .is_err()
    );

    let items = answerer.receive(&[before, after].concat()).unwrap();
    assert_eq!(
        items
            .iter()
            .map(|item| &item.content[..])
            .collect::<Vec<_>>(),
        [&b"before"[..], b"after"]
    );
    assert_eq!(
        (
            dialler.outgoing.lengths.record,
            answerer.incoming.lengths.record
        ),
        (REKEY_RECORDS + 1, REKEY_RECORDS + 1)
    );
}
