//! The words of a text that stand for a request, in every language of the gateway.
//!
//! Holds the lists and how a text is compared with them. Full-width letters count as their ASCII twins, capitals as small
//! letters; marks and spaces around a word do not count.

use contract::Tip;

use super::tip_of;

/// A text that is one word and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Help,
    Stop,
    Start,
}

/// CTIA's words for opting out, and those of mainland China (TD and T are the initials of 退订) and Hong Kong.
const STOP: &[&str] = &[
    "stop",
    "stopall",
    "end",
    "cancel",
    "unsubscribe",
    "quit",
    "optout",
    "opt out",
    "unsub",
    "td",
    "t",
    "qx",
    "退订",
    "退訂",
    "停止",
    "取消",
    "取消订阅",
    "取消訂閱",
    "拒收",
    "停发",
    "停發",
    "终止",
    "終止",
];

const START: &[&str] = &[
    "start",
    "unstop",
    "resume",
    "subscribe",
    "optin",
    "opt in",
    "开始",
    "開始",
    "恢复",
    "恢復",
    "订阅",
    "訂閱",
    "重新开始",
    "重新開始",
    "ks",
    "hf",
];

const HELP: &[&str] = &[
    "help",
    "info",
    "?",
    "h",
    "how",
    "menu",
    "帮助",
    "幫助",
    "帮忙",
    "幫忙",
    "说明",
    "說明",
    "怎么查",
    "怎麼查",
    "怎样查询",
    "怎樣查詢",
    "如何查询",
    "如何查詢",
    "点查",
    "點查",
    "bz",
];

/// What a report of goods or a seller begins with.
const TIP: &[&str] = &["举报", "舉報", "投诉", "投訴", "report", "tip", "complain", "complaint", "jb", "ts"];

/// What automatic replies say of themselves.
const AUTOMATIC: &[&str] = &[
    "自动回复",
    "自動回覆",
    "自动答复",
    "自動答覆",
    "自动应答",
    "自動應答",
    "自动短信",
    "驾驶勿扰",
    "駕駛勿擾",
    "auto-reply",
    "auto reply",
    "autoreply",
    "automatic reply",
    "automated response",
    "auto-response",
    "out of office",
    "do not disturb while driving",
    "driving focus",
];

/// Small letters, ASCII for full-width, single spaces, no marks at either end.
fn plain(text: &str) -> String {
    let twin = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
        _ => c,
    };
    let folded: String = text.chars().map(twin).flat_map(char::to_lowercase).collect();
    let spaced: Vec<&str> = folded.split_whitespace().collect();
    spaced.join(" ")
}

fn is_mark(c: char) -> bool {
    !c.is_alphanumeric() && c != '?'
}

/// The request of a text that is one word and nothing else; a word said twice and a "please" are still one word.
pub(super) fn only(text: &str) -> Option<Word> {
    let plain = plain(text);
    let bare = plain.trim_matches(is_mark);
    let polite = bare.trim_start_matches("请").trim_start_matches("請").trim_start_matches("please ");
    let polite = polite.trim_end_matches(" please").trim_end_matches("谢谢").trim_end_matches("多謝");
    let mut said: Vec<&str> = vec![polite.trim_matches(is_mark)];
    // "STOP STOP STOP"
    let mut parts: Vec<&str> = bare.split(is_mark).filter(|part| !part.is_empty()).collect();
    parts.dedup();
    if let [one] = parts.as_slice() {
        said.push(one);
    }
    let one_of = |words: &[&str]| said.iter().any(|said| words.contains(said));
    if one_of(STOP) {
        Some(Word::Stop)
    } else if one_of(START) {
        Some(Word::Start)
    } else if one_of(HELP) || said.iter().all(|said| said.chars().all(|c| c == '?')) && bare.contains('?') {
        Some(Word::Help)
    } else {
        None
    }
}

/// Whether a text without a number begins with a word for help.
pub(super) fn asks_help(text: &str) -> bool {
    let plain = plain(text);
    HELP.iter().filter(|word| word.chars().count() > 1).any(|word| starts_with_word(&plain, word).is_some())
}

/// What is reported, where a text begins with a word for it and says something.
pub(super) fn tip(text: &str) -> Option<Tip> {
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    let begun: String = text.chars().take(16).collect();
    let plain = plain(&begun);
    let word = TIP.iter().find(|word| starts_with_word(&plain, word).is_some())?;
    // Folding keeps characters apart one by one, so that the word is as long in the text as in the list.
    let rest: String = text.chars().skip(word.chars().count()).collect();
    tip_of(rest.trim_start_matches(|c: char| !c.is_alphanumeric()))
}

pub(super) fn is_automatic(text: &str) -> bool {
    let plain = plain(text);
    AUTOMATIC.iter().any(|word| plain.contains(word))
}

/// A text without the operator's key word in front of it.
pub(super) fn without_keyword<'a>(text: &'a str, keywords: impl Iterator<Item = &'a str>) -> &'a str {
    let trimmed = text.trim_start();
    keywords
        .filter(|word| !word.is_empty())
        .filter_map(|word| {
            let mut rest = trimmed.chars();
            let same = word.chars().all(|c| rest.next().is_some_and(|held| plain_char(held) == plain_char(c)));
            same.then_some(rest.as_str())
        })
        .min_by_key(|rest| rest.len())
        .unwrap_or(text)
}

fn plain_char(c: char) -> String {
    plain(c.encode_utf8(&mut [0; 4]))
}

/// What follows a word that a text begins with. A word of letters ends where the letters do; one of Chinese characters
/// needs nothing behind it.
fn starts_with_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(word)?;
    let apart = !word.is_ascii() || !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
    apart.then_some(rest)
}
