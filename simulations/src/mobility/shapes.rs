//! Lines and points of a WKT file in the dialect of The ONE: one shape after the other, each on one or more lines.

use std::path::Path;
use std::str::FromStr;

use wkt::Wkt;
use wkt::types::Coord;

use super::MobilityError;

/// A line or a point, and the file's line on which it begins.
pub(super) struct Shape {
    pub(super) places: Vec<[f64; 2]>,
    pub(super) is_point: bool,
    pub(super) line: usize,
}

/// All lines and points of a WKT file, one shape after the other.
pub(super) fn shapes(file: &Path) -> Result<Vec<Shape>, MobilityError> {
    let text = std::fs::read_to_string(file).map_err(|error| MobilityError::File {
        file: file.to_owned(),
        why: format!("it cannot be read: {error}"),
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

/// Cuts a file after each closing parenthesis that matches the first; returns the pieces with the lines on which they
/// begin. A rest at the end is a piece too, so that the parser reports it.
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
