//! Two people and their nodes: in this process or as daemons, always on loopback, with files on a disk.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::ops::{Bound, ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::chats::Chats;
use futures_util::StreamExt;
use hedgerow_node::api::{
    Api, ContactId, Event, Events, NewInvitation, PageFrom, Passphrase, Private, Remote,
};
use hedgerow_node::directory::{Directory, Hashing};
use hedgerow_node::host::{HostOptions, Local, finding};
use hedgerow_node::pictures::Decoder;
use hedgerow_node::runtime::{NodeOptions, OnAir};
use hedgerow_node::store::RedbStore;
use hedgerow_sync::store::{Direction, Store};
use tempfile::TempDir;

/// What opens every directory here.
pub const PASSPHRASE: &str = "over the hedge and far away";

/// Turns a hang into a failure.
const HANG: Duration = Duration::from_secs(120);

/// How often what must come about is looked for.
const PAUSE: Duration = Duration::from_millis(10);

/// A place on a disk, gone with the test.
pub fn place() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// What opens every directory here.
pub fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE.to_owned())
}

/// Owns a directory and leaves it locked.
pub fn own(dir: &Path, on_air: OnAir, record_to: Option<PathBuf>) -> Local {
    let options = HostOptions {
        node: NodeOptions { on_air, record_to },
        hashing: Hashing::hazmat_fast_for_tests(),
        pictures: Decoder::at(env!("CARGO_BIN_EXE_hedgerow")),
    };
    Local::own(dir, options).unwrap()
}

/// Makes an identity, and runs it in this process.
pub async fn create(dir: &Path, name: &str) -> Local {
    let node = own(dir, OnAir::Loopback, None);
    node.create(passphrase(), name.to_owned()).await.unwrap();
    node
}

/// Runs a directory in this process.
pub async fn open(dir: &Path, on_air: OnAir) -> Local {
    let node = own(dir, on_air, None);
    node.unlock(passphrase()).await.unwrap();
    node
}

/// Two directories whose nodes have met and talked once, and are closed.
pub struct Pair {
    pub place: TempDir,
    pub a: PathBuf,
    pub b: PathBuf,
    /// What A calls B, and the reverse.
    pub b_of_a: ContactId,
    pub a_of_b: ContactId,
}

/// Lets two people meet and say one word each.
pub async fn pair() -> Pair {
    let place = place();
    let (a_dir, b_dir) = (place.path().join("a"), place.path().join("b"));
    let (a, b) = (create(&a_dir, "Ada").await, create(&b_dir, "Ben").await);
    let (b_of_a, a_of_b) = meet(&a, &b).await;
    part_after_a_word((a, &b_of_a), (b, &a_of_b)).await;
    Pair {
        place,
        a: a_dir,
        b: b_dir,
        b_of_a,
        a_of_b,
    }
}

/// Two who are contacts say one word each, and are closed.
pub async fn part_after_a_word(
    (a, b_of_a): (impl Api, &ContactId),
    (b, a_of_b): (impl Api, &ContactId),
) {
    a.send_to(b_of_a.clone(), Private("ping".into()))
        .await
        .unwrap();
    b.send_to(a_of_b.clone(), Private("pong".into()))
        .await
        .unwrap();
    settled(&a, b_of_a, 2).await;
    settled(&b, a_of_b, 2).await;
    a.stop().await.unwrap();
    b.stop().await.unwrap();
}

/// Waits until a node listens.
#[track_caller]
pub fn listening(node: &impl Api) -> impl Future<Output = ()> {
    until(async || {
        let open = node.status().await.unwrap().open.unwrap();
        open.carriers
            .iter()
            .any(|carrier| !carrier.addresses.is_empty())
    })
}

/// Where a node listens.
pub async fn port(node: &impl Api) -> u16 {
    let open = node.status().await.unwrap().open.unwrap();
    let mut addresses = open.carriers.iter().flat_map(|carrier| &carrier.addresses);
    let address: SocketAddr = addresses.next().unwrap().0.parse().unwrap();
    address.port()
}

/// A link to a fresh invitation.
pub async fn invite(node: &impl Api) -> Private {
    let wish = NewInvitation::for_one(3_600, false);
    listening(node).await;
    node.invite(wish).await.unwrap().link.unwrap()
}

/// Two running nodes become contacts; what the first calls the second, and the reverse.
pub async fn meet(a: &impl Api, b: &impl Api) -> (ContactId, ContactId) {
    let link = invite(a).await;
    join(a, b, link).await
}

/// B joins A's link.
pub async fn join(a: &impl Api, b: &impl Api, link: Private) -> (ContactId, ContactId) {
    let (mut heard, mut told) = (a.events().await.unwrap(), b.events().await.unwrap());
    b.join(link.into()).await.unwrap();
    let b_of_a = event(&mut heard, |event| match event {
        Event::Met { contact, .. } => Some(contact),
        _ => None,
    });
    let a_of_b = event(&mut told, |event| match event {
        Event::Joined { contact, .. } => Some(contact),
        _ => None,
    });
    (b_of_a.await, a_of_b.await)
}

/// Waits for an event.
pub async fn event<T>(events: &mut Events, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    let waiting = async {
        loop {
            let event = events.next().await.expect("the node stopped");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    };
    tokio::time::timeout(HANG, waiting).await.expect("it hangs")
}

/// Looks again and again until it is so.
#[track_caller]
pub fn until(mut so: impl AsyncFnMut() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let end = Instant::now() + HANG;
        while !so().await {
            assert!(Instant::now() < end, "what {caller} waits for never came");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Waits until a conversation has this number of messages, all of ours delivered.
#[track_caller]
pub fn settled(node: &impl Api, with: &ContactId, messages: u64) -> impl Future<Output = ()> {
    until(async move || {
        let chat = node.chat_with(with.clone()).await.unwrap();
        chat.queued == 0 && chat.messages >= messages
    })
}

/// Waits until there is a session with a contact.
#[track_caller]
pub fn connected(node: &impl Api, with: &ContactId) -> impl Future<Output = ()> {
    until(async move || {
        let contact = node.contact(with.clone()).await.unwrap();
        contact.reachable.is_some()
    })
}

/// Every message of a conversation, by its id, in order.
pub async fn transcript(node: &impl Api, with: &ContactId) -> Vec<(String, String)> {
    let (mut all, mut from) = (Vec::new(), PageFrom::Oldest);
    loop {
        let page = node.page_with(with.clone(), from, 500).await.unwrap();
        let Some(last) = page.messages.last() else {
            return all;
        };
        from = PageFrom::After(last.id.clone());
        let messages = page.messages.into_iter();
        all.extend(messages.map(|message| (message.id.0, message.text.unwrap().0)));
    }
}

/// [`transcript`] of a directory that nobody owns.
pub async fn transcript_at_rest(dir: &Path, with: &ContactId) -> Vec<(String, String)> {
    let node = open(dir, OnAir::No).await;
    let all = transcript(&node, with).await;
    node.stop().await.unwrap();
    all
}

/// The texts of a transcript, sorted.
pub fn texts(transcript: &[(String, String)]) -> Vec<&str> {
    let mut texts: Vec<&str> = transcript.iter().map(|(_, text)| text.as_str()).collect();
    texts.sort_unstable();
    texts
}

/// Works on the store of a directory that nobody owns.
pub fn with_store<T>(dir: &Path, job: impl FnOnce(&mut RedbStore) -> T) -> T {
    let directory = Directory::own(dir).unwrap();
    let mut store = directory.unlock(Some(&passphrase())).unwrap();
    let done = job(&mut store);
    store.close();
    done
}

/// Table of contacts' devices (`node/src/tables.rs`), and fields of its records
/// (`node/src/engine/device.rs`).
const DEVICES: u8 = 0x22;
const BEACON_KEY: usize = 9;
const GOOD: usize = 11;

/// Changes the record that a directory at rest has of its contact's device.
pub fn change_device(dir: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let range = (
        Bound::Included(&[DEVICES][..]),
        Bound::Excluded(&[DEVICES + 1][..]),
    );
    with_store(dir, |store| {
        store.write(|txn| {
            let mut found = None;
            txn.scan(range, Direction::Forward, &mut |key, value| {
                found = Some((key.to_vec(), value.to_vec()));
                ControlFlow::Break(())
            })?;
            let (key, mut record) = found.expect("there is a contact");
            change(&mut record);
            txn.put(&key, &record)
        })
    })
    .unwrap();
}

/// Lets a directory at rest believe that its contact was last found at this port.
pub fn found_at(dir: &Path, port: u16) {
    change_device(dir, |record| {
        let good = [format!("lan/127.0.0.1:{port}")];
        let good = minicbor::to_vec(good).unwrap();
        record.splice(field(record, GOOD), good);
    });
}

/// Makes a directory at rest deaf to its contact's announcements.
pub fn deafen(dir: &Path) {
    change_device(dir, |record| {
        let last = field(record, BEACON_KEY).end - 1;
        record[last] ^= 1;
    });
}

/// Where a field of a CBOR array lies.
fn field(record: &[u8], number: usize) -> Range<usize> {
    let mut decoder = minicbor::Decoder::new(record);
    decoder.array().unwrap();
    for _ in 0..number {
        decoder.skip().unwrap();
    }
    let start = decoder.position();
    decoder.skip().unwrap();
    start..decoder.position()
}

/// Copies a directory with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// The program, with a data directory and the right passphrase: the one that `HEDGEROW_PROGRAM` names, or the one that
/// was built with the tests.
pub fn hedgerow(dir: &Path) -> Command {
    let words = dir.with_extension("passphrase");
    fs::write(&words, PASSPHRASE).unwrap();
    let program = std::env::var_os("HEDGEROW_PROGRAM");
    let mut command =
        Command::new(program.unwrap_or_else(|| env!("CARGO_BIN_EXE_hedgerow").into()));
    command.env("HEDGEROW_LANGUAGE", "en");
    command
        .env_clear()
        .arg("--data-dir")
        .arg(dir)
        .arg("--passphrase-file")
        .arg(words)
        .stdin(Stdio::null());
    command
}

/// A node in a process of its own. Dropping it kills it.
pub struct Daemon {
    pub api: Remote,
    pub child: Child,
}

impl Daemon {
    /// Runs a directory on loopback, and waits until it is unlocked.
    pub async fn start(dir: &Path) -> Daemon {
        Daemon::start_with(dir, &[], Stdio::inherit()).await
    }

    /// [`start`](Self::start) with more options, logging to `log`.
    pub async fn start_with(dir: &Path, options: &[&str], log: impl Into<Stdio>) -> Daemon {
        Daemon::unlocked(dir, Daemon::spawn(dir, options, log)).await
    }

    /// Waits until a process that runs a directory has unlocked it.
    pub async fn unlocked(dir: &Path, mut child: Child) -> Daemon {
        let end = Instant::now() + HANG;
        loop {
            assert_eq!(child.try_wait().unwrap(), None, "the daemon ended at once");
            assert!(Instant::now() < end, "the daemon does not start");
            // Another process may own the directory still, while it stops.
            let owner = finding::owner(dir).ok().flatten();
            if owner.is_some_and(|owner| owner.pid == child.id())
                && let Some(api) = client(dir)
                && api.status().await.is_ok_and(|status| !status.locked)
            {
                return Daemon { api, child };
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Begins to start it.
    pub fn spawn(dir: &Path, options: &[&str], log: impl Into<Stdio>) -> Child {
        hedgerow(dir)
            .args(["run", "--loopback"])
            .args(options)
            .env("TMPDIR", dir.with_extension("tmp"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    /// Kills it as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops it cleanly.
    pub async fn stop(mut self) {
        self.api.stop().await.unwrap();
        assert!(self.child.wait().unwrap().success());
    }

    /// Its resident memory, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let words = line.unwrap().split_whitespace();
        words.filter_map(|word| word.parse().ok()).next().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // After `kill` or `stop` there is nothing left.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client of the process that owns a directory, once it serves.
pub fn client(dir: &Path) -> Option<Remote> {
    finding::client(dir).ok().flatten()
}

/// A new file for a log, and its path.
pub fn log(path: &Path) -> File {
    File::create_new(path).unwrap()
}
