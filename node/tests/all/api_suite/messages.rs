//! Texts, pages, drafts, what was read.

use hedgerow_node::api::*;

use super::node::{Through, delivered, event, pair, passphrase, text};
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
