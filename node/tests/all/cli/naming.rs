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
