//! What this crate promises, in one program.

mod batch;
mod converge;
mod damage;
mod hostile;
mod paging;
mod spaces;
mod support;
