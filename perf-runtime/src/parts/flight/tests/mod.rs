//! The promises of the flight. Each is kept in a world of its own, which must be empty in the end.

#[cfg(not(perfkit_model))]
mod chaos;
#[cfg(not(perfkit_model))]
mod cycles;
#[cfg(not(perfkit_model))]
mod deserted;
#[cfg(not(perfkit_model))]
mod harness;
#[cfg(not(perfkit_model))]
mod leads;
#[cfg(perfkit_model)]
mod models;
#[cfg(not(perfkit_model))]
mod outdated;
#[cfg(not(perfkit_model))]
mod shares;
#[cfg(not(perfkit_model))]
mod world;
