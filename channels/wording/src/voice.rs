//! What is said in a telephone call, for the ear: short sentences, the fact first.
//!
//! Owns the list of sentences and the places in them where something is put in: a count, a day, digits. Those are handed
//! out as [`VoicePart::Slot`], since a recording and a synthetic voice say them in different ways. Makes no sound and
//! knows no grammar of numbers.

use contract::Language;
use fluent_bundle::FluentArgs;

use crate::Words;
use crate::message::Part;

/// Marks where a slot begins and ends: no catalogue has it.
const MARK: char = '\u{1}';

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VoicePart {
    /// Words, with the spaces and marks around them.
    Words(String),
    /// Something is put in here, by the name of its variable.
    Slot(&'static str),
}

macro_rules! voice {
    ($($(#[$doc:meta])* $variant:ident => $id:literal $(($($slot:literal),+))?,)+) => {
        /// A sentence.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum VoiceText { $($(#[$doc])* $variant,)+ }

        impl VoiceText {
            /// Every sentence.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Id and slots of each.
            pub(crate) const SHAPES: &'static [(&'static str, &'static [&'static str])] =
                &[$(($id, &[$($($slot),+)?])),+];

            /// The id in the catalogues.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ }
            }

            /// What can be put in.
            #[must_use]
            pub const fn slots(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($($slot),+)?],)+ }
            }
        }
    };
}

voice! {
    /// Who we are.
    Greeting => "voice-greeting",
    /// For this language, press.
    LanguageKey => "voice-language-key" ("key"),
    /// Key the number.
    AskNumber => "voice-ask-number" ("digits"),
    /// Key the next number.
    AskAnother => "voice-ask-another",
    /// No key was heard.
    NothingHeard => "voice-nothing-heard",
    /// What is there of a number.
    Partial => "voice-partial" ("read", "last"),
    /// Too few or too many.
    WrongLength => "voice-wrong-length" ("read", "digits"),
    /// The digits do not add up.
    DoesNotAddUp => "voice-does-not-add-up",
    /// They do not again.
    DoesNotAddUpAgain => "voice-does-not-add-up-again",
    /// Start again.
    StartAgain => "voice-start-again",
    /// The last group is gone.
    TakenBack => "voice-taken-back" ("read"),
    /// We are looking.
    OneMoment => "voice-one-moment",
    /// Too many ask.
    Busy => "voice-busy",
    /// It cannot be looked up.
    NotAnswered => "voice-not-answered",
    /// The menu: again, and another.
    Menu => "voice-menu",
    /// The menu: a report.
    MenuReport => "voice-menu-report",
    /// The menu: the digits keyed.
    MenuReadBack => "voice-menu-read-back",
    /// The menu: another language.
    MenuLanguage => "voice-menu-language",
    /// The menu: a person.
    MenuPerson => "voice-menu-person",
    /// The digits keyed.
    YouKeyed => "voice-you-keyed" ("number"),
    /// The receipt.
    Receipt => "voice-receipt" ("number"),
    /// The area of the shop.
    AskArea => "voice-ask-area",
    /// The report was taken.
    Reported => "voice-reported",
    /// Nothing happens by this key.
    NoSuchKey => "voice-no-such-key",
    /// To a person.
    Connecting => "voice-connecting",
    /// No person.
    NobodyThere => "voice-nobody-there",
    /// Too many tries.
    TooManyTries => "voice-too-many-tries",
    /// Too many numbers.
    TooManyNumbers => "voice-too-many-numbers",
    /// The longest time.
    TimeIsUp => "voice-time-is-up",
    /// Going down.
    GoingDown => "voice-going-down",
    /// As many calls as there may be.
    AllBusy => "voice-all-busy",
    /// As many calls from one number as there may be.
    TooManyCalls => "voice-too-many-calls",
    /// Goodbye.
    Goodbye => "voice-goodbye",
    /// Before a further verdict.
    Also => "voice-also",
    /// In a city, behind a day.
    InCity => "voice-in-city" ("city"),
    /// The product on record.
    Product => "voice-product" ("name"),
    /// The last good day.
    GoodUntil => "voice-good-until" ("day"),
    /// [`contract::Verdict::Unavailable`]
    Unavailable => "voice-unavailable",
    /// [`contract::Verdict::Degraded`]
    Degraded => "voice-degraded",
    /// [`contract::Verdict::RateLimited`]
    RateLimited => "voice-rate-limited" ("minutes"),
    /// [`contract::Verdict::Malformed`]
    Malformed => "voice-malformed" ("digits"),
    /// [`contract::Verdict::Typo`]
    Typo => "voice-typo",
    /// [`contract::Verdict::NotUnitCode`]: a bar code.
    Barcode => "voice-barcode",
    /// [`contract::Verdict::NotUnitCode`]: a licence.
    Licence => "voice-licence",
    /// [`contract::Verdict::NotCovered`]
    NotCovered => "voice-not-covered",
    /// [`contract::Verdict::Unknown`]
    Unknown => "voice-unknown",
    /// [`contract::Verdict::Compromised`]
    Compromised => "voice-compromised",
    /// [`contract::Verdict::Stolen`]
    Stolen => "voice-stolen",
    /// [`contract::Verdict::Recalled`]
    Recalled => "voice-recalled",
    /// The reason of a recall.
    RecallReason => "voice-recall-reason" ("reason"),
    /// [`contract::Verdict::Withdrawn`]
    Withdrawn => "voice-withdrawn",
    /// [`contract::Verdict::Expired`]
    Expired => "voice-expired" ("day"),
    /// [`contract::Verdict::NotActivated`], lately issued.
    NotActivatedFresh => "voice-not-activated-fresh",
    /// [`contract::Verdict::NotActivated`]
    NotActivated => "voice-not-activated",
    /// [`contract::Verdict::NotYetOnSale`]
    NotYetOnSale => "voice-not-yet-on-sale",
    /// [`contract::Verdict::NotYetOnSale`], with the first day.
    OnSaleFrom => "voice-on-sale-from" ("day"),
    /// [`contract::Verdict::ImpossibleTravel`]
    ImpossibleTravel => "voice-impossible-travel" ("seen"),
    /// [`contract::Verdict::SoldBefore`]
    SoldBefore => "voice-sold-before" ("seen"),
    /// [`contract::Verdict::Overchecked`]
    Overchecked => "voice-overchecked" ("times", "seen"),
    /// [`contract::Verdict::DataMismatch`]
    DataMismatch => "voice-data-mismatch",
    /// [`contract::Verdict::CartonCode`]
    CartonCode => "voice-carton-code",
    /// [`contract::Verdict::GenuineSeen`]
    GenuineSeen => "voice-genuine-seen" ("times", "seen"),
    /// [`contract::Verdict::GenuineAgain`]
    GenuineAgain => "voice-genuine-again" ("seen"),
    /// [`contract::Verdict::GenuineFirst`]
    GenuineFirst => "voice-genuine-first",
    /// What to do: ask again later.
    AdviseLater => "voice-advise-later",
    /// What to do: key it again.
    AdviseKeyAgain => "voice-advise-key-again",
    /// What to do: another number of the pack.
    AdviseOtherNumber => "voice-advise-other-number",
    /// What to do: ask the maker.
    AdviseMaker => "voice-advise-maker",
    /// What to do: do not use, keep, report.
    AdviseReport => "voice-advise-report",
    /// What to do: tell the police.
    AdvisePolice => "voice-advise-police",
    /// What to do: return recalled goods.
    AdviseReturn => "voice-advise-return",
    /// What to do: ask for an exchange.
    AdviseExchange => "voice-advise-exchange",
    /// What to do: ask again in two days.
    AdviseTwoDays => "voice-advise-two-days",
    /// What to do: if that was not you, report.
    AdviseNotYou => "voice-advise-not-you",
    /// What to do: compare the pack.
    AdviseCompare => "voice-advise-compare",
}

impl Words {
    /// A sentence in its pieces.
    #[must_use]
    pub fn voice(&self, text: VoiceText, language: Language) -> Vec<VoicePart> {
        let mut marked = FluentArgs::new();
        for slot in text.slots() {
            marked.set(*slot, format!("{MARK}{slot}{MARK}"));
        }
        let sentence = self.catalogue(language).say(text.id(), Part::Value, &marked);
        let pieces = sentence.split(MARK).enumerate().filter_map(|(at, piece)| {
            if at.is_multiple_of(2) {
                (!piece.is_empty()).then(|| VoicePart::Words(piece.to_owned()))
            } else {
                text.slots().iter().find(|slot| **slot == piece).map(|slot| VoicePart::Slot(slot))
            }
        });
        pieces.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::BANNED;
    use crate::catalogue::tests::{assert_simplified, assert_traditional};

    #[test]
    fn every_sentence_has_all_its_slots_in_every_language() {
        let words = crate::tests::words();
        for language in Language::ALL {
            for text in VoiceText::ALL {
                let parts = words.voice(*text, language);
                let slots = parts.iter().filter(|part| matches!(part, VoicePart::Slot(_))).count();
                assert_eq!(slots, text.slots().len(), "{language:?} {text:?} {parts:?}");
                for part in parts {
                    let VoicePart::Words(said) = part else { continue };
                    assert!(!said.contains(['{', '}', '$', '\n', MARK]), "{said}");
                    assert!(
                        !said.contains(|c: char| c.is_ascii_digit()),
                        "{said}: a voice reads digits in its own way"
                    );
                    assert!(!BANNED.iter().any(|banned| said.to_lowercase().contains(banned)), "{said}");
                    match language {
                        Language::ZhHans => assert_simplified(&said),
                        Language::ZhHk => assert_traditional(&said),
                        Language::En => assert!(said.is_ascii(), "{said}"),
                    }
                }
            }
        }
    }
}
