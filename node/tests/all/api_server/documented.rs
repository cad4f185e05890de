//! Everything is answered as the document says, and nothing else is served.

use futures_util::StreamExt;
use hedgerow_node::api::{Api, Event};
use hedgerow_node::harness::RELAY;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::document::Document;
use super::{authorised, code, refused, served};
use crate::support::hosted::{Hosted, PASSPHRASE};

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
    let recording = format!("{chat}/recording");
    for (from, body, status) in [
        ("0", "one", 204),
        ("3", "two", 204),
        ("3", "two", 400),
        ("first", "one", 400),
    ] {
        let part = ask(put.clone(), &format!("{recording}/{from}")).body(body);
        document.check(part, status).await;
    }
    document.check(ask(get.clone(), &recording), 200).await;
    document.check(ask(delete.clone(), &recording), 204).await;
    document.check(ask(get.clone(), &recording), 404).await;
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
    for (query, status) in [
        ("words=line", 200),
        ("words=ben&kind=names", 200),
        ("words=line&mine=true&since_ms=0&until_ms=1", 200),
        ("kind=links", 200),
        ("words=line&kind=voice", 200),
        ("", 400),
        ("words=", 400),
        ("words=line&cursor=AA", 400),
        ("words=line&conversation=00", 404),
        ("words=line&kind=smells", 400),
        ("text=line", 400),
    ] {
        let path = format!("/v1/search?{query}");
        document.check(ask(get.clone(), &path), status).await;
    }
    let message = format!("{path}/{}", sent["id"].as_str().unwrap());
    document.check(ask(get.clone(), &message), 200).await;
    document
        .check(ask(get.clone(), &format!("{path}/00")), 404)
        .await;
    let own = sent["id"].as_str().unwrap();
    for (of, body, status) in [
        (own, json!({"text": "no"}), 204),
        (own, json!({"text": ""}), 400),
        ("00", json!({"text": "no"}), 404),
    ] {
        let edit = ask(put.clone(), &format!("{path}/{of}/text")).json(&body);
        document.check(edit, status).await;
    }
    let theirs = page_of_others(&mut document, ask(get.clone(), &path)).await;
    let edit = ask(put.clone(), &format!("{path}/{theirs}/text"));
    document.check(edit.json(&json!({"text": "no"})), 409).await;
    for (of, status) in [(own, 200), (&theirs, 200), ("00", 404)] {
        let versions = ask(get.clone(), &format!("{path}/{of}/versions"));
        document.check(versions, status).await;
    }
    let to = &node.ben.conversation.0;
    for (of, to, status) in [
        (own, json!([to]), 200),
        (own, json!(["00"]), 404),
        (own, json!(vec![to; 33]), 400),
        ("00", json!([to]), 404),
    ] {
        let forward = ask(post.clone(), &format!("{path}/{of}/forward"));
        document
            .check(forward.json(&json!({ "to": to })), status)
            .await;
    }
    for (of, status) in [(own, 200), (&theirs, 200), ("00", 404)] {
        let reply = json!({"text": "yes", "reply_to": of});
        document
            .check(ask(post.clone(), &path).json(&reply), status)
            .await;
    }
    for (about, put_status, post_status) in [
        (json!({"text": "no", "reply_to": theirs}), 204, 200),
        (json!({"text": "yes", "edit": own}), 204, 200),
        (json!({"text": "no", "edit": theirs}), 204, 409),
        (
            json!({"text": "no", "reply_to": theirs, "edit": own}),
            400,
            400,
        ),
    ] {
        document
            .check(ask(put.clone(), &draft).json(&about), put_status)
            .await;
        document.check(ask(get.clone(), &chat), 200).await;
        document
            .check(ask(post.clone(), &draft).json(&about), post_status)
            .await;
    }
    let upload = |query: &str| ask(post.clone(), &format!("/v1/files{query}")).body("hello");
    let uploaded = document.check(upload("?name=a.txt&size=5"), 200).await;
    for (query, status) in [
        ("?name=a.txt&type=text/plain", 200),
        ("?name=a.txt&size=6", 409),
        ("?name=a.txt&size=99999999999", 413),
        ("?name=..%2F", 400),
        ("", 400),
    ] {
        document.check(upload(query), status).await;
    }
    let with_file = json!({"text": "", "file": uploaded["id"]});
    let send = || ask(post.clone(), &path).json(&with_file);
    let sent = document.check(send(), 200).await;
    // A message has taken it.
    document.check(send(), 404).await;
    let with_file = sent["id"].as_str().unwrap();
    for (of, get_status, delete_status) in [
        (with_file, 200, 409),
        (theirs.as_str(), 404, 404),
        ("00", 404, 404),
    ] {
        let file = format!("{path}/{of}/file");
        document.check(ask(get.clone(), &file), get_status).await;
        // No hosted node makes previews.
        let preview = format!("{path}/{of}/preview");
        document.check(ask(get.clone(), &preview), 404).await;
        let wanted = ask(put.clone(), &format!("{file}/wanted"));
        let wanted = wanted.json(&json!({"wanted": true}));
        document.check(wanted, 404).await;
        document
            .check(ask(delete.clone(), &file), delete_status)
            .await;
    }
    let cancelled = ask(post.clone(), &format!("{path}/00/file/cancel"));
    document.check(cancelled, 404).await;
    document.check(ask(get.clone(), &path), 200).await;
    let of = node.message(3).0;
    for (what, says) in [
        ("reaction", json!({"emoji": "👍"})),
        ("reaction", json!({"emoji": ""})),
        ("pinned", json!({"pinned": true})),
        ("starred", json!({"starred": true})),
    ] {
        let said = ask(put.clone(), &format!("{chat}/messages/{of}/{what}"));
        document.check(said.json(&says), 204).await;
        let nowhere = ask(put.clone(), &format!("{chat}/messages/00/{what}"));
        document.check(nowhere.json(&says), 404).await;
    }
    for (of, for_all, status) in [
        (sent["id"].as_str().unwrap(), true, 200),
        (&node.message(1).0, true, 409),
        (&node.message(1).0, false, 200),
        ("00", false, 404),
    ] {
        let deleted = ask(delete.clone(), &format!("{path}/{of}"));
        let says = json!({"for_all": for_all});
        document.check(deleted.json(&says), status).await;
    }
    for (seconds, status) in [(300, 204), (0, 204), (59, 400)] {
        let timer = ask(put.clone(), &format!("{chat}/timer"));
        document
            .check(timer.json(&json!({"seconds": seconds})), status)
            .await;
    }
    let again = ask(post.clone(), &format!("{path}/{}/again", node.message(3).0));
    document.check(again, 409).await;
    document.check(ask(get.clone(), "/v1/storage"), 200).await;
    let files = format!("{chat}/files");
    document.check(ask(get.clone(), &files), 200).await;
    for (query, status) in [
        ("?limit=0", 400),
        ("?before=00", 404),
        ("?from=newest", 400),
    ] {
        let files = ask(get.clone(), &format!("{files}{query}"));
        document.check(files, status).await;
    }
    for query in ["", "?limit=1", "?before=0&limit=7"] {
        let starred = ask(get.clone(), &format!("/v1/starred{query}"));
        document.check(starred, 200).await;
    }
    for query in ["?limit=0", "?limit=501", "?before=x", "?cursor=1"] {
        let starred = ask(get.clone(), &format!("/v1/starred{query}"));
        document.check(starred, 400).await;
    }
    for (what, says) in [
        (
            "muted",
            json!({"muted": {"until_ms": 4_000_000_000_000_i64}}),
        ),
        ("muted", json!({"muted": "forever"})),
        ("muted", json!({"muted": null})),
        ("archived", json!({"archived": true})),
        ("unread", json!({"unread": true})),
    ] {
        let arranged = ask(put.clone(), &format!("{chat}/{what}"));
        document.check(arranged.json(&says), 200).await;
        let nowhere = ask(put.clone(), &format!("{conversations}/00/{what}"));
        document.check(nowhere.json(&says), 404).await;
    }
    for (query, status) in [
        ("", 200),
        ("?format=html", 200),
        ("?format=json", 200),
        ("?format=text", 200),
        ("?format=pdf", 400),
        ("?from=oldest", 400),
    ] {
        let export = ask(get.clone(), &format!("{chat}/export{query}"));
        document.check(export, status).await;
    }
    let nowhere = ask(get.clone(), &format!("{conversations}/00/export"));
    document.check(nowhere, 404).await;
    let receipts = ask(put.clone(), "/v1/receipts").json(&json!({"receipts": true}));
    document.check(receipts, 200).await;
    let notes = document.check(ask(put.clone(), "/v1/notes"), 200).await;
    let notes = format!("{conversations}/{}", notes["id"].as_str().unwrap());
    document.check(ask(delete.clone(), &notes), 204).await;
    document.check(ask(delete.clone(), &notes), 404).await;
    document.check(ask(delete.clone(), &chat), 409).await;
    let name = json!({"name": "Riverside"});
    let group = ask(post.clone(), "/v1/groups").json(&name);
    let group = document.check(group, 200).await;
    let group = format!("{conversations}/{}", group["id"].as_str().unwrap());
    for (contact, status) in [(node.ben.id.0.as_str(), 200), ("00", 404)] {
        let invite = ask(post.clone(), &format!("{group}/invitations"));
        let invite = invite.json(&json!({ "contact": contact }));
        document.check(invite, status).await;
    }
    let none = format!("{chat}/messages/{}/invitation", node.message(3).0);
    for method in [&put, &delete] {
        document.check(ask(method.clone(), &none), 404).await;
    }
    let members = ask(get.clone(), &format!("{group}/members"));
    let members = document.check(members, 200).await;
    let me = members[0]["who"]["id"].as_str().unwrap().to_owned();
    // Nobody has suspended the founder, and whoever guesses at the passphrase is told only that it is wrong.
    for (passphrase, status) in [(PASSPHRASE, 409), ("wrong", 403)] {
        let object = ask(post.clone(), &format!("{group}/objection"));
        let object = object.json(&json!({"passphrase": passphrase}));
        document.check(object, status).await;
    }
    for (without, status) in [(json!([]), 200), (json!(["00"]), 404)] {
        let restart = ask(post.clone(), &format!("{group}/restart"));
        let restart = restart.json(&json!({"without": without, "name": "Riverside again"}));
        document.check(restart, status).await;
    }
    for (member, status) in [(me.as_str(), 200), ("00", 404)] {
        let set = ask(put.clone(), &format!("{group}/members/{member}"));
        let set = set.json(&json!({"level": "admin"}));
        document.check(set, status).await;
    }
    let said = json!({"text": "hello all"});
    let said = ask(post.clone(), &format!("{group}/messages")).json(&said);
    let said = document.check(said, 200).await;
    let said = said
        .as_str()
        .unwrap_or_else(|| said["id"].as_str().unwrap());
    for (message, status) in [(said, 200), ("00", 404)] {
        let holders = ask(get.clone(), &format!("{group}/messages/{message}/members"));
        document.check(holders, status).await;
    }
    for status in [204, 409] {
        let leave = ask(post.clone(), &format!("{group}/leave"));
        document.check(leave, status).await;
    }
    document.check(ask(delete.clone(), &group), 204).await;
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
    let dora = format!("/v1/contacts/{}", node.dora.id.0);
    for (contact, status) in [(&ben, 200), (&dora, 409)] {
        let begin = ask(post.clone(), &format!("{contact}/parcels")).json(&json!({}));
        let parcels = document.check(begin, 200).await;
        let part = format!("/v1/parcels/{}/1", parcels["series"].as_str().unwrap());
        document.check(ask(get.clone(), &part), status).await;
    }
    document
        .check(ask(post.clone(), "/v1/parcels").body(node.parcel()), 200)
        .await;
    document
        .check(ask(post.clone(), "/v1/parcels").body("garbage"), 400)
        .await;
    let former = format!("{dora}/former");
    for status in [200, 404] {
        document.check(ask(post.clone(), &former), status).await;
    }
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

/// A message of somebody else on a page of messages.
async fn page_of_others(document: &mut Document, page: reqwest::RequestBuilder) -> String {
    let page = document.check(page, 200).await;
    let messages = page["messages"].as_array().unwrap();
    let theirs = messages.iter().find(|one| !one["author"].is_null());
    theirs.unwrap()["id"].as_str().unwrap().to_owned()
}
