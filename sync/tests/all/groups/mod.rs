//! Groups that replicate: each member passes on what any of them wrote.

mod bodies;
mod bundle;
mod bytes;
mod closed;
mod holding;
mod hostile;
mod passing;
mod reach;
mod several;
mod world;
