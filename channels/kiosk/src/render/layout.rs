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
/// Marks that must not end one.
const OPENING: &str = "（《「『“‘([";
/// What is counted or dated: it stands by its number.
const COUNTED: &str = "年月日次件位";

/// Pieces that are not parted: a word of ASCII, a number and what it counts, or one other character, each with the marks that
/// open and close it.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for c in text.chars() {
        if c == '%' {
            // 12 % is one thing, space and all.
            pieces.pop_if(|piece| piece == " ").into_iter().for_each(|space| match pieces.last_mut() {
                Some(piece) => piece.push_str(&space),
                None => pieces.push(space),
            });
        }
        let joins = match pieces.last().and_then(|piece| piece.chars().last()) {
            None => false,
            Some(_) if c == ' ' => false,
            Some(before) => {
                CLOSING.contains(c)
                    || OPENING.contains(before)
                    || (before.is_ascii_digit() && COUNTED.contains(c))
                    || (c.is_ascii() && before.is_ascii() && (before != ' ' || c == '%'))
            }
        };
        match pieces.last_mut() {
            Some(piece) if joins => piece.push(c),
            Some(_) | None => pieces.push(c.to_string()),
        }
    }
    pieces
}

/// A text in lines of at most so many columns (at least 2). Words and their marks stay whole where a line has room for them,
/// and no Chinese character stands alone on the last line.
#[must_use]
pub fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<Vec<String>> = Vec::new();
    let mut line: Vec<String> = Vec::new();
    let mut used = 0;
    for piece in pieces(text) {
        let wide = columns(&piece);
        if used > 0 && used + wide > most {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used == 0 && piece == " " {
            continue;
        }
        if wide <= most {
            used += wide;
            line.push(piece);
            continue;
        }
        for c in piece.chars() {
            if used + width(c) > most {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c.to_string());
            used += width(c);
        }
    }
    lines.push(line);
    if let [.., before, last] = &mut lines[..]
        && let [alone] = &last[..]
        && alone.starts_with(|c: char| !c.is_ascii())
        && before.len() > 2
        && let Some(joining) = before.pop_if(|piece| piece != " " && columns(piece) + columns(alone) <= most)
    {
        last.insert(0, joining);
    }
    lines.into_iter().map(|line| line.concat().trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
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
    fn no_mark_opens_at_the_end_and_no_character_is_left_alone() {
        assert_eq!(wrap("保留凭证，向监管部门（12315）举报。", 22), ["保留凭证，向监管部门", "（12315）举报。"]);
        assert_eq!(wrap("请核对包装上的信息是否一致。", 26), ["请核对包装上的信息是否", "一致。"]);
        assert_eq!(wrap("checked on 27 November in 深圳.", 28), ["checked on 27 November in", "深圳."]);
        assert_eq!(wrap("滩头荔枝酒（750 mL，12 % vol）", 26), ["滩头荔枝酒（750 mL，12 %", "vol）"]);
        assert_eq!(wrap("首次是2026年11月27日", 13), ["首次是2026年", "11月27日"]);
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
