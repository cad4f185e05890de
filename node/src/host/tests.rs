use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;

use super::state::{Host, HostOptions};
use crate::api::{Call, Event, Passphrase, Private, Refusal, Reply};
use crate::directory::{Directory, Hashing};
use crate::runtime::{NodeOptions, OnAir};

/// Far longer than opening a store takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_node_whose_engine_has_panicked_is_opened_again_with_what_it_had_confirmed() {
    let dir = TempDir::new().unwrap();
    let options = HostOptions {
        node: NodeOptions {
            on_air: OnAir::No,
            record_to: None,
        },
        hashing: Hashing::hazmat_fast_for_tests(),
    };
    let host = Host::new(Directory::own(dir.path()).unwrap(), options);
    let passphrase = Passphrase::new("correct horse".to_owned());
    host.create(passphrase, "Ada".into()).await.unwrap();
    let node = host.node().unwrap();
    node.call(Call::SetName(Private("Grace".into())))
        .await
        .unwrap();
    let mut events = host.listen();

    let broken = node.with_store(|_| -> () { panic!("as a fault of the engine would") });
    assert_eq!(broken.await, Err(Refusal::Stopping));
    let told = async { while events.recv().await.unwrap() != Event::Missed {} };
    timeout(PATIENCE, told).await.expect("opened again");

    let Ok(Reply::Me(me)) = host.node().unwrap().call(Call::Me).await else {
        panic!("no answer");
    };
    assert_eq!(me.name.0, "Grace");
}
