//! Membership operations: as bytes, and as the control log of a group whose members sign anything.

use ed25519_dalek::{Signer, SigningKey};
use hedgerow_sync::control::ControlLog;
use hedgerow_sync::id::SpaceId;
use hedgerow_sync::membership::{
    Act, Founding, Level, MAX_OPERATION_LINKS, MemberKey, Operation, OperationId, Verdict,
};
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::Store;

use crate::{pieces, split_choice};

const SPACE: SpaceId = SpaceId([1; 16]);

/// One input.
pub fn run(input: &[u8]) {
    match split_choice(input, 2) {
        Some((0, input)) => decoded(input),
        Some((_, input)) => history(input),
        None => {}
    }
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn member(number: u8) -> MemberKey {
    MemberKey(key(number).verifying_key().to_bytes())
}

/// The bytes of a core with the signature of its author.
fn signed(author: u8, core: &[u8]) -> Vec<u8> {
    let signature = key(author).sign(&[b"hedgerow 1 operation", core].concat());
    [core, &signature.to_bytes()].concat()
}

/// Bytes as they come, and a core that its author has signed.
fn decoded(input: &[u8]) {
    let _ = Operation::decode(input);
    let core = [&member(1).0, input].concat();
    let bytes = signed(1, &core);
    let Ok(operation) = Operation::decode(&bytes) else {
        return;
    };
    assert!(operation.links().len() <= MAX_OPERATION_LINKS);
    assert_eq!(operation.sign(&key(1)), Ok(bytes));
    let (links, act) = (operation.links().to_vec(), operation.act().clone());
    assert_eq!(Operation::new(member(1), links, act), Ok(operation));
}

/// A group of three admins, and pieces `author u8 ‖ links u8 ‖ links × u8 ‖ kind u8 ‖ content`, in which each link names
/// an operation by its number, and the key of a `set` may be that of a number too.
fn history(input: &[u8]) {
    let people = (1..4).map(|it| (member(it), Level::ADMIN)).collect();
    let founding = Act::Create(Founding::Line {
        people,
        continues: None,
    });
    let root = Operation::new(member(1), Vec::new(), founding).expect("it keeps to the limits");
    let bytes = root.sign(&key(1)).expect("its own key");
    let mut store = MemoryStore::new();
    let mut log = store
        .write(|txn| Ok(ControlLog::found(txn, SPACE, &bytes).expect("a founding")))
        .expect("memory does not fail");
    let mut ids = vec![root.id()];
    for piece in pieces(input).take(64) {
        let Some(bytes) = operation(piece, &ids) else {
            continue;
        };
        if let Ok(operation) = Operation::decode(&bytes) {
            ids.push(operation.id());
        }
        let accepted = store.write(|txn| Ok(log.accept(txn, &bytes)));
        drop(accepted.expect("memory does not fail"));
    }
    let again = store.read(|reader| ControlLog::open(reader, SPACE));
    let again = again.expect("the log is whole").expect("it has a founding");
    let (membership, again) = (log.membership(), again.membership());
    assert_eq!(membership.standings(), again.standings());
    for id in ids {
        assert_eq!(membership.verdict(id), again.verdict(id));
        let by = match membership.verdict(id) {
            Some(Verdict::Void { by, .. }) => by,
            _ => None,
        };
        assert!(by.is_none_or(|by| membership.operation(by).is_some()));
    }
}

fn operation(piece: &[u8], ids: &[OperationId]) -> Option<Vec<u8>> {
    let (&[author, count], rest) = piece.split_first_chunk::<2>()?;
    let (author, count) = (author % 8, usize::from(count) % 4);
    let (links, rest) = rest.split_at_checked(count)?;
    let mut links: Vec<OperationId> = links
        .iter()
        .map(|link| ids[usize::from(*link) % ids.len()])
        .collect();
    links.sort_unstable();
    links.dedup();
    let mut core = member(author).0.to_vec();
    core.push(links.len() as u8);
    links
        .iter()
        .for_each(|link| core.extend_from_slice(&link.0));
    match rest {
        // A `set` of one of the keys here.
        [2, who, level, ..] => {
            core.push(2);
            core.extend_from_slice(&member(who % 8).0);
            core.extend_from_slice(&[level % 5, 0]);
        }
        rest => core.extend_from_slice(rest),
    }
    Some(signed(author, &core))
}
