//! Our own contact plan in Parquet: one row for each contact. The columns are those of
//! [`record::Contact`](crate::record::Contact), so `contacts.parquet` of any result is a plan, and so is a file with
//! these columns from pandas or polars (compressed with zstd or not at all).
//!
//! | column | what |
//! | --- | --- |
//! | `start_us`, `end_us` | whole microseconds since the world began |
//! | `a`, `b` | device numbers from 0 |
//! | `radio` | the radio's number; may be absent |
//!
//! The file's metadata may give `devices` (their number, including those that meet nobody) and `names` (a JSON list).

use std::collections::BTreeMap;
use std::io::Write;

use bytes::Bytes;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::{Field, RecordWriter as _, Row};

use super::gather::{Gathering, Touching};
use super::{Trace, TraceError, TraceSettings};
use crate::plan::{Change, DeviceNumber};
use crate::record::Contact;

/// Most devices of a plan.
const MAX_DEVICES: usize = 10_000_000;
/// Rows that a reader must hold at once.
const ROWS_IN_GROUP: usize = 1 << 20;
const DEVICES: &str = "devices";
const NAMES: &str = "names";

/// Writes a contact plan. Contacts still open at the end end there.
///
/// # Errors
///
/// The error of the writer.
pub fn write(
    out: impl Write + Send,
    names: &[String],
    changes: &[Change],
    end_us: u64,
) -> Result<(), ParquetError> {
    let contacts = contacts(changes, end_us);
    let named =
        serde_json::to_string(names).map_err(|error| ParquetError::External(error.into()))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(vec![
            KeyValue::new(DEVICES.to_owned(), names.len().to_string()),
            KeyValue::new(NAMES.to_owned(), named),
        ]))
        .build();
    let schema = contacts.as_slice().schema()?;
    let mut file = SerializedFileWriter::new(out, schema, properties.into())?;
    for rows in contacts.chunks(ROWS_IN_GROUP) {
        let mut group = file.next_row_group()?;
        rows.write_to_row_group(&mut group)?;
        group.close()?;
    }
    file.close()?;
    Ok(())
}

/// The contacts in these changes, in the order of their start.
#[must_use]
pub fn contacts(changes: &[Change], end_us: u64) -> Vec<Contact> {
    let mut contacts: Vec<Contact> = Vec::with_capacity(changes.len().div_ceil(2));
    let mut open: BTreeMap<(DeviceNumber, DeviceNumber, u8), usize> = BTreeMap::new();
    for &Change {
        at_us,
        up,
        a,
        b,
        radio,
    } in changes
    {
        if up {
            open.insert((a, b, radio), contacts.len());
            contacts.push(Contact {
                start_us: at_us as i64,
                end_us: end_us.max(at_us) as i64,
                a: a as i32,
                b: b as i32,
                radio: i32::from(radio),
            });
        } else if let Some(contact) = open.remove(&(a, b, radio)) {
            contacts[contact].end_us = at_us as i64;
        }
    }
    contacts
}

pub(super) fn read(settings: &TraceSettings, bytes: &[u8]) -> Result<Trace, TraceError> {
    // The `parquet` crate panics on some damaged files, such as those with negative offsets.
    std::panic::catch_unwind(|| read_sound(settings, bytes))
        .unwrap_or_else(|_| Err(settings.content("not a contact plan: it is damaged".to_owned())))
}

/// Reads an undamaged plan.
fn read_sound(settings: &TraceSettings, bytes: &[u8]) -> Result<Trace, TraceError> {
    let broken = |error: ParquetError| settings.content(format!("not a contact plan: {error}"));
    let file = SerializedFileReader::new(Bytes::copy_from_slice(bytes)).map_err(broken)?;
    let metadata = file.metadata().file_metadata().key_value_metadata();
    let value = |key: &str| {
        metadata?
            .iter()
            .find(|entry| entry.key == key)
            .and_then(|entry| entry.value.as_deref())
    };
    let names: Option<Vec<String>> = match value(NAMES) {
        Some(names) => Some(serde_json::from_str(names).map_err(|error| {
            settings.content(format!(
                "its names are not a list of texts in JSON: {error}"
            ))
        })?),
        None => None,
    };
    let devices: usize = match value(DEVICES) {
        Some(devices) => devices
            .parse()
            .ok()
            .filter(|&devices| devices <= MAX_DEVICES)
            .ok_or_else(|| settings.content("its metadata names too many devices".to_owned()))?,
        None => names.as_ref().map_or(0, Vec::len),
    };
    if names.as_ref().is_some_and(|names| names.len() != devices) {
        return Err(
            settings.content("its metadata has more or fewer names than devices".to_owned())
        );
    }

    let mut gathering = Gathering::default();
    let mut highest = devices;
    for (row_number, row) in (1_u64..).zip(file.get_row_iter(None).map_err(broken)?) {
        let row = row.map_err(broken)?;
        let contact = contact(&row).map_err(|why| {
            settings.content(format!("not a contact plan: row {row_number}: {why}"))
        })?;
        highest = highest.max(contact.a.max(contact.b) as usize + 1);
        gathering.contact(
            [contact.a as DeviceNumber, contact.b as DeviceNumber],
            contact.radio as u8,
            contact.start_us,
            contact.end_us,
        );
    }
    if names.is_some() && highest > devices {
        return Err(settings.content(format!(
            "its metadata names {devices} devices, but a row is about device {}",
            highest - 1
        )));
    }
    let names = names.unwrap_or_else(|| (0..highest).map(|number| number.to_string()).collect());
    Ok(gathering.finish_numbered(settings, names, Some(0), Touching::Apart))
}

/// Reads one row, with whole numbers of any width.
fn contact(row: &Row) -> Result<Contact, String> {
    let column = |name: &str, most: i64| {
        let Some((_, field)) = row.get_column_iter().find(|(column, _)| *column == name) else {
            return Ok(None);
        };
        let value = match *field {
            Field::Byte(value) => i64::from(value),
            Field::Short(value) => i64::from(value),
            Field::Int(value) => i64::from(value),
            Field::Long(value) => value,
            Field::UByte(value) => i64::from(value),
            Field::UShort(value) => i64::from(value),
            Field::UInt(value) => i64::from(value),
            Field::ULong(value) => i64::try_from(value).unwrap_or(i64::MAX),
            _ => return Err(format!("`{name}` is {field}, not a whole number")),
        };
        if (0..=most).contains(&value) {
            Ok(Some(value))
        } else {
            Err(format!("`{name}` is {value}, not within 0 and {most}"))
        }
    };
    let needed = |name: &str, most: i64| {
        column(name, most)?.ok_or_else(|| format!("there is no column `{name}`"))
    };
    let device = MAX_DEVICES as i64 - 1;
    let contact = Contact {
        start_us: needed("start_us", i64::MAX / 2)?,
        end_us: needed("end_us", i64::MAX / 2)?,
        a: needed("a", device)? as i32,
        b: needed("b", device)? as i32,
        radio: column("radio", i64::from(u8::MAX))?.unwrap_or(0) as i32,
    };
    if contact.end_us < contact.start_us {
        return Err("it ends before it begins".to_owned());
    }
    Ok(contact)
}
