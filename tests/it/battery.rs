//! One battery of questions, put to the core directly and over HTTP: both must say the same.
//!
//! The data are seeded in a folder of the test's own; the clock stands still. How a verdict is reached is tested where
//! it is decided.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use channel_http::{Bound, HttpConfig, Ports};
use contract::reading::read_one;
use contract::{
    Asker, Channel, Check, EventTime, Identity, Inquiry, InquiryId, Language, Life, Means, Role, Timestamp, Verify as _,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use verigate::index::catalogue::source::parse_toml;
use verigate::index::catalogue::{BatchOrder, Selector};
use verigate::ledger::folder::Folder;
use verigate::ledger::writer::{Order, Outcome};
use verigate::verify::admit::Quotas;
use verigate::verify::{Gateway, Settings};
use wording::Words;

use crate::demo::ask;

/// 2026-11-23T04:00:00Z.
const NOW: Timestamp = Timestamp(1_795_406_400_000);
const DAY: Duration = Duration::from_secs(86_400);
const CATALOGUE: &[u8] = include_bytes!("../../fixtures/demo/catalogue.toml");

/// What is asked, and what must be said: code, further fields of the request, verdict, colour, detail.
type Row = (String, Value, &'static str, &'static str, Value);

async fn ordered(gateway: &Gateway, order: Order) -> Outcome {
    gateway.order(order).await.unwrap()
}

/// The numbers of a fresh batch, to which these things happened ten days ago.
async fn batch(gateway: &Gateway, given: Value, lives: &[Life]) -> Vec<String> {
    let mut order = json!({ "product": "ridge-oolong", "count": 2, "lot": "L-7", "by": "li" });
    order.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
    let order: BatchOrder = serde_json::from_value(order).unwrap();
    let at = Some(NOW.minus(DAY * 10));
    let Outcome::Issued { batch, .. } = ordered(gateway, Order::Issue { order, at }).await else { panic!("no batch") };
    for life in lives {
        let (target, reason) = (Selector::Batch { batch: batch.id }, Some("mould".to_owned()));
        let order = Order::Live { target, life: *life, lifted: false, at, by: "li".to_owned(), city: None, reason };
        ordered(gateway, order).await;
    }
    gateway.catalogue().numbers(&batch, 0).collect()
}

/// Row by row a number for the core and one for HTTP, so that neither is the other's past.
async fn rows(gateway: &Gateway) -> [Vec<Row>; 2] {
    let change = parse_toml(CATALOGUE, "li").unwrap();
    ordered(gateway, Order::Change { makers: change.makers, products: change.products, by: change.by }).await;
    let (none, on) = (json!({}), [Life::Activated]);
    let good = batch(gateway, none.clone(), &on).await;
    let recalled = batch(gateway, none.clone(), &[Life::Activated, Life::Recalled]).await;
    let stolen = batch(gateway, none.clone(), &[Life::Activated, Life::Stolen, Life::Compromised]).await;
    let expired = batch(gateway, json!({ "expiry": "2026-11-22" }), &on).await;
    let last_day = batch(gateway, json!({ "expiry": "2026-11-23" }), &on).await;
    let idle = batch(gateway, none.clone(), &[]).await;
    let coming = batch(gateway, json!({ "on_sale_from": "2026-12-01" }), &on).await;
    let boxes = batch(gateway, json!({ "level": 2, "holds": 24 }), &on).await;
    let lot = batch(gateway, none.clone(), &on).await;
    let same_lot = batch(gateway, none.clone(), &on).await;
    let spaced = batch(gateway, none.clone(), &on).await;
    let layout = gateway.catalogue().codes().layouts().of_length(20).unwrap().id();
    [0, 1].map(|nth| {
        let row =
            |code: &str, request: Value, verdict, colour, detail| (code.to_owned(), request, verdict, colour, detail);
        let mut typo = good[nth].clone();
        let last = typo.pop().unwrap().to_digit(10).unwrap();
        typo.push(char::from_digit((last + 1) % 10, 10).unwrap());
        let unknown = gateway.catalogue().codes().mint(layout, 9_999_999, 1, 7).unwrap();
        vec![
            row(&good[nth], none.clone(), "genuine_first", "green", json!({})),
            row(&gateway.catalogue().codes().grouped(&spaced[nth]), none.clone(), "genuine_first", "green", json!({})),
            row(&typo, none.clone(), "typo", "grey", json!({})),
            row("4711", none.clone(), "malformed", "grey", json!({ "read": 4, "expected": 20 })),
            row("9520000001018", none.clone(), "not_unit_code", "grey", json!({ "item": "gtin" })),
            row("(01)09521234543213(21)A1", none.clone(), "not_covered", "grey", json!({})),
            row(&unknown, none.clone(), "unknown", "red", json!({})),
            row(&recalled[nth], none.clone(), "recalled", "red", json!({ "reason": "mould" })),
            row(&stolen[nth], none.clone(), "compromised", "red", json!({})),
            row(&expired[nth], none.clone(), "expired", "red", json!({ "expired_on": "2026-11-22" })),
            row(&last_day[nth], none.clone(), "genuine_first", "green", json!({})),
            row(&idle[nth], none.clone(), "not_activated", "red", json!({ "fresh": false })),
            row(&coming[nth], none.clone(), "not_yet_on_sale", "amber", json!({ "from": "2026-12-01" })),
            row(&boxes[nth], none.clone(), "carton_code", "amber", json!({ "holds": 24 })),
            row(
                &lot[nth],
                json!({ "lot": "L-8" }),
                "data_mismatch",
                "amber",
                json!({ "lot_differs": true, "expiry_differs": false, "product_differs": false }),
            ),
            row(&same_lot[nth], json!({ "lot": "l7" }), "genuine_first", "green", json!({})),
        ]
    })
}

/// The same for GS1 data: what scanners, packs and links give. The product's GTIN is 09520000002015.
async fn gs1_rows(gateway: &Gateway) -> [Vec<Row>; 2] {
    let (none, on) = (json!({}), [Life::Activated]);
    let (scanned, barred) = (batch(gateway, none.clone(), &on).await, batch(gateway, none.clone(), &on).await);
    let dated = json!({ "expiry": "2027-11-30" });
    let (linked, other_pack) = (batch(gateway, dated.clone(), &on).await, batch(gateway, dated, &on).await);
    let elsewhere = batch(gateway, none.clone(), &on).await;
    [0, 1].map(|nth| {
        let row = |code: &str, verdict, colour, detail| (code.to_owned(), json!({}), verdict, colour, detail);
        vec![
            row("036000291452", "not_unit_code", "grey", json!({ "item": "gtin" })),
            row("(01)09520000002015(10)L-7", "not_unit_code", "grey", json!({ "item": "gtin" })),
            row("]d2010952123454321321A1\u{1d}10X", "not_covered", "grey", json!({})),
            row("(01)09520000002015(21)A1", "unknown", "red", json!({})),
            row("(01)09520000002016(21)A1", "malformed", "grey", json!({ "read": 20, "expected": 20 })),
            row("]d2010952000000201521A1\u{1d}17271301", "malformed", "grey", json!({ "read": 28, "expected": 20 })),
            row(
                "https://id.example/01/09520000002015/21/A1?17=271301",
                "malformed",
                "grey",
                json!({ "read": 22, "expected": 20 }),
            ),
            row(&format!("(01)09520000002015(21){}", scanned[nth]), "genuine_first", "green", json!({})),
            row(&format!("]C121{}", barred[nth]), "genuine_first", "green", json!({})),
            row(
                &format!("https://id.example/01/09520000002015/10/l7/21/{}?17=271130", linked[nth]),
                "genuine_first",
                "green",
                json!({}),
            ),
            row(
                &format!("]d2010952000000101821{}", elsewhere[nth]),
                "data_mismatch",
                "amber",
                json!({ "lot_differs": false, "expiry_differs": false, "product_differs": true }),
            ),
            row(
                &format!("(01)09520000002015(21){}(10)L8(17)271200", other_pack[nth]),
                "data_mismatch",
                "amber",
                json!({ "lot_differs": true, "expiry_differs": true, "product_differs": false }),
            ),
        ]
    })
}

fn gateway(dir: &Path) -> Arc<Gateway> {
    let folder = Folder::all_in(dir);
    Gateway::init(&folder).unwrap();
    let settings = Settings { quotas: Quotas::wide(), ..Settings::default() };
    Arc::new(Gateway::open(folder, settings, Arc::new(|| NOW)).unwrap())
}

#[tokio::test]
async fn the_core_and_http_say_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let gateway = gateway(dir.path());
    let [mut direct, mut by_http] = rows(&gateway).await;
    let [more_direct, more_by_http] = gs1_rows(&gateway).await;
    direct.extend(more_direct);
    by_http.extend(more_by_http);
    for (nth, (code, request, verdict, colour, _)) in direct.iter().enumerate() {
        let given = read_one(code);
        let lot = request.get("lot").and_then(Value::as_str).map(str::to_owned).or(given.lot);
        let inquiry = Inquiry {
            id: InquiryId { scope: "battery".to_owned(), key: nth.to_string(), valid_for: Duration::ZERO },
            channel: Channel::Api,
            asker: Asker::new(Identity::Network([127, 0, 0, 1].into()), Role::Shopper),
            route: None,
            language: Language::En,
            place: None,
            asked: EventTime::exact(NOW),
            request: contract::Request::Check,
            checks: vec![Check { number: given.number, means: Means::Typed, lot, expiry: given.expiry }],
        };
        let reply = gateway.verify(inquiry).await.unwrap();
        let answer = &reply.answers[0];
        assert_eq!((answer.verdict.kind().name(), answer.colour.name()), (*verdict, *colour), "{code}: {answer:?}");
        assert!(reply.receipt.is_some(), "{code}: what is answered has a receipt");
    }

    let bound = Bound::bind(HttpConfig { listen: ([127, 0, 0, 1], 0).into(), ..HttpConfig::default() }).await.unwrap();
    let (address, stop, mut serving) = (bound.address(), CancellationToken::new(), JoinSet::new());
    let ports = Ports {
        verify: Arc::<Gateway>::clone(&gateway),
        words: Arc::new(Words::load(None, jiff::tz::TimeZone::UTC).unwrap()),
        metrics: Arc::new(String::new),
        page_key: [7; 32],
        mounts: Vec::new(),
    };
    serving.spawn(bound.serve(ports, stop.clone()));
    for (code, mut request, verdict, colour, detail) in by_http {
        request["code"] = json!(code);
        let said = ask(address, &request, None).await.json();
        assert_eq!((&said["verdict"], &said["colour"]), (&json!(verdict), &json!(colour)), "{said}");
        let nothing = json!({});
        assert_eq!(said.get("detail").unwrap_or(&nothing), &detail, "{said}");
        assert!(said["receipt"].is_string(), "{said}");
    }
    stop.cancel();
    assert_eq!(serving.join_next().await.unwrap().unwrap(), 0, "nothing was cut");
    gateway.close();
}
