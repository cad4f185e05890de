//! Asking a person: passphrases without echo, and questions.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::api::strength::Strength;
use crate::api::{MAX_TEXT, Passphrase};
use crate::cli::args::Common;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{self, Output};
use crate::words::{Phrase, codes, tr};

/// The longest passphrase, in bytes.
const MAX_PASSPHRASE: u64 = 4_096;

/// How many times we ask for a new passphrase.
const ATTEMPTS: u32 = 3;

/// The faults of a new passphrase after which we ask again.
const MENDABLE: [&str; 3] = [WEAK, NOT_THE_SAME, EMPTY];
const WEAK: &str = "weak_passphrase";
const NOT_THE_SAME: &str = "not_the_same";
const EMPTY: &str = "empty_passphrase";

/// The most bytes of the line break that ends standard input.
const LINE_BREAK: u64 = 2;

/// The passphrase: from the file or descriptor that the command line names, otherwise from the person at the terminal.
pub fn passphrase(common: &Common, output: Output, prompt: Phrase) -> Result<Passphrase, Failure> {
    match given(common)? {
        Some(passphrase) => Ok(passphrase),
        None => typed(output, prompt),
    }
}

/// A new passphrase for the person of this name, who types it twice unless it comes from a file. Asks again if it is
/// easy to guess or the two differ.
pub fn new_passphrase(
    given: Option<Passphrase>,
    output: Output,
    name: &str,
) -> Result<Passphrase, Failure> {
    match given {
        Some(passphrase) => strong(passphrase, name),
        None => chosen(
            name,
            |prompt| typed(output, prompt),
            |words| output.say(words),
        ),
    }
}

fn chosen(
    name: &str,
    mut ask: impl FnMut(Phrase) -> Result<Passphrase, Failure>,
    mut say: impl FnMut(Phrase),
) -> Result<Passphrase, Failure> {
    let mut attempt = |left: u32| {
        let first = strong(ask(tr!("New passphrase"))?, name)?;
        let again = ask(tr!("Repeat passphrase"))?;
        if first.as_bytes() != again.as_bytes() {
            let words = match left {
                0 => tr!("The passphrases do not match."),
                _ => tr!("The passphrases do not match. Try again."),
            };
            return Err(Failure::found(Exit::Refused, NOT_THE_SAME, words));
        }
        Ok(first)
    };
    for left in (1..ATTEMPTS).rev() {
        match attempt(left) {
            Err(Failure::Found { code, words, .. }) if MENDABLE.contains(&code) => say(words),
            done => return done,
        }
    }
    attempt(0)
}

/// Refuses a passphrase that is easy to guess.
fn strong(passphrase: Passphrase, name: &str) -> Result<Passphrase, Failure> {
    match Strength::of(&passphrase, name).weakness {
        None => Ok(passphrase),
        Some(weakness) => {
            let words = codes::weakness(weakness).then(" ", tr!("Choose a stronger passphrase."));
            Err(Failure::found(Exit::Refused, WEAK, words))
        }
    }
}

/// The passphrase of the file or descriptor that the command line names.
pub fn given(common: &Common) -> Result<Option<Passphrase>, Failure> {
    let path = match (&common.passphrase_file, common.passphrase_fd) {
        (Some(path), _) => path.clone(),
        (None, Some(descriptor)) => PathBuf::from(format!("/dev/fd/{descriptor}")),
        (None, None) => return Ok(None),
    };
    from_file(&path).map(Some)
}

/// The first line of a file.
pub fn from_file(path: &Path) -> Result<Passphrase, Failure> {
    let failed = |error| Failure::path(path, &error);
    let file = File::open(path).map_err(failed)?;
    let mut line = Zeroizing::new(String::with_capacity(MAX_PASSPHRASE as usize));
    BufReader::new(file.take(MAX_PASSPHRASE))
        .read_line(&mut line)
        .map_err(failed)?;
    checked(line.trim_end_matches(['\n', '\r']).to_owned())
}

fn typed(output: Output, prompt: Phrase) -> Result<Passphrase, Failure> {
    let prompt = output.said(&prompt.then(": ", ""));
    let line = rpassword::prompt_password(prompt).map_err(|_| {
        let words = tr!(
            "A passphrase is needed, and there is no terminal to ask at. Use --passphrase-file or --passphrase-fd."
        );
        Failure::found(Exit::Locked, "no_passphrase", words)
    })?;
    checked(line)
}

fn checked(line: String) -> Result<Passphrase, Failure> {
    let passphrase = Passphrase::new(line);
    if passphrase.is_empty() {
        let words = tr!("The passphrase must not be empty.");
        return Err(Failure::found(Exit::Locked, EMPTY, words));
    }
    Ok(passphrase)
}

/// A question answered with yes or no.
pub fn yes(output: Output, question: Phrase) -> Result<bool, Failure> {
    if !output::can_ask() {
        let words = tr!("A confirmation is needed, and there is no terminal to ask at. Use --yes.");
        return Err(Failure::found(Exit::Usage, "not_confirmed", words));
    }
    let choice =
        tr!("the first letters of yes and no, which is what an empty line means" => "[y/N]");
    let line = line(output, question.then(" ", choice).then(" ", ""))?;
    let means_yes = output.said(&tr!("what means yes, with commas between" => "y,yes"));
    Ok(means_yes.split(',').any(|yes| yes == line.to_lowercase()))
}

/// A line of stdin, after a prompt on stderr.
pub fn line(output: Output, prompt: Phrase) -> Result<String, Failure> {
    let _ = write!(std::io::stderr(), "{}", output.lines(&prompt));
    let mut line = String::new();
    let stdin = std::io::stdin().lock();
    stdin
        .take(MAX_PASSPHRASE)
        .read_line(&mut line)
        .map_err(|error| Failure::file(tr!("stdin cannot be read"), &error))?;
    Ok(line.trim().to_owned())
}

/// The text of a message as the command line gives it: `-` stands for stdin.
pub fn text(given: &str) -> Result<String, Failure> {
    match given {
        "-" => all_of_stdin(MAX_TEXT as u64),
        text => Ok(text.to_owned()),
    }
}

/// All of stdin as text, without the line break at its end.
pub fn all_of_stdin(limit_bytes: u64) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(limit_bytes + LINE_BREAK + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::file(tr!("stdin cannot be read"), &error))?;
    let too_long = || {
        let words = tr!(
            "It is too long: more than {limit} bytes.",
            limit = limit_bytes
        );
        Failure::found(Exit::Refused, "too_long", words)
    };
    // The limit may cut a character in two, so check the length before the encoding.
    if bytes.len() as u64 > limit_bytes + LINE_BREAK {
        return Err(too_long());
    }
    let mut text = String::from_utf8(bytes).map_err(|_| {
        let words = tr!("Standard input is not valid UTF-8.");
        Failure::found(Exit::Usage, "not_text", words)
    })?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.len() as u64 > limit_bytes {
        return Err(too_long());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result of typing these lines, and what the person reads meanwhile.
    fn typing(lines: &[&str]) -> (Result<Passphrase, Failure>, Vec<String>) {
        let (mut lines, mut said) = (lines.iter(), Vec::new());
        let ask = |_| checked((*lines.next().expect("no further question")).to_owned());
        let chosen = chosen("Ana", ask, |words| said.push(words.to_string()));
        assert_eq!(lines.next(), None, "all was read");
        (chosen, said)
    }

    const GOOD: &str = "four quiet hedges";

    #[test]
    fn a_new_passphrase_is_asked_for_three_times() {
        let (chosen, said) = typing(&["", "a", GOOD, GOOD]);
        assert_eq!(chosen.unwrap().as_bytes(), GOOD.as_bytes());
        assert_eq!(said.len(), 2);
        let (chosen, said) = typing(&[GOOD, "four", GOOD, "quiet", GOOD, "hedges"]);
        assert_eq!(
            chosen.unwrap_err().words().to_string(),
            "The passphrases do not match."
        );
        assert_eq!(said, ["The passphrases do not match. Try again."; 2]);
    }

    #[test]
    fn what_the_window_refuses_as_a_passphrase_the_command_line_refuses() {
        for weak in ["a", "password", "abcdefgh", "Ana"] {
            let failure = strong(Passphrase::new(weak.into()), "Ana").unwrap_err();
            assert_eq!(failure.exit(), Exit::Refused);
            assert!(
                failure
                    .words()
                    .to_string()
                    .ends_with("Choose a stronger passphrase.")
            );
        }
        assert!(strong(Passphrase::new(GOOD.into()), "Ana").is_ok());
    }
}
