//! `hedgerow-sim bench`: every figure that the simulator promises, measured in one run.
//!
//! | what | where |
//! | --- | --- |
//! | a figure and how it is printed | `row` |
//! | running a scenario with clocks beside it | `measure` |
//! | couriers against theory and the oracle of a trace | `exact` |
//! | The ONE's default scenario, beside its own figures | `the_one` |
//! | movement and contacts alone | `movement` |
//! | thousands of engines | `crowds` |
//! | the default courier on a recorded trace | `conference` |

mod conference;
mod crowds;
mod exact;
mod measure;
mod movement;
mod row;
mod the_one;

use std::path::PathBuf;

use anyhow::Result;

pub use row::{Line, Row, table};

/// What is measured, and with what.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the scenarios of the repository are.
    pub scenarios: PathBuf,
    /// The folder `data` of The ONE, with the map of Helsinki.
    pub one_data: Option<PathBuf>,
    /// The trace SFHH of SocioPatterns, unpacked.
    pub sfhh: Option<PathBuf>,
}

/// Rows that are measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Group {
    /// Couriers where meetings are drawn at random, against exact formulas
    Theory,
    /// Couriers on a trace, against the earliest possible arrivals
    Oracle,
    /// The ONE's default scenario, against its own figures and time
    TheOne,
    /// Movement and contacts alone
    Movement,
    /// 2,000 phones for six hours
    Protest,
    /// The same phones in a hundred groups, and the same texts pairwise
    Groups,
    /// 10,000 at random waypoint, and 1,000 at the same density
    Waypoint,
    /// Ten grounds of 1,000, and one of them
    Growth,
    /// The default courier on a trace, against the oracle
    Sfhh,
}

impl Group {
    /// All, in the order in which they are measured.
    pub const ALL: [Group; 9] = [
        Group::Theory,
        Group::Oracle,
        Group::TheOne,
        Group::Movement,
        Group::Protest,
        Group::Groups,
        Group::Waypoint,
        Group::Growth,
        Group::Sfhh,
    ];
}

/// Measures the rows of one group.
///
/// # Errors
/// A scenario cannot be run.
pub fn measure(group: Group, options: &Options) -> Result<Vec<Line>> {
    match group {
        Group::Theory => exact::theory(),
        Group::Oracle => exact::oracle(options),
        Group::TheOne => the_one::rows(options),
        Group::Movement => movement::rows(options),
        Group::Protest => crowds::protest(options),
        Group::Groups => crowds::groups(options),
        Group::Waypoint => crowds::waypoint(options),
        Group::Growth => crowds::growth(options),
        Group::Sfhh => conference::rows(options),
    }
}
