//! proptest strategies for the contract's types, for tests of every crate.
