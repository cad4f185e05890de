//! The cost of another process, from the Linux kernel.

use anyhow::{Context, Result};

/// Resources that a process has used so far.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    /// Time on a processor, in seconds.
    pub cpu_s: f64,
    /// How often one of its threads has gone to sleep, and so how often something will wake it.
    pub wakes: u64,
}

impl Spent {
    /// Sums over all threads of a process.
    ///
    /// # Errors
    /// There is no such process.
    pub fn of(pid: u32) -> Result<Spent> {
        let mut spent = Spent {
            cpu_s: 0.0,
            wakes: 0,
        };
        for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
            let task = task?.path();
            let status = std::fs::read_to_string(task.join("status"))?;
            for line in status.lines() {
                if let Some(count) = line.strip_prefix("voluntary_ctxt_switches:") {
                    spent.wakes += count.trim().parse::<u64>()?;
                }
            }
            // Nanoseconds on a processor, nanoseconds waiting for one, number of turns.
            let turns = std::fs::read_to_string(task.join("schedstat"))?;
            let on_cpu: u64 = turns
                .split_whitespace()
                .next()
                .context("schedstat")?
                .parse()?;
            spent.cpu_s += on_cpu as f64 / 1e9;
        }
        Ok(spent)
    }
}

/// Resident memory of a process, in MiB.
///
/// # Errors
/// There is no such process.
pub fn resident_mib(pid: u32) -> Result<f64> {
    memory_mib(pid, "VmRSS:")
}

/// The most memory of a process that was resident at any time, in MiB.
///
/// # Errors
/// There is no such process.
pub fn peak_mib(pid: u32) -> Result<f64> {
    memory_mib(pid, "VmHWM:")
}

fn memory_mib(pid: u32, field: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib: f64 = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .context("memory in kB")?
        .trim()
        .parse()?;
    Ok(kib / 1024.0)
}
