//! Files: uploaded, sent, fetched, downloaded.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hedgerow_node::api::*;
use hedgerow_node::files::{reading, saving};

use super::node::{Node, PATIENCE, Through, event, node, pair};
use crate::support::chats::Chats;

/// More than two parts of an upload.
const LONG: usize = (2 << 20) + 12_345;

/// The names of what is in the directory of sealed files.
fn sealed(node: &Node) -> usize {
    let sealed = std::fs::read_dir(node.directory.path().join("files"));
    sealed.map_or(0, |files| files.count())
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

pub async fn what_is_attached_comes_out_the_same_at_the_other_end(through: Through) {
    let (ana, ben, to_ana, to_ben) = pair(through).await;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("film.mkv");
    std::fs::write(&path, bytes(LONG)).unwrap();
    let (new, parts) = reading::open(&path, |_| {}).unwrap();
    let uploaded = ana.api.upload(new, parts).await.unwrap();
    assert_eq!(
        (&*uploaded.name.0, uploaded.size),
        ("film.mkv", LONG as u64)
    );
    let mut at_ben = ben.api.events().await.unwrap();
    let message = NewMessage {
        file: Some(uploaded.id),
        ..NewMessage::text("look")
    };
    let chat = ana.api.chat_with(to_ben).await.unwrap().id;
    let id = ana.api.send(chat, message).await.unwrap();
    let chat = ben.api.chat_with(to_ana).await.unwrap().id;
    let came = event(&mut at_ben, |event| {
        matches!(event, Event::Message { id: came, .. } if came == id).then_some(())
    });
    came.await;
    // Larger than what loads by itself from somebody who is not verified.
    let early = ben.api.download(chat.clone(), id.clone()).await.map(drop);
    assert_eq!(early, Err(Refusal::FileNotHere));
    ben.api
        .want_file(chat.clone(), id.clone(), true)
        .await
        .unwrap();
    loop {
        let file = ben
            .api
            .message(chat.clone(), id.clone())
            .await
            .unwrap()
            .file;
        if file.unwrap().state == FileState::Here {
            break;
        }
        event(&mut at_ben, Some).await;
    }
    let download = ben.api.download(chat, id).await.unwrap();
    let saved = saving::save(download, place.path(), |_| {}).await.unwrap();
    assert_eq!(saved, place.path().join("film (2).mkv"));
    assert!(std::fs::read(saved).unwrap() == bytes(LONG), "other bytes");
}

pub async fn a_file_that_changes_while_it_is_read_is_refused(through: Through) {
    let ana = node("Ana", through).await;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("log.txt");
    std::fs::write(&path, bytes(LONG)).unwrap();
    let grows = path.clone();
    let (new, parts) = reading::open(&path, move |_| append(&grows)).unwrap();
    let refused = ana.api.upload(new, parts).await;
    assert_eq!(refused.unwrap_err(), Refusal::FileChanged);
    // Over loopback the node sees a little later that the request broke off.
    let nothing_stays = async {
        while sealed(&ana) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let nothing_stays = tokio::time::timeout(PATIENCE, nothing_stays).await;
    nothing_stays.expect("something of it stays");
}

fn append(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::options().append(true).open(path).unwrap();
    file.write_all(b"one more line").unwrap();
}

pub async fn a_file_that_is_not_as_long_as_was_said_is_refused(through: Through) {
    let ana = node("Ana", through).await;
    for said in [LONG as u64 - 1, LONG as u64 + 1] {
        let new = NewUpload {
            name: Private("notes.txt".to_owned()),
            media_type: None,
            size: Some(said),
            form: Form::Cleaned,
        };
        let parts = stream::iter([Ok(Bytes::from(bytes(LONG)))]);
        let refused = ana.api.upload(new, parts.boxed()).await;
        assert_eq!(refused.unwrap_err(), Refusal::FileChanged);
    }
    assert_eq!(sealed(&ana), 0, "nothing of it stays");
}
