//! The record layer (`docs/PROTOCOL.md` section 7).

use bytes::{Bytes, BytesMut};
use hedgerow_transport::session::{
    Item, ItemTooLong, Lane, MAX_ITEM, MAX_RECORD, PeerFault, Session,
};
use proptest::prelude::*;

use crate::support::devices::*;

fn push(session: &mut Session, lane: Lane, kind: u64, length: usize) {
    session
        .push(lane, kind, vec![kind as u8; length].into())
        .unwrap();
}

fn said(items: &[Item]) -> Vec<(Lane, u64, usize)> {
    items
        .iter()
        .map(|item| (item.lane, item.kind, item.content.len()))
        .collect()
}

/// The lengths of the sealed records, which the receiver finds by trying every cut.
fn record_lengths(sender: &mut Session) -> Vec<usize> {
    let mut lengths = Vec::new();
    while sender.queued() > 0 {
        let mut out = BytesMut::new();
        sender.seal(&mut out, 1);
        lengths.push(out.len());
    }
    lengths
}

#[test]
fn a_hello_fits_two_hundred_bytes() {
    let (mut dialler, _) = sessions(1);
    push(&mut dialler, Lane::Control, 1, 110);
    assert!(seal(&mut dialler).len() <= 200);
    assert!(dialler.bytes().sent <= 200);
    assert!(dialler.bytes().handshake_sent >= 96);
}

#[test]
fn bulk_costs_less_than_one_percent_more_than_it_is() {
    let (mut dialler, mut answerer) = sessions(1);
    let total = 2_000_000;
    for _ in 0..total / 4_000 {
        push(&mut dialler, Lane::Text, 19, 4_000);
    }
    let sealed = seal(&mut dialler);
    assert!(sealed.len() < total * 101 / 100, "{} bytes", sealed.len());
    assert_eq!(answerer.receive(&sealed).unwrap().len(), 500);
    assert_eq!(answerer.bytes().received, dialler.bytes().sent);
}

#[test]
fn control_overtakes_text_and_text_overtakes_media() {
    let (mut dialler, mut answerer) = sessions(1);
    push(&mut dialler, Lane::Media, 70, MAX_ITEM - 1);
    let mut first = BytesMut::new();
    dialler.seal(&mut first, 1);
    assert_eq!(
        answerer.receive(&first).unwrap(),
        [],
        "the media item is under way"
    );
    push(&mut dialler, Lane::Text, 19, 10);
    push(&mut dialler, Lane::Control, 20, 10);
    let items = carry(&mut dialler, &mut answerer);
    let lanes: Vec<Lane> = items.iter().map(|item| item.lane).collect();
    assert_eq!(lanes, [Lane::Control, Lane::Text, Lane::Media]);
}

#[test]
fn seal_keeps_its_budget_to_within_a_record() {
    let (mut dialler, _) = sessions(1);
    for _ in 0..10 {
        push(&mut dialler, Lane::Text, 19, 100_000);
    }
    let mut out = BytesMut::new();
    dialler.seal(&mut out, 200_000);
    assert!((200_000..200_000 + MAX_RECORD + 18).contains(&out.len()));
    assert!(dialler.queued() > 0);
    dialler.seal(&mut out, 0);
    assert!(
        out.len() < 200_000 + MAX_RECORD + 18,
        "no budget, no record"
    );
}

#[test]
fn an_item_longer_than_the_bound_is_refused_before_it_is_sent() {
    let (mut dialler, mut answerer) = sessions(1);
    let content = Bytes::from(vec![0; MAX_ITEM]);
    assert_eq!(
        dialler.push(Lane::Text, 1, content.clone()),
        Err(ItemTooLong)
    );
    assert_eq!(dialler.queued(), 0);
    dialler.push(Lane::Text, 1, content.slice(1..)).unwrap();
    assert_eq!(
        said(&carry(&mut dialler, &mut answerer)),
        [(Lane::Text, 1, MAX_ITEM - 1)]
    );
}

#[test]
fn padding_never_stops_at_any_size() {
    let (mut dialler, _) = sessions(1);
    let sizes = (0..2_000)
        .chain((2_000..MAX_ITEM).step_by(499))
        .chain(MAX_RECORD - 10..MAX_RECORD + 10);
    for size in sizes {
        push(&mut dialler, Lane::Text, 1, size);
        for record in record_lengths(&mut dialler) {
            let plain = record - 18;
            // Padmé keeps as many leading binary digits of a length as its exponent has digits, and one more.
            let exponent = plain.ilog2();
            let free = exponent.ilog2() + 1;
            let padded = plain >= 64 && plain.trailing_zeros() >= exponent - free;
            assert!(
                padded || plain == MAX_RECORD,
                "{size} bytes in a record of {plain}"
            );
        }
    }
}

#[test]
fn lengths_on_the_wire_look_random_though_all_records_are_alike() {
    let (mut dialler, _) = sessions(1);
    let mut ones = [0; 16];
    let records = 400;
    for _ in 0..records {
        push(&mut dialler, Lane::Control, 1, 10);
        let record = seal(&mut dialler);
        let length = u16::from_be_bytes([record[0], record[1]]);
        for (bit, ones) in ones.iter_mut().enumerate() {
            *ones += u32::from(length >> bit & 1);
        }
    }
    // 200 expected, standard deviation 10.
    assert!(
        ones.iter().all(|ones| (140..=260).contains(ones)),
        "{ones:?}"
    );
}

#[test]
fn one_flipped_bit_anywhere_in_a_record_ends_the_session() {
    for bit in 0..(64 + 18) * 8 {
        let (mut dialler, mut answerer) = sessions(1);
        push(&mut dialler, Lane::Control, 1, 10);
        let mut sealed = seal(&mut dialler);
        sealed[bit / 8] ^= 1 << (bit % 8);
        // A longer length makes the receiver wait, so give it enough for any length.
        push(&mut dialler, Lane::Text, 2, MAX_ITEM - 1);
        sealed.extend_from_slice(&seal(&mut dialler));
        assert_eq!(
            answerer.receive(&sealed),
            Err(PeerFault::Record),
            "bit {bit}"
        );
        assert_eq!(
            answerer.receive(&[]),
            Err(PeerFault::Record),
            "it stays ended"
        );
    }
}

#[test]
fn replayed_reordered_missing_and_reflected_records_end_the_session() {
    let three = |dialler: &mut Session| -> Vec<BytesMut> {
        (0..3)
            .map(|kind| {
                push(dialler, Lane::Control, kind, 10);
                seal(dialler)
            })
            .collect()
    };
    for order in [vec![0, 0], vec![1], vec![0, 2], vec![0, 1, 0]] {
        let (mut dialler, mut answerer) = sessions(1);
        let records = three(&mut dialler);
        let bytes: Vec<u8> = order
            .iter()
            .flat_map(|record| records[*record].to_vec())
            .collect();
        // A record in the wrong place may unmask to a length beyond the input.
        let fed = [bytes, vec![0; MAX_RECORD + 18]].concat();
        assert_eq!(answerer.receive(&fed), Err(PeerFault::Record), "{order:?}");
    }
    let (mut dialler, _) = sessions(1);
    let records = three(&mut dialler).concat();
    let fed = [records, vec![0; MAX_RECORD + 18]].concat();
    assert_eq!(
        dialler.receive(&fed),
        Err(PeerFault::Record),
        "our own records, sent back"
    );
}

#[test]
fn debug_output_shows_no_content() {
    let (mut dialler, mut answerer) = sessions(1);
    dialler
        .push(Lane::Text, 19, Bytes::from_static(b"secret words"))
        .unwrap();
    let items = carry(&mut dialler, &mut answerer);
    assert_eq!(
        format!("{items:?}"),
        "[Item { lane: Text, kind: 19, length: 12 }]"
    );
    assert_eq!(format!("{dialler:?}"), "Session { role: Dialler, .. }");
}

fn lanes() -> impl Strategy<Value = Lane> {
    prop_oneof![Just(Lane::Control), Just(Lane::Text), Just(Lane::Media)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn items_come_out_as_they_went_in_however_the_bytes_are_cut(
        items in prop::collection::vec((lanes(), any::<u64>(), prop_oneof![0..300_usize, 0..80_000_usize]), 1..20),
        budget in 1..200_000_usize,
        cuts in prop::collection::vec(1..70_000_usize, 1..8),
    ) {
        let (mut dialler, mut answerer) = sessions(1);
        let mut out = BytesMut::new();
        for (at, (lane, kind, length)) in items.iter().enumerate() {
            dialler.push(*lane, *kind, vec![at as u8; *length].into()).unwrap();
            if at % 3 == 0 {
                dialler.seal(&mut out, budget);
            }
        }
        dialler.seal(&mut out, usize::MAX);
        prop_assert_eq!(dialler.queued(), 0);

        let mut received = Vec::new();
        for cut in cuts.iter().cycle() {
            if out.is_empty() {
                break;
            }
            let piece = out.split_to((*cut).min(out.len()));
            received.extend(answerer.receive(&piece).unwrap());
        }
        for lane in [Lane::Control, Lane::Text, Lane::Media] {
            let sent: Vec<_> = items.iter().enumerate().filter(|(_, item)| item.0 == lane)
                .map(|(at, item)| (item.1, vec![at as u8; item.2])).collect();
            let got: Vec<_> = received.iter().filter(|item| item.lane == lane)
                .map(|item| (item.kind, item.content.to_vec())).collect();
            prop_assert_eq!(sent, got);
        }
    }

    #[test]
    fn garbage_on_a_session_gives_no_item(bytes in prop::collection::vec(any::<u8>(), 0..4_000)) {
        let (_, mut answerer) = sessions(1);
        if let Ok(items) = answerer.receive(&bytes) {
            prop_assert_eq!(items, []);
        }
    }

    #[test]
    fn padme_never_shrinks_and_costs_at_most_12_percent(length in prop_oneof![0..100_usize, 0..1_usize << 40]) {
        let padded = hedgerow_transport::padding::padme(length);
        prop_assert!(padded >= length);
        prop_assert!((padded - length) * 100 <= length * 12);
        prop_assert_eq!(hedgerow_transport::padding::padme(padded), padded);
    }
}
