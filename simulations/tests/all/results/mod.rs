//! What is kept of a run, and what is made of it.

mod figures;
mod played;
mod run;
mod scene;
mod shown;
mod whole;
