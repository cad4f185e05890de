//! Takes the records of one run as they happen: writes them down, and counts.

use std::path::Path;

use super::gather::Gathered;
use super::table::{self, Table};
use super::{Error, Identity, Run};
use crate::record::{
    Bundle, Contact, Deletion, Delivery, Drop, Edit, File, GroupDelivery, GroupMessage, Message,
    Parcel, Reaction, Receipt, Record, Sample, Session, Transfer,
};

/// What a run says of itself before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct World {
    /// The seed.
    pub seed: u64,
    /// How long the world lasts, in microseconds.
    pub duration_us: u64,
    /// How many devices there are.
    pub devices: usize,
    /// Whether users react to messages: its result has reactions then, and none of its files names them otherwise.
    pub reacts: bool,
    /// Whether users edit messages, and so the same of edits.
    pub edits: bool,
    /// Whether users delete messages, and so the same of deletions.
    pub deletions: bool,
    /// Whether users tell what they have read, and so the same of receipts.
    pub receipts: bool,
    /// Whether files go with messages, and so the same of files.
    pub files: bool,
    /// Whether people carry messages by hand, and so the same of parcels.
    pub parcels: bool,
    /// Whether people write in groups, and so the same of what is written there.
    pub groups: bool,
}

/// Takes the records of one run. The same records, in the same order, make the same bytes.
pub struct Writer {
    contacts: Table<Contact>,
    sessions: Table<Session>,
    messages: Table<Message>,
    bundles: Table<Bundle>,
    transfers: Table<Transfer>,
    deliveries: Table<Delivery>,
    reactions: Option<Table<Reaction>>,
    edits: Option<Table<Edit>>,
    deletions: Option<Table<Deletion>>,
    receipts: Option<Table<Receipt>>,
    files: Option<Table<File>>,
    parcels: Option<Table<Parcel>>,
    groups: Option<(Table<GroupMessage>, Table<GroupDelivery>)>,
    drops: Table<Drop>,
    samples: Table<Sample>,
    gathered: Gathered,
}

impl Writer {
    /// Begins the tables of a run in a directory that exists.
    pub(crate) fn create(run: &Path, identity: &Identity, world: World) -> Result<Self, Error> {
        let metadata = || identity.metadata(world.seed);
        Ok(Self {
            contacts: Table::create(run, metadata())?,
            sessions: Table::create(run, metadata())?,
            messages: Table::create(run, metadata())?,
            bundles: Table::create(run, metadata())?,
            transfers: Table::create(run, metadata())?,
            deliveries: Table::create(run, metadata())?,
            reactions: match world.reacts {
                true => Some(Table::create(run, metadata())?),
                false => None,
            },
            edits: match world.edits {
                true => Some(Table::create(run, metadata())?),
                false => None,
            },
            deletions: match world.deletions {
                true => Some(Table::create(run, metadata())?),
                false => None,
            },
            receipts: match world.receipts {
                true => Some(Table::create(run, metadata())?),
                false => None,
            },
            files: match world.files {
                true => Some(Table::create(run, metadata())?),
                false => None,
            },
            parcels: match world.parcels {
                true => Some(Table::create(run, metadata())?),
                false => None,
            },
            groups: match world.groups {
                true => Some((
                    Table::create(run, metadata())?,
                    Table::create(run, metadata())?,
                )),
                false => None,
            },
            drops: Table::create(run, metadata())?,
            samples: Table::create(run, metadata())?,
            gathered: Gathered::new(world),
        })
    }

    /// Takes the next record. Of each kind they come in order of the time at which they are complete.
    ///
    /// # Errors
    /// The disk did not take it; the result is lost then.
    pub fn write(&mut self, record: Record) -> Result<(), Error> {
        self.gathered.take(&record);
        match record {
            Record::Contact(row) => self.contacts.push(row),
            Record::Session(row) => self.sessions.push(row),
            Record::Message(row) => self.messages.push(row),
            Record::Bundle(row) => self.bundles.push(row),
            Record::Transfer(row) => self.transfers.push(row),
            Record::Delivery(row) => self.deliveries.push(row),
            Record::Reaction(row) => match &mut self.reactions {
                Some(reactions) => reactions.push(row),
                None => Ok(()),
            },
            Record::Edit(row) => match &mut self.edits {
                Some(edits) => edits.push(row),
                None => Ok(()),
            },
            Record::Deletion(row) => match &mut self.deletions {
                Some(deletions) => deletions.push(row),
                None => Ok(()),
            },
            Record::Receipt(row) => match &mut self.receipts {
                Some(receipts) => receipts.push(row),
                None => Ok(()),
            },
            Record::File(row) => match &mut self.files {
                Some(files) => files.push(row),
                None => Ok(()),
            },
            Record::Parcel(row) => match &mut self.parcels {
                Some(parcels) => parcels.push(row),
                None => Ok(()),
            },
            Record::GroupMessage(row) => match &mut self.groups {
                Some((messages, _)) => messages.push(row),
                None => Ok(()),
            },
            Record::GroupDelivery(row) => match &mut self.groups {
                Some((_, deliveries)) => deliveries.push(row),
                None => Ok(()),
            },
            Record::Drop(row) => self.drops.push(row),
            Record::Sample(row) => self.samples.push(row),
        }
    }

    /// Takes over all that an earlier part of the same run has written, as after a checkpoint.
    ///
    /// # Errors
    /// A table cannot be read, or the disk did not take it.
    pub fn take_over(&mut self, run: &Path) -> Result<(), Error> {
        let (has_reactions, has_edits) = (self.reactions.is_some(), self.edits.is_some());
        let (has_deletions, has_receipts) = (self.deletions.is_some(), self.receipts.is_some());
        let (has_files, has_parcels) = (self.files.is_some(), self.parcels.is_some());
        let has_groups = self.groups.is_some();
        let mut outcome = Ok(());
        let mut take = |record: Record| {
            if outcome.is_ok() {
                outcome = self.write(record);
            }
        };
        table::read(run, |row| take(Record::Contact(row)))?;
        table::read(run, |row| take(Record::Session(row)))?;
        table::read(run, |row| take(Record::Message(row)))?;
        table::read(run, |row| take(Record::Bundle(row)))?;
        table::read(run, |row| take(Record::Transfer(row)))?;
        table::read(run, |row| take(Record::Delivery(row)))?;
        if has_reactions {
            table::read(run, |row| take(Record::Reaction(row)))?;
        }
        if has_edits {
            table::read(run, |row| take(Record::Edit(row)))?;
        }
        if has_deletions {
            table::read(run, |row| take(Record::Deletion(row)))?;
        }
        if has_receipts {
            table::read(run, |row| take(Record::Receipt(row)))?;
        }
        if has_files {
            table::read(run, |row| take(Record::File(row)))?;
        }
        if has_parcels {
            table::read(run, |row| take(Record::Parcel(row)))?;
        }
        if has_groups {
            table::read(run, |row| take(Record::GroupMessage(row)))?;
            table::read(run, |row| take(Record::GroupDelivery(row)))?;
        }
        table::read(run, |row| take(Record::Drop(row)))?;
        table::read(run, |row| take(Record::Sample(row)))?;
        outcome
    }

    /// A figure that only the world can know, as what an adversary reached. Not finite: not known.
    pub fn figure(&mut self, name: &str, value: f64) {
        self.gathered.figure(name, value);
    }

    /// All is written: what the run comes to.
    ///
    /// # Errors
    /// The disk did not take it.
    pub fn finish(self) -> Result<Run, Error> {
        self.contacts.finish()?;
        self.sessions.finish()?;
        self.messages.finish()?;
        self.bundles.finish()?;
        self.transfers.finish()?;
        self.deliveries.finish()?;
        self.reactions.map_or(Ok(()), Table::finish)?;
        self.edits.map_or(Ok(()), Table::finish)?;
        self.deletions.map_or(Ok(()), Table::finish)?;
        self.receipts.map_or(Ok(()), Table::finish)?;
        self.files.map_or(Ok(()), Table::finish)?;
        self.parcels.map_or(Ok(()), Table::finish)?;
        if let Some((messages, deliveries)) = self.groups {
            messages.finish()?;
            deliveries.finish()?;
        }
        self.drops.finish()?;
        self.samples.finish()?;
        Ok(self.gathered.finish())
    }
}
