//! What this crate promises, in one program.

mod addresses;
mod annotations;
mod api_server;
mod api_suite;
mod api_visitors;
mod carriers;
mod catalogues;
mod cli;
mod contacts;
mod conversations;
mod core_dumps;
mod courier_core;
mod couriers;
mod deletion;
mod edits;
mod erasure;
mod faults;
mod introduction;
mod meeting;
mod names;
mod observer;
mod process;
mod radio;
mod reconnect;
#[cfg(feature = "relay")]
mod relay;
mod relay_names;
mod replies;
mod resting;
mod silence;
mod sized;
mod store;
mod strangers;
mod support;
mod texts;
