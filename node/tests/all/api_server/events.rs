//! Every event is as the document says, a listener that is slow learns that it missed some, and one whose connection is
//! lost goes on where it stopped, or learns that it missed some and finds what that was.

use std::time::Duration;

use futures_util::StreamExt;
use hedgerow_node::api::{
    Api, Carrier, CarrierCondition, ConversationId, DeviceId, Event, Events, InvitationId,
    JoinProblem, MessageId, PageFrom, Private, Told,
};
use reqwest::{Method, StatusCode};

use super::document::Document;
use super::wire::Wire;
use super::{authorised, code, refused, served};
use crate::support::hosted::Hosted;

#[tokio::test]
async fn every_event_is_as_documented() {
    let (served, client, node) = served(Hosted::new(2)).await;
    let mut document = Document::fetch(&client, &served).await;
    let contact = node.ben.id.clone();
    let conversation = node.ben.conversation.clone();
    let invitation = InvitationId("01".into());
    let id = node.message(0);
    for event in [
        Event::Message {
            conversation: conversation.clone(),
            id: id.clone(),
            author: None,
        },
        Event::Messages {
            conversation: conversation.clone(),
            count: 3,
        },
        Event::Delivered {
            conversation: conversation.clone(),
            contact: contact.clone(),
            device: DeviceId("3f".repeat(8)),
            id,
            queued: 0,
        },
        Event::MessageChanged {
            conversation: conversation.clone(),
            id: node.message(1),
        },
        Event::Conversation { conversation },
        Event::Contact {
            contact: contact.clone(),
        },
        Event::Removed {
            contact: contact.clone(),
        },
        Event::Met {
            contact: contact.clone(),
            invitation: invitation.clone(),
        },
        Event::Joined {
            contact,
            invitation: invitation.clone(),
        },
        Event::JoinFailed {
            invitation: invitation.clone(),
            why: JoinProblem::NotTheInviter,
        },
        Event::Invitation { invitation },
        Event::Carrier {
            carrier: Carrier::Lan,
            state: CarrierCondition::NoDiscovery,
        },
        Event::Lock { locked: false },
        Event::Missed,
    ] {
        let position = "00000000000000ff-a1".into();
        let told = serde_json::to_value(Told { event, position }).unwrap();
        document.validate("/components/schemas/Told", &told);
    }
}

/// Turns a hang into a failure.
const HANG: Duration = Duration::from_secs(60);

/// The most events that wait for one listener (`docs/PROTOCOL.md` section 15).
const MAX_EVENTS: usize = 1_024;

/// With what each of these events weighs, far more than waits for one listener and lies in the buffers of its connection.
const MANY: u64 = 3_000;
const WEIGHT: usize = 16 << 10;

/// An event that tells which one it is, and is long.
fn numbered(number: u64) -> Event {
    Event::Messages {
        conversation: ConversationId("c".repeat(WEIGHT)),
        count: number,
    }
}

async fn next(events: &mut Events) -> Event {
    let next = tokio::time::timeout(HANG, events.next()).await;
    next.expect("it hangs").expect("the stream goes on")
}

#[tokio::test]
async fn a_listener_that_does_not_read_holds_up_nobody_and_learns_that_it_missed_events() {
    let (served, _, node) = served(Hosted::default()).await;
    let mut slow = served.remote().events().await.unwrap();
    let mut quick = served.remote().events().await.unwrap();
    for number in 0..MANY {
        node.tell(numbered(number));
        assert_eq!(next(&mut quick).await, numbered(number));
    }
    let asked = tokio::time::timeout(HANG, async { served.remote().me().await });
    asked.await.expect("it hangs").unwrap();

    let (mut before, mut after, mut missed) = (Vec::new(), Vec::new(), 0);
    while after.last() != Some(&(MANY - 1)) {
        match next(&mut slow).await {
            Event::Missed => missed += 1,
            Event::Messages { count, .. } if missed == 0 => before.push(count),
            Event::Messages { count, .. } => after.push(count),
            other => panic!("nobody told of {other:?}"),
        }
    }
    assert_eq!(missed, 1);
    assert!(before.iter().copied().eq(0..before.len() as u64));
    let first = MANY - after.len() as u64;
    assert!(after.iter().copied().eq(first..MANY));
    assert!(first > before.len() as u64, "nothing was missed");
    assert!(after.len() <= MAX_EVENTS, "{} events waited", after.len());
    // From now on it hears again what others hear.
    node.tell(numbered(MANY));
    assert_eq!(next(&mut slow).await, numbered(MANY));
}

/// The next message of which a stream tells.
async fn message(events: &mut Events) -> MessageId {
    loop {
        if let Event::Message { id, .. } = next(events).await {
            return id;
        }
    }
}

#[tokio::test]
async fn a_listener_that_comes_back_listens_first_then_looks_and_has_missed_nothing() {
    let (served, _, node) = served(Hosted::new(4)).await;
    let (remote, chat) = (served.remote(), node.ben.conversation.clone());
    let mut events = remote.events().await.unwrap();
    node.receive("seen");
    let seen = message(&mut events).await;
    drop(events);
    node.receive("while nobody listened");

    let mut events = remote.events().await.unwrap();
    node.receive("while it comes back");
    let after = PageFrom::After(seen);
    let page = remote.page(chat.clone(), after, 500).await.unwrap();
    let texts = page
        .messages
        .iter()
        .map(|one| &*one.text.as_ref().unwrap().0);
    assert!(texts.eq(["while nobody listened", "while it comes back"]));
    // What came in between stands in both, under one id.
    let between = message(&mut events).await;
    assert_eq!(between, page.messages[1].id);
    node.receive("when it is back");
    let after = PageFrom::After(between);
    let page = remote.page(chat, after, 500).await.unwrap();
    assert_eq!(page.messages.len(), 1);
    assert_eq!(message(&mut events).await, page.messages[0].id);
}

#[tokio::test]
async fn a_listener_whose_connection_is_cut_hears_each_change_of_older_messages_once() {
    let (served, _, node) = served(Hosted::new(4)).await;
    let wire = Wire::to(&served).await;
    let (remote, chat) = (served.remote(), node.ben.conversation.clone());
    let mut events = wire.remote().events().await.unwrap();
    node.tell(numbered(0));
    assert_eq!(next(&mut events).await, numbered(0));

    wire.cut().await;
    let (ours, theirs) = (node.message(0), node.message(1));
    let edited = Private("edited meanwhile".into());
    let (edits, reacts) = (ours.clone(), theirs.clone());
    remote.edit(chat.clone(), edits, edited).await.unwrap();
    remote
        .react(chat.clone(), reacts, Private("🌿".into()))
        .await
        .unwrap();
    remote
        .delete(chat.clone(), ours.clone(), true)
        .await
        .unwrap();
    wire.mend();
    let mut changed = Vec::new();
    while changed.len() < 3 {
        match next(&mut events).await {
            Event::MessageChanged { id, .. } => changed.push(id),
            Event::Missed => panic!("all of it is kept"),
            _ => {}
        }
    }
    assert_eq!(changed, [ours.clone(), theirs, ours]);
}

#[tokio::test]
async fn a_listener_that_is_cut_again_and_again_hears_every_event_once_and_in_order() {
    let (served, _, node) = served(Hosted::default()).await;
    let wire = Wire::to(&served).await;
    let mut events = wire.remote().events().await.unwrap();
    node.tell(numbered(0));
    assert_eq!(next(&mut events).await, numbered(0));
    let mut heard = 1;
    for round in 1..=40 {
        for number in heard..heard + 7 {
            node.tell(numbered(number));
        }
        // Some of these are heard before the cut, some lie in its buffers, and some wait.
        for number in heard..heard + round % 7 {
            assert_eq!(next(&mut events).await, numbered(number));
        }
        wire.cut().await;
        wire.mend();
        for number in heard + round % 7..heard + 7 {
            assert_eq!(next(&mut events).await, numbered(number));
        }
        heard += 7;
    }
}

#[tokio::test]
async fn a_listener_that_was_away_for_too_long_or_had_heard_nothing_learns_that_it_missed_events() {
    let (served, _, node) = served(Hosted::default()).await;
    let wire = Wire::to(&served).await;
    let mut events = wire.remote().events().await.unwrap();
    wire.cut().await;
    node.tell(numbered(0));
    wire.mend();
    assert_eq!(next(&mut events).await, Event::Missed);
    node.tell(numbered(1));
    assert_eq!(next(&mut events).await, numbered(1));

    wire.cut().await;
    let many = MAX_EVENTS as u64 + 2;
    for number in 2..=many {
        node.tell(numbered(number));
    }
    wire.mend();
    assert_eq!(next(&mut events).await, Event::Missed);
    for number in many + 1 - MAX_EVENTS as u64..=many {
        assert_eq!(next(&mut events).await, numbered(number));
    }
    // What was heard as missed has a position, too: nothing is told twice.
    wire.cut().await;
    node.tell(numbered(many + 1));
    wire.mend();
    assert_eq!(next(&mut events).await, numbered(many + 1));
}

#[tokio::test]
async fn a_stream_of_events_ends_with_its_node_and_a_bad_position_is_refused() {
    let (served, client, node) = served(Hosted::default()).await;
    let wire = Wire::to(&served).await;
    let mut events = wire.remote().events().await.unwrap();
    node.tell(numbered(0));
    node.feed.close();
    assert_eq!(next(&mut events).await, numbered(0));
    let end = tokio::time::timeout(HANG, events.next()).await;
    assert_eq!(end.expect("it hangs"), None);
    for after in ["", "7", "7-1-2", "..", "%00"] {
        let path = format!("/v1/events?after={after}");
        let opens = authorised(&client, &served, Method::GET, &path)
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let answer = code(opens.send().await.unwrap()).await;
        assert_eq!(
            answer,
            refused(StatusCode::BAD_REQUEST, "bad_cursor"),
            "{after}"
        );
    }
}

#[tokio::test]
async fn a_listener_whose_node_is_gone_ends() {
    let (served, ..) = served(Hosted::default()).await;
    let wire = Wire::to(&served).await;
    let mut events = wire.remote().events().await.unwrap();
    drop(served);
    wire.cut().await;
    wire.mend();
    let end = tokio::time::timeout(HANG, events.next()).await;
    assert_eq!(end.expect("it hangs"), None);
}
