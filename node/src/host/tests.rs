mod erasure;

use std::time::Duration;

use futures_util::StreamExt;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_transport::keys::{PairKeys, Root};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tempfile::TempDir;
use tokio::time::timeout;

use super::local::Local;
use super::state::{Host, HostOptions};
use crate::api::{
    Api, Call, Contact, Draft, Event, NewMessage, PageFrom, Passphrase, Private, Refusal, Reply,
    Why,
};
use crate::directory::{Directory, Hashing, Protection};
use crate::engine::Engine;
use crate::engine::introduction::{Friend, card, introduce};
use crate::pictures::Decoder;
use crate::runtime::{NodeOptions, OnAir};
use crate::store::RedbStore;
use crate::store::schema::{self, MIGRATIONS};

/// Far longer than opening a store takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn off_the_air() -> HostOptions {
    HostOptions {
        node: NodeOptions {
            on_air: OnAir::No,
            record_to: None,
        },
        pictures: Decoder::of_this_program(),
        hashing: Hashing::hazmat_fast_for_tests(),
    }
}

/// A directory in which Ada knows Grace.
fn ada_knows_grace(dir: &TempDir, passphrase: &Passphrase) {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let directory = Directory::own(dir.path()).unwrap();
    let protection = Protection::Passphrase(passphrase, Hashing::hazmat_fast_for_tests());
    let mut ada = directory.create(protection).unwrap();
    let mut grace = MemoryStore::default();
    schema::migrate(&mut ada, MIGRATIONS).unwrap();
    schema::migrate(&mut grace, MIGRATIONS).unwrap();
    Engine::found(&mut ada, "Ada", &mut rng).unwrap();
    Engine::found(&mut grace, "Grace", &mut rng).unwrap();
    let me = card(&mut ada, &[], 0, &mut rng).unwrap();
    let other = card(&mut grace, &[], 0, &mut rng).unwrap();
    let keys = PairKeys::derive(Root::from_bytes([7; 32]));
    let friend = Friend { card: &other, keys };
    introduce(&mut ada, &me, [friend], 0).unwrap();
    ada.close();
}

/// Opens the node, runs `act` with its only contact, if it has one, and stops the node.
async fn open<F: Future<Output = Result<(), Refusal>>>(
    dir: &TempDir,
    passphrase: &Passphrase,
    act: impl FnOnce(Local, Option<Contact>) -> F,
) {
    let node = Local::own(dir.path(), off_the_air()).unwrap();
    node.unlock(passphrase.clone()).await.unwrap();
    let contact = node.contacts().await.unwrap().pop();
    act(node.clone(), contact).await.unwrap();
    node.stop().await.unwrap();
    node.departed().await;
}

/// How often each of these texts occurs in what a person with the passphrase can dig out of the store file.
fn dug_out<const N: usize>(dir: &TempDir, passphrase: &Passphrase, texts: [&str; N]) -> [usize; N] {
    let bytes = Directory::own(dir.path()).unwrap().dug_out(passphrase);
    texts.map(|text| {
        let places = bytes.windows(text.len());
        places.filter(|place| *place == text.as_bytes()).count()
    })
}

#[tokio::test]
async fn what_was_deleted_lingers_in_the_decrypted_store_until_it_is_erased() {
    const SAID: &str = "the heron lands";
    const DELETED: [&str; 4] = [
        SAID,
        "nobody was to read this",
        "a better draft",
        "informant",
    ];
    let dir = TempDir::new().unwrap();
    let passphrase = Passphrase::new("correct horse".to_owned());
    ada_knows_grace(&dir, &passphrase);
    let private = |text: &str| Private(text.to_owned());
    open(&dir, &passphrase, async |node, grace| {
        let grace = grace.unwrap();
        let (grace, chat) = (grace.id, grace.conversation);
        // More pages than the deletion itself overwrites.
        for number in 0..500 {
            let text = NewMessage::text(format!("{number}: {SAID}{}", "!".repeat(500)));
            node.send(chat.clone(), text).await?;
        }
        node.set_draft(chat.clone(), Draft::text(DELETED[1]))
            .await?;
        node.set_draft(chat, Draft::text(DELETED[2])).await?;
        node.rename(grace, private(DELETED[3])).await.map(drop)
    })
    .await;
    let [said] = dug_out(&dir, &passphrase, [SAID]);
    assert!(said > 50, "{said} are there");

    open(&dir, &passphrase, async |node, grace| {
        node.remove(grace.unwrap().id).await
    })
    .await;
    let [lingering] = dug_out(&dir, &passphrase, [SAID]);
    assert!(lingering > 10, "{lingering}: this test could not fail");

    open(&dir, &passphrase, async |node, grace| {
        assert_eq!(grace, None);
        node.erase().await
    })
    .await;
    assert_eq!(dug_out(&dir, &passphrase, DELETED), [0; 4]);
}

#[tokio::test]
async fn a_node_whose_engine_has_panicked_is_opened_again_with_what_it_had_confirmed() {
    let dir = TempDir::new().unwrap();
    let host = Host::new(Directory::own(dir.path()).unwrap(), off_the_air(), 7);
    let passphrase = Passphrase::new("correct horse".to_owned());
    host.create(passphrase, "Ada".into()).await.unwrap();
    let node = host.node().unwrap();
    node.call(Call::SetName(Private("Grace".into())))
        .await
        .unwrap();
    let mut events = Box::pin(host.feed.listen(None));

    let broken = node.with_store(|_| -> () { panic!("as a fault of the engine would") });
    assert_eq!(broken.await, Err(Refusal::Stopping));
    let told = async { while events.next().await.unwrap().event != Event::Missed {} };
    timeout(PATIENCE, told).await.expect("opened again");

    let Ok(Reply::Me(me)) = host.node().unwrap().call(Call::Me).await else {
        panic!("no answer");
    };
    assert_eq!(me.name.0, "Grace");
}

#[tokio::test]
async fn what_is_read_while_a_failed_store_is_opened_again_is_answered() {
    let dir = TempDir::new().unwrap();
    let passphrase = Passphrase::new("correct horse".to_owned());
    ada_knows_grace(&dir, &passphrase);
    let node = Local::own(dir.path(), off_the_air()).unwrap();
    node.unlock(passphrase).await.unwrap();
    let chat = node.contacts().await.unwrap().remove(0).conversation;
    for number in 1..=8 {
        let text = NewMessage::text(number.to_string());
        node.send(chat.clone(), text).await.unwrap();
        let running = node.0.node().unwrap();
        // The engine's next turn writes, and fails.
        running.with_store(RedbStore::refuse).await.unwrap();
        let refused = node.set_name(Private(format!("Ada {number}"))).await;
        assert!(
            matches!(refused, Err(Refusal::Storage { .. })),
            "{refused:?}"
        );
        let page = node.page(chat.clone(), PageFrom::Newest, 10).await.unwrap();
        assert_eq!(page.messages.len(), number);
        assert_eq!(node.me().await.unwrap().name.0, "Ada");
    }
}

#[tokio::test]
async fn a_message_that_waits_tells_the_reason_of_now_however_often_it_is_asked() {
    let dir = TempDir::new().unwrap();
    let passphrase = Passphrase::new("correct horse".into());
    ada_knows_grace(&dir, &passphrase);
    open(&dir, &passphrase, async |node, grace| {
        let grace = grace.unwrap();
        let chat = grace.conversation;
        let text = NewMessage::text("hello".to_owned());
        let sent = node.send(chat.clone(), text).await?;
        for (blocked, why) in [
            (false, Why::NoCarrier),
            (true, Why::Blocked),
            (false, Why::NoCarrier),
        ] {
            node.block(grace.id.clone(), blocked).await?;
            for _ in 0..3 {
                let message = node.message(chat.clone(), sent.clone()).await?;
                assert_eq!(message.why(), Some(why));
                let page = node.page(chat.clone(), PageFrom::Newest, 1).await?;
                assert_eq!(page.messages[0].why(), Some(why));
            }
        }
        Ok(())
    })
    .await;
}
