//! Attacks with invitations and answers, by a contact who has changed its own program.

use hedgerow_sync::id::LogId;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::Store;
use hedgerow_sync::{id::Incarnation, space};

use super::*;
use crate::api::{Call, Private, Refusal};
use crate::harness::World;

/// A contact of Ada who has changed its program.
const MALLORY: usize = 1;

fn world(seed: u64) -> World {
    let mut world = World::with(seed, &["Ada", "Mallory", "Ben"]);
    world.meet(0, MALLORY);
    world.meet(0, 2);
    world
}

fn key(byte: u8) -> SigningSecret {
    SigningSecret::from_bytes([byte; 32])
}

/// The chat of a store with its only contact.
fn chat(store: &MemoryStore) -> (SpaceId, Conversation) {
    let all = store.read(|reader| Conversation::all(reader));
    let mut all = all.expect("memory does not fail").into_iter();
    all.find(|(_, one)| matches!(one.kind, Kind::Direct { .. }))
        .expect("a chat")
}

/// Mallory writes this into its chat with Ada, and its engine tells her.
fn tell(world: &mut World, what: What, body: Vec<u8>) -> EntryId {
    let mut store = world.nodes[MALLORY].storage.store.clone();
    let (chat, _) = chat(&store);
    let log = LogId {
        device: world.nodes[MALLORY].engine().owners.account.device_id,
        incarnation: Incarnation(7),
    };
    let body = Body::Bytes(body.into());
    let appended = store.write(|txn| {
        let appended = space::append(txn, chat, log, 1_790_000_000_000, what, body);
        Ok(appended.expect("there is a chat").id)
    });
    world.roll_back(MALLORY, store);
    world.run(120_000);
    appended.expect("memory does not fail")
}

/// An invitation by Mallory into a group that it has founded under this secret.
fn forged(world: &World, secret: SpaceSecret, names: SigningSecret) -> Invitation {
    let founder = key(9);
    let me = member_key(&founder);
    let act = Act::Create(hedgerow_sync::membership::Founding::Line {
        people: vec![(me, Level::ADMIN)],
        continues: None,
    });
    let founding = Operation::new(me, Vec::new(), act).and_then(|it| it.sign(&founder.key()));
    let (_, known) = chat(&world.nodes[MALLORY].storage.store);
    let nonce = [3; 16];
    let space = conversations::space_of(&secret);
    let binder = binder(&known.secret, &nonce);
    Invitation {
        secret,
        founding: founding.expect("it is sound").into(),
        name: "Riverside".into(),
        people: 3,
        nonce: nonce.into(),
        key: member_key(&names),
        proof: prove_possession(&founder.key(), space, &binder).into(),
    }
}

fn joins(world: &mut World, invitation: EntryId) -> Result<Reply, Refusal> {
    let chat = world.chat(0, MALLORY);
    world.ask(0, Call::JoinGroup(chat, message_id(invitation)))
}

#[test]
fn an_invitation_cannot_name_the_secret_of_another_conversation() {
    let mut world = world(1);
    let (_, known) = chat(&world.nodes[MALLORY].storage.store);
    let secret = SpaceSecret::from_bytes(*known.secret.as_bytes());
    let invitation = forged(&world, secret, key(9));
    let row = tell(
        &mut world,
        What::Row(INVITATION),
        tables::encoded(&invitation),
    );
    assert_eq!(joins(&mut world, row), Err(Refusal::BadInvitation));
    // One that is sound is accepted.
    let invitation = forged(&world, SpaceSecret::from_bytes([5; 32]), key(9));
    let row = tell(
        &mut world,
        What::Row(INVITATION),
        tables::encoded(&invitation),
    );
    assert!(joins(&mut world, row).is_ok());
    // Another founding under the same secret is another group.
    let mut other = forged(&world, SpaceSecret::from_bytes([5; 32]), key(9));
    let founder = key(9);
    let act = Act::Create(hedgerow_sync::membership::Founding::Line {
        people: vec![
            (member_key(&founder), Level::ADMIN),
            (MemberKey([1; 32]), Level::ADMIN),
        ],
        continues: None,
    });
    let founding = Operation::new(member_key(&founder), Vec::new(), act);
    let founding = founding.and_then(|it| it.sign(&founder.key()));
    other.founding = founding.expect("it is sound").into();
    let row = tell(&mut world, What::Row(INVITATION), tables::encoded(&other));
    assert_eq!(joins(&mut world, row), Err(Refusal::BadInvitation));
}

#[test]
fn an_invitation_in_another_s_name_is_no_invitation() {
    let mut world = world(2);
    // Mallory names the key of somebody else as its own.
    let invitation = forged(&world, SpaceSecret::from_bytes([5; 32]), key(8));
    let row = tell(
        &mut world,
        What::Row(INVITATION),
        tables::encoded(&invitation),
    );
    assert_eq!(joins(&mut world, row), Err(Refusal::BadInvitation));
    let shown = world.messages(0, MALLORY).pop().expect("a row");
    assert!(shown.invitation.is_none() && shown.text.is_none());
}

#[test]
fn an_answer_that_names_another_s_key_brings_nobody_in() {
    let mut world = world(3);
    let made = match world.ask(0, Call::NewGroup(Private("Riverside".into()))) {
        Ok(Reply::Conversation(made)) => made.id,
        other => panic!("no group: {other:?}"),
    };
    let mallory = world.id(MALLORY);
    let invited = match world.ask(0, Call::InviteToGroup(made.clone(), mallory)) {
        Ok(Reply::Sent(id)) => parse_message_id(&id).expect("an id of the engine"),
        other => panic!("no invitation: {other:?}"),
    };
    world.run(10_000);
    let what = What::Annotation {
        kind: ANSWER,
        target: invited,
    };
    let space = conversations::parse_id(&made).expect("an id of the engine");
    let proofs = [
        // Of another listener, as heard from somebody else.
        prove_possession(&key(4).key(), space, &[0; 32]),
        [0; SIGNATURE_LENGTH],
    ];
    for proof in proofs {
        let answer = Answer {
            key: Some(member_key(&key(4))),
            proof: Some(proof.into()),
        };
        tell(&mut world, what, tables::encoded(&answer));
        match world.ask(0, Call::Members(made.clone())) {
            Ok(Reply::Members(members)) => assert_eq!(members.len(), 1),
            other => panic!("no members: {other:?}"),
        }
    }
}
