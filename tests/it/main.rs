//! The integration tests: one binary, one module for each thing that is looked at from outside.
//!
//! What a single module does is tested beside it; here stands what only shows when pieces meet.

#[cfg(test)]
mod arrows;
#[cfg(test)]
mod battery;
#[cfg(test)]
mod config;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod http;
#[cfg(test)]
mod import;
#[cfg(test)]
mod privacy;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod tidy;
