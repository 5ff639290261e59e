//! The page as a browser uses it, without scripts.

use contract::{Colour, Identity, Language, Number, Receipt, ReceiptView, Refusal, Timestamp, Verdict, VerdictKind};
use hyper::Request;
use support::http::{Answered, send};

use crate::Channel;

/// The value of a hidden field.
pub(crate) fn field(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    page.split_once(&start).and_then(|(_, rest)| rest.split_once('"')).unwrap().0.to_owned()
}

pub(crate) fn cookie(answered: &Answered) -> String {
    answered.header("set-cookie").split(';').next().unwrap().to_owned()
}

pub(crate) async fn submit(channel: &Channel, cookie: &str, fields: &str, headers: &[(&str, &str)]) -> Answered {
    let mut head = Request::post("/check").header("content-type", "application/x-www-form-urlencoded");
    if !cookie.is_empty() {
        head = head.header("cookie", cookie);
    }
    for (name, value) in headers {
        head = head.header(*name, *value);
    }
    send(channel.address, head, fields.to_owned()).await
}

#[tokio::test]
async fn a_form_sent_twice_is_one_check_and_its_answer_survives_a_refresh() {
    let channel = Channel::up().await;
    channel
        .core
        .answer(Number::Digits("1234".to_owned()), Verdict::Recalled { reason: Some("<b>glass</b>".to_owned()) });
    let page = channel.get("/?lang=en").await;
    assert!(page.body.contains("<html lang=\"en\">"));
    let (visitor, once) = (cookie(&page), field(&page.body, "once"));
    let fields = format!("once={once}&lang=en&code=12+34&lot=&expiry=");
    let first = submit(&channel, &visitor, &fields, &[]).await;
    assert_eq!(first.status, 303, "{}", first.body);
    let second = submit(&channel, &visitor, &fields, &[]).await;
    assert_eq!(second.header("location"), first.header("location"));
    assert_eq!(channel.core.recorded(), 1);

    let shown = channel.get(first.header("location")).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(shown.body.contains("role=\"status\"") && shown.body.contains("class=\"answer red\""), "{}", shown.body);
    let sign = "aria-label=\"Colour of the sign: red, caution\"";
    assert!(shown.body.contains(sign), "a colour is never the only sign: {}", shown.body);
    assert!(shown.body.contains("glass") && !shown.body.contains("<b>glass"), "what comes from outside is escaped");
    assert_eq!(channel.get(first.header("location")).await.body, shown.body);
    assert_eq!(channel.core.asked().len(), 1, "no GET asks the core");

    let other = submit(&channel, &visitor, &fields.replace("12+34", "99"), &[]).await;
    assert_ne!(other.header("location"), first.header("location"), "the back button and another number: another check");
    let asked = channel.core.asked();
    assert_eq!(asked[0].asker, asked[1].asker);
    assert!(matches!(asked[0].asker.identity, Identity::Cookie(_)));
    assert_eq!(asked[0].language, Language::En);
}

#[tokio::test]
async fn a_browser_keeps_its_cookie_and_a_forged_one_is_replaced() {
    let channel = Channel::up().await;
    let visitor = cookie(&channel.get("/").await);
    let again = send(channel.address, Request::get("/").header("cookie", &visitor), "").await;
    assert_eq!(again.header("set-cookie"), "");
    let forged = format!("{visitor}0");
    let replaced = send(channel.address, Request::get("/").header("cookie", forged), "").await;
    assert!(replaced.header("set-cookie").contains("HttpOnly; SameSite=Lax"));
}

#[tokio::test]
async fn who_throws_cookies_away_is_known_by_its_address() {
    let channel = Channel::with("newcomers_per_hour = 1").await;
    let once = field(&channel.get("/").await.body, "once");
    assert_eq!(channel.get("/").await.header("set-cookie"), "");
    submit(&channel, "", &format!("once={once}&code=1"), &[]).await;
    assert!(matches!(channel.core.asked()[0].asker.identity, Identity::Network(_)));
}

#[tokio::test]
async fn a_form_of_another_site_or_of_nobody_asks_nothing() {
    let channel = Channel::up().await;
    let page = channel.get("/").await;
    let (visitor, once) = (cookie(&page), field(&page.body, "once"));
    let fields = format!("once={once}&code=1");
    let foreign = submit(&channel, &visitor, &fields, &[("origin", "https://evil.example")]).await;
    assert_eq!(foreign.status, 403);
    let forged = submit(&channel, &visitor, "once=0123&code=1", &[]).await;
    assert_eq!(forged.status, 400);
    assert!(!field(&forged.body, "once").is_empty(), "a fresh form comes back");
    let empty = submit(&channel, &visitor, &format!("once={once}&code=++"), &[]).await;
    assert_eq!(empty.status, 400);
    assert!(channel.core.asked().is_empty());
}

#[tokio::test]
async fn an_answer_no_longer_kept_falls_back_to_its_receipt() {
    let channel = Channel::up().await;
    let receipt = Receipt::from_body(5).unwrap();
    let verdicts = vec![(VerdictKind::GenuineFirst, Colour::Green)];
    channel.core.know_receipt(ReceiptView { receipt, at: Timestamp(1_795_400_040_000), verdicts });
    let shown = channel.get(&format!("/answer/gone?receipt={receipt}&lang=en")).await;
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("23 November 2026"), "{}", shown.body);
    assert_eq!(channel.get("/answer/gone?lang=en").await.status, 404);
    assert_eq!(channel.get("/receipt?number=123&lang=en").await.status, 404);
    assert!(channel.core.asked().is_empty());
}

#[tokio::test]
async fn what_goes_wrong_is_said_in_words() {
    let channel = Channel::up().await;
    let page = channel.get("/").await;
    let (visitor, once) = (cookie(&page), field(&page.body, "once"));
    channel.core.refuse_next(Refusal::Overloaded);
    let busy = submit(&channel, &visitor, &format!("once={once}&lang=en&code=1"), &[]).await;
    assert_eq!((busy.status.as_u16(), busy.header("retry-after")), (503, "1"));
    assert!(busy.header("content-type").starts_with("text/html"));
    let html = Request::get("/nowhere").header("accept", "text/html").header("accept-language", "en");
    let lost = send(channel.address, html, "").await;
    assert_eq!(lost.status, 404);
    assert!(lost.body.contains("There is no such page."), "{}", lost.body);
}

#[tokio::test]
async fn every_page_is_small_and_guarded_and_the_one_script_is_ours() {
    let channel = Channel::up().await;
    let style = channel.get("/style.css").await;
    assert_eq!(style.status, 200);
    let report = format!("/report?receipt={}", Receipt::from_body(5).unwrap());
    for (path, scripts) in [("/", 1), ("/?lang=zh-HK", 1), ("/receipt?lang=en", 0), (&report, 0)] {
        let page = channel.get(path).await;
        assert!(page.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert_eq!((page.header("x-content-type-options"), page.header("cache-control")), ("nosniff", "no-store"));
        assert_eq!((page.header("x-frame-options"), page.header("referrer-policy")), ("DENY", "same-origin"), "{path}");
        assert!(!page.body.contains("http://") && !page.body.contains("https://"), "{path}: nothing from elsewhere");
        assert_eq!(page.body.matches("<script src=\"/scan.js?v=").count(), scripts, "{path}");
        assert_eq!(page.body.matches("<script").count(), scripts, "{path}");
        assert!(!page.header("content-security-policy").contains("unsafe-inline"), "{path}");
        assert_eq!(page.header("content-security-policy").contains("script-src"), scripts == 1, "{path}");
        assert_eq!(page.header("permissions-policy").contains("camera=(self)"), scripts == 1, "{path}");
        assert!(page.body.len() + style.body.len() < 20_000, "{path}");
        assert!(page.body.contains("<label for="));
    }
}

#[tokio::test]
async fn a_language_once_chosen_is_kept() {
    let channel = Channel::up().await;
    let chosen = channel.get("/receipt?lang=zh-HK").await;
    let kept = chosen.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let kept = kept.filter(|value| value.starts_with("verigate_language=")).collect::<Vec<_>>();
    assert_eq!(kept, ["verigate_language=zh-HK; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"]);
    let shown = async |cookie: &str, path: &str| {
        let head = Request::get(path).header("cookie", cookie).header("accept-language", "en");
        send(channel.address, head, "").await.header("content-language").to_owned()
    };
    assert_eq!(shown("verigate_language=zh-HK", "/receipt").await, "zh-HK");
    assert_eq!(shown("verigate_language=zh-HK", "/receipt?lang=zh-Hans").await, "zh-Hans", "the address wins");
    for none in ["verigate_language=fr", "verigate_language=<b>", "verigate_language", "xverigate_language=zh-HK"] {
        assert_eq!(shown(none, "/receipt").await, "en", "{none}");
    }
    let again = Request::get("/receipt?lang=zh-HK").header("cookie", "verigate_language=zh-HK");
    assert_eq!(send(channel.address, again, "").await.header("set-cookie"), "", "it is kept already");
}

#[tokio::test]
async fn a_report_is_a_tip_about_its_receipt_and_is_recorded_once() {
    let channel = Channel::up().await;
    let about = Receipt::from_body(5).unwrap();
    let page = channel.get(&format!("/report?receipt={about}&lang=en")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let fields =
        format!("once={}&lang=en&receipt={about}&text=%3Cb%3Eseal%3C%2Fb%3E+broken%0D%0A", field(&page.body, "once"));
    let visitor = cookie(&page);
    let report = async |fields: &str, headers: &[(&str, &str)]| {
        let mut head = Request::post("/report").header("content-type", "application/x-www-form-urlencoded");
        head = head.header("cookie", &visitor);
        for (name, value) in headers {
            head = head.header(*name, *value);
        }
        send(channel.address, head, fields.to_owned()).await
    };
    let first = report(&fields, &[]).await;
    assert_eq!(first.status, 303, "{}", first.body);
    assert_eq!(report(&fields, &[]).await.header("location"), first.header("location"));
    assert_eq!(channel.core.recorded(), 1, "a second press is the same report");
    let asked = channel.core.asked().remove(0);
    let contract::Request::Tip(tip) = asked.request else { panic!("{:?}", asked.request) };
    assert_eq!((tip.receipt, tip.text.as_str()), (Some(about), "<b>seal</b> broken"));
    assert!(matches!(asked.asker.identity, Identity::Cookie(_)) && asked.checks.is_empty());

    let confirmed = channel.get(first.header("location")).await;
    assert!(confirmed.status == 200 && confirmed.body.contains("Your report is on record"), "{}", confirmed.body);
    let made_up = format!("/reported?receipt={about}&proof={}", "0".repeat(32));
    assert_eq!(channel.get(&made_up).await.status, 404, "nobody makes our page confirm what was not recorded");
    let foreign = report(&fields, &[("origin", "https://evil.example")]).await;
    assert_eq!(foreign.status, 403);
    let forged = report(&fields.replace("once=", "once=0"), &[]).await;
    assert_eq!(forged.status, 400);
    assert!(forged.body.contains("&#60;b&#62;seal&#60;/b&#62; broken"), "what was written comes back: {}", forged.body);
    assert_eq!(report("receipt=12", &[]).await.status, 400);
    assert_eq!(channel.get("/report?receipt=12").await.status, 404);
    assert_eq!(channel.core.recorded(), 1);
}

#[tokio::test]
async fn the_reader_of_codes_is_sent_packed_and_kept_for_ever() {
    let channel = Channel::up().await;
    let home = channel.get("/").await.body;
    let (_, rest) = home.split_once("href=\"/style.css").unwrap();
    let style = format!("/style.css{}", rest.split_once('"').unwrap().0);
    for (path, kind) in [(style.as_str(), "text/css"), ("/scan.js", "text/javascript"), ("/icon.svg", "image/svg+xml")]
    {
        let asset = channel.get(path).await;
        assert_eq!(asset.status, 200, "{path}");
        assert!(asset.header("content-type").starts_with(kind), "{path}");
    }
    let script = channel.get("/scan.js").await.body;
    for path in ["/scan/zxing-reader-3.1.4.js", "/scan/zxing-reader-3.1.4.wasm"] {
        assert!(script.contains(path), "the script loads {path}");
        let head = send(channel.address, Request::head(path), "").await;
        assert_eq!((head.status.as_u16(), head.header("content-encoding")), (200, "gzip"), "{path}");
        assert!(head.header("cache-control").contains("immutable"), "{path}");
    }
    let docs = channel.get("/docs").await;
    assert!(docs.status == 200 && docs.body.contains("POST /v1/checks"), "{}", docs.body);
}
