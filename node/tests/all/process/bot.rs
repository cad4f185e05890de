//! The example of a program in Python that uses the local API.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hedgerow_node::api::{
    Api, ConversationId, Form, Message, MessageId, NewMessage, NewUpload, PageFrom, Private,
};
use ring::digest::{SHA256, digest};

use super::people::{Daemon, pair, until};
use crate::support::chats::Chats;

/// The bot, until this is dropped.
struct Bot(Child);

impl Bot {
    /// Starts it on a data directory, and waits until it is ready. `None` where there is no Python.
    fn start(dir: &Path) -> Option<Bot> {
        let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples/hash_bot.py");
        let child = Command::new("python3")
            .arg(example)
            .arg(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.ok()?;
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert_eq!(line, "Ready.\n");
        Some(Bot(child))
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends a file, and gives what must answer it.
async fn send(api: &impl Api, chat: &ConversationId, bytes: Vec<u8>) -> (MessageId, String) {
    let hash = digest(&SHA256, &bytes);
    let hash = data_encoding::HEXLOWER.encode(hash.as_ref());
    let new = NewUpload {
        name: Private("notes.txt".to_owned()),
        media_type: None,
        size: Some(bytes.len() as u64),
        form: Form::Cleaned,
    };
    let bytes = stream::iter([Ok(Bytes::from(bytes))]);
    let uploaded = api.upload(new, bytes.boxed()).await.unwrap();
    let message = NewMessage {
        file: Some(uploaded.id),
        ..NewMessage::text("")
    };
    let id = api.send(chat.clone(), message).await.unwrap();
    (id, format!("notes.txt: {hash}"))
}

/// Waits for the answer to a message.
async fn answer(api: &impl Api, chat: &ConversationId, to: &MessageId) -> String {
    let mut found = None;
    until(async || {
        let page = api.page(chat.clone(), PageFrom::Newest, 100).await.unwrap();
        let answers = |one: &Message| one.reply_to.as_ref().is_some_and(|quoted| quoted.id == *to);
        let answer = page.messages.into_iter().find(answers);
        found = answer.map(|answer| answer.text.unwrap().0);
        found.is_some()
    })
    .await;
    found.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_bot_answers_each_file_once_also_after_the_node_was_killed() {
    let pair = pair().await;
    let (a, mut b) = (Daemon::start(&pair.a).await, Daemon::start(&pair.b).await);
    let chat = a.api.chat_with(pair.b_of_a.clone()).await.unwrap().id;
    let Some(_bot) = Bot::start(&pair.b) else {
        eprintln!("skipped: there is no python3 here");
        return;
    };
    let (small, hash) = send(&a.api, &chat, vec![7; 300_000]).await;
    assert_eq!(answer(&a.api, &chat, &small).await, hash);

    b.kill();
    // It does not load by itself: Ben has not verified Ada.
    let (large, hash) = send(&a.api, &chat, vec![9; 1_500_000]).await;
    b = Daemon::start(&pair.b).await;
    assert_eq!(answer(&a.api, &chat, &large).await, hash);

    // Ping and pong, two files and two answers.
    assert_eq!(a.api.conversation(chat).await.unwrap().messages, 6);
    a.stop().await;
    b.stop().await;
}
