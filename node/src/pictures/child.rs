//! The child: enters its sandbox, reads the source, answers, ends.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use super::{Answer, Limits, Order, Prepared, Refusal, Task, decoding, encoding, sandbox};
use crate::voice;

/// The first argument of a process that decodes a picture. No command has this name.
pub const ARGUMENT: &str = "decode-picture";

/// Decodes a picture if this process was started for that, and gives its exit status. Every `main` calls it before
/// anything else: before it parses arguments, opens a file or starts a thread.
pub fn child() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != ARGUMENT {
        return None;
    }
    let arguments: Option<Vec<String>> = arguments.map(|one| one.into_string().ok()).collect();
    let order = arguments.and_then(|arguments| Order::parse(arguments.iter().map(String::as_str)));
    Some(match order {
        Some(order) => execute(&order),
        None => ExitCode::from(2),
    })
}

fn execute(order: &Order) -> ExitCode {
    let held = sandbox::enter(&order.limits, order.layers());
    let limits = &order.limits;
    let answer = match order.task {
        Task::Probe => Ok(Answer::Sandbox(held)),
        Task::Prepare => source(limits).and_then(|source| prepare(&source, limits)),
        Task::Look => source(limits).and_then(|source| {
            let decoded = decoding::decode(&source, limits)?;
            encoding::look(&decoded).map(Answer::Look)
        }),
        Task::Show(size) => source(limits).and_then(|source| {
            let decoded = decoding::decode(&source, limits)?;
            Ok(Answer::Pixels(encoding::pixels(&decoded, size, limits)))
        }),
        Task::Voice => source(limits)
            .and_then(|source| voice::anew(&source, limits))
            .map(Answer::Voice),
        Task::Play => source(limits)
            .and_then(|source| voice::samples(&source, limits))
            .map(Answer::Samples),
        #[cfg(feature = "simulation")]
        Task::Try(trial, _) => Ok(Answer::Tried(trial.succeeds())),
    };
    let answer = answer.unwrap_or_else(Answer::Refused);
    let mut stdout = io::stdout().lock();
    match answer.write(&mut stdout).and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody waits for the answer any more.
        Err(_) => ExitCode::FAILURE,
    }
}

fn prepare(source: &[u8], limits: &Limits) -> Result<Answer, Refusal> {
    let mut decoded = decoding::decode(source, limits)?;
    if decoded.animated {
        return Err(Refusal::Animated);
    }
    decoded.correct();
    let look = encoding::look(&decoded)?;
    let (bytes, kind) = encoding::anew(decoded)?;
    if bytes.len() as u64 > limits.answer_bytes {
        return Err(Refusal::TooLarge);
    }
    Ok(Answer::Prepared(Prepared { bytes, kind, look }))
}

fn source(limits: &Limits) -> Result<Vec<u8>, Refusal> {
    let mut source = Vec::new();
    let most = limits.source_bytes;
    let read = io::stdin()
        .lock()
        .take(most.saturating_add(1))
        .read_to_end(&mut source);
    match read {
        Ok(length) if length as u64 <= most => Ok(source),
        Ok(_) => Err(Refusal::TooLarge),
        Err(_) => Err(Refusal::Damaged),
    }
}
