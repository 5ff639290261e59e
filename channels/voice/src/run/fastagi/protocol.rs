//! AGI on the wire: `agi_name: value` lines until an empty one, then a line for each command.
//!
//! Lines and their number are bounded before they are kept.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

use crate::dialogue::Key;

/// The longest line, in octets.
const LONGEST: u64 = 2_048;

/// The most lines of the beginning.
const MOST: usize = 128;

/// Who calls, as Asterisk says it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Call {
    /// `agi_uniqueid`.
    pub id: String,
    /// `agi_callerid`; none where it is unknown.
    pub caller: Option<String>,
    /// `agi_dnid`, else `agi_extension`.
    pub called: Option<String>,
}

impl Call {
    /// Takes in a line of the beginning.
    pub fn take(&mut self, line: &str) {
        let Some((name, value)) = line.split_once(':') else { return };
        let value = value.trim();
        if value.is_empty() || value == "unknown" {
            return;
        }
        match name.trim() {
            "agi_uniqueid" => value.clone_into(&mut self.id),
            "agi_callerid" => self.caller = Some(value.to_owned()),
            "agi_dnid" => self.called = Some(value.to_owned()),
            "agi_extension" => {
                self.called.get_or_insert_with(|| value.to_owned());
            }
            _ => {}
        }
    }
}

/// The answer to a command: `200 result=1 (speech) endpos=0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    code: u16,
    result: i64,
    text: Option<String>,
}

impl Answer {
    /// Reads a line; `None` where it is no answer.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let line = line.trim();
        if line == "HANGUP" {
            return Some(Self { code: 200, result: -1, text: None });
        }
        let (code, rest) = line.split_once([' ', '-']).unwrap_or((line, ""));
        let code = code.parse().ok()?;
        let result = rest.trim_start().strip_prefix("result=").map(|rest| rest.split(' ').next().unwrap_or_default());
        let text = rest.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(text, _)| text.to_owned());
        Some(Self { code, result: result.and_then(|result| result.parse().ok()).unwrap_or_default(), text })
    }

    /// The caller is gone: the command failed for want of a channel (511, or -1).
    #[must_use]
    pub const fn hung_up(&self) -> bool {
        self.code == 511 || self.code == 200 && self.result == -1
    }

    /// The key that was pressed, by its ASCII code.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        u8::try_from(self.result).ok().filter(|_| self.code == 200).and_then(|code| Key::from_char(char::from(code)))
    }

    /// What stands in parentheses.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

/// Lines from Asterisk.
#[derive(Debug)]
pub(super) struct Lines<R> {
    read: R,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub(super) const fn new(read: R) -> Self {
        Self { read }
    }

    /// A line without its end; `None` at the end of the stream, or where it is too long.
    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        (&mut self.read).take(LONGEST).read_until(b'\n', &mut line).await?;
        if line.pop() != Some(b'\n') {
            return Ok(None);
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
    }

    /// The beginning.
    pub(super) async fn call(&mut self) -> io::Result<Option<Call>> {
        let mut call = Call::default();
        for _ in 0..MOST {
            match self.line().await? {
                None => return Ok(None),
                Some(line) if line.is_empty() => return Ok(Some(call)),
                Some(line) => call.take(&line),
            }
        }
        Ok(None)
    }

    /// The answer to a command; lines of usage are passed over.
    pub(super) async fn answer(&mut self) -> io::Result<Option<Answer>> {
        for _ in 0..MOST {
            match self.line().await? {
                None => return Ok(None),
                Some(line) => {
                    if let Some(answer) = Answer::read(&line) {
                        return Ok(Some(answer));
                    }
                }
            }
        }
        Ok(None)
    }
}
