//! Locking, the passphrase, the store, and how a node ends.

use futures_util::StreamExt;
use hedgerow_node::api::*;
use hedgerow_node::host::{Departure, Local};

use super::node::{Through, event, node, options, pair, passphrase, stores, text};
use crate::support::chats::Chats;

pub async fn a_locked_node_answers_status_and_unlock_alone(through: Through) {
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

pub async fn the_passphrase_is_checked_while_the_node_stays_on_the_air(through: Through) {
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

pub async fn objecting_takes_the_passphrase(through: Through) {
    let ana = node("Ana", through).await;
    let api = &*ana.api;
    let made = api.new_group(Private("Riverside".into())).await.unwrap();
    let object = |word: &str| api.object(made.id.clone(), passphrase(word));
    assert_eq!(object("loud hedge").await, Err(Refusal::WrongPassphrase));
    assert_eq!(object("").await, Err(Refusal::WrongPassphrase));
    // Only now does the node look at the group.
    assert_eq!(object("quiet hedge").await, Err(Refusal::NotSuspended));
    api.lock().await.unwrap();
    assert_eq!(object("quiet hedge").await, Err(Refusal::Locked));
}

pub async fn the_passphrase_changes_and_the_old_one_is_wrong(through: Through) {
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

pub async fn the_store_is_rewritten_at_once_on_request_and_what_is_in_it_stays(through: Through) {
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

pub async fn a_stopped_node_refuses_and_releases_its_directory(through: Through) {
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

pub async fn a_handover_says_who_took_over(through: Through) {
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

pub async fn a_wiped_directory_holds_nothing_and_can_be_used_again(through: Through) {
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

/// Over loopback the kernel holds back much for a slow listener; what it hears then is the same.
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
