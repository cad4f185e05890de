//! What each command answers, word for word.

use hedgerow_node::api::{Api, NewJoin, Private};
use hedgerow_transport::carrier::RelayState;
use snapbox::{assert_data_eq, file};

use super::terminal::Scene;

const ORG: &str =
    "/dns/relay.example.org/tcp/4001/p2p/12D3KooWGjTY9hPEQx3Ju4wHvQLpZ5oXvHVCi2vcdaEMeRTdMUJs";
const NET: &str =
    "/dns/relay.example.net/tcp/4001/p2p/12D3KooWGjTY9hPEQx3Ju4wHvQLpZ5oXvHVCi2vcdaEMeRTdMUJs";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_data_on_stdout_and_talk_on_stderr() {
    let mut scene = Scene::new(6, ("LANG", "C")).await;
    messages(&mut scene).await;
    replies_and_edits(&mut scene).await;
    deletions(&mut scene).await;
    keeping(&mut scene).await;
    timers(&mut scene).await;
    files(&mut scene).await;
    people(&mut scene).await;
    invitations(&mut scene).await;
    by_hand(&mut scene).await;
    networks(&mut scene).await;
    relays(&mut scene).await;
    the_node_itself(&mut scene).await;
    assert_data_eq!(scene.shown(), file!["answers.txt"].raw());
}

async fn messages(scene: &mut Scene) {
    let lines = [
        "contacts",
        "--json contacts",
        "status",
        "--json status",
        "read Ben --last 3",
        "--json read ben --last 1",
        "read Ben --from '2026-09-21 14:17'",
        "read Ben --from 2027-01-01",
        "read Ben --from never",
        "read Nobody",
        "send Ben 'Good morning'",
        "send Ben - | two lines\nfrom stdin\n",
        "send Ben ''",
        "send Ben '  '",
        "read Ben --last 2",
        "react Ben eeeee 👍",
        "react Ben zzzzz 👍",
        "pin Ben eeeee",
        "read Ben --last 4",
        "search LINE --last 3",
        "search morning",
        "--json search 'line 5'",
        "search line 1 --in Ben --from Ben",
        "search ben",
        "search nowhere",
        "search line --since never",
        "search …",
        "search --kind links",
        "search line --kind pictures --in Ben",
        "search",
        "react Ben eeeee --undo",
        "pin Ben eeeee --undo",
        "status --message abababababababababababababababab-0000000000000001-7",
        "status --message 00",
        "status --message gggg",
        "status --message zzz",
        "status Ben",
        "status d0d0d0d0",
        "pin Ben gggg",
        "pin Ben gggg --undo",
    ];
    scene.type_lines(&lines).await;
    scene.note("Ben comes near, and a firewall lets nothing through.");
    scene.node.firewall(true);
    scene.type_lines(&["status Ben", "contacts"]).await;
    scene.node.firewall(false);
}

async fn replies_and_edits(scene: &mut Scene) {
    let long = "send Ben --reply fffff 'A reply to what Ben wrote'";
    let lines = [
        long,
        "send Ben --reply zzzzz 'to nothing'",
        "read Ben --last 1",
        "--json read Ben --last 1",
        "send Ben --reply iiiii yes",
        "edit Ben iiiii 'A shorter reply'",
        "edit Ben eeeee 'line four'",
        "edit Ben fffff 'what Ben never said'",
        "edit Ben iiiii ''",
        "read Ben --last 6",
        "versions Ben eeeee",
        "--json versions Ben eeeee",
        "versions Ben iiiii",
        "forward Ben iiiii Ben ben",
        "forward Ben iiiii",
        "forward Ben iiiii Nobody",
        "draft Ben",
        "--json draft Ben",
        "draft Ben 'Half a sen'",
        "draft Ben --reply fffff",
        "draft Ben",
        "--json draft Ben",
        "draft Ben --edit iiiii",
        "draft Ben --clear",
        "draft Ben --edit iiiii",
        "draft Ben",
        "draft Ben - | A better reply\n",
        "draft Ben --send",
        "draft Ben",
        "read Ben --last 2",
        "draft Ben 'never mind'",
        "draft Ben --clear",
        "draft Ben --send",
        "draft Ben --clear --send",
    ];
    scene.type_lines(&lines).await;
}

async fn deletions(scene: &mut Scene) {
    let lines = [
        "delete Ben hhhhh --for-all",
        "delete Ben eeeee --for-all",
        "delete Ben eeeee --for-all",
        "delete Ben fffff --for-all",
        "delete Ben fffff",
        "delete Ben zzzzz",
        "read Ben --last 8",
        "--json read Ben --last 2",
        "--json delete Ben eeeee",
        "read Ben --last 2",
    ];
    scene.type_lines(&lines).await;
}

async fn keeping(scene: &mut Scene) {
    let lines = [
        "starred",
        "star Ben eeeee",
        "star Ben ggggg",
        "star Ben zzzzz",
        "starred",
        "--json starred --last 1",
        "star Ben eeeee --undo",
        "--json starred",
        "star Ben ggggg --undo",
        "mute Ben",
        "archive Ben",
        "unread Ben",
        "contacts",
        "--json mute Ben forever",
        "mute Ben soon",
        "mute Ben off",
        "archive Ben --undo",
        "--json unread Ben --undo",
        "unread Ben --undo",
        "archive Nobody",
        "list",
        "send me 'Buy bread'",
        "react me aaaaa 👍",
        "edit me aaaaa 'Buy bread and milk'",
        "versions me aaaaa",
        "draft me --reply aaaaa",
        "draft me eggs",
        "draft me --edit aaaaa",
        "draft me --send",
        "pin me aaaaa",
        "read me",
        "delete me aaaaa",
        "read me",
        "archive me",
        "list",
        "--json list --archived",
        "star me aaaaa",
        "starred",
        "export Ben DIR/ben.txt",
        "export Ben DIR/ben.txt --yes",
        "export Ben DIR/ben.txt --yes",
        "--json export me DIR/no/notes.json --yes",
    ];
    scene.type_lines(&lines).await;
}

async fn timers(scene: &mut Scene) {
    let lines = [
        "timer Ben",
        "timer Ben 5m",
        "send Ben 'for five minutes'",
        "timer Ben",
        "timer Ben 30s",
        "timer Ben soon",
        "--json timer Ben off",
        "read Ben --last 3",
        "status Ben",
        "resend Ben ddddd",
        "timer me",
        "timer me 1d",
    ];
    scene.type_lines(&lines).await;
}

async fn files(scene: &mut Scene) {
    std::fs::write(scene.file("talk.txt"), "What I said on the square.").unwrap();
    std::fs::write(scene.file("talk.pdf"), "%PDF-1.7").unwrap();
    let lines = [
        "attach Ben DIR/talk.txt --caption Talk",
        "attach Ben DIR/talk.txt DIR/none.txt",
        "attach Ben DIR",
        "read Ben --last 1",
        "--json read Ben --last 1",
        "save Ben lllll DIR/saved.txt",
        "save Ben lllll DIR/saved.txt",
        "--json save Ben lllll DIR",
        "load Ben lllll",
        "cancel Ben eeeee",
        "free Ben lllll",
        "save Ben eeeee DIR",
        "attach me DIR/talk.txt",
        "read me --last 1",
        "attach me DIR/talk.pdf",
        "attach me DIR/talk.pdf --as-it-is",
        "storage",
        "--json storage",
        "free Ben",
        "free --older-than soon",
        "free Ben --older-than 90d",
        "--json free --older-than 1s",
    ];
    scene.type_lines(&lines).await;
}

async fn people(scene: &mut Scene) {
    let lines = [
        "me",
        "me --receipts on",
        "--json me --receipts off",
        "me --name 'Ana K.'",
        "me --name ' '",
        "--json me --name Ana",
        "verify Ben",
        "verify Ben --yes",
        "--json verify Ben --yes",
        "verify Ben --undo",
        "rename Ben 'Big Ben'",
        "rename 'Big Ben' ''",
        "rename d0d0d0d0 ben",
        "rename Ben ааааааааааааааааааааааааааааааааааа",
        "block Ben",
        "send Ben 'still there?'",
        "block Ben --undo",
    ];
    scene.type_lines(&lines).await;
}

async fn invitations(scene: &mut Scene) {
    scene
        .type_lines(&["--json join nothing", "invitations"])
        .await;
    scene.note("Eve, who is near, has sent a link. Fay has too, but somebody has used hers.");
    let (eve, fay) = (scene.node.link_from("Eve"), scene.node.used_link());
    scene.call(eve, "hedgerow:EVE");
    scene.call(fay, "hedgerow:FAY");
    let lines = ["join hedgerow:EVE", "--json join hedgerow:FAY", "contacts"];
    scene.type_lines(&lines).await;
    scene.note("Two who are far away have sent links, which were opened in the window.");
    for link in [scene.node.link(), scene.node.link()] {
        let join = NewJoin::from(Private(link));
        scene.remote().join(join).await.unwrap();
    }
    let lines = [
        "invitations",
        "invitations cancel 0000000000000002",
        "invitations cancel 2",
        "invitations cancel 7",
        "invitations show 1",
        "invite --valid soon",
        "invite --valid 900d",
        "invite",
        "--json invite --valid 1h --in-person",
        "invitations",
        "invitations show 3",
        "invitations cancel 3",
        "invitations show 3",
    ];
    scene.type_lines(&lines).await;
}

async fn by_hand(scene: &mut Scene) {
    let lines = [
        "carry export Ben DIR/parcel",
        "carry export Ben DIR/parcel",
        "carry export Ben DIR/no/parcel",
        "carry export d0d0d0d0 DIR/other",
        "carry export Ben Ben DIR/nowhere",
        "carry export-all DIR/nowhere",
    ];
    scene.type_lines(&lines).await;
    scene.note("Ben opens the file, writes a message, and seals two files in answer.");
    scene
        .node
        .carry(std::fs::read(scene.file("parcel")).unwrap());
    for (file, parcel) in [
        ("answer", scene.node.parcel()),
        ("again", scene.node.seal()),
    ] {
        std::fs::write(scene.file(file), parcel).unwrap();
    }
    let lines = [
        "carry import DIR/answer",
        "carry import DIR/answer",
        "carry import DIR/again",
        "carry import DIR/right",
        "carry import DIR/none",
        "carry import DIR",
        "carry export-all DIR",
    ];
    scene.type_lines(&lines).await;
}

async fn networks(scene: &mut Scene) {
    let lines = [
        "carrier",
        "carrier ble",
        "carrier lan off",
        "carrier lan",
        "carrier lan quiet",
        "status",
        "--json carrier lan on",
        "carrier relay quiet",
        "bluetooth",
        "bluetooth --power saver",
        "--json bluetooth --show-address",
    ];
    scene.type_lines(&lines).await;
}

async fn relays(scene: &mut Scene) {
    let (org, net) = (format!("relays add {ORG}"), format!("relays add {NET}"));
    let lines = [
        "relays",
        "relays paths",
        "relays paths relayed",
        "invite",
        "relays paths direct",
        "relays add relay.example.org",
        &org,
        &net,
    ];
    scene.type_lines(&lines).await;
    scene.note("The first relay answers, the second does not.");
    scene.node.relay_is(ORG, RelayState::Ready);
    scene.node.relay_is(NET, RelayState::Unreachable);
    let lines = [
        "relays",
        "status",
        "relays paths socks5://127.0.0.1:9050",
        "relays",
        "status",
        "relays paths socks5://nowhere",
        "relays paths somehow",
        "relays paths relayed",
        "relays",
        "--json relays paths direct",
        "relays remove relay",
        "relays remove nowhere",
        "--json relays remove example.net",
    ];
    scene.type_lines(&lines).await;
}

async fn the_node_itself(scene: &mut Scene) {
    let lines = [
        "erase",
        "--json erase",
        "remove Ben",
        "remove Ben --keep",
        "remove Ben --keep --yes",
        "list",
        "read Ben --last 1",
        "send Ben again",
        "remove Ben --keep --yes",
        "remove Ben",
        "--json remove Ben --yes",
        "--json remove d0d0d0d0 --keep --yes",
        "--json remove c0d0c0d0 --yes",
        "unlock --passphrase-file DIR/right",
        "lock",
        "contacts",
        "--json contacts",
        "status",
        "unlock --passphrase-file DIR/wrong",
        "unlock --passphrase-file DIR/none",
        "unlock --passphrase-file DIR/right",
        "passphrase --passphrase-file DIR/right --new-passphrase-file DIR/wrong",
        "passphrase --passphrase-file DIR/right --new-passphrase-file DIR/new",
        "wipe",
        "wipe --destroy-everything | yes\n",
        "stop",
        "contacts",
    ];
    scene.type_lines(&lines).await;
}
