//! What groups cost.

use std::collections::BTreeMap;

use bytes::Bytes;
use hedgerow_sync::entry::{Body, What};
use hedgerow_sync::group::{Draft, Group};
use hedgerow_sync::id::{Incarnation, SpaceId};
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::reconcile::{Channel, Reconciler, Shared};
use hedgerow_sync::store::Store;
use hedgerow_sync::wire::Role;

use crate::support::circle::{Member, founding, meet};
use crate::support::group::keys::{key, member};

const AUTHORS: u64 = 50;
const MESSAGES: u64 = 10_000;
const TEXT_BYTES: usize = 200;

/// Who writes message `number`: in no order.
fn author(number: u64) -> u64 {
    1 + (number + 1)
        .wrapping_mul(6_364_136_223_846_793_005)
        .rotate_left(31)
        % AUTHORS
}

/// 10,000 messages of 200 bytes by 50 authors, each linking to the one before it: at most 200 signatures, 1.30 bytes a byte.
#[test]
fn a_member_catches_up_from_one_peer_by_few_signatures_and_bytes() {
    let founding = founding(1, AUTHORS);
    let mut hub = Member::new(0, &founding);
    let keys: BTreeMap<u64, _> = (0..=AUTHORS).map(|it| (it, key(it))).collect();
    let (store, group) = (&mut hub.store, &mut hub.group);
    let written = store.write(|txn| {
        for number in 0..MESSAGES {
            let mut salt = [0; 16];
            salt[..8].copy_from_slice(&number.to_be_bytes());
            let draft = Draft {
                what: What::TEXT,
                wall_ms: 1_700_000_000_000 + number as i64 * 20_000,
                body: Body::Bytes(Bytes::from(vec![b'x'; TEXT_BYTES])),
                salt,
            };
            let author = author(number);
            let opening = Incarnation(author);
            group.append(txn, &keys[&author], opening, draft).unwrap();
        }
        Ok(())
    });
    written.unwrap();
    let mut late = Member::new(1, &founding);
    late.incarnation = 1_000;
    let session = meet(&mut hub, &mut late, 1);
    assert_eq!(late.summary().rows, MESSAGES);
    assert_eq!(late.digest(), hub.digest());
    let bytes = session.bytes[0] as f64 / (MESSAGES as usize * TEXT_BYTES) as f64;
    println!("{} signatures, {bytes:.3} bytes a byte", session.runs);
    assert!(session.runs <= 200, "{} signatures", session.runs);
    assert!(bytes <= 1.30, "{bytes} bytes a byte");
    // Who caught up passes it on as well.
    let mut later = Member::new(2, &founding);
    later.incarnation = 1_001;
    let session = meet(&mut late, &mut later, 2);
    assert_eq!(later.digest(), hub.digest());
    assert!(session.runs <= 200, "{} signatures", session.runs);
}

/// Two members with 20 groups of 50 and nothing new: the hello says all.
#[test]
fn nothing_new_in_twenty_groups_is_said_by_the_hellos() {
    let mut stores = [MemoryStore::new(), MemoryStore::new()];
    let secrets: Vec<(SpaceId, [u8; 32])> = (0..20)
        .map(|number| (SpaceId([number; 16]), [number; 32]))
        .collect();
    let bytes = founding(1, 49);
    for store in &mut stores {
        let write = store.write(|txn| {
            for (space, _) in &secrets {
                let mut group = Group::found(txn, *space, &bytes, None).unwrap();
                for author in 0..50 {
                    let draft = Draft {
                        what: What::TEXT,
                        wall_ms: 0,
                        body: Body::Bytes(Bytes::from_static(b"text")),
                        salt: [author as u8; 16],
                    };
                    group
                        .append(txn, &key(author), Incarnation(1), draft)
                        .unwrap();
                }
            }
            Ok(())
        });
        write.unwrap();
    }
    let shared: Vec<Shared<'_>> = secrets
        .iter()
        .map(|(space, secret)| Shared {
            space: *space,
            secret,
        })
        .collect();
    let log = |number: u64| hedgerow_sync::id::LogId {
        device: member(number).device(),
        incarnation: Incarnation(9),
    };
    let mut begin = |end: usize, role| {
        let channel = Channel {
            me: log(end as u64),
            peer: log(1 - end as u64).device,
            role,
            hash: b"hash",
            salt_seed: &[1; 32],
        };
        let begin =
            |txn: &mut dyn hedgerow_sync::store::Txn| Reconciler::new(txn, &channel, &shared);
        stores[end].write(begin).unwrap()
    };
    let mut ends = [begin(0, Role::Dialler), begin(1, Role::Answerer)];
    let roots = [ends[0].root(), ends[1].root()];
    assert_eq!(roots[0], roots[1]);
    for (end, (reconciler, store)) in ends.iter_mut().zip(&mut stores).enumerate() {
        let heard = store.write(|txn| reconciler.peer_root(txn, roots[1 - end], Incarnation(9)));
        heard.unwrap();
        assert!(!reconciler.has_more());
    }
}
