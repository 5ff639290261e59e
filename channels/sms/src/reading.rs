//! What a text asks for: key words, numbers, language.
//!
//! Does not judge a number; the core does.
