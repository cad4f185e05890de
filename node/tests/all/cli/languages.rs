//! The command line in the language of its user.

use std::sync::Arc;

use hedgerow_node::harness::RELAY;
use hedgerow_transport::carrier::RelayState;
use snapbox::{Data, assert_data_eq, file};

use super::terminal::{Scene, beside};
use super::text;
use crate::support::hosted::Hosted;

/// A few commands in each language: a table, a conversation, why a message waits, refusals, counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_speaks_the_language_of_its_user() {
    let goldens: [(&str, Data); 11] = [
        // From right to left.
        ("ar", file!["ar.txt"]),
        ("bg", file!["bg.txt"]),
        ("da", file!["da.txt"]),
        ("es", file!["es.txt"]),
        // From right to left, with digits of its own, which a terminal leaves out beside dates and addresses.
        ("fa", file!["fa.txt"]),
        ("fr", file!["fr.txt"]),
        ("he", file!["he.txt"]),
        ("lv", file!["lv.txt"]),
        ("ro", file!["ro.txt"]),
        ("sv", file!["sv.txt"]),
        ("uk", file!["uk.txt"]),
    ];
    for (language, golden) in goldens {
        let mut scene = Scene::new(6, ("HEDGEROW_LANGUAGE", language)).await;
        let lines = [
            "send Ben 'Good morning'",
            "react Ben eeeee 👍",
            "pin Ben eeeee",
            "read Ben --last 3",
            "status --message abababababababababababababababab-0000000000000001-7",
        ];
        scene.type_lines(&lines).await;
        scene.node.firewall(true);
        scene.type_lines(&["status Ben"]).await;
        scene.node.firewall(false);
        let lines = [
            "carrier",
            "contacts",
            "block Ben",
            "send Ben 'still there?'",
            "carrier lan quiet",
            &format!("relays add {RELAY}"),
        ];
        scene.type_lines(&lines).await;
        scene.node.relay_is(RELAY, RelayState::Ready);
        let lines = [
            "relays paths relayed",
            "bluetooth",
            "status",
            "join nothing",
            "invitations",
            "block Ben --undo",
            "carry export Ben DIR/parcel",
        ];
        scene.type_lines(&lines).await;
        scene
            .node
            .carry(std::fs::read(scene.file("parcel")).unwrap());
        std::fs::write(scene.file("answer"), scene.node.parcel()).unwrap();
        let lines = [
            "carry import DIR/answer",
            "unlock --passphrase-file DIR/none",
            "remove Ben",
            "lock",
            "contacts",
            "wipe --destroy-everything | yes\n",
        ];
        scene.type_lines(&lines).await;
        assert_data_eq!(scene.shown(), golden.raw());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_language_is_the_one_that_is_asked_for_or_the_systems() {
    let terminal = beside(Arc::default()).await;
    let swedish = "Inget här.\n";
    for (variable, value, line, said) in [
        ("LANG", "sv_SE.UTF-8", "read Ben", swedish),
        ("LC_MESSAGES", "sv", "read Ben", swedish),
        ("LC_ALL", "sv_FI", "read Ben", swedish),
        ("LC_ALL", "C", "read Ben", "Nothing here.\n"),
        ("LC_ALL", "de_DE.UTF-8", "read Ben", "Nothing here.\n"),
        ("HEDGEROW_LANGUAGE", "sv", "read Ben", swedish),
        ("LC_ALL", "da_DK.UTF-8", "--language sv read Ben", swedish),
        (
            "LC_ALL",
            "da_DK",
            "--language en read Ben",
            "Nothing here.\n",
        ),
    ] {
        let output = terminal.ask_with(variable, value, line).await;
        assert_eq!(text(&output.stderr), said, "{variable}={value} {line}");
    }
    let output = terminal.ask("--language de read Ben").await;
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_programs_read_is_the_same_in_every_language() {
    let terminal = beside(Arc::new(Hosted::new(2))).await;
    for line in [
        "--json contacts",
        "--json status",
        "--json read Ben --last 1",
        "--json read Nobody",
        "--json join nothing",
        "--json carrier relay quiet",
    ] {
        let english = terminal.ask(line).await;
        let other = terminal.ask_with("HEDGEROW_LANGUAGE", "bg", line).await;
        assert_eq!(text(&english.stdout), text(&other.stdout), "{line}");
        assert_eq!(text(&english.stderr), text(&other.stderr), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_destroys_everything_is_typed_in_the_language_that_asks_for_it() {
    let terminal = beside(Arc::default()).await;
    let english = "wipe --destroy-everything | destroy everything\n";
    let output = terminal.ask_with("HEDGEROW_LANGUAGE", "sv", english).await;
    assert_eq!(output.status.code(), Some(1));
    let swedish = "wipe --destroy-everything | förstör allt\n";
    let output = terminal.ask_with("HEDGEROW_LANGUAGE", "sv", swedish).await;
    assert_eq!(output.status.code(), Some(0));
}
