//! Octets of short messages to text and back: alphabets, long messages put together and taken apart.
//!
//! Pure: reads no clock and knows no protocol. What a text says is for `reading` to find out.
