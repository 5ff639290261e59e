//! What people type, key, scan and text, and what is read out of it.

use super::*;

pub(super) const OWN: &str = "12345678901234567890";
const OTHER: &str = "98765432109876543210";
pub(super) const GTIN: &str = "06901234567892";

pub(super) fn digits_of(input: &str) -> Given {
    Given::alone(Number::Digits(input.to_owned()))
}

pub(super) fn mixed(input: &str) -> Given {
    Given::alone(Number::Mixed(input.to_owned()))
}

pub(super) fn item(serial: Option<&str>) -> Given {
    Given::alone(Number::Gs1 { gtin: GTIN.to_owned(), serial: serial.map(str::to_owned) })
}

#[test]
fn one_number_is_read_however_it_is_written() {
    for input in [
        OWN,
        " 1234 5678 9012 3456 7890\r\n",
        "1234-5678-9012-3456-7890",
        "1234—5678–9012−3456－7890",
        "1234.5678·9012・3456。7890",
        "1234_5678/9012\\3456\u{a0}7890",
        "１２３４　５６７８　９０１２　３４５６　７８９０",
        "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦٧٨٩٠",
        "१२३४५६७८९०१२३४५६७८९०",
        "𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗𝟎𝟭𝟮𝟯𝟰𝟱𝟲𝟳𝟴𝟵𝟬",
        "\u{feff}1234\u{200b}5678\u{200d}9012\u{ad}3456\u{202c}7890",
        "防伪码：1234 5678 9012 3456 7890",
        "监管码:12345678901234567890",
        "码12345678901234567890谢谢！",
        "code 12345678901234567890",
        "No. 12345678901234567890",
        "Serial No: 12345678901234567890",
        "V 12345678901234567890",
        "V12345678901234567890",
        "s/n 12345678901234567890",
        "查12345678901234567890",
        "VERIFY 12345678901234567890",
        "]C012345678901234567890",
        "\u{2}12345678901234567890\u{3}",
        "12345678901234567890#",
    ] {
        assert_eq!(read_one(input), digits_of(OWN), "{input:?}");
    }
}

#[test]
fn letters_in_a_number_are_kept_so_that_it_is_malformed() {
    assert_eq!(read_one("12345o78901234567890"), mixed("12345O78901234567890"));
    assert_eq!(read_one("1234 S678 9012"), mixed("1234S6789012"));
    assert_eq!(read_one("12345678901234567890 thanks"), mixed("12345678901234567890THANKS"));
    assert_eq!(read_one("ａｂ１２"), mixed("AB12"));
    assert_eq!(read_one("V123"), mixed("V123"), "a short number may begin with a letter");
}

#[test]
fn what_cannot_be_a_number_says_how_much_was_read() {
    for (input, read) in [("", 0), ("谢谢", 0), ("…", 0), (&*"7".repeat(65), 65), (&*"7".repeat(9_000), 4_096)] {
        assert_eq!(read_one(input), Given::alone(Number::Unreadable { read }), "{read}");
    }
    assert_eq!(read_one(&"7".repeat(64)), digits_of(&"7".repeat(64)));
}

#[test]
fn the_bar_code_of_the_network_gives_its_twenty_digits() {
    for input in [
        "2112345678901234567890",
        "]C12112345678901234567890",
        "(21)12345678901234567890",
        "\u{1d}2112345678901234567890",
    ] {
        assert_eq!(read_one(input), digits_of(OWN), "{input:?}");
    }
    assert_eq!(read_one("]C1211234567890123456"), digits_of("1234567890123456"), "the older sixteen digits");
    assert_eq!(read_one("211234567890123456"), digits_of("211234567890123456"), "nothing says that this is a bar code");
}

#[test]
fn links_give_the_number_they_carry() {
    for input in [
        "https://v.example.cn/v?c=12345678901234567890",
        "HTTPS://V.EXAMPLE.CN/V?CODE=12345678901234567890&CH=3",
        "http://v.example.cn:8080/12345678901234567890",
        "v.example.cn/12345678901234567890",
        "https://v.example.cn/a/12345678901234567890/?id=3",
        "https://v.example.cn/?x=1234%205678+9012-3456.7890",
        "https://v.example.cn/#/12345678901234567890",
        "https://v.example.cn/?c=%EF%BC%91%EF%BC%92345678901234567890",
        "请查 https://v.example.cn/v/12345678901234567890，谢谢",
        "]Q1https://v.example.cn/v?c=12345678901234567890",
    ] {
        assert_eq!(read_one(input), digits_of(OWN), "{input}");
    }
    assert_eq!(read_one("https://v.example.cn/p/AB12CD34"), mixed("AB12CD34"));
    assert_eq!(read_one("https://v.example.cn/"), mixed("HTTPSVEXAMPLECN"), "no number in it");
    assert_eq!(
        read_one("https://v.example.cn/12345678901234567890 98765432"),
        mixed("HTTPSVEXAMPLECN1234567890123456789098765432"),
        "nothing is dropped beside a link"
    );
}

#[test]
fn a_message_gives_its_numbers_in_order() {
    let (a, b) = ("1234 5678 9012 3456 7890", "9876-5432-1098-7654-3210");
    for input in [
        format!("{OWN} {OTHER}"),
        format!("{OWN}\n{OTHER}"),
        format!("{OWN},{OTHER}"),
        format!("{OWN}、{OTHER}；谢谢"),
        format!("{a}\n{b}"),
        format!("{a}, {b}"),
        format!("{a} {b}"),
        format!("1. {a}\n2. {b}"),
        format!("1) {a}\r\n2) {b}"),
        format!("V {OWN} V {OTHER}"),
        format!("V{OWN} V{OTHER}"),
        format!("查询 {a} 和 {b} 2个"),
        format!("1234\n5678\n9012\n3456\n7890\n\n{OTHER}"),
        format!("1234 5678 9012 3456\n7890\n{b}"),
        format!("{OWN} 2026-11-23 {OTHER}"),
        format!("{a} 2026年买的，分机 8213：{b}"),
        format!("https://v.example.cn/v?c={OWN} (21){OTHER}"),
        format!("1234，5678，9012，3456，7890；{OTHER}"),
    ] {
        assert_eq!(read_all(&input, 16), (vec![digits_of(OWN), digits_of(OTHER)], 0), "{input:?}");
    }
    let sixteens = "1234 5678 9012 3456 6543 2109 8765 4321";
    assert_eq!(read_all(sixteens, 16).0, [digits_of("1234567890123456"), digits_of("6543210987654321")]);
    assert_eq!(read_all(&format!("{OWN} {OTHER} {OWN}"), 2), (vec![digits_of(OWN), digits_of(OTHER)], 1));
}

#[test]
fn chatter_holds_no_number() {
    for input in [
        "",
        "HELP",
        "谢谢",
        "分机 8213",
        "2026-11-23 买了2个",
        "2026年11月23日",
        "电话 0755-123",
        "iPhone13",
        "https://v.example.cn/",
        "12:30",
        "5G 3rd 2pcs",
        "7.5%",
    ] {
        assert_eq!(read_all(input, 16), (vec![], 0), "{input:?}");
    }
}

#[test]
fn a_mistyped_number_in_a_message_stays_malformed() {
    for (input, read) in [
        ("1234 5678 9012 3456 789", digits_of("1234567890123456789")),
        ("1234567890123456 789", digits_of("1234567890123456789")),
        ("1234 5678 9012 3456 7890 1", digits_of("123456789012345678901")),
        ("1234 1234 5678 9012 3456 7890", digits_of("123412345678901234567890")),
        ("1234 5678 9O12 3456 7890", mixed("123456789O1234567890")),
        ("12345O78901234567890", mixed("12345O78901234567890")),
    ] {
        assert_eq!(read_all(input, 16), (vec![read], 0), "{input}");
    }
}

#[test]
fn a_message_holds_items_and_links_among_numbers() {
    let message = format!("(01){GTIN}(21)A1b\n(01){GTIN}(21)A2b，{OWN}");
    assert_eq!(read_all(&message, 16).0, [item(Some("A1b")), item(Some("A2b")), digits_of(OWN)]);
    assert_eq!(read_all(&format!("]d201{GTIN}21A1b"), 16).0, [item(Some("A1b"))]);
}
