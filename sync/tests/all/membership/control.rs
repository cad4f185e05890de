//! The control log of a group in a store.

use hedgerow_sync::control::{
    AcceptError, Accepted, ControlLog, FoundError, MAX_LOOSE, MAX_LOOSE_BY_AUTHOR, WriteError,
};
use hedgerow_sync::id::{Incarnation, Seq};
use hedgerow_sync::membership::{
    Act, Founding, Full, Held, Level, MAX_ADMINS, MAX_PEOPLE, MAX_WAITING_OPERATIONS, Operation,
    OperationError, OperationId, Verdict, VoidReason,
};
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::space;
use hedgerow_sync::store::{Reader, StorageError, StorageFault, Store};

use crate::support::group::keys::{key, member};
use crate::support::pair::SPACE;

/// A device with the control log of one group.
struct Device {
    store: MemoryStore,
    log: ControlLog,
}

/// The founding by admins 0 … `admins` - 1 and further members.
fn founding(admins: u64, members: u64) -> Operation {
    let level = |it| {
        if it < admins {
            Level::ADMIN
        } else {
            Level::MEMBER
        }
    };
    let people = (0..admins + members)
        .map(|it| (member(it), level(it)))
        .collect();
    let founding = Founding::Line {
        people,
        continues: None,
    };
    Operation::new(member(0), Vec::new(), Act::Create(founding)).expect("it keeps to the limits")
}

impl Device {
    fn new(admins: u64, members: u64) -> Device {
        let mut store = MemoryStore::new();
        let root = founding(admins, members)
            .sign(&key(0))
            .expect("its own key");
        let log = store
            .write(|txn| Ok(ControlLog::found(txn, SPACE, &root).expect("a founding")))
            .expect("memory does not fail");
        Device { store, log }
    }

    fn accept(&mut self, bytes: &[u8]) -> Result<Accepted, AcceptError> {
        let log = &mut self.log;
        let accepted = self.store.write(|txn| Ok(log.accept(txn, bytes)));
        accepted.expect("memory does not fail")
    }

    fn write(&mut self, author: u64, act: Act) -> Result<OperationId, WriteError> {
        let log = &mut self.log;
        let written = self
            .store
            .write(|txn| Ok(log.write(txn, &key(author), act)));
        written.expect("memory does not fail")
    }

    fn set(&mut self, author: u64, who: u64, level: Level) -> OperationId {
        self.write(author, set(who, level)).expect("it counts")
    }

    fn bytes(&self, id: OperationId) -> Vec<u8> {
        let bytes = |reader: &dyn Reader| ControlLog::operation(reader, SPACE, id);
        self.store
            .read(bytes)
            .expect("memory does not fail")
            .expect("it is held")
    }

    /// Everything held, in the order in which it was accepted.
    fn all(&self) -> Vec<Vec<u8>> {
        let operations = self.log.membership().operations();
        operations
            .map(|operation| self.bytes(operation.id()))
            .collect()
    }

    fn reopened(&self) -> ControlLog {
        let log = self.store.read(|reader| ControlLog::open(reader, SPACE));
        log.expect("memory does not fail")
            .expect("it has a control log")
    }

    fn level(&self, who: u64) -> Level {
        self.log.membership().level(member(who))
    }
}

fn set(who: u64, level: Level) -> Act {
    let held = Held::new();
    Act::Set {
        who: member(who),
        level,
        held,
    }
}

/// An operation of `author` on the founding alone, one of many.
fn beside(device: &Device, author: u64, number: u64) -> Vec<u8> {
    let held = [(Incarnation(number), Seq(1))].into();
    let act = Act::Set {
        who: member(999),
        level: Level::MEMBER,
        held,
    };
    let links = vec![device.log.membership().root().id()];
    let operation = Operation::new(member(author), links, act).expect("it keeps to the limits");
    operation.sign(&key(author)).expect("its own key")
}

#[test]
fn what_is_written_and_accepted_is_there_when_the_store_is_opened_again() {
    let mut one = Device::new(2, 1);
    let mut other = Device::new(2, 1);
    let added = one.set(0, 7, Level::MEMBER);
    let removed = one.set(1, 2, Level::NONE);
    for bytes in [one.bytes(added), one.bytes(removed)] {
        assert!(matches!(other.accept(&bytes), Ok(Accepted::Held(_))));
        assert_eq!(other.accept(&bytes).expect("no fault"), Accepted::Nothing);
    }
    for log in [one.reopened(), other.reopened()] {
        assert_eq!(
            log.membership().standings(),
            one.log.membership().standings()
        );
        assert_eq!(log.membership().level(member(7)), Level::MEMBER);
        assert_eq!(log.membership().level(member(2)), Level::NONE);
    }
}

#[test]
fn the_order_of_acceptance_decides_nothing() {
    let mut one = Device::new(3, 0);
    // Three act beside each other.
    let apart: Vec<Vec<u8>> = (0..3)
        .map(|author| {
            let mut alone = Device::new(3, 0);
            let first = alone.set(author, (author + 1) % 3, Level::NONE);
            alone.bytes(first)
        })
        .collect();
    for bytes in &apart {
        one.accept(bytes).expect("no fault");
    }
    let mut other = Device::new(3, 0);
    for bytes in apart.iter().rev() {
        other.accept(bytes).expect("no fault");
    }
    assert_ne!(one.all(), other.all());
    let standings = one.log.membership().standings();
    assert_eq!(standings, other.log.membership().standings());
    assert_eq!(standings, other.reopened().membership().standings());
    assert_eq!(
        [0, 1, 2].map(|who| one.level(who)),
        [Level::ADMIN, Level::NONE, Level::ADMIN]
    );
}

#[test]
fn what_misses_a_link_waits_and_is_stored_when_it_comes() {
    let mut one = Device::new(1, 0);
    let ids: Vec<OperationId> = (10..14).map(|who| one.set(0, who, Level::MEMBER)).collect();
    let mut other = Device::new(1, 0);
    for (at, id) in ids.iter().enumerate().rev().take(3) {
        let accepted = other.accept(&one.bytes(*id)).expect("no fault");
        assert_eq!(accepted, Accepted::Waits(ids[at - 1]));
        assert_eq!(other.log.wanted().collect::<Vec<_>>(), [ids[at - 1]]);
        assert_eq!(other.reopened().membership().count(), 1);
    }
    let accepted = other.accept(&one.bytes(ids[0])).expect("no fault");
    assert_eq!(accepted, Accepted::Held(ids));
    assert_eq!(other.log.wanted().count(), 0);
    assert_eq!(other.all(), one.all());
    assert_eq!(
        other.reopened().membership().standings(),
        one.log.membership().standings()
    );
}

#[test]
fn a_flood_of_operations_that_wait_is_bounded() {
    let mut device = Device::new(1, 0);
    for number in 0..2 * MAX_WAITING_OPERATIONS as u64 {
        let nothing = OperationId(*blake3::hash(&number.to_be_bytes()).as_bytes());
        let flood = Operation::new(member(0), vec![nothing], Act::Seen);
        let flood = flood
            .expect("it keeps to the limits")
            .sign(&key(0))
            .expect("its own key");
        assert_eq!(
            device.accept(&flood).expect("no fault"),
            Accepted::Waits(nothing)
        );
    }
    assert_eq!(device.log.wanted().count(), MAX_WAITING_OPERATIONS);
}

#[test]
fn a_forged_operation_is_refused_and_changes_nothing() {
    let mut device = Device::new(1, 0);
    let mut other = Device::new(1, 0);
    let id = other.set(0, 7, Level::MEMBER);
    let mut bytes = other.bytes(id);
    *bytes.last_mut().expect("it has bytes") ^= 1;
    let refused = device.accept(&bytes).expect_err("it is forged");
    assert!(matches!(
        refused,
        AcceptError::Operation(OperationError::Signature)
    ));
    assert_eq!(device.log.membership().count(), 1);
    assert_eq!(device.reopened().membership().count(), 1);
}

#[test]
fn loose_operations_are_bounded_by_author_and_in_all_and_no_bound_judges() {
    let mut device = Device::new(2, 0);
    let mut kept = 0;
    let mut refused = Vec::new();
    // A stranger draws as many keys as he wants.
    for author in 100..100 + (MAX_LOOSE / MAX_LOOSE_BY_AUTHOR) as u64 + 2 {
        for number in 0..=MAX_LOOSE_BY_AUTHOR as u64 {
            let bytes = beside(&device, author, number);
            match device.accept(&bytes).expect("no fault") {
                Accepted::Held(_) => kept += 1,
                Accepted::TooManyLoose => refused.push(bytes),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(kept, MAX_LOOSE);
    assert_eq!(device.log.membership().count(), 1 + MAX_LOOSE);
    assert_eq!(device.reopened().membership().count(), 1 + MAX_LOOSE);
    // What counts comes in as before, and with it what it links to, though there was no room for that.
    let loose = Operation::decode(&refused[0]).expect("it is one").id();
    let links = vec![device.log.membership().root().id(), loose];
    let counts = Operation::new(member(0), links, set(7, Level::MEMBER));
    let counts = counts
        .expect("it keeps to the limits")
        .sign(&key(0))
        .expect("its own key");
    assert_eq!(
        device.accept(&counts).expect("no fault"),
        Accepted::Waits(loose)
    );
    assert!(matches!(device.accept(&refused[0]), Ok(Accepted::Held(ids)) if ids.len() == 2));
    assert_eq!(device.level(7), Level::MEMBER);
}

#[test]
fn nothing_new_links_to_what_is_void() {
    let mut device = Device::new(1, 1);
    let Ok(Accepted::Held(void)) = device.accept(&beside(&device, 1, 0)) else {
        panic!("it is held");
    };
    let membership = device.log.membership();
    let reason = VoidReason::NotAdmin;
    assert_eq!(
        membership.verdict(void[0]),
        Some(Verdict::Void { reason, by: None })
    );
    assert!(membership.is_loose(void[0]));
    assert_eq!(membership.tips(), [membership.root().id()]);
}

#[test]
fn an_act_that_would_be_void_is_not_written() {
    let mut device = Device::new(1, 1);
    for act in [
        set(7, Level::MEMBER),
        set(0, Level::NONE),
        set(1, Level::ADMIN),
    ] {
        assert!(matches!(device.write(1, act), Err(WriteError::Void(_))));
    }
    assert_eq!(device.log.membership().count(), 1);
    assert_eq!(device.log.membership().standings().len(), 2);
    device
        .write(1, Act::Leave { held: Held::new() })
        .expect("everybody may leave");
    assert_eq!(device.level(1), Level::NONE);
    assert_eq!(device.reopened().membership().level(member(1)), Level::NONE);
}

#[test]
fn those_who_keep_to_the_rules_stop_at_the_limits_of_a_group() {
    let mut device = Device::new(MAX_ADMINS as u64, (MAX_PEOPLE - MAX_ADMINS) as u64);
    let full = device
        .write(0, set(999, Level::MEMBER))
        .expect_err("it is full");
    assert!(matches!(full, WriteError::Full(Full::People)));
    let full = device
        .write(0, set(100, Level::ADMIN))
        .expect_err("it is full");
    assert!(matches!(full, WriteError::Full(Full::Admins)));
    device.set(0, 1, Level::MEMBER);
    device.set(0, 100, Level::ADMIN);
    device.set(0, 101, Level::NONE);
    device.set(0, 999, Level::MEMBER);
    // What others write is judged all the same.
    let links = device.log.membership().links(member(2));
    let more = Operation::new(member(2), links, set(1_000, Level::MEMBER));
    let more = more
        .expect("it keeps to the limits")
        .sign(&key(2))
        .expect("its own key");
    device.accept(&more).expect("no fault");
    assert_eq!(device.level(1_000), Level::MEMBER);
}

#[test]
fn a_space_has_one_control_log_and_loses_it_with_the_space() {
    let mut device = Device::new(1, 0);
    device.set(0, 7, Level::MEMBER);
    let root = founding(2, 0).sign(&key(0)).expect("its own key");
    let again = device
        .store
        .write(|txn| Ok(ControlLog::found(txn, SPACE, &root)));
    let again = again.expect("memory does not fail");
    assert!(matches!(again, Err(FoundError::Exists)));
    device
        .store
        .write(|txn| space::remove(txn, SPACE))
        .expect("memory does not fail");
    let gone = device.store.read(|reader| ControlLog::open(reader, SPACE));
    assert!(gone.expect("memory does not fail").is_none());
    let id = founding(1, 0).id();
    let gone = device
        .store
        .read(|reader| ControlLog::operation(reader, SPACE, id));
    assert!(gone.expect("memory does not fail").is_none());
}

#[test]
fn only_a_founding_begins_a_control_log() {
    let mut device = Device::new(1, 0);
    let id = device.set(0, 7, Level::MEMBER);
    let bytes = device.bytes(id);
    let mut store = MemoryStore::new();
    let refused = store.write(|txn| Ok(ControlLog::found(txn, SPACE, &bytes)));
    let refused = refused.expect("memory does not fail");
    assert!(matches!(refused, Err(FoundError::NoFounding)));
    let other = founding(2, 0).sign(&key(0)).expect("its own key");
    assert_eq!(device.accept(&other).expect("no fault"), Accepted::Nothing);
}

#[test]
fn a_crash_before_the_commit_loses_the_operation_and_nothing_else() {
    let mut one = Device::new(1, 0);
    let kept = one.set(0, 7, Level::MEMBER);
    let crash = StorageError {
        reason: "power".into(),
        kind: StorageFault::Io,
    };
    let log = &mut one.log;
    let crashed: Result<(), _> = one.store.write(|txn| {
        log.write(txn, &key(0), set(8, Level::MEMBER))
            .expect("it counts");
        Err(crash)
    });
    crashed.expect_err("it crashed");
    one.log = one.reopened();
    assert_eq!((one.level(7), one.level(8)), (Level::MEMBER, Level::NONE));
    let after = one.set(0, 9, Level::MEMBER);
    let membership = one.log.membership();
    assert_eq!(
        membership.operation(after).expect("it is held").links(),
        [kept]
    );
}

#[test]
fn a_group_of_unknown_rules_is_kept_and_passed_on_and_judges_nobody() {
    let unknown = Founding::Unknown {
        rules: 2,
        content: b"the rules of later".to_vec(),
    };
    let root = Operation::new(member(0), Vec::new(), Act::Create(unknown));
    let root = root.expect("it keeps to the limits");
    let bytes = root.sign(&key(0)).expect("its own key");
    let mut store = MemoryStore::new();
    let log = store.write(|txn| Ok(ControlLog::found(txn, SPACE, &bytes).expect("a founding")));
    let log = log.expect("memory does not fail");
    let mut device = Device { store, log };
    assert!(!device.log.membership().is_judged());
    for number in 0..2 * MAX_LOOSE_BY_AUTHOR as u64 {
        let later = beside(&device, 5, number);
        assert!(matches!(device.accept(&later), Ok(Accepted::Held(_))));
    }
    assert_eq!(device.log.membership().standings(), []);
    assert_eq!(device.all()[0], bytes);
    let log = device.reopened();
    assert_eq!(log.membership().count(), 1 + 2 * MAX_LOOSE_BY_AUTHOR);
    assert_eq!(log.membership().level(member(5)), Level::NONE);
}

#[test]
fn a_damaged_row_of_the_control_log_is_an_error_of_the_store() {
    let mut device = Device::new(1, 0);
    device.set(0, 7, Level::MEMBER);
    let mut first = vec![0x1B];
    first.extend(SPACE.0);
    first.extend([0, 0, 0, 1]);
    for damage in [&b""[..], &[0; 200][..]] {
        device
            .store
            .write(|txn| txn.put(&first, damage))
            .expect("memory does not fail");
        let opened = device.store.read(|reader| ControlLog::open(reader, SPACE));
        assert_eq!(
            opened.err().map(|error| error.kind),
            Some(StorageFault::Damaged)
        );
    }
    // An operation that misses its link cannot have been written.
    let links = vec![OperationId([7; 32])];
    let lost = Operation::new(member(0), links, Act::Seen).expect("it keeps to the limits");
    let lost = lost.sign(&key(0)).expect("its own key");
    device
        .store
        .write(|txn| txn.put(&first, &lost))
        .expect("memory does not fail");
    let opened = device.store.read(|reader| ControlLog::open(reader, SPACE));
    assert_eq!(
        opened.err().map(|error| error.kind),
        Some(StorageFault::Damaged)
    );
}

#[test]
fn a_standing_prints_no_key() {
    let device = Device::new(1, 0);
    let standing = device.log.membership().standing(member(0));
    let text = format!("{standing:?}");
    assert!(text.contains("MemberKey(..)"));
}
