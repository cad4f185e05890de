//! Every event is as the document says, a listener that is slow learns that it missed some, and one that comes back finds
//! what it missed.

use std::time::Duration;

use futures_util::StreamExt;
use hedgerow_node::api::{
    Api, Carrier, CarrierCondition, ConversationId, DeviceId, Event, Events, InvitationId,
    JoinProblem, MessageId, PageFrom,
};

use super::document::Document;
use super::served;
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
        document.validate(
            "/components/schemas/Event",
            &serde_json::to_value(event).unwrap(),
        );
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
