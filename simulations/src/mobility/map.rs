//! The map: roads, paths and points from WKT files in The ONE's dialect.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rand_core::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ground::Known;
use super::shapes::shapes;
use super::{Area, MobilityError};
use crate::rng;

/// A map: the lines of its layers, joined where they share a point, and moved so that the least coordinates are 0,
/// as in The ONE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MapSettings {
    /// The files with lines; a population may use only some of them, by name.
    pub layers: Vec<MapFile>,
    /// Files with points of interest; each must be a corner or an end of a line.
    #[serde(default)]
    pub points: Vec<MapFile>,
    /// Whether north is up: coordinates of maps grow to the north, those of the world down the screen.
    #[serde(default = "yes")]
    pub mirror: bool,
    /// The map once it has been read.
    #[serde(skip)]
    pub known: Known,
}

/// A part of the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MapFile {
    /// The name that populations use.
    pub name: String,
    /// The file: `LINESTRING`, `MULTILINESTRING` and `POINT` in metres; other shapes are ignored.
    pub file: PathBuf,
}

impl MapSettings {
    pub(super) fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.layers
            .iter_mut()
            .chain(&mut self.points)
            .map(|part| &mut part.file)
    }
}

fn yes() -> bool {
    true
}

/// The number of a corner, crossing or end of lines on the map.
pub type NodeNumber = u32;

/// The map as a graph.
#[derive(Debug)]
pub struct Map {
    places: Vec<[f64; 2]>,
    /// The layers of each node, one bit for each layer.
    layers: Vec<u32>,
    names: Vec<String>,
    points: BTreeMap<String, Vec<NodeNumber>>,
    /// Nodes by their coordinates in the files.
    found: BTreeMap<[u64; 2], NodeNumber>,
    /// Lines from node to node, sorted, each in both directions.
    lines: Vec<(NodeNumber, NodeNumber)>,
}

/// More layers would not fit into the bits.
const MAX_LAYERS: usize = 32;

impl Map {
    /// Reads a map.
    ///
    /// # Errors
    /// A file cannot be read or understood (the error names file and line), or the map is not connected or does not
    /// fit into the area.
    pub fn read(settings: &MapSettings, area: Area) -> Result<Self, MobilityError> {
        if settings.layers.len() > MAX_LAYERS {
            return Err(MobilityError::Settings(format!(
                "map: at most {MAX_LAYERS} layers"
            )));
        }
        let mut found = BTreeMap::new();
        let mut originals = Vec::new();
        let mut layers = Vec::new();
        let mut lines = BTreeSet::new();
        for (layer, MapFile { file, .. }) in settings.layers.iter().enumerate() {
            for line in shapes(file)?.into_iter().filter(|shape| !shape.is_point) {
                let mut last = None;
                for at in line.places {
                    let node = *found.entry(at.map(f64::to_bits)).or_insert_with(|| {
                        originals.push(at);
                        layers.push(0);
                        originals.len() as NodeNumber - 1
                    });
                    layers[node as usize] |= 1 << layer;
                    if let Some(last) = last.replace(node).filter(|&last| last != node) {
                        lines.insert((last, node));
                        lines.insert((node, last));
                    }
                }
            }
        }
        let places = placed(&originals, settings.mirror);
        let names = settings
            .layers
            .iter()
            .map(|layer| layer.name.clone())
            .collect();
        let mut map = Self {
            places,
            layers,
            names,
            points: BTreeMap::new(),
            found,
            lines: lines.into_iter().collect(),
        };
        map.check(area)?;
        for MapFile { name, file } in &settings.points {
            let shapes = shapes(file)?;
            let points = shapes.into_iter().filter(|shape| shape.is_point);
            let nodes = points
                .map(|point| map.node(point.places[0], file, point.line))
                .collect::<Result<_, _>>()?;
            map.points.insert(name.clone(), nodes);
        }
        Ok(map)
    }

    /// Reads routes: each `LINESTRING` of a file is a route, and its points are the stops.
    ///
    /// # Errors
    /// The file cannot be read or understood, or a stop is not a node of the map.
    pub fn routes(&self, file: &Path) -> Result<Vec<Vec<NodeNumber>>, MobilityError> {
        let lines = shapes(file)?.into_iter().filter(|shape| !shape.is_point);
        lines
            .map(|line| {
                line.places
                    .iter()
                    .map(|&at| self.node(at, file, line.line))
                    .collect()
            })
            .collect()
    }

    /// The place of a node.
    #[must_use]
    pub fn place(&self, node: NodeNumber) -> [f64; 2] {
        self.places[node as usize]
    }

    /// The points of interest with a name.
    #[must_use]
    pub fn points(&self, name: &str) -> Option<&[NodeNumber]> {
        self.points.get(name).map(Vec::as_slice)
    }

    /// A random place on a line from a node to one of its neighbours.
    pub fn beside(&self, node: NodeNumber, rng: &mut impl Rng) -> [f64; 2] {
        let neighbours = self.lines_from(node);
        let part = rng::unit(rng);
        let from = self.place(node);
        let to = self.place(neighbours[rng::index(rng, neighbours.len())].1);
        [
            from[0] + (to[0] - from[0]) * part,
            from[1] + (to[1] - from[1]) * part,
        ]
    }

    /// Pairs of neighbours, in both directions, sorted.
    #[must_use]
    pub fn lines(&self) -> &[(NodeNumber, NodeNumber)] {
        &self.lines
    }

    /// The nodes on any of the named layers, sorted; all nodes if no layer is named.
    ///
    /// # Errors
    /// No layer has such a name, or the layers hold nothing.
    pub fn nodes(&self, layers: &[String]) -> Result<Vec<NodeNumber>, MobilityError> {
        let mut bits = if layers.is_empty() { u32::MAX } else { 0 };
        for name in layers {
            let layer = self.names.iter().position(|known| known == name);
            let layer = layer
                .ok_or_else(|| MobilityError::Settings(format!("the map has no layer {name:?}")))?;
            bits |= 1 << layer;
        }
        let all = (0..).zip(&self.layers);
        let nodes: Vec<_> = all
            .filter(|(_, layers)| *layers & bits != 0)
            .map(|(node, _)| node)
            .collect();
        if nodes.is_empty() {
            return Err(MobilityError::Settings(format!(
                "the map's layers {layers:?} have no lines"
            )));
        }
        Ok(nodes)
    }

    fn lines_from(&self, node: NodeNumber) -> &[(NodeNumber, NodeNumber)] {
        let first = self.lines.partition_point(|&(from, _)| from < node);
        let count = self.lines[first..].partition_point(|&(from, _)| from == node);
        &self.lines[first..first + count]
    }

    /// Number of nodes that cannot be reached from the first.
    fn alone(&self) -> usize {
        let mut reached = vec![false; self.places.len()];
        reached[0] = true;
        let mut open = vec![0];
        while let Some(node) = open.pop() {
            for &(_, next) in self.lines_from(node) {
                if !std::mem::replace(&mut reached[next as usize], true) {
                    open.push(next);
                }
            }
        }
        reached.iter().filter(|&&reached| !reached).count()
    }

    fn node(&self, at: [f64; 2], file: &Path, line: usize) -> Result<NodeNumber, MobilityError> {
        self.found
            .get(&at.map(f64::to_bits))
            .copied()
            .ok_or_else(|| {
                let why = format!(
                    "({} {}) is not a point of any line of the map",
                    at[0], at[1]
                );
                MobilityError::Line {
                    file: file.to_owned(),
                    line,
                    why,
                }
            })
    }

    fn check(&self, area: Area) -> Result<(), MobilityError> {
        let count = self.places.len();
        let far = self.places.iter().find(|&&at| !area.contains(at));
        let why = if count < 2 {
            "there are no lines".to_owned()
        } else if let Some([x, y]) = far {
            format!("it does not fit into the area: it reaches ({x:.1}, {y:.1}) m")
        } else {
            let alone = self.alone();
            if alone == 0 {
                return Ok(());
            }
            format!(
                "it does not hang together: {alone} of {count} points cannot be reached from the first"
            )
        };
        Err(MobilityError::Settings(format!("map: {why}")))
    }
}

/// Moves the coordinates of files to those of the world, whose least are 0.
fn placed(originals: &[[f64; 2]], mirror: bool) -> Vec<[f64; 2]> {
    let sign = if mirror { -1.0 } else { 1.0 };
    let turned = originals.iter().map(|[x, y]| [*x, y * sign]);
    let low = turned.clone().fold([f64::INFINITY; 2], |low, at| {
        [low[0].min(at[0]), low[1].min(at[1])]
    });
    turned.map(|at| [at[0] - low[0], at[1] - low[1]]).collect()
}
