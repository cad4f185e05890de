//! The session of two members of a group, one of whom says and signs anything: no panic, no faith in what is not proven, and an honest
//! session afterwards brings both to the same entries, but for logs whose author forked them.

use std::sync::LazyLock;

use bytes::Bytes;
use ed25519_dalek::Signer;
use hedgerow_sync::batch::Batch;
use hedgerow_sync::body;
use hedgerow_sync::group::fork;
use hedgerow_sync::id::LogId;
use hedgerow_sync::membership::Level;
use hedgerow_sync::store::Store;
use hedgerow_sync::wire::{Blind, FIRST_KIND, LAST_KIND, LogName, Message, Role};

use crate::circle::{GROUP, Member, SECRET, Session, circle, meet, two};
use crate::group::keys::member;
use crate::{name_space, pieces, split_choice};

/// The session of the victim and the liar.
const HASH: u64 = 77;
/// The members by number.
const VICTIM: usize = 0;
const HONEST: usize = 1;
const LIAR: usize = 2;

/// Three who have talked. The victim lacks a body that the honest one has.
static TALKED: LazyLock<Vec<Member>> = LazyLock::new(|| {
    let mut members = circle(2, 1);
    members[HONEST].say("a question");
    let text = members[HONEST].say("a text");
    let [honest, liar] = two(&mut members, HONEST, LIAR);
    meet(honest, liar, 1);
    liar.say("an answer");
    let removed = liar.store.write(|txn| body::remove(txn, GROUP, text));
    assert!(removed.expect("memory does not fail"), "it was there");
    let [victim, liar] = two(&mut members, VICTIM, LIAR);
    meet(victim, liar, 2);
    members[HONEST].set(9, Level::MEMBER);
    members[VICTIM].say("not delivered");
    members
});

/// One input.
pub fn run(input: &[u8]) {
    let mut members: Vec<Member> = TALKED.iter().map(Member::copy).collect();
    let held = members[VICTIM].frontier();
    let written = members[HONEST].frontier();
    let [victim, liar] = two(&mut members, VICTIM, LIAR);
    let mut session = Session::open([victim, liar], HASH);
    session.work(0, victim);
    session.send(0, victim, 1 << 16);
    let blind = Blind::new(&SECRET, &HASH.to_be_bytes(), Role::Answerer);
    for piece in pieces(input).take(64) {
        let Some((choice, content)) = split_choice(piece, 32) else {
            continue;
        };
        let kind = FIRST_KIND + u64::from(choice & 15) % (LAST_KIND - FIRST_KIND + 1);
        let content = match (kind, choice & 16) {
            (_, 0) => {
                let mut content = content.to_vec();
                name_space(kind, &mut content, &blind);
                content
            }
            (23, _) => operation(blind, liar, content),
            _ => run_of(blind, liar, content),
        };
        let kind = if choice & 16 != 0 && kind != 23 {
            19
        } else {
            kind
        };
        session.hear(0, victim, kind, &Bytes::from(content));
        session.send(0, victim, 1 << 16);
    }
    drop(session);
    let after = victim.frontier();
    for (log, seq) in &held {
        assert!(after.get(log) >= Some(seq), "an item took entries away");
        if log.device != liar.device() {
            let most = written.get(log).max(Some(seq));
            assert!(after.get(log) <= most, "somebody wrote in another's name");
        }
    }
    let [victim, honest] = two(&mut members, VICTIM, HONEST);
    meet(victim, honest, 5);
    meet(victim, honest, 6);
    let forked = |log: &LogId| {
        let forked = |member: &Member| member.store.read(|reader| fork(reader, GROUP, *log));
        let forked = [forked(victim), forked(honest)];
        forked
            .into_iter()
            .any(|it| it.expect("memory does not fail").is_some())
    };
    let unforked = |member: &Member| {
        let mut frontier = member.frontier();
        frontier.retain(|log, _| !forked(log));
        frontier
    };
    assert_eq!(
        unforked(victim),
        unforked(honest),
        "they do not come to hold the same"
    );
}

/// An item with one operation of the liar, signed: the input is all but its author.
fn operation(blind: Blind, liar: &Member, input: &[u8]) -> Vec<u8> {
    let core = [&member(liar.number).0, input].concat();
    let signature = liar
        .key
        .sign(&[b"hedgerow 1 operation", &core[..]].concat());
    let operation = [core, signature.to_bytes().to_vec()].concat();
    let operations = vec![operation.into()];
    let space = blind;
    Message::Operations { space, operations }.encode()
}

/// An item with a run of the liar's log, signed: the input is its core without the signature.
fn run_of(blind: Blind, liar: &Member, input: &[u8]) -> Vec<u8> {
    let log = liar.log();
    let mut core = [input, &[0; 64]].concat();
    let head = Batch::parse_signed(&core).and_then(|batch| batch.head(log));
    if let Ok(head) = head {
        let mut signed = b"hedgerow 1 head".to_vec();
        signed.extend(GROUP.0);
        signed.extend(log.device.0);
        signed.extend(log.incarnation.0.to_be_bytes());
        signed.extend(head.seq.0.to_be_bytes());
        signed.extend(head.chain.0);
        let at = core.len() - 64;
        core[at..].copy_from_slice(&liar.key.sign(&signed).to_bytes());
    }
    Message::Entries {
        space: blind,
        log: LogName::Other(log),
        core: core.into(),
    }
    .encode()
}
