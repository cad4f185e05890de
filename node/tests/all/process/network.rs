//! Links that break, peers that move, and a carrier that is switched off.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use crate::support::chats::Chats;
use hedgerow_node::api::{Api, Carrier, Private, Why};
use hedgerow_node::host::Local;
use hedgerow_node::runtime::OnAir;
use mdns_sd::{IfKind, ServiceDaemon, ServiceEvent};

use super::people::{
    Daemon, Pair, connected, deafen, found_at, listening, open, pair, passphrase, port, settled,
    texts, transcript_at_rest, until,
};
use super::proxy::Proxy;

/// Runs two people who know each other only at the two proxies, which lead to them from here on.
async fn run_behind(pair: &Pair, to_a: &Proxy, to_b: &Proxy) -> (Local, Local) {
    for (dir, proxy) in [(&pair.a, to_b), (&pair.b, to_a)] {
        found_at(dir, proxy.port);
        deafen(dir);
    }
    let (a, b) = (
        open(&pair.a, OnAir::Loopback).await,
        open(&pair.b, OnAir::Loopback).await,
    );
    listening(&a).await;
    to_a.lead_to(port(&a).await);
    listening(&b).await;
    to_b.lead_to(port(&b).await);
    (a, b)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_cut_at_random_bytes_again_and_again_delivers_each_message_once() {
    const MESSAGES: usize = 1_500;
    let pair = pair().await;
    let a = open(&pair.a, OnAir::No).await;
    let mut expected: Vec<String> = (0..MESSAGES)
        .map(|number| format!("{number} {}", "x".repeat(200)))
        .collect();
    for text in &expected {
        a.send_to(pair.b_of_a.clone(), Private(text.clone()))
            .await
            .unwrap();
    }
    a.stop().await.unwrap();
    let (to_a, to_b) = (Proxy::start(60_000, 1).await, Proxy::start(60_000, 2).await);
    let (a, b) = run_behind(&pair, &to_a, &to_b).await;
    let cuts = || to_a.cuts() + to_b.cuts();
    until(async || {
        let held = b.chat_with(pair.a_of_b.clone()).await.unwrap().messages;
        cuts() >= 8 || held == MESSAGES as u64 + 2
    })
    .await;
    to_a.mend();
    to_b.mend();
    settled(&a, &pair.b_of_a, MESSAGES as u64 + 2).await;
    settled(&b, &pair.a_of_b, MESSAGES as u64 + 2).await;
    a.stop().await.unwrap();
    b.stop().await.unwrap();
    assert!(cuts() >= 5, "{} cuts", cuts());
    assert!(to_a.carried() + to_b.carried() > MESSAGES as u64 * 20);

    let (at_a, at_b) = (
        transcript_at_rest(&pair.a, &pair.b_of_a).await,
        transcript_at_rest(&pair.b, &pair.a_of_b).await,
    );
    expected.extend(["ping".to_owned(), "pong".to_owned()]);
    expected.sort_unstable();
    assert!(texts(&at_b) == expected);
    assert!(at_a == at_b);
}

/// A byte changed on the way ends the session, as it must; both sides then have to notice that it is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_on_which_a_byte_is_changed_is_replaced_by_another() {
    let pair = pair().await;
    let (to_a, to_b) = (Proxy::start(1, 1).await, Proxy::start(1, 2).await);
    to_a.mend();
    to_b.mend();
    let (a, b) = run_behind(&pair, &to_a, &to_b).await;
    for round in 1..=4 {
        connected(&a, &pair.b_of_a).await;
        to_a.spoil();
        to_b.spoil();
        a.send_to(pair.b_of_a.clone(), Private(format!("round {round}")))
            .await
            .unwrap();
        settled(&a, &pair.b_of_a, 2 + round).await;
        settled(&b, &pair.a_of_b, 2 + round).await;
    }
    assert!(to_a.spoilt() + to_b.spoilt() > 0);
    a.stop().await.unwrap();
    b.stop().await.unwrap();
}

/// Takes a port that was given back. Where this fails, another program was as quick, which serves as well.
fn taken_from_now_on(port: u16) -> Option<TcpListener> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(listener) => Some(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => None,
        Err(error) => panic!("port {port}: {error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_comes_back_at_another_port_is_found_without_announcements() {
    let pair = pair().await;
    deafen(&pair.a);
    deafen(&pair.b);
    let a = open(&pair.a, OnAir::Loopback).await;
    listening(&a).await;
    found_at(&pair.b, port(&a).await);
    let mut b = open(&pair.b, OnAir::Loopback).await;
    // Ports that somebody else has taken meanwhile.
    let mut taken = Vec::new();
    for round in 0..2 {
        a.send_to(
            pair.b_of_a.clone(),
            Private(format!("where are you? {round}")),
        )
        .await
        .unwrap();
        settled(&a, &pair.b_of_a, 3 + round).await;
        let before = port(&b).await;
        b.stop().await.unwrap();
        taken.push(taken_from_now_on(before));
        b = open(&pair.b, OnAir::Loopback).await;
    }
    a.send_to(pair.b_of_a.clone(), Private("there you are".into()))
        .await
        .unwrap();
    settled(&a, &pair.b_of_a, 5).await;
    // Now the other one moves, and was told in a session where the first has moved to.
    let before = port(&a).await;
    a.stop().await.unwrap();
    taken.push(taken_from_now_on(before));
    let a = open(&pair.a, OnAir::Loopback).await;
    a.send_to(pair.b_of_a.clone(), Private("I have moved".into()))
        .await
        .unwrap();
    settled(&a, &pair.b_of_a, 6).await;
    settled(&b, &pair.a_of_b, 6).await;
    assert_ne!(port(&a).await, before);
    a.stop().await.unwrap();
    b.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_while_the_carrier_is_off_waits_says_so_and_leaves_when_it_is_on() {
    let pair = pair().await;
    let (a, b) = (
        open(&pair.a, OnAir::Loopback).await,
        open(&pair.b, OnAir::Loopback).await,
    );
    connected(&a, &pair.b_of_a).await;
    for round in 1..=3 {
        a.switch_carrier(Carrier::Lan, false).await.unwrap();
        until(async || {
            let seen = b.contact(pair.a_of_b.clone()).await.unwrap();
            seen.reachable.is_none()
        })
        .await;
        a.send_to(pair.b_of_a.clone(), Private(format!("round {round}")))
            .await
            .unwrap();
        until(async || {
            let chat = a.chat_with(pair.b_of_a.clone()).await.unwrap();
            chat.why == Some(Why::NoCarrier) && chat.queued == 1
        })
        .await;
        a.switch_carrier(Carrier::Lan, true).await.unwrap();
        settled(&a, &pair.b_of_a, 2 + round).await;
        settled(&b, &pair.a_of_b, 2 + round).await;
    }
    a.stop().await.unwrap();
    b.stop().await.unwrap();
    let at_a = transcript_at_rest(&pair.a, &pair.b_of_a).await;
    assert!(at_a == transcript_at_rest(&pair.b, &pair.a_of_b).await);
    assert_eq!(
        texts(&at_a),
        ["ping", "pong", "round 1", "round 2", "round 3"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_who_locks_is_not_near_within_seconds_and_never_found_without_an_answer() {
    let pair = pair().await;
    let (a, b) = (
        open(&pair.a, OnAir::Loopback).await,
        open(&pair.b, OnAir::Loopback).await,
    );
    connected(&a, &pair.b_of_a).await;
    connected(&b, &pair.a_of_b).await;
    let begun = Instant::now();
    b.lock().await.unwrap();
    a.send_to(pair.b_of_a.clone(), Private("are you there?".into()))
        .await
        .unwrap();
    let why = async || a.chat_with(pair.b_of_a.clone()).await.unwrap().why;
    until(async || why().await == Some(Why::NotFound)).await;
    let after = begun.elapsed();
    assert!(after < Duration::from_secs(5), "after {after:?}");
    while begun.elapsed() < Duration::from_secs(8) {
        let why = why().await;
        assert!(
            matches!(why, Some(Why::NotFound | Why::Connecting)),
            "{why:?}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    b.unlock(passphrase()).await.unwrap();
    settled(&a, &pair.b_of_a, 3).await;
    a.stop().await.unwrap();
    b.stop().await.unwrap();
}

#[tokio::test]
async fn a_node_that_ends_takes_back_its_announcement_first() {
    const SERVICE: &str = "_hedgerow._tcp.local.";
    let pair = pair().await;
    let listener = ServiceDaemon::new().unwrap();
    listener.disable_interface(IfKind::All).unwrap();
    let loopback = vec![IfKind::LoopbackV4, IfKind::LoopbackV6];
    listener.enable_interface(loopback).unwrap();
    let heard = listener.browse(SERVICE).unwrap();
    let mut b = Daemon::start(&pair.b).await;
    let port = port(&b.api).await;
    let mut names = BTreeSet::new();
    let next = async || {
        let heard = tokio::time::timeout(Duration::from_secs(30), heard.recv_async());
        heard.await.expect("it hangs").unwrap()
    };
    // Its four instances; those of other tests have other ports.
    while names.len() < 4 {
        if let ServiceEvent::ServiceResolved(service) = next().await
            && service.port == port
        {
            names.insert(service.fullname);
        }
    }
    let begun = Instant::now();
    b.api.handover("a test".into()).await.unwrap();
    assert!(b.child.wait().unwrap().success());
    while !names.is_empty() {
        if let ServiceEvent::ServiceRemoved(_, name) = next().await {
            names.remove(&name);
        }
    }
    // Who ends without a word is forgotten after two minutes.
    let after = begun.elapsed();
    assert!(after < Duration::from_secs(10), "after {after:?}");
    let _ = listener.shutdown();
}
