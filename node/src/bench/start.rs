//! Start of the daemon on a store of 100,000 messages, until its API answers.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::RUNS;
use super::pair::{PASSPHRASE, PATIENCE, Pair, fill, refused, texts};
use super::process::resident_mib;
use super::row::{Row, median};
use crate::api::{Api, Remote};
use crate::host::finding;

const MESSAGES: usize = 100_000;

/// The rows: after a clean stop, after kill -9, and the memory used then.
pub(super) async fn rows(place: &Path) -> Result<Vec<Row>> {
    let pair = Pair::meet(place).await?;
    fill(&pair.a, &pair.chat_of_a, texts(MESSAGES, 0)).await?;
    let passphrase = place.join("passphrase");
    std::fs::write(&passphrase, PASSPHRASE)?;
    let (mut clean, mut killed, mut resident) = (Vec::new(), Vec::new(), 0.0_f64);
    for _ in 0..RUNS {
        let daemon = Daemon::start(&pair.a, &passphrase).await?;
        clean.push(daemon.took);
        resident = resident.max(resident_mib(daemon.child.id())?);
        // The process dies during a write.
        daemon
            .api
            .send(
                pair.chat_of_a.clone(),
                crate::api::NewMessage::text("last words"),
            )
            .await
            .map_err(refused)?;
        daemon.kill()?;
        let daemon = Daemon::start(&pair.a, &passphrase).await?;
        killed.push(daemon.took);
        daemon.stop().await?;
    }
    let ms = |times| median(times).as_secs_f64() * 1e3;
    Ok(vec![
        Row::at_most(
            format!("start with {MESSAGES} after a clean stop"),
            ms(clean),
            "ms",
            50.0,
        ),
        Row::at_most(
            format!("start with {MESSAGES} after kill -9"),
            ms(killed),
            "ms",
            100.0,
        ),
        Row::at_most("resident then", resident, "MiB", 30.0),
    ])
}

/// `hedgerow run`, as a child.
pub(super) struct Daemon {
    pub(super) child: Child,
    pub(super) api: Remote,
    /// Time from the start of the process until the API answered.
    pub(super) took: Duration,
}

impl Daemon {
    /// Starts it on loopback, and waits until its API answers with an open node.
    pub(super) async fn start(dir: &Path, passphrase: &Path) -> Result<Daemon> {
        let start = Instant::now();
        let child = Command::new(std::env::current_exe()?)
            .arg("--data-dir")
            .arg(dir)
            .arg("--passphrase-file")
            .arg(passphrase)
            .args(["run", "--loopback"])
            .stdin(Stdio::null())
            .spawn()?;
        let mut api = None;
        loop {
            ensure!(start.elapsed() < PATIENCE, "the daemon did not start");
            if api.is_none() {
                api = finding::client(dir).ok().flatten();
            }
            if let Some(remote) = &api
                && remote.status().await.is_ok_and(|status| !status.locked)
            {
                let took = start.elapsed();
                let api = api.context("it has just answered")?;
                return Ok(Daemon { child, api, took });
            }
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
    }

    fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Stops it cleanly.
    pub(super) async fn stop(mut self) -> Result<()> {
        self.api.stop().await.map_err(refused)?;
        ensure!(self.child.wait()?.success(), "the daemon failed");
        Ok(())
    }
}
