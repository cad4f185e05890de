//! Somebody on the network who sees every announcement and the first bytes of every link, and replays
//! them, links no device across epochs better than by tossing a coin. Network address and port are left
//! out: they link a device for as long as it keeps them (`docs/PROTOCOL.md` section 11).
//!
//! A *sight* is what one device shows in one epoch. Two devices are looked at in two epochs, and the
//! observer says which is which; each sight is used once, so by chance it is right as often as a coin:
//! the exact binomial distribution bounds how often it may be right. Each break of the promise is put
//! into what is observed, and must be caught by the same observer.

mod knocking;
mod linking;
mod measures;
mod scores;
mod sights;

/// How likely one observer is to be called better than chance by chance alone. All tests of this file
/// together ask fewer than 2,000 such questions.
const FALSE_ALARM: f64 = 1e-7;
