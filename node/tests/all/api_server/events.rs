//! Every event is as the document says.

use hedgerow_node::api::{Carrier, CarrierCondition, DeviceId, Event, InvitationId, JoinProblem};

use super::document::Document;
use super::served;
use crate::support::hosted::Hosted;

#[tokio::test]
async fn every_event_is_as_documented() {
    let (served, client, node) = served(Hosted::new(2)).await;
    let document = Document::fetch(&client, &served).await;
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
