//! Texts, pages, drafts, what was read, parcels.

use std::io::ErrorKind;

use hedgerow_node::api::*;
use hedgerow_node::carry::{self, Fault};

use super::node::{Node, Through, delivered, event, off_the_air, pair, passphrase, text};
use crate::support::chats::Chats;

pub async fn what_is_written_is_read_at_the_other_end_and_ticked(through: Through) {
    let (ana, ben, to_ana, to_ben) = pair(through).await;
    let (mut at_ana, mut at_ben) = (
        ana.api.events().await.unwrap(),
        ben.api.events().await.unwrap(),
    );
    let written = "Grüße, 你好 👋\u{1f3fd}\nשלום";
    let id = ana
        .api
        .send_to(to_ben.clone(), text(written))
        .await
        .unwrap();
    let chat = ben.api.chat_with(to_ana.clone()).await.unwrap().id;
    let came = event(&mut at_ben, |event| match event {
        Event::Message {
            conversation,
            id,
            author,
        } if conversation == chat && author.as_ref() == Some(&to_ana) => Some(id),
        _ => None,
    });
    assert_eq!(came.await, id);
    let read = ben
        .api
        .message_with(to_ana.clone(), id.clone())
        .await
        .unwrap();
    assert_eq!(
        (read.text.unwrap().0.as_str(), read.author),
        (written, Some(to_ana))
    );
    delivered(&*ana.api, &to_ben, &mut at_ana).await;
    let page = ana
        .api
        .page_with(to_ben.clone(), PageFrom::Newest, 50)
        .await
        .unwrap();
    let message = page.messages.last().unwrap();
    assert_eq!(
        (&message.id, message.is_delivered(), message.why()),
        (&id, true, None)
    );
}

pub async fn texts_outside_the_limits_are_refused(through: Through) {
    let (ana, _ben, _, to_ben) = pair(through).await;
    assert_eq!(
        ana.api.send_to(to_ben.clone(), text("")).await,
        Err(Refusal::Empty)
    );
    let longer = "x".repeat(65_537);
    let refused = Refusal::TooLong {
        limit_bytes: 65_536,
        actual_bytes: 65_537,
    };
    assert_eq!(
        ana.api.send_to(to_ben.clone(), Private(longer)).await,
        Err(refused)
    );
    let longest = "\u{1}".repeat(65_536);
    let id = ana
        .api
        .send_to(to_ben.clone(), text(&longest))
        .await
        .unwrap();
    let message = ana
        .api
        .message_with(to_ben.clone(), id.clone())
        .await
        .unwrap();
    assert_eq!(message.text, Some(Private(longest)));
}

pub async fn a_conversation_is_read_from_any_place(through: Through) {
    let (ana, _ben, _, to_ben) = pair(through).await;
    let mut ids = Vec::new();
    for number in 0..30 {
        ids.push(
            ana.api
                .send_to(to_ben.clone(), text(&format!("line {number}")))
                .await
                .unwrap(),
        );
    }
    let page = |from, limit| {
        let (api, to_ben) = (ana.api.clone(), to_ben.clone());
        async move {
            let page = api.page_with(to_ben.clone(), from, limit).await.unwrap();
            assert_eq!(page.total, 30);
            let places = page
                .messages
                .iter()
                .map(|one| (one.position, one.id.clone()));
            places.collect::<Vec<_>>()
        }
    };
    let slice = |start: usize, end: usize| -> Vec<_> {
        (start..end)
            .map(|place| (place as u64, ids[place].clone()))
            .collect()
    };
    assert_eq!(page(PageFrom::Newest, 7).await, slice(23, 30));
    assert_eq!(page(PageFrom::Oldest, 7).await, slice(0, 7));
    assert_eq!(
        page(PageFrom::Before(ids[23].clone()), 7).await,
        slice(16, 23)
    );
    assert_eq!(page(PageFrom::After(ids[6].clone()), 7).await, slice(7, 14));
    assert_eq!(page(PageFrom::After(ids[29].clone()), 7).await, []);
    assert_eq!(page(PageFrom::Before(ids[0].clone()), 7).await, []);
    assert_eq!(page(PageFrom::Position(28), 7).await, slice(28, 30));
    assert_eq!(page(PageFrom::Position(99), 7).await, []);
    assert_eq!(page(PageFrom::Date(0), 7).await, slice(0, 7));
    assert_eq!(page(PageFrom::Newest, MAX_PAGE).await, slice(0, 30));
    for limit in [0, MAX_PAGE + 1] {
        let refused = ana
            .api
            .page_with(to_ben.clone(), PageFrom::Newest, limit)
            .await;
        assert!(
            matches!(refused, Err(Refusal::BadRequest { .. })),
            "{limit}"
        );
    }
}

pub async fn what_was_read_stays_read(through: Through) {
    let (ana, ben, to_ana, to_ben) = pair(through).await;
    let mut at_ana = ana.api.events().await.unwrap();
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(
            ana.api
                .send_to(to_ben.clone(), text(&format!("line {number}")))
                .await
                .unwrap(),
        );
    }
    delivered(&*ana.api, &to_ben, &mut at_ana).await;
    let unread = ben
        .api
        .page_with(to_ana.clone(), PageFrom::FirstUnread, 50)
        .await
        .unwrap();
    assert_eq!((unread.messages.len(), unread.unread), (5, 5));
    ben.api
        .mark_read_of(to_ana.clone(), ids[2].clone())
        .await
        .unwrap();
    let unread = ben
        .api
        .page_with(to_ana.clone(), PageFrom::FirstUnread, 50)
        .await
        .unwrap();
    let left: Vec<_> = unread
        .messages
        .into_iter()
        .map(|message| message.id)
        .collect();
    assert_eq!((left.as_slice(), unread.unread), (&ids[3..], 2));
    ben.api
        .mark_read_of(to_ana.clone(), ids[0].clone())
        .await
        .unwrap();
    assert_eq!(ben.api.chat_with(to_ana).await.unwrap().unread, 2);
}

pub async fn a_draft_stays_in_its_conversation_until_it_is_emptied_or_the_contact_removed(
    through: Through,
) {
    let (ana, _ben, _, to_ben) = pair(through).await;
    let api = &*ana.api;
    let kept = async || api.chat_with(to_ben.clone()).await.unwrap().draft;
    assert_eq!(kept().await, None);
    api.draft_to(to_ben.clone(), text("Dear B")).await.unwrap();
    api.draft_to(to_ben.clone(), text("Dear Ben,\nשלום"))
        .await
        .unwrap();
    assert_eq!(kept().await, Some(Draft::text("Dear Ben,\nשלום")));
    let longer = api.draft_to(to_ben.clone(), text(&"x".repeat(65_537)));
    assert!(matches!(longer.await, Err(Refusal::TooLong { .. })));

    api.lock().await.unwrap();
    let locked = api.draft_to(to_ben.clone(), text("no")).await;
    assert_eq!(locked, Err(Refusal::Locked));
    api.unlock(passphrase("quiet hedge")).await.unwrap();
    assert_eq!(api.conversations().await.unwrap()[0].draft, kept().await);
    assert_eq!(kept().await, Some(Draft::text("Dear Ben,\nשלום")));

    api.draft_to(to_ben.clone(), text("")).await.unwrap();
    assert_eq!(kept().await, None);
    api.draft_to(to_ben.clone(), text("gone with you"))
        .await
        .unwrap();
    let chat = api.contact(to_ben.clone()).await.unwrap().conversation;
    api.remove(to_ben).await.unwrap();
    let nowhere = api.set_draft(chat, Draft::text("x")).await;
    assert_eq!(nowhere, Err(Refusal::NoSuchConversation));
}

/// Two who have met and are not near each other any longer.
async fn apart(through: Through) -> (Node, Node, ContactId, ContactId) {
    let (ana, ben, to_ana, to_ben) = pair(through).await;
    let mut at_ana = ana.api.events().await.unwrap();
    // Prekeys travel in sessions: once something is delivered they have too.
    ana.api
        .send_to(to_ben.clone(), text("by network"))
        .await
        .unwrap();
    delivered(&*ana.api, &to_ben, &mut at_ana).await;
    for node in [&ana, &ben] {
        off_the_air(&*node.api).await;
    }
    (ana, ben, to_ana, to_ben)
}

pub async fn a_stick_serves_all_who_find_their_files_on_it(through: Through) {
    let (ana, ben, to_ana, to_ben) = apart(through).await;
    let stick = tempfile::tempdir().unwrap();
    let stick = stick.path();
    assert!(carry::awaiting(&*ana.api).await.unwrap().is_empty());
    ana.api
        .send_to(to_ben.clone(), text("by hand"))
        .await
        .unwrap();
    let awaiting = carry::awaiting(&*ana.api).await.unwrap();
    assert_eq!(awaiting.len(), 1);
    let (to_ben_file, _) = carry::export_within(&*ana.api, &awaiting[0].id, stick)
        .await
        .unwrap();
    let name = to_ben_file.file_name().unwrap().to_string_lossy();
    assert!(
        !name.contains("Ben") && !name.contains(&to_ben.0[..6]),
        "{name}"
    );
    carry::export_within(&*ben.api, &to_ana, stick)
        .await
        .unwrap();
    std::fs::write(stick.join("holiday.txt"), "a file of somebody").unwrap();
    let mut damaged = std::fs::read(&to_ben_file).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(stick.join("damaged"), damaged).unwrap();

    let found = carry::import_within(&*ben.api, stick).await.unwrap();
    assert_eq!(found.imported.len(), 1);
    assert_eq!(found.imported[0].messages, 1);
    assert_eq!((found.known, found.others), (0, 1), "his own is for her");
    assert_eq!(found.damaged, [stick.join("damaged")]);
    let again = carry::import_within(&*ben.api, stick).await.unwrap();
    // The damaged one is known by its tag now.
    assert_eq!((again.imported.len(), again.known), (0, 2));

    // Nothing that is there is ever written over.
    let taken = carry::export(&*ana.api, &to_ben, &to_ben_file).await;
    let Err(Fault::File(path, error)) = taken else {
        panic!("it was written over");
    };
    assert_eq!(
        (path, error.kind()),
        (to_ben_file, ErrorKind::AlreadyExists)
    );
}

pub async fn a_parcel_carries_what_the_network_does_not(through: Through) {
    let (ana, ben, to_ana, to_ben) = apart(through).await;
    let id = ana
        .api
        .send_to(to_ben.clone(), text("by hand"))
        .await
        .unwrap();
    let message = ana
        .api
        .message_with(to_ben.clone(), id.clone())
        .await
        .unwrap();
    assert_eq!(
        (message.is_delivered(), message.why()),
        (false, Some(Why::NoCarrier))
    );

    let parcel = ana.api.carry_export(to_ben.clone()).await.unwrap();
    let imported = ben.api.carry_import(parcel.clone()).await.unwrap();
    assert_eq!((&imported.contact, imported.messages), (&to_ana, 1));
    assert_eq!(
        ben.api
            .message_with(to_ana.clone(), id.clone())
            .await
            .unwrap()
            .text,
        Some(text("by hand"))
    );
    assert_eq!(
        ben.api.carry_import(parcel.clone()).await,
        Err(Refusal::ParcelKnown)
    );
    assert_eq!(
        ana.api.carry_import(parcel).await,
        Err(Refusal::ParcelNotForUs)
    );

    let back = ben.api.carry_export(to_ana).await.unwrap();
    let imported = ana.api.carry_import(back).await.unwrap();
    assert_eq!((imported.messages, imported.acknowledged), (0, 1));
    assert!(
        ana.api
            .message_with(to_ben.clone(), id.clone())
            .await
            .unwrap()
            .is_delivered()
    );
}
