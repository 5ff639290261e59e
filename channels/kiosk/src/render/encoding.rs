//! Text as a device's character set writes it.
//!
//! What a set lacks is written as `?`: the encoder of the web would write an HTML character reference in its place, which
//! is ten columns of noise on a display. Control characters never leave: text holds names from outside, and an escape
//! in one of them would be a command to the device.

use encoding_rs::{BIG5, EncoderResult, GB18030, GBK};
use serde::{Deserialize, Serialize};

/// A device's character set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// GBK: two octets and two columns for every character that is not ASCII.
    Gbk,
    /// GB 18030, with its four-octet characters, which old printers lack.
    Gb18030,
    /// Big5.
    Big5,
}

impl Encoding {
    /// Writes text.
    pub fn write(self, text: &str, out: &mut Vec<u8>) {
        let table = match self {
            Self::Utf8 => {
                out.extend(text.chars().filter(|c| !c.is_control()).collect::<String>().bytes());
                return;
            }
            Self::Gbk => GBK,
            Self::Gb18030 => GB18030,
            Self::Big5 => BIG5,
        };
        let mut buffer = [0; 8];
        for c in text.chars().filter(|c| !c.is_control()) {
            let mut utf8 = [0; 4];
            let one = c.encode_utf8(&mut utf8);
            let (result, _, written) = table.new_encoder().encode_from_utf8_without_replacement(one, &mut buffer, true);
            match (result, buffer.get(..written)) {
                (EncoderResult::InputEmpty, Some(octets)) => out.extend(octets),
                (EncoderResult::InputEmpty | EncoderResult::OutputFull | EncoderResult::Unmappable(_), _) => {
                    out.push(b'?');
                }
            }
        }
    }

    /// Reads what a device sent: UTF-8 where it is that, and the device's own set otherwise.
    #[must_use]
    pub fn read(self, octets: &[u8]) -> String {
        if let Ok(text) = std::str::from_utf8(octets) {
            return text.to_owned();
        }
        let table = match self {
            Self::Utf8 | Self::Gb18030 => GB18030,
            Self::Gbk => GBK,
            Self::Big5 => BIG5,
        };
        table.decode_without_bom_handling(octets).0.into_owned()
    }

    /// Reads what a device of this set was sent, as the device does: by its own set and no other.
    #[must_use]
    pub fn decode(self, octets: &[u8]) -> String {
        match self {
            Self::Utf8 => String::from_utf8_lossy(octets).into_owned(),
            Self::Gbk => GBK.decode_without_bom_handling(octets).0.into_owned(),
            Self::Gb18030 => GB18030.decode_without_bom_handling(octets).0.into_owned(),
            Self::Big5 => BIG5.decode_without_bom_handling(octets).0.into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(encoding: Encoding, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        encoding.write(text, &mut out);
        out
    }

    #[test]
    fn every_set_writes_chinese_in_its_own_octets() {
        assert_eq!(written(Encoding::Gbk, "正品A"), [0xd5, 0xfd, 0xc6, 0xb7, b'A']);
        assert_eq!(written(Encoding::Big5, "正品"), [0xa5, 0xbf, 0xab, 0x7e]);
        assert_eq!(written(Encoding::Utf8, "正"), "正".as_bytes());
        assert_eq!(written(Encoding::Gb18030, "𠮷").len(), 4);
    }

    #[test]
    fn what_a_set_lacks_is_one_question_mark_and_commands_are_left_out() {
        assert_eq!(written(Encoding::Gbk, "\u{2714}"), b"?");
        assert_eq!(written(Encoding::Big5, "编"), b"?");
        for encoding in [Encoding::Utf8, Encoding::Gbk, Encoding::Gb18030, Encoding::Big5] {
            assert_eq!(written(encoding, "a\u{1b}p\u{0}\n\u{9b}b"), b"apb");
        }
    }

    #[test]
    fn full_width_digits_are_read_in_either_set() {
        let gbk = written(Encoding::Gbk, "１２３");
        assert_eq!(Encoding::Gbk.read(&gbk), "１２３");
        assert_eq!(Encoding::Utf8.read("１２３".as_bytes()), "１２３");
    }
}
