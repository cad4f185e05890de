//! One table of a run: a Parquet file with a row for each record of one kind.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::{RecordReader, RecordWriter};

use super::Error;
use crate::record::{
    Bundle, Contact, Deletion, Delivery, Drop, Edit, File as SentFile, GroupDelivery, GroupMessage,
    Message, Parcel, Reaction, Receipt, Sample, Session, Transfer,
};

/// Rows that are held before they are written: what a table takes in memory, and a row group of the file.
const ROWS_HELD: usize = 1 << 16;

/// A record that has a table.
pub trait Row: Sized {
    /// What its table is called.
    const TABLE: &'static str;

    /// Where its table is in the directory of a run.
    #[must_use]
    fn path(run: &Path) -> PathBuf {
        run.join(Self::TABLE).with_extension("parquet")
    }
}

impl Row for Contact {
    const TABLE: &'static str = "contacts";
}
impl Row for Session {
    const TABLE: &'static str = "sessions";
}
impl Row for Message {
    const TABLE: &'static str = "messages";
}
impl Row for Bundle {
    const TABLE: &'static str = "bundles";
}
impl Row for Transfer {
    const TABLE: &'static str = "transfers";
}
impl Row for Delivery {
    const TABLE: &'static str = "deliveries";
}
impl Row for Reaction {
    const TABLE: &'static str = "reactions";
}
impl Row for Edit {
    const TABLE: &'static str = "edits";
}
impl Row for Deletion {
    const TABLE: &'static str = "deletions";
}
impl Row for Receipt {
    const TABLE: &'static str = "receipts";
}
impl Row for SentFile {
    const TABLE: &'static str = "files";
}
impl Row for GroupMessage {
    const TABLE: &'static str = "group_messages";
}
impl Row for GroupDelivery {
    const TABLE: &'static str = "group_deliveries";
}
impl Row for Parcel {
    const TABLE: &'static str = "parcels";
}
impl Row for Drop {
    const TABLE: &'static str = "drops";
}
impl Row for Sample {
    const TABLE: &'static str = "samples";
}

/// A table that is being written.
pub(super) struct Table<T> {
    path: PathBuf,
    rows: Vec<T>,
    file: SerializedFileWriter<BufWriter<File>>,
}

impl<T: Row> Table<T>
where
    for<'a> &'a [T]: RecordWriter<T>,
{
    pub(super) fn create(run: &Path, metadata: Vec<KeyValue>) -> Result<Self, Error> {
        let path = T::path(run);
        let properties = properties(metadata);
        let file = File::create(&path).map_err(Error::io(&path))?;
        let none: &[T] = &[];
        let file = none
            .schema()
            .and_then(|schema| {
                SerializedFileWriter::new(BufWriter::new(file), schema, Arc::new(properties))
            })
            .map_err(Error::table(&path))?;
        let rows = Vec::new();
        Ok(Self { path, rows, file })
    }

    pub(super) fn push(&mut self, row: T) -> Result<(), Error> {
        self.rows.push(row);
        if self.rows.len() < ROWS_HELD {
            return Ok(());
        }
        self.write_rows()
    }

    fn write_rows(&mut self) -> Result<(), Error> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let file = &mut self.file;
        let rows = self.rows.as_slice();
        (|| {
            let mut group = file.next_row_group()?;
            rows.write_to_row_group(&mut group)?;
            group.close()
        })()
        .map_err(Error::table(&self.path))?;
        self.rows.clear();
        Ok(())
    }

    /// Writes what is left, and has it on the disk.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        self.write_rows()?;
        let buffer = self.file.into_inner().map_err(Error::table(&self.path))?;
        buffer
            .into_inner()
            .map_err(|error| error.into_error())
            .and_then(|file| file.sync_all())
            .map_err(Error::io(&self.path))
    }
}

/// How all our tables are written.
fn properties(metadata: Vec<KeyValue>) -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(concat!("hedgerow-sim version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(metadata))
        .build()
}

/// Writes a table of its own, as that of a sweep, of rows that are all at hand.
///
/// # Errors
/// The disk does not take it.
pub(crate) fn write_table<T>(path: &Path, rows: &[T]) -> Result<(), Error>
where
    for<'a> &'a [T]: RecordWriter<T>,
{
    let file = BufWriter::new(File::create(path).map_err(Error::io(path))?);
    (|| {
        let properties = Arc::new(properties(Vec::new()));
        let mut file = SerializedFileWriter::new(file, rows.schema()?, properties)?;
        let mut group = file.next_row_group()?;
        rows.write_to_row_group(&mut group)?;
        group.close()?;
        file.close().map(|_| ())
    })()
    .map_err(Error::table(path))
}

/// Reads a table of a run, row by row, in the order in which it was written.
///
/// # Errors
/// The file is missing, cut, or of another kind.
pub fn read<T: Row>(run: &Path, mut take: impl FnMut(T)) -> Result<(), Error>
where
    Vec<T>: RecordReader<T>,
{
    let path = T::path(run);
    let file = File::open(&path).map_err(Error::io(&path))?;
    let reader = SerializedFileReader::new(file).map_err(Error::table(&path))?;
    for group in 0..reader.num_row_groups() {
        let mut rows = Vec::new();
        reader
            .get_row_group(group)
            .and_then(|mut group| {
                let count = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
                rows.read_from_row_group(&mut *group, count)
            })
            .map_err(Error::table(&path))?;
        rows.into_iter().for_each(&mut take);
    }
    Ok(())
}
