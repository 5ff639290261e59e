//! The bytes of a list as lines of text: what compresses it, its encoding, its length, whether it changed.
//!
//! Owns everything between the file and one line of UTF-8. Does not know what a line says. Whatever the file is, no
//! more than a megabyte of it is held.
//!
//! What compresses a file is told by its first bytes, not by its name. A mark of byte order in front of UTF-8 goes;
//! lines end with a line feed, with or without a carriage return before it.

use std::borrow::Cow;
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::GB18030;
use flate2::read::MultiGzDecoder;

use super::ImportError;

/// The longest line, in bytes: more than any row of a list has.
pub const MAX_LINE: usize = 64 * 1024;
const BUFFER: usize = 1 << 20;
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// The encoding of a list's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// GB18030, of which GBK and GB2312 are parts.
    Gb18030,
}

/// The lines of a list.
pub struct Lines {
    path: PathBuf,
    begun: Metadata,
    source: Box<dyn Read>,
    form: Option<&'static str>,
    taken: Arc<AtomicU64>,
    encoding: Encoding,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    is_over: bool,
    line: u64,
    /// Where the next line begins, in the text.
    byte: u64,
    decoded: String,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines").field("path", &self.path).field("line", &self.line).finish_non_exhaustive()
    }
}

/// Counts what is read of the file.
struct Counted {
    file: File,
    taken: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.taken.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Lines {
    /// Opens a list.
    ///
    /// # Errors
    /// [`ImportError::Read`]; [`ImportError::Encoding`] where it is UTF-16.
    pub fn open(path: &Path, encoding: Encoding) -> Result<Self, ImportError> {
        let failed = |source| ImportError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let begun = file.metadata().map_err(failed)?;
        if begun.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let taken = Arc::new(AtomicU64::new(0));
        let mut raw = Counted { file, taken: Arc::clone(&taken) };
        let mut head = Vec::new();
        raw.by_ref().take(4).read_to_end(&mut head).map_err(failed)?;
        let whole = BufReader::with_capacity(256 * 1024, io::Cursor::new(head.clone()).chain(raw));
        let (form, source): (_, Box<dyn Read>) = if head.starts_with(GZIP) {
            (Some("gzip"), Box::new(MultiGzDecoder::new(whole)))
        } else if head.starts_with(ZSTD) {
            (Some("zstd"), Box::new(zstd::stream::read::Decoder::with_buffer(whole).map_err(failed)?))
        } else {
            (None, Box::new(whole))
        };
        Ok(Self {
            path: path.to_owned(),
            begun,
            source,
            form,
            taken,
            encoding,
            buffer: vec![0; BUFFER],
            from: 0,
            to: 0,
            is_over: false,
            line: 0,
            byte: 0,
            decoded: String::new(),
        })
    }

    /// Bytes read of the file, and how many it has.
    #[must_use]
    pub fn position(&self) -> (u64, u64) {
        (self.taken.load(Ordering::Relaxed), self.begun.len())
    }

    /// What the system says of the file, as it was opened.
    #[must_use]
    pub const fn metadata(&self) -> &Metadata {
        &self.begun
    }

    /// The number of the last line, and where in the text the next one begins.
    #[must_use]
    pub const fn next_begins(&self) -> (u64, u64) {
        (self.line, self.byte)
    }

    /// Goes on behind a line, where [`Lines::next_begins`] was when that one was read. Plain text is not read again, packed
    /// text has to be unpacked.
    ///
    /// # Errors
    /// [`ImportError::Read`], [`ImportError::Changed`], [`ImportError::Compressed`].
    pub fn skip_to(&mut self, line: u64, byte: u64) -> Result<(), ImportError> {
        if self.form.is_none() {
            let failed = |source| ImportError::Read { path: self.path.clone(), source };
            let mut file = File::open(&self.path).map_err(failed)?;
            file.seek(SeekFrom::Start(byte)).map_err(failed)?;
            self.taken.store(byte.min(self.begun.len()), Ordering::Relaxed);
            let counted = Counted { file, taken: Arc::clone(&self.taken) };
            self.source = Box::new(BufReader::with_capacity(256 * 1024, counted));
            (self.from, self.to, self.is_over) = (0, 0, false);
        } else {
            self.skip_text(byte.saturating_sub(self.byte))?;
        }
        (self.line, self.byte) = (line, byte);
        Ok(())
    }

    fn skip_text(&mut self, mut left: u64) -> Result<(), ImportError> {
        loop {
            let held = self.to - self.from;
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(held);
            self.from += step;
            left -= step as u64;
            // The last line counts an end that need not be there.
            if left == 0 || (self.is_over && left == 1) {
                return Ok(());
            }
            if self.is_over {
                return Err(ImportError::Changed { path: self.path.clone(), byte: self.position().0 });
            }
            self.fill()?;
        }
    }

    /// The next line with its number, from 1, without what ends it.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn next_line(&mut self) -> Result<Option<(u64, &str)>, ImportError> {
        let Some((from, to)) = self.raw_line()? else { return Ok(None) };
        let (line, begins) = (self.line, self.byte.saturating_sub((to - from) as u64 + 1));
        let bytes = self.buffer.get(from..to).unwrap_or_default();
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let bytes = if line == 1 { unmarked(bytes)? } else { bytes };
        match (self.encoding, std::str::from_utf8(bytes)) {
            (Encoding::Utf8, Ok(text)) => Ok(Some((line, text))),
            (Encoding::Utf8, Err(error)) => {
                let byte = begins.saturating_add(error.valid_up_to() as u64);
                Err(ImportError::Encoding { line, byte, advice: advice(bytes) })
            }
            (Encoding::Gb18030, _) => {
                let Some(text) = GB18030.decode_without_bom_handling_and_without_replacement(bytes) else {
                    let advice = "nor is it GB18030: save it in one of the two";
                    return Err(ImportError::Encoding { line, byte: begins, advice });
                };
                match text {
                    Cow::Borrowed(text) => Ok(Some((line, text))),
                    Cow::Owned(text) => {
                        self.decoded = text;
                        Ok(Some((line, self.decoded.as_str())))
                    }
                }
            }
        }
    }

    /// Where in the buffer the next line lies.
    fn raw_line(&mut self) -> Result<Option<(usize, usize)>, ImportError> {
        let mut looked = 0;
        loop {
            let held = self.buffer.get(self.from..self.to).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', held.get(looked..).unwrap_or_default()) {
                let len = looked + at;
                self.check_length(len)?;
                let line = (self.from, self.from + len);
                self.from += len + 1;
                self.line += 1;
                self.byte += len as u64 + 1;
                return Ok(Some(line));
            }
            looked = held.len();
            self.check_length(looked)?;
            if self.is_over {
                if looked == 0 {
                    return Ok(None);
                }
                let line = (self.from, self.to);
                self.from = self.to;
                self.line += 1;
                self.byte += looked as u64 + 1;
                return Ok(Some(line));
            }
            self.fill()?;
        }
    }

    fn check_length(&self, len: usize) -> Result<(), ImportError> {
        if len > MAX_LINE {
            return Err(ImportError::TooLong { line: self.line + 1, byte: self.byte, most: MAX_LINE });
        }
        Ok(())
    }

    fn fill(&mut self) -> Result<(), ImportError> {
        if self.to == self.buffer.len() {
            self.buffer.copy_within(self.from..self.to, 0);
            self.to -= self.from;
            self.from = 0;
        }
        let room = self.buffer.get_mut(self.to..).unwrap_or_default();
        match self.source.read(room) {
            Ok(0) => self.is_over = true,
            Ok(read) => self.to += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(self.failed(source)),
        }
        Ok(())
    }

    fn failed(&self, source: io::Error) -> ImportError {
        let (byte, line, path) = (self.position().0, self.line, self.path.clone());
        match (self.form, source.kind()) {
            (Some(form), io::ErrorKind::UnexpectedEof) => {
                ImportError::Compressed { path, form, how: "ends in the middle", line, byte }
            }
            (Some(form), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::Other) => {
                let how = if byte >= self.begun.len() { "is damaged or ends in the middle" } else { "is damaged" };
                ImportError::Compressed { path, form, how, line, byte }
            }
            (Some(_) | None, _) => ImportError::Read { path, source },
        }
    }

    /// Whether the file is still the one that was opened, in content and length.
    ///
    /// # Errors
    /// [`ImportError::Changed`].
    pub fn unchanged(&self) -> Result<(), ImportError> {
        let now = std::fs::metadata(&self.path);
        let is_same = now.is_ok_and(|now| {
            (now.dev(), now.ino(), now.len(), now.mtime(), now.mtime_nsec())
                == (self.begun.dev(), self.begun.ino(), self.begun.len(), self.begun.mtime(), self.begun.mtime_nsec())
        });
        // A pipe has no length and cannot be looked at again.
        if is_same || !self.begun.is_file() {
            return Ok(());
        }
        Err(ImportError::Changed { path: self.path.clone(), byte: self.position().0 })
    }
}

/// The first line without its mark of byte order.
fn unmarked(bytes: &[u8]) -> Result<&[u8], ImportError> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(ImportError::Encoding { line: 1, byte: 0, advice: "it is UTF-16: save it as UTF-8" });
    }
    Ok(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}

fn advice(bytes: &[u8]) -> &'static str {
    if GB18030.decode_without_bom_handling_and_without_replacement(bytes).is_some() {
        "it reads as GBK (GB18030): say --encoding gb18030"
    } else {
        "save it as UTF-8, or say --encoding gb18030 if it is GBK"
    }
}
