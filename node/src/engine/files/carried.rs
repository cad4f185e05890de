//! Files in what is carried by hand (`docs/PROTOCOL.md` section 12): which go, what their bundles say of them, and what
//! comes of those that arrive.

use std::cmp::Reverse;
use std::ops::RangeInclusive;

use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::reconcile::{Reconciler, Shared};
use hedgerow_sync::store::{Reader, StorageError};
use hedgerow_transport::bundle::{BundleItem, Draft};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use super::row::{self, FileRow, Held, State};
use super::said::{Has, Named};
use super::{Owners, Turn};
use crate::api::Refusal;
use crate::engine::fault::{LinkError, PeerFault};
use crate::engine::links::Errand;
use crate::engine::{Effects as _, groups, items};
use crate::files::extent::Extent;
use crate::files::tree;
use crate::files::work::{FileCommand, FileKey};
use crate::parcel::steps::{CarriedFile, FileArrival, Manifest, Part, SeriesId};
use crate::parcel::{MAX_CARRIED_FILES, MAX_PARTS};
use crate::tables;

/// The kinds of items about files behind the bundles.
pub(in crate::engine) const KINDS: RangeInclusive<u64> = items::CARRIED..=items::CARRIED_FILE;

/// The most files of one conversation that one export looks at.
const MAX_PLANNED: usize = 65_536;

/// The most files of one conversation that a bundle confirms, those of the newest messages.
const MAX_CONFIRMED: usize = 256;

/// Item 52: what follows the bundles of a parcel.
#[derive(Encode, Decode)]
struct Declared {
    #[n(0)]
    series: ByteArray<16>,
    #[n(1)]
    number: u32,
    #[n(2)]
    of: u32,
    #[n(3)]
    key: ByteArray<32>,
}

impl Declared {
    fn is_sound(&self) -> bool {
        (1..=self.of).contains(&self.number) && self.of <= MAX_PARTS
    }
}

/// Item 53: the next file behind the bundles.
#[derive(Encode, Decode)]
struct DeclaredFile {
    #[n(0)]
    file: Named,
    /// Its bytes in the clear.
    #[n(1)]
    size: u64,
}

/// Whether an item of [`KINDS`] can be what it says.
pub(in crate::engine) fn is_sound(item: &BundleItem) -> bool {
    match item.kind {
        items::CARRIED => {
            items::read::<Declared>(&item.content).is_ok_and(|declared| declared.is_sound())
        }
        _ => items::read::<DeclaredFile>(&item.content)
            .is_ok_and(|declared| Extent::of(declared.size).is_some()),
    }
}

/// Says in a bundle what follows the bundles of its parcel.
pub(in crate::engine) fn declare(
    draft: &mut Draft,
    reconciler: &mut Reconciler,
    manifest: &Manifest,
) -> Result<(), Refusal> {
    let declared = Declared {
        series: ByteArray::from(manifest.part.series.0),
        number: manifest.part.number,
        of: manifest.part.of,
        key: ByteArray::from(manifest.key.0),
    };
    push(draft, items::CARRIED, &declared)?;
    for file in &manifest.files {
        // The conversation may have gone since it was planned; its place in the parcel stays.
        let blind = file.space.and_then(|space| reconciler.blind(space));
        let declared = DeclaredFile {
            file: Named::new(blind.unwrap_or_default(), file.file),
            size: file.extent.clear(),
        };
        push(draft, items::CARRIED_FILE, &declared)?;
    }
    Ok(())
}

/// Says in a bundle what we have of the newest files of others, which they cannot ask us.
pub(in crate::engine) fn confirm(
    reader: &dyn Reader,
    draft: &mut Draft,
    reconciler: &mut Reconciler,
    shared: &[Shared<'_>],
    to: IdentityId,
) -> Result<(), Refusal> {
    for Shared { space, .. } in shared {
        let mut files = row::all(reader, *space)?;
        let keys = groups::contacts_in(reader, *space)?;
        files.retain(|(_, row)| {
            let is_final = matches!(row.state, State::Here | State::Declined | State::Cancelled);
            // In a group those of the other alone.
            let is_theirs = row
                .member()
                .is_ok_and(|member| member.is_none_or(|member| keys.contains(&(to, member))));
            is_final && !row.is_ours && is_theirs
        });
        files.sort_by_cached_key(|(_, row)| Reverse(row.place().ok()));
        for (file, row) in files.into_iter().take(MAX_CONFIRMED) {
            if let Some(blind) = reconciler.blind(*space) {
                let has = Has {
                    file: Named::new(blind, file),
                    chunks: row.here,
                    is_declined: row.state == State::Declined,
                };
                push(draft, items::FILE_HELD, &has)?;
            }
        }
    }
    Ok(())
}

fn push(draft: &mut Draft, kind: u64, content: &impl Encode<()>) -> Result<(), Refusal> {
    let pushed = draft.push(kind, &tables::encoded(content));
    pushed.map_err(|_| Refusal::Bug)
}

/// Notes what an item of a bundle says of what follows the bundles; of any other item nothing.
pub(in crate::engine) fn heard(
    manifest: &mut Option<Manifest>,
    reconciler: &mut Reconciler,
    item: &BundleItem,
) -> Result<(), PeerFault> {
    match item.kind {
        items::CARRIED if manifest.is_none() => {
            let declared: Declared = items::read(&item.content)?;
            *manifest = Some(Manifest {
                part: Part {
                    series: SeriesId(*declared.series),
                    number: declared.number,
                    of: declared.of,
                },
                key: FileKey(*declared.key),
                files: Vec::new(),
            });
            Ok(())
        }
        items::CARRIED_FILE => {
            let declared: DeclaredFile = items::read(&item.content)?;
            let manifest = manifest.as_mut().ok_or(PeerFault::OutOfPlace)?;
            let extent = Extent::of(declared.size).ok_or(PeerFault::BadItem)?;
            if manifest.files.len() >= MAX_CARRIED_FILES {
                return Err(PeerFault::OutOfPlace);
            }
            manifest.files.push(CarriedFile {
                space: reconciler.space_named(&declared.file.blind()),
                file: declared.file.id(),
                extent,
                stored: None,
            });
            Ok(())
        }
        items::CARRIED => Err(PeerFault::OutOfPlace),
        _ => Ok(()),
    }
}

/// Whether a file that a parcel brings is to come: a message of its conversation has it, it is as long, it is not here,
/// and the user does not do without it.
///
/// # Errors
/// The store failed.
pub fn is_expected(reader: &dyn Reader, carried: &CarriedFile) -> Result<bool, StorageError> {
    let Some(space) = carried.space else {
        return Ok(false);
    };
    let row = FileRow::load(reader, space, carried.file)?;
    Ok(row.is_some_and(|row| may_come(&row) && row.extent().ok() == Some(carried.extent)))
}

fn may_come(row: &FileRow) -> bool {
    matches!(row.state, State::Wanted | State::Asked | State::Damaged)
}

impl Owners {
    /// The files of ours that some device of an identity has neither confirmed nor declined: those of the newest
    /// messages first.
    pub(in crate::engine) fn files_for(
        &self,
        turn: &Turn<'_>,
        identity: IdentityId,
    ) -> Result<Vec<CarriedFile>, StorageError> {
        let devices: Vec<DeviceId> = self.people.devices_of(identity).collect();
        let mut found = Vec::new();
        for shared in self.conversations.carried_with(identity) {
            let members = self.conversations.members_of(shared.space);
            if !members.contains(&identity) {
                continue;
            }
            for file in row::awaited(turn.txn, shared.space, MAX_PLANNED)? {
                let Some(row) = FileRow::load(turn.txn, shared.space, file)? else {
                    continue;
                };
                let extent = row.extent()?;
                let mut lacks = false;
                for device in &devices {
                    let held = Held::load(turn.txn, shared.space, file, *device)?;
                    let has = |held: Held| held.is_declined || held.chunks == extent.chunks();
                    lacks |= !held.is_some_and(has);
                }
                if lacks && row.state == State::Here {
                    let carried = CarriedFile {
                        space: Some(shared.space),
                        file,
                        extent,
                        stored: Some(row.stored()),
                    };
                    found.push((row.place()?, carried));
                }
            }
        }
        found.sort_by_key(|(place, _)| Reverse(*place));
        Ok(found.into_iter().map(|(_, carried)| carried).collect())
    }

    /// A device says in a bundle what it has of a file of ours.
    pub(in crate::engine) fn file_held(
        &mut self,
        turn: &mut Turn<'_>,
        device: DeviceId,
        reconciler: &mut Reconciler,
        content: &[u8],
    ) -> Result<(), LinkError> {
        let has: Has = items::read(content)?;
        match reconciler.space_named(&has.file.blind()) {
            Some(space) => Ok(self.held_by(turn, device, space, &has)?),
            None => Ok(()),
        }
    }

    /// Something became of a file that a parcel brought.
    pub(in crate::engine) fn file_carried(
        &mut self,
        turn: &mut Turn<'_>,
        carried: &CarriedFile,
        arrival: FileArrival,
    ) -> Result<(), StorageError> {
        let file = carried.file;
        let row = match carried.space {
            Some(space) => FileRow::load(turn.txn, space, file)?.map(|row| (space, row)),
            None => None,
        };
        let expected = row.filter(|(_, row)| may_come(row));
        match (arrival, expected) {
            (FileArrival::Here(stored, hashes), Some((space, before)))
                if tree::id(&hashes) == Some(before.id(file))
                    && hashes.len() == before.extent()?.chunks() as usize =>
            {
                row::save_hashes(turn.txn, space, file, &hashes)?;
                turn.out.file(FileCommand::Remove(before.stored()));
                self.change_row(turn, space, file, |row| row.is_whole(stored, hashes.len()))?;
                turn.errands.push(Errand::StopFile(space, file));
            }
            (FileArrival::Here(stored, _), _) => turn.out.file(FileCommand::Remove(stored)),
            (FileArrival::NoRoom(free), Some((space, _))) => {
                self.change_row(turn, space, file, |row| row.free = Some(free))?;
            }
            // In a group others may have the right one.
            (FileArrival::Wrong, Some((space, row))) if row.member()?.is_none() => {
                self.change_row(turn, space, file, |row| row.state = State::Damaged)?;
            }
            (FileArrival::NoRoom(_), None) | (FileArrival::Wrong, _) => {}
        }
        Ok(())
    }
}
