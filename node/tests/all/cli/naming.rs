//! Which contact and which message a word means.

use std::collections::BTreeSet;
use std::sync::Arc;

use hedgerow_node::api::{Api, Private};

use super::terminal::beside;
use super::text;
use crate::support::hosted::Hosted;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ambiguous_name_lists_the_choices() {
    let node = Arc::new(Hosted::new(0));
    let terminal = beside(node.clone()).await;
    // Before the command line refused it.
    let (dora, ben) = (node.dora.id.clone(), Private("Ben".into()));
    let remote = terminal.served.remote();
    remote.rename(dora, ben).await.unwrap();
    let output = terminal.ask("--json send Ben hello").await;
    assert_eq!(output.status.code(), Some(1));
    let failure: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(failure["code"], "ambiguous_name");
    assert!(failure["words"].as_str().unwrap().contains(&node.ben.id.0));
}

/// There are 32 letters: of 33 messages two begin with the same one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_begins_several_messages_names_none() {
    let terminal = beside(Arc::new(Hosted::new(33))).await;
    let read = terminal.ask("read Ben --last 33").await;
    let lines = text(&read.stdout);
    let mut seen = BTreeSet::new();
    let mut letters = lines
        .lines()
        .filter_map(|line| line.split(' ').nth(2)?.get(..1));
    let letter = letters.find(|letter| !seen.insert(*letter)).unwrap();
    let output = terminal.ask(&format!("pin Ben {letter}")).await;
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr).replace('\n', " ");
    let words = format!("More than one message is called {letter}. Give more of its letters.");
    assert_eq!(said.trim(), words);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_who_calls_itself_me_gets_no_note() {
    let node = Arc::new(Hosted::new(0));
    let terminal = beside(node.clone()).await;
    let remote = terminal.served.remote();
    let (ben, me) = (node.ben.id.clone(), Private("me".into()));
    remote.rename(ben.clone(), me).await.unwrap();
    assert!(terminal.ask("send me secret").await.status.success());
    let chat = node.ben.conversation.clone();
    assert_eq!(remote.conversation(chat.clone()).await.unwrap().messages, 0);
    assert_eq!(remote.notes().await.unwrap().messages, 1);
    // Such a contact is called by the id.
    let line = format!("send {} hello", ben.0);
    assert!(terminal.ask(&line).await.status.success());
    assert_eq!(remote.conversation(chat).await.unwrap().messages, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_replaces_no_file_and_leaves_none_behind_that_is_not_whole() {
    let node = Arc::new(Hosted::new(2));
    let terminal = beside(node).await;
    let place = terminal.place.path().join("out");
    std::fs::create_dir(&place).unwrap();
    std::fs::write(place.join("kept.html"), "kept").unwrap();
    let refused = terminal.ask("export Ben out/kept.html --yes").await;
    assert_eq!(refused.status.code(), Some(1));
    let unasked = terminal.ask("export Ben out/new.html").await;
    assert_eq!(unasked.status.code(), Some(2));
    let nobody = terminal.ask("export Nobody out/new.html --yes").await;
    assert_eq!(nobody.status.code(), Some(1));
    for line in ["export Ben out --yes", "export me out --yes --format text"] {
        assert!(terminal.ask(line).await.status.success(), "{line}");
    }
    let files = std::fs::read_dir(&place).unwrap();
    let files: BTreeSet<_> = files.map(|file| file.unwrap().file_name()).collect();
    let named = ["Ben.html", "kept.html", "me.txt"].map(Into::into);
    assert_eq!(files, named.into());
    assert_eq!(
        std::fs::read_to_string(place.join("kept.html")).unwrap(),
        "kept"
    );
    let written = std::fs::read_to_string(place.join("Ben.html")).unwrap();
    assert!(written.contains("line 1") && written.ends_with("</html>\n"));
}
