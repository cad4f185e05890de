//! `hedgerow relay`: a public relay in one command.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::args::RelayArguments;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::screen;
use crate::host::finding;
use crate::relay::identity::{self, IdentityError};
use crate::relay::{Limits, Relay, RelayError, RelayOptions};
use crate::words::tr;

/// The longest time that a circuit may last, in seconds.
const LONGEST_S: u64 = 31 * 86_400;

/// Runs a relay until a signal stops it.
pub async fn run(output: Output, arguments: RelayArguments) -> Result<(), Failure> {
    // Before any work that a signal could interrupt.
    let signal = |kind| {
        signal(kind).map_err(|error| Failure::file(tr!("The system gives no signals"), &error))
    };
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;

    crate::relay::allow_connections();
    let limits = limits(&arguments)?;
    let path = key_file(arguments.identity)?;
    let key = identity::load_or_create(&path).map_err(|error| no_key(&path, &error))?;
    let listen = match arguments.listen {
        given if !given.is_empty() => given,
        _ => RelayOptions::everywhere(arguments.port),
    };
    let options = RelayOptions {
        key,
        listen,
        public: arguments.public,
        limits,
        metrics: arguments.metrics,
    };
    let relay = Relay::start(options).await.map_err(not_started)?;

    output.say(tr!("The relay runs. Give people any of these addresses:"));
    for place in relay.places() {
        output.data(
            &Place {
                address: place.to_string(),
            },
            |place| place.address.clone(),
        );
    }
    if !relay.is_public() {
        output.say(tr!(
            "None of them means anything outside of this network. If this machine can be reached from elsewhere, say under which name or address: `hedgerow relay --public HOST`."
        ));
    }
    if let Some(at) = relay.metrics() {
        output.say(tr!(
            "Counters for Prometheus: {address}",
            address = format!("http://{at}/metrics")
        ));
    }
    output.say(tr!(
        "Its key is in {path}. Keep it: the addresses end with its name.",
        path = path.display()
    ));
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    relay.stop().await;
    output.say(tr!("The relay has stopped."));
    Ok(())
}

#[derive(Serialize)]
struct Place {
    address: String,
}

fn limits(arguments: &RelayArguments) -> Result<Limits, Failure> {
    let circuit_s = screen::parse_span(&arguments.circuit_time).filter(|span| *span <= LONGEST_S);
    let circuit_s = circuit_s.ok_or_else(|| {
        let words = tr!("--circuit-time is a span of at most a month. Write it as 30m, 2h or 7d.");
        Failure::found(Exit::Usage, "bad_span", words)
    })?;
    Ok(Limits {
        reservations: arguments.max_clients,
        circuits: arguments.max_circuits,
        circuits_a_client: arguments.max_circuits_a_client,
        circuit_bytes: arguments.circuit_mib * 1024 * 1024,
        circuit: Duration::from_secs(circuit_s),
        begun_an_hour: arguments.begun_an_hour,
        connections: arguments.max_connections,
        ..Limits::default()
    })
}

fn key_file(given: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let beside = || {
        Some(
            finding::default_directory()?
                .with_file_name("hedgerow-relay")
                .join("key"),
        )
    };
    given.or_else(beside).ok_or_else(|| {
        let words =
            tr!("There is no home directory to keep the relay's key in. Give --identity FILE.");
        Failure::found(Exit::Usage, "no_home", words)
    })
}

fn no_key(path: &Path, error: &IdentityError) -> Failure {
    let path = path.display();
    let (code, words) = match error {
        IdentityError::File(error) => {
            let words = tr!(
                "The relay's key cannot be read from or made in {path}: {error}. Give --identity a file in a directory that you can write.",
                path = path,
                error = error
            );
            ("file", words)
        }
        IdentityError::Readable => {
            let words = tr!(
                "Others may read the relay's key {path}, and could take its place. `chmod 600` it; if somebody may have read it, delete it and hand out the new addresses.",
                path = path
            );
            ("key_readable", words)
        }
        IdentityError::NotAKey => {
            let words = tr!(
                "{path} holds no key of a relay. Put the key back from a copy, or delete the file to make another, under which people need other addresses.",
                path = path
            );
            ("not_a_key", words)
        }
    };
    Failure::found(Exit::Storage, code, words)
}

fn not_started(error: RelayError) -> Failure {
    let (exit, code, words) = match error {
        RelayError::Listen { at, why } => {
            let words = tr!(
                "The relay cannot listen at {address}: {why}. Another program may have the port (choose one with --port), or ports below 1024 may need the capability CAP_NET_BIND_SERVICE.",
                address = at.to_string(),
                why = why.to_string()
            );
            (Exit::Refused, "listen", words)
        }
        RelayError::MetricsInPublic(at) => {
            let words = tr!(
                "{address} is not an address of this machine alone, and counters are nobody else's business. Use --metrics 127.0.0.1:{port}, and a tunnel or a proxy with a password.",
                address = at.to_string(),
                port = at.port().to_string()
            );
            (Exit::Usage, "metrics_in_public", words)
        }
        RelayError::Metrics { at, why } => {
            let words = tr!(
                "Counters cannot be shown at {address}: {why}. Choose another port.",
                address = at.to_string(),
                why = why.to_string()
            );
            (Exit::Refused, "metrics", words)
        }
        RelayError::Setup(why) => (
            Exit::Bug,
            "setup",
            tr!("The relay cannot be set up: {why}.", why = why.to_string()),
        ),
    };
    Failure::found(exit, code, words)
}
