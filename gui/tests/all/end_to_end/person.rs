//! People, and the windows they sit at.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use hedgerow_gui::machine::PreferencesFile;
use hedgerow_gui::model::Preferences;
use tempfile::TempDir;

use super::orders::{ANSWER, Answer, CLIPBOARD, DATA, Order, PATIENCE, Shown};

const PASSPHRASE: &str = "violet harbour mends nine clocks";

/// A desktop: one clipboard, and a window for each person, high enough for every page.
pub struct Desk(TempDir);

/// Somebody, and the window.
pub struct Person {
    name: String,
    desk: PathBuf,
    window: Option<Process>,
    /// Clicks, and keys that were pressed for anything but the letters of a text.
    pub presses: u32,
}

/// A window in a process of its own.
struct Process {
    child: Child,
    orders: ChildStdin,
    answers: Receiver<Answer>,
}

impl Desk {
    pub fn new() -> Self {
        let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let preferences = Preferences {
            width: 1_100,
            height: 1_600,
            ..Preferences::default()
        };
        let file = PreferencesFile::at(place.path().join("hedgerow").join("gui.toml"));
        file.write(&preferences).expect("it is written");
        Self(place)
    }

    pub fn person(&self, name: &str) -> Person {
        Person {
            name: name.to_owned(),
            desk: self.0.path().to_owned(),
            window: None,
            presses: 0,
        }
    }
}

impl Person {
    /// First start, by the shortest way.
    pub fn begins_by_keys(&mut self) {
        self.starts();
        self.sees("Your name, as contacts will see it", "");
        // The keyboard is there already.
        self.types(&format!("{}\n", self.name));
        self.types(&format!("{PASSPHRASE}\n"));
        self.types(&format!("{PASSPHRASE}\n"));
        self.sees("No contacts yet", "");
    }

    /// First start.
    pub fn begins(&mut self) {
        self.starts();
        self.clicks("Your name, as contacts will see it");
        self.types(&self.name.clone());
        for field in ["Passphrase", "Repeat passphrase"] {
            self.clicks(field);
            self.types(PASSPHRASE);
        }
        self.clicks("Create identity");
        self.sees("No contacts yet", "");
    }

    /// Start, and unlock at the second attempt.
    pub fn starts_again(&mut self) {
        self.starts();
        self.clicks("Passphrase");
        self.types("violet harbour\n");
        self.sees("The passphrase is wrong. Try again.", "");
        self.types(PASSPHRASE);
        self.clicks("Unlock");
    }

    fn starts(&mut self) {
        assert!(self.window.is_none(), "there is one window a person");
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "end_to_end::window_of_one_person", "--ignored"])
            .arg("--nocapture")
            .env(DATA, self.desk.join(&self.name))
            .env(CLIPBOARD, self.desk.join("clipboard"))
            .env("XDG_CONFIG_HOME", &self.desk)
            .env("LC_ALL", "C")
            // Nobody who runs this is to be told of messages.
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let orders = child.stdin.take().expect("it listens");
        let lines = BufReader::new(child.stdout.take().expect("it answers")).lines();
        let (tell, answers) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, answer)) = line.split_once(ANSWER) {
                    let answer = serde_json::from_str(answer).expect("an answer");
                    let _ = tell.send(answer);
                }
            }
        });
        self.window = Some(Process {
            child,
            orders,
            answers,
        });
    }

    /// Without a warning.
    pub fn is_killed(&mut self) {
        let mut window = self.window.take().expect("a window");
        window.child.kill().expect("it runs");
        window.child.wait().expect("it has run");
    }

    /// As one closes a window. Everything is put away in order.
    pub fn closes(mut self) {
        self.does(Order::Close);
        let mut window = self.window.take().expect("a window");
        assert!(window.child.wait().expect("it ran").success());
    }

    pub fn clicks(&mut self, label: &str) {
        self.presses += 1;
        self.does(Order::Click(label.to_owned()));
    }

    pub fn types(&mut self, text: &str) {
        self.presses += text.matches('\n').count() as u32;
        self.does(Order::Type(text.to_owned()));
    }

    pub fn pastes(&mut self) {
        self.presses += 1;
        self.does(Order::Paste);
    }

    /// Waits for it; `*` stands for anything.
    pub fn sees(&mut self, label: &str, state: &str) {
        self.does(Order::See {
            label: label.to_owned(),
            state: state.to_owned(),
        });
    }

    /// Sends a text, in the conversation that is open.
    pub fn writes(&mut self, to: &str, text: &str) {
        self.clicks(&format!("Message to {to}"));
        self.types(&format!("{text}\n"));
    }

    /// The words, as they stand on the page of a contact.
    pub fn safety_words(&mut self) -> Vec<String> {
        self.sees("They are the same: mark as verified", "");
        let end = Instant::now() + PATIENCE;
        loop {
            let shown = self.looks();
            let place = |label: &str| shown.iter().position(|one| one.label.starts_with(label));
            let before = place("Read these words to each other").expect("an invitation to compare");
            let after = place("They are the same").expect("a button");
            let words = shown[before + 1..after].iter();
            let words: Vec<_> = words.map(|word| word.label.clone()).collect();
            // They are computed while the page is there already.
            if words.iter().all(|word| !word.is_empty()) {
                return words;
            }
            assert!(Instant::now() < end, "no words: {shown:#?}");
        }
    }

    /// The conversation that is open: who, and what.
    pub fn conversation(&mut self) -> Vec<(String, String)> {
        let name = self.name.clone();
        let shown = self.looks().into_iter();
        let messages = shown.filter_map(|one| {
            let (who, text) = one.label.split_once(": ")?;
            let (who, _) = who.split_once(", ")?;
            let who = if who == "You" { &name } else { who };
            (one.role == "ListItem").then(|| (who.to_owned(), text.to_owned()))
        });
        messages.collect()
    }

    fn looks(&mut self) -> Vec<Shown> {
        match self.asks(Order::Look) {
            Answer::Shown(shown) => shown,
            answer => panic!("{answer:?}"),
        }
    }

    fn does(&mut self, order: Order) {
        match self.asks(order.clone()) {
            Answer::Done => {}
            answer => panic!("{}: {order:?}: {answer:#?}", self.name),
        }
    }

    fn asks(&mut self, order: Order) -> Answer {
        let window = self.window.as_mut().expect("a window");
        let line = serde_json::to_string(&order).expect("JSON");
        writeln!(window.orders, "{line}").expect("the window is there");
        let answer = window.answers.recv_timeout(PATIENCE * 2);
        answer.unwrap_or_else(|_| panic!("{}: no answer to {order:?}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
