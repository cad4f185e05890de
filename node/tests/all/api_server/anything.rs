//! Whatever is asked is answered, and as the document says.

use std::cell::RefCell;

use hedgerow_node::api::Api;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

use super::document::Document;
use super::{authorised, served};
use crate::support::Served;
use crate::support::hosted::Hosted;

/// Requests that one node gets before the next one takes its place: some delete what others ask about.
const REQUESTS: u32 = 100;

/// Operations after which a node answers nothing else; what they answer is checked one by one.
const LAST: [&str; 4] = ["/v1/stop", "/v1/handover", "/v1/lock", "/v1/wipe"];

/// A request that any program with the token may make.
#[derive(Debug, Clone)]
struct Asked {
    method: Method,
    path: String,
    body: Option<(&'static str, Vec<u8>)>,
}

/// What a place of a path, a value of a query or a text may be: a name of something that is there, or anything.
fn text(known: &[String]) -> impl Strategy<Value = String> + use<> {
    let known = proptest::sample::select(known.to_vec());
    prop_oneof![
        4 => known,
        1 => Just(String::new()),
        1 => Just("00".to_owned()),
        1 => "[0-9a-f]{1,40}",
        1 => "\\PC{0,12}",
        1 => Just("x".repeat(3_000)),
        1 => any::<i64>().prop_map(|number| number.to_string()),
    ]
}

/// Bytes of a URL that mean nothing but themselves.
fn escaped(bytes: &[u8]) -> String {
    let escape = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    bytes.iter().map(escape).collect()
}

/// A path of the document with something in its places, or another.
fn path(templates: Vec<String>, known: &[String]) -> impl Strategy<Value = String> + use<> {
    let place = prop_oneof![
        9 => text(known).prop_map(|text| escaped(text.as_bytes())),
        1 => proptest::collection::vec(any::<u8>(), 1..6).prop_map(|bytes| escaped(&bytes)),
    ];
    let documented = (
        proptest::sample::select(templates),
        proptest::collection::vec(place, 3),
    );
    let documented = documented.prop_map(|(template, mut places)| {
        let segments = template
            .split('/')
            .map(|segment| match segment.starts_with('{') {
                true => places.pop().expect("no path has more places"),
                false => segment.to_owned(),
            });
        segments.collect::<Vec<_>>().join("/")
    });
    prop_oneof![
        9 => documented,
        1 => "(/v1)?(/[a-z0-9%.]{0,9}){0,5}/?".prop_map(|path| format!("/{}", path.trim_start_matches('/'))),
    ]
}

fn query(names: Vec<String>, known: &[String]) -> impl Strategy<Value = String> + use<> {
    let value = text(known).prop_map(|text| escaped(text.as_bytes()));
    let pair = (proptest::sample::select(names), value)
        .prop_map(|(name, value)| format!("{name}={value}"));
    prop_oneof![
        5 => Just(String::new()),
        4 => proptest::collection::vec(pair, 1..4).prop_map(|pairs| format!("?{}", pairs.join("&"))),
        1 => proptest::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| format!("?{}", escaped(&bytes))),
    ]
}

/// JSON of the names that bodies have.
fn json(names: Vec<String>, known: &[String]) -> impl Strategy<Value = Value> + use<> {
    let leaf = prop_oneof![
        4 => text(known).prop_map(Value::from),
        2 => any::<bool>().prop_map(Value::from),
        2 => any::<i64>().prop_map(Value::from),
        1 => (0_u32..1_000).prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        let member = (proptest::sample::select(names.clone()), inner.clone());
        let members = proptest::collection::vec(member, 0..4);
        prop_oneof![
            3 => members.prop_map(|members| Value::Object(members.into_iter().collect())),
            1 => proptest::collection::vec(inner, 0..4).prop_map(Value::Array),
        ]
    })
}

fn body(
    names: Vec<String>,
    known: &[String],
) -> impl Strategy<Value = Option<(&'static str, Vec<u8>)>> + use<> {
    let kind = proptest::sample::select(vec![
        "application/json",
        "application/octet-stream",
        "text/plain",
        "",
    ]);
    let json = json(names, known).prop_map(|json| json.to_string().into_bytes());
    let json = json.boxed();
    prop_oneof![
        2 => Just(None),
        6 => json.clone().prop_map(|bytes| Some(("application/json", bytes))),
        1 => (kind, json).prop_map(Some),
        1 => proptest::collection::vec(any::<u8>(), 0..200)
            .prop_map(|bytes| Some(("application/json", bytes))),
        1 => Just(Some(("application/json", b"[".repeat(10_000)))),
        1 => Just(Some(("application/json", vec![b' '; 60_000]))),
    ]
}

fn asked(document: &Document, node: &Hosted) -> impl Strategy<Value = Asked> + use<> {
    let known: Vec<String> = [
        node.ben.id.0.clone(),
        node.ben.conversation.0.clone(),
        node.dora.id.0.clone(),
        node.message(0).0,
        node.message(1).0,
        node.link(),
        "lan".to_owned(),
        "newest".to_owned(),
    ]
    .into();
    let methods = ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "BREW"];
    let methods = methods.map(|method| Method::from_bytes(method.as_bytes()).expect("a method"));
    let templates = document.paths().filter(|path| !LAST.contains(path));
    let templates = templates.map(str::to_owned).collect();
    (
        proptest::sample::select(methods.to_vec()),
        path(templates, &known),
        query(document.parameters(), &known),
        body(document.properties(), &known),
    )
        .prop_map(|(method, path, query, body)| Asked {
            method,
            path: path + &query,
            body,
        })
        .prop_filter("no other request is answered after it", |asked| {
            !LAST.iter().any(|last| asked.path.starts_with(last))
        })
}

/// Asks, and checks the answer.
async fn answered(asked: &Asked, client: &Client, served: &Served, document: &mut Document) {
    let mut request = authorised(client, served, asked.method.clone(), &asked.path);
    if let Some((kind, body)) = &asked.body {
        request = request.body(body.clone());
        if !kind.is_empty() {
            request = request.header("content-type", *kind);
        }
    }
    let request = request.build().expect("a request");
    let path = request.url().path().to_owned();
    let response = client.execute(request).await;
    let response = response.unwrap_or_else(|error| panic!("no answer to {asked:?}: {error}"));
    let status = response.status();
    let kind = response.headers().get("content-type").cloned();
    let kind = kind.map(|kind| kind.to_str().expect("a type in ASCII").to_owned());
    let body = response.bytes().await.expect("the whole answer");
    assert!(status.as_u16() < 500, "{asked:?}: {status} {body:?}");
    if path == "/v1/openapi.json" && status == StatusCode::OK {
        return;
    }
    if document.has(asked.method.as_str(), &path) {
        let said = document.judge(asked.method.as_str(), &path, status.as_u16(), kind, &body);
        if said["code"] == "bad_request" {
            let what = said["what"].as_str().expect("it says what");
            assert!(what.contains(' '), "no sentence: {what:?} for {asked:?}");
        }
    } else {
        let said: Value = serde_json::from_slice(&body).expect("a refusal");
        assert_eq!(status, StatusCode::NOT_FOUND, "{asked:?}: {said}");
        assert_eq!(said["code"], "no_such_route", "{asked:?}");
    }
}

#[test]
fn whatever_is_asked_is_answered_as_documented_and_the_node_goes_on() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for _ in 0..Config::default().cases.div_ceil(REQUESTS) {
        let (served, _, node) = runtime.block_on(served(Hosted::new(4)));
        // The server may end a connection whose request it has refused before its end.
        let client = Client::builder().pool_max_idle_per_host(0).build();
        let client = client.expect("a client");
        let document = runtime.block_on(Document::fetch(&client, &served));
        let requests = asked(&document, &node);
        let document = RefCell::new(document);
        let mut runner = TestRunner::new(Config {
            cases: REQUESTS,
            // What the node was asked before is part of what fails.
            failure_persistence: None,
            ..Config::default()
        });
        let run = runner.run(&requests, |asked| {
            let mut document = document.borrow_mut();
            runtime.block_on(answered(&asked, &client, &served, &mut document));
            Ok(())
        });
        run.unwrap_or_else(|failed| panic!("{failed}"));
        let alive = runtime.block_on(served.remote().status());
        assert!(alive.is_ok(), "{alive:?}");
    }
}
