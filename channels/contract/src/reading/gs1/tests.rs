//! GS1 data as they are printed, scanned and linked, whole and broken.

use crate::reading::tests::{GTIN, OWN, digits_of, item};
use crate::reading::{Given, Number, gtin14, read_all, read_one, trade_item};
use crate::time::Day;

fn full(serial: &str) -> Given {
    Given { lot: Some("L5A".to_owned()), expiry: Day::new(2027, 3, 31), ..item(Some(serial)) }
}

/// The input is GS1 data and no number.
fn is_broken(input: &str) -> bool {
    matches!(read_one(input).number, Number::Unreadable { read } if read > 0)
}

#[test]
fn items_are_read_printed_and_scanned() {
    for input in [
        "(01)06901234567892(21)AbC-1/2(10)L5A(17)270300",
        "（０１）６９０１２３４５６７８９２（２１）AbC-1/2（１０）L5A（１７）２７０３３１",
        "(01) 06901234567892\n(21) AbC-1/2\n(10) L5A\n(17) 270331",
        "(17)270331(10)L5A(01)06901234567892(21)AbC-1/2",
        "(01)06901234567892(21)AbC-1/2(10)L5A(7003)2703311200(3103)001250(11)260101(91)x",
        "]C1(01)06901234567892(21)AbC-1/2(10)L5A(17)270331",
    ] {
        assert_eq!(read_one(input), full("AbC-1/2"), "{input:?}");
    }
    assert_eq!(read_one("]C1010690123456789217270331"), Given { expiry: Day::new(2027, 3, 31), ..item(None) });
    for separator in ["\u{1d}", "<GS>", "{GS}", "␝", "<FNC1>", "\\x1d", "^]"] {
        let scanned = format!("010690123456789221AbC-1/2{separator}10L5A{separator}17270331");
        assert_eq!(read_one(&scanned), full("AbC-1/2"), "{separator}");
        for id in ["]d2", "]C1", "]Q3", "]e0", "]J1", "]d2\u{1d}"] {
            assert_eq!(read_one(&format!("{id}{scanned}")), full("AbC-1/2"), "{id} {separator}");
        }
        assert_eq!(read_one(&format!("{separator}{scanned}")), full("AbC-1/2"), "{separator}");
        assert_eq!(read_one(&format!("{scanned}{separator}\r\n")), full("AbC-1/2"), "{separator} behind everything");
    }
    assert_eq!(read_one("01069012345678921727033121AbC-1/2"), Given { lot: None, ..full("AbC-1/2") });
    assert_eq!(read_one("17270331010690123456789221AbC-1/2"), Given { lot: None, ..full("AbC-1/2") }, "a date first");
}

#[test]
fn signs_of_set_82_are_part_of_a_value() {
    let serial = "!%&'()*+,-./:;=?_Az9";
    for input in [
        format!("(01){GTIN}(21){serial}"),
        format!("]d201{GTIN}21{serial}"),
        format!("https://id.example.com/01/{GTIN}/21/!%25&'()*+,-.%2F:;=%3F_Az9"),
    ] {
        assert_eq!(read_one(&input), item(Some(serial)), "{input}");
        assert_eq!(read_all(&input, 16), (vec![item(Some(serial))], 0), "{input}");
    }
    assert_eq!(
        read_one("]d20106901234567892\u{1d}10A(21)B\u{1d}21x"),
        Given { lot: Some("A(21)B".to_owned()), ..item(Some("x")) }
    );
}

#[test]
fn a_piece_and_goods_made_to_order_are_items_too() {
    assert_eq!(read_one("(8006)069012345678920102(21)A1"), item(Some("A1")), "the first of two pieces");
    assert_eq!(read_one("(03)06901234567892(21)A1"), item(Some("A1")));
    assert_eq!(
        read_one("(01)06901234567892(235)TP-7"),
        item(None),
        "what a third party counts is not the maker's serial"
    );
    assert_eq!(read_one("(02)06901234567892(37)12"), item(None), "what a carton holds is a kind of goods");
    assert_eq!(read_one("(00)106141412345678908"), digits_of("106141412345678908"));
    let with_time = read_one("(01)06901234567892(21)A1(7003)2703311530");
    assert_eq!(with_time, Given { expiry: Day::new(2027, 3, 31), ..item(Some("A1")) });
}

#[test]
fn a_serial_that_is_our_number_stays_in_its_item() {
    assert_eq!(read_one(&format!("(01){GTIN}(21){OWN}")), item(Some(OWN)));
    assert_eq!(read_one("(01)06901234567892 (21) 1234 5678 9012 3456 7890"), item(Some(OWN)));
    // A keyboard that loses the separator behind a serial of full length.
    assert_eq!(read_one(&format!("01{GTIN}21{OWN}10L5A")), Given { lot: Some("L5A".to_owned()), ..item(Some(OWN)) });
}

#[test]
fn a_lost_separator_is_not_guessed_at() {
    assert!(is_broken(&format!("01{GTIN}21AbC17270331")), "the date may be the serial's end or its own field");
    assert_eq!(read_one(&format!("01{GTIN}21AbC17271331")), item(Some("AbC17271331")), "no such date");
    assert_eq!(
        read_one(&format!("]d201{GTIN}21AbC17270331")),
        item(Some("AbC17270331")),
        "this scanner sends separators"
    );
    let own = "12345678901217270331";
    assert_eq!(read_one(&format!("01{GTIN}21{own}")), item(Some(own)), "a serial of full length needs none");
}

#[test]
fn the_numbers_of_kinds_of_goods_are_known_by_their_check_digit() {
    assert_eq!(read_one("(01)6901234567892(21)A1"), item(Some("A1")));
    assert_eq!(gtin14("6901234567892").as_deref(), Some(GTIN));
    assert_eq!(gtin14("96385074").as_deref(), Some("00000096385074"), "EAN-8");
    assert_eq!(gtin14("036000291452").as_deref(), Some("00036000291452"), "UPC-A");
    for wrong in ["6901234567893", "690123456789", "", "69012345678９2", "00000000000000000000"] {
        assert_eq!(gtin14(wrong), None, "{wrong}");
    }
    for (short, long) in
        [("04252614", "00042100005264"), ("01234531", "00012300000451"), ("01234543", "00012340000053")]
    {
        assert_eq!(trade_item(short).as_deref(), Some(long), "UPC-E {short}");
    }
    assert_eq!(trade_item("04252615"), None);
    for (scanned, number) in [
        ("]E06901234567892", "6901234567892"),
        ("]E3690123456789252", "6901234567892"),
        ("]E06901234567892]E212345", "6901234567892"),
        ("]E496385074", "96385074"),
        ("]I116901234567899", "16901234567899"),
    ] {
        assert_eq!(read_one(scanned), digits_of(number), "{scanned}");
    }
}

#[test]
fn what_breaks_the_rules_of_its_identifiers_is_no_number() {
    for input in [
        // Check digits.
        "(01)06901234567893(21)A1",
        "(01)06901234567893(21)1234",
        "]C101069012345678932112345678901234567890",
        "(8006)069012345678930102(21)A1",
        "(01)06901234567892(21)A1(414)4006381333932",
        // Dates and times.
        "(01)06901234567892(21)A1(17)271301",
        "(01)06901234567892(21)A1(17)270230",
        "(01)06901234567892(21)A1(7003)2703312400",
        "]d20106901234567892112702301712345621A1",
        // Lengths and characters.
        "(01)06901234567892(21)A12345678901234567890",
        "(01)06901234567892(21)A#1",
        "(01)06901234567892(21)",
        "(01)06901234567892(21)A1(20)123",
        "]d2010690123456789",
        "]C1010690123456789221A1\u{1d}4221",
        // No such identifier.
        "]C10106901234567892\u{1d}04123",
        // Fields that exclude one another, or say two things.
        "(01)06901234567892(02)06901234567892(21)A1",
        "(01)06901234567892(21)A1(235)B2",
        "(01)06901234567892(8006)069012345678920102(21)A1",
        "]d2010690123456789221A1\u{1d}21A2",
        "(01)06901234567892(21)ABC thanks",
        // Links.
        "https://id.example.com/01/06901234567893/21/12345678901234567890",
        "https://id.example.com/01/06901234567892/21/A%231",
        "https://id.example.com/01/06901234567892/21/A1?17=271301",
        "https://id.example.com/01/06901234567892/21/A1/21/A2",
        "https://id.example.com/414/4006381333931/254/12345678901234567890",
    ] {
        assert!(is_broken(input), "{input:?}: {:?}", read_one(input));
        let (all, _) = read_all(input, 16);
        assert!(all.iter().all(|given| matches!(given.number, Number::Unreadable { .. })), "{input:?}: {all:?}");
    }
    assert_eq!(read_one("]Q3"), Given::alone(Number::Unreadable { read: 0 }));
}

#[test]
fn identifiers_that_number_a_list_are_none() {
    assert_eq!(read_one(&format!("(01) {OWN}")), digits_of(&format!("01{OWN}")), "22 digits are no number of ours");
    assert_eq!(read_all(&format!("(01) {OWN}\n(02) {OWN}"), 16).0, [digits_of(OWN), digits_of(OWN)]);
}

#[test]
fn bare_digits_of_our_lengths_are_never_taken_for_an_item() {
    assert_eq!(read_one("01069012345678922112"), digits_of("01069012345678922112"), "twenty digits");
    assert_eq!(read_one("0106901234567892"), digits_of("0106901234567892"), "sixteen digits");
    assert_eq!(read_one("010690123456789221123"), item(Some("123")));
    assert_eq!(read_one("010690123456789321123"), digits_of("010690123456789321123"), "its check digit is wrong");
}

#[test]
fn digits_of_our_lengths_in_groups_are_never_taken_for_an_item() {
    // A GTIN with a right check digit behind 01, and what is left of twenty is a whole field of 20, 21, 10 or 91.
    for (written, digits) in [
        ("0130 1858 5229 4003 2061", "01301858522940032061"),
        ("01301 85852 29400 32061", "01301858522940032061"),
        ("0130\u{a0}1858\u{3000}5229  4003\t2061\r\n", "01301858522940032061"),
        ("０１３０　１８５８　５２２９　４００３　２０６１", "01301858522940032061"),
        ("0130-1858-5229-4003-2061", "01301858522940032061"),
        ("]C00130 1858 5229 4003 2061", "01301858522940032061"),
        ("01301858522940032061\u{1d}", "01301858522940032061"),
        ("V 0130 1858 5229 4003 2061", "01301858522940032061"),
        ("0106 9012 3456 7892 2112", "01069012345678922112"),
        ("0106 9012 3456 7892 1012", "01069012345678921012"),
        ("0106 9012 3456 7892 9112", "01069012345678929112"),
        ("1727 0331 0106 9012 3456 7892", "172703310106901234567892"),
        ("0106   9012   3456   7892", "0106901234567892"),
    ] {
        let expected =
            if digits.len() > 20 { Given { expiry: Day::new(2027, 3, 31), ..item(None) } } else { digits_of(digits) };
        assert_eq!(read_one(written), expected, "{written:?}");
        if digits.len() <= 20 && !written.starts_with(']') && !written.contains('\u{1d}') {
            assert_eq!(read_all(written, 16), (vec![digits_of(digits)], 0), "{written:?} in a message");
        }
    }
    assert_eq!(read_one("0106 9012 3456 7892 2112 3"), item(Some("123")), "21 digits are no number of the network's");
}

#[test]
fn what_a_scanner_says_is_gs1_is_broken_also_where_it_begins_with_parentheses() {
    for input in
        ["]d2(1) 123456789012345678901234", "]d2（1）123456789012345678901234", "]Q3(01) 123", "]C1(x)1234567890"]
    {
        assert!(is_broken(input), "{input:?}: {:?}", read_one(input));
    }
    assert_eq!(read_one("]d2（01）06901234567892（21）A1"), item(Some("A1")));
    assert_eq!(read_one("(1) 1234 5678 9012 3456 7890").number, Number::Digits(format!("1{OWN}")), "nothing says GS1");
}

#[test]
fn digital_links_give_their_item() {
    for input in [
        "https://id.example.com/01/06901234567892/10/L5A/21/AbC-1%2F2?17=270331",
        "https://id.example.com/shop/01/6901234567892/21/AbC-1%2F2?10=L5A&17=270300&linkType=all",
        "https://id.example.com/gtin/06901234567892/lot/L5A/ser/AbC-1%2F2?exp=270331",
        "https://id.example.com/01/06901234567892/22/2A/10/L5A/21/AbC-1%2f2/?17=270331&3103=001250#top",
        "HTTPS://ID.EXAMPLE.COM:8443/01/06901234567892/10/L5A/21/%41%62C-1%2F2?17=270331",
        "]Q1https://id.example.com/01/06901234567892/10/L5A/21/AbC-1%2F2?17=270331",
        "扫到 https://id.example.com/01/06901234567892/10/L5A/21/AbC-1%2F2?17=270331 ，谢谢",
    ] {
        assert_eq!(read_one(input), full("AbC-1/2"), "{input}");
    }
    assert_eq!(read_one(&format!("https://id.example.com/01/{GTIN}")), item(None));
    assert_eq!(read_one(&format!("id.example.com/01/{GTIN}/21/A1")), item(Some("A1")), "without its scheme");
    assert_eq!(read_one("https://id.example.com/8006/069012345678920102/21/A1"), item(Some("A1")));
    let dotted = format!("https://id.example.com/01/{GTIN}/21/A1.");
    assert_eq!(read_one(&dotted), item(Some("A1")), "a full stop ends the sentence");
    assert_eq!(read_one(&format!("]Q1{dotted}")), item(Some("A1.")), "a scanner ends none");
    assert_eq!(
        read_one(&format!("https://v.example.cn/01/{OWN}")),
        digits_of(OWN),
        "a maker's own link whose folder happens to be 01"
    );
}
