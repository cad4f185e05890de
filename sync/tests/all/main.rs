//! Every promise of this crate, in one test program.

mod batch;
mod bodies;
mod bounds;
mod converge;
mod conversation;
mod damage;
mod groups;
mod hiding;
mod hostile;
mod membership;
mod offered;
mod paging;
mod receipts;
mod signed;
mod spaces;
mod support;
