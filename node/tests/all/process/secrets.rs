//! Nothing that must stay secret is in a log or, in clear, in a file.

use std::collections::BTreeMap;
use std::fs;
use std::ops::{Bound, ControlFlow};
use std::path::Path;

use crate::support::chats::Chats;
use data_encoding::{BASE32_NOPAD, BASE64, BASE64URL_NOPAD, HEXLOWER};
use hedgerow_node::api::server::Token;
use hedgerow_node::api::{Api, ContactId, PageFrom, Passphrase, Private, Refusal, Remote};
use hedgerow_node::runtime::OnAir;
use hedgerow_sync::store::{Direction, Store};
use hedgerow_transport::invitation::Invitation;
use minicbor::data::Type;

use super::people::{
    Daemon, PASSPHRASE, connected, create, invite, join, log, open, passphrase, place, port,
    settled, until, with_store,
};

const NAMES: [&str; 4] = [
    "Ottoline Quill",
    "Barnaby Thicket",
    "The Botanist",
    "Ottoline Q. Renamed",
];
const TEXTS: [&str; 4] = [
    "the herons come back at dusk",
    "bring the blue ledger to the weir",
    "carried by hand past the checkpoint",
    "and this one follows the parcel home",
];
const WRONG: &str = "a wrong passphrase typed once";

/// Rows that hold keys: our own, of contacts, devices, invitations, prekeys and their secrets
/// (`node/src/tables.rs`).
const KEY_TABLES: [u8; 9] = [0x20, 0x21, 0x22, 0x23, 0x24, 0x27, 0x28, 0x32, 0x33];

/// The shortest byte string of those rows that counts as a key.
const SHORTEST_KEY: usize = 16;

/// What must not be found, by what it is.
#[derive(Default)]
struct Secrets(BTreeMap<Vec<u8>, &'static str>);

impl Secrets {
    fn text(&mut self, what: &'static str, text: &str) {
        assert!(text.len() > 6, "{what} would be found by chance");
        self.0.insert(text.as_bytes().to_vec(), what);
    }

    /// Bytes as they are and in every writing that a log may use.
    fn bytes(&mut self, what: &'static str, bytes: &[u8]) {
        self.0.insert(bytes.to_vec(), what);
        let hex = HEXLOWER.encode(bytes);
        let list = format!("{bytes:?}");
        let writings = [
            hex.to_uppercase(),
            hex,
            BASE32_NOPAD.encode(bytes),
            BASE32_NOPAD.encode(bytes).to_lowercase(),
            BASE64.encode(bytes).trim_end_matches('=').to_owned(),
            BASE64URL_NOPAD.encode(bytes),
            list.trim_matches(['[', ']']).to_owned(),
        ];
        for writing in writings {
            self.0.insert(writing.into_bytes(), what);
        }
    }

    /// Every key in a directory's store.
    fn keys(&mut self, dir: &Path) {
        let mut found = Vec::new();
        let everything = (Bound::Unbounded, Bound::Unbounded);
        let read = |store: &mut hedgerow_node::store::RedbStore| {
            store.read(|reader| {
                reader.scan(everything, Direction::Forward, &mut |key, value| {
                    if KEY_TABLES.contains(&key[0]) {
                        byte_strings(value, &mut found);
                        found.push(value.to_vec());
                    }
                    ControlFlow::Continue(())
                })
            })
        };
        with_store(dir, read).unwrap();
        found.retain(|key| key.len() >= SHORTEST_KEY);
        assert!(found.len() > 8, "there are more keys than {}", found.len());
        for key in found {
            self.bytes("a key", &key);
            // Ids are cut from keys.
            self.bytes("a key's beginning", &key[..SHORTEST_KEY]);
        }
    }

    /// What of it is in `bytes`.
    fn found_in(&self, bytes: &[u8]) -> Option<&'static str> {
        let mut by_start: BTreeMap<&[u8], Vec<(&[u8], &'static str)>> = BTreeMap::new();
        for (secret, what) in &self.0 {
            by_start
                .entry(&secret[..4])
                .or_default()
                .push((secret, what));
        }
        (0..bytes.len().saturating_sub(3)).find_map(|at| {
            let candidates = by_start.get(&bytes[at..at + 4])?;
            let found = candidates
                .iter()
                .find(|(secret, _)| bytes[at..].starts_with(secret));
            found.map(|(_, what)| *what)
        })
    }
}

/// The byte strings of a CBOR record, those inside of others too.
fn byte_strings(record: &[u8], found: &mut Vec<Vec<u8>>) {
    let mut decoder = minicbor::Decoder::new(record);
    while let Ok(kind) = decoder.datatype() {
        let passed = match kind {
            Type::Array => decoder.array().map(drop),
            Type::Map => decoder.map().map(drop),
            Type::Bytes => decoder.bytes().map(|bytes| {
                found.push(bytes.to_vec());
                byte_strings(bytes, found);
            }),
            _ => decoder.skip(),
        };
        if passed.is_err() {
            return;
        }
    }
}

/// Whether a port stands anywhere as a number of its own.
fn names_port(text: &str, port: u16) -> bool {
    let port = port.to_string();
    text.split(|one: char| !one.is_ascii_digit())
        .any(|number| number == port)
}

/// All that a person would do in a day, with a few mistakes. Gives what each calls the other, and the
/// links.
async fn a_day(a: &Daemon, b: &Daemon, parcel: &Path) -> (ContactId, ContactId, Vec<Private>) {
    let link = invite(&a.api).await;
    let (b_of_a, a_of_b) = join(&a.api, &b.api, link.clone()).await;
    connected(&a.api, &b_of_a).await;
    a.api.safety_words(b_of_a.clone()).await.unwrap();
    a.api.verify(b_of_a.clone(), true).await.unwrap();
    a.api
        .rename(b_of_a.clone(), Private(NAMES[2].into()))
        .await
        .unwrap();
    a.api
        .send_to(b_of_a.clone(), Private(TEXTS[0].into()))
        .await
        .unwrap();
    b.api
        .send_to(a_of_b.clone(), Private(TEXTS[1].into()))
        .await
        .unwrap();
    settled(&a.api, &b_of_a, 2).await;
    settled(&b.api, &a_of_b, 2).await;
    a.api.set_name(Private(NAMES[3].into())).await.unwrap();
    until(async || {
        let seen = b.api.contact(a_of_b.clone()).await.unwrap();
        seen.own_name.0 == NAMES[3]
    })
    .await;
    let page = b
        .api
        .page_with(a_of_b.clone(), PageFrom::FirstUnread, 10)
        .await
        .unwrap();
    let last = page.messages.last().unwrap().id.clone();
    b.api.mark_read_of(a_of_b.clone(), last).await.unwrap();
    // By hand, while one of the two is locked and off the air.
    b.api.lock().await.unwrap();
    a.api
        .send_to(b_of_a.clone(), Private(TEXTS[2].into()))
        .await
        .unwrap();
    fs::write(parcel, a.api.parcel_for(b_of_a.clone()).await.unwrap()).unwrap();
    let wrong = b.api.unlock(Passphrase::new(WRONG.into())).await;
    assert_eq!(wrong, Err(Refusal::WrongPassphrase));
    b.api.unlock(passphrase()).await.unwrap();
    let carried = b.api.take_parcel(fs::read(parcel).unwrap()).await;
    assert!(
        matches!(carried, Ok(_) | Err(Refusal::ParcelKnown)),
        "{carried:?}"
    );
    b.api
        .send_to(a_of_b.clone(), Private(TEXTS[3].into()))
        .await
        .unwrap();
    settled(&a.api, &b_of_a, 4).await;
    settled(&b.api, &a_of_b, 4).await;
    // Mistakes.
    let unused = invite(&a.api).await;
    let damaged = Private(unused.0.replacen('A', "B", 1));
    assert!(b.api.join(damaged.clone().into()).await.is_err());
    assert_eq!(
        a.api.join(unused.clone().into()).await,
        Err(Refusal::OwnLink)
    );
    let version = env!("CARGO_PKG_VERSION").into();
    let stranger = Remote::new(a.api.port(), Token::new(&[7; 32]), version).unwrap();
    assert_eq!(stranger.me().await.map(drop), Err(Refusal::NotAuthorised));
    assert!(
        b.api
            .take_parcel(b"HEDGEBDL nonsense".to_vec())
            .await
            .is_err()
    );
    let other = ContactId("no such contact here".into());
    assert!(
        a.api
            .send_to(other, Private(TEXTS[0].into()))
            .await
            .is_err()
    );
    (b_of_a, a_of_b, vec![link, unused, damaged])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_debug_log_and_the_raw_files_of_two_nodes_hold_no_secret() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    let (a_dir, b_dir, parcel) = (path("a"), path("b"), path("parcel"));
    for (dir, name) in [(&a_dir, NAMES[0]), (&b_dir, NAMES[1])] {
        create(dir, name).await.stop().await.unwrap();
        fs::create_dir(dir.with_extension("tmp")).unwrap();
    }
    let loud = ["--foreground", "--log", "trace"];
    let a = Daemon::start_with(&a_dir, &loud, log(&path("a.log"))).await;
    let b = Daemon::start_with(&b_dir, &loud, log(&path("b.log"))).await;
    let ports = [
        port(&a.api).await,
        port(&b.api).await,
        a.api.port(),
        b.api.port(),
    ];
    let tokens = [&a_dir, &b_dir].map(|dir| fs::read_to_string(dir.join("token")).unwrap());
    let (b_of_a, a_of_b, links) = a_day(&a, &b, &parcel).await;
    // One is killed, so that files are as they are in the middle of work; both leave their logs.
    b.kill();
    a.stop().await;

    let mut secrets = Secrets::default();
    NAMES.iter().for_each(|name| secrets.text("a name", name));
    TEXTS.iter().for_each(|text| secrets.text("a text", text));
    secrets.text("the passphrase", PASSPHRASE);
    secrets.text("a passphrase", WRONG);
    for id in [b_of_a, a_of_b] {
        secrets.text("a contact's id", &id.0);
    }
    for link in &links {
        secrets.text("a link", &link.0["hedgerow:".len()..]);
        if let Ok(invitation) = Invitation::parse(&link.0) {
            secrets.bytes("an invitation's secret", invitation.secret.as_bytes());
        }
    }
    let tokens_at = secrets.0.len();
    tokens
        .iter()
        .for_each(|token| secrets.text("a token", token.trim()));
    assert_eq!(secrets.0.len(), tokens_at + 2);
    let files = files(place.path());
    // Looked at before the stores are opened again, which changes them.
    for dir in [&a_dir, &b_dir] {
        secrets.keys(dir);
    }

    let logs = ["a.log", "b.log"].map(|name| fs::read_to_string(path(name)).unwrap());
    for log in &logs {
        assert!(log.lines().count() > 10, "the log is hardly a log:\n{log}");
        assert_eq!(secrets.found_in(log.as_bytes()), None, "{log}");
        for address in ["127.0.0.1", "[::1]", "::1:"] {
            assert!(!log.contains(address), "an address:\n{log}");
        }
        for port in ports {
            assert!(!names_port(log, port), "port {port}:\n{log}");
        }
    }
    for (name, bytes) in &files {
        assert!(
            !name.contains(".tmp/"),
            "{name} was left in the temporary directory"
        );
        if name.ends_with("/token") || name.ends_with(".passphrase") {
            continue;
        }
        assert_eq!(secrets.found_in(bytes), None, "{name}");
        let holds = |what: &str| {
            bytes
                .windows(what.len())
                .any(|window| window == what.as_bytes())
        };
        // The lock says where the API is; nothing says where the carrier is.
        for port in &ports[..2] {
            assert!(!holds(&format!("127.0.0.1:{port}")), "an address in {name}");
        }
    }
    assert!(files.len() >= 9, "{:?}", files.keys());

    broken(&secrets, &logs[0]);
}

/// The same looking finds what is planted, however it is written.
fn broken(secrets: &Secrets, log: &str) {
    for (secret, what) in &secrets.0 {
        let planted = [log.as_bytes(), b"a careless line: ", secret, b"\n"].concat();
        assert!(secrets.found_in(&planted).is_some(), "{what}");
    }
    let careless = format!("{log}dialling 127.0.0.1:40123\n");
    assert!(names_port(&careless, 40_123) && !names_port(log, 40_123));
}

/// Every file below a place, by its path.
fn files(place: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![place.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                found.insert(path.to_str().unwrap().to_owned(), bytes);
            }
        }
    }
    found
}

#[tokio::test]
async fn a_store_in_clear_would_be_noticed() {
    let place = place();
    let dir = place.path().join("a");
    create(&dir, NAMES[0]).await.stop().await.unwrap();
    let mut secrets = Secrets::default();
    secrets.keys(&dir);
    let node = open(&dir, OnAir::No).await;
    secrets.text("a name", &node.me().await.unwrap().name.0);
    node.stop().await.unwrap();
    let mut in_clear = Vec::new();
    let everything = (Bound::Unbounded, Bound::Unbounded);
    with_store(&dir, |store| {
        store.read(|reader| {
            reader.scan(everything, Direction::Forward, &mut |_, value| {
                in_clear.extend_from_slice(value);
                ControlFlow::Continue(())
            })
        })
    })
    .unwrap();
    assert!(secrets.found_in(&in_clear).is_some());
    for (name, bytes) in files(place.path()) {
        assert_eq!(secrets.found_in(&bytes), None, "{name}");
    }
}
