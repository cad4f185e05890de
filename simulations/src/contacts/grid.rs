//! Finds devices that come near one another in a chunk: a uniform grid, sorted by cell.

/// The place of a device during a chunk: within `radius_m` of a point.
#[derive(Debug, Clone, Copy)]
pub struct Circle {
    pub x: f64,
    pub y: f64,
    pub radius_m: f64,
    /// Its index among the searched devices.
    pub index: u32,
}

/// Most cells for each device; beyond that the cells get larger.
const CELLS_PER_DEVICE: f64 = 4.0;

/// The grid; kept between chunks only to reuse its memory.
#[derive(Debug, Default)]
pub struct Grid {
    /// Where each cell's devices begin in `sorted`.
    starts: Vec<u32>,
    cells: Vec<u32>,
    sorted: Vec<Circle>,
}

impl Grid {
    /// Calls `near` once with the indices of each two circles that come within `range_m` of one another; returns the
    /// number of compared pairs.
    pub fn pairs(
        &mut self,
        circles: &[Circle],
        range_m: f64,
        mut near: impl FnMut(u32, u32),
    ) -> u64 {
        if circles.len() < 2 {
            return 0;
        }
        let columns = self.sort(circles, range_m);
        let mut looked = 0;
        for (here, one) in self.sorted.iter().enumerate() {
            let cell = self.cells[one.index as usize] as usize;
            // The rest of its own cell and the cell to the east, then the three to the north. Rows have an empty
            // cell at both ends, so that neighbours in a row are adjacent.
            let beside = here + 1..self.starts[cell + 2] as usize;
            let above =
                self.starts[cell + columns - 1] as usize..self.starts[cell + columns + 2] as usize;
            looked += (beside.len() + above.len()) as u64;
            for other in self.sorted[beside].iter().chain(&self.sorted[above]) {
                let (x, y) = (other.x - one.x, other.y - one.y);
                let reach = range_m + one.radius_m + other.radius_m;
                if x * x + y * y <= reach * reach {
                    near(one.index, other.index);
                }
            }
        }
        looked
    }

    /// Sorts the circles by cell; returns the number of columns.
    fn sort(&mut self, circles: &[Circle], range_m: f64) -> usize {
        let (mut low, mut high, mut radius_m) =
            ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2], 0.0_f64);
        for circle in circles {
            low = [low[0].min(circle.x), low[1].min(circle.y)];
            high = [high[0].max(circle.x), high[1].max(circle.y)];
            radius_m = radius_m.max(circle.radius_m);
        }
        let (width, height) = (high[0] - low[0], high[1] - low[1]);
        // Otherwise a long, thin world would need too many cells in one direction.
        let cells = CELLS_PER_DEVICE * circles.len() as f64;
        let side = (range_m + 2.0 * radius_m)
            .max((width * height / cells).sqrt())
            .max(width.max(height) / cells);
        let columns = (width / side) as usize + 3;
        let rows = (height / side) as usize + 3;
        self.starts.clear();
        self.starts.resize(columns * rows + 1, 0);
        self.cells.clear();
        for circle in circles {
            let column = ((circle.x - low[0]) / side) as usize + 1;
            let row = ((circle.y - low[1]) / side) as usize + 1;
            let cell = row * columns + column;
            self.cells.push(cell as u32);
            self.starts[cell] += 1;
        }
        let mut sum = 0;
        for start in &mut self.starts {
            sum += *start;
            *start = sum;
        }
        // Placing devices from the back moves each cell's end down to its start.
        self.sorted.resize(circles.len(), circles[0]);
        for (circle, &cell) in circles.iter().zip(&self.cells).rev() {
            let end = &mut self.starts[cell as usize];
            *end -= 1;
            self.sorted[*end as usize] = *circle;
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// For any layout of cells: thin worlds, single points, crowds, one much larger circle.
        #[test]
        fn the_grid_finds_what_looking_at_every_pair_finds(
            places in prop::collection::vec((0.0..1.0, 0.0..1.0, 0.0..1.0), 0..60),
            (width, height, radius) in (0.0..1e4, 0.0..1e4, 0.0..100.0),
            range_m in 0.1..500.0,
        ) {
            let circles: Vec<_> = (0..).zip(places).map(|(index, (x, y, part))| Circle {
                x: x * width - 500.0,
                y: y * height,
                radius_m: if index == 0 { 10.0 * radius } else { part * radius },
                index,
            }).collect();
            let mut found = Vec::new();
            let mut grid = Grid::default();
            for _ in 0..2 {
                found.clear();
                grid.pairs(&circles, range_m, |a, b| found.push((a.min(b), a.max(b))));
            }
            found.sort_unstable();
            let mut expected = Vec::new();
            for (a, one) in circles.iter().enumerate() {
                for other in &circles[a + 1..] {
                    let (x, y) = (other.x - one.x, other.y - one.y);
                    if (x * x + y * y).sqrt() <= range_m + one.radius_m + other.radius_m {
                        expected.push((one.index, other.index));
                    }
                }
            }
            prop_assert_eq!(found, expected);
        }
    }
}
