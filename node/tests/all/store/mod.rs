//! The store at rest: what survives power cuts, kills, full disks, damage and other processes.

mod conformance;
mod crashes;
mod directory;
mod disk;
mod faults;
mod kills;
mod schema;
