//! Records of a session: raw bytes, and sealed by a peer that has proven itself and then sends frames
//! and items of its own making.

use crate::devices::{seal, sessions};
use crate::forger::Forger;
use crate::{pieces, split_choice};
use hedgerow_transport::session::{Lane, MAX_ITEM};

/// One input.
pub fn run(input: &[u8]) {
    let Some((how, input)) = split_choice(input, 3) else {
        return;
    };
    match how {
        // A stranger on the link.
        0 => {
            let (_, mut receiver) = sessions(1);
            for piece in pieces(input) {
                match receiver.receive(piece) {
                    Ok(items) => assert!(items.is_empty(), "a record was guessed"),
                    Err(fault) => assert_eq!(receiver.receive(piece), Err(fault)),
                }
            }
        }
        // Frames.
        1 => {
            let (mut forger, mut receiver) = Forger::dial();
            for piece in pieces(input).filter(|piece| piece.len() <= 65_519) {
                let Ok(items) = receiver.receive(&forger.record(piece)) else {
                    return;
                };
                assert!(items.iter().all(|item| item.content.len() <= MAX_ITEM));
            }
        }
        // Items, which must arrive as they were sent, however they are cut.
        _ => {
            let (mut sender, mut receiver) = sessions(1);
            let mut sent = Vec::new();
            for (number, piece) in pieces(input).enumerate() {
                let lane = [Lane::Control, Lane::Text, Lane::Media][number % 3];
                sender
                    .push(lane, number as u64, piece.to_vec().into())
                    .unwrap();
                sent.push((lane, number as u64, piece.to_vec()));
            }
            let sealed = seal(&mut sender);
            let step = 1 + input.len() % 700;
            let mut got = Vec::new();
            for piece in sealed.chunks(step) {
                let items = receiver.receive(piece).expect("what was sealed opens");
                got.extend(
                    items
                        .into_iter()
                        .map(|item| (item.lane, item.kind, item.content.to_vec())),
                );
            }
            sent.sort();
            got.sort();
            assert_eq!(got, sent);
        }
    }
}
