//! Two stores come to the same entries.

mod pair;

use pair::{Identity, Node, SPACE, meet};

fn alice_and_bob() -> (Node, Node) {
    let alice = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
    let bob = Node::new(&Identity::new(2, 1), 0, &[SPACE]);
    (alice, bob)
}

#[test]
fn what_one_wrote_alone_reaches_the_other_and_is_known_to_have() {
    let (mut alice, mut bob) = alice_and_bob();
    for number in 0..500 {
        alice.say(&format!("message {number}"));
    }
    bob.say("hello");
    meet(&mut alice, &mut bob, 1);
    assert_eq!(alice.frontier(), bob.frontier());
    assert_eq!(alice.frontier().len(), 2);
    assert_eq!(alice.unacked(bob.device), 0);
    assert_eq!(bob.unacked(alice.device), 0);
}

#[test]
fn with_nothing_new_nothing_is_said() {
    let (mut alice, mut bob) = alice_and_bob();
    alice.say("one");
    meet(&mut alice, &mut bob, 1);
    let session = meet(&mut alice, &mut bob, 2);
    assert!(session.carried.iter().all(Vec::is_empty));
}

#[test]
fn what_is_written_during_a_session_is_pushed() {
    let (mut alice, mut bob) = alice_and_bob();
    let mut session = meet(&mut alice, &mut bob, 1);
    for number in 0..20 {
        let entry = alice.say(&format!("question {number}"));
        session.said(0, &alice, entry);
        session.settle([&mut alice, &mut bob]);
        let entry = bob.say(&format!("answer {number}"));
        session.said(1, &bob, entry);
        session.settle([&mut alice, &mut bob]);
    }
    assert_eq!(alice.frontier(), bob.frontier());
    assert_eq!(alice.unacked(bob.device) + bob.unacked(alice.device), 0);
}
