//! Couriers without engines: whatever meets, breaks off and dies in whatever order, a bundle arrives at
//! most once, its copies never multiply, and nobody talks for ever.

mod any_order;
mod room;
mod turns;
mod world;
