//! What the attributes promise, one module for each; the names of the tests are the promises.

mod measured;
