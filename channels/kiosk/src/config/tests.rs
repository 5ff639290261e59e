//! Sections as operators write them.

use std::net::SocketAddr;

use contract::Confidence;

use super::*;

fn checked(text: &str) -> Result<Settings, String> {
    let section: KioskConfig = toml::from_str(text).map_err(|error| error.to_string())?;
    let secret = |place: &SecretPlace| match &place.env {
        Some(said) => Ok(said.clone()),
        None => Err("no place".into()),
    };
    section.check(&secret).map_err(|error| error.to_string())
}

#[test]
fn a_fleet_of_every_kind_of_line_is_read() {
    let settings = checked(
        r#"
        same_s = 7
        [[server]]
        listen = "127.0.0.1:4001"
        anyone = { output = ["json-lines"] }
        [[terminal]]
        name = "mall-7-a"
        mall = "东门"
        place = { city = "深圳", district = "罗湖", lat = 22.54, lon = 114.06 }
        tty = "/dev/serial/by-id/usb-*"
        serial = { baud = 115200, parity = "even", data_bits = 7 }
        device = { output = ["ack", "cd5220"], encoding = "gbk" }
        [[terminal]]
        name = "mall-7-b"
        dial = { address = "nport.example:4001", rfc2217 = true }
        [[terminal]]
        name = "mall-8-a"
        registration = { env = "D4AD20A1B2C3" }
        device = { heartbeat = "HB" }
        [[terminal]]
        name = "mall-9-a"
        from = "192.0.2.9"
        role = "trade"
        "#,
    )
    .unwrap();
    assert_eq!(settings.same_for, Duration::from_secs(7));
    let [first, second, third, fourth] = &settings.terminals[..] else { panic!("four terminals") };
    let place = first.place.as_ref().unwrap();
    assert_eq!((place.confidence, place.point.unwrap().lat_e5), (Confidence::High, 2_254_000));
    assert_eq!((first.device.encoding, first.device.output.len()), (Encoding::Gbk, 2));
    assert!(matches!(&second.way, Way::Dial { port: Some(_), .. }));
    assert!(matches!(&third.way, Way::Registers(said) if &*said.0 == b"D4AD20A1B2C3"));
    assert!(matches!(&fourth.way, Way::From(_)));
    assert_eq!(settings.servers[0].listen, "127.0.0.1:4001".parse::<SocketAddr>().unwrap());
    assert!(settings.servers[0].anyone.as_ref().unwrap().has(Profile::JsonLines));
}

#[test]
fn what_cannot_work_is_refused_by_its_name() {
    for (text, told) in [
        ("same_s = 0", "same_s"),
        ("wait_ms = 3000", "give_up_ms"),
        ("[[terminal]]\nname = \"A\"\ntty = \"/dev/x\"", "expected a name"),
        ("[[terminal]]\nname = \"a\"", "exactly one"),
        ("[[terminal]]\nname = \"a\"\ntty = \"/dev/x\"\nfrom = \"192.0.2.1\"", "exactly one"),
        ("[[terminal]]\nname = \"a\"\ntty = \"x\"\n[[terminal]]\nname = \"a\"\ntty = \"y\"", "is taken"),
        ("[[terminal]]\nname = \"a\"\ntty = \"x\"\nserial = { baud = 7 }", "serial.baud"),
        ("[[terminal]]\nname = \"a\"\ntty = \"x\"\nplace = { city = \"\" }", "place.city"),
        ("[[terminal]]\nname = \"a\"\ntty = \"x\"\nplace = { city = \"b\", lat = 1.0 }", "lat"),
        ("[[terminal]]\nname = \"a\"\ntty = \"x\"\ndevice = { output = [] }", "output"),
        ("[[terminal]]\nname = \"a\"\ntty = \"x\"\ndevice = { encoding = \"big5\" }", "big5"),
        ("[[terminal]]\nname = \"a\"\ntty = \"x\"\ndevice = { gap_ms = 5 }", "gap_ms"),
        ("[[terminal]]\nname = \"a\"\nregistration = { env = \"abc\" }", "4 to 128"),
        ("[[terminal]]\nname = \"a\"\nregistration = {}", "cannot be had"),
        (
            "[[terminal]]\nname = \"a\"\nregistration = { env = \"abcd\" }\n[[terminal]]\nname = \"b\"\nregistration = { env = \"abcde\" }",
            "begins with the same",
        ),
        (
            "[[terminal]]\nname = \"a\"\nfrom = \"192.0.2.1\"\n[[terminal]]\nname = \"b\"\nfrom = \"::ffff:192.0.2.1\"",
            "says the same",
        ),
        ("[[terminal]]\nname = \"a\"\nkey = { env = \"abc\" }", "64 hexadecimal"),
        ("baud = 1", "unknown field"),
    ] {
        let said = checked(text).map(drop).unwrap_err();
        assert!(said.contains(told), "{text}: {said}");
    }
}
