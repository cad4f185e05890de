//! The worst bundle that a contact can seal: nobody waits long for it, and a crash at any of its commits repeats
//! nothing.

use hedgerow_transport::bundle::{Draft, MAX_BUNDLE, MAX_LIFETIME_S};
use hedgerow_transport::handshake::Direction;

use rand_core::SeedableRng;

use super::*;
use crate::api::{Imported, Refusal, Reply};
use crate::parcel::steps::{Step, Stepped};
use crate::tables::Table;

/// Batches in the bundle, each of as many entries as it may hold.
const BATCHES: u64 = 24;

/// A bundle from the flooder to the node: batches that write a row of the order for nearly each entry,
/// facts that the node shows, and items without effect.
fn parcel(node: &Engine, flooder: &Engine) -> Vec<u8> {
    let rng = &mut ChaCha20Rng::seed_from_u64(5);
    let (me, to) = (
        flooder.owners.account.device_id,
        node.owners.account.device_id,
    );
    let device = &flooder.owners.people.devices[&to];
    let mut draft = Draft::new(
        &device.bundle_tag_key,
        Direction::between(&me.0, &to.0),
        MAX_BUNDLE,
        Cryptography::Real,
        rng,
    );
    let space = shared(flooder, node);
    let secret = &flooder.owners.conversations.get(space).unwrap().secret;
    let blind = Blind::new(secret.as_bytes(), draft.tag(), Role::Bundle);
    let most = MAX_BATCH_ENTRIES as u64;
    for number in 0..BATCHES {
        let links: Vec<[EntryId; 1]> = (1..=most)
            .map(|seq| {
                [EntryId {
                    log: log(me, number.saturating_sub(1)),
                    seq: Seq(seq),
                }]
            })
            .collect();
        let links: Vec<&[EntryId]> = links.iter().map(|links| &links[..]).collect();
        let long: Vec<&[EntryId]> = vec![&[]; MAX_BATCH_ENTRIES];
        let core = batch(1, if number == 0 { &long } else { &links });
        let message = Message::Entries {
            space: blind,
            log: LogName::Other(log(me, number)),
            core: core.into(),
        };
        draft.push(message.kind(), &message.encode()).unwrap();
    }
    for (kind, content) in (2..60).map(fact) {
        draft.push(kind, &content).unwrap();
    }
    for _ in 0..30_000 {
        draft.push(63, &[]).unwrap();
    }
    let prekey = device.prekey.as_ref().unwrap();
    let sealed = draft.seal(
        &flooder.owners.account.secrets.device_key,
        &prekey.public,
        &prekey.psk,
        MAX_LIFETIME_S,
        rng,
    );
    sealed.unwrap().into()
}

/// The number of bundles that the store knows as taken in.
fn tags(store: &MemoryStore) -> usize {
    let mut tags = 0;
    let all = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
    let forward = hedgerow_sync::store::Direction::Forward;
    let count = |reader: &dyn Reader| {
        reader.scan(all, forward, &mut |key, _| {
            tags += usize::from(key[0] == Table::BundleTags as u8);
            std::ops::ControlFlow::Continue(())
        })
    };
    store.read(count).unwrap();
    tags
}

fn messages(store: &MemoryStore, space: SpaceId) -> u64 {
    let summary = |reader: &dyn Reader| hedgerow_sync::space::summary(reader, space);
    store.read(summary).unwrap().unwrap().rows
}

#[test]
fn a_bundle_holds_up_another_contact_s_message_by_two_turns_of_bounded_work() {
    let stores = stores(0);
    let world = World::resume(7, &stores);
    let parcel = parcel(world.nodes[NODE].engine(), world.nodes[FLOODER].engine());
    let mut siege = Siege::lay(&stores, MemoryStore::clone);
    for _ in 0..5 {
        siege.turn();
    }
    siege.store.most = Meter::new();
    let import = Input::Call(CallId(7), Call::Carry(Step::Take(parcel)));
    siege.inputs.push(import);
    let (turns, _) = siege.message();
    assert!(turns <= 2, "{turns} turns");
    let mut turns = 0;
    let answer = loop {
        let (asked, _) = siege.turn();
        turns += 1;
        if let Some((CallId(7), answer)) = asked.answers.into_iter().next() {
            break answer;
        }
    };
    assert!(turns > 3, "{turns} turns");
    let Ok(Reply::Stepped(Stepped::Taken(taken))) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(taken.imported.messages, BATCHES * MAX_BATCH_ENTRIES as u64);
    let most = siege.store.most.spent();
    assert!(most <= MOST_WORK, "{most} of {MOST_WORK}");
}

#[test]
fn a_bundle_cut_at_any_commit_is_taken_in_whole_when_it_comes_again() {
    let stores = stores(0);
    let mut world = World::resume(7, &stores);
    world.run(1_000);
    let space = shared(world.nodes[NODE].engine(), world.nodes[FLOODER].engine());
    let parcel = parcel(world.nodes[NODE].engine(), world.nodes[FLOODER].engine());
    let before = world.nodes[NODE].storage.store.clone();
    // The store after each commit of an import that nothing interrupts.
    let (states, imported) = import(&before, &parcel);
    let entries = BATCHES * MAX_BATCH_ENTRIES as u64;
    assert_eq!(imported.unwrap().messages, entries);
    assert!(states.len() > 3, "{} commits", states.len());
    for (number, state) in states.iter().enumerate() {
        let is_last = number + 1 == states.len();
        assert_eq!(tags(state), usize::from(is_last), "commit {number}");
        let held = messages(state, space);
        let (after, again) = import(state, &parcel);
        match again {
            Ok(again) => assert_eq!(again.messages, entries - held, "commit {number}"),
            Err(refusal) => assert!(is_last && refusal == Refusal::ParcelKnown),
        }
        let last = after.last().unwrap_or(state);
        assert_eq!((messages(last, space), tags(last)), (entries, 1));
    }
}

/// Opens an engine on a copy of a store and imports a parcel. Gives the store after each commit, and the answer.
fn import(store: &MemoryStore, parcel: &[u8]) -> (Vec<MemoryStore>, Result<Imported, Refusal>) {
    let mut store = store.clone();
    let rng = &mut ChaCha20Rng::seed_from_u64(6);
    let mut engine = Engine::open(&store, at(5_000), rng).unwrap();
    let mut inputs = Inputs::default();
    let mut settle = EffectQueue::default();
    pump(
        &mut engine,
        &mut store,
        &mut inputs,
        at(5_000),
        rng,
        &mut settle,
    )
    .unwrap();
    inputs.push(Input::Call(
        CallId(7),
        Call::Carry(Step::Take(parcel.to_vec())),
    ));
    let mut states = Vec::new();
    loop {
        let mut asked = EffectQueue::default();
        pump(
            &mut engine,
            &mut store,
            &mut inputs,
            at(5_000),
            rng,
            &mut asked,
        )
        .unwrap();
        states.push(store.clone());
        match asked.answers.into_iter().next() {
            None => {}
            Some((_, Ok(Reply::Stepped(Stepped::Taken(taken))))) => {
                let imported = match taken.is_known {
                    true => Err(Refusal::ParcelKnown),
                    false => Ok(taken.imported),
                };
                return (states, imported);
            }
            Some((_, Ok(other))) => panic!("{other:?}"),
            Some((_, Err(refusal))) => return (states, Err(refusal)),
        }
    }
}
