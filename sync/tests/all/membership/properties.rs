//! The properties of the rules.
