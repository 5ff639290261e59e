//! The page that a GS1 link leads to.

use contract::{Day, Means, Number, Verdict};
use hyper::Request;
use support::http::send;

use crate::Channel;
use crate::page::{cookie, field, submit};

const LINK: &str = "/01/09520000002015/10/L-7/21/12345678901234567890?17=271130&lang=en";

fn item(serial: &str) -> Number {
    Number::Gs1 { gtin: "09520000002015".to_owned(), serial: Some(serial.to_owned()) }
}

#[tokio::test]
async fn a_link_shows_what_will_be_asked_and_asks_nothing_until_its_button_is_pressed() {
    let channel = Channel::up().await;
    channel.core.answer(item("12345678901234567890"), Verdict::GenuineFirst);
    let page = channel.get(LINK).await;
    assert_eq!(page.status, 200, "{}", page.body);
    for shown in ["09520000002015", "12345 67890 12345 67890", "L-7", "2027-11-30", "recorded only when you press"] {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    assert!(!page.body.contains("<script"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert_eq!(page.header("cache-control"), "no-store");
    let head = send(channel.address, Request::head(LINK), "").await;
    assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""));
    assert!(channel.core.asked().is_empty(), "neither GET nor HEAD asks the core");

    let code = field(&page.body, "code").replace("]", "%5D").replace('{', "%7B").replace('}', "%7D");
    let fields = format!("once={}&lang=en&code={code}", field(&page.body, "once"));
    let (visitor, first) = (cookie(&page), submit(&channel, &cookie(&page), &fields, &[]).await);
    assert_eq!(first.status, 303, "{}", first.body);
    assert_eq!(submit(&channel, &visitor, &fields, &[]).await.header("location"), first.header("location"));
    assert_eq!(channel.core.recorded(), 1, "a second press is the same check");
    let check = &channel.core.asked()[0].checks[0];
    assert_eq!((&check.number, check.means), (&item("12345678901234567890"), Means::Scanned));
    assert_eq!((check.lot.as_deref(), check.expiry), (Some("L-7"), Day::new(2027, 11, 30)));
    assert!(channel.get(first.header("location")).await.body.contains("class=\"answer green\""));
}

#[tokio::test]
async fn every_language_has_its_page_and_links_to_the_others() {
    let channel = Channel::up().await;
    for (tag, said) in [("zh-Hans", "点“查询”后"), ("zh-HK", "按「查核」後"), ("en", "press “Check”")]
    {
        let path = format!("/01/09520000002015/21/A%2F1?17=271130&lang={tag}");
        let page = channel.get(&path).await;
        assert!(page.body.contains(said) && page.body.contains("A/1"), "{tag}: {}", page.body);
        for other in ["zh-Hans", "zh-HK", "en"].iter().filter(|other| **other != tag) {
            let link = format!("/01/09520000002015/21/A%2F1?17=271130&#38;lang={other}");
            assert!(page.body.contains(&link), "{tag} to {other}: {}", page.body);
        }
    }
    let other_name = channel.get("/gtin/9520000002015/ser/%3Cb%3E?lang=en").await;
    assert!(other_name.body.contains("&#60;b&#62;") && !other_name.body.contains("<b>"), "{}", other_name.body);
}

#[tokio::test]
async fn a_link_that_is_none_of_a_unit_says_so_and_asks_nothing() {
    let channel = Channel::up().await;
    for (path, status, said) in [
        ("/01/09520000002016/21/A1", 400, "does not carry"),
        ("/01/09520000002015/21/A1?17=271301", 400, "does not carry"),
        ("/01/09520000002015/21/A%231", 400, "does not carry"),
        ("/01/09520000002015/21/123456789012345678901", 400, "does not carry"),
        ("/01/09520000002015", 404, "a kind of goods"),
        ("/01/09520000002015/10/L7", 404, "a kind of goods"),
        ("/01/tea/21/A1", 404, "no such page"),
        ("/01/", 404, "no such page"),
    ] {
        let html = Request::get(path).header("accept-language", "en").header("accept", "text/html");
        let page = send(channel.address, html, "").await;
        assert_eq!(page.status.as_u16(), status, "{path}: {}", page.body);
        assert!(page.body.contains(said) && page.body.contains("href=\"/?lang=en\""), "{path}: {}", page.body);
        assert_eq!(page.header("set-cookie"), "", "{path}");
    }
    let posted =
        send(channel.address, Request::post("/01/09520000002015/21/A1").header("accept-language", "en"), "").await;
    assert_eq!(posted.status, 405);
    assert!(channel.core.asked().is_empty());
}

#[tokio::test]
async fn a_form_that_was_open_too_long_keeps_its_number() {
    let channel = Channel::up().await;
    let page = channel.get(LINK).await;
    let code = field(&page.body, "code");
    let sent = code.replace("]", "%5D").replace('{', "%7B").replace('}', "%7D");
    let again = submit(&channel, &cookie(&page), &format!("once=0123&lang=en&code={sent}"), &[]).await;
    assert_eq!(again.status, 400);
    assert_eq!(field(&again.body, "code"), code);
    assert!(again.body.contains("open for too long"), "{}", again.body);
    let typed = submit(&channel, "", "once=0123&lang=en&code=12+34", &[]).await;
    assert!(typed.body.contains("value=\"12 34\""), "{}", typed.body);
    assert!(channel.core.asked().is_empty());
}
