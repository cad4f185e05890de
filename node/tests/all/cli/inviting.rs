//! Invitations that lead nowhere.

use std::sync::Arc;

use hedgerow_node::harness::RELAY;

use super::terminal::{Terminal, beside};
use super::text;
use crate::support::hosted::Hosted;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_that_nobody_can_use_says_so_and_what_to_do() {
    let terminal = beside(Arc::new(Hosted::new(0))).await;
    let relay = format!("relays add {RELAY}");
    for (lines, is_of_use) in [
        (vec![], true),
        (vec!["relays paths relayed"], false),
        (vec!["relays paths socks5://127.0.0.1:9050"], false),
        (vec![relay.as_str()], true),
        (vec!["carrier relay off"], false),
        (vec!["relays paths direct"], true),
    ] {
        for line in &lines {
            assert!(terminal.ask(line).await.status.success(), "{line}");
        }
        let said = invite(&terminal).await;
        let warns = said.contains("Nobody can use this invitation");
        assert_eq!(warns, !is_of_use, "{lines:?}: {said}");
        assert_eq!(warns, said.contains("`hedgerow relays add ADDRESS`"));
    }
}

async fn invite(terminal: &Terminal) -> String {
    let output = terminal.ask("invite").await;
    assert!(output.status.success());
    text(&output.stderr)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
