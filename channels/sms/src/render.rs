//! A reply as the segments of a short message.
//!
//! Holds no words of its own: `wording` says them.
