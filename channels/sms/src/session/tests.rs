//! Two sessions talking to each other in simulated time, and one talking to a hand that does as it likes.
