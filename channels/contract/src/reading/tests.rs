//! What people type, key, scan and text, and what is read out of it.

use super::*;

const OWN: &str = "12345678901234567890";
const OTHER: &str = "98765432109876543210";
const GTIN: &str = "06901234567892";

fn digits_of(input: &str) -> Given {
    Given::alone(Number::Digits(input.to_owned()))
}

fn mixed(input: &str) -> Given {
    Given::alone(Number::Mixed(input.to_owned()))
}

fn item(serial: Option<&str>) -> Given {
    Given::alone(Number::Gs1 { gtin: GTIN.to_owned(), serial: serial.map(str::to_owned) })
}

fn full(serial: &str) -> Given {
    Given { lot: Some("L5A".to_owned()), expiry: Day::new(2027, 3, 31), ..item(Some(serial)) }
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
fn gs1_items_are_read_printed_and_scanned() {
    for input in [
        "(01)06901234567892(21)AbC-1/2(10)L5A(17)270300",
        "（０１）６９０１２３４５６７８９２（２１）AbC-1/2（１０）L5A（１７）２７０３３１",
        "(01) 06901234567892\n(21) AbC-1/2\n(10) L5A\n(17) 270331",
        "(17)270331(10)L5A(01)06901234567892(21)AbC-1/2",
    ] {
        assert_eq!(read_one(input), full("AbC-1/2"), "{input:?}");
    }
    assert_eq!(read_one("]C1010690123456789217270331"), Given { expiry: Day::new(2027, 3, 31), ..item(None) });
    for separator in ["\u{1d}", "<GS>", "{GS}", "␝", "<FNC1>"] {
        let scanned = format!("010690123456789221AbC-1/2{separator}10L5A{separator}17270331");
        assert_eq!(read_one(&scanned), full("AbC-1/2"), "{separator}");
        assert_eq!(read_one(&format!("]d2{scanned}")), full("AbC-1/2"), "{separator}");
        assert_eq!(read_one(&format!("{separator}{scanned}")), full("AbC-1/2"), "{separator}");
    }
    assert_eq!(read_one("01069012345678921727033121AbC-1/2"), Given { lot: None, ..full("AbC-1/2") });
}

#[test]
fn a_serial_that_is_our_number_stays_in_its_item() {
    assert_eq!(read_one(&format!("(01){GTIN}(21){OWN}")), item(Some(OWN)));
    assert_eq!(read_one("(01)06901234567892 (21) 1234 5678 9012 3456 7890"), item(Some(OWN)));
    // A keyboard that loses the separator behind a serial of full length.
    assert_eq!(read_one(&format!("01{GTIN}21{OWN}10L5A")), Given { lot: Some("L5A".to_owned()), ..item(Some(OWN)) });
}

#[test]
fn short_gtins_are_padded_and_wrong_ones_are_no_items() {
    assert_eq!(read_one("(01)6901234567892(21)A1"), item(Some("A1")));
    assert_eq!(gtin14("6901234567892").as_deref(), Some(GTIN));
    assert_eq!(gtin14("96385074").as_deref(), Some("00000096385074"), "EAN-8");
    assert_eq!(gtin14("036000291452").as_deref(), Some("00036000291452"), "UPC-A");
    for wrong in ["6901234567893", "690123456789", "", "69012345678９2", "00000000000000000000"] {
        assert_eq!(gtin14(wrong), None, "{wrong}");
    }
    assert_eq!(read_one("(01)06901234567893(21)A1"), mixed("010690123456789321A1"));
    assert_eq!(
        read_one(&format!("(01){GTIN}(21)ABC thanks")),
        Given::alone(Number::Unreadable { read: 27 }),
        "a word behind a serial is neither part of it nor dropped"
    );
    assert_eq!(read_one("(02)06901234567892(37)12"), item(None), "what a carton holds is a kind of goods");
    assert_eq!(read_one("(00)106141412345678908"), digits_of("106141412345678908"));
}

#[test]
fn bare_digits_of_our_lengths_are_never_taken_for_an_item() {
    assert_eq!(read_one("01069012345678922112"), digits_of("01069012345678922112"), "twenty digits");
    assert_eq!(read_one("0106901234567892"), digits_of("0106901234567892"), "sixteen digits");
    assert_eq!(read_one("010690123456789221123"), item(Some("123")));
    assert_eq!(read_one("010690123456789321123"), digits_of("010690123456789321123"), "its check digit is wrong");
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
fn digital_links_give_their_item() {
    for input in [
        "https://id.example.com/01/06901234567892/10/L5A/21/AbC-1%2F2?17=270331",
        "https://id.example.com/shop/01/6901234567892/21/AbC-1%2F2?10=L5A&17=270300&linkType=all",
        "https://id.example.com/gtin/06901234567892/lot/L5A/ser/AbC-1%2F2?exp=270331",
    ] {
        assert_eq!(read_one(input), full("AbC-1/2"), "{input}");
    }
    assert_eq!(read_one(&format!("https://id.example.com/01/{GTIN}")), item(None));
    assert_eq!(
        read_one(&format!("https://id.example.com/01/06901234567893/21/{OWN}")),
        digits_of(&format!("010690123456789321{OWN}")),
        "a link with a wrong GTIN is not read as its serial alone"
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
