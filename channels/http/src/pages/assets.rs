//! What the pages load: style, icon, and the reader of codes, which only comes when somebody opens the camera or a photo.
//!
//! All of it is in the program: nothing comes from elsewhere, and the demo needs no other tool. Where the reader is from and
//! how it is made anew says `assets/README.md`. Names no page.

use std::sync::LazyLock;

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::hex;

const STYLE: &str = include_str!("../../templates/style.css");
const SCAN: &str = include_str!("../../assets/scan.js");
const ICON: &str = include_str!("../../assets/icon.svg");
const READER: &[u8] = include_bytes!("../../assets/zxing-reader.js.gz");
const READER_WASM: &[u8] = include_bytes!("../../assets/zxing-reader.wasm.gz");

/// What is named by its content or version never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const AN_HOUR: &str = "public, max-age=3600";

/// Where the style stands. The address changes with the content, so that no page is shown in the style of another version.
pub(super) fn style_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| addressed("/style.css", STYLE));
    &ADDRESS
}

/// Where the script of the scan buttons stands.
pub(super) fn script_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| addressed("/scan.js", SCAN));
    &ADDRESS
}

fn addressed(path: &str, content: &str) -> String {
    let hash: [u8; 32] = Sha256::digest(content.as_bytes()).into();
    format!("{path}?v={}", hex::encode(hash.first_chunk::<4>().expect("32 bytes have a first 4")))
}

/// `GET /style.css`
pub(crate) async fn style() -> Response {
    sent("text/css; charset=utf-8", FOR_EVER, STYLE)
}

/// `GET /scan.js`
pub(crate) async fn script() -> Response {
    sent("text/javascript; charset=utf-8", FOR_EVER, SCAN)
}

/// `GET /icon.svg`
pub(crate) async fn icon() -> Response {
    sent("image/svg+xml", AN_HOUR, ICON)
}

/// `GET /scan/zxing-reader-3.1.4.js`
pub(crate) async fn reader() -> Response {
    packed("text/javascript; charset=utf-8", READER)
}

/// `GET /scan/zxing-reader-3.1.4.wasm`
pub(crate) async fn reader_wasm() -> Response {
    packed("application/wasm", READER_WASM)
}

fn sent(kind: &'static str, kept: &'static str, body: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept)], body).into_response()
}

/// Kept packed and sent packed: every browser that runs WebAssembly unpacks it.
fn packed(kind: &'static str, body: &'static [u8]) -> Response {
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_ENCODING, HeaderValue::from_static("gzip")),
        (header::CACHE_CONTROL, HeaderValue::from_static(FOR_EVER)),
    ];
    (headers, body).into_response()
}
