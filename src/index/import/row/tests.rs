//! A row says its number and what it shares with others, however it is written.

use proptest::prelude::*;

use super::*;

fn fixed() -> Fixed {
    Fixed { product: Some("tea".to_owned()), ..Fixed::default() }
}

fn mapped(columns: &str, first: &str) -> Mapped {
    Mapped::of(Some(&Columns::parse(columns).unwrap()), &fixed(), first).unwrap().0
}

fn read(mapped: &Mapped, line: &str) -> Result<(Number, Group), String> {
    let mut spoken = String::new();
    let said = mapped.read(line, &mut spoken)?;
    let group = mapped.group(&spoken)?;
    let number = read_one(line.split(',').next().unwrap().trim_matches('"')).number;
    assert_eq!(Form::of(&number), Some((said.form, said.value)));
    Ok((number, group))
}

#[test]
fn a_row_says_its_number_and_what_it_shares() {
    let list = mapped("number,lot,expiry,level,holds,parent", "x,,,,,");
    let (_, group) = read(&list, "6901 2345 6789 0123 4567,A1,2027-03-00,2,12,(00)123").unwrap();
    assert_eq!((group.lot.as_str(), group.level, group.holds), ("A1", 2, 12));
    assert_eq!(group.expiry.unwrap().to_string(), "2027-03-31");
    let (number, group) = read(&list, "\"(01)06901234567892(10)L7(21)ab\",,,,,").unwrap();
    assert_eq!(number, Number::Gs1 { gtin: "06901234567892".to_owned(), serial: Some("ab".to_owned()) });
    assert_eq!(group.lot, "L7", "what the scan carries counts where no cell says otherwise");
    for (line, reason) in [
        ("1234567,,,,,", "the number has 7 digits and letters, expected 8 to 64"),
        ("6901234567892345,,31/12,,,", "the expiry is \"31/12\", expected a day as 2026-11-23"),
        ("6901234567892345,,,2,,", "a box holds 1, expected at least 2 (column or option holds)"),
        ("6901234567892345,,", "3 cells, expected 6"),
        ("\"6901234567892345,,,,,", "a quote is not closed on its line"),
        (",,,,,", "the number is empty"),
    ] {
        let mut spoken = String::new();
        let refused = list.read(line, &mut spoken).and_then(|_| list.group(&spoken)).unwrap_err();
        assert_eq!(refused, reason);
    }
}

#[test]
fn the_columns_are_told_by_a_header_an_option_or_not_at_all() {
    let of = |columns: Option<&str>, first| {
        let columns = columns.map(|text| Columns::parse(text).unwrap());
        Mapped::of(columns.as_ref(), &fixed(), first).map(|(mapped, is_header)| (mapped.columns, is_header))
    };
    assert_eq!(of(None, "防伪码	批号").unwrap(), (vec![Column::Number, Column::Lot], true));
    assert_eq!(of(None, "GTIN;Serial").unwrap(), (vec![Column::Gtin, Column::Serial], true));
    assert_eq!(of(None, "69012345678923456789").unwrap(), (vec![Column::Number], false));
    assert_eq!(of(Some("number,-"), "69012345678923456789,x").unwrap(), (vec![Column::Number, Column::Skip], false));
    assert!(of(Some("number,-"), "No,x").unwrap().1);
    assert_eq!(of(Some("号=number"), "序,号").unwrap(), (vec![Column::Skip, Column::Number], true));
    assert!(of(None, "69012345678923456789,x").unwrap_err().contains("--columns"));
    assert!(of(None, "number,colour").unwrap_err().contains("\"colour\" is no column"));
    assert!(of(Some("a=number"), "b,c").is_err());
    for wrong in ["lot", "number,number", "number,colour", "gtin", "number,serial"] {
        assert!(Columns::parse(wrong).is_err(), "{wrong}");
    }
    let nameless = Mapped::of(None, &Fixed::default(), "number").unwrap_err();
    assert!(nameless.contains("--product"), "{nameless}");
}

proptest! {
    #[test]
    fn digits_that_need_no_reading_are_read_the_same(cell in "[0-9]{8,20}") {
        let read = number(&cell).ok().map(|read| (read.form, read.value));
        prop_assert_eq!(read, Form::of(&read_one(&cell).number));
    }

    #[test]
    fn cells_come_back_however_they_are_quoted(cells in prop::collection::vec("[a-z\",; é]{0,8}", 1..6)) {
        let line = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect::<Vec<_>>().join(";");
        let split = split(&line, Some(';')).unwrap();
        prop_assert_eq!(split, cells);
    }

    #[test]
    fn any_line_says_something_or_why_not(line in ".{0,80}", first in ".{0,20}") {
        if let Ok((mapped, _)) = Mapped::of(None, &fixed(), &first) {
            let mut spoken = String::new();
            if mapped.read(&line, &mut spoken).is_ok() {
                drop(mapped.group(&spoken));
            }
        }
    }
}

#[test]
fn the_corpus_of_the_fuzz_target_holds() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/row");
    let mut said = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
        let mut lines = text.lines();
        let columns = lines.next().and_then(|first| Columns::parse(first).ok());
        let Some(first) = lines.clone().next() else { continue };
        let Ok((mapped, _)) = Mapped::of(columns.as_ref(), &fixed(), first) else { continue };
        let mut spoken = String::new();
        for line in lines {
            if mapped.read(line, &mut spoken).is_ok() && mapped.group(&spoken).is_ok() {
                said += 1;
            }
        }
    }
    assert!(said >= 5, "{said} rows");
}
