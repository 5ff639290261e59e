//! Bodies as programs send them, right and wrong.

use proptest::prelude::*;

use super::*;

fn fault(body: &str) -> Unreadable {
    read_check(body.as_bytes(), Confidence::Low).unwrap_err()
}

#[test]
fn a_full_body_is_read_with_its_claims_kept_as_claims() {
    let body = r#"{"code":"1234 5678 9012 3456 7890","language":"zh-hk","lot":"a-12 b","expiry":"2027-03-31",
        "place":{"city":"深圳","district":"福田","lat":22.54321,"lon":-0.5,"radius_km":2}}"#;
    let request = read_check(body.as_bytes(), Confidence::Low).unwrap();
    assert_eq!(request.check.number, Number::Digits("12345678901234567890".to_owned()));
    assert_eq!(request.check.lot.as_deref(), Some("A12B"));
    assert_eq!(request.check.expiry.unwrap().to_string(), "2027-03-31");
    assert_eq!(request.language, Some(Language::ZhHk));
    let place = request.place.unwrap();
    assert_eq!((place.city.as_str(), place.confidence), ("深圳", Confidence::Low));
    assert_eq!(place.point.unwrap(), Point { lat_e5: 2_254_321, lon_e5: -50_000, radius_km: 2 });
}

#[test]
fn a_city_alone_is_a_place() {
    let request = read_check(r#"{"code":"1","place":"深圳"}"#.as_bytes(), Confidence::Low).unwrap();
    assert_eq!(request.place.unwrap().city, "深圳");
}

#[test]
fn every_fault_says_where_it_is() {
    assert_eq!(fault("{\n  \"code\": 12}").position, Some((2, 12)));
    assert_eq!(fault("{\n  \"code\": 12}").field.as_deref(), Some("code"));
    assert!(fault(r#"{"code":"1","colour":"red"}"#).fault.starts_with("unknown field `colour`"));
    assert_eq!(fault(r#"{"code":"1","place":{"town":"x"}}"#).field.as_deref(), Some("place.town"));
    assert_eq!(fault(r#"{"code":"1","place":{"city":""}}"#).field.as_deref(), Some("place.city"));
    assert_eq!(fault(r#"{"code":"1","place":{"city":"x","lat":91,"lon":0}}"#).field.as_deref(), Some("place.lat"));
    assert_eq!(fault(r#"{"code":"1","place":{"city":"x","lat":9}}"#).field.as_deref(), Some("place.lon"));
    assert_eq!(fault(r#"{"code":"1","expiry":"soon"}"#).field.as_deref(), Some("expiry"));
    assert_eq!(fault(r#"{"code":"1","language":"fr"}"#).fault, "expected one of zh-Hans, zh-HK, en");
    assert!(fault(r#"{"code":"1"} {}"#).fault.starts_with("trailing characters"));
    assert!(fault(r#"{"code":"1","code":"2"}"#).fault.starts_with("duplicate field"));
}

#[test]
fn bytes_that_are_no_text_and_nesting_without_end_are_refused() {
    assert!(read_check(b"{\"code\":\"\xff\xfe\"}", Confidence::Low).is_err());
    let deep = format!("{{\"code\":{}", "[".repeat(60_000));
    assert!(read_check(deep.as_bytes(), Confidence::Low).is_err());
}

#[test]
fn an_event_names_its_units_and_refuses_too_many() {
    let body = r#"{"event":"sold","codes":["1234","ABC1"],"at":"2026-11-23T10:00:00Z","reason":"till 4"}"#;
    let request = read_event(body.as_bytes(), Confidence::Medium).unwrap();
    assert_eq!((request.life, request.lifted, request.numbers.len()), (Life::Sold, false, 2));
    assert_eq!(request.at.unwrap().to_string(), "2026-11-23T10:00:00Z");
    let many = format!(r#"{{"event":"sold","codes":[{}"1"]}}"#, r#""1","#.repeat(1_000));
    let error = read_event(many.as_bytes(), Confidence::Low).unwrap_err();
    assert_eq!(error.fault, "expected 1 to 1000 codes, got 1001");
    let blank = read_event(br#"{"event":"sold","codes":["1",""]}"#, Confidence::Low).unwrap_err();
    assert_eq!(blank.field.as_deref(), Some("codes[1]"));
    assert!(read_event(br#"{"event":"eaten","codes":["1"]}"#, Confidence::Low).is_err());
}

#[test]
fn the_committed_corpus_is_read_or_refused() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/api");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let body = std::fs::read(entry.unwrap().path()).unwrap();
        read += usize::from(read_check(&body, Confidence::Low).is_ok());
        read += usize::from(read_event(&body, Confidence::Low).is_ok());
    }
    assert!(read >= 4, "the corpus still holds bodies that are read, got {read}");
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        drop(read_check(&bytes, Confidence::Low));
        drop(read_event(&bytes, Confidence::Low));
    }

    #[test]
    fn any_text_as_a_code_is_read_or_refused(code in ".{0,200}", lot in ".{0,80}", expiry in ".{0,30}") {
        let body = serde_json::json!({ "code": code, "lot": lot, "expiry": expiry }).to_string();
        drop(read_check(body.as_bytes(), Confidence::Low));
    }
}
