//! The command line, as typed: its help and its answers word for word, and two real nodes.
//!
//! `SNAPSHOTS=overwrite cargo test -p hedgerow-node --test all cli::` writes the golden texts anew.
#![expect(clippy::disallowed_methods, reason = "real processes")]

mod languages;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use crate::support::fake::{
    BEN, DORA, Fake, KNOWN_PARCEL, LINK, PASSPHRASE, USED_LINK, message_id,
};
use crate::support::{Served, VERSION, serve, serve_other};
use axum::http::StatusCode;
use hedgerow_node::api::{Api, ContactId, Private};
use hedgerow_node::directory::{Directory, OwnerInfo};
use snapbox::{assert_data_eq, file};
use tempfile::TempDir;
use unicode_width::UnicodeWidthStr;

fn hedgerow(directory: &Path) -> Command {
    let mut command = Command::new(snapbox::cmd::cargo_bin!("hedgerow"));
    command
        .env_clear()
        .env("TZ", "UTC")
        .env("HEDGEROW_DIR", directory)
        .stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a terminal would show, stderr marked, and the exit status.
fn transcript(shown: &mut String, line: &str, output: &Output) {
    writeln!(shown, "$ hedgerow {line}").unwrap();
    shown.push_str(&text(&output.stdout));
    for line in text(&output.stderr).lines() {
        writeln!(shown, "! {line}").unwrap();
    }
    match output.status.code().unwrap() {
        0 => writeln!(shown).unwrap(),
        code => writeln!(shown, "exit {code}\n").unwrap(),
    }
}

// ---- help ------------------------------------------------------------------------------------

#[test]
fn help_teaches_each_command() {
    let nowhere = Path::new("/nonexistent");
    let mut shown = String::new();
    for line in [
        "--help",
        "init --help",
        "run --help",
        "stop --help",
        "me --help",
        "invite --help",
        "join --help",
        "invitations --help",
        "invitations show --help",
        "invitations cancel --help",
        "contacts --help",
        "verify --help",
        "send --help",
        "read --help",
        "react --help",
        "pin --help",
        "status --help",
        "rename --help",
        "block --help",
        "remove --help",
        "lock --help",
        "unlock --help",
        "passphrase --help",
        "erase --help",
        "wipe --help",
        "carry --help",
        "carry export --help",
        "carry import --help",
        "carrier --help",
        "bluetooth --help",
        "api --help",
        "relay --help",
        "relays --help",
        "relays add --help",
        "relays remove --help",
        "relays paths --help",
        "demo --help",
        "bench --help",
        "completions --help",
        "man --help",
        "help send",
    ] {
        let output = hedgerow(nowhere).args(line.split(' ')).output().unwrap();
        transcript(&mut shown, line, &output);
    }
    assert_data_eq!(shown, file!["cli/help.txt"].raw());
}

#[test]
fn completions_are_made_for_the_common_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let output = hedgerow(Path::new("/nonexistent"))
            .args(["completions", shell])
            .output();
        let output = output.unwrap();
        assert!(output.status.success());
        assert!(text(&output.stdout).contains("invitations"), "{shell}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let man = folder.path().join("man1");
    let output = hedgerow(Path::new("/nonexistent"))
        .arg("man")
        .arg(&man)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let help = hedgerow(Path::new("/nonexistent"))
        .arg("--help")
        .output()
        .unwrap();
    let help = text(&help.stdout);
    let groups = help.split("Global options:").next().unwrap();
    let commands = groups.lines().filter_map(|line| line.strip_prefix("  "));
    let commands: Vec<_> = commands.filter_map(|line| line.split(' ').next()).collect();
    assert!(commands.len() > 25, "{commands:?}");
    for command in commands.into_iter().filter(|one| *one != "help") {
        let page = std::fs::read_to_string(man.join(format!("hedgerow-{command}.1")));
        assert!(page.unwrap().contains(".SH SYNOPSIS"), "{command}");
    }
    assert!(man.join("hedgerow.1").exists() && man.join("hedgerow-carry-export.1").exists());
    assert!(!man.join("hedgerow-bench-peer.1").exists(), "it is hidden");
}

/// Nothing that people read is wider than a terminal, in any language.
#[test]
fn no_output_is_wider_than_80_columns() {
    let mut wide = Vec::new();
    for entry in std::fs::read_dir("tests/all/cli").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "txt") {
            continue;
        }
        let golden = std::fs::read_to_string(&path).unwrap();
        // What was typed, and what programs read.
        let shown = golden.lines().filter(|line| !line.starts_with("$ "));
        let shown = shown.map(|line| line.strip_prefix("! ").unwrap_or(line));
        let shown = shown.filter(|line| !line.starts_with('{'));
        let too_wide = shown.filter(|line| line.width() > 80);
        wide.extend(too_wide.map(|line| format!("{}: {line}", path.display())));
    }
    assert!(wide.is_empty(), "\n{}", wide.join("\n"));
}

// ---- answers ---------------------------------------------------------------------------------

/// A data directory whose owner is a scripted node in this process.
struct Scripted {
    place: TempDir,
    _owned: Directory,
    served: Served,
}

async fn scripted(fake: Fake) -> Scripted {
    owning(serve(Arc::new(fake)).await, VERSION)
}

fn owning(served: Served, version: &str) -> Scripted {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("DIR");
    let owned = Directory::own(&directory).unwrap();
    owned.write_token(served.token.reveal()).unwrap();
    let info = OwnerInfo {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, served.port)),
        pid: std::process::id(),
        version: version.into(),
    };
    owned.announce(&info).unwrap();
    std::fs::write(directory.join("right"), PASSPHRASE).unwrap();
    std::fs::write(directory.join("wrong"), "wrong\n").unwrap();
    std::fs::write(directory.join("new"), "quiet hedge under rain\n").unwrap();
    std::fs::write(directory.join("known"), KNOWN_PARCEL).unwrap();
    Scripted {
        place,
        _owned: owned,
        served,
    }
}

impl Scripted {
    /// Runs a command line; `|` in it separates what is typed on stdin.
    async fn ask(&self, line: &str) -> Output {
        self.ask_with("LANG", "C", line).await
    }

    /// The same with an environment variable.
    async fn ask_with(&self, variable: &str, value: &str, line: &str) -> Output {
        let (line, stdin) = line.split_once(" | ").unwrap_or((line, ""));
        // A relative path is as long on every machine: lines are broken at the same words.
        let mut command = hedgerow(Path::new("DIR"));
        command
            .current_dir(self.place.path())
            .env(variable, value)
            .args(shlex(line))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let stdin = stdin.to_owned();
        let run = move || {
            let mut child = command.spawn().unwrap();
            // Commands that read nothing may have closed it.
            let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
            child.wait_with_output().unwrap()
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }
}

/// Words separated by spaces, `'` holding some together. The data directory is DIR.
fn shlex(line: &str) -> Vec<String> {
    let parts = line.split('\'').enumerate();
    let words = parts.flat_map(|(number, part)| match number % 2 {
        0 => part
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_data_on_stdout_and_talk_on_stderr() {
    let node = scripted(Fake::new(6)).await;
    let mut shown = String::new();
    let sent = message_id(6).0;
    for line in [
        "contacts",
        "--json contacts",
        "status",
        "--json status",
        "read Ben --last 3",
        "--json read ben --last 1",
        "read Ben --from '2026-05-01 12:03'",
        "read Ben --from 2027-01-01",
        "read Ben --from never",
        "read Nobody",
        "send Ben 'Good morning'",
        "send Ben - | two lines\nfrom stdin\n",
        "send Ben ''",
        "send Ben '  '",
        "read Ben --last 2",
        "react Ben rw9k6 👍",
        "react Ben zzzzz 👍",
        "pin Ben rw9k6",
        "read Ben --last 4",
        "react Ben rw9k6 --undo",
        "pin Ben rw9k6 --undo",
        &format!("status --message {sent}"),
        "status --message 00",
        "status --message 3cqk",
        "status --message zzz",
        "status Ben",
        "status d0d0d0d0",
        "pin Ben 3cqk",
        "pin Ben 3cqk --undo",
        "pin Ben m",
        "me",
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
        "--json join nothing",
        &format!("join {LINK}"),
        &format!("--json join {USED_LINK}"),
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
        "carry export Ben DIR/parcel",
        "carry export Ben DIR/parcel",
        "carry export Ben DIR/no/parcel",
        "carry export d0d0d0d0 DIR/other",
        "carry import DIR/parcel",
        "carry import DIR/parcel",
        "carry import DIR/known",
        "carry import DIR/right",
        "carry import DIR/none",
        "carry import DIR",
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
        "relays",
        "relays paths",
        "relays add relay.example.org",
        "relays add /dns/relay.example.org/tcp/4001/p2p/12D3KooW",
        "relays add /dns/relay.example.net/tcp/4001/p2p/12D3KooX",
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
        "erase",
        "--json erase",
        "remove Ben",
        "--json remove Ben --yes",
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
    ] {
        let output = node.ask(line).await;
        transcript(&mut shown, line, &output);
    }
    assert_data_eq!(shown, file!["cli/answers.txt"].raw());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ambiguous_name_lists_the_choices() {
    let node = scripted(Fake::new(0)).await;
    // Before the command line refused it.
    let (dora, ben) = (ContactId(DORA.into()), Private("Ben".into()));
    node.served.remote().rename(dora, ben).await.unwrap();
    let output = node.ask("--json send Ben hello").await;
    assert_eq!(output.status.code(), Some(1));
    let failure: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(failure["code"], "ambiguous_name");
    assert!(failure["words"].as_str().unwrap().contains(BEN));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn standard_input_that_is_too_long_or_no_text_is_refused_truthfully() {
    let node = scripted(Fake::new(0)).await;
    let longest = "ж".repeat(32_768);
    for (bytes, code, said) in [
        (format!("{longest}\r\n").into_bytes(), 0, ""),
        (
            format!("{longest}!").into_bytes(),
            1,
            "more than 65536 bytes",
        ),
        (longest.repeat(4).into_bytes(), 1, "more than 65536 bytes"),
        (vec![0xff; 10], 2, "not valid UTF-8"),
    ] {
        let mut send = hedgerow(&node.place.path().join("DIR"));
        send.args(["send", "Ben", "-"]).stdin(Stdio::piped());
        send.stdout(Stdio::null()).stderr(Stdio::piped());
        let run = move || {
            let mut child = send.spawn().unwrap();
            // It reads no more than it needs.
            let _ = child.stdin.take().unwrap().write_all(&bytes);
            child.wait_with_output().unwrap()
        };
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert!(
            text(&output.stderr).contains(said),
            "{}",
            text(&output.stderr)
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_is_followed_until_it_is_interrupted() {
    let fake = Arc::new(Fake::new(2));
    let node = owning(serve(fake.clone()).await, VERSION);
    let mut follow = hedgerow(&node.place.path().join("DIR"));
    follow.args(["read", "Ben", "--follow", "--last", "1"]);
    let mut follow = Running::start(follow.stdout(Stdio::piped()));
    let mut lines = BufReader::new(follow.0.stdout.take().unwrap()).lines();
    // The first line shows that it listens: it begins to before it looks.
    assert!(lines.next().unwrap().unwrap().ends_with("Ben: line 1"));
    for word in ["fresh", "\u{1b}[2Jhidden\u{202e}"] {
        fake.receive(word);
        let line = lines.next().unwrap().unwrap();
        assert!(!line.contains(['\u{1b}', '\u{202e}']));
        assert!(
            line.contains("fresh") || line.contains("⟨U+001B⟩[2Jhidden⟨U+202E⟩"),
            "{line}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_of_another_version_is_named_with_what_to_do() {
    let answer = "{\"contacts\":{}}";
    let node = owning(serve_other(StatusCode::OK, answer).await, "9.9\u{1b}[2J");
    let output = node.ask("contacts").await;
    assert_eq!(output.status.code(), Some(4));
    assert!(output.stdout.is_empty());
    let said = text(&output.stderr).replace('\n', " ");
    for version in ["(9.9⟨U+001B⟩[2J)", env!("CARGO_PKG_VERSION")] {
        assert!(said.contains(version), "{said}");
    }
    assert!(said.contains("`hedgerow stop`"), "{said}");
    let output = node.ask("--json contacts").await;
    let failure: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(failure["code"], "other_version");
    assert_eq!(failure["version"], "9.9\u{1b}[2J");
    // What it says to do can be done.
    assert_eq!(node.ask("stop").await.status.code(), Some(0));
}

#[test]
fn without_a_node_or_an_identity_it_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let absent = directory.path().join("absent");
    let mut shown = String::new();
    for line in [
        "contacts",
        "send Ben hello",
        "run",
        "lock",
        "unlock",
        "stop",
        "me",
        "api",
        "wipe --destroy-everything",
    ] {
        let output = hedgerow(&absent).args(line.split(' ')).output().unwrap();
        transcript(&mut shown, line, &output);
    }
    assert!(!absent.exists(), "looking must not make a directory");
    assert_data_eq!(shown, file!["cli/nobody.txt"].raw());
}

#[test]
fn in_an_empty_directory_nothing_asks_for_a_passphrase() {
    let directory = tempfile::tempdir().unwrap();
    for line in [
        "status",
        "contacts",
        "me",
        "invite",
        "run",
        "passphrase",
        "wipe --destroy-everything",
    ] {
        let output = hedgerow(directory.path())
            .args(line.split(' '))
            .output()
            .unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{line}: {said}");
        assert!(said.contains("`hedgerow init`"), "{line}: {said}");
    }
}

#[test]
fn an_identity_that_cannot_be_made_leaves_nothing_behind() {
    let place = tempfile::tempdir().unwrap();
    for (file, passphrase) in [("good", TYPED), ("weak", "a"), ("name", "anastasia")] {
        std::fs::write(place.path().join(file), passphrase).unwrap();
    }
    let long = "я".repeat(33);
    for (name, file, said) in [
        (long.as_str(), "good", "1 character too long"),
        ("Ana\nBen", "good", "line breaks"),
        ("Ana\u{202e}", "good", "reading direction"),
        (" ", "good", "must not be empty"),
        ("Ana", "weak", "Choose a stronger passphrase."),
        ("Anastasia", "name", "Choose a stronger passphrase."),
        ("Ana", "none", "no such file"),
    ] {
        let directory = place.path().join("data");
        let mut init = hedgerow(&directory);
        init.args(["init", "--name", name, "--passphrase-file"]);
        let output = init.arg(place.path().join(file)).output().unwrap();
        let code = if file == "none" { 2 } else { 1 };
        assert_eq!(output.status.code(), Some(code), "{name}");
        let told = text(&output.stderr).replace('\n', " ");
        assert!(told.contains(said), "{told}");
        assert!(!directory.exists(), "{name}");
    }
}

// ---- two real nodes --------------------------------------------------------------------------

/// A process that does not outlive the test.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    fn terminate(mut self) -> i32 {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.0.wait().unwrap().code().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A person with a data directory and a terminal.
struct Person {
    directory: TempDir,
    log: PathBuf,
}

const TYPED: &str = "four quiet hedges";

impl Person {
    fn new(name: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("typed"), TYPED).unwrap();
        let log = directory.path().join("log");
        let person = Self { directory, log };
        person.ok(&["init", "--name", name]);
        person
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = hedgerow(&self.directory.path().join("data"));
        let typed = self.directory.path().join("typed");
        command.arg("--passphrase-file").arg(typed).args(words);
        command
    }

    fn ask(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    fn ok(&self, words: &[&str]) -> String {
        let output = self.ask(words);
        assert!(
            output.status.success(),
            "{words:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    fn json(&self, words: &[&str]) -> serde_json::Value {
        let shown = self.ok(&[&["--json"], words].concat());
        serde_json::from_str(shown.lines().last().unwrap_or("null")).unwrap()
    }

    /// Runs the node, logging everything there is to log.
    fn run(&self) -> Running {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        let mut command = self.command(&["run", "--foreground", "--loopback", "--log", "trace"]);
        let running = Running::start(command.stderr(log));
        // Before that, a command would open the directory itself.
        self.until(|person| person.ask(&["api"]).status.success());
        self.until(|person| {
            let status = person.ask(&["--json", "status"]);
            let status: serde_json::Value =
                serde_json::from_slice(&status.stdout).unwrap_or_default();
            status["open"].is_object()
        });
        running
    }

    fn until(&self, done: impl Fn(&Self) -> bool) {
        let start = std::time::Instant::now();
        while !done(self) {
            assert!(start.elapsed().as_secs() < 60, "it never happened");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

#[test]
fn two_people_meet_and_talk_and_their_logs_tell_nothing() {
    let (ana, ben) = (Person::new("Anastasia"), Person::new("Benedikt"));
    let (ana_runs, ben_runs) = (ana.run(), ben.run());
    let link = ana.ok(&["invite"]);
    let link = link.trim();
    ben.ok(&["join", link]);
    ben.ok(&["send", "Anastasia", "the heron lands at noon"]);
    ana.until(|ana| {
        ana.ok(&["read", "Benedikt"])
            .contains("the heron lands at noon")
    });
    ana.ok(&["send", "Benedikt", "and the kingfisher leaves"]);
    ben.until(|ben| {
        ben.ok(&["read", "Anastasia"])
            .contains("and the kingfisher leaves")
    });
    ben.until(|ben| ben.ok(&["read", "Anastasia"]).contains("you ✓: the heron"));
    let words = ana.json(&["verify", "Benedikt"])["words"].clone();
    assert_eq!(words, ben.json(&["verify", "Anastasia", "--yes"])["words"]);
    assert_eq!(ben.json(&["contacts"])["verified"], true);

    let addresses = ana.json(&["status"])["open"]["carriers"][0]["addresses"].clone();
    let api = ana.ok(&["api"]);
    let token = std::fs::read_to_string(ana.directory.path().join("data/token")).unwrap();
    ana.ok(&["lock"]);
    assert_eq!(ana.ask(&["contacts"]).status.code(), Some(3));
    ana.ok(&["unlock"]);
    let secrets = [
        "heron",
        "kingfisher",
        "Anastasia",
        "Benedikt",
        TYPED,
        link,
        &token,
        ana.json(&["status"])["open"]["me"]["id"].as_str().unwrap(),
        ben.json(&["status"])["open"]["me"]["id"].as_str().unwrap(),
        addresses[0].as_str().unwrap(),
        addresses[1].as_str().unwrap(),
        words[0].as_str().unwrap(),
    ]
    .map(str::to_owned);
    assert_eq!((ana_runs.terminate(), ben_runs.terminate()), (0, 0));

    // Without a node the command opens the directory itself; what it writes waits.
    let output = ana.ask(&["send", "Benedikt", "later"]);
    assert!(output.status.success() && text(&output.stderr).contains("`hedgerow run` delivers it"));
    assert_eq!(
        ana.json(&["status", "--message", text(&output.stdout).trim()])["deliveries"][0]["state"],
        "queued"
    );
    let waiting = ana.json(&["status", "Benedikt"]);
    assert_eq!(
        (&waiting["queued"], &waiting["messages"][0]["text"]),
        (&1.into(), &"later".into())
    );
    assert_eq!(ana.ask(&["api"]).status.code(), Some(4));
    assert!(!api.is_empty());

    for log in [ana.log(), ben.log()] {
        assert!(
            log.contains("a message has come") && log.contains("locked"),
            "{log}"
        );
        for secret in &secrets {
            assert!(
                !log.contains(secret.as_str()),
                "the log holds {secret:?}:\n{log}"
            );
        }
    }
}

#[test]
fn a_killed_node_leaves_a_directory_that_opens_again() {
    let ana = Person::new("Ana");
    let mut running = ana.run();
    running.0.kill().unwrap();
    running.0.wait().unwrap();
    assert_eq!(ana.json(&["status"])["open"]["me"]["name"], "Ana");
    assert_eq!(ana.ask(&["lock"]).status.code(), Some(4));
}

#[test]
#[cfg(target_os = "linux")]
fn a_crash_of_a_node_leaves_no_core_dump() {
    let ana = Person::new("Ana");
    let running = ana.run();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.0.id())).unwrap();
    let core = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max core file size"))
        .unwrap();
    let core: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(core, ["0", "0", "bytes"]);
}

#[test]
fn an_invitation_is_made_and_named_without_a_running_node() {
    let ana = Person::new("Ana");
    let output = ana.ask(&["invite"]);
    assert!(output.status.success() && text(&output.stdout).starts_with("hedgerow:"));
    let said = text(&output.stderr);
    assert!(
        said.contains("Invitation 1,") && said.contains("`hedgerow run`"),
        "{said}"
    );
    assert_eq!(ana.ok(&["invitations", "show", "1"]), text(&output.stdout));
    ana.ok(&["invite", "--valid", "1h"]);
    let newest = ana.json(&["invitations"]);
    ana.ok(&["invitations", "cancel", "2"]);
    assert_eq!(ana.json(&["invitations"])["state"], "cancelled");
    assert_eq!(ana.json(&["invitations"])["id"], newest["id"]);
    assert_eq!(
        ana.ask(&["invitations", "cancel", "2"]).status.code(),
        Some(1)
    );
}

#[test]
fn an_own_name_is_changed_and_the_identity_stays() {
    let ana = Person::new("Ana");
    let before = ana.json(&["me"]);
    ana.ok(&["me", "--name", "Ana K."]);
    assert_eq!(ana.json(&["me"])["name"], "Ana K.");
    assert_eq!(ana.json(&["me"])["id"], before["id"]);
    assert_eq!(
        ana.ask(&["me", "--name", "A\u{1b}na"]).status.code(),
        Some(1)
    );
}

#[test]
fn a_second_identity_does_not_replace_the_first() {
    let ana = Person::new("Ana");
    let before = ana.json(&["status"])["open"]["me"].clone();
    let again = ana.ask(&["init", "--name", "Mallory"]);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(ana.json(&["status"])["open"]["me"], before);
}

#[test]
fn a_wrong_passphrase_opens_nothing() {
    let ana = Person::new("Ana");
    std::fs::write(ana.directory.path().join("typed"), "wrong").unwrap();
    for words in [&["contacts"][..], &["run"], &["--json", "status"]] {
        assert_eq!(ana.ask(words).status.code(), Some(3), "{words:?}");
    }
}

#[test]
fn a_wipe_takes_two_steps_and_leaves_nothing() {
    use std::io::Write;
    let ana = Person::new("Ana");
    assert_eq!(ana.ask(&["wipe"]).status.code(), Some(2));
    let mut wipe = ana.command(&["wipe", "--destroy-everything"]);
    let mut wipe = Running::start(wipe.stdin(Stdio::piped()));
    wipe.0
        .stdin
        .take()
        .unwrap()
        .write_all(b"destroy everything\n")
        .unwrap();
    assert!(wipe.0.wait().unwrap().success());
    assert_eq!(ana.ask(&["contacts"]).status.code(), Some(4));
    let left = std::fs::read_dir(ana.directory.path().join("data")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);
}
