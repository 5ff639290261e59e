//! A telephone number as one asker: the same by text message and by telephone.
//!
//! Owns the rule by which a number as a network writes it becomes E.164. Knows no numbering plans: it tells subscribers
//! from short numbers by length alone.

/// The fewest digits of a subscriber's number as it is dialled within its country; fewer are a short number.
const SHORTEST: usize = 7;

/// The number in E.164 without a plus sign: as it is where it is international, behind `country` (digits, as `86`) where it
/// is not; where no country is given, as it is. `00` in front means international; a national number loses its trunk zero.
/// `None` where it is not all digits (a plus sign in front is none of them) or cannot be a subscriber's.
#[must_use]
pub fn e164(number: &str, international: bool, country: &str) -> Option<String> {
    let digits = number.strip_prefix('+').unwrap_or(number);
    if digits.len() < SHORTEST || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // No country's code begins with a zero: a number that does is national, whatever the network calls it.
    let international = (international || number.starts_with('+')) && !digits.starts_with('0');
    let whole = match digits.strip_prefix("00") {
        Some(rest) => rest.to_owned(),
        None if international || country.is_empty() => digits.to_owned(),
        None => match digits.strip_prefix(country) {
            // Most networks say "unknown" and mean international.
            Some(rest) if rest.len() >= 8 => digits.to_owned(),
            Some(_) | None => format!("{country}{}", digits.strip_prefix('0').unwrap_or(digits)),
        },
    };
    ((8..=15).contains(&whole.len()) && (country.is_empty() || !whole.starts_with('0'))).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_asker_however_it_is_written() {
        for (number, international) in [
            ("8613800138000", true),
            ("+8613800138000", false),
            ("13800138000", false),
            ("013800138000", false),
            ("8613800138000", false),
            ("008613800138000", false),
            ("008613800138000", true),
            ("013800138000", true),
            ("+013800138000", false),
        ] {
            assert_eq!(e164(number, international, "86").as_deref(), Some("8613800138000"), "{number}");
        }
        assert_eq!(e164("91234567", false, "852").as_deref(), Some("85291234567"));
        assert_eq!(e164("85291234567", false, "86").as_deref(), Some("8685291234567"), "not of this country");
        assert_eq!(e164("+14155550123", false, "86").as_deref(), Some("14155550123"));
    }

    #[test]
    fn what_is_no_subscriber_s_number_is_none() {
        for number in [
            "",
            "+",
            "10086",
            "12365",
            "CMCC",
            "1380013800x",
            "1234567890123456",
            "00001380013800",
            "１３８００１３８０００",
        ] {
            assert_eq!(e164(number, false, "86"), None, "{number}");
        }
        assert_eq!(e164("0138001380", false, "").as_deref(), Some("0138001380"), "of no known country");
    }
}
