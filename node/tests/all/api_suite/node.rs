//! A real node in this process, seen through one implementation of the API; and two that have met.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use hedgerow_node::api::*;
use hedgerow_node::directory::Hashing;
use hedgerow_node::host::{HostOptions, Local};
use hedgerow_node::pictures::Decoder;
use hedgerow_node::runtime::{NodeOptions, OnAir};
use tempfile::TempDir;

use crate::support::chats::Chats;
use crate::support::{Served, serve};

/// Long enough for anything that happens on a loaded machine; nothing waits for it to pass.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A node, seen through one implementation.
pub struct Node {
    pub api: Arc<dyn Api>,
    pub local: Local,
    pub directory: TempDir,
    pub _served: Option<Served>,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Through {
    Local,
    Remote,
}

pub fn options() -> HostOptions {
    HostOptions {
        node: NodeOptions {
            on_air: OnAir::Loopback,
            record_to: None,
        },
        hashing: Hashing::hazmat_fast_for_tests(),
        pictures: Decoder::at(env!("CARGO_BIN_EXE_hedgerow")),
    }
}

pub fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

pub async fn node(name: &str, through: Through) -> Node {
    let directory = tempfile::tempdir().unwrap();
    let local = Local::own(directory.path(), options()).unwrap();
    local
        .create(passphrase("quiet hedge"), name.to_owned())
        .await
        .unwrap();
    let (api, served): (Arc<dyn Api>, _) = match through {
        Through::Local => (Arc::new(local.clone()), None),
        Through::Remote => {
            let served = serve(Arc::new(local.clone()), local.feed().clone()).await;
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
pub async fn event<T>(events: &mut Events, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
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
pub async fn pair(through: Through) -> (Node, Node, ContactId, ContactId) {
    let (ana, ben) = (node("Ana", through).await, node("Ben", through).await);
    let (mut met, mut joined) = (
        ana.api.events().await.unwrap(),
        ben.api.events().await.unwrap(),
    );
    let new = NewInvitation::for_one(3_600, false);
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
pub async fn off_the_air(api: &dyn Api) {
    let mut events = api.events().await.unwrap();
    api.switch_carrier(Carrier::Lan, false).await.unwrap();
    while api.status().await.unwrap().open.unwrap().carriers[0].sessions > 0 {
        let _ = tokio::time::timeout(Duration::from_millis(20), events.next()).await;
    }
}

pub async fn delivered(api: &dyn Api, to: &ContactId, events: &mut Events) {
    while api.chat_with(to.clone()).await.unwrap().queued > 0 {
        event(events, |event| {
            matches!(event, Event::Delivered { .. }).then_some(())
        })
        .await;
    }
}

pub fn text(text: &str) -> Private {
    Private(text.to_owned())
}

/// The names of the store files in a node's directory.
pub fn stores(node: &Node) -> Vec<std::ffi::OsString> {
    let names = std::fs::read_dir(node.directory.path()).unwrap();
    names
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with("store-"))
        .collect()
}
