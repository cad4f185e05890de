//! How a world begins: who has exchanged keys with whom, and the stores that follow from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use hedgerow_node::api::ContactId;
use hedgerow_node::engine::introduction::{self, Assembled, Card, Friend, card};
use hedgerow_node::engine::{Engine, Now};
use hedgerow_node::store::schema;
use hedgerow_sync::id::DeviceId;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_transport::keys::PairKeys;
use rand_core::CryptoRng;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::DeviceNumber;
use crate::rng::{self, Purpose};
use crate::scenario::ScenarioError;

/// Where the virtual wall clock starts: some day in 2026, in Unix milliseconds.
pub(super) const EPOCH_MS: i64 = 1_790_000_000_000;

/// Who has exchanged keys with whom. Only acquaintances talk to one another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Acquaintance {
    /// Everybody with everybody.
    Complete,
    /// Pairs drawn at random.
    #[serde(rename_all = "kebab-case")]
    Random {
        /// Acquaintances of a device, on average.
        mean: f64,
    },
    /// Groups of devices with numbers that follow one another; within them everybody knows everybody,
    /// and pairs across are drawn at random.
    #[serde(rename_all = "kebab-case")]
    Communities {
        /// Devices of a group.
        size: u32,
        /// Acquaintances outside of the own group, on average.
        outside: f64,
    },
    /// Pairs from a file: two device numbers a line, separated by a comma or blank.
    #[serde(rename_all = "kebab-case")]
    File {
        /// The file, relative to the scenario.
        path: PathBuf,
    },
}

impl Acquaintance {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// Says what contradicts what.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Acquaintance::Random { mean } if *mean < 0.0 => {
                Err("acquaintance: mean must not be negative".to_owned())
            }
            Acquaintance::Communities { size, outside } if *size == 0 || *outside < 0.0 => {
                Err("acquaintance: size must be above 0 and outside not negative".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// The acquaintances of each of so many devices.
    pub(super) fn draw(
        &self,
        count: usize,
        seed: u64,
    ) -> Result<Vec<BTreeSet<DeviceNumber>>, ScenarioError> {
        let mut known = vec![BTreeSet::new(); count];
        match self {
            Acquaintance::Complete => {
                for (device, known) in known.iter_mut().enumerate() {
                    known.extend(
                        (0..count as DeviceNumber).filter(|other| *other as usize != device),
                    );
                }
            }
            Acquaintance::Random { mean } => draw_pairs(&mut known, *mean, seed),
            Acquaintance::Communities { size, outside } => {
                for (device, known) in known.iter_mut().enumerate() {
                    let first = device - device % *size as usize;
                    let last = (first + *size as usize).min(count);
                    for other in (first..last).filter(|other| *other != device) {
                        known.insert(other as DeviceNumber);
                    }
                }
                draw_pairs(&mut known, *outside, seed);
            }
            Acquaintance::File { path } => read_pairs(&mut known, path)?,
        }
        Ok(known)
    }
}

/// Adds pairs drawn evenly, until every device has so many more on average.
fn draw_pairs(known: &mut [BTreeSet<DeviceNumber>], mean: f64, seed: u64) {
    let count = known.len();
    if count < 2 {
        return;
    }
    let held: usize = known.iter().map(BTreeSet::len).sum::<usize>() / 2;
    let all = count * (count - 1) / 2;
    let mut wanted = ((count as f64 * mean / 2.0) as usize).min(all - held);
    let mut rng = rng::stream(seed, Purpose::Acquaintance, 0);
    while wanted > 0 {
        let (one, other) = (rng::index(&mut rng, count), rng::index(&mut rng, count));
        if one != other && known[one].insert(other as DeviceNumber) {
            known[other].insert(one as DeviceNumber);
            wanted -= 1;
        }
    }
}

fn read_pairs(
    known: &mut [BTreeSet<DeviceNumber>],
    path: &std::path::Path,
) -> Result<(), ScenarioError> {
    let text = std::fs::read_to_string(path).map_err(|source| ScenarioError::File {
        path: path.to_owned(),
        source,
    })?;
    for (line, content) in text.lines().enumerate() {
        let content = content.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let wrong = || ScenarioError::Line {
            path: path.to_owned(),
            line: line + 1,
            wanted: format!("two device numbers below {}", known.len()),
        };
        let mut numbers = content
            .split([',', ' ', '\t'])
            .filter(|field| !field.is_empty())
            .map(|field| field.parse::<DeviceNumber>());
        let (Some(Ok(one)), Some(Ok(other))) = (numbers.next(), numbers.next()) else {
            return Err(wrong());
        };
        if one == other || one.max(other) as usize >= known.len() {
            return Err(wrong());
        }
        known[one as usize].insert(other);
        known[other as usize].insert(one);
    }
    Ok(())
}

/// What a store in memory does not do.
const NOT_FAILING: &str = "a store in memory does not fail";

/// Everybody of a scenario. Who is acquainted has met before the world begins and has nothing new to
/// tell.
pub(super) struct People {
    cards: Vec<Card>,
    seed: u64,
}

impl People {
    /// So many, and the store of each, which holds nobody else yet.
    pub fn new(count: usize, seed: u64) -> (People, Vec<MemoryStore>) {
        let (cards, stores) = (0..count)
            .into_par_iter()
            .map(|device| {
                let mut rng = rng::stream(seed, Purpose::Keys, device as u64);
                let mut store = MemoryStore::new();
                schema::migrate(&mut store, schema::MIGRATIONS).expect(NOT_FAILING);
                Engine::found(&mut store, &device.to_string(), &mut rng)
                    .expect("a name is given to an empty store");
                let card = card(&mut store, &[], EPOCH_MS, &mut rng).expect(NOT_FAILING);
                (card, store)
            })
            .unzip();
        (People { cards, seed }, stores)
    }

    /// Devices by the engine's word for them.
    pub fn device_ids(&self) -> BTreeMap<DeviceId, DeviceNumber> {
        self.cards.iter().map(Card::device_id).zip(0..).collect()
    }

    /// What the contacts of each device call it.
    pub fn contact_ids(&self) -> Vec<ContactId> {
        self.cards.iter().map(Card::contact_id).collect()
    }

    /// The engine of a device as the world begins.
    pub fn open(
        &self,
        device: DeviceNumber,
        known: &[DeviceNumber],
        store: &mut MemoryStore,
        now: Now,
        rng: &mut impl CryptoRng,
    ) -> Engine {
        let (me, friends) = (self.card(device), self.friends(device, known));
        introduction::open(store, me, friends, EPOCH_MS, now, rng)
            .expect("a store that was just made can be opened")
    }

    /// Writes down whom a device has known since the world began.
    pub fn introduce(&self, device: DeviceNumber, known: &[DeviceNumber], store: &mut MemoryStore) {
        let (me, friends) = (self.card(device), self.friends(device, known));
        introduction::introduce(store, me, friends, EPOCH_MS).expect(NOT_FAILING);
    }

    /// Puts a device, which is at this place of a group, into it. At which places those are whom it knows, it knows.
    pub fn join(
        &self,
        group: &Assembled,
        place: usize,
        known: impl Iterator<Item = (usize, DeviceNumber)>,
        store: &mut MemoryStore,
    ) {
        let known = known.map(|(place, other)| (place, self.card(other)));
        group
            .join(store, place, known, EPOCH_MS)
            .expect(NOT_FAILING);
    }

    fn card(&self, device: DeviceNumber) -> &Card {
        &self.cards[device as usize]
    }

    fn friends<'a>(
        &'a self,
        device: DeviceNumber,
        known: &'a [DeviceNumber],
    ) -> impl Iterator<Item = Friend<'a>> {
        known.iter().map(move |other| Friend {
            card: self.card(*other),
            keys: self.keys(device, *other),
        })
    }

    /// What only two devices share.
    fn keys(&self, one: DeviceNumber, other: DeviceNumber) -> PairKeys {
        let pair = u64::from(one.min(other)) << 32 | u64::from(one.max(other));
        PairKeys::drawn(&mut rng::stream(self.seed, Purpose::Acquaintance, pair))
    }
}
