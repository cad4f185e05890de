//! The bytes of an operation.

use ed25519_dalek::Signer;
use hedgerow_sync::id::{Incarnation, Seq};
use hedgerow_sync::membership::{
    Act, Continued, Founding, Held, Level, MAX_FOUNDERS, MAX_HELD, MAX_OPERATION,
    MAX_OPERATION_LINKS, MAX_TIMER_S, MIN_TIMER_S, MemberKey, Operation, OperationError,
    OperationId, SIGNATURE_LENGTH,
};
use proptest::prelude::*;

use crate::support::group::keys::{key, member};

fn held() -> impl Strategy<Value = Held> {
    prop::collection::btree_map(
        any::<u64>().prop_map(Incarnation),
        any::<u64>().prop_map(Seq),
        0..9,
    )
}

fn ids(least: usize) -> impl Strategy<Value = Vec<OperationId>> {
    let id = any::<[u8; 32]>().prop_map(OperationId);
    prop::collection::btree_set(id, least..=MAX_OPERATION_LINKS).prop_map(Vec::from_iter)
}

fn level() -> impl Strategy<Value = Level> {
    (0..=4u8).prop_map(|code| Level::from_code(code).expect("it is a level"))
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..99)
}

/// Any operation of the key with number 1.
fn operation() -> impl Strategy<Value = Operation> {
    let people = prop::collection::btree_map(any::<[u8; 32]>(), level(), 0..9);
    let continues = (any::<[u8; 32]>(), ids(1)).prop_map(|(root, version)| Continued {
        root: OperationId(root),
        version,
    });
    let line = (people, prop::option::of(continues)).prop_map(|(people, continues)| {
        let others = people
            .into_iter()
            .map(|(key, level)| (MemberKey(key), level));
        Founding::Line {
            people: [(member(1), Level::ADMIN)]
                .into_iter()
                .chain(others)
                .collect(),
            continues,
        }
    });
    let other =
        (2..=255u8, bytes()).prop_map(|(rules, content)| Founding::Unknown { rules, content });
    let founding = prop_oneof![line, other].prop_map(|it| (Vec::new(), Act::Create(it)));
    let act = prop_oneof![
        (any::<[u8; 32]>(), level(), held()).prop_map(|(who, level, held)| Act::Set {
            who: MemberKey(who),
            level,
            held
        }),
        held().prop_map(|held| Act::Leave { held }),
        Just(Act::Seen),
        prop_oneof![Just(0), MIN_TIMER_S..=MAX_TIMER_S].prop_map(|seconds| Act::Timer { seconds }),
        (6..=255u8, bytes()).prop_map(|(kind, content)| Act::Unknown { kind, content }),
    ];
    prop_oneof![founding, (ids(1), act)].prop_map(|(links, act)| {
        Operation::new(member(1), links, act).expect("it keeps to the limits")
    })
}

proptest! {
    #[test]
    fn any_operation_comes_back_from_its_bytes(operation in operation()) {
        let bytes = operation.sign(&key(1)).expect("its own key");
        prop_assert!(bytes.len() <= MAX_OPERATION);
        prop_assert_eq!(Operation::decode(&bytes), Ok(operation));
    }

    #[test]
    fn no_byte_of_an_operation_can_be_changed_cut_or_added(
        operation in operation(),
        at in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let bytes = operation.sign(&key(1)).expect("its own key");
        let at = at.index(bytes.len());
        let mut changed = bytes.clone();
        changed[at] ^= 1 << bit;
        prop_assert!(Operation::decode(&changed).is_err());
        prop_assert!(Operation::decode(&bytes[..at]).is_err());
        let longer = [&bytes[..], &[0]].concat();
        prop_assert!(Operation::decode(&longer).is_err());
    }

    #[test]
    fn what_is_decoded_has_one_encoding(mut core in bytes(), kind in 1..7u8) {
        // What begins as an operation does is signed by its author, whatever follows.
        let head = [&member(1).0[..], &[u8::from(kind > 1)], &[7; 32][..32 * usize::from(kind > 1)]];
        core = [&head.concat()[..], &[kind], &core].concat();
        let signature = key(1).sign(&[b"hedgerow 1 operation", &core[..]].concat()).to_bytes();
        let bytes = [&core[..], &signature].concat();
        if let Ok(operation) = Operation::decode(&bytes) {
            prop_assert_eq!(operation.sign(&key(1)), Ok(bytes));
        }
    }
}

#[test]
fn an_operation_is_signed_by_its_author_alone() {
    let links = vec![OperationId([7; 32])];
    let operation = Operation::new(member(1), links, Act::Seen).expect("it keeps to the limits");
    assert_eq!(operation.sign(&key(2)), Err(OperationError::Signature));
    let mut forged = operation.sign(&key(1)).expect("its own key");
    let at = forged.len() - SIGNATURE_LENGTH;
    let other = key(2).sign(&[b"hedgerow 1 operation", &forged[..at]].concat());
    forged[at..].copy_from_slice(&other.to_bytes());
    assert_eq!(Operation::decode(&forged), Err(OperationError::Signature));
}

#[test]
fn an_operation_over_a_limit_is_not_made() {
    let made = |links: usize, act: Act| {
        let links =
            (0..links as u64).map(|it| OperationId(*blake3::hash(&it.to_be_bytes()).as_bytes()));
        Operation::new(member(1), links.collect(), act).map(|_| ())
    };
    let people = |count: u64| {
        let people = (1..=count).map(|it| (member(it), Level::MEMBER)).collect();
        Act::Create(Founding::Line {
            people,
            continues: None,
        })
    };
    let leaves = |logs: usize| Act::Leave {
        held: (0..logs as u64)
            .map(|log| (Incarnation(log), Seq(u64::MAX)))
            .collect(),
    };
    let unknown = |length: usize| Act::Unknown {
        kind: 200,
        content: vec![0; length],
    };
    let over = Err(OperationError::OverLimit);
    assert_eq!(made(MAX_OPERATION_LINKS, Act::Seen), Ok(()));
    assert_eq!(made(MAX_OPERATION_LINKS + 1, Act::Seen), over);
    assert_eq!(made(0, people(MAX_FOUNDERS as u64)), Ok(()));
    assert_eq!(made(0, people(MAX_FOUNDERS as u64 + 1)), over);
    assert_eq!(made(MAX_OPERATION_LINKS, leaves(MAX_HELD)), Ok(()));
    assert_eq!(made(1, leaves(MAX_HELD + 1)), over);
    assert_eq!(made(1, unknown(MAX_OPERATION)), over);
    let timer = |seconds| made(1, Act::Timer { seconds });
    for seconds in [0, MIN_TIMER_S, MAX_TIMER_S] {
        assert_eq!(timer(seconds), Ok(()));
    }
    for seconds in [1, MIN_TIMER_S - 1, MAX_TIMER_S + 1, u64::MAX] {
        assert_eq!(timer(seconds), over);
    }
    assert_eq!(
        Operation::decode(&vec![0; MAX_OPERATION + 1]),
        Err(OperationError::OverLimit)
    );
}

#[test]
fn an_operation_that_says_one_thing_in_two_ways_is_malformed() {
    let malformed = Err(OperationError::Malformed);
    let made =
        |links: Vec<OperationId>, act: Act| Operation::new(member(1), links, act).map(|_| ());
    let line = |people: &[u64]| {
        let people = people
            .iter()
            .map(|it| (member(*it), Level::ADMIN))
            .collect();
        Act::Create(Founding::Line {
            people,
            continues: None,
        })
    };
    let link = OperationId([7; 32]);
    assert_eq!(made(vec![], Act::Seen), malformed);
    assert_eq!(made(vec![link], line(&[1])), malformed);
    assert_eq!(made(vec![], line(&[])), malformed);
    assert_eq!(made(vec![], line(&[2, 1])), malformed);
    assert_eq!(made(vec![], line(&[1, 2, 2])), malformed);
    let known = Act::Unknown {
        kind: 2,
        content: Vec::new(),
    };
    assert_eq!(made(vec![link], known), malformed);
    let known = Act::Create(Founding::Unknown {
        rules: 1,
        content: Vec::new(),
    });
    assert_eq!(made(vec![], known), malformed);
}

#[test]
fn keys_and_ids_print_nothing() {
    let links = vec![OperationId([7; 32])];
    let operation = Operation::new(member(1), links, Act::Seen).expect("it keeps to the limits");
    let text = format!("{operation:?}");
    assert_eq!(
        text,
        "Operation { id: OperationId(..), author: MemberKey(..), links: [OperationId(..)], act: Seen }"
    );
}

#[test]
fn a_key_of_low_order_signs_nothing() {
    // The neutral point: this signature of it would hold over anything if such keys were accepted.
    let mut weak = [0; 32];
    weak[0] = 1;
    let links = vec![OperationId([7; 32])];
    let operation =
        Operation::new(MemberKey(weak), links, Act::Seen).expect("it keeps to the limits");
    let own = Operation::new(member(1), operation.links().to_vec(), Act::Seen);
    let mut bytes = own
        .expect("it keeps to the limits")
        .sign(&key(1))
        .expect("its own key");
    bytes[..32].copy_from_slice(&weak);
    let at = bytes.len() - SIGNATURE_LENGTH;
    bytes[at..].fill(0);
    bytes[at] = 1;
    assert_eq!(Operation::decode(&bytes), Err(OperationError::Signature));
}
