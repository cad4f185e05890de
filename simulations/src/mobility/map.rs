//! The map: roads, paths and points from WKT files as The ONE reads them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use petgraph::Directed;
use petgraph::algo::astar;
use petgraph::csr::{Csr, EdgeReference};
use petgraph::visit::EdgeRef;
use rand_core::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wkt::Wkt;
use wkt::types::Coord;

use super::world::MobilityError;
use super::{Area, distance_m};
use crate::chance;

/// A map: the lines of its layers, joined where two have a point in common, moved so that the least
/// coordinates are 0, as The ONE does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MapSettings {
    /// The files of lines; who may use only some of them names those.
    pub layers: Vec<MapFile>,
    /// Files of points of interest; each must be a corner or an end of a line.
    #[serde(default)]
    pub points: Vec<MapFile>,
    /// Whether north is up: coordinates of maps grow to the north, those of the world down the screen.
    #[serde(default = "yes")]
    pub mirror: bool,
}

/// A part of the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MapFile {
    /// What populations call it.
    pub name: String,
    /// Where it is: `LINESTRING`, `MULTILINESTRING` and `POINT` in metres; other shapes are left out.
    pub file: PathBuf,
}

fn yes() -> bool {
    true
}

/// A corner, crossing or end of lines on the map, by its number.
pub type NodeNumber = u32;

/// The map, as it is walked on.
#[derive(Debug)]
pub struct Map {
    places: Vec<[f64; 2]>,
    /// Which layers a node is on, a bit for each.
    layers: Vec<u32>,
    names: Vec<String>,
    points: BTreeMap<String, Vec<NodeNumber>>,
    /// Nodes by their coordinates in the files.
    found: BTreeMap<[u64; 2], NodeNumber>,
    graph: Csr<(), f64, Directed>,
}

/// More layers would not fit their bits.
const MAX_LAYERS: usize = 32;

impl Map {
    /// Reads a map.
    ///
    /// # Errors
    /// When a file cannot be read or understood, with file and line; when the map does not hang together
    /// or does not fit into the area.
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
        let length = |&(a, b): &(u32, u32)| distance_m(places[a as usize], places[b as usize]);
        let edges: Vec<_> = lines
            .iter()
            .map(|ends| (ends.0, ends.1, length(ends)))
            .collect();
        let graph = Csr::from_sorted_edges(&edges).map_err(|_| {
            MobilityError::Settings(
                "map: lines are not in order, which is a fault of this program".to_owned(),
            )
        })?;
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
            graph,
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

    /// Reads routes: each `LINESTRING` of a file is one, its points are its stops.
    ///
    /// # Errors
    /// When the file cannot be read or understood, or a stop is no node of the map.
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

    /// Where a node is.
    #[must_use]
    pub fn place(&self, node: NodeNumber) -> [f64; 2] {
        self.places[node as usize]
    }

    /// The points of interest of a name.
    #[must_use]
    pub fn points(&self, name: &str) -> Option<&[NodeNumber]> {
        self.points.get(name).map(Vec::as_slice)
    }

    /// A place on the line from a node to one of its neighbours, evenly drawn.
    pub fn beside(&self, node: NodeNumber, rng: &mut impl Rng) -> [f64; 2] {
        let neighbours = self.graph.neighbors_slice(node);
        let part = chance::unit(rng);
        let from = self.place(node);
        let to = self.place(neighbours[chance::index(rng, neighbours.len())]);
        [
            from[0] + (to[0] - from[0]) * part,
            from[1] + (to[1] - from[1]) * part,
        ]
    }

    /// From every node the next one on the shortest way to `to` over nodes of some layers (Dijkstra).
    ///
    /// Written out because petgraph's keeps its distances in a hash map and gives no ways, and its SPFA,
    /// which does, takes three times as long: these trees are most of what moving on a map costs.
    fn tree(&self, layers: u32, to: NodeNumber) -> Vec<NodeNumber> {
        let mut next = vec![NOWHERE; self.places.len()];
        let mut lengths = vec![f64::INFINITY; self.places.len()];
        lengths[to as usize] = 0.0;
        // Lengths are not negative, so their bits are in their order.
        let mut open = BinaryHeap::from([Reverse((0_u64, to))]);
        while let Some(Reverse((bits, node))) = open.pop() {
            if bits > lengths[node as usize].to_bits() {
                continue;
            }
            for edge in self.graph.edges(node) {
                let (from, length) = (
                    edge.target(),
                    f64::from_bits(bits) + self.cost(layers, edge),
                );
                if length < lengths[from as usize] {
                    lengths[from as usize] = length;
                    next[from as usize] = node;
                    open.push(Reverse((length.to_bits(), from)));
                }
            }
        }
        next
    }

    /// What it takes to go on to a node; more than there is, if it is not on the layers.
    fn cost(&self, layers: u32, edge: EdgeReference<'_, f64, Directed>) -> f64 {
        if self.layers[edge.target() as usize] & layers == 0 {
            f64::INFINITY
        } else {
            *edge.weight()
        }
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
            let alone = self
                .tree(u32::MAX, 0)
                .iter()
                .skip(1)
                .filter(|&&next| next == NOWHERE)
                .count();
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

/// Shortest paths on some layers of a map.
#[derive(Debug)]
pub struct Roads {
    map: Arc<Map>,
    layers: u32,
    nodes: Vec<NodeNumber>,
    /// For each node, once somebody went there: from every other node the next one on the way.
    trees: Vec<OnceLock<Vec<NodeNumber>>>,
}

/// There is no way.
const NOWHERE: NodeNumber = NodeNumber::MAX;

/// Up to so many nodes (64 MiB of trees) the ways to each are kept; on larger maps each way is searched.
const MAX_KEPT_NODES: usize = 4096;

impl Roads {
    /// The nodes on any of the named layers; all, if none is named. Two of them are neighbours if a line
    /// of any layer joins them, as in The ONE.
    ///
    /// # Errors
    /// When there is no layer of a name, or the layers are empty.
    pub fn new(map: &Arc<Map>, layers: &[String]) -> Result<Self, MobilityError> {
        let mut bits = if layers.is_empty() { u32::MAX } else { 0 };
        for name in layers {
            let layer = map.names.iter().position(|known| known == name);
            let layer = layer
                .ok_or_else(|| MobilityError::Settings(format!("the map has no layer {name:?}")))?;
            bits |= 1 << layer;
        }
        let all = 0..map.places.len() as NodeNumber;
        let nodes: Vec<_> = all
            .filter(|&node| map.layers[node as usize] & bits != 0)
            .collect();
        let kept = if map.places.len() <= MAX_KEPT_NODES {
            map.places.len()
        } else {
            0
        };
        let roads = Self {
            map: map.clone(),
            layers: bits,
            nodes,
            trees: vec![OnceLock::new(); kept],
        };
        if roads.nodes.is_empty() {
            return Err(MobilityError::Settings(format!(
                "the map's layers {layers:?} have no lines"
            )));
        }
        Ok(roads)
    }

    /// The map.
    #[must_use]
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// Any node, evenly drawn.
    pub fn any(&self, rng: &mut impl Rng) -> NodeNumber {
        self.nodes[chance::index(rng, self.nodes.len())]
    }

    /// Appends the nodes on the shortest way between two, with both ends (one, if they are the same);
    /// nothing, if there is no way, which can be on some layers of a map alone.
    pub fn path(&self, from: NodeNumber, to: NodeNumber, path: &mut impl Extend<NodeNumber>) {
        if let Some(tree) = self.trees.get(to as usize) {
            let tree = tree.get_or_init(|| self.map.tree(self.layers, to));
            if from == to || tree[from as usize] != NOWHERE {
                let next =
                    |&node: &NodeNumber| Some(tree[node as usize]).filter(|&next| next != NOWHERE);
                path.extend(std::iter::successors(Some(from), next));
            }
            return;
        }
        let goal = self.map.place(to);
        let ahead = |node| distance_m(self.map.place(node), goal);
        let cost = |edge: EdgeReference<'_, f64, Directed>| self.map.cost(self.layers, edge);
        let found = astar(&self.map.graph, from, |node| node == to, cost, ahead);
        if let Some((length_m, nodes)) = found
            && length_m.is_finite()
        {
            path.extend(nodes);
        }
    }
}

/// Moves coordinates of files to where they are in the world: the least are 0.
fn placed(originals: &[[f64; 2]], mirror: bool) -> Vec<[f64; 2]> {
    let sign = if mirror { -1.0 } else { 1.0 };
    let turned = originals.iter().map(|[x, y]| [*x, y * sign]);
    let low = turned.clone().fold([f64::INFINITY; 2], |low, at| {
        [low[0].min(at[0]), low[1].min(at[1])]
    });
    turned.map(|at| [at[0] - low[0], at[1] - low[1]]).collect()
}

/// A line or a point of a file, and the line of the file on which it begins.
struct Shape {
    places: Vec<[f64; 2]>,
    is_point: bool,
    line: usize,
}

/// All lines and points of a WKT file, one shape after the other.
fn shapes(file: &Path) -> Result<Vec<Shape>, MobilityError> {
    let text = std::fs::read_to_string(file).map_err(|error| MobilityError::File {
        file: file.to_owned(),
        why: error.to_string(),
    })?;
    let mut shapes = Vec::new();
    for (line, shape) in pieces(&text) {
        let wrong = |why: &str| MobilityError::Line {
            file: file.to_owned(),
            line,
            why: why.to_owned(),
        };
        let places = |coords: Vec<Coord<f64>>| {
            coords
                .into_iter()
                .map(|at| [at.x, at.y])
                .collect::<Vec<_>>()
        };
        let mut add = |places: Vec<[f64; 2]>, is_point| {
            if places.is_empty() || places.iter().flatten().any(|value| !value.is_finite()) {
                return Err(wrong(
                    "a shape without points, or with a coordinate that is no number",
                ));
            }
            shapes.push(Shape {
                places,
                is_point,
                line,
            });
            Ok(())
        };
        match Wkt::from_str(shape).map_err(wrong)? {
            Wkt::Point(point) => add(places(point.coord().cloned().into_iter().collect()), true)?,
            Wkt::LineString(string) => add(places(string.coords().to_vec()), false)?,
            Wkt::MultiLineString(strings) => {
                for string in strings.line_strings() {
                    add(places(string.coords().to_vec()), false)?;
                }
            }
            _ => {}
        }
    }
    Ok(shapes)
}

/// Cuts a file after each closing parenthesis that matches the first; gives the lines on which pieces
/// begin. What is left over at the end is a piece as well, for the parser to complain of.
fn pieces(text: &str) -> Vec<(usize, &str)> {
    let mut pieces = Vec::new();
    let (mut start, mut depth, mut line, mut first_line) = (0, 0_usize, 1, 1);
    for (at, character) in text.char_indices() {
        match character {
            '\n' => line += 1,
            '(' => depth += 1,
            ')' if depth > 1 => depth -= 1,
            ')' => {
                pieces.push((first_line, text[start..=at].trim()));
                (start, depth) = (at + 1, 0);
            }
            _ => {}
        }
        if text[start..(at + character.len_utf8()).max(start)]
            .trim()
            .is_empty()
        {
            first_line = line;
        }
    }
    let rest = text[start..].trim();
    if !rest.is_empty() {
        pieces.push((first_line, rest));
    }
    pieces
}
