//! HTTP: the page for shoppers, the JSON API for programs, receipts, health, metrics and the OpenAPI document.
//!
//! Owns everything between bytes on a socket and an [`contract::Inquiry`]. Does not judge a number, keeps no record and
//! holds no words: the core answers and `wording` says it. No GET or HEAD records a check: link previews and prefetching
//! would count as askers.

mod answers;
mod api;
pub mod config;
mod forwarded;
mod hex;
mod language;
mod mount;
mod openapi;
mod pages;
mod problem;
mod render;
mod routes;
pub mod run;
mod session;
pub mod wire;

pub use axum::body::Body;
pub use config::{Clients, ConfigError, HttpConfig};
pub use forwarded::{Proxies, ProxyHeader};
pub use mount::Mount;
pub use openapi::document as openapi_document;
pub use run::{Bound, HttpError, Operator, Ports, Prepared};
