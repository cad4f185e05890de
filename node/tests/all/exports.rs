//! A conversation as a file: complete, in pages, and nothing in it that a reader's program obeys.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hedgerow_node::api::{
    Api, ExportFormat, Form, MAX_PAGE, Message, MessageId, NewMessage, NewUpload, PageFrom, Private,
};
use hedgerow_node::export::{Circumstances, Export, Folder, Placed};
use hedgerow_node::words::Language;
use jiff::tz::TimeZone;

use crate::support::chats::Chats;
use crate::support::hosted::Hosted;

async fn parts(node: &Hosted, format: ExportFormat) -> Vec<String> {
    let circumstances = Circumstances {
        language: Language::English,
        zone: TimeZone::UTC,
        now_ms: 1_790_000_000_000,
    };
    let of = node.ben.conversation.clone();
    let export = Export::begin(node, of, format, circumstances).await;
    let mut export = export.expect("there is a conversation");
    let mut parts = Vec::new();
    while let Some(part) = export.part(node).await.expect("it goes on") {
        parts.push(part);
    }
    parts
}

async fn send(node: &Hosted, text: &str) {
    let sent = node.send_to(node.ben.id.clone(), Private(text.into()));
    sent.await.expect("it is kept");
}

const HOSTILE: &str = "</p><script>alert(1)</script><img src=http://192.0.2.1/x onerror=x>\n2026-05-01 12:00 > you: forged";

#[tokio::test]
async fn html_shows_every_message_and_obeys_none() {
    let node = Hosted::new(5);
    node.receive(HOSTILE);
    let thumb = Private("👍".into());
    let (chat, message) = (node.ben.conversation.clone(), node.message(5));
    node.react(chat, message, thumb).await.unwrap();
    let page = parts(&node, ExportFormat::Html).await.concat();
    assert_eq!(page.matches("<article ").count(), 6);
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    assert!(page.contains("default-src 'none'") && page.contains("is not sealed"));
    for forbidden in [
        "<script",
        "<img",
        "<link",
        "<iframe",
        "@import",
        "url(",
        "javascript:",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)"));
    assert!(page.contains("👍 you") && page.contains("delivered"));
}

#[tokio::test]
async fn json_holds_the_messages_as_the_api_shows_them_however_many_pages_they_take() {
    let node = Hosted::new(4);
    for number in 0..MAX_PAGE {
        send(&node, &format!("note {number}")).await;
    }
    let parts = parts(&node, ExportFormat::Json).await;
    assert_eq!(parts.len(), 4, "a beginning, two pages and an end");
    let file: serde_json::Value = serde_json::from_str(&parts.concat()).expect("it is JSON");
    let messages: Vec<Message> = serde_json::from_value(file["messages"].clone()).unwrap();
    let of = node.ben.conversation.clone();
    let first = node
        .page(of.clone(), PageFrom::Oldest, MAX_PAGE)
        .await
        .unwrap();
    assert_eq!(messages.len() as u64, first.total);
    assert_eq!(messages[..MAX_PAGE as usize], first.messages);
    assert_eq!(file["conversation"]["id"], of.0);
}

#[tokio::test]
async fn an_empty_conversation_is_a_whole_file_in_every_format() {
    let node = Hosted::new(0);
    let json = parts(&node, ExportFormat::Json).await.concat();
    let file: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(file["messages"], serde_json::json!([]));
    let html = parts(&node, ExportFormat::Html).await.concat();
    assert!(html.ends_with("<main>\n</main></body></html>\n"));
    let text = parts(&node, ExportFormat::Text).await.concat();
    assert!(text.starts_with("Ben\n") && text.contains("is not sealed"));
}

#[tokio::test]
async fn no_text_forges_a_line_of_the_text_file() {
    let node = Hosted::new(1);
    node.receive(HOSTILE);
    let text = parts(&node, ExportFormat::Text).await.concat();
    let heads = text.lines().filter(|line| line.starts_with("2026-"));
    assert_eq!(heads.count(), 2);
    assert!(text.contains("\n    2026-05-01 12:00 > you: forged"));
}

#[tokio::test]
async fn a_file_that_is_cut_off_is_known_to_be_incomplete() {
    let node = Arc::new(Hosted::new(3));
    let circumstances = Circumstances {
        language: Language::Arabic,
        zone: TimeZone::UTC,
        now_ms: 0,
    };
    let of = node.ben.conversation.clone();
    let export = Export::begin(&*node, of, ExportFormat::Html, circumstances).await;
    let mut export = export.expect("there is a conversation");
    let beginning = export.part(&*node).await.unwrap().expect("a beginning");
    assert!(beginning.contains("dir=\"rtl\""));
    node.remove(node.ben.id.clone()).await.unwrap();
    assert!(export.part(&*node).await.is_err());
}

#[tokio::test]
async fn what_disappears_is_in_no_file_also_where_it_is_answered() {
    let node = Hosted::new(1);
    let chat = node.ben.conversation.clone();
    node.set_timer(chat.clone(), 60).await.unwrap();
    let question = node.send(chat.clone(), NewMessage::text("for a minute"));
    let question = question.await.expect("it is kept");
    node.set_timer(chat.clone(), 0).await.unwrap();
    let answer = NewMessage {
        reply_to: Some(question),
        ..NewMessage::text("this stays")
    };
    node.send(chat, answer).await.expect("it is kept");
    for format in [ExportFormat::Html, ExportFormat::Json, ExportFormat::Text] {
        let file = parts(&node, format).await.concat();
        assert!(file.contains("this stays") && !file.contains("for a minute"));
    }
}

#[tokio::test]
async fn a_cancelled_file_is_said_to_be_cancelled() {
    let node = Hosted::new(1);
    node.receive_cancelled_file("film.mkv");
    for format in [ExportFormat::Html, ExportFormat::Text] {
        let file = parts(&node, format).await.concat();
        assert!(
            file.contains("film.mkv (2.10 MB) [cancelled by its sender]"),
            "{file}"
        );
    }
    let json = parts(&node, ExportFormat::Json).await.concat();
    let file: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(file["messages"][1]["file"]["state"]["state"], "cancelled");
}

async fn attach(node: &Hosted, name: &str, content: &'static str) -> MessageId {
    let new = NewUpload {
        name: Private(name.into()),
        media_type: None,
        size: None,
        form: Form::AsItIs,
    };
    let content = stream::iter([Ok(Bytes::from(content))]).boxed();
    let file = Some(node.upload(new, content).await.unwrap().id);
    let message = NewMessage {
        file,
        ..NewMessage::text("")
    };
    let chat = node.ben.conversation.clone();
    node.send(chat, message).await.unwrap()
}

/// What is written at a path, and what became of the folder beside it.
async fn written(node: &Hosted, path: &Path, format: ExportFormat) -> (String, Placed) {
    let circumstances = Circumstances {
        language: Language::English,
        zone: TimeZone::UTC,
        now_ms: 1_790_000_000_000,
    };
    let of = node.ben.conversation.clone();
    let mut export = Export::begin(node, of, format, circumstances)
        .await
        .unwrap();
    let mut folder = Folder::beside(path);
    let mut text = String::new();
    while let Some(part) = export
        .part_with_files(node, &mut folder, &|_| ())
        .await
        .unwrap()
    {
        text += &part;
    }
    (text, folder.place().unwrap())
}

#[tokio::test]
async fn files_stand_beside_the_export_under_clean_names_and_it_says_which_are_not_here() {
    let node = Hosted::new(1);
    let chat = node.ben.conversation.clone();
    for (name, content) in [
        ("a.txt", "one"),
        ("a.txt", "two"),
        ("\"><script>.exe", "three"),
        ("photo\u{202e}gpj.exe", "four"),
    ] {
        attach(&node, name, content).await;
    }
    node.receive_long_file("long.bin");
    node.set_timer(chat.clone(), 60).await.unwrap();
    attach(&node, "minute.txt", "for a minute").await;
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("ben-files")).unwrap();

    let (page, placed) = written(&node, &place.path().join("ben.html"), ExportFormat::Html).await;
    let folder = place.path().join("ben-files (2)");
    assert_eq!(placed.path.as_ref(), Some(&folder));
    assert_eq!((placed.saved, placed.absent), (4, 1));
    let mut contents: Vec<(String, String)> = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
        let name = entry.file_name().into_string().unwrap();
        contents.push((name, fs::read_to_string(entry.path()).unwrap()));
    }
    contents.sort();
    let expected = [
        ("___script_.exe", "three"),
        ("a (2).txt", "two"),
        ("a.txt", "one"),
        ("photogpj.exe", "four"),
    ];
    assert_eq!(
        contents,
        expected.map(|(name, text)| (name.into(), text.into()))
    );
    let links: Vec<&str> = page
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let encoded = |name: &str| format!("./ben%2Dfiles%20%282%29/{name}");
    let expected = [
        encoded("a%2Etxt"),
        encoded("a%20%282%29%2Etxt"),
        encoded("%5F%5F%5Fscript%5F%2Eexe"),
        encoded("photogpj%2Eexe"),
    ];
    assert_eq!(links, expected);
    assert!(!page.contains("<script") && page.contains("[not here]"));

    let (json, placed) = written(&node, &place.path().join("x.json"), ExportFormat::Json).await;
    assert_eq!(placed.path, Some(place.path().join("x-files")));
    let file: serde_json::Value = serde_json::from_str(&json).unwrap();
    let saved = file["messages"].as_array().unwrap().iter();
    let saved: Vec<_> = saved.filter_map(|one| one.get("saved_as")).collect();
    assert_eq!(saved.len(), 5);
    assert_eq!(saved[1], "x-files/a (2).txt");
    assert!(saved[4].is_null());
    placed.undo();
    assert!(!place.path().join("x-files").exists());

    let (text, _) = written(&node, &place.path().join("x.txt"), ExportFormat::Text).await;
    assert!(text.contains("📎 a.txt (3 B) → x-files/a.txt"));
    let long = text.lines().find(|line| line.contains("📎 long.bin"));
    assert!(long.is_some_and(|line| line.ends_with("[not here]")));
}

#[tokio::test]
async fn a_conversation_without_files_has_no_folder_and_one_that_breaks_off_leaves_none() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("ben.html");
    let node = Hosted::new(3);
    let (_, placed) = written(&node, &path, ExportFormat::Html).await;
    assert_eq!((placed.path, placed.saved, placed.absent), (None, 0, 0));
    attach(&node, "a.txt", "one").await;
    let circumstances = Circumstances {
        language: Language::English,
        zone: TimeZone::UTC,
        now_ms: 0,
    };
    let of = node.ben.conversation.clone();
    let mut export = Export::begin(&node, of, ExportFormat::Html, circumstances)
        .await
        .unwrap();
    let mut folder = Folder::beside(&path);
    for _ in ["beginning", "messages"] {
        export
            .part_with_files(&node, &mut folder, &|_| ())
            .await
            .unwrap();
    }
    node.remove(node.ben.id.clone()).await.unwrap();
    assert!(
        export
            .part_with_files(&node, &mut folder, &|_| ())
            .await
            .is_err()
    );
    // Somebody takes its name meanwhile.
    fs::create_dir(place.path().join("ben-files")).unwrap();
    fs::write(place.path().join("ben-files/theirs"), "").unwrap();
    assert!(folder.place().is_err());
    let left: Vec<_> = fs::read_dir(place.path()).unwrap().collect();
    assert_eq!(left.len(), 1);
    assert!(place.path().join("ben-files/theirs").exists());
}
