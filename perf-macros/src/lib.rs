//! The attributes of perfkit. Use them through the `perfkit` crate.

#![forbid(unsafe_code)]
