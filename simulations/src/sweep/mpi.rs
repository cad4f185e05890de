//! A sweep over many machines: the process of rank 0 hands out jobs, the others run them into the same
//! directory, which all of them share.

use std::path::Path;

use mpi::traits::{Communicator, Destination, Source};

use super::{Job, SweepError};

/// There is nothing left to do.
const NONE: i64 = -1;

/// Runs the jobs that have not been run, as one of the processes that `mpirun` has started. True for rank
/// 0, which merges when all are done. `done` is told, on rank 0, after each job.
///
/// # Errors
/// A job has failed on this process, or MPI is not there.
pub fn run(jobs: &[Job], sweep: &Path, mut done: impl FnMut(usize)) -> Result<bool, SweepError> {
    let universe =
        mpi::initialize().ok_or_else(|| SweepError::Mpi("it is running already".to_owned()))?;
    let world = universe.world();
    let to_do = || (0..jobs.len()).filter(|number| !jobs[*number].is_done(sweep));
    if world.size() == 1 {
        for number in to_do().collect::<Vec<_>>() {
            jobs[number].run(sweep)?;
            done(number);
        }
        return Ok(true);
    }
    if world.rank() != 0 {
        let boss = world.process_at_rank(0);
        // The first word is a request; every later one says which job is done.
        boss.send(&NONE);
        loop {
            let (number, _) = boss.receive::<i64>();
            let Ok(place) = usize::try_from(number) else {
                return Ok(false);
            };
            let result = jobs[place].run(sweep);
            boss.send(&number);
            result?;
        }
    }
    let mut left = to_do().collect::<Vec<_>>().into_iter();
    for _ in 0..left.len() + world.size() as usize - 1 {
        let (finished, status) = world.any_process().receive::<i64>();
        if let Ok(number) = usize::try_from(finished) {
            done(number);
        }
        let next = left.next().map_or(NONE, |number| number as i64);
        world.process_at_rank(status.source_rank()).send(&next);
    }
    Ok(true)
}
