//! A sweep over many machines: the process of rank 0 hands out jobs, the others run them into the same
//! directory, which all of them share.
//!
//! | who says | what | meaning |
//! | --- | --- | --- |
//! | another rank | [`NONE`] | it has just begun |
//! | | the number of a job | that is done |
//! | | [`FAILED`], and then why, in words | its job could not be run |
//! | rank 0, each time | the number of a job | the next |
//! | | [`NONE`] | it is to end |
//!
//! After a failure no more jobs are handed out, so all processes end, and none waits for another. Rank 0 alone
//! ends with the error: `mpirun` ends all others as soon as one ends so, whether or not they have said why.

use std::path::Path;

use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Destination, Source};

use super::{Job, SweepError};

/// No job.
const NONE: i64 = -1;
/// A job that could not be run.
const FAILED: i64 = -2;

/// Runs the jobs that have not been run, as one of the processes that `mpirun` has started. True for rank
/// 0, which merges when all are done. `done` is told, on rank 0, after each job.
///
/// # Errors
/// MPI is not there, or, on rank 0, a job has failed, wherever it was.
pub fn run(jobs: &[Job], sweep: &Path, mut done: impl FnMut(usize)) -> Result<bool, SweepError> {
    let universe =
        mpi::initialize().ok_or_else(|| SweepError::Mpi("it is running already".to_owned()))?;
    let world = universe.world();
    if world.rank() != 0 {
        work(jobs, sweep, &world);
        return Ok(false);
    }
    let to_do = (0..jobs.len()).filter(|number| !jobs[*number].is_done(sweep));
    if world.size() == 1 {
        for number in to_do {
            jobs[number].run(sweep)?;
            done(number);
        }
        return Ok(true);
    }
    hand_out(to_do, &world, done).map(|()| true)
}

/// What the other ranks do.
fn work(jobs: &[Job], sweep: &Path, world: &SimpleCommunicator) {
    let boss = world.process_at_rank(0);
    boss.send(&NONE);
    loop {
        let (number, _) = boss.receive::<i64>();
        let Ok(place) = usize::try_from(number) else {
            return;
        };
        match jobs[place].run(sweep) {
            Ok(()) => boss.send(&number),
            Err(error) => {
                boss.send(&FAILED);
                let why: Vec<String> = anyhow::Chain::new(&error)
                    .map(ToString::to_string)
                    .collect();
                boss.send(why.join(": ").as_bytes());
            }
        }
    }
}

/// What rank 0 does.
fn hand_out(
    mut to_do: impl Iterator<Item = usize>,
    world: &SimpleCommunicator,
    mut done: impl FnMut(usize),
) -> Result<(), SweepError> {
    let mut working = world.size() - 1;
    let mut failed = None;
    while working > 0 {
        let (said, status) = world.any_process().receive::<i64>();
        let rank = status.source_rank();
        if said == FAILED {
            let (why, _) = world.process_at_rank(rank).receive_vec::<u8>();
            let why = String::from_utf8_lossy(&why);
            failed = Some(format!("a job has failed in process {rank}: {why}"));
        }
        if let Ok(number) = usize::try_from(said) {
            done(number);
        }
        let next = match &failed {
            Some(_) => None,
            None => to_do.next(),
        };
        working -= i32::from(next.is_none());
        let number = next.map_or(NONE, |number| number as i64);
        world.process_at_rank(rank).send(&number);
    }
    failed.map_or(Ok(()), |why| Err(SweepError::Mpi(why)))
}
