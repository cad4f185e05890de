//! A terminal beside a node in this process, and what is said there.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;

use hedgerow_node::api::Remote;
use hedgerow_node::directory::{Directory, OwnerInfo};
use tempfile::TempDir;

use super::stand_in::StandIns;
use super::{hedgerow, transcript};
use crate::support::hosted::{Hosted, PASSPHRASE};
use crate::support::{Served, VERSION, serve};

/// A terminal beside a data directory whose owner is a node in this process.
pub struct Terminal {
    pub place: TempDir,
    pub served: Served,
    _owned: Directory,
}

/// A terminal beside this node.
pub async fn beside(node: Arc<Hosted>) -> Terminal {
    let feed = node.feed.clone();
    owning(serve(node, feed).await, VERSION)
}

/// A terminal beside a server that says that it is of this version.
pub fn owning(served: Served, version: &str) -> Terminal {
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
    Terminal {
        place,
        served,
        _owned: owned,
    }
}

impl Terminal {
    /// Runs a command line; `|` in it separates what is typed on stdin.
    pub async fn ask(&self, line: &str) -> Output {
        self.ask_with("LANG", "C", line).await
    }

    /// The same with an environment variable.
    pub async fn ask_with(&self, variable: &str, value: &str, line: &str) -> Output {
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

/// What is typed at a terminal and what it shows, with stand-ins on both sides.
pub struct Scene {
    pub node: Arc<Hosted>,
    terminal: Terminal,
    language: (&'static str, &'static str),
    stand_ins: StandIns,
    shown: String,
}

impl Scene {
    /// Beside a new node with this many messages, for somebody whose language this environment variable says.
    pub async fn new(messages: u64, language: (&'static str, &'static str)) -> Scene {
        let node = Arc::new(Hosted::new(messages));
        let mut scene = Scene {
            terminal: beside(node.clone()).await,
            node,
            language,
            stand_ins: StandIns::default(),
            shown: String::new(),
        };
        scene.learn().await;
        scene
    }

    /// A file in the data directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.terminal.place.path().join("DIR").join(name)
    }

    /// These lines are typed one after the other.
    pub async fn type_lines(&mut self, lines: &[&str]) {
        for line in lines {
            let real = self.stand_ins.real(line);
            let (variable, value) = self.language;
            let output = self.terminal.ask_with(variable, value, &real).await;
            self.learn().await;
            if let Ok(parcel) = std::fs::metadata(self.file("parcel")) {
                self.call(format!("{} ", parcel.len()), "1024 ");
            }
            let mut shown = String::new();
            transcript(&mut shown, line, &self.stand_ins.output(output));
            self.shown.push_str(&shown);
        }
    }

    /// This has happened meanwhile.
    pub fn note(&mut self, what: &str) {
        self.shown.push_str(&format!("# {what}\n\n"));
    }

    /// `stand_in` stands for `real` from now on.
    pub fn call(&mut self, real: String, stand_in: &str) {
        self.stand_ins.add(real, stand_in);
    }

    /// All that was typed, shown and noted.
    pub fn shown(self) -> String {
        self.shown
    }

    /// Another client of the node.
    pub fn remote(&self) -> Remote {
        self.terminal.served.remote()
    }

    async fn learn(&mut self) {
        let node = self.remote();
        self.stand_ins.learn(&node).await;
    }
}
