//! Who asks: ten thousand honest people and a thousand sources of guesses, drawn from one seed.
//!
//! # The honest
//! Six in ten text or call, a quarter ask by the page (most in households of three and four behind one address, in
//! networks where guessers have addresses too; some behind four addresses of a mobile carrier), the others stand at forty
//! mall terminals or withhold their number. Each asks about one to six articles within an hour or so; one number in 25 is mistyped first
//! (and meets the check digit), one answer in twelve is looked at again, one number in 60 is a copy's made-up one, and
//! one buyer in 400 has a carton of copies with numbers in a row and asks about four of them.
//!
//! # The guessers
//! Phones, addresses that use the API out of rented networks, browsers that throw their cookie away (for a new one as
//! often as the page gives them out), and one who stands at a terminal. They draw serials, try all tags of one serial, walk
//! along a row, try neighbours of a carton that they bought, or mix in numbers that they bought.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use contract::receipt::damm_step;
use contract::{
    Asker, Channel, Check, EventTime, Identity, Inquiry, InquiryId, Language, Means, Number, Request, Role, Timestamp,
};
use support::drive::{Chance, digits};

/// Honest askers.
pub(super) const HONEST: usize = 10_000;
/// Sources of guesses.
pub(super) const SOURCES: usize = 1_000;

const PHONES: usize = 6_000;
const BROWSERS: usize = 2_500;
const AT_TERMINALS: usize = 1_400;
/// Cookies that the page gives out to an address in an hour, its default.
const COOKIES: i64 = 120;

/// One question.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    /// Milliseconds from the beginning.
    pub(super) at: i64,
    /// Which honest asker it is.
    pub(super) honest: Option<usize>,
    /// A guess, and no number that its asker has.
    pub(super) is_guess: bool,
    identity: Identity,
    address: Option<IpAddr>,
    channel: Channel,
    number: String,
}

impl Ask {
    /// As a channel hands it over.
    pub(super) fn inquiry(&self, start: i64) -> Inquiry {
        let asker = Asker::new(self.identity.clone(), Role::Shopper);
        let asker = match self.address {
            Some(address) => asker.from_address(address),
            None => asker,
        };
        // Callers who withhold their number are told apart by their call.
        let key = self.honest.map_or_else(String::new, |asker| asker.to_string());
        Inquiry {
            id: InquiryId { scope: "crowd".to_owned(), key, valid_for: Duration::ZERO },
            channel: self.channel,
            asker,
            route: None,
            language: Language::ZhHans,
            place: None,
            asked: EventTime::exact(Timestamp(start + self.at)),
            request: Request::Check,
            checks: vec![Check {
                number: Number::Digits(self.number.clone()),
                means: Means::Typed,
                lot: None,
                expiry: None,
            }],
        }
    }
}

/// The crowd, and the numbers that were issued.
pub(super) struct Crowd {
    numbers: Vec<u128>,
    chance: Chance,
    guessers: Vec<Guesser>,
}

/// One source of guesses.
#[derive(Debug)]
struct Guesser {
    source: usize,
    /// A number that it bought.
    bought: String,
    guesses: u32,
    /// Its cookie: the hour it is of, how many it had in that hour, and all told.
    cookies: (i64, i64, u64),
}

impl Crowd {
    pub(super) fn new(numbers: Vec<u128>, chance: Chance) -> Self {
        let mut crowd = Self { numbers, chance, guessers: Vec::new() };
        for source in 0..SOURCES {
            let bought = crowd.issued();
            crowd.guessers.push(Guesser { source, bought, guesses: 0, cookies: (0, 0, 0) });
        }
        crowd
    }

    fn below(&mut self, below: usize) -> usize {
        self.chance.below(below)
    }

    /// Whether a thing of one in so many happens.
    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    /// A number that was issued.
    fn issued(&mut self) -> String {
        let at = self.below(self.numbers.len());
        digits(self.numbers.get(at).copied().unwrap_or_default())
    }

    /// All that honest people ask within a span, in order.
    pub(super) fn honest(&mut self, span: i64) -> Vec<Ask> {
        let mut asks = Vec::new();
        for asker in 0..HONEST {
            let (identity, address, channel) = person(asker);
            let mut at = i64::try_from(self.below(usize::try_from(span).unwrap_or(1))).unwrap_or(0);
            let numbers = if self.one_in(400) { self.row_of_copies() } else { self.articles() };
            for number in numbers {
                let identity = identity.clone();
                asks.push(Ask { at, honest: Some(asker), is_guess: false, identity, address, channel, number });
                at += 20_000 + i64::try_from(self.below(400_000)).unwrap_or(0);
            }
        }
        asks.sort_by_key(|ask| ask.at);
        asks
    }

    /// One to six articles, and what one does with their numbers.
    fn articles(&mut self) -> Vec<String> {
        let mut asked: Vec<String> = Vec::new();
        let mut count = 1;
        while count < 6 && self.one_in(3) {
            count += 1;
        }
        for _ in 0..count {
            let number = if self.one_in(60) { self.made_up() } else { self.issued() };
            if self.one_in(25) {
                asked.push(self.mistyped(&number));
            }
            asked.push(number.clone());
            if self.one_in(12) {
                asked.push(number);
            }
        }
        asked
    }

    /// The number of a copy whose maker knew how they look.
    fn made_up(&mut self) -> String {
        let like = self.issued();
        let serial = self.below(10_000_000);
        number(like.get(..7).unwrap_or_default(), serial, self.chance.below(100_000))
    }

    fn row_of_copies(&mut self) -> Vec<String> {
        let like = self.issued();
        let serial = self.below(9_999_000);
        (0..4).map(|n| number(like.get(..7).unwrap_or_default(), serial + n, self.chance.below(100_000))).collect()
    }

    fn mistyped(&mut self, number: &str) -> String {
        let at = self.below(20);
        let other = |digit: char| char::from_digit((digit.to_digit(10).unwrap_or(0) + 1) % 10, 10).unwrap_or('0');
        number.chars().enumerate().map(|(nth, digit)| if nth == at { other(digit) } else { digit }).collect()
    }

    /// What a source asks in its turn: a guess, and now and then a number that it has.
    pub(super) fn guess(&mut self, source: usize, at: i64) -> Vec<Ask> {
        let Some(guesser) = self.guessers.get_mut(source) else { return Vec::new() };
        guesser.guesses += 1;
        let (nth, bought) = (guesser.guesses, guesser.bought.clone());
        let (identity, address, channel) = guesser.identity(at);
        let resource = bought.get(..7).unwrap_or_default();
        let serial: usize = bought.get(7..14).and_then(|serial| serial.parse().ok()).unwrap_or(0);
        let step = usize::try_from(nth).unwrap_or(0);
        let (tag, drawn) = (self.chance.below(100_000), self.chance.below(10_000_000));
        let guess = match source % 10 {
            0..=3 | 9 => number(resource, drawn, tag),
            4 | 5 => number(resource, serial, step * 7 % 100_000),
            6 | 7 => number(resource, (serial + step) % 10_000_000, tag),
            _ => number(resource, (serial + step % 4) % 10_000_000, tag),
        };
        let ask =
            |number, is_guess| Ask { at, honest: None, is_guess, identity: identity.clone(), address, channel, number };
        let mut asks = vec![ask(guess, true)];
        // One kind has bought a carton and mixes its numbers in; another checks what it has once.
        let mixes = source % 10 == 9 && nth.is_multiple_of(2);
        if mixes || source % 10 == 8 && nth == 1 {
            let own =
                if mixes { self.numbers.get((source * 31 + step % 24) % self.numbers.len().max(1)) } else { None };
            asks.insert(0, ask(own.map_or(bought, |own| digits(*own)), false));
        }
        asks
    }
}

/// Who an honest asker is, from where and by what it asks.
fn person(asker: usize) -> (Identity, Option<IpAddr>, Channel) {
    if asker < PHONES {
        let channel = if asker.is_multiple_of(5) { Channel::Voice } else { Channel::Sms };
        return (Identity::Phone(format!("86138{asker:08}")), None, channel);
    }
    let nth = asker - PHONES;
    if nth < BROWSERS {
        // The first two thousand live in households of three and four, two houses to a network.
        let address = if nth < 2_000 { address(10, nth / 7, 1 + nth % 2) } else { address(11, nth % 4, 1) };
        return (Identity::Cookie(format!("honest {nth}")), Some(address), Channel::Web);
    }
    if nth < BROWSERS + AT_TERMINALS {
        return (Identity::Terminal(format!("mall-{}", nth % 40)), None, Channel::Kiosk);
    }
    (Identity::Unknown, None, Channel::Voice)
}

impl Guesser {
    fn identity(&mut self, at: i64) -> (Identity, Option<IpAddr>, Channel) {
        let source = self.source;
        match source {
            0..500 => (Identity::Phone(format!("86199{source:08}")), None, Channel::Sms),
            // Rented machines, twenty-five to a network.
            500..750 => {
                let nth = source - 500;
                (Identity::Network(address(20, nth / 25, 1 + nth % 25)), None, Channel::Api)
            }
            // In the networks of honest households, an address of their own; and in rented ones, ten to a network.
            750..999 => {
                let nth = source - 750;
                let from = if nth < 100 { address(10, nth, 77) } else { address(21, nth / 10, 1 + nth % 10) };
                (self.cookie(at, from), Some(from), Channel::Web)
            }
            _ => (Identity::Terminal("mall-0".to_owned()), None, Channel::Kiosk),
        }
    }

    /// A new cookie for every guess, as long as there are any.
    fn cookie(&mut self, at: i64, address: IpAddr) -> Identity {
        let (hour, given, all) = self.cookies;
        let this = at.div_euclid(3_600_000);
        let given = if hour == this { given } else { 0 };
        self.cookies = (this, given + 1, all + 1);
        if given >= COOKIES {
            Identity::Network(address)
        } else {
            Identity::Cookie(format!("guess {} {all}", self.source))
        }
    }
}

/// An address in a network of the crowd's.
fn address(first: u8, network: usize, host: usize) -> IpAddr {
    let part = |value: usize| u8::try_from(value % 256).unwrap_or(0);
    // From 60.0.0.0 on: public by their form, and asked by nobody but this crowd.
    Ipv4Addr::new(first.saturating_add(60), part(network / 256), part(network), part(host)).into()
}

/// A number with the right check digit.
fn number(resource: &str, serial: usize, tag: usize) -> String {
    let digits = format!("{resource}{serial:07}{tag:05}");
    let sum = digits.bytes().fold(0, |sum, digit| damm_step(sum, digit.wrapping_sub(b'0')));
    let check = (0..10).find(|check| damm_step(sum, *check) == 0).unwrap_or(0);
    format!("{digits}{check}")
}
