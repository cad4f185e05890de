//! The shipping engine under a virtual clock on a virtual network of moving devices.
//!
//! | stage | what | where |
//! | --- | --- | --- |
//! | 1 | a scenario is read | [`scenario`] |
//! | 2 | devices move or a trace is read; who is within reach of whom, when | [`mobility`], [`trace`], [`poisson`], [`plan`] |
//! | 3 | radios turn reach into links, and bytes into time and energy | [`radio`] |
//! | 4 | engines say what they say | [`world`], [`run`] |
//! | 5 | what happened is kept, counted and drawn | [`record`], [`result`] |

pub mod adversary;
pub mod bench;
pub mod cli;
pub mod contacts;
pub mod mobility;
pub mod oracle;
pub mod plan;
pub mod poisson;
pub mod radio;
pub mod record;
pub mod result;
pub mod rng;
pub mod run;
pub mod scenario;
pub mod sweep;
pub mod theory;
pub mod trace;
pub mod validate;
pub mod world;
