//! What groups cost.

use crate::support::circle::{Member, circle, founding, meet, two};

const TEXT_BYTES: usize = 200;

/// A conversation of so many messages by so many authors, each of whom answers the one before, as one of them has it.
pub fn conversation(authors: u64, messages: u64) -> Vec<Member> {
    let mut members = circle(1, authors);
    let mut chosen = 1u64;
    let mut items: Vec<(usize, hedgerow_sync::wire::Message)> = Vec::new();
    let _ = &mut items;
    for number in 0..messages {
        // In no order.
        chosen = chosen
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let author = 1 + (chosen >> 33) % authors;
        let [hub, writer] = two(&mut members, 0, author as usize);
        if number > 0 {
            meet(hub, writer, number * 2);
        }
        writer.say(&"x".repeat(TEXT_BYTES));
        meet(hub, writer, number * 2 + 1);
    }
    members
}

/// 10,000 messages of 200 bytes by 50 authors, each linking to the one before.
#[test]
fn a_member_catches_up_from_one_peer_by_few_signatures_and_bytes() {
    // A tenth of it, in which runs are a tenth as long: as many signatures, and as many bytes for each text.
    let mut members = conversation(50, 1_000);
    let founding = founding(1, 50);
    let mut late = Member::new(1, &founding);
    let session = meet(&mut members[0], &mut late, 1_000_000);
    assert_eq!(late.texts().len(), 1_000);
    assert_eq!(late.digest(), members[0].digest());
    let texts = 1_000 * TEXT_BYTES;
    let bytes = session.bytes[0] as f64 / texts as f64;
    assert!(session.runs <= 50, "{} signatures", session.runs);
    assert!(bytes <= 1.9, "{bytes} bytes a byte");
}
