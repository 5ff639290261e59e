//! Reads anything as a list: its first line as what tells the columns, the others as rows. What a row says can be said
//! again in its group's words.
#![no_main]

use verigate::index::import::row::{Columns, Fixed, Mapped};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.lines();
    let Some(first) = lines.next() else { return };
    let fixed = Fixed { product: Some("tea".to_owned()), ..Fixed::default() };
    let columns = Columns::parse(first).ok();
    for given in [None, columns.as_ref()] {
        let Ok((mapped, _)) = Mapped::of(given, &fixed, lines.clone().next().unwrap_or(first)) else { continue };
        let mut spoken = String::new();
        for line in lines.clone() {
            if mapped.read(line, &mut spoken).is_ok() && let Ok(group) = mapped.group(&spoken) {
                assert!((1..=4).contains(&group.level) && !group.product.is_empty());
            }
        }
    }
});
