//! One suite for both implementations of the API: in process, and over loopback. Each test runs two
//! real nodes with encrypted stores that meet over the LAN carrier on loopback.

use std::sync::Arc;
use std::time::Duration;

use crate::support::chats::Chats;
use crate::support::{Served, serve};
use futures_util::StreamExt;
use hedgerow_node::api::*;
use hedgerow_node::directory::Hashing;
use hedgerow_node::host::{Departure, HostOptions, Local};
use hedgerow_node::runtime::{NodeOptions, OnAir};
use hedgerow_transport::invitation::Invitation as Link;
use tempfile::TempDir;

/// Long enough for anything that happens on a loaded machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(30);

/// A node, seen through one implementation.
struct Node {
    api: Arc<dyn Api>,
    local: Local,
    directory: TempDir,
    _served: Option<Served>,
}

#[derive(Clone, Copy, PartialEq)]
enum Through {
    Local,
    Remote,
}

fn options() -> HostOptions {
    HostOptions {
        node: NodeOptions {
            on_air: OnAir::Loopback,
            record_to: None,
        },
        hashing: Hashing::hazmat_fast_for_tests(),
    }
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

async fn node(name: &str, through: Through) -> Node {
    let directory = tempfile::tempdir().unwrap();
    let local = Local::own(directory.path(), options()).unwrap();
    local
        .create(passphrase("quiet hedge"), name.to_owned())
        .await
        .unwrap();
    let (api, served): (Arc<dyn Api>, _) = match through {
        Through::Local => (Arc::new(local.clone()), None),
        Through::Remote => {
            let served = serve(Arc::new(local.clone())).await;
            (Arc::new(served.remote()), Some(served))
        }
    };
    Node {
        api,
        local,
        directory,
        _served: served,
    }
}

/// The first event that `wanted` wants.
async fn event<T>(events: &mut Events, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    let found = async {
        loop {
            let event = events.next().await.expect("the node has gone");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, found)
        .await
        .expect("it never happened")
}

/// Two nodes that have met, and each other's ids.
async fn pair(through: Through) -> (Node, Node, ContactId, ContactId) {
    let (ana, ben) = (node("Ana", through).await, node("Ben", through).await);
    let (mut met, mut joined) = (
        ana.api.events().await.unwrap(),
        ben.api.events().await.unwrap(),
    );
    let new = NewInvitation {
        valid_for_s: 3_600,
        in_person: false,
    };
    let invitation = ana.api.invite(new).await.unwrap();
    let join = ben
        .api
        .join(invitation.link.clone().unwrap().into())
        .await
        .unwrap();
    let to_ana = event(&mut joined, |event| match event {
        Event::Joined {
            contact,
            invitation,
        } if invitation == join => Some(contact),
        _ => None,
    });
    let to_ana = to_ana.await;
    let to_ben = event(&mut met, |event| match event {
        Event::Met {
            contact,
            invitation: id,
        } if id == invitation.id => Some(contact),
        _ => None,
    });
    let to_ben = to_ben.await;
    (ana, ben, to_ana, to_ben)
}

/// Switches the carrier off, and waits until no session is left.
async fn off_the_air(api: &dyn Api) {
    let mut events = api.events().await.unwrap();
    api.switch_carrier(Carrier::Lan, false).await.unwrap();
    while api.status().await.unwrap().open.unwrap().carriers[0].sessions > 0 {
        let _ = tokio::time::timeout(Duration::from_millis(20), events.next()).await;
    }
}

async fn delivered(api: &dyn Api, to: &ContactId, events: &mut Events) {
    while api.chat_with(to.clone()).await.unwrap().queued > 0 {
        event(events, |event| {
            matches!(event, Event::Delivered { .. }).then_some(())
        })
        .await;
    }
}

fn text(text: &str) -> Private {
    Private(text.to_owned())
}

macro_rules! under_both_implementations {
    ($($test:ident),* $(,)?) => {
        mod in_process {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(super::Through::Local).await;
            }
        )*}
        mod over_loopback {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(super::Through::Remote).await;
            }
        )*}
    };
}

under_both_implementations!(
    one_says_who_one_is_and_changes_the_name,
    an_invitation_is_listed_and_cancelled,
    links_that_cannot_be_joined_are_refused,
    two_meet_and_see_the_same_safety_words,
    what_is_written_is_read_at_the_other_end_and_ticked,
    texts_outside_the_limits_are_refused,
    a_conversation_is_read_from_any_place,
    what_was_read_stays_read,
    contacts_are_renamed_blocked_and_removed,
    a_draft_stays_in_its_conversation_until_it_is_emptied_or_the_contact_removed,
    unknown_names_are_refused_each_with_its_code,
    a_locked_node_answers_status_and_unlock_alone,
    the_passphrase_is_checked_while_the_node_stays_on_the_air,
    the_passphrase_changes_and_the_old_one_is_wrong,
    a_parcel_carries_what_the_network_does_not,
    a_carrier_is_known_from_the_first_call_on_and_an_invitation_waits_for_its_addresses,
    a_carrier_is_switched_off_and_on,
    each_carrier_says_how_it_stands_with_a_contact,
    announcing_is_switched_off_and_on_and_stays_so_over_a_restart,
    how_the_radio_is_used_is_kept_over_a_restart,
    relays_are_added_and_removed_and_stay_over_a_restart,
    how_relays_are_reached_stays_over_a_restart,
    the_store_is_rewritten_at_once_on_request_and_what_is_in_it_stays,
    a_stopped_node_refuses_and_releases_its_directory,
    a_handover_says_who_took_over,
    a_wiped_directory_holds_nothing_and_can_be_used_again,
);

async fn each_carrier_says_how_it_stands_with_a_contact(through: Through) {
    let (ana, _ben, _, to_ben) = pair(through).await;
    off_the_air(&*ana.api).await;
    let ways = ana.api.ways(to_ben).await.unwrap();
    let lan = ways.iter().find(|way| way.carrier == Carrier::Lan);
    assert_eq!(lan.unwrap().state, WayState::Off);
    assert_eq!(ways.last().unwrap().carrier, Carrier::File);
    let nobody = ContactId("00".repeat(16));
    assert_eq!(ana.api.ways(nobody).await, Err(Refusal::NoSuchContact));
}

async fn one_says_who_one_is_and_changes_the_name(through: Through) {
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

async fn an_invitation_is_listed_and_cancelled(through: Through) {
    let ana = node("Ana", through).await;
    assert_eq!(ana.api.invitations().await, Ok(Vec::new()));
    let new = NewInvitation {
        valid_for_s: 60,
        in_person: true,
    };
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

async fn links_that_cannot_be_joined_are_refused(through: Through) {
    let ana = node("Ana", through).await;
    assert_eq!(
        ana.api.join(text("https://example.org").into()).await,
        Err(Refusal::BadLink)
    );
    assert_eq!(
        ana.api.join(text("hedgerow:AAAA").into()).await,
        Err(Refusal::BadLink)
    );
    let new = NewInvitation {
        valid_for_s: 60,
        in_person: false,
    };
    let own = ana.api.invite(new).await.unwrap().link.unwrap();
    assert_eq!(ana.api.join(own.into()).await, Err(Refusal::OwnLink));
}

async fn two_meet_and_see_the_same_safety_words(through: Through) {
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

async fn what_is_written_is_read_at_the_other_end_and_ticked(through: Through) {
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

async fn texts_outside_the_limits_are_refused(through: Through) {
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

async fn a_conversation_is_read_from_any_place(through: Through) {
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

async fn what_was_read_stays_read(through: Through) {
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

async fn contacts_are_renamed_blocked_and_removed(through: Through) {
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

async fn a_draft_stays_in_its_conversation_until_it_is_emptied_or_the_contact_removed(
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
    assert_eq!(kept().await, Some(text("Dear Ben,\nשלום")));
    let longer = api.draft_to(to_ben.clone(), text(&"x".repeat(65_537)));
    assert!(matches!(longer.await, Err(Refusal::TooLong { .. })));

    api.lock().await.unwrap();
    let locked = api.draft_to(to_ben.clone(), text("no")).await;
    assert_eq!(locked, Err(Refusal::Locked));
    api.unlock(passphrase("quiet hedge")).await.unwrap();
    assert_eq!(api.conversations().await.unwrap()[0].draft, kept().await);
    assert_eq!(kept().await, Some(text("Dear Ben,\nשלום")));

    api.draft_to(to_ben.clone(), text("")).await.unwrap();
    assert_eq!(kept().await, None);
    api.draft_to(to_ben.clone(), text("gone with you"))
        .await
        .unwrap();
    let chat = api.contact(to_ben.clone()).await.unwrap().conversation;
    api.remove(to_ben).await.unwrap();
    let nowhere = api.set_draft(chat, text("x")).await;
    assert_eq!(nowhere, Err(Refusal::NoSuchConversation));
}

async fn unknown_names_are_refused_each_with_its_code(through: Through) {
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
    assert_eq!(api.carry_export(nobody.clone()).await.err(), no_contact);
    let no_conversation = Some(Refusal::NoSuchConversation);
    // What calls a person calls no conversation, whatever it looks like.
    for nowhere in [&nobody.0, &to_ben.0, "../me", ""] {
        let nowhere = ConversationId(nowhere.to_owned());
        let missing = api.conversation(nowhere.clone()).await;
        assert_eq!(missing.err(), no_conversation);
        let missing = api.page(nowhere.clone(), PageFrom::Newest, 1).await;
        assert_eq!(missing.err(), no_conversation);
        let missing = api.send(nowhere.clone(), text("x")).await;
        assert_eq!(missing.err(), no_conversation);
        let missing = api.set_draft(nowhere, text("x")).await;
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
        api.carry_import(b"garbage".to_vec()).await,
        Err(Refusal::BadParcel)
    );
}

async fn a_locked_node_answers_status_and_unlock_alone(through: Through) {
    let (ana, _ben, _, to_ben) = pair(through).await;
    let api = &*ana.api;
    let id = api.send_to(to_ben.clone(), text("before")).await.unwrap();
    let right = || passphrase("quiet hedge");
    assert_eq!(api.unlock(right()).await, Err(Refusal::NotLocked));
    let mut events = api.events().await.unwrap();
    api.lock().await.unwrap();
    event(&mut events, |event| {
        (event == Event::Lock { locked: true }).then_some(())
    })
    .await;

    let status = api.status().await.unwrap();
    assert_eq!((status.locked, status.open), (true, None));
    assert_eq!(api.me().await.err(), Some(Refusal::Locked));
    assert_eq!(
        api.send_to(to_ben.clone(), text("no")).await.err(),
        Some(Refusal::Locked)
    );
    assert_eq!(
        api.page_with(to_ben.clone(), PageFrom::Newest, 1)
            .await
            .err(),
        Some(Refusal::Locked)
    );
    assert_eq!(
        api.message_with(to_ben.clone(), id.clone()).await.err(),
        Some(Refusal::Locked)
    );
    api.lock().await.unwrap();

    assert_eq!(
        api.unlock(passphrase("loud hedge")).await,
        Err(Refusal::WrongPassphrase)
    );
    assert!(api.status().await.unwrap().locked);
    api.unlock(right()).await.unwrap();
    event(&mut events, |event| {
        (event == Event::Lock { locked: false }).then_some(())
    })
    .await;
    let message = api.message_with(to_ben.clone(), id.clone()).await.unwrap();
    assert_eq!(message.text, Some(text("before")));
}

async fn the_passphrase_is_checked_while_the_node_stays_on_the_air(through: Through) {
    let ana = node("Ana", through).await;
    let api = &*ana.api;
    assert_eq!(
        api.check_passphrase(passphrase("quiet hedge")).await,
        Ok(())
    );
    let wrong = api.check_passphrase(passphrase("loud hedge")).await;
    assert_eq!(wrong, Err(Refusal::WrongPassphrase));
    assert_eq!(api.me().await.unwrap().name.0, "Ana");
    api.lock().await.unwrap();
    let locked = api.check_passphrase(passphrase("quiet hedge")).await;
    assert_eq!(locked, Err(Refusal::Locked));
}

async fn the_passphrase_changes_and_the_old_one_is_wrong(through: Through) {
    let ana = node("Ana", through).await;
    let api = &*ana.api;
    let change = |old: &str, new: &str| api.change_passphrase(passphrase(old), passphrase(new));
    assert_eq!(
        change("loud hedge", "new").await,
        Err(Refusal::WrongPassphrase)
    );
    assert_eq!(change("quiet hedge", "").await, Err(Refusal::Empty));
    change("quiet hedge", "green hedge").await.unwrap();
    assert_eq!(api.me().await.unwrap().name.0, "Ana");
    api.lock().await.unwrap();
    assert_eq!(
        api.unlock(passphrase("quiet hedge")).await,
        Err(Refusal::WrongPassphrase)
    );
    api.unlock(passphrase("green hedge")).await.unwrap();
}

async fn a_parcel_carries_what_the_network_does_not(through: Through) {
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

async fn a_carrier_is_known_from_the_first_call_on_and_an_invitation_waits_for_its_addresses(
    through: Through,
) {
    let ana = node("Ana", through).await;
    for _ in 0..3 {
        ana.api.lock().await.unwrap();
        ana.api.unlock(passphrase("quiet hedge")).await.unwrap();
        ana.api.switch_carrier(Carrier::Lan, true).await.unwrap();
        let new = NewInvitation {
            valid_for_s: 60,
            in_person: true,
        };
        let link = ana.api.invite(new).await.unwrap().link.unwrap();
        let invitation = Link::parse(&link.0).unwrap();
        assert!(!invitation.addresses.is_empty());
    }
}

async fn a_carrier_is_switched_off_and_on(through: Through) {
    let ana = node("Ana", through).await;
    let mut events = ana.api.events().await.unwrap();
    for (on, state) in [(false, CarrierCondition::Off), (true, CarrierCondition::On)] {
        ana.api.switch_carrier(Carrier::Lan, on).await.unwrap();
        let changed = Event::Carrier {
            carrier: Carrier::Lan,
            state,
        };
        event(&mut events, |event| (event == changed).then_some(())).await;
        let status = ana.api.status().await.unwrap().open.unwrap();
        assert_eq!(status.carriers[0].state, state);
    }
}

async fn announcing_is_switched_off_and_on_and_stays_so_over_a_restart(through: Through) {
    let ana = node("Ana", through).await;
    let status = async || ana.api.status().await.unwrap().open.unwrap().carriers[0].clone();
    for announcing in [false, true] {
        ana.api
            .announce_over(Carrier::Lan, announcing)
            .await
            .unwrap();
        assert_eq!(status().await.announcing, announcing);
        ana.api.lock().await.unwrap();
        ana.api.unlock(passphrase("quiet hedge")).await.unwrap();
        assert_eq!(status().await.announcing, announcing);
    }
    assert_eq!(
        ana.api.announce_over(Carrier::Relay, true).await,
        Err(Refusal::NoSuchCarrier)
    );
}

async fn how_the_radio_is_used_is_kept_over_a_restart(through: Through) {
    let ana = node("Ana", through).await;
    let used = async || ana.api.status().await.unwrap().open.unwrap().radio;
    assert_eq!(used().await, Radio::default());
    let radio = Radio {
        power: Power::Saver,
        show_address: true,
    };
    ana.api.set_radio(radio).await.unwrap();
    assert_eq!(used().await, radio);
    ana.api.lock().await.unwrap();
    ana.api.unlock(passphrase("quiet hedge")).await.unwrap();
    assert_eq!(used().await, radio);
}

async fn relays_are_added_and_removed_and_stay_over_a_restart(through: Through) {
    let ana = node("Ana", through).await;
    let relays = async || -> Vec<String> {
        let open = ana.api.status().await.unwrap().open.unwrap();
        open.relays
            .into_iter()
            .map(|relay| relay.address.0)
            .collect()
    };
    assert!(relays().await.is_empty());
    // Nobody is there: that is not known when it is added.
    let name = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
    let place = |port: u16| Private(format!("/ip4/127.0.0.1/tcp/{port}/p2p/{name}"));
    for wrong in [
        "",
        "relay.example.org",
        "/ip4/127.0.0.1/tcp/1",
        "/memory/1/p2p/x",
    ] {
        let refused = ana.api.add_relay(text(wrong)).await;
        assert_eq!(refused, Err(Refusal::BadRelay), "{wrong}");
    }
    assert_eq!(
        ana.api.remove_relay(place(1)).await,
        Err(Refusal::NoSuchRelay)
    );
    for port in [1, 2, 1] {
        ana.api.add_relay(place(port)).await.unwrap();
    }
    ana.api.lock().await.unwrap();
    ana.api.unlock(passphrase("quiet hedge")).await.unwrap();
    assert_eq!(relays().await, [place(1).0, place(2).0]);
    for port in 3..9 {
        ana.api.add_relay(place(port)).await.unwrap();
    }
    let refused = ana.api.add_relay(place(9)).await;
    assert_eq!(refused, Err(Refusal::TooManyRelays { limit: 8 }));
    for port in 1..9 {
        ana.api.remove_relay(place(port)).await.unwrap();
    }
    assert!(relays().await.is_empty());
}

async fn how_relays_are_reached_stays_over_a_restart(through: Through) {
    let ana = node("Ana", through).await;
    let paths = async || ana.api.status().await.unwrap().open.unwrap().relay_paths;
    let proxied = |proxy| RelayPaths::Proxied { proxy: text(proxy) };
    assert_eq!(paths().await, RelayPaths::Direct);
    // Names are not taken: whoever looked them up would learn that there is a proxy, and which.
    for wrong in ["", "127.0.0.1", "localhost:9050", "socks5://127.0.0.1:9050"] {
        let refused = ana.api.set_relay_paths(proxied(wrong)).await;
        assert_eq!(refused, Err(Refusal::BadProxy), "{wrong}");
    }
    assert_eq!(paths().await, RelayPaths::Direct);
    for wanted in [
        RelayPaths::Relayed,
        proxied("127.0.0.1:9050"),
        proxied("[::1]:9050"),
        RelayPaths::Direct,
    ] {
        ana.api.set_relay_paths(wanted.clone()).await.unwrap();
        ana.api.lock().await.unwrap();
        ana.api.unlock(passphrase("quiet hedge")).await.unwrap();
        assert_eq!(paths().await, wanted);
    }
}

/// The names of the store files in a node's directory.
fn stores(node: &Node) -> Vec<std::ffi::OsString> {
    let names = std::fs::read_dir(node.directory.path()).unwrap();
    names
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with("store-"))
        .collect()
}

async fn the_store_is_rewritten_at_once_on_request_and_what_is_in_it_stays(through: Through) {
    let (ana, _ben, _, to_ben) = pair(through).await;
    let kept = ana.api.send_to(to_ben.clone(), text("kept")).await.unwrap();
    let before = stores(&ana);
    ana.api.erase().await.unwrap();
    let after = stores(&ana);
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before, after, "another file under another key");
    let message = ana
        .api
        .message_with(to_ben.clone(), kept.clone())
        .await
        .unwrap();
    assert_eq!(message.text, Some(text("kept")));

    // It goes on with the new file: what is written from now on is there after the next unlock.
    let later = ana
        .api
        .send_to(to_ben.clone(), text("later"))
        .await
        .unwrap();
    ana.api.lock().await.unwrap();
    assert_eq!(ana.api.erase().await, Err(Refusal::Locked));
    ana.api.unlock(passphrase("quiet hedge")).await.unwrap();
    let message = ana
        .api
        .message_with(to_ben.clone(), later.clone())
        .await
        .unwrap();
    assert_eq!(message.text, Some(text("later")));
    assert_eq!(stores(&ana), after);
}

async fn a_stopped_node_refuses_and_releases_its_directory(through: Through) {
    let ana = node("Ana", through).await;
    assert_eq!(
        Local::own(ana.directory.path(), options()).err(),
        Some(Refusal::Owned)
    );
    ana.api.stop().await.unwrap();
    assert_eq!(ana.local.departed().await, Departure::Stopped);
    assert_eq!(ana.api.me().await.err(), Some(Refusal::Stopping));
    assert_eq!(ana.api.status().await.err(), Some(Refusal::Stopping));
    let again = Local::own(ana.directory.path(), options()).unwrap();
    again.unlock(passphrase("quiet hedge")).await.unwrap();
    assert_eq!(again.me().await.unwrap().name.0, "Ana");
}

async fn a_handover_says_who_took_over(through: Through) {
    let ana = node("Ana", through).await;
    ana.api.lock().await.unwrap();
    ana.api.handover("a window".into()).await.unwrap();
    assert_eq!(
        ana.local.departed().await,
        Departure::HandedOver("a window".into())
    );
    let again = Local::own(ana.directory.path(), options()).unwrap();
    again.unlock(passphrase("quiet hedge")).await.unwrap();
}

async fn a_wiped_directory_holds_nothing_and_can_be_used_again(through: Through) {
    let ana = node("Ana", through).await;
    let before = ana.api.me().await.unwrap().id;
    ana.api.lock().await.unwrap();
    ana.api.wipe().await.unwrap();
    assert_eq!(ana.local.departed().await, Departure::Wiped);
    let names = std::fs::read_dir(ana.directory.path()).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["lock"]);
    let again = Local::own(ana.directory.path(), options()).unwrap();
    let right = passphrase("quiet hedge");
    assert_eq!(again.unlock(right.clone()).await, Err(Refusal::NoIdentity));
    again.create(right, "Ana".into()).await.unwrap();
    assert_ne!(again.me().await.unwrap().id, before);
}

/// Over loopback the kernel holds back much for a slow listener; what it is told then is the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_falls_behind_is_told_so_and_hears_what_comes_then() {
    let (ana, ben, _, to_ben) = pair(Through::Local).await;
    ben.api.stop().await.unwrap();
    let mut slow = ana.api.events().await.unwrap();
    // One after the other: of those that come together one event tells.
    for number in 0..1_030 {
        let said = text(&number.to_string());
        ana.api.send_to(to_ben.clone(), said).await.unwrap();
    }
    assert_eq!(slow.next().await, Some(Event::Missed));
    let last = ana.api.send_to(to_ben.clone(), text("last")).await.unwrap();
    let heard = event(&mut slow, |event| match event {
        Event::Message { id, .. } if id == last => Some(()),
        _ => None,
    });
    heard.await;
    let page = ana
        .api
        .page_with(to_ben.clone(), PageFrom::Newest, 1)
        .await
        .unwrap();
    assert_eq!(page.total, 1_031);
}
