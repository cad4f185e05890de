//! Asking a person: passphrases without echo, and questions.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::api::Passphrase;
use crate::cli::args::Common;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{self, Output};
use crate::words::{Language, Phrase, tr};

/// The longest passphrase, in bytes.
const MAX_PASSPHRASE: u64 = 4_096;

/// The passphrase, from where the command line says, or else from the person at the terminal.
pub fn passphrase(common: &Common, prompt: Phrase) -> Result<Passphrase, Failure> {
    match given(common)? {
        Some(passphrase) => Ok(passphrase),
        None => typed(common.language(), prompt),
    }
}

/// A new passphrase: typed twice, unless it comes from a file.
pub fn new_passphrase(
    given: Option<Passphrase>,
    language: Language,
) -> Result<Passphrase, Failure> {
    if let Some(passphrase) = given {
        return Ok(passphrase);
    }
    let first = typed(language, tr!("New passphrase"))?;
    let again = typed(language, tr!("The same again"))?;
    if first.as_bytes() != again.as_bytes() {
        let words = tr!("The two are not the same. Nothing was changed; try again.");
        return Err(Failure::found(Exit::Refused, "not_the_same", words));
    }
    Ok(first)
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
    let what = || tr!("The passphrase cannot be read");
    let file = File::open(path).map_err(|error| Failure::file(what(), &error))?;
    let mut line = Zeroizing::new(String::with_capacity(MAX_PASSPHRASE as usize));
    BufReader::new(file.take(MAX_PASSPHRASE))
        .read_line(&mut line)
        .map_err(|error| Failure::file(what(), &error))?;
    checked(line.trim_end_matches(['\n', '\r']).to_owned())
}

fn typed(language: Language, prompt: Phrase) -> Result<Passphrase, Failure> {
    let prompt = language.say(&prompt.then(": ", ""));
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
        let words = tr!("The passphrase is empty. It is what protects the data: choose one.");
        return Err(Failure::found(Exit::Locked, "empty_passphrase", words));
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
    let _ = write!(std::io::stderr(), "{}", output.said(&prompt));
    let mut line = String::new();
    let stdin = std::io::stdin().lock();
    stdin
        .take(MAX_PASSPHRASE)
        .read_line(&mut line)
        .map_err(|error| Failure::file(tr!("stdin cannot be read"), &error))?;
    Ok(line.trim().to_owned())
}

/// All of stdin as text, without the line break at its end; one byte more than `limit_bytes` at
/// most, so that the node says what is too long.
pub fn all_of_stdin(limit_bytes: u64) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(limit_bytes + 3)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::file(tr!("stdin cannot be read"), &error))?;
    let mut text = String::from_utf8(bytes).map_err(|_| {
        let words = tr!("stdin is not text: it must be UTF-8.");
        Failure::found(Exit::Usage, "not_text", words)
    })?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}
