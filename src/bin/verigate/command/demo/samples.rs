//! Numbers for every verdict that a single request can show, minted and seeded anew.
//!
//! `genuine_again` needs an asker that we know, `unavailable`, `degraded` and `rate_limited` need a fault or a crowd: they
//! are not here.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use contract::receipt::damm_step;
use contract::{
    Asker, Channel, Check, Confidence, Day, EventTime, Identity, Inquiry, InquiryId, Language, Life, Means, Number,
    Place, Point, Role, Timestamp, Verify as _,
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use verigate::index::Batch;
use verigate::index::catalogue::{BatchOrder, Selector, source};
use verigate::ledger::writer::{Order, Outcome};
use verigate::verify::Gateway;

/// Codes of a sample whose verdict each code shows only once.
const ONCE: u64 = 50;
/// Codes of a sample that shows its verdict however often it is asked.
const OFTEN: u64 = 5;
const BY: &str = "demo";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The demo's catalogue.
const CATALOGUE: &str = include_str!("../../../../../fixtures/demo/catalogue.toml");
/// Openly printed, no shelf life, sold everywhere.
const WINE: &str = "shoal-lychee-wine";
/// Its GTIN.
const WINE_GTIN: &str = "09520000001025";
/// With a shelf life.
const TEA: &str = "ridge-oolong";

const SHENZHEN: (&str, i32, i32) = ("深圳", 2_254_300, 11_405_800);
const BEIJING: (&str, i32, i32) = ("北京", 3_990_400, 11_640_700);

/// Codes that show a verdict.
#[derive(Debug, Serialize)]
pub(super) struct Sample {
    /// The verdict.
    pub(super) verdict: &'static str,
    /// Its colour.
    pub(super) colour: &'static str,
    /// The codes.
    pub(super) codes: Vec<String>,
    /// A code shows the verdict however often it is asked.
    reusable: bool,
    /// The body of the request besides `code`.
    request: Value,
}

impl Sample {
    fn new(verdict: &'static str, colour: &'static str, codes: Vec<String>, reusable: bool) -> Self {
        Self { verdict, colour, codes, reusable, request: json!({}) }
    }

    /// What has to be given besides the code, for the table.
    pub(super) fn hint(&self) -> String {
        self.request.get("lot").and_then(Value::as_str).map_or_else(String::new, |lot| format!("  with lot {lot}"))
    }
}

/// Mints and seeds every sample.
pub(super) async fn mint(gateway: &Arc<Gateway>, now: Timestamp) -> anyhow::Result<Vec<Sample>> {
    let mint = Mint { gateway, now };
    if gateway.catalogue().products().is_empty() {
        let change = source::parse_toml(CATALOGUE.as_bytes(), BY).context("the demo's catalogue cannot be read")?;
        let order = Order::Change { makers: change.makers, products: change.products, by: BY.to_owned() };
        gateway.order(order).await?;
    }
    let mut samples = mint.of_no_unit().await?;
    samples.extend(mint.marked().await?);
    samples.extend(mint.by_life().await?);
    samples.extend(mint.by_history().await?);
    Ok(samples)
}

struct Mint<'a> {
    gateway: &'a Arc<Gateway>,
    now: Timestamp,
}

impl Mint<'_> {
    fn order(&self, product: &str, count: u64) -> BatchOrder {
        BatchOrder {
            product: product.to_owned(),
            count,
            lot: format!("D{}", self.today().to_string().replace('-', "")),
            level: 1,
            holds: 1,
            parent: None,
            made: None,
            expiry: None,
            on_sale_from: None,
            concealment: None,
            by: BY.to_owned(),
        }
    }

    fn today(&self) -> Day {
        self.now.day_in(&jiff::tz::TimeZone::UTC)
    }

    fn ago(&self, days: u32) -> Timestamp {
        self.now.minus(DAY * days)
    }

    async fn issue(&self, order: BatchOrder, at: Option<Timestamp>) -> anyhow::Result<(Batch, Vec<String>)> {
        let Outcome::Issued { batch, .. } = self.gateway.order(Order::Issue { order, at }).await? else {
            anyhow::bail!("an issue order came to something else");
        };
        let numbers = self.gateway.catalogue().numbers(&batch, 0).collect();
        Ok((*batch, numbers))
    }

    /// Issued 30 days ago and released.
    async fn active(&self, order: BatchOrder) -> anyhow::Result<(Batch, Vec<String>)> {
        let (batch, numbers) = self.issue(order, Some(self.ago(30))).await?;
        self.live(Selector::Batch { batch: batch.id }, Life::Activated, self.ago(29), None).await?;
        Ok((batch, numbers))
    }

    async fn live(&self, target: Selector, life: Life, at: Timestamp, reason: Option<&str>) -> anyhow::Result<()> {
        let order = Order::Live {
            target,
            life,
            lifted: false,
            at: Some(at),
            by: BY.to_owned(),
            city: Some(SHENZHEN.0.to_owned()),
            reason: reason.map(str::to_owned),
        };
        self.gateway.order(order).await?;
        Ok(())
    }

    /// Somebody asked about each of these numbers, so long ago by their own clock.
    async fn asked(&self, codes: &[String], who: &str, place: (&str, i32, i32), ago: Duration) -> anyhow::Result<()> {
        let mut asking = JoinSet::new();
        for code in codes {
            let gateway = Arc::clone(self.gateway);
            let inquiry = self.inquiry(code, who, place, ago);
            asking.spawn(async move { gateway.verify(inquiry).await });
        }
        while let Some(asked) = asking.join_next().await {
            asked?.context("a seed was refused")?;
        }
        Ok(())
    }

    fn inquiry(&self, code: &str, who: &str, (city, lat_e5, lon_e5): (&str, i32, i32), ago: Duration) -> Inquiry {
        let place = Place {
            city: city.to_owned(),
            district: None,
            point: Some(Point { lat_e5, lon_e5, radius_km: 10 }),
            confidence: Confidence::High,
        };
        Inquiry {
            id: InquiryId { scope: "demo".to_owned(), key: who.to_owned(), valid_for: Duration::ZERO },
            channel: Channel::Kiosk,
            asker: Asker::new(Identity::Cookie(format!("demo {who}")), Role::Shopper),
            route: None,
            language: Language::ZhHans,
            place: Some(place),
            asked: EventTime::exact(self.now.minus(ago)),
            request: contract::Request::Check,
            checks: vec![Check {
                number: Number::Digits(code.to_owned()),
                means: Means::Scanned,
                lot: None,
                expiry: None,
            }],
        }
    }

    async fn of_no_unit(&self) -> anyhow::Result<Vec<Sample>> {
        let (_, numbers) = self.active(self.order(WINE, OFTEN)).await?;
        let typos = numbers.iter().map(|number| with_digit(number, 19, 1)).collect();
        let unknown = numbers.iter().map(|number| rechecked(&with_digit(number, 16, 1))).collect();
        let short: Vec<String> = ["12345", "2006042500000000000", "200604250000000000001"].map(str::to_owned).to_vec();
        Ok(vec![
            Sample::new("malformed", "grey", short, true),
            Sample::new("typo", "grey", typos, true),
            Sample::new("not_unit_code", "grey", vec!["9520000001025".to_owned()], true),
            Sample::new("not_covered", "grey", vec!["(01)09506000134352(21)A1B2C3".to_owned()], true),
            Sample::new("unknown", "red", unknown, true),
        ])
    }

    async fn marked(&self) -> anyhow::Result<Vec<Sample>> {
        let mut samples = Vec::new();
        for (verdict, life, reason) in [
            ("compromised", Life::Compromised, None),
            ("stolen", Life::Stolen, None),
            ("recalled", Life::Recalled, Some("瓶盖密封不良 / faulty seal")),
            ("withdrawn", Life::Withdrawn, None),
        ] {
            let (batch, codes) = self.active(self.order(WINE, OFTEN)).await?;
            self.live(Selector::Batch { batch: batch.id }, life, self.ago(1), reason).await?;
            samples.push(Sample::new(verdict, "red", codes, true));
        }
        let past = |days| Some(self.ago(days).day_in(&jiff::tz::TimeZone::UTC));
        let expired = BatchOrder { made: past(800), expiry: past(10), ..self.order(TEA, OFTEN) };
        samples.push(Sample::new("expired", "red", self.active(expired).await?.1, true));
        Ok(samples)
    }

    async fn by_life(&self) -> anyhow::Result<Vec<Sample>> {
        let (_, stale) = self.issue(self.order(WINE, OFTEN), Some(self.ago(30))).await?;
        let (_, fresh) = self.issue(self.order(WINE, ONCE), None).await?;
        let from = Some(self.now.plus(DAY * 30).day_in(&jiff::tz::TimeZone::UTC));
        let (_, early) = self.active(BatchOrder { on_sale_from: from, ..self.order(WINE, ONCE) }).await?;
        let (_, sold) = self.active(self.order(WINE, OFTEN)).await?;
        self.live(Selector::Units { numbers: sold.clone() }, Life::Sold, self.ago(3), None).await?;
        let (_, boxes) = self.active(BatchOrder { level: 2, holds: 24, ..self.order(WINE, ONCE) }).await?;
        Ok(vec![
            Sample::new("not_activated", "red", stale, true),
            Sample::new("not_activated", "amber", fresh, false),
            Sample::new("not_yet_on_sale", "amber", early, false),
            Sample::new("sold_before", "red", sold, true),
            Sample::new("carton_code", "amber", boxes, false),
        ])
    }

    async fn by_history(&self) -> anyhow::Result<Vec<Sample>> {
        // Beyond the sessions that a history lists, an early sighting is forgotten: each code is good for one certain answer.
        let (_, travelled) = self.active(self.order(WINE, ONCE)).await?;
        self.asked(&travelled, "traveller 1", SHENZHEN, Duration::from_secs(40 * 60)).await?;
        self.asked(&travelled, "traveller 2", BEIJING, Duration::from_secs(20 * 60)).await?;
        let (_, crowded) = self.active(self.order(WINE, OFTEN)).await?;
        for nth in 1..=6 {
            self.asked(&crowded, &format!("visitor {nth}"), SHENZHEN, Duration::ZERO).await?;
        }
        let (_, seen) = self.active(self.order(WINE, ONCE)).await?;
        self.asked(&seen, "visitor 1", SHENZHEN, Duration::ZERO).await?;
        let (_, other) = self.active(self.order(WINE, ONCE)).await?;
        let (_, first) = self.active(self.order(WINE, ONCE)).await?;
        let (_, barred) = self.active(self.order(WINE, ONCE)).await?;
        let barred = barred.iter().map(|number| format!("(01){WINE_GTIN}(21){number}")).collect();
        let mut mismatch = Sample::new("data_mismatch", "amber", other, false);
        mismatch.request = json!({ "lot": "X-0000" });
        Ok(vec![
            Sample::new("impossible_travel", "red", travelled, false),
            Sample::new("overchecked", "red", crowded, true),
            mismatch,
            Sample::new("genuine_seen", "amber", seen, false),
            Sample::new("genuine_first", "green", first, false),
            // The same as a pack's two-dimensional bar code carries it; `/01/{GTIN}/21/{number}` is its page.
            Sample::new("genuine_first", "green", barred, false),
        ])
    }
}

/// The number with one of its digits moved on.
fn with_digit(number: &str, at: usize, by: u32) -> String {
    let moved = |(nth, digit): (usize, char)| {
        let value = digit.to_digit(10).filter(|_| nth == at).map(|value| (value + by) % 10);
        value.and_then(|value| char::from_digit(value, 10)).unwrap_or(digit)
    };
    number.chars().enumerate().map(moved).collect()
}

/// The number with the check digit that its other digits call for.
fn rechecked(number: &str) -> String {
    let mut body: String = number.chars().take(19).collect();
    let digit = body.bytes().fold(0, |interim, byte| damm_step(interim, byte.wrapping_sub(b'0')));
    body.push(char::from(b'0' + digit));
    body
}
