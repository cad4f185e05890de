//! People who reach each other through a relay alone: real nodes, a real relay, real sockets.

use crate::support::chats::Chats;
use hedgerow_node::api::{Api, Carrier, CarrierCondition, Private, RelayCondition};
use hedgerow_node::host::Local;
use hedgerow_node::relay::{Limits, Relay, RelayOptions};
use hedgerow_node::runtime::OnAir;
use libp2p::identity::Keypair;

use super::people::{
    connected, create, join, meet, open, part_after_a_word, place, settled, transcript, until,
};

async fn relay(limits: Limits) -> Relay {
    let listen = ["/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"];
    let options = RelayOptions {
        key: Keypair::generate_ed25519(),
        listen: listen.map(|at| at.parse().unwrap()).into(),
        public: Vec::new(),
        limits,
        metrics: None,
    };
    Relay::start(options).await.unwrap()
}

/// Its address over QUIC, or over TCP.
fn address(relay: &Relay, quic: bool) -> Private {
    Private(relay.places()[usize::from(!quic)].to_string())
}

async fn states(node: &Local) -> Vec<RelayCondition> {
    let open = node.status().await.unwrap().open.unwrap();
    open.relays.iter().map(|relay| relay.state).collect()
}

async fn carrier(node: &Local) -> CarrierCondition {
    let open = node.status().await.unwrap().open.unwrap();
    let mut carriers = open.carriers.iter();
    carriers
        .find(|one| one.carrier == Carrier::Relay)
        .unwrap()
        .state
}

/// Takes a node off the local network and to a relay.
async fn only_by(node: &Local, relay: Private) {
    node.switch_carrier(Carrier::Lan, false).await.unwrap();
    node.add_relay(relay).await.unwrap();
    until(async || states(node).await[0] == RelayCondition::Ready).await;
}

#[tokio::test]
async fn two_who_share_a_relay_alone_meet_there_and_find_each_other_after_both_restarted() {
    let relay = relay(Limits::default()).await;
    let place = place();
    let (a_dir, b_dir) = (place.path().join("a"), place.path().join("b"));
    let (a, b) = (create(&a_dir, "Ada").await, create(&b_dir, "Ben").await);
    // One comes over QUIC and the other over TCP: it is the same relay.
    only_by(&a, address(&relay, true)).await;
    only_by(&b, address(&relay, false)).await;
    let (b_of_a, a_of_b) = meet(&a, &b).await;
    connected(&a, &b_of_a).await;
    let reachable = a.contact(b_of_a.clone()).await.unwrap().reachable;
    assert_eq!(reachable, Some(Carrier::Relay));
    part_after_a_word((a, &b_of_a), (b, &a_of_b)).await;

    let b = open(&b_dir, OnAir::Loopback).await;
    b.send_to(a_of_b.clone(), Private("are you there?".into()))
        .await
        .unwrap();
    let a = open(&a_dir, OnAir::Loopback).await;
    settled(&b, &a_of_b, 3).await;
    settled(&a, &b_of_a, 3).await;
    assert_eq!(transcript(&a, &b_of_a).await, transcript(&b, &a_of_b).await);
    a.stop().await.unwrap();
    b.stop().await.unwrap();
}

#[tokio::test]
async fn no_relay_is_connected_to_that_the_user_has_not_added_though_an_invitation_names_it() {
    let relay = relay(Limits::default()).await;
    let place = place();
    let a = create(&place.path().join("a"), "Ada").await;
    let b = create(&place.path().join("b"), "Ben").await;
    only_by(&a, address(&relay, false)).await;
    b.switch_carrier(Carrier::Lan, false).await.unwrap();
    let link = super::people::invite(&a).await;
    let (mut told, joined) = (b.events().await.unwrap(), link.clone());
    b.join(joined.into()).await.unwrap();
    // A round of attempts is over, and what the invitation names is only offered.
    until(async || states(&b).await == [RelayCondition::Offered]).await;
    assert_eq!(carrier(&b).await, CarrierCondition::Off);
    let offered = b.status().await.unwrap().open.unwrap().relays[0]
        .address
        .clone();
    assert_eq!(offered, address(&relay, false));

    b.add_relay(offered).await.unwrap();
    super::people::event(&mut told, |event| {
        matches!(event, hedgerow_node::api::Event::Joined { .. }).then_some(())
    })
    .await;
    a.stop().await.unwrap();
    b.stop().await.unwrap();
}

#[tokio::test]
async fn a_relay_s_limits_cost_circuits_and_no_message() {
    let few = Limits {
        circuit_bytes: 128 * 1024,
        ..Limits::default()
    };
    let relay = relay(few).await;
    let place = place();
    let a = create(&place.path().join("a"), "Ada").await;
    let b = create(&place.path().join("b"), "Ben").await;
    only_by(&a, address(&relay, false)).await;
    only_by(&b, address(&relay, false)).await;
    let (b_of_a, a_of_b) = meet(&a, &b).await;
    let sent: u64 = 150;
    for n in 0..sent {
        let text = format!("{n:04} {}", "x".repeat(2_000));
        a.send_to(b_of_a.clone(), Private(text)).await.unwrap();
    }
    settled(&a, &b_of_a, sent).await;
    assert_eq!(transcript(&b, &a_of_b).await.len() as u64, sent);
    assert_eq!(transcript(&a, &b_of_a).await, transcript(&b, &a_of_b).await);
    a.stop().await.unwrap();
    b.stop().await.unwrap();
}

#[tokio::test]
async fn the_carrier_is_on_while_there_are_relays_and_it_is_not_switched_off() {
    let relay = relay(Limits::default()).await;
    let place = place();
    let dir = place.path().join("a");
    let a = create(&dir, "Ada").await;
    until(async || carrier(&a).await == CarrierCondition::Off).await;
    assert!(states(&a).await.is_empty());
    let here = address(&relay, false);
    a.add_relay(here.clone()).await.unwrap();
    until(async || states(&a).await == [RelayCondition::Ready]).await;
    // The same relay by another way, at which it does not answer.
    let nobody = Private(
        here.0
            .replace("/tcp/", "/udp/")
            .replace("/p2p/", "/quic-v1/p2p/"),
    );
    a.add_relay(nobody.clone()).await.unwrap();
    a.stop().await.unwrap();

    let a = open(&dir, OnAir::Loopback).await;
    until(async || states(&a).await[0] == RelayCondition::Ready).await;
    a.remove_relay(nobody).await.unwrap();
    a.switch_carrier(Carrier::Relay, false).await.unwrap();
    until(async || states(&a).await == [RelayCondition::Off]).await;
    until(async || carrier(&a).await == CarrierCondition::Off).await;
    a.switch_carrier(Carrier::Relay, true).await.unwrap();
    until(async || carrier(&a).await == CarrierCondition::On).await;
    a.remove_relay(here).await.unwrap();
    until(async || carrier(&a).await == CarrierCondition::Off).await;
    assert!(states(&a).await.is_empty());
    a.stop().await.unwrap();
}

#[tokio::test]
async fn whoever_is_blocked_is_found_no_more_and_others_still_are() {
    let relay = relay(Limits::default()).await;
    let place = place();
    let a = create(&place.path().join("a"), "Ada").await;
    let b = create(&place.path().join("b"), "Ben").await;
    let c = create(&place.path().join("c"), "Cleo").await;
    for node in [&a, &b, &c] {
        only_by(node, address(&relay, false)).await;
    }
    let (b_of_a, a_of_b) = meet(&a, &b).await;
    let link = super::people::invite(&a).await;
    let (c_of_a, a_of_c) = join(&a, &c, link).await;
    connected(&a, &b_of_a).await;
    connected(&a, &c_of_a).await;
    a.block(b_of_a.clone(), true).await.unwrap();
    // The names of the coming days have changed with it, and contacts that are not blocked know them.
    a.send_to(c_of_a.clone(), Private("psst".into()))
        .await
        .unwrap();
    settled(&a, &c_of_a, 1).await;
    c.stop().await.unwrap();
    let c = open(&place.path().join("c"), OnAir::Loopback).await;
    connected(&c, &a_of_c).await;
    let blocked = b.contact(a_of_b).await.unwrap();
    assert_eq!(blocked.reachable, None);
    for node in [a, b, c] {
        node.stop().await.unwrap();
    }
}

#[tokio::test]
async fn two_who_both_blocked_somebody_while_apart_find_each_other_at_their_relay() {
    let relay = relay(Limits::default()).await;
    let place = place();
    let (a_dir, b_dir) = (place.path().join("a"), place.path().join("b"));
    let (a, b) = (create(&a_dir, "Ada").await, create(&b_dir, "Ben").await);
    let c = create(&place.path().join("c"), "Cleo").await;
    for node in [&a, &b, &c] {
        only_by(node, address(&relay, false)).await;
    }
    let (b_of_a, a_of_b) = meet(&a, &b).await;
    let link = super::people::invite(&a).await;
    let (c_of_a, _) = join(&a, &c, link).await;
    let link = super::people::invite(&b).await;
    let (c_of_b, _) = join(&b, &c, link).await;
    part_after_a_word((a, &b_of_a), (b, &a_of_b)).await;
    // Neither tells the other its names of the coming days, which are new ones.
    let a = open(&a_dir, OnAir::Loopback).await;
    a.block(c_of_a, true).await.unwrap();
    a.stop().await.unwrap();
    let b = open(&b_dir, OnAir::Loopback).await;
    b.block(c_of_b, true).await.unwrap();
    let a = open(&a_dir, OnAir::Loopback).await;
    connected(&a, &b_of_a).await;
    connected(&b, &a_of_b).await;
    for node in [a, b, c] {
        node.stop().await.unwrap();
    }
}
