//! What the attributes promise, one module each.

mod timeout;
