//! `hedgerow demo`: two real nodes meet and talk, one is killed midway, and at the end their stores are compared.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::api::{
    Api, ContactId, Conversation, Event, NewInvitation, NewMessage, PageFrom, Passphrase, Refusal,
    Remote, Traffic,
};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::host::{HostOptions, Local, finding};
use crate::runtime::OnAir;
use crate::words::{Phrase, codes, tr};

/// The lines that the program ships.
const LINES: &str = include_str!("../../assets/hedgerow.txt");

/// How long any one step may take before the demo gives up. To hash a passphrase takes a while, and some machines
/// are slow.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
const PAGE: u32 = 500;

/// What the demo found.
#[derive(Debug, Serialize)]
struct Outcome {
    sent: u64,
    delivered: u64,
    talking_ms: u64,
    messages_per_s: f64,
    text_bytes: u64,
    wire_bytes: u64,
    handshake_bytes: u64,
    sessions: u64,
    round_trips: u64,
    identical: bool,
}

/// Runs the demo; it fails unless both stores hold the same messages at the end.
pub async fn demo(output: Output, lines: Option<&Path>) -> Result<(), Failure> {
    let lines = read_lines(lines)?;
    let place = TempDir::with_prefix("hedgerow-demo-")
        .map_err(|error| Failure::file(tr!("There is no temporary directory"), &error))?;
    output.say(tr!(
        "Two nodes with encrypted stores below {path}",
        path = place.path().display()
    ));

    let mut ana = Person::start(place.path(), "Ana").await?;
    let mut ben = Person::start(place.path(), "Ben").await?;
    output.say(tr!(
        "Ana makes an invitation; Ben joins it over the local network (loopback)."
    ));
    meet(&mut ana, &mut ben).await?;

    let bar = progress(output, lines.len() as u64);
    let start = Instant::now();
    let (before, after) = lines.split_at(lines.len() / 2);
    converse(&mut ana, &mut ben, before, &bar).await?;
    bar.suspend(|| {
        output.say(tr!(
            "Ben's process is killed (kill -9). Ana goes on writing."
        ));
    });
    ben.kill().await?;
    for line in after.iter().step_by(2) {
        ana.say(line).await?;
        bar.inc(1);
    }
    bar.suspend(|| output.say(tr!("Ben comes back and goes on where he was.")));
    ben.revive().await?;
    for line in after.iter().skip(1).step_by(2) {
        ben.say(line).await?;
        bar.inc(1);
    }
    for person in [&ana, &ben] {
        person.until_all_delivered(lines.len() as u64).await?;
    }
    let talking = start.elapsed();
    bar.finish_and_clear();

    let mut wire = Traffic::default();
    let mut delivered = 0;
    for person in [&mut ana, &mut ben] {
        delivered += person.said - person.chat(&person.api).await?.queued;
        let traffic = person.traffic().await?;
        add(&mut wire, &traffic);
        person.stop().await?;
    }
    let transcripts = [ana.transcript().await?, ben.transcript().await?];
    let outcome = Outcome {
        sent: ana.said + ben.said,
        delivered,
        talking_ms: talking.as_millis() as u64,
        messages_per_s: lines.len() as f64 / talking.as_secs_f64(),
        text_bytes: lines.iter().map(|line| line.len() as u64).sum(),
        // What one node sends the other receives, so the senders' counts are enough.
        wire_bytes: wire.sent_bytes,
        handshake_bytes: wire.handshake_sent_bytes,
        sessions: wire.sessions / 2,
        round_trips: wire.round_trips,
        identical: transcripts[0] == transcripts[1] && holds(&transcripts[0], &lines),
    };
    output.data(&outcome, |outcome| in_words(output, outcome));
    if outcome.identical {
        Ok(())
    } else {
        let words =
            tr!("The two stores do not hold the same messages. This is a bug; please report it.");
        Err(Failure::found(Exit::Bug, "stores_differ", words))
    }
}

/// One of the two: a process of its own with a directory of its own.
struct Person {
    name: &'static str,
    dir: PathBuf,
    passphrase: PathBuf,
    child: Child,
    api: Remote,
    other: Option<ContactId>,
    said: u64,
    /// The traffic that earlier processes have counted.
    earlier: Traffic,
}

impl Person {
    async fn start(place: &Path, name: &'static str) -> Result<Self, Failure> {
        let dir = place.join(name);
        let passphrase = place.join(format!("{name}.passphrase"));
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| Refusal::Bug)?;
        let words = data_encoding::HEXLOWER.encode(&random);
        std::fs::File::create(&passphrase)
            .and_then(|mut file| file.write_all(words.as_bytes()))
            .map_err(|error| Failure::file(tr!("The passphrase of the demo"), &error))?;
        let made = hedgerow(&dir, &passphrase)?
            .args(["init", "--name", name])
            .status()
            .await
            .map_err(|error| Failure::file(tr!("A process of the demo"), &error))?;
        if !made.success() {
            return Err(Failure::found(
                Exit::Bug,
                "demo",
                tr!("A node could not be made."),
            ));
        }
        let (child, api) = run(&dir, &passphrase).await?;
        Ok(Self {
            name,
            dir,
            passphrase,
            child,
            api,
            other: None,
            said: 0,
            earlier: Traffic::default(),
        })
    }

    async fn kill(&mut self) -> Result<(), Failure> {
        let traffic = self.traffic().await?;
        self.earlier = traffic;
        self.child
            .kill()
            .await
            .map_err(|error| Failure::file(tr!("A process of the demo"), &error))
    }

    async fn revive(&mut self) -> Result<(), Failure> {
        (self.child, self.api) = run(&self.dir, &self.passphrase).await?;
        Ok(())
    }

    async fn stop(&mut self) -> Result<(), Failure> {
        self.api.stop().await?;
        self.child
            .wait()
            .await
            .map_err(|error| Failure::file(tr!("A process of the demo"), &error))?;
        Ok(())
    }

    fn other(&self) -> Result<ContactId, Refusal> {
        self.other.clone().ok_or(Refusal::NoSuchContact)
    }

    async fn chat(&self, api: &impl Api) -> Result<Conversation, Refusal> {
        let contact = api.contact(self.other()?).await?;
        api.conversation(contact.conversation).await
    }

    async fn say(&mut self, line: &str) -> Result<(), Refusal> {
        let chat = self.chat(&self.api).await?.id;
        self.api.send(chat, NewMessage::text(line)).await?;
        self.said += 1;
        Ok(())
    }

    async fn until_all_delivered(&self, messages: u64) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let chat = self.chat(&self.api).await?;
            if chat.queued == 0 && chat.messages == messages {
                return Ok(());
            }
            if Instant::now() > deadline {
                let words = tr!(
                    "{name} holds {held} of {messages} messages; not delivered: {queued}.",
                    name = self.name,
                    held = chat.messages,
                    messages = messages,
                    queued = chat.queued
                );
                return Err(Failure::found(Exit::Refused, "not_delivered", words));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Traffic of all processes so far.
    async fn traffic(&self) -> Result<Traffic, Refusal> {
        let mut sum = self.earlier;
        if let Some(open) = self.api.status().await?.open {
            add(&mut sum, &open.traffic);
        }
        Ok(sum)
    }

    /// Every message, read back from the closed store.
    async fn transcript(&self) -> Result<Vec<(String, String)>, Failure> {
        let local = Local::own(&self.dir, HostOptions::shipped(OnAir::No))?;
        let words = std::fs::read_to_string(&self.passphrase)
            .map_err(|error| Failure::file(tr!("The passphrase of the demo"), &error))?;
        local.unlock(Passphrase::new(words)).await?;
        let (chat, mut from) = (self.chat(&local).await?.id, PageFrom::Oldest);
        let mut all = Vec::new();
        loop {
            let page = local.page(chat.clone(), from, PAGE).await?;
            let Some(last) = page.messages.last() else {
                break;
            };
            from = PageFrom::After(last.id.clone());
            for message in page.messages {
                all.push((
                    message.id.0,
                    message.text.map(|text| text.0).unwrap_or_default(),
                ));
            }
        }
        local.stop().await?;
        Ok(all)
    }
}

fn hedgerow(dir: &Path, passphrase: &Path) -> Result<Command, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::file(tr!("A process of the demo"), &error))?;
    let mut command = Command::new(program);
    command
        .args(["--json", "--data-dir"])
        .arg(dir)
        .arg("--passphrase-file")
        .arg(passphrase)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

/// Starts a node on loopback and waits until it is unlocked.
async fn run(dir: &Path, passphrase: &Path) -> Result<(Child, Remote), Failure> {
    let mut child = hedgerow(dir, passphrase)?
        .args(["run", "--loopback"])
        .spawn()
        .map_err(|error| Failure::file(tr!("A process of the demo"), &error))?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Ok(Some(status)) = child.try_wait() {
            let words = tr!(
                "A node ended at once ({status}).",
                status = status.to_string()
            );
            return Err(Failure::found(Exit::Bug, "demo", words));
        }
        // Until the node serves, the directory has no owner or a silent one.
        if let Ok(Some(api)) = finding::client(dir)
            && let Ok(status) = api.status().await
            && !status.locked
        {
            return Ok((child, api));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Err(Failure::found(
        Exit::Bug,
        "demo",
        tr!("A node did not start."),
    ))
}

async fn meet(ana: &mut Person, ben: &mut Person) -> Result<(), Failure> {
    use futures_util::StreamExt;

    let invitation = ana.api.invite(NewInvitation::for_one(3600, false)).await?;
    let link = invitation.link.ok_or(Refusal::Bug)?;
    let (mut heard, mut told) = (ana.api.events().await?, ben.api.events().await?);
    ben.api.join(link.into()).await?;
    let meeting = async {
        while ana.other.is_none() || ben.other.is_none() {
            tokio::select! {
                Some(event) = heard.next() => if let Event::Met { contact, .. } = event {
                    ana.other = Some(contact);
                },
                Some(event) = told.next() => match event {
                    Event::Joined { contact, .. } => ben.other = Some(contact),
                    Event::JoinFailed { why, .. } => return Err(Failure::found(
                        Exit::Refused, "join_failed", codes::join_problem(why),
                    )),
                    _ => {}
                },
                else => return Err(Refusal::Stopping.into()),
            }
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, meeting)
        .await
        .map_err(|_| Failure::found(Exit::Refused, "demo", tr!("The two did not meet.")))?
}

async fn converse(
    ana: &mut Person,
    ben: &mut Person,
    lines: &[String],
    bar: &ProgressBar,
) -> Result<(), Failure> {
    for (turn, line) in lines.iter().enumerate() {
        let speaker = if turn % 2 == 0 { &mut *ana } else { &mut *ben };
        speaker.say(line).await?;
        bar.inc(1);
    }
    Ok(())
}

fn read_lines(path: Option<&Path>) -> Result<Vec<String>, Failure> {
    let text = match path {
        None => LINES.to_owned(),
        Some(path) => {
            std::fs::read_to_string(path).map_err(|error| Failure::file(path.display(), &error))?
        }
    };
    let lines: Vec<String> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect();
    if lines.is_empty() {
        return Err(Failure::found(
            Exit::Usage,
            "no_lines",
            tr!("The file has no lines to send."),
        ));
    }
    Ok(lines)
}

fn progress(output: Output, lines: u64) -> ProgressBar {
    if output.is_json() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} lines  {per_sec}  {elapsed}")
        .expect("the template is fixed");
    ProgressBar::new(lines).with_style(style)
}

fn add(sum: &mut Traffic, more: &Traffic) {
    sum.sent_bytes += more.sent_bytes;
    sum.received_bytes += more.received_bytes;
    sum.handshake_bytes += more.handshake_bytes;
    sum.handshake_sent_bytes += more.handshake_sent_bytes;
    sum.sessions += more.sessions;
    sum.handshake_round_trips += more.handshake_round_trips;
    sum.round_trips += more.round_trips;
}

/// Whether the messages are exactly the lines, each once.
fn holds(transcript: &[(String, String)], lines: &[String]) -> bool {
    let mut held: Vec<&str> = transcript.iter().map(|(_, text)| text.as_str()).collect();
    let mut said: Vec<&str> = lines.iter().map(String::as_str).collect();
    held.sort_unstable();
    said.sort_unstable();
    held == said
}

fn in_words(output: Output, outcome: &Outcome) -> String {
    let rows = [
        (tr!("messages sent"), outcome.sent.into()),
        (tr!("delivered"), outcome.delivered.into()),
        (
            tr!("rate"),
            tr!(
                "{rate} a second, over {seconds} s with the restart",
                rate = format!("{:.0}", outcome.messages_per_s),
                seconds = format!("{:.1}", outcome.talking_ms as f64 / 1e3)
            ),
        ),
        (
            tr!("text"),
            tr!("{n} byte" | "{n} bytes" % outcome.text_bytes),
        ),
        (
            tr!("on the wire"),
            tr!(
                "{bytes} bytes, of them {handshakes} handshakes",
                bytes = outcome.wire_bytes,
                handshakes = outcome.handshake_bytes
            ),
        ),
        (tr!("sessions"), outcome.sessions.into()),
        (tr!("round trips"), outcome.round_trips.into()),
        (
            tr!("stores compared"),
            match outcome.identical {
                true => tr!("the same messages on both sides"),
                false => tr!("THEY DIFFER"),
            },
        ),
    ];
    let rows = rows.into_iter().map(|(name, value)| vec![name, value]);
    output.table(&[Phrase::default(), Phrase::default()], rows)
}
