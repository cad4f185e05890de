//! Drawings of what changes over time and how times are spread, of one result or of several together.

use plotters::prelude::*;

use super::axis::{Axis, TIMES};
use super::curves::Curves;
use super::text::seeds;
use super::{Error, Estimate, Summary, Unit};

/// A drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plot {
    /// Its file's name, without the `.svg`.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// How to read it.
    pub caption: &'static str,
    /// The SVG.
    pub svg: String,
}

/// The drawings of these results, laid over one another, each with the name it goes by. One for which no
/// result has a value is left out, and one of an amount that is always 0.
///
/// # Errors
/// A bug: drawing failed.
pub fn plots(results: &[(&str, &Summary)]) -> Result<Vec<Plot>, Error> {
    drawn(results, Words::Inside)
}

/// As [`plots`], for a page that writes title and caption itself.
pub(super) fn untitled(results: &[(&str, &Summary)]) -> Result<Vec<Plot>, Error> {
    drawn(results, Words::Beside)
}

/// Where a drawing's title is.
#[derive(Clone, Copy, PartialEq)]
enum Words {
    Inside,
    Beside,
}

fn drawn(results: &[(&str, &Summary)], words: Words) -> Result<Vec<Plot>, Error> {
    let mut plots = Vec::new();
    for kind in KINDS {
        let lines: Vec<Line> = results
            .iter()
            .map(|(name, summary)| Line::new(name, summary, kind))
            .collect();
        let mut means = lines.iter().flat_map(|line| &line.points);
        if means.all(|(_, estimate)| kind.axes.is_amount() && estimate.mean == 0.0) {
            continue;
        }
        let svg =
            draw(kind, &lines, words).map_err(|error| Error::Plot(kind.name, error.to_string()))?;
        plots.push(Plot {
            name: kind.name,
            title: kind.title,
            caption: kind.caption,
            svg,
        });
    }
    Ok(plots)
}

/// What a drawing is of.
struct Kind {
    name: &'static str,
    title: &'static str,
    caption: &'static str,
    /// What the axes say; units that depend on the values are added.
    across: &'static str,
    up: &'static str,
    axes: Axes,
    values: fn(&Curves) -> &Vec<Option<f64>>,
    legend: SeriesLabelPosition,
}

#[derive(Clone, Copy, PartialEq)]
enum Axes {
    /// A share over time.
    ShareOverTime,
    /// Something over time, in one of these units.
    OverTime(&'static [(f64, &'static str)]),
    /// A share over a logarithm of durations.
    ShareOfDurations,
    /// A logarithm of a share over one of durations.
    LogShareOfDurations,
}

impl Axes {
    fn unit(self) -> Unit {
        match self {
            Self::OverTime(_) => Unit::Ratio,
            Self::ShareOverTime | Self::ShareOfDurations | Self::LogShareOfDurations => Unit::Share,
        }
    }

    /// Whether it is of bytes or joules: where there never are any, a drawing says nothing.
    fn is_amount(self) -> bool {
        matches!(self, Self::OverTime(units) if units.len() > 1)
    }

    fn over_time(self) -> bool {
        matches!(self, Self::ShareOverTime | Self::OverTime(_))
    }
}

const KINDS: &[Kind] = &[
    Kind {
        name: "delivery-ratio",
        title: "Delivery ratio over time",
        caption: "Messages delivered, as a share of those written so far.",
        across: "time",
        up: "share of messages delivered",
        axes: Axes::ShareOverTime,
        values: |curves| &curves.delivery_ratio,
        legend: SeriesLabelPosition::LowerRight,
    },
    Kind {
        name: "delay",
        title: "Delay of messages",
        caption: "Share of all messages that was delivered within a delay. The curve ends at the delivery ratio.",
        across: "delay (logarithmic)",
        up: "share of messages delivered",
        axes: Axes::ShareOfDurations,
        values: |curves| &curves.delivered_within,
        legend: SeriesLabelPosition::UpperLeft,
    },
    Kind {
        name: "overhead",
        title: "Overhead over time",
        caption: "Transfers beyond the one that each delivery needs, for each delivery so far.",
        across: "time",
        up: "extra transfers per delivery",
        axes: Axes::OverTime(&[(1.0, "")]),
        values: |curves| &curves.overhead_ratio,
        legend: SeriesLabelPosition::LowerRight,
    },
    Kind {
        name: "inter-contact",
        title: "Times between contacts of a pair",
        caption: "Share of the times between two contacts of a pair that were longer. Both axes are logarithmic.",
        across: "time apart (logarithmic)",
        up: "share that is longer (logarithmic)",
        axes: Axes::LogShareOfDurations,
        values: |curves| &curves.apart_longer,
        legend: SeriesLabelPosition::LowerLeft,
    },
    Kind {
        name: "buffer",
        title: "Bundles carried over time",
        caption: "Size of the bundles that a device carries, mean over devices.",
        across: "time",
        up: "carried by a device",
        axes: Axes::OverTime(&[(1.0, "bytes"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB")]),
        values: |curves| &curves.buffer_bytes,
        legend: SeriesLabelPosition::LowerRight,
    },
    Kind {
        name: "energy",
        title: "Energy over time",
        caption: "Energy that a device has used since the start, mean over devices.",
        across: "time",
        up: "used by a device since the start",
        axes: Axes::OverTime(&[(1e-3, "mJ"), (1.0, "J"), (1e3, "kJ")]),
        values: |curves| &curves.energy_j,
        legend: SeriesLabelPosition::UpperLeft,
    },
];

/// One result in a drawing.
struct Line {
    label: String,
    points: Vec<(f64, Estimate)>,
}

impl Line {
    fn new(name: &str, summary: &Summary, kind: &Kind) -> Self {
        let curves: Vec<&Curves> = summary.curves.values().collect();
        let grid = curves.first().map(|curves| match kind.axes.over_time() {
            true => curves.time_s.as_slice(),
            false => curves.duration_s.as_slice(),
        });
        let points = grid
            .unwrap_or_default()
            .iter()
            .enumerate()
            .filter_map(|(place, across)| {
                let values: Vec<f64> = curves
                    .iter()
                    .filter_map(|curves| *(kind.values)(curves).get(place)?)
                    .collect();
                Some((*across, Estimate::of(&values, kind.axes.unit())?))
            });
        Self {
            label: format!("{name} ({})", seeds(&summary.identity.seeds)),
            points: points.collect(),
        }
    }
}

/// Blue, vermilion, green, purple, orange, sky: told apart by the colour-blind too (Okabe and Ito).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];
const INK: RGBColor = RGBColor(40, 44, 52);
const GRID: RGBColor = RGBColor(222, 225, 230);
const SIZE: (u32, u32) = (720, 430);

/// The axes that hold these lines.
fn axes(kind: &Kind, lines: &[Line]) -> (Axis, Axis) {
    let points = || lines.iter().flat_map(|line| &line.points);
    let end = points().map(|point| point.0).fold(0.0, f64::max);
    let most = |value: fn(&Estimate) -> f64| {
        let values = points().map(|(_, estimate)| value(estimate));
        values.fold(0.0, f64::max)
    };
    // Two seeds that differ have a band that would leave no room for the line.
    let mean = most(|estimate| estimate.mean);
    let top = most(|estimate| estimate.high.unwrap_or(estimate.mean)).min(2.0 * mean);
    let bottom = -most(|estimate| -estimate.mean);
    let share = || Axis::linear(kind.up, &[(1.0, "")], 0.0, 1.0);
    match kind.axes {
        Axes::ShareOverTime => (Axis::linear(kind.across, TIMES, 0.0, end), share()),
        Axes::OverTime(units) => (
            Axis::linear(kind.across, TIMES, 0.0, end),
            Axis::linear(kind.up, units, bottom, top * 1.05),
        ),
        Axes::ShareOfDurations | Axes::LogShareOfDurations => {
            let (from, to) = bends(lines);
            let across = Axis::durations(kind.across, from, to);
            if kind.axes == Axes::ShareOfDurations {
                return (across, share());
            }
            let shares = points().map(|(_, estimate)| estimate.mean);
            let least = shares.filter(|share| *share > 0.0).fold(1.0, f64::min);
            (across, Axis::log_share(kind.up, least))
        }
    }
}

/// From where to where lines of durations are not flat, with a point to spare on either side.
fn bends(lines: &[Line]) -> (f64, f64) {
    let (mut from, mut to) = (f64::INFINITY, 0.0_f64);
    for line in lines {
        for (place, pair) in line.points.windows(2).enumerate() {
            if pair[0].1.mean != pair[1].1.mean {
                from = from.min(pair[0].0);
                let spare = line
                    .points
                    .get(place + 2)
                    .unwrap_or(&line.points[place + 1]);
                to = to.max(spare.0);
            }
        }
    }
    if from < to {
        (from, to)
    } else {
        (1.0, 86_400.0)
    }
}

fn draw(kind: &Kind, lines: &[Line], place: Words) -> Result<String, Box<dyn std::error::Error>> {
    let (across, up) = axes(kind, lines);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let words = |size: i32| ("sans-serif", size).into_font().color(&INK);
        let (across_title, up_title) = (across.title.clone(), up.title.clone());
        let mut chart = ChartBuilder::on(&root)
            .margin(8)
            .margin_top(match place {
                Words::Inside => 66,
                Words::Beside => 12,
            })
            .margin_right(24)
            .x_label_area_size(54)
            .y_label_area_size(76)
            .build_cartesian_2d(across, up)?;
        chart
            .configure_mesh()
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(INK)
            .x_desc(across_title)
            .y_desc(up_title)
            .label_style(words(17))
            .axis_desc_style(words(19))
            .draw()?;
        for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
            let points = &line.points;
            let at = |value: fn(&Estimate) -> f64| {
                points
                    .iter()
                    .map(move |(x, estimate)| (*x, value(estimate)))
            };
            if points.iter().any(|(_, estimate)| estimate.low.is_some()) {
                let low = at(|estimate| estimate.low.unwrap_or(estimate.mean));
                let high = at(|estimate| estimate.high.unwrap_or(estimate.mean));
                let band: Vec<(f64, f64)> = low.chain(high.rev()).collect();
                chart.draw_series([Polygon::new(band, colour.mix(0.18))])?;
            }
            // Nothing is as long as the longest, and the logarithm of nothing has no place.
            let drawn = at(|estimate| estimate.mean)
                .filter(|(_, mean)| kind.axes != Axes::LogShareOfDurations || *mean > 0.0);
            let stroke = colour.stroke_width(3);
            chart
                .draw_series(LineSeries::new(drawn, stroke))?
                .label(&line.label)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 24, y)], stroke));
        }
        if lines.len() > 1 {
            chart
                .configure_series_labels()
                .position(kind.legend.clone())
                .margin(14)
                .legend_area_size(32)
                .background_style(WHITE.mix(0.85))
                .border_style(GRID)
                .label_font(words(17))
                .draw()?;
        }
        if place == Words::Inside {
            let mut says: Vec<&str> = Vec::new();
            if let [line] = lines {
                says.push(&line.label);
            }
            let estimates = || lines.iter().flat_map(|line| &line.points);
            if estimates().any(|(_, estimate)| estimate.low.is_some()) {
                says.push("mean over seeds; band: 95 % interval of it");
            }
            root.draw(&Text::new(kind.title, (84, 10), words(24)))?;
            root.draw(&Text::new(says.join("; "), (84, 40), words(17)))?;
        }
        root.present()?;
    }
    Ok(svg)
}
