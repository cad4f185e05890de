//! Checkpoints on the disk: at each, the state of the world and what happened since the one before.
//!
//! | file | what |
//! | --- | --- |
//! | `identity.json` | of what the checkpoints are |
//! | `seed-N/00001/world` | the world at the first checkpoint |
//! | `seed-N/00001/*.parquet` | the records up to there |
//! | `seed-N/00002/…` | the same of the second; the records since the first |
//!
//! A part gets its name only once it is whole, so a run that is killed goes on from the one before.

use std::fs;
use std::path::{Path, PathBuf};

use crate::record::Record;
use crate::result::{Error, Identity, World, Writer, run_directory};
use crate::scenario::Loaded;

const IDENTITY: &str = "identity.json";
const STATE: &str = "world";
const UNFINISHED: &str = "unfinished";

/// The directory of a run's checkpoints.
#[derive(Debug)]
pub struct Checkpoints {
    directory: PathBuf,
    identity: Identity,
}

/// Why there can be no checkpoints.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointsError {
    /// The scenario has none.
    #[error("the scenario has no checkpoints: give it `checkpoint-every-s`, in seconds")]
    NotAsked,
    /// There are some already.
    #[error(
        "{0} has checkpoints already: go on from them with --resume, or give another directory"
    )]
    Exists(PathBuf),
    /// There are some, of something else.
    #[error(
        "the checkpoints in {path} are of another {what}: what goes on from them would be the result of neither"
    )]
    Another {
        /// Where.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// The disk.
    #[error(transparent)]
    Disk(#[from] Error),
}

impl Checkpoints {
    /// The checkpoints of a scenario in this directory: none yet, or with `resume` those that are there, if
    /// any.
    ///
    /// # Errors
    /// The scenario has none, or there are some that must not be gone on from.
    pub fn open(directory: &Path, loaded: &Loaded, resume: bool) -> Result<Self, CheckpointsError> {
        if loaded.scenario.checkpoint_every_s.is_none() {
            return Err(CheckpointsError::NotAsked);
        }
        let identity = Identity::new(&loaded.scenario.name, &loaded.text, &[]);
        let path = directory.join(IDENTITY);
        let checkpoints = Self {
            directory: directory.to_owned(),
            identity,
        };
        if path.exists() {
            if !resume {
                return Err(CheckpointsError::Exists(directory.to_owned()));
            }
            checkpoints.compare(&path)?;
        } else {
            fs::create_dir_all(directory).map_err(Error::io(directory))?;
            let text = serde_json::to_string_pretty(&checkpoints.identity)
                .expect("names and hashes become JSON");
            fs::write(&path, text).map_err(Error::io(&path))?;
        }
        Ok(checkpoints)
    }

    fn compare(&self, path: &Path) -> Result<(), CheckpointsError> {
        let bytes = fs::read(path).map_err(Error::io(path))?;
        let there: Identity = serde_json::from_slice(&bytes).map_err(Error::json(path))?;
        let here = &self.identity;
        let differs = |what| CheckpointsError::Another {
            path: self.directory.clone(),
            what,
        };
        if there.scenario_hash != here.scenario_hash {
            return Err(differs("scenario"));
        }
        if (&there.version, &there.commit, &there.lock_hash)
            != (&here.version, &here.commit, &here.lock_hash)
        {
            return Err(differs("version of the simulator"));
        }
        Ok(())
    }

    /// Those of one seed.
    pub(super) fn of(&self, seed: u64) -> Result<Kept<'_>, Error> {
        let directory = run_directory(&self.directory, seed);
        fs::create_dir_all(&directory).map_err(Error::io(&directory))?;
        let mut parts = 0;
        while part(&directory, parts + 1).exists() {
            parts += 1;
        }
        Ok(Kept {
            identity: &self.identity,
            directory,
            parts,
            writing: None,
        })
    }
}

fn part(directory: &Path, number: usize) -> PathBuf {
    directory.join(format!("{number:05}"))
}

/// The checkpoints of one seed.
pub(super) struct Kept<'a> {
    identity: &'a Identity,
    directory: PathBuf,
    /// How many are whole.
    parts: usize,
    /// What happens since the last.
    writing: Option<Writer>,
}

impl Kept<'_> {
    /// The newest state of the world.
    pub fn newest(&self) -> Result<Option<Vec<u8>>, Error> {
        if self.parts == 0 {
            return Ok(None);
        }
        let path = part(&self.directory, self.parts).join(STATE);
        fs::read(&path).map(Some).map_err(Error::io(&path))
    }

    /// Gives all that happened up to the newest to the result.
    pub fn take_over(&self, writer: &mut Writer) -> Result<(), Error> {
        (1..=self.parts).try_for_each(|number| writer.take_over(&part(&self.directory, number)))
    }

    /// From here on, records are those of the next checkpoint.
    pub fn begin_part(&mut self, world: World) -> Result<(), Error> {
        let path = self.directory.join(UNFINISHED);
        if path.exists() {
            fs::remove_dir_all(&path).map_err(Error::io(&path))?;
        }
        fs::create_dir(&path).map_err(Error::io(&path))?;
        self.writing = Some(Writer::create(&path, self.identity, world)?);
        Ok(())
    }

    /// Something happened.
    pub fn write(&mut self, record: Record) -> Result<(), Error> {
        self.writing
            .as_mut()
            .map_or(Ok(()), |writer| writer.write(record))
    }

    /// The next checkpoint is there, with this state of the world.
    pub fn end_part(&mut self, state: &[u8]) -> Result<(), Error> {
        if let Some(writer) = self.writing.take() {
            writer.finish()?;
        }
        let unfinished = self.directory.join(UNFINISHED);
        let path = unfinished.join(STATE);
        fs::write(&path, state).map_err(Error::io(&path))?;
        self.parts += 1;
        fs::rename(&unfinished, part(&self.directory, self.parts)).map_err(Error::io(&unfinished))
    }
}
