//! A contact reconnects through a relay, over a path slow enough to count round trips.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, sleep_until};

use crate::api::{Api, Carrier, Event, NewMessage, Private, RelayCondition};
use crate::bench::RUNS;
use crate::bench::pair::{Pair, open, refused, settle, until, wait_for};
use crate::bench::row::{Row, median};
use crate::host::Local;
use crate::relay::{Limits, Relay, RelayOptions};
use crate::runtime::OnAir;

/// Delay in each direction between the returning node and the relay. The other node is next to the relay.
const DELAY: Duration = Duration::from_millis(100);

/// The rows.
pub(super) async fn rows(place: &Path) -> Result<Vec<Row>> {
    let relay = Relay::start(RelayOptions {
        key: Keypair::generate_ed25519(),
        listen: vec!["/ip4/127.0.0.1/tcp/0".parse()?],
        public: Vec::new(),
        limits: Limits::default(),
        metrics: Some(([127, 0, 0, 1], 0).into()),
    })
    .await?;
    let near = &relay.places()[0];
    let far = slow(near, relay.id()).await?;
    let pair = Pair::meet(place).await?;
    let a = open(&pair.a, OnAir::Loopback).await?;
    let b = open(&pair.b, OnAir::Loopback).await?;
    use_alone(&a, &far).await?;
    use_alone(&b, near).await?;
    // After another text each way, both know each other's names at relays.
    settle(&a, &pair.b_of_a, &b, &pair.a_of_b).await?;
    for node in [&a, &b] {
        let off = node.switch_carrier(Carrier::Lan, false);
        off.await.map_err(refused)?;
    }
    let page = format!("http://{}/metrics", relay.metrics().context("it counts")?);
    let (mut talks, mut texts, mut totals) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..=RUNS {
        until(async || reached(&a, &pair).await).await?;
        let off = a.switch_carrier(Carrier::Relay, false);
        off.await.map_err(refused)?;
        until(async || Ok(!reached(&a, &pair).await? && circuits(&page).await? == 0)).await?;
        let text = NewMessage::text(format!("back for the {run}. time"));
        a.send(pair.chat_of_a.clone(), text)
            .await
            .map_err(refused)?;
        let mut events = b.events().await.map_err(refused)?;
        let start = Instant::now();
        let on = a.switch_carrier(Carrier::Relay, true);
        on.await.map_err(refused)?;
        let (opened, talked, heard) = tokio::try_join!(
            moment(async || Ok(circuits(&page).await? > 0)),
            moment(async || reached(&a, &pair).await),
            async {
                wait_for(&mut events, |event| {
                    matches!(
                        event,
                        Event::Message {
                            author: Some(_),
                            ..
                        }
                    )
                    .then_some(())
                })
                .await?;
                Ok(Instant::now())
            },
        )?;
        // The relay has opened the circuit; the dialler learns of it half a round trip later.
        let opened = opened + DELAY;
        if run > 0 {
            talks.push(talked.saturating_duration_since(opened));
            texts.push(heard.saturating_duration_since(opened));
            totals.push(talked.duration_since(start));
        }
    }
    a.stop().await.map_err(refused)?;
    b.stop().await.map_err(refused)?;
    relay.stop().await;
    let lasting = |times| median(times).as_secs_f64() / (2 * DELAY).as_secs_f64();
    // Round trips are whole numbers; the remainder is work on both sides.
    let talks = lasting(talks);
    let name = "a contact back behind a relay";
    Ok(vec![
        Row::at_most(
            format!("{name}: from open circuit to the first data of a session, {talks:.2}"),
            talks.round(),
            "RTT",
            3.0,
        ),
        Row::reported(
            format!("{name}: from open circuit until a waiting text is read"),
            lasting(texts),
            "RTT",
        ),
        Row::reported(
            format!("{name}: from nothing to the first data"),
            lasting(totals),
            "RTT",
        ),
    ])
}

async fn moment(is_so: impl AsyncFnMut() -> Result<bool>) -> Result<Instant> {
    until(is_so).await?;
    Ok(Instant::now())
}

/// Makes a node use only this relay.
async fn use_alone(node: &Local, relay: &Multiaddr) -> Result<()> {
    let address = Private(relay.to_string());
    node.add_relay(address).await.map_err(refused)?;
    until(async || {
        let open = node.status().await.map_err(refused)?.open;
        let relays = open.context("it is open")?.relays;
        Ok(relays
            .iter()
            .all(|relay| relay.state == RelayCondition::Ready))
    })
    .await
}

async fn reached(a: &Local, pair: &Pair) -> Result<bool> {
    let contact = a.contact(pair.b_of_a.clone()).await.map_err(refused)?;
    Ok(contact.reachable.is_some())
}

/// Number of circuits that a relay has counted.
async fn circuits(page: &str) -> Result<u64> {
    let text = reqwest::get(page).await?.text().await?;
    let mut lines = text.lines();
    let count = lines.find_map(|line| line.strip_prefix("hedgerow_relay_circuits "));
    Ok(count.context("it counts circuits")?.parse()?)
}

/// Starts a slow TCP path to a relay; returns its address.
async fn slow(relay: &Multiaddr, name: PeerId) -> Result<Multiaddr> {
    let port = relay.iter().find_map(|part| match part {
        Protocol::Tcp(port) => Some(port),
        _ => None,
    });
    let to = SocketAddr::from(([127, 0, 0, 1], port.context("it listens on TCP")?));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let Ok(far) = TcpStream::connect(to).await else {
                return;
            };
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            let (near, far) = (near.into_split(), far.into_split());
            tokio::spawn(carry(near.0, far.1));
            tokio::spawn(carry(far.0, near.1));
        }
    });
    Ok(format!("/ip4/127.0.0.1/tcp/{port}/p2p/{name}").parse()?)
}

/// Delays each piece by the same time, however many are in flight.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let (sender, mut pieces) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some((due, piece)) = pieces.recv().await {
            sleep_until(due).await;
            let piece: Vec<u8> = piece;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
    });
    let mut piece = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let due = tokio::time::Instant::now() + DELAY;
        if sender.send((due, piece[..length].to_vec())).is_err() {
            return;
        }
    }
    sleep(DELAY).await;
}
