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
    assert!(shown.body.contains("✕"), "a colour is never the only sign");
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
async fn every_page_is_small_guarded_and_without_scripts() {
    let channel = Channel::up().await;
    let style = channel.get("/style.css").await;
    assert_eq!(style.status, 200);
    for path in ["/", "/?lang=zh-HK", "/receipt?lang=en"] {
        let page = channel.get(path).await;
        assert!(page.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert_eq!((page.header("x-content-type-options"), page.header("cache-control")), ("nosniff", "no-store"));
        assert!(!page.body.contains("<script") && !page.body.contains("http://") && !page.body.contains("https://"));
        assert!(page.body.len() + style.body.len() < 20_000, "{path}");
        assert!(page.body.contains("<label for="));
    }
}
