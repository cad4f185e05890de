//! Other users of the machine at the port of the API: they have no token, and are in nobody's way.
#![expect(clippy::disallowed_methods, reason = "real sockets")]

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::hosted::Hosted;
use crate::support::{Served, serve};
use hedgerow_node::api::Api;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Far more than an answer takes.
const PATIENCE: Duration = Duration::from_secs(5);

async fn served() -> Served {
    let node = Arc::new(Hosted::new(0));
    let feed = node.feed.clone();
    serve(node, feed).await
}

async fn connect(served: &Served) -> TcpStream {
    let address = (Ipv4Addr::LOCALHOST, served.port);
    TcpStream::connect(address).await.expect("a port")
}

/// A request that is not finished, with whatever token.
async fn half_asked(served: &Served) -> TcpStream {
    let mut socket = connect(served).await;
    let head = format!("GET /v1/me HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n", served.port);
    // Who has been sent away already cannot be written to.
    let _ = socket.write_all(head.as_bytes()).await;
    socket
}

/// Asks something on a connection with the token, and reads the head of the answer.
async fn ask(served: &Served, socket: &mut TcpStream) -> String {
    let request = format!(
        "GET /v1/me HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\n\r\n",
        served.port,
        served.token.reveal()
    );
    socket.write_all(request.as_bytes()).await.expect("open");
    let mut answer = vec![0; 4_096];
    let length = socket.read(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

async fn ended(socket: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    let end = timeout(Duration::from_secs(20), socket.read_to_end(&mut rest)).await;
    end.is_ok()
}

#[tokio::test]
async fn idle_connections_without_the_token_hold_nobody_up() {
    let served = served().await;
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(connect(&served).await);
    }
    for _ in 0..100 {
        idle.push(half_asked(&served).await);
    }
    let began = Instant::now();
    let remote = served.remote();
    let me = timeout(PATIENCE, remote.me()).await;
    assert!(me.is_ok_and(|me| me.is_ok()), "{:?}", began.elapsed());
    // They end without having been answered anything.
    for socket in &mut idle {
        assert!(ended(socket).await);
    }
}

#[tokio::test]
async fn who_has_shown_the_token_keeps_the_place_during_a_flood() {
    let served = served().await;
    let mut known = connect(&served).await;
    assert!(ask(&served, &mut known).await.starts_with("HTTP/1.1 200"));
    let port = served.port;
    let flood = tokio::spawn(async move {
        let mut sockets = Vec::new();
        loop {
            sockets.push(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await);
            if sockets.len() > 500 {
                sockets.drain(..100);
            }
        }
    });
    let began = Instant::now();
    // Longer than anybody without the token stays.
    while began.elapsed() < Duration::from_secs(4) {
        let answer = timeout(PATIENCE, ask(&served, &mut known)).await;
        assert!(answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    flood.abort();
}

#[tokio::test]
async fn a_connection_that_shows_no_token_ends_whatever_it_says() {
    let served = served().await;
    let began = Instant::now();
    let mut silent = connect(&served).await;
    let mut slow = half_asked(&served).await;
    let mut chatty = connect(&served).await;
    let wrong = format!(
        "GET /v1/me HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
        served.port
    );
    let mut refused = 0;
    while chatty.write_all(wrong.as_bytes()).await.is_ok() {
        let mut answer = vec![0; 4_096];
        match chatty.read(&mut answer).await {
            Ok(length) if length > 0 => {
                assert!(answer.starts_with(b"HTTP/1.1 401"));
                refused += 1;
            }
            _ => break,
        }
        assert!(began.elapsed() < PATIENCE, "it goes on and on");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(refused > 0);
    for socket in [&mut silent, &mut slow] {
        assert!(ended(socket).await);
    }
    assert!(began.elapsed() < PATIENCE);
}
