//! Lines and pages of a display or of paper that shows two columns for every character that is not ASCII.

/// Columns that a text takes.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

const fn width(c: char) -> usize {
    if c.is_ascii() { 1 } else { 2 }
}

/// Marks that must not begin a line.
const CLOSING: &str = "，。；：！？、）》」』”’,.;:!?)";

/// Pieces that are not parted: a word of ASCII, or one other character, each with the marks that close it.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for c in text.chars() {
        let joins = match pieces.last().and_then(|piece| piece.chars().last()) {
            None => false,
            Some(_) if c == ' ' => false,
            Some(before) => CLOSING.contains(c) || (c.is_ascii() && before.is_ascii() && before != ' '),
        };
        match pieces.last_mut() {
            Some(piece) if joins => piece.push(c),
            Some(_) | None => pieces.push(c.to_string()),
        }
    }
    pieces
}

/// A text in lines of at most so many columns (at least 2). Words and their marks stay whole where a line has room for them.
#[must_use]
pub fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for piece in pieces(text) {
        let wide = columns(&piece);
        if used > 0 && used + wide > most {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0;
        }
        if used == 0 && piece == " " {
            continue;
        }
        if wide <= most {
            line.push_str(&piece);
            used += wide;
            continue;
        }
        for c in piece.chars() {
            if used + width(c) > most {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += width(c);
        }
    }
    let line = line.trim_end();
    if !line.is_empty() {
        lines.push(line.to_owned());
    }
    lines
}

/// Texts in pages of so many lines. Each group of texts begins a page.
#[must_use]
pub fn pages(groups: &[Vec<String>], most: usize, rows: usize) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    for group in groups {
        let lines: Vec<String> = group.iter().flat_map(|text| wrap(text, most)).collect();
        pages.extend(lines.chunks(rows.max(1)).map(<[String]>::to_vec));
    }
    pages
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_and_marks_stay_whole() {
        assert_eq!(
            wrap("Please compare the pack with the record.", 20),
            ["Please compare the", "pack with the", "record."]
        );
        assert_eq!(wrap("首次11月20日14:05。若不是您或商家查的", 20), ["首次11月20日14:05。", "若不是您或商家查的"]);
        assert_eq!(wrap("请核对包装上的信息与，登记", 20), ["请核对包装上的信息", "与，登记"]);
        assert_eq!(wrap("12345678901234567890123", 20), ["12345678901234567890", "123"]);
        assert!(wrap("   ", 20).is_empty());
    }

    #[test]
    fn a_group_begins_a_page() {
        let groups = [vec!["a".to_owned(), "b".to_owned()], vec!["c d".to_owned()], vec![]];
        assert_eq!(pages(&groups, 2, 2), [vec!["a", "b"], vec!["c", "d"]]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_character_is_lost(text in "[a-z ,。正品查编号]{0,80}", most in 4_usize..40) {
            let lines = wrap(&text, most);
            for line in &lines {
                prop_assert!(columns(line) <= most && !line.is_empty(), "{line:?}");
            }
            let bare = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(bare(&lines.concat()), bare(&text));
        }
    }
}
