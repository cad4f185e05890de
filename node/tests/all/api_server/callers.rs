//! Who is answered, and how much they may ask.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hedgerow_node::api::server::Server;
use hedgerow_node::api::{Api, Refusal};
use reqwest::header::{AUTHORIZATION, HOST, ORIGIN};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{authorised, code, refused, served};
use crate::support::hosted::Hosted;
use crate::support::serve_by;

#[tokio::test]
async fn without_the_token_nothing_is_answered() {
    let (served, client, _) = served(Hosted::default()).await;
    let unauthorised = refused(StatusCode::UNAUTHORIZED, "not_authorised");
    for path in [
        "/v1/status",
        "/v1/me",
        "/v1/openapi.json",
        "/v1/events",
        "/elsewhere",
    ] {
        let bare = client.get(served.url(path)).send().await.unwrap();
        assert_eq!(code(bare).await, unauthorised, "{path}");
    }
    let token = served.token.reveal();
    for wrong in [
        "Bearer ".to_owned(),
        format!("Bearer {}", "0".repeat(64)),
        format!("Bearer {}", &token[..63]),
        format!("Bearer {token}0"),
        format!("bearer-ish {token}"),
        token.to_owned(),
    ] {
        let request = client
            .get(served.url("/v1/me"))
            .header(AUTHORIZATION, wrong);
        assert_eq!(code(request.send().await.unwrap()).await, unauthorised);
    }
    let twice = authorised(&client, &served, Method::GET, "/v1/me").bearer_auth(token);
    assert_eq!(code(twice.send().await.unwrap()).await, unauthorised);
}

#[tokio::test]
async fn a_rebound_name_is_refused_with_the_right_token() {
    let (served, client, _) = served(Hosted::default()).await;
    let port = served.port;
    let foreign = refused(StatusCode::FORBIDDEN, "foreign_request");
    for host in [
        format!("evil.example:{port}"),
        "127.0.0.1".to_owned(),
        format!("127.0.0.1:{}", port.wrapping_add(1)),
        format!("127.0.0.1.evil.example:{port}"),
        format!("[::1]:{port}"),
    ] {
        let request = authorised(&client, &served, Method::GET, "/v1/me").header(HOST, &host);
        assert_eq!(code(request.send().await.unwrap()).await, foreign, "{host}");
    }
    for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        let request = authorised(&client, &served, Method::GET, "/v1/me").header(HOST, &host);
        assert_eq!(
            request.send().await.unwrap().status(),
            StatusCode::OK,
            "{host}"
        );
    }
}

#[tokio::test]
async fn a_web_page_is_refused_with_the_right_token() {
    let (served, client, _) = served(Hosted::default()).await;
    for origin in [
        "https://evil.example".to_owned(),
        "null".to_owned(),
        format!("http://127.0.0.1:{}", served.port),
    ] {
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let request = authorised(&client, &served, method, "/v1/me").header(ORIGIN, &origin);
            let response = request.send().await.unwrap();
            assert!(
                !response
                    .headers()
                    .contains_key("access-control-allow-origin")
            );
            assert_eq!(
                code(response).await,
                refused(StatusCode::FORBIDDEN, "foreign_request")
            );
        }
    }
}

#[tokio::test]
async fn a_token_in_a_url_is_refused_even_beside_the_right_header() {
    let (served, client, _) = served(Hosted::default()).await;
    let token = served.token.reveal();
    for query in [
        format!("token={token}"),
        format!("access_token={token}"),
        format!("a={token}"),
    ] {
        let path = format!("/v1/me?{query}");
        let bad = refused(StatusCode::BAD_REQUEST, "bad_request");
        let bare = client.get(served.url(&path)).send().await.unwrap();
        assert_eq!(code(bare).await, bad);
        let both = authorised(&client, &served, Method::GET, &path)
            .send()
            .await
            .unwrap();
        assert_eq!(code(both).await, bad);
    }
}

#[tokio::test]
async fn the_event_stream_wants_the_header_too() {
    let (served, ..) = served(Hosted::default()).await;
    let url = format!("ws://127.0.0.1:{}/v1/events", served.port);
    let bare = tokio_tungstenite::connect_async(url.as_str()).await;
    let Err(tokio_tungstenite::tungstenite::Error::Http(response)) = bare else {
        panic!("it was let in");
    };
    assert_eq!(response.status().as_u16(), 401);
}

#[tokio::test]
async fn oversized_bodies_are_refused_and_the_largest_text_is_not() {
    let (served, client, node) = served(Hosted::default()).await;
    let path = format!("/v1/conversations/{}/messages", node.ben.conversation.0);
    // A control character takes six bytes in JSON: the worst case of a text at the limit.
    let largest = json!({ "text": "\u{1}".repeat(65_536) });
    let post = authorised(&client, &served, Method::POST, &path).json(&largest);
    assert_eq!(post.send().await.unwrap().status(), StatusCode::OK);
    let longer = json!({ "text": "a".repeat(65_537) });
    let post = authorised(&client, &served, Method::POST, &path).json(&longer);
    let too_long = refused(StatusCode::PAYLOAD_TOO_LARGE, "too_long");
    assert_eq!(code(post.send().await.unwrap()).await, too_long);
    let huge = json!({ "text": "a".repeat(600_000) });
    let post = authorised(&client, &served, Method::POST, &path).json(&huge);
    let response = post.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn it_listens_on_the_loopback_address_alone() {
    let (served, ..) = served(Hosted::default()).await;
    // The whole of 127/8 is this machine, so a wildcard listener would answer here.
    let elsewhere = SocketAddr::from(([127, 0, 0, 2], served.port));
    assert!(tokio::net::TcpStream::connect(elsewhere).await.is_err());
    let v6 = format!("[::1]:{}", served.port);
    assert!(tokio::net::TcpStream::connect(v6).await.is_err());
}

#[tokio::test]
async fn garbage_costs_only_its_own_connection() {
    let (served, ..) = served(Hosted::default()).await;
    let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", served.port))
        .await
        .unwrap();
    socket
        .write_all(b"\x16\x03\x01 not http at all\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
    assert!(served.remote().me().await.is_ok());
}

#[tokio::test]
async fn erasing_answers_when_it_is_done_and_whatever_else_takes_too_long_is_given_up() {
    let mut server = Server::bind().await.unwrap();
    server.request_timeout_for_testing_only(Duration::from_millis(50));
    let mut slow = Hosted::new(0);
    slow.slow = Duration::from_millis(400);
    let feed = slow.feed.clone();
    let served = serve_by(server, Arc::new(slow), feed);
    let remote = served.remote();
    assert_eq!(remote.lock().await, Err(Refusal::Unreachable));
    assert_eq!(remote.erase().await, Ok(()));
}
