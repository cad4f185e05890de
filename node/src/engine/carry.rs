//! Parcels carried by hand (`docs/PROTOCOL.md` section 12): their bundles, sealed one at a time and taken in one at a
//! time, and what became of the files behind them.

use std::collections::BTreeMap;

use hedgerow_sync::id::{DeviceId, EntryId, IdentityId, LogId, Seq, SpaceId};
use hedgerow_sync::store::{StorageError, Txn};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use super::fault::CallError;
use super::intake::Intake;
use super::messages_at_rest;
use super::people::contact;
use super::{CallId, Effects as _, Engine, Owners, Turn};
use crate::api::{ContactId, Imported, Refusal, Reply};
use crate::parcel::MAX_CARRIED_BUNDLES;
use crate::parcel::steps::{Manifest, NextBundle, Origin, Part, SeriesId, Step, Stepped, Taken};
use crate::tables::{self, Table};

/// The most series of one device of which we remember what has come, the newest.
const MAX_SERIES: usize = 64;

/// The bundle of a parcel that the engine takes in, in slices of work. Its caller waits for the answer.
pub(super) struct Import {
    call: CallId,
    bundle: Intake,
}

/// Where the next bundle begins: `NextBundle` as the engine reads it.
#[derive(Encode, Decode)]
struct Progress {
    /// The device for which it is.
    #[n(0)]
    device: ByteArray<16>,
    /// The last entry of each log that went before: space 16 ‖ message.
    #[n(1)]
    sent: Vec<ByteArray<48>>,
    /// The bytes of bundles that went before, to all devices.
    #[n(2)]
    bytes: u64,
}

impl Progress {
    fn begin() -> Progress {
        Progress {
            device: ByteArray::from([0; 16]),
            sent: Vec::new(),
            bytes: 0,
        }
    }

    fn read(next: &NextBundle) -> Result<Progress, Refusal> {
        minicbor::decode(&next.0).map_err(|_| Refusal::Bug)
    }

    fn sent(&self) -> BTreeMap<(SpaceId, LogId), Seq> {
        let logs = self.sent.iter().filter_map(|row| {
            let (space, entry) = row.split_first_chunk()?;
            let entry = messages_at_rest::decode(entry)?;
            Some(((SpaceId(*space), entry.log), entry.seq))
        });
        logs.collect()
    }

    fn behind(&mut self, sent: BTreeMap<(SpaceId, LogId), Seq>) {
        let rows = sent.into_iter().map(|((space, log), seq)| {
            let mut row = [0; 48];
            row[..16].copy_from_slice(&space.0);
            row[16..].copy_from_slice(&messages_at_rest::encode(EntryId { log, seq }));
            ByteArray::from(row)
        });
        self.sent = rows.collect();
    }
}

/// What has come of a series of parcels.
#[derive(Encode, Decode)]
struct Series {
    /// Which of the series of its device it is, in the order in which they began to come.
    #[n(0)]
    number: u64,
    #[n(1)]
    parts: u32,
    #[n(2)]
    here: Vec<u32>,
}

impl Owners {
    fn seal_next(
        &mut self,
        turn: &mut Turn<'_>,
        contact: &ContactId,
        next: Option<&NextBundle>,
        manifest: Option<&Manifest>,
    ) -> Result<Stepped, CallError> {
        let identity = self.carries_for(contact)?;
        let mut progress = match next {
            Some(next) => Progress::read(next)?,
            None => Progress::begin(),
        };
        let from = DeviceId(*progress.device);
        let devices: Vec<DeviceId> = self.people.devices_of(identity).collect();
        let left = devices.into_iter().filter(|device| *device >= from);
        let mut left = left.peekable();
        while let Some(device) = left.next() {
            let sent = match device == from {
                true => progress.sent(),
                false => BTreeMap::new(),
            };
            let first = if sent.is_empty() { manifest } else { None };
            let Some(carried) = self.seal_carried(turn, identity, device, sent, first)? else {
                continue;
            };
            progress.bytes += carried.bundle.len() as u64;
            let has_more = carried.has_more && progress.bytes < MAX_CARRIED_BUNDLES;
            let goes_on = match (has_more, left.peek()) {
                (true, _) => {
                    progress.device = ByteArray::from(device.0);
                    progress.behind(carried.sent);
                    true
                }
                (false, Some(other)) => {
                    progress.device = ByteArray::from(other.0);
                    progress.sent = Vec::new();
                    true
                }
                (false, None) => false,
            };
            let next = goes_on.then(|| NextBundle(tables::encoded(&progress)));
            return Ok(Stepped::Sealed(carried.bundle.into(), next));
        }
        Err(Refusal::NoPrekey.into())
    }

    /// The identity of a contact for whom something can be carried.
    fn carries_for(&self, contact: &ContactId) -> Result<IdentityId, Refusal> {
        let identity = self.people.contact_named(contact)?;
        match self.people.is_blocked(&identity) {
            true => Err(Refusal::Blocked),
            false => Ok(identity),
        }
    }

    /// Continues with a bundle until `end` of the turn's work. Gives the answer once all of it is taken in.
    fn import(
        &mut self,
        turn: &mut Turn<'_>,
        bundle: &mut Intake,
        end: u64,
    ) -> Result<Option<Reply>, CallError> {
        if !bundle.is_checked() {
            self.check_intake(turn, bundle, end)?;
        }
        let Some(brought) = self.take_intake(turn, bundle, end)? else {
            return Ok(None);
        };
        let taken = Taken {
            imported: Imported {
                contact: contact::api_id(brought.identity),
                messages: brought.messages,
                acknowledged: brought.acknowledged,
                unusable: brought.unusable,
                files: 0,
                without_room: 0,
                part: None,
                damaged: false,
            },
            origin: Origin(bundle.device.0),
            is_known: bundle.is_known,
            manifest: brought.manifest,
        };
        Ok(Some(Stepped::Taken(Box::new(taken)).into()))
    }
}

impl Engine {
    /// Takes a step for a parcel. Gives the answer, or nothing if a later turn answers.
    pub(super) fn carry(
        &mut self,
        turn: &mut Turn<'_>,
        id: CallId,
        step: Step,
    ) -> Result<Option<Reply>, CallError> {
        let stepped = match step {
            Step::Files(contact) => {
                let identity = self.owners.carries_for(&contact)?;
                Stepped::Files(self.owners.files_for(turn, identity)?)
            }
            Step::Seal {
                contact,
                next,
                manifest,
            } => {
                let (next, manifest) = (next.as_ref(), manifest.as_ref());
                self.owners.seal_next(turn, &contact, next, manifest)?
            }
            Step::Take(bundle) => return self.take_bundle(turn, id, bundle),
            Step::File(file, arrival) => {
                self.owners.file_carried(turn, &file, arrival)?;
                return Ok(Some(Reply::Done));
            }
            Step::Ended(origin, part) => Stepped::Missing(part_came(turn.txn, origin, part)?),
        };
        Ok(Some(stepped.into()))
    }

    /// Begins to take in a bundle. Gives the answer if the bundle is short and no other one is under way.
    fn take_bundle(
        &mut self,
        turn: &mut Turn<'_>,
        id: CallId,
        bundle: Vec<u8>,
    ) -> Result<Option<Reply>, CallError> {
        let mut bundle = self.owners.begin_intake(turn, bundle.into())?;
        let end = turn.slice_end();
        if self.imports.is_empty()
            && let Some(reply) = self.owners.import(turn, &mut bundle, end)?
        {
            return Ok(Some(reply));
        }
        self.imports.push_back(Import { call: id, bundle });
        Ok(None)
    }

    /// Continues with the oldest bundle for a slice, and answers its call once all of it is taken in.
    pub(super) fn import_slice(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let end = turn.slice_end();
        let Some(import) = self.imports.front_mut() else {
            return Ok(());
        };
        let answer = match self.owners.import(turn, &mut import.bundle, end) {
            Ok(None) => return Ok(()),
            Ok(Some(reply)) => Ok(reply),
            Err(CallError::Refused(refusal)) => Err(refusal),
            Err(CallError::Storage(error)) => return Err(error),
        };
        turn.out.answer(import.call, answer);
        self.imports.pop_front();
        Ok(())
    }
}

/// Notes that a part of a series has come. Gives the numbers of those that have not.
fn part_came(
    txn: &mut dyn Txn,
    Origin(device): Origin,
    part: Part,
) -> Result<Vec<u32>, StorageError> {
    let of_device = Table::CarriedSeries.key(&[&device]);
    let key = |series: SeriesId| Table::CarriedSeries.key(&[&device, &series.0]);
    let mut all: Vec<(u64, Vec<u8>)> = Vec::new();
    let mut is_sound = true;
    tables::visit(
        txn,
        &of_device,
        &mut |rest, row| match minicbor::decode::<Series>(row) {
            Ok(series) => all.push((series.number, [&of_device, rest].concat())),
            Err(_) => is_sound = false,
        },
    )?;
    if !is_sound {
        return Err(tables::damaged());
    }
    all.sort_unstable();
    let known: Option<Series> = tables::load(txn, &key(part.series))?;
    let mut series = known.unwrap_or_else(|| Series {
        number: all.last().map_or(0, |(number, _)| number + 1),
        parts: part.of,
        here: Vec::new(),
    });
    if let Err(place) = series.here.binary_search(&part.number) {
        series.here.insert(place, part.number);
    }
    tables::save(txn, &key(part.series), &series)?;
    if all.len() >= MAX_SERIES
        && let Some((_, oldest)) = all.first()
        && *oldest != key(part.series)
    {
        txn.remove(oldest)?;
    }
    let missing = (1..=series.parts).filter(|number| !series.here.contains(number));
    Ok(missing.collect())
}

#[cfg(test)]
mod tests {
    use hedgerow_sync::memory::MemoryStore;
    use hedgerow_sync::reconcile::Reconciler;
    use hedgerow_sync::store::Store;
    use hedgerow_transport::bundle::{Draft, MAX_BUNDLE, MAX_LIFETIME_S};
    use hedgerow_transport::cryptography::Cryptography;
    use hedgerow_transport::handshake::Direction;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::engine::fact::{Fact, FactKind};
    use crate::engine::items;
    use crate::engine::sealing::FILL;
    use crate::harness::World;
    use crate::tables;

    /// A bundle for the only contact of this engine: a fact that cannot be true, then everything that is queued.
    fn parcel_with_a_wrong_fact(engine: &Engine, mut store: MemoryStore) -> Vec<u8> {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (id, device) = engine
            .owners
            .people
            .devices
            .iter()
            .next()
            .expect("there is a contact");
        let direction = Direction::between(&engine.owners.account.device_id.0, &id.0);
        let mut draft = Draft::new(
            &device.bundle_tag_key,
            direction,
            MAX_BUNDLE,
            Cryptography::Real,
            &mut rng,
        );
        let name = "n".repeat(super::super::account::MAX_NAME + 1);
        let wrong = Fact {
            kind: FactKind::Profile as u8,
            version: 9,
            bytes: tables::encoded(&(name,)).into(),
        };
        draft
            .push(items::FACT, &tables::encoded(&wrong))
            .expect("there is room");
        let shared = engine.owners.conversations.carried_with(device.identity);
        let mut messages = Vec::new();
        let queued = |txn: &mut dyn Txn| {
            let channel = engine.owners.bundle_channel(*id, draft.tag(), &[4; 32]);
            let mut reconciler = Reconciler::export(txn, &channel, &shared, &BTreeMap::new())?;
            reconciler.fill(txn, &engine.owners.account.mark_key, FILL, &mut messages)
        };
        store.write(queued).expect("memory does not fail");
        for message in messages {
            draft
                .push(message.kind(), &message.encode())
                .expect("there is room");
        }
        let prekey = device.prekey.as_ref().expect("it was told");
        let sealed = draft.seal(
            &engine.owners.account.secrets.device_key,
            &prekey.public,
            &prekey.psk,
            MAX_LIFETIME_S,
            &mut rng,
        );
        sealed.expect("the keys are good").into()
    }

    #[test]
    fn what_makes_sense_in_a_parcel_comes_in_and_the_answer_says_that_the_rest_did_not() {
        let mut world = World::with(3, &["Ada", "Grace"]);
        world.meet(0, 1);
        world.network.part(0, 1, true);
        world.send(1, 0, "by hand");
        let grace = &world.nodes[1];
        let parcel = parcel_with_a_wrong_fact(grace.engine(), grace.storage.store.clone());
        let imported = world.carry_in(0, &[parcel]).expect("it is sound");
        assert_eq!((imported.messages, imported.unusable), (1, 1));
        assert_eq!(world.texts(0, 1), ["by hand"]);
        assert_eq!(world.contact(0, 1).own_name.0, "Grace");
    }

    /// A part of a series of this device.
    fn came(store: &mut MemoryStore, series: u8, number: u32, of: u32) -> Vec<u32> {
        let part = Part {
            series: SeriesId([series; 16]),
            number,
            of,
        };
        let came = |txn: &mut dyn Txn| part_came(txn, Origin([1; 16]), part);
        store.write(came).expect("memory does not fail")
    }

    #[test]
    fn parts_come_in_any_order_and_those_that_are_missing_are_named() {
        let mut store = MemoryStore::new();
        assert_eq!(came(&mut store, 1, 3, 4), [1, 2, 4]);
        assert_eq!(came(&mut store, 1, 1, 4), [2, 4]);
        assert_eq!(came(&mut store, 1, 1, 4), [2, 4], "again");
        assert_eq!(came(&mut store, 2, 1, 2), [2], "another series");
        assert_eq!(came(&mut store, 1, 4, 4), [2]);
        assert!(came(&mut store, 1, 2, 4).is_empty());
    }

    #[test]
    fn a_device_that_names_series_without_end_takes_no_room() {
        let mut store = MemoryStore::new();
        for series in 0..200 {
            came(&mut store, series, 1, 2);
        }
        let rows = |reader: &dyn hedgerow_sync::store::Reader| {
            tables::load_all::<Series>(reader, Table::CarriedSeries)
        };
        assert_eq!(store.read(rows).expect("they are sound").len(), MAX_SERIES);
        assert!(
            came(&mut store, 199, 2, 2).is_empty(),
            "the newest is known still"
        );
    }
}
