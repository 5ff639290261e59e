//! Files as people write them.

use super::*;

const TOML: &str = r#"
[[maker]]
id = "yuexiu"
name = { zh-Hans = "越秀茶厂", en = "Yuexiu Tea" }
hotline = "400-000-0000"

[[product]]
id = "tea-250"
maker = "yuexiu"
name = { zh-Hans = "红茶" }
category = "food"
layout = "network-20"
resources = [1000001, 1000002]
shelf_life_days = 540
sales_region = ["深圳", "广州"]
concealment = "hidden"
"#;

const CSV: &str = "kind,id,maker,name,name_en,hotline,category,layout,resources,shelf_life_days,sales_region,\
    concealment\r\n\
    maker,yuexiu,,越秀茶厂,Yuexiu Tea,400-000-0000,,,,,,\r\n\
    product,tea-250,yuexiu,红茶,,,food,network-20,1000001; 1000002,540,深圳;广州,hidden\r\n";

#[test]
fn both_forms_say_the_same() {
    let from_toml = parse_toml(TOML.as_bytes(), "li").unwrap();
    let from_csv = parse_csv(CSV.as_bytes(), "li").unwrap();
    assert_eq!(from_toml, from_csv);
    assert_eq!(from_csv.products[0].resources, [1_000_001, 1_000_002]);
    assert_eq!(from_csv.products[0].concealment, Concealment::Hidden);
    let marked = [b"\xef\xbb\xbf", CSV.as_bytes()].concat();
    assert_eq!(parse_csv(&marked, "li").unwrap(), from_csv, "a byte order mark is no part of the first column");
    let marked = [b"\xef\xbb\xbf", TOML.as_bytes()].concat();
    assert_eq!(parse_toml(&marked, "li").unwrap(), from_toml);
}

#[test]
fn a_mistake_is_named_with_its_line() {
    let csv = |text: &str| parse_csv(text.as_bytes(), "li").unwrap_err().to_string();
    assert_eq!(csv("kind,id,name\nmaker,a,A\nmaler,b,B\n"), "line 3: kind is \"maler\", expected maker or product");
    assert_eq!(csv("kind,id,name\nmaker,a,\n"), "line 2: name is empty");
    assert_eq!(csv("kind,id,name\nmaker,a\n"), "line 2: 2 cells, expected 3 as in the header");
    assert_eq!(csv("kind,id,name,spec\nmaker,a,A,500 ml\n"), "line 2: a line of this kind has no spec");
    assert_eq!(csv("kind,id,id\n"), "line 1: the column id is there twice");
    assert!(csv("kind,colour\n").starts_with("line 1: unknown column \"colour\", expected some of kind,id,maker"));
    let product = "kind,id,maker,name,category,layout,resources\nproduct,a,m,A,food,network-20,";
    assert_eq!(csv(&format!("{product}7;x\n")), "line 2: the resource \"x\" is no number");

    let toml = |text: &str| parse_toml(text.as_bytes(), "li").unwrap_err().to_string();
    let unknown = toml("[[maker]]\nid = \"a\"\nname = { zh-Hans = \"A\" }\ncolour = 1\n");
    assert!(unknown.starts_with("line 4: unknown field `colour`"), "{unknown}");
    assert!(toml("[[maker]]\nid = \"a\n").starts_with("line 2: "));
}

#[test]
fn a_file_in_gb18030_is_refused_by_line() {
    let error = parse_csv(b"kind,id,name\nmaker,a,A\nmaker,b,\xd4\xbd\xd0\xe3\n", "li").unwrap_err();
    assert!(error.to_string().starts_with("line 3 is not UTF-8; convert files in GB18030"), "{error}");
}

#[test]
fn files_are_told_apart_by_their_ending_and_large_ones_refused() {
    let dir = tempfile::tempdir().unwrap();
    let named = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    assert_eq!(read(&named("a.CSV", CSV), "li").unwrap().makers.len(), 1);
    assert_eq!(read(&named("a.toml", TOML), "li").unwrap().products.len(), 1);
    assert!(matches!(read(&named("a.xlsx", ""), "li"), Err(SourceError::Form { .. })));
    assert!(matches!(read(&dir.path().join("none.csv"), "li"), Err(SourceError::Io { .. })));
    let large = dir.path().join("large.csv");
    File::create(&large).unwrap().set_len(MAX_BYTES + 1).unwrap();
    assert!(matches!(read(&large, "li"), Err(SourceError::TooLarge { .. })));
}

#[test]
fn a_file_with_too_many_lines_is_refused() {
    let mut text = "kind,id,name\n".to_owned();
    text.extend((0..=MAX_ENTRIES).map(|n| format!("maker,m{n},M\n")));
    assert!(matches!(parse_csv(text.as_bytes(), "li"), Err(SourceError::TooMany)));
}
