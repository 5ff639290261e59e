//! Calls as a caller goes through them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::{
    Answer, Identity, Inquiry, Language, Number, Receipt, Refusal, Reply, Request, RequestKind, Timestamp, Verdict,
};

use super::*;

/// A call with its clock.
pub(super) struct Line {
    pub(super) dialogue: Dialogue,
    pub(super) now: Instant,
    pub(super) said: Vec<Phrase>,
    pub(super) asked: Vec<Inquiry>,
    pub(super) ended: Option<Ending>,
    pub(super) transferred: Option<String>,
}

impl Line {
    fn of(language: Option<Language>, person: Option<&str>) -> Self {
        // The instant itself means nothing: only distances do.
        #[expect(clippy::disallowed_methods, reason = "an origin for distances")]
        let now = Instant::now();
        let call = Call {
            scope: "voice/test".to_owned(),
            key: "call-1".to_owned(),
            valid_for: Duration::ZERO,
            asked: 0,
            caller: Identity::Phone("8613800138000".to_owned()),
            language,
            person: person.map(str::to_owned),
            began: now,
            began_at: Timestamp(1_790_000_000_000),
        };
        let dialogue = Dialogue::new(Arc::new(Settings::default()), call);
        let mut line = Self { dialogue, now, said: Vec::new(), asked: Vec::new(), ended: None, transferred: None };
        line.dialogue.handle_start(now);
        line.look();
        line
    }

    fn known() -> Self {
        Self::of(Some(Language::En), None)
    }

    /// Takes what the dialogue wants done; returns what is said now.
    fn look(&mut self) -> Vec<Phrase> {
        self.said.clear();
        while let Some(output) = self.dialogue.poll_output() {
            match output {
                Output::Play(play) => self.said = play.phrases,
                Output::Stop => self.said.clear(),
                Output::Ask(inquiry) => self.asked.push(*inquiry),
                Output::Transfer(place) => self.transferred = Some(place),
                Output::HangUp(ending) => self.ended = Some(ending),
            }
        }
        self.said.clone()
    }

    fn key(&mut self, keys: &str) -> Vec<Phrase> {
        for c in keys.chars() {
            self.now += Duration::from_millis(200);
            self.dialogue.handle_key(Key::from_char(c).unwrap(), self.now);
        }
        self.look()
    }

    fn hear(&mut self) {
        self.now += Duration::from_secs(2);
        self.dialogue.handle_played(self.now);
        self.look();
    }

    /// Lets time pass until the next timer.
    fn wait(&mut self) -> Vec<Phrase> {
        let (at, _) = self.dialogue.poll_timeout().unwrap();
        self.now = self.now.max(at);
        self.dialogue.handle_timeout(self.now);
        self.look()
    }

    fn answer(&mut self, verdict: Verdict) -> Vec<Phrase> {
        self.dialogue.handle_reply(Ok(reply(verdict)), self.now);
        self.look()
    }
}

pub(crate) fn number() -> String {
    let body = "1234567000000112345";
    let check = body.bytes().fold(0, |interim, digit| contract::receipt::damm_step(interim, digit - b'0'));
    format!("{body}{check}")
}

pub(crate) fn reply(verdict: Verdict) -> Reply {
    let colour = verdict.colour();
    Reply {
        about: RequestKind::Check,
        answers: vec![Answer { verdict, colour, advisories: Vec::new(), facts: contract::Facts::default() }],
        receipt: Receipt::from_body(12_345_678_901),
        at: Timestamp(1_790_000_000_000),
        position: None,
        silent: false,
        replayed: false,
    }
}

fn menu_last(phrases: &[Phrase]) -> bool {
    matches!(phrases.last(), Some(Phrase::Menu(_)))
}

#[test]
fn twenty_digits_are_asked_at_once_and_the_verdict_comes_first() {
    let mut line = Line::known();
    line.hear();
    line.key(&number());
    assert_eq!(line.asked.len(), 1);
    let inquiry = &line.asked[0];
    assert_eq!(inquiry.id.key, "call-1/0");
    assert_eq!(inquiry.checks[0].number, Number::Digits(number()));
    let said = line.answer(Verdict::GenuineFirst);
    assert!(matches!(&said[0], Phrase::Answer(answer) if answer.verdict == Verdict::GenuineFirst), "{said:?}");
    assert!(menu_last(&said));
}

#[test]
fn a_hash_after_the_last_digit_does_not_cut_the_verdict_off() {
    let mut line = Line::known();
    line.key(&number());
    line.answer(Verdict::GenuineFirst);
    assert!(line.dialogue.is_playing());
    line.key("#");
    assert!(line.dialogue.is_playing());
}

#[test]
fn on_hold_nobody_is_silent_and_the_time_that_was_left_is_left_after_it() {
    let mut line = Line::known();
    line.hear();
    line.key("123");
    let (due, _) = line.dialogue.poll_timeout().unwrap();
    let left = due - line.now;
    line.dialogue.handle_hold(true, line.now);
    line.now += Duration::from_secs(200);
    line.dialogue.handle_hold(true, line.now);
    line.dialogue.handle_timeout(line.now);
    assert!(line.look().is_empty(), "a word to nobody");
    assert_eq!(line.dialogue.poll_timeout().unwrap().1, "call");
    line.dialogue.handle_hold(false, line.now);
    assert_eq!(line.dialogue.poll_timeout().unwrap(), (line.now + left, "keys"));
    assert!(matches!(line.wait()[..], [Phrase::Partial(3, _)]));
}

#[test]
fn who_is_put_on_hold_for_good_is_told_goodbye_in_the_end() {
    let mut line = Line::known();
    line.dialogue.handle_hold(true, line.now);
    line.wait();
    assert!(matches!(line.said[..], [Phrase::TimeIsUp, Phrase::Goodbye]));
    line.wait();
    assert!(line.dialogue.is_over());
}

#[test]
fn a_key_stops_what_is_said_and_the_clock_of_the_next_key_runs() {
    let mut line = Line::known();
    assert!(line.dialogue.is_playing());
    line.key("1");
    assert!(!line.dialogue.is_playing());
    let (at, what) = line.dialogue.poll_timeout().unwrap();
    assert_eq!((at - line.now, what), (Duration::from_secs(4), "keys"));
    line.key("234");
    let (at, _) = line.dialogue.poll_timeout().unwrap();
    assert_eq!(at - line.now, Duration::from_secs(8), "people turn the pack at the border of a group");
}

#[test]
fn a_pause_keeps_the_digits_and_says_what_is_there() {
    let mut line = Line::known();
    let number = number();
    line.key(number.split_at(8).0);
    assert_eq!(line.wait(), [Phrase::Partial(8, number.chars().skip(4).take(4).collect())]);
    line.hear();
    line.key(number.split_at(8).1);
    assert_eq!(line.asked[0].checks[0].number, Number::Digits(number));
}

#[test]
fn sixteen_digits_are_a_number_only_with_a_hash() {
    let mut line = Line::known();
    line.key("1234567890123456");
    assert!(matches!(line.wait()[..], [Phrase::Partial(16, _)]));
    assert!(line.asked.is_empty(), "they may be the front of twenty");
    line.key("#");
    assert_eq!(line.asked.len(), 1);
}

#[test]
fn star_starts_again_and_a_second_one_takes_back_only_the_group() {
    let mut line = Line::known();
    let number = number();
    line.key(number.split_at(9).0);
    assert_eq!(line.key("*"), [Phrase::StartAgain]);
    assert_eq!(line.key("*"), [Phrase::TakenBack(8)]);
    line.key(number.split_at(8).1);
    assert_eq!(line.asked[0].checks[0].number, Number::Digits(number.clone()));
    let mut line = Line::known();
    line.key("999*");
    line.key(&number);
    assert_eq!(line.asked.len(), 1);
}

#[test]
fn a_typo_is_not_looked_up_until_it_is_keyed_the_same_again() {
    let mut line = Line::known();
    let mut odd = number();
    let last = odd.pop().unwrap();
    odd.push(if last == '0' { '1' } else { '0' });
    assert_eq!(line.key(&odd), [Phrase::DoesNotAddUp(false), Phrase::AskNumber(20)]);
    assert!(line.asked.is_empty());
    line.key(&odd);
    assert_eq!(line.asked.len(), 1, "it is what the pack says");
}

#[test]
fn three_tries_have_three_texts_and_then_a_person_or_the_end() {
    let odd = |digit: char| {
        let mut odd = number();
        odd.replace_range(0..1, if digit == '1' { "2" } else { "3" });
        odd
    };
    for person in [None, Some("sip:help@example.com")] {
        let mut line = Line::of(Some(Language::En), person);
        assert_eq!(line.key("123#")[0], Phrase::WrongLength(3, 20));
        assert_eq!(line.key(&odd('1'))[0], Phrase::DoesNotAddUp(true), "no text is said twice");
        let said = line.key(&odd('2'));
        assert_eq!(said[0], Phrase::TooManyTries);
        line.hear();
        match person {
            None => assert_eq!(line.ended, Some(Ending::NoNumber)),
            Some(place) => assert_eq!(line.transferred.as_deref(), Some(place)),
        }
    }
}

#[test]
fn who_keys_too_little_twice_hears_more_the_second_time() {
    let mut line = Line::known();
    assert_eq!(line.key("123#"), [Phrase::WrongLength(3, 20), Phrase::AskNumber(20)]);
    assert_eq!(line.key("12#"), [Phrase::WrongLength(2, 20), Phrase::DoesNotAddUp(true), Phrase::AskNumber(20)]);
    assert_eq!(line.key("1#")[0], Phrase::TooManyTries);
}

#[test]
fn silence_ends_politely() {
    let mut line = Line::known();
    for _ in 0..2 {
        line.hear();
        assert_eq!(line.wait()[0], Phrase::NothingHeard);
    }
    line.hear();
    assert_eq!(line.wait(), [Phrase::Goodbye]);
    line.hear();
    assert_eq!(line.ended, Some(Ending::Silent));
}

#[test]
fn a_language_is_chosen_by_its_key_and_a_number_may_begin_at_once() {
    let mut line = Line::of(None, None);
    assert_eq!(line.dialogue.language(), (Language::ZhHans, false));
    line.key("3");
    line.wait();
    assert_eq!(line.dialogue.language(), (Language::En, true));
    let mut line = Line::of(None, None);
    let number = number();
    line.key(&number);
    assert_eq!(line.asked[0].checks[0].number, Number::Digits(number));
    assert_eq!(line.asked[0].language, Language::ZhHans);
}

#[test]
fn nine_says_the_answer_in_another_language_without_asking_again() {
    let mut line = Line::known();
    line.key(&number());
    line.answer(Verdict::Unknown);
    assert!(matches!(line.key("9")[0], Phrase::LanguageKey(Language::ZhHans, 1)));
    line.key("2");
    let said = line.wait();
    assert!(matches!(said[0], Phrase::Answer(_)), "{said:?}");
    assert_eq!((line.dialogue.language().0, line.asked.len()), (Language::ZhHk, 1));
}

#[test]
fn the_menu_repeats_reads_back_and_takes_a_report() {
    let mut line = Line::known();
    line.key(&number());
    let said = line.answer(Verdict::Unknown);
    assert_eq!(said.last(), Some(&Phrase::Menu(Offers { read_back: true, report: true, person: false })));
    assert!(matches!(line.key("1")[0], Phrase::Answer(_)));
    assert_eq!(line.key("4")[0], Phrase::YouKeyed(number()));
    assert_eq!(line.key("7")[0], Phrase::NoSuchKey);
    assert_eq!(line.key("3"), [Phrase::AskArea]);
    line.key("0755#");
    let Request::Tip(tip) = &line.asked[1].request else { panic!("a report") };
    assert_eq!((tip.text.as_str(), tip.receipt), ("by telephone, area 0755", Receipt::from_body(12_345_678_901)));
    assert_eq!(line.asked[1].id.key, "call-1/1");
    assert_eq!(line.answer(Verdict::Unknown)[0], Phrase::Reported);
    assert_eq!(line.key("2"), [Phrase::AskAnother]);
}

#[test]
fn who_waits_hears_so_and_is_told_in_the_end() {
    let mut line = Line::known();
    line.key(&number());
    assert_eq!(line.wait(), [Phrase::OneMoment]);
    line.key("123#");
    let mut said = Vec::new();
    while line.dialogue.is_asking() {
        said = line.wait();
    }
    assert_eq!(said[0], Phrase::NotAnswered(RefusalKind::Unavailable));
    assert!(line.answer(Verdict::GenuineFirst).is_empty(), "too late to be said");
    assert_eq!(line.asked.len(), 1);
}

#[test]
fn a_refusal_says_nothing_about_the_goods_and_the_call_goes_on() {
    let mut line = Line::known();
    line.key(&number());
    line.dialogue.handle_reply(Err(Refusal::Overloaded), line.now);
    let said = line.look();
    assert_eq!(said[0], Phrase::NotAnswered(RefusalKind::Busy));
    assert_eq!(line.key("2"), [Phrase::AskAnother]);
}

#[test]
fn a_hang_up_keeps_the_question() {
    let mut line = Line::known();
    for c in number().chars() {
        line.dialogue.handle_key(Key::from_char(c).unwrap(), line.now);
    }
    line.dialogue.handle_hung_up();
    line.look();
    assert_eq!((line.asked.len(), line.ended), (1, Some(Ending::HungUp)));
    line.dialogue.handle_reply(Ok(reply(Verdict::GenuineFirst)), line.now);
    assert!(line.dialogue.poll_output().is_none() && line.dialogue.poll_timeout().is_none());
}

#[test]
fn the_longest_time_of_a_call_holds_whatever_is_keyed() {
    let mut line = Line::known();
    while line.ended.is_none() {
        line.key("*");
        if line.dialogue.poll_timeout().is_some_and(|(at, _)| at <= line.now) {
            line.wait();
        }
        line.hear();
        assert!(line.now - line.dialogue.call.began < Duration::from_secs(310));
    }
    assert_eq!(line.ended, Some(Ending::TooLong));
}

#[test]
fn a_person_who_does_not_answer_gives_the_caller_back() {
    let mut line = Line::of(Some(Language::En), Some("tel:12365"));
    line.key(&number());
    line.answer(Verdict::Unknown);
    assert_eq!(line.key("0"), [Phrase::Connecting]);
    line.hear();
    assert_eq!(line.transferred.as_deref(), Some("tel:12365"));
    line.dialogue.handle_transfer_failed(line.now);
    let said = line.look();
    assert_eq!(said[0], Phrase::NobodyThere);
    assert!(matches!(said.last(), Some(Phrase::Menu(Offers { person: false, .. }))));
}
