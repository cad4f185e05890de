//! What the application promises, in one program.

mod accessible;
mod answering;
mod bench;
mod camera;
mod composing;
mod contrast;
mod core_dumps;
mod decoding;
#[cfg(target_os = "linux")]
mod desktop;
mod emoji;
mod end_to_end;
mod files;
mod fitting;
mod glossary;
mod handling;
mod languages;
mod mirrored;
mod model;
mod motion;
mod reading;
#[cfg(target_os = "linux")]
mod screen_reader;
mod screens;
mod searching;
mod sound;
mod stage;
mod start;
mod viewing;
mod voices;
mod worker;
