//! The wire against its own writing, against rusmpp, and against octets that carriers really send.
