//! What the simulator promises, in one program.

mod adversaries;
mod by_hand;
mod command_line;
mod contacts;
mod deliveries;
mod disappearing;
mod files;
mod groups;
mod mobility;
mod reactions;
mod repeatable;
mod results;
mod scenarios;
mod support;
mod transfers;
