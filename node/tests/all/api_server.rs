//! Who the local API answers, and that it answers as its document says.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::support::hosted::{Hosted, PASSPHRASE};
use crate::support::{Served, VERSION, serve, serve_by, serve_other};
use futures_util::StreamExt;
use hedgerow_node::api::server::{Server, Token, openapi};
use hedgerow_node::api::{Api, Event, Refusal, Remote};
use hedgerow_node::harness::RELAY;
use reqwest::header::{AUTHORIZATION, HOST, ORIGIN};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn served(node: Hosted) -> (Served, Client, Arc<Hosted>) {
    let node = Arc::new(node);
    (serve(node.clone()).await, Client::new(), node)
}

fn authorised(client: &Client, served: &Served, method: Method, path: &str) -> RequestBuilder {
    client
        .request(method, served.url(path))
        .bearer_auth(served.token.reveal())
}

async fn code(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    (status, body["code"].as_str().unwrap().to_owned())
}

fn refused(status: StatusCode, code: &str) -> (StatusCode, String) {
    (status, code.to_owned())
}

// ---- who is answered -------------------------------------------------------------------------

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
    let served = serve_by(server, Arc::new(slow));
    let remote = served.remote();
    assert_eq!(remote.lock().await, Err(Refusal::Unreachable));
    assert_eq!(remote.erase().await, Ok(()));
}

#[tokio::test]
async fn a_client_of_a_dead_node_says_so() {
    let remote = {
        let (served, ..) = served(Hosted::default()).await;
        served.remote()
    };
    while tokio::net::TcpStream::connect(("127.0.0.1", remote.port()))
        .await
        .is_ok()
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(remote.me().await, Err(Refusal::Unreachable));
    assert_eq!(remote.events().await.err(), Some(Refusal::Unreachable));
}

#[tokio::test]
async fn a_client_of_a_node_that_breaks_off_says_that_it_does_not_answer() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    let remote = Remote::new(port, Token::new(&[0; 32]), VERSION.into()).unwrap();
    let answers = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut asked = [0; 4096];
        let _ = socket.read(&mut asked).await.unwrap();
        let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"name\":";
        socket.write_all(begun).await.unwrap();
    };
    let (me, ()) = tokio::join!(remote.me(), answers);
    assert_eq!(me, Err(Refusal::Unreachable));
}

#[tokio::test]
async fn a_client_of_a_node_of_another_version_says_so_wherever_the_two_do_not_understand_each_other()
 {
    let other = Refusal::OtherVersion {
        version: VERSION.into(),
    };
    for (status, body) in [
        (StatusCode::OK, "{\"me\":{\"names\":[\"Ana\"]}}"),
        (StatusCode::OK, "<!DOCTYPE html>"),
        (StatusCode::OK, ""),
        (StatusCode::NOT_FOUND, "{\"code\":\"no_such_route\"}"),
        (StatusCode::CONFLICT, "{\"code\":\"no_such_moon\"}"),
        (StatusCode::BAD_REQUEST, "what?"),
    ] {
        let served = serve_other(status, body).await;
        let remote = served.remote();
        assert_eq!(remote.me().await.err(), Some(other.clone()), "{body}");
        if !status.is_success() {
            assert_eq!(remote.stop().await, Err(other.clone()), "{body}");
            assert_eq!(remote.events().await.err(), Some(other.clone()), "{body}");
        }
    }
    // What needs no reading is done, and what can be read is told.
    let served = serve_other(StatusCode::NO_CONTENT, "").await;
    assert_eq!(served.remote().handover("us".into()).await, Ok(()));
    let served = serve_other(StatusCode::LOCKED, "{\"code\":\"locked\",\"since\":1}").await;
    assert_eq!(served.remote().me().await, Err(Refusal::Locked));
}

// ---- the document ----------------------------------------------------------------------------

/// Checks real answers against the document, and notes which operations were asked.
struct Document {
    document: Value,
    asked: BTreeSet<(String, String)>,
}

impl Document {
    async fn fetch(client: &Client, served: &Served) -> Self {
        let request = authorised(client, served, Method::GET, "/v1/openapi.json");
        let document: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(document, serde_json::to_value(openapi()).unwrap());
        Self {
            document,
            asked: BTreeSet::new(),
        }
    }

    /// All operations of the document.
    fn operations(&self) -> BTreeSet<(String, String)> {
        let paths = self.document["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        });
        operations.collect()
    }

    /// The path of the document that `path` is an example of.
    fn template(&self, path: &str) -> String {
        let path = path.split('?').next().unwrap();
        let fits = |template: &&String| {
            let (mut one, mut other) = (template.split('/'), path.split('/'));
            one.by_ref()
                .zip(other.by_ref())
                .all(|(a, b)| a == b || a.starts_with('{'))
                && template.split('/').count() == path.split('/').count()
        };
        let paths = self.document["paths"].as_object().unwrap();
        // A path without parameters fits better than one with.
        let mut fitting: Vec<_> = paths.keys().filter(fits).collect();
        fitting.sort_by_key(|template| template.matches('{').count());
        (*fitting
            .first()
            .unwrap_or_else(|| panic!("{path} is not documented")))
        .clone()
    }

    fn validate(&self, pointer: &str, body: &Value) {
        let mut schema = self.document.clone();
        let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
        schema["$ref"] = json!(format!("#{fragment}"));
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        let validator = jsonschema::validator_for(&schema).unwrap();
        let problems: Vec<_> = validator
            .iter_errors(body)
            .map(|error| error.to_string())
            .collect();
        assert!(problems.is_empty(), "{pointer}: {problems:?} in {body}");
    }

    /// Makes a request and checks the answer, which must have the status `expected`.
    async fn check(&mut self, request: RequestBuilder, expected: u16) -> Value {
        let request = request.build().unwrap();
        let method = request.method().to_string();
        let path = request.url().path().to_owned();
        let response = Client::new().execute(request).await.unwrap();
        let template = self.template(&path);
        let status = response.status().as_u16();
        let kind = response
            .headers()
            .get("content-type")
            .map(|kind| kind.to_str().unwrap().to_owned());
        let body = response.bytes().await.unwrap();
        assert_eq!(
            status,
            expected,
            "{method} {path}: {}",
            String::from_utf8_lossy(&body)
        );
        let escaped = template.replace('~', "~0").replace('/', "~1");
        let operation = format!("/paths/{escaped}/{}", method.to_lowercase());
        assert!(
            self.document.pointer(&operation).is_some(),
            "{operation} is not documented"
        );
        let responses = format!("{operation}/responses");
        let documented = match expected {
            200..300 => expected.to_string(),
            _ => "default".to_owned(),
        };
        let pointer = format!("{responses}/{documented}");
        let response = self.document.pointer(&pointer);
        let response = response
            .unwrap_or_else(|| panic!("{pointer} is not documented"))
            .clone();
        self.asked.insert((method, template));
        match kind.as_deref() {
            Some("application/json") => {
                let body: Value = serde_json::from_slice(&body).unwrap();
                self.validate(
                    &format!("{pointer}/content/application~1json/schema"),
                    &body,
                );
                body
            }
            Some(kind) => {
                assert!(response["content"].get(kind).is_some(), "{pointer}: {kind}");
                Value::Null
            }
            None => {
                assert!(
                    body.is_empty() && response.get("content").is_none(),
                    "{pointer}"
                );
                Value::Null
            }
        }
    }
}

#[tokio::test]
async fn every_answer_is_as_documented_and_every_operation_is_served() {
    let (served, client, node) = served(Hosted::new(120)).await;
    let mut document = Document::fetch(&client, &served).await;
    let ask = |method: Method, path: &str| authorised(&client, &served, method, path);
    let (get, put, post, delete) = (Method::GET, Method::PUT, Method::POST, Method::DELETE);
    let ben = format!("/v1/contacts/{}", node.ben.id.0);
    let nobody = format!("/v1/contacts/{}", "00".repeat(16));
    let chat = format!("/v1/conversations/{}", node.ben.conversation.0);

    document.check(ask(get.clone(), "/v1/status"), 200).await;
    document.check(ask(get.clone(), "/v1/me"), 200).await;
    document
        .check(
            ask(put.clone(), "/v1/me").json(&json!({"name": "Anna"})),
            200,
        )
        .await;
    document
        .check(
            ask(put.clone(), "/v1/me").json(&json!({"name": "A".repeat(65)})),
            413,
        )
        .await;
    document
        .check(ask(put.clone(), "/v1/me").json(&json!({"nom": 1})), 422)
        .await;
    document
        .check(ask(put.clone(), "/v1/me").body("{"), 415)
        .await;

    let made = document
        .check(ask(post.clone(), "/v1/invitations").json(&json!({})), 200)
        .await;
    let full = json!({"valid_for_s": 60, "in_person": true});
    document
        .check(ask(post.clone(), "/v1/invitations").json(&full), 200)
        .await;
    document
        .check(ask(get.clone(), "/v1/invitations"), 200)
        .await;
    let path = format!("/v1/invitations/{}", made["id"].as_str().unwrap());
    document.check(ask(delete.clone(), &path), 204).await;
    document
        .check(ask(delete.clone(), "/v1/invitations/00"), 404)
        .await;
    let joining = document
        .check(
            ask(post.clone(), "/v1/joins").json(&json!({"link": node.link()})),
            200,
        )
        .await;
    document
        .check(
            ask(post.clone(), "/v1/joins").json(&json!({"link": "http://"})),
            400,
        )
        .await;
    for (source, status) in [
        ("camera", 200),
        ("pasted", 200),
        ("file", 200),
        ("friend", 422),
    ] {
        let join = json!({"link": node.link(), "source": source});
        document
            .check(ask(post.clone(), "/v1/joins").json(&join), status)
            .await;
    }
    let path = format!("/v1/joins/{}", joining["invitation"].as_str().unwrap());
    document.check(ask(delete.clone(), &path), 204).await;
    document
        .check(ask(delete.clone(), "/v1/joins/00"), 404)
        .await;

    document.check(ask(get.clone(), "/v1/contacts"), 200).await;
    document.check(ask(get.clone(), &ben), 200).await;
    document.check(ask(get.clone(), &nobody), 404).await;
    document
        .check(ask(get.clone(), &format!("{ben}/safety-words")), 200)
        .await;
    document
        .check(ask(get.clone(), &format!("{nobody}/safety-words")), 404)
        .await;
    document
        .check(ask(get.clone(), &format!("{ben}/ways")), 200)
        .await;
    document
        .check(ask(get.clone(), &format!("{nobody}/ways")), 404)
        .await;
    let path = format!("{ben}/verified");
    document
        .check(
            ask(put.clone(), &path).json(&json!({"verified": true})),
            200,
        )
        .await;
    let path = format!("{ben}/name");
    document
        .check(
            ask(put.clone(), &path).json(&json!({"name": "Benjamin"})),
            200,
        )
        .await;
    let path = format!("{ben}/blocked");
    document
        .check(ask(put.clone(), &path).json(&json!({"blocked": true})), 200)
        .await;
    let conversations = "/v1/conversations";
    document.check(ask(get.clone(), conversations), 200).await;
    document.check(ask(get.clone(), &chat), 200).await;
    // A person is no conversation.
    for nowhere in [&*node.ben.id.0, "00"] {
        let nowhere = format!("{conversations}/{nowhere}");
        document.check(ask(get.clone(), &nowhere), 404).await;
        let messages = format!("{nowhere}/messages");
        document.check(ask(get.clone(), &messages), 404).await;
    }
    let path = format!("{chat}/messages");
    document
        .check(ask(post.clone(), &path).json(&json!({"text": "no"})), 409)
        .await;
    let blocked = format!("{ben}/blocked");
    document
        .check(
            ask(put.clone(), &blocked).json(&json!({"blocked": false})),
            200,
        )
        .await;
    let draft = format!("{chat}/draft");
    document
        .check(ask(put.clone(), &draft).json(&json!({"text": "ye"})), 204)
        .await;
    document.check(ask(get.clone(), &chat), 200).await;
    document
        .check(ask(post.clone(), &draft).json(&json!({"text": "yes"})), 200)
        .await;
    let sent = document
        .check(ask(post.clone(), &path).json(&json!({"text": "yes"})), 200)
        .await;
    document
        .check(ask(post.clone(), &path).json(&json!({"text": ""})), 400)
        .await;

    for query in [
        "",
        "?from=oldest&limit=7",
        "?from=newest",
        "?from=first_unread",
        "?position=5&limit=3",
        "?date_ms=0",
    ] {
        document
            .check(ask(get.clone(), &format!("{path}{query}")), 200)
            .await;
    }
    for query in [
        "?limit=0",
        "?limit=501",
        "?limit=x",
        "?from=middle",
        "?cursor=AA",
        "?position=1&date_ms=1",
        "?page=2",
    ] {
        document
            .check(ask(get.clone(), &format!("{path}{query}")), 400)
            .await;
    }
    let message = format!("{path}/{}", sent["id"].as_str().unwrap());
    document.check(ask(get.clone(), &message), 200).await;
    document
        .check(ask(get.clone(), &format!("{path}/00")), 404)
        .await;
    let of = node.message(3).0;
    for (what, says) in [
        ("reaction", json!({"emoji": "👍"})),
        ("reaction", json!({"emoji": ""})),
        ("pinned", json!({"pinned": true})),
    ] {
        let said = ask(put.clone(), &format!("{chat}/messages/{of}/{what}"));
        document.check(said.json(&says), 204).await;
        let nowhere = ask(put.clone(), &format!("{chat}/messages/00/{what}"));
        document.check(nowhere.json(&says), 404).await;
    }
    let read = json!({"message": node.message(3).0});
    document
        .check(ask(put.clone(), &format!("{chat}/read")).json(&read), 204)
        .await;
    document
        .check(
            ask(put.clone(), &format!("{chat}/read")).json(&json!({"message": "00"})),
            404,
        )
        .await;

    document
        .check(
            ask(put.clone(), "/v1/carriers/lan").json(&json!({"on": false})),
            204,
        )
        .await;
    document
        .check(
            ask(put.clone(), "/v1/carriers/pigeon").json(&json!({"on": true})),
            404,
        )
        .await;
    for (carrier, status) in [("lan", 204), ("pigeon", 404)] {
        let path = format!("/v1/carriers/{carrier}/announcing");
        let quiet = json!({"announcing": false});
        document
            .check(ask(put.clone(), &path).json(&quiet), status)
            .await;
    }
    let radio = json!({"power": "saver", "show_address": false});
    document
        .check(ask(put.clone(), "/v1/radio").json(&radio), 204)
        .await;
    let relay = json!({"address": RELAY});
    let wrong = json!({"address": "relay.example.org"});
    for (method, body, status) in [
        (&post, &wrong, 400),
        (&post, &relay, 204),
        (&delete, &relay, 204),
        (&delete, &relay, 404),
    ] {
        let request = ask(method.clone(), "/v1/relays").json(body);
        document.check(request, status).await;
    }
    document
        .check(ask(get.clone(), &format!("{ben}/ways")), 200)
        .await;
    for (paths, status) in [
        (json!("relayed"), 204),
        (json!({"proxied": {"proxy": "127.0.0.1:9050"}}), 204),
        (json!({"proxied": {"proxy": "nowhere"}}), 400),
        (json!("direct"), 204),
    ] {
        let request = ask(put.clone(), "/v1/relays/paths").json(&json!({ "paths": paths }));
        document.check(request, status).await;
    }
    document
        .check(ask(post.clone(), &format!("{ben}/parcel")), 200)
        .await;
    document
        .check(
            ask(
                post.clone(),
                &format!("/v1/contacts/{}/parcel", node.dora.id.0),
            ),
            409,
        )
        .await;
    document
        .check(ask(post.clone(), "/v1/parcels").body(node.parcel()), 200)
        .await;
    document
        .check(ask(post.clone(), "/v1/parcels").body("garbage"), 400)
        .await;
    document.check(ask(delete.clone(), &ben), 204).await;
    document.check(ask(delete.clone(), &ben), 404).await;

    // The stream answers plain requests as it refuses everything; what it streams is checked below.
    document.check(ask(get.clone(), "/v1/events"), 400).await;
    let mut events = served.remote().events().await.unwrap();
    node.tell(Event::Missed);
    assert_eq!(events.next().await, Some(Event::Missed));

    document.check(ask(post.clone(), "/v1/erase"), 204).await;
    let check = "/v1/passphrase/check";
    for (passphrase, status) in [(PASSPHRASE, 204), ("wrong", 403)] {
        let request = ask(post.clone(), check).json(&json!({"passphrase": passphrase}));
        document.check(request, status).await;
    }
    let change = json!({"current": PASSPHRASE, "new": "longer"});
    document
        .check(ask(put.clone(), "/v1/passphrase").json(&change), 204)
        .await;
    document
        .check(ask(put.clone(), "/v1/passphrase").json(&change), 403)
        .await;
    document
        .check(
            ask(post.clone(), "/v1/unlock").json(&json!({"passphrase": "longer"})),
            409,
        )
        .await;
    document.check(ask(post.clone(), "/v1/lock"), 204).await;
    document.check(ask(get.clone(), "/v1/status"), 200).await;
    document.check(ask(get.clone(), "/v1/me"), 423).await;
    document.check(ask(post.clone(), "/v1/erase"), 423).await;
    document
        .check(
            ask(post.clone(), "/v1/unlock").json(&json!({"passphrase": "wrong"})),
            403,
        )
        .await;
    document
        .check(
            ask(post.clone(), "/v1/unlock").json(&json!({"passphrase": "longer"})),
            204,
        )
        .await;
    document
        .check(
            ask(post.clone(), "/v1/wipe").json(&json!({"confirm": "yes"})),
            400,
        )
        .await;
    document
        .check(
            ask(post.clone(), "/v1/wipe").json(&json!({"confirm": "destroy everything"})),
            204,
        )
        .await;
    document
        .check(
            ask(post.clone(), "/v1/handover").json(&json!({"to": "a window"})),
            204,
        )
        .await;
    document.check(ask(post.clone(), "/v1/stop"), 204).await;
    document.check(ask(get.clone(), "/v1/me"), 503).await;

    assert_eq!(document.asked, document.operations());
}

#[tokio::test]
async fn what_is_not_documented_is_not_served() {
    let (served, client, node) = served(Hosted::default()).await;
    let document = Document::fetch(&client, &served).await;
    let no_such_route = refused(StatusCode::NOT_FOUND, "no_such_route");
    let operations = document.operations();
    for (_, path) in &operations {
        for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
            if operations.contains(&(method.to_owned(), path.clone())) {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let path = path
                .replace("{contact}", &node.ben.id.0)
                .replace(['{', '}'], "");
            let response = authorised(&client, &served, method.clone(), &path)
                .send()
                .await
                .unwrap();
            assert_eq!(code(response).await, no_such_route, "{method} {path}");
        }
    }
    for path in ["/", "/v1", "/v2/me", "/v1/me/", "/v1/contacts/a/b/c"] {
        let response = authorised(&client, &served, Method::GET, path)
            .send()
            .await
            .unwrap();
        assert_eq!(code(response).await, no_such_route, "{path}");
    }
}

#[tokio::test]
async fn every_event_is_as_documented() {
    use hedgerow_node::api::{Carrier, CarrierCondition, DeviceId, InvitationId, JoinProblem};
    let (served, client, node) = served(Hosted::new(2)).await;
    let document = Document::fetch(&client, &served).await;
    let contact = node.ben.id.clone();
    let conversation = node.ben.conversation.clone();
    let invitation = InvitationId("01".into());
    let id = node.message(0);
    for event in [
        Event::Message {
            conversation: conversation.clone(),
            id: id.clone(),
            author: None,
        },
        Event::Messages {
            conversation: conversation.clone(),
            count: 3,
        },
        Event::Delivered {
            conversation: conversation.clone(),
            contact: contact.clone(),
            device: DeviceId("3f".repeat(8)),
            id,
            queued: 0,
        },
        Event::MessageChanged {
            conversation: conversation.clone(),
            id: node.message(1),
        },
        Event::Conversation { conversation },
        Event::Contact {
            contact: contact.clone(),
        },
        Event::Removed {
            contact: contact.clone(),
        },
        Event::Met {
            contact: contact.clone(),
            invitation: invitation.clone(),
        },
        Event::Joined {
            contact,
            invitation: invitation.clone(),
        },
        Event::JoinFailed {
            invitation: invitation.clone(),
            why: JoinProblem::NotTheInviter,
        },
        Event::Invitation { invitation },
        Event::Carrier {
            carrier: Carrier::Lan,
            state: CarrierCondition::NoDiscovery,
        },
        Event::Lock { locked: false },
        Event::Missed,
    ] {
        document.validate(
            "/components/schemas/Event",
            &serde_json::to_value(event).unwrap(),
        );
    }
}

#[tokio::test]
async fn cursors_lead_through_a_conversation_from_either_end() {
    let (served, client, node) = served(Hosted::new(100)).await;
    let path = format!("/v1/conversations/{}/messages", node.ben.conversation.0);
    for (first, next, ordered) in [("oldest", "newer", true), ("newest", "older", false)] {
        let mut seen: Vec<u64> = Vec::new();
        let mut query = format!("?from={first}&limit=30");
        loop {
            let request = authorised(&client, &served, Method::GET, &format!("{path}{query}"));
            let page: Value = request.send().await.unwrap().json().await.unwrap();
            let messages = page["messages"].as_array().unwrap().iter();
            let mut positions: Vec<_> = messages
                .map(|one| one["position"].as_u64().unwrap())
                .collect();
            if !ordered {
                positions.reverse();
            }
            seen.extend(positions);
            match page[next].as_str() {
                Some(cursor) => query = format!("?cursor={cursor}&limit=30"),
                None => break,
            }
        }
        if !ordered {
            seen.reverse();
        }
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
    }
    node.receive("one more");
}
