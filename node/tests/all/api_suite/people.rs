//! Oneself, invitations, contacts.

use hedgerow_node::api::*;

use super::node::{Through, event, node, pair, text};
use crate::support::chats::Chats;

pub async fn one_says_who_one_is_and_changes_the_name(through: Through) {
    let ana = node("Ana", through).await;
    let me = ana.api.me().await.unwrap();
    assert_eq!((me.name.0.as_str(), me.id.0.len()), ("Ana", 32));
    let renamed = ana.api.set_name(text("Anna")).await.unwrap();
    assert_eq!(
        (renamed.name.0.as_str(), renamed.id == me.id),
        ("Anna", true)
    );
    let long = ana.api.set_name(text(&"n".repeat(65))).await;
    assert_eq!(
        long,
        Err(Refusal::TooLong {
            limit_bytes: 64,
            actual_bytes: 65
        })
    );
    assert_eq!(ana.api.me().await.unwrap().name.0, "Anna");
}

pub async fn a_contact_knows_ones_device_by_the_id_that_one_is_shown(through: Through) {
    let (ana, ben, to_ana, to_ben) = pair(through).await;
    for (one, other, contact) in [(&ana, &ben, to_ben), (&ben, &ana, to_ana)] {
        let devices = other.api.me().await.unwrap().devices;
        let recipients = one.api.chat_with(contact).await.unwrap().recipients;
        let known: Vec<DeviceId> = recipients.into_iter().map(|one| one.device).collect();
        assert_eq!((devices.len(), devices), (1, known));
    }
}

pub async fn an_invitation_is_listed_and_cancelled(through: Through) {
    let ana = node("Ana", through).await;
    assert_eq!(ana.api.invitations().await, Ok(Vec::new()));
    let new = NewInvitation::for_one(60, true);
    let made = ana.api.invite(new).await.unwrap();
    assert_eq!((made.state, made.in_person), (InvitationState::Open, true));
    assert!(made.link.as_ref().unwrap().0.starts_with("hedgerow:"));
    assert_eq!(ana.api.invitations().await, Ok(vec![made.clone()]));
    ana.api.cancel_invitation(made.id.clone()).await.unwrap();
    let listed = ana.api.invitations().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].state, &listed[0].link),
        (InvitationState::Cancelled, &None)
    );
}

pub async fn links_that_cannot_be_joined_are_refused(through: Through) {
    let ana = node("Ana", through).await;
    assert_eq!(
        ana.api.join(text("https://example.org").into()).await,
        Err(Refusal::BadLink)
    );
    assert_eq!(
        ana.api.join(text("hedgerow:AAAA").into()).await,
        Err(Refusal::BadLink)
    );
    let new = NewInvitation::for_one(60, false);
    let own = ana.api.invite(new).await.unwrap().link.unwrap();
    assert_eq!(ana.api.join(own.into()).await, Err(Refusal::OwnLink));
}

pub async fn two_meet_and_see_the_same_safety_words(through: Through) {
    let (ana, ben, to_ana, to_ben) = pair(through).await;
    let contact = ana.api.contact(to_ben.clone()).await.unwrap();
    assert_eq!((contact.name.0.as_str(), contact.verified), ("Ben", false));
    let listed = ana.api.contacts().await.unwrap();
    assert_eq!((listed.len(), &listed[0].id), (1, &to_ben));
    let (hers, his) = (
        ana.api.safety_words(to_ben.clone()).await,
        ben.api.safety_words(to_ana).await,
    );
    let words = hers.unwrap().words;
    assert_eq!((words.len(), &words), (12, &his.unwrap().words));
    assert!(ana.api.verify(to_ben.clone(), true).await.unwrap().verified);
    assert!(!ana.api.verify(to_ben, false).await.unwrap().verified);
}

pub async fn contacts_are_renamed_blocked_and_removed(through: Through) {
    let (ana, _ben, _, to_ben) = pair(through).await;
    let renamed = ana
        .api
        .rename(to_ben.clone(), text("Benjamin"))
        .await
        .unwrap();
    assert_eq!(
        (renamed.name.0.as_str(), renamed.own_name.0.as_str()),
        ("Benjamin", "Ben")
    );
    let renamed = ana.api.rename(to_ben.clone(), text("")).await.unwrap();
    assert_eq!(renamed.name.0, "Ben");
    assert!(ana.api.block(to_ben.clone(), true).await.unwrap().blocked);
    assert_eq!(
        ana.api.send_to(to_ben.clone(), text("hello")).await,
        Err(Refusal::Blocked)
    );
    assert!(!ana.api.block(to_ben.clone(), false).await.unwrap().blocked);
    ana.api
        .send_to(to_ben.clone(), text("hello"))
        .await
        .unwrap();
    let chat = ana.api.chat_with(to_ben.clone()).await.unwrap().id;
    let mut events = ana.api.events().await.unwrap();
    ana.api.remove(to_ben.clone()).await.unwrap();
    event(&mut events, |event| {
        (event
            == Event::Removed {
                contact: to_ben.clone(),
            })
        .then_some(())
    })
    .await;
    assert_eq!(ana.api.contacts().await, Ok(Vec::new()));
    let page = ana.api.page(chat.clone(), PageFrom::Newest, 1).await;
    assert_eq!(page, Err(Refusal::NoSuchConversation));
    assert_eq!(ana.api.conversations().await, Ok(Vec::new()));
}

pub async fn unknown_names_are_refused_each_with_its_code(through: Through) {
    let (ana, _ben, _, to_ben) = pair(through).await;
    let nobody = ContactId("00".repeat(16));
    let no_contact = Some(Refusal::NoSuchContact);
    let api = &*ana.api;
    assert_eq!(api.contact(nobody.clone()).await.err(), no_contact);
    assert_eq!(api.safety_words(nobody.clone()).await.err(), no_contact);
    assert_eq!(api.verify(nobody.clone(), true).await.err(), no_contact);
    assert_eq!(
        api.rename(nobody.clone(), text("x")).await.err(),
        no_contact
    );
    assert_eq!(api.block(nobody.clone(), true).await.err(), no_contact);
    assert_eq!(api.remove(nobody.clone()).await.err(), no_contact);
    assert_eq!(api.carry_out(nobody.clone(), None).await.err(), no_contact);
    let no_conversation = Some(Refusal::NoSuchConversation);
    // What calls a person calls no conversation, whatever it looks like.
    for nowhere in [&nobody.0, &to_ben.0, "../me", ""] {
        let nowhere = ConversationId(nowhere.to_owned());
        let missing = api.conversation(nowhere.clone()).await;
        assert_eq!(missing.err(), no_conversation);
        let missing = api.page(nowhere.clone(), PageFrom::Newest, 1).await;
        assert_eq!(missing.err(), no_conversation);
        let missing = api.send(nowhere.clone(), NewMessage::text("x")).await;
        assert_eq!(missing.err(), no_conversation);
        let missing = api.set_draft(nowhere, Draft::text("x")).await;
        assert_eq!(missing.err(), no_conversation);
    }
    assert_eq!(
        api.contact(ContactId("../me".into())).await.err(),
        no_contact
    );
    for missing in [
        format!("{}-{:016x}-9", "ab".repeat(16), 7),
        "nonsense".into(),
    ] {
        let missing = MessageId(missing);
        let no_message = Some(Refusal::NoSuchMessage);
        assert_eq!(
            api.message_with(to_ben.clone(), missing.clone())
                .await
                .err(),
            no_message
        );
        assert_eq!(
            api.mark_read_of(to_ben.clone(), missing).await.err(),
            no_message
        );
    }
    let missing = InvitationId("0123456789abcdef".into());
    let no_invitation = Err(Refusal::NoSuchInvitation);
    assert_eq!(api.cancel_invitation(missing.clone()).await, no_invitation);
    assert_eq!(api.cancel_join(missing).await, no_invitation);
    assert_eq!(
        api.switch_carrier(Carrier::Ble, true).await,
        Err(Refusal::NoSuchCarrier)
    );
    assert_eq!(
        api.take_parcel(b"garbage".to_vec()).await,
        Err(Refusal::BadParcel)
    );
}
