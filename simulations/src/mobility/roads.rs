//! Shortest paths on the map.

use std::sync::{Arc, Mutex, PoisonError};

use fast_paths::{FastGraph, InputGraph, PathCalculator};
use rand_core::Rng;

use super::{Map, MobilityError, NodeNumber, distance_m};
use crate::rng;

/// Shortest paths on some layers of a map, by contraction hierarchies: one preparation at the start, and almost no
/// search for each way.
pub struct Roads {
    map: Arc<Map>,
    nodes: Vec<NodeNumber>,
    graph: FastGraph,
    /// Memory for searches.
    calculator: Mutex<PathCalculator>,
}

impl Roads {
    /// The nodes on any of the named layers; all nodes if no layer is named. Two nodes are neighbours if a line of
    /// any layer joins them, as in The ONE.
    ///
    /// # Errors
    /// No layer has such a name, or the layers are empty.
    pub fn new(map: &Arc<Map>, layers: &[String]) -> Result<Self, MobilityError> {
        let nodes = map.nodes(layers)?;
        let mut graph = InputGraph::new();
        for &(a, b) in map.lines() {
            if nodes.binary_search(&a).is_ok() && nodes.binary_search(&b).is_ok() {
                // Whole millimetres, and at least one for every line.
                let length = (distance_m(map.place(a), map.place(b)) * 1000.0)
                    .round()
                    .max(1.0);
                graph.add_edge(a as usize, b as usize, length as usize);
            }
        }
        graph.freeze();
        let graph = fast_paths::prepare(&graph);
        let calculator = Mutex::new(fast_paths::create_calculator(&graph));
        Ok(Self {
            map: map.clone(),
            nodes,
            graph,
            calculator,
        })
    }

    /// The map.
    #[must_use]
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// A uniform random node.
    pub fn any(&self, rng: &mut impl Rng) -> NodeNumber {
        self.nodes[rng::index(rng, self.nodes.len())]
    }

    /// The nodes on the shortest way between two, with both ends (one node if they are equal); empty if no way
    /// exists, as may happen if only some layers are used.
    #[must_use]
    pub fn path(&self, from: NodeNumber, to: NodeNumber) -> Vec<NodeNumber> {
        if from == to {
            return vec![from];
        }
        // The graph ends with the last node that has a line.
        if from.max(to) as usize >= self.graph.get_num_nodes() {
            return Vec::new();
        }
        // A search leaves no state that affects the next.
        let mut calculator = self
            .calculator
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let path = calculator.calc_path(&self.graph, from as usize, to as usize);
        path.map_or_else(Vec::new, |path| {
            path.get_nodes()
                .iter()
                .map(|&node| node as NodeNumber)
                .collect()
        })
    }
}
