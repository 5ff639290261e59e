//! To be written.
pub mod decide;
pub mod history;
