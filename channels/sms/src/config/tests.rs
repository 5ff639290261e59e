//! The section as operators write it, right and wrong.

use super::*;

const WHOLE: &str = r#"
    country = "852"
    [[server]]
    listen = "127.0.0.1:2775"
    [[account]]
    name = "aggregator"
    system_id = "aggr"
    password = { password_env = "AGGREGATOR" }
    from = ["192.0.2.0/24", "2001:db8::1"]
    [[link]]
    name = "carrier-a"
    group = "carriers"
    addresses = ["smsc1.example:2775", "smsc2.example:2775"]
    system_id = "verigate"
    password = { password_file = "/etc/verigate/carrier-a" }
    bind = "pair"
    version = "3.3"
    receipts = "on_failure"
    limits = { window = 10, rate = 50 }
"#;

fn config(text: &str) -> SmsConfig {
    toml::from_str(text).unwrap()
}

fn check(text: &str) -> Result<Settings, ConfigError> {
    config(text).check(&|_| Ok("secret".to_owned()))
}

#[test]
fn accounts_and_links_are_links_of_groups() {
    let settings = check(WHOLE).unwrap();
    let [account, link] = &settings.links[..] else { panic!("two links") };
    assert_eq!((&*account.name, &*account.group, &*account.country), ("aggregator", "aggregator", "852"));
    assert_eq!((&*link.name, &*link.group, link.rate), ("carrier-a", "carriers", Some(50)));
    let dial = link.dial().unwrap();
    assert_eq!(dial.kinds, [BindKind::Transmitter, BindKind::Receiver]);
    assert_eq!((dial.bind.version, &*dial.bind.password.0), (0x33, "secret"));
    assert!(!format!("{settings:?}").contains("\"secret\""), "no password is shown");
    let from = &account.account().unwrap().from;
    let may = |address: &str| from.iter().any(|range| range.holds(address.parse().unwrap()));
    assert!(may("192.0.2.200") && may("::ffff:192.0.2.1") && may("2001:db8::1"));
    assert!(!may("192.0.3.1") && !may("2001:db8::2"));
}

#[test]
fn what_cannot_work_is_named() {
    let with = |from: &str, to: &str| check(&WHOLE.replace(from, to)).unwrap_err().to_string();
    for (from, to, message) in [
        ("window = 10", "window = 0", "carrier-a.limits.window: expected 1 to 10000, got 0"),
        ("\"852\"", "\"+852\"", "a calling code of 1 to 4 digits"),
        ("\"aggregator\"", "\"A B\"", "got \"A B\""),
        ("\"aggregator\"", "\"carrier-a\"", "the name carrier-a is taken"),
        ("192.0.2.0/24", "192.0.2.0/33", "192.0.2.0/33"),
        ("smsc1.example:2775", "smsc1.example", "expected host:port"),
        ("bind = \"pair\"", "bind = \"transceiver\"", "knows no transceiver"),
        ("addresses = [\"smsc1.example:2775\", \"smsc2.example:2775\"]", "", "expected addresses to dial"),
        ("\"verigate\"", "\"a-system-id-too-long\"", "system_id: expected 1 to 15 ASCII characters"),
    ] {
        let error = with(from, to);
        assert!(error.contains(message), "{error}");
    }
    assert!(toml::from_str::<SmsConfig>("link = [{ name = \"a\", adresses = [] }]").is_err());
}
