//! `hedgerow-sim`: runs scenarios of many nodes, compares and draws what came of them.

fn main() {}
