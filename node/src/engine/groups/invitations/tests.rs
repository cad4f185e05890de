//! Attacks with invitations and answers, by a contact who has changed its own program.

use hedgerow_sync::id::LogId;
use hedgerow_sync::membership::{Continued, Founding};
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::Store;
use hedgerow_sync::{id::Incarnation, space};

use super::*;
use crate::api::{Call, GroupStanding, NewMessage, Private, Refusal};
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
    let line = Founding::Line {
        people: vec![(member_key(&key(9)), Level::ADMIN)],
        continues: None,
    };
    founded_so(world, secret, names, line)
}

fn founded_so(
    world: &World,
    secret: SpaceSecret,
    names: SigningSecret,
    founding: Founding,
) -> Invitation {
    let founder = key(9);
    let me = member_key(&founder);
    let act = Act::Create(founding);
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
        without: Vec::new(),
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
    let act = Act::Create(Founding::Line {
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

#[test]
fn a_stranger_s_claim_to_continue_a_group_is_a_plain_invitation() {
    let mut world = world(5);
    let made = match world.ask(0, Call::NewGroup(Private("Riverside".into()))) {
        Ok(Reply::Conversation(made)) => made.id,
        other => panic!("no group: {other:?}"),
    };
    let space = conversations::parse_id(&made).expect("an id of the engine");
    let store = &world.nodes[0].storage.store;
    let group = store.read(|reader| Group::open(reader, space, None));
    let group = group.expect("memory does not fail").expect("it is there");
    let root = group.membership().root().id();
    let line = Founding::Line {
        people: vec![(member_key(&key(9)), Level::ADMIN)],
        continues: Some(Continued {
            root,
            version: vec![root],
        }),
    };
    let mut invitation = founded_so(&world, SpaceSecret::from_bytes([5; 32]), key(9), line);
    let ours = group.membership().root().author().device();
    invitation.without = vec![ours.0.into()];
    let row = tell(
        &mut world,
        What::Row(INVITATION),
        tables::encoded(&invitation),
    );
    let shown = world.messages(0, MALLORY).pop().expect("a row");
    let shown = shown.invitation.expect("it is an invitation");
    assert_eq!(shown.continues, None);
    joins(&mut world, row).expect("it is sound");
    for id in [made, conversations::api_id(invitation.space())] {
        match world.ask(0, Call::Conversation(id)) {
            Ok(Reply::Conversation(shown)) => {
                assert!(!shown.archived && shown.continues.is_none());
                assert!(shown.continued_by.is_empty());
            }
            other => panic!("no group: {other:?}"),
        }
    }
}

/// How many operations of a group a node holds.
fn operations(world: &World, node: usize, space: SpaceId) -> usize {
    let store = &world.nodes[node].storage.store;
    let group = store.read(|reader| Group::open(reader, space, None));
    let group = group.expect("memory does not fail").expect("it is there");
    group.membership().count()
}

fn standing(world: &mut World, made: &ConversationId) -> Option<GroupStanding> {
    match world.ask(0, Call::Conversation(made.clone())) {
        Ok(Reply::Conversation(shown)) => shown.group.map(|group| group.standing),
        other => panic!("no group: {other:?}"),
    }
}

#[test]
fn a_group_of_rules_that_this_version_does_not_know_is_kept_and_passed_on_and_says_so() {
    let mut world = world(4);
    let secret = || SpaceSecret::from_bytes([5; 32]);
    let newer = Founding::Unknown {
        rules: 2,
        content: vec![1, 2, 3],
    };
    let invitation = founded_so(&world, secret(), key(9), newer);
    let space = invitation.space();
    let row = tell(
        &mut world,
        What::Row(INVITATION),
        tables::encoded(&invitation),
    );
    joins(&mut world, row).expect("it is sound");
    let made = conversations::api_id(space);
    assert_eq!(standing(&mut world, &made), Some(GroupStanding::NewerRules));
    let send = Call::Send(made.clone(), NewMessage::text("hello"));
    assert_eq!(world.ask(0, send), Err(Refusal::NewerGroup));
    world.restart(0);
    assert_eq!(standing(&mut world, &made), Some(GroupStanding::NewerRules));
    // Mallory's newer program shares the group, and then knows one operation more.
    let ada = world.nodes[0].engine().owners.account.identity();
    let me = member_key(&key(9));
    let mut store = world.nodes[MALLORY].storage.store.clone();
    let shared = store.write(|txn| {
        let group = Group::found(txn, space, &invitation.founding, Some(me));
        assert!(group.is_ok());
        let known = Conversation::new(Kind::Group { me: me.device() }, secret(), 0);
        known.save(txn, space)?;
        txn.put(&Table::GroupKeys.key(&[&space.0]), key(9).as_bytes())?;
        // As whose key Ada's is taken does not matter: nobody is judged.
        people::bind(txn, space, MemberKey([1; 32]), ada)
    });
    shared.expect("memory does not fail");
    let without = store.clone();
    let root = Operation::decode(&invitation.founding).expect("it is sound");
    let more = Operation::new(me, vec![root.id()], Act::Seen);
    let more = more
        .and_then(|it| it.sign(&key(9).key()))
        .expect("it is sound");
    let grown = store.write(|txn| {
        let mut group = Group::open(txn, space, Some(me))?.expect("it is there");
        assert!(group.accept(txn, &more).is_ok());
        Ok(())
    });
    grown.expect("memory does not fail");
    world.roll_back(MALLORY, store);
    world.run(120_000);
    assert_eq!(operations(&world, 0, space), 2);
    // One who has lost it gets it back.
    world.roll_back(MALLORY, without);
    assert_eq!(operations(&world, MALLORY, space), 1);
    world.run(120_000);
    assert_eq!(operations(&world, MALLORY, space), 2);
    // It can be left as any other.
    world
        .ask(0, Call::LeaveGroup(made.clone()))
        .expect("it is ours to leave");
    world
        .ask(0, Call::EraseConversation(made))
        .expect("it is ours to erase");
}
