//! A map in memory and its shortest paths: the same for every seed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Area, Map, MapSettings, MobilityError, Roads};

/// A map, and the shortest paths on those of its layers that devices use.
pub(super) struct Ground {
    settings: MapSettings,
    area: Area,
    map: Arc<Map>,
    /// By layers.
    roads: Mutex<BTreeMap<Vec<String>, Arc<Roads>>>,
}

impl Ground {
    /// The shortest paths on some layers.
    pub(super) fn roads(&self, layers: &[String]) -> Result<Arc<Roads>, MobilityError> {
        let mut known = self.roads.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(roads) = known.get(layers) {
            return Ok(roads.clone());
        }
        let roads = Arc::new(Roads::new(&self.map, layers)?);
        known.insert(layers.to_vec(), roads.clone());
        Ok(roads)
    }
}

/// The map of some settings, cached so that further seeds need not read it again. Clones of the settings share it, and
/// comparisons of settings ignore it.
#[derive(Clone, Default)]
pub struct Known(Arc<Mutex<Option<Arc<Ground>>>>);

impl Known {
    /// The ground of these settings; reads it on first use.
    pub(super) fn ground(
        &self,
        settings: &MapSettings,
        area: Area,
    ) -> Result<Arc<Ground>, MobilityError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ground) = &*known
            && (&ground.settings, ground.area) == (settings, area)
        {
            return Ok(ground.clone());
        }
        let ground = Arc::new(Ground {
            settings: MapSettings {
                known: Known::default(),
                ..settings.clone()
            },
            area,
            map: Arc::new(Map::read(settings, area)?),
            roads: Mutex::default(),
        });
        *known = Some(ground.clone());
        Ok(ground)
    }
}

impl PartialEq for Known {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Known(..)")
    }
}
