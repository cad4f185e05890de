//! The command line in the language of its user.

use snapbox::{Data, assert_data_eq, file};

use super::{Fake, scripted, text, transcript};
use crate::support::fake::message_id;

/// A few commands in each language: a table, a conversation, why a message waits, refusals, counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_speaks_the_language_of_its_user() {
    let goldens: [(&str, Data); 5] = [
        ("bg", file!["bg.txt"]),
        ("da", file!["da.txt"]),
        ("lv", file!["lv.txt"]),
        ("ro", file!["ro.txt"]),
        ("sv", file!["sv.txt"]),
    ];
    let sent = message_id(6).0;
    for (language, golden) in goldens {
        let node = scripted(Fake::new(6)).await;
        let mut shown = String::new();
        for line in [
            "send Ben 'Good morning'",
            "react Ben rw9k6 👍",
            "pin Ben rw9k6",
            "read Ben --last 3",
            &format!("status --message {sent}"),
            "status Ben",
            "carrier",
            "contacts",
            "block Ben",
            "send Ben 'still there?'",
            "carrier lan quiet",
            "relays add /dns/relay.example.net/tcp/4001/p2p/12D3KooX",
            "relays paths relayed",
            "bluetooth",
            "status",
            "join nothing",
            "invitations",
            "carry export Ben DIR/parcel",
            "carry import DIR/parcel",
            "unlock --passphrase-file DIR/none",
            "remove Ben",
            "lock",
            "contacts",
            "wipe --destroy-everything | yes\n",
        ] {
            let output = node.ask_with("HEDGEROW_LANGUAGE", language, line).await;
            transcript(&mut shown, line, &output);
        }
        assert_data_eq!(shown, golden.raw());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_language_is_the_one_that_is_asked_for_or_the_systems() {
    let node = scripted(Fake::new(0)).await;
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
        let output = node.ask_with(variable, value, line).await;
        assert_eq!(text(&output.stderr), said, "{variable}={value} {line}");
    }
    let output = node.ask("--language de read Ben").await;
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_programs_read_is_the_same_in_every_language() {
    let node = scripted(Fake::new(2)).await;
    for line in [
        "--json contacts",
        "--json status",
        "--json read Ben --last 1",
        "--json read Nobody",
        "--json join nothing",
        "--json carrier relay quiet",
    ] {
        let english = node.ask(line).await;
        let other = node.ask_with("HEDGEROW_LANGUAGE", "bg", line).await;
        assert_eq!(text(&english.stdout), text(&other.stdout), "{line}");
        assert_eq!(text(&english.stderr), text(&other.stderr), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_destroys_everything_is_typed_in_the_language_that_asks_for_it() {
    let node = scripted(Fake::new(0)).await;
    let english = "wipe --destroy-everything | destroy everything\n";
    let output = node.ask_with("HEDGEROW_LANGUAGE", "sv", english).await;
    assert_eq!(output.status.code(), Some(1));
    let swedish = "wipe --destroy-everything | förstör allt\n";
    let output = node.ask_with("HEDGEROW_LANGUAGE", "sv", swedish).await;
    assert_eq!(output.status.code(), Some(0));
}
