//! What this crate promises, in one program.

mod addresses;
mod annotations;
mod api_server;
mod api_suite;
mod carriers;
mod cli;
mod contacts;
mod courier_core;
mod couriers;
mod faults;
mod introduction;
mod meeting;
mod observer;
mod process;
mod radio;
mod reconnect;
#[cfg(feature = "relay")]
mod relay;
mod relay_names;
mod resting;
mod silence;
#[cfg(feature = "sized")]
mod sized;
mod store;
mod strangers;
mod support;
mod texts;
