//! How numbers are put together: resource, serial, tag and check digit, as data rather than code.
//!
//! Owns the layouts in force and the checks on them. Does not compute tags (`mint`) and knows nothing of who was given
//! a resource or a serial (the index).

use contract::receipt::damm_step;
use serde::{Deserialize, Serialize};

/// The most digits a number may have: what people will still type and what fits one line of a label.
pub const MAX_DIGITS: usize = 32;
/// Resources must fit the 48 bits they have in a [`UnitKey`](crate::index::UnitKey): 10^14 < 2^48.
const MAX_RESOURCE_DIGITS: usize = 14;
/// Serials must fit 64 bits with room to add a length: 10^18 < 2^63.
const MAX_SERIAL_DIGITS: usize = 18;
/// Tags are reduced from 64 bits; with 12 digits the bias is still below 2^-24.
const MAX_TAG_DIGITS: usize = 12;
/// One neighbour in so many may be guessed, at most (one bought carton shows neighbours' serials, so nothing but the
/// tag stands between them and a guess).
const LEAST_TAGS: u64 = 100_000;

/// One layout as it stands in the configuration. Every number of it ends in one check digit, which is not counted in
/// the three parts but is in `groups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayoutConfig {
    /// Its id, kept in every key and batch: never to be given to another layout.
    pub id: u8,
    /// What products name it by, 1 to 64 characters.
    pub name: String,
    /// Digits of the resource (maker, product, form, pack), 1 to 14.
    pub resource_digits: usize,
    /// Digits of the serial, 1 to 18.
    pub serial_digits: usize,
    /// Digits of the keyed tag, 1 to 12; below 5 the layout can be read but not issued.
    pub tag_digits: usize,
    /// How it is printed: the lengths of the groups, all digits together.
    pub groups: Vec<usize>,
}

impl LayoutConfig {
    /// The network's own: `network-20`, id 1, 7 + 7 + 5 + 1 digits printed 4×5.
    #[must_use]
    pub fn network() -> Self {
        Self {
            id: 1,
            name: "network-20".to_owned(),
            resource_digits: 7,
            serial_digits: 7,
            tag_digits: 5,
            groups: vec![5; 4],
        }
    }
}

/// A layout that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    config: LayoutConfig,
    digits: usize,
    resources: u64,
    serials: u64,
    tags: u64,
}

/// Resource, serial and tag, as read from the digits of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) resource: u64,
    pub(super) serial: u64,
    pub(super) tag: u64,
}

/// Why a layout is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// There is none.
    #[error("no layout, expected at least one")]
    None,
    /// Its name is empty or too long.
    #[error("layout {id} has a name of {got} characters, expected 1 to 64")]
    Name {
        /// The layout's id.
        id: u8,
        /// Characters in its name.
        got: usize,
    },
    /// A part has too few or too many digits.
    #[error("layout {name} has {got} {part} digits, expected 1 to {most}")]
    Part {
        /// The layout.
        name: String,
        /// Which part.
        part: &'static str,
        /// The most there may be.
        most: usize,
        /// How many there are.
        got: usize,
    },
    /// All parts together are too long.
    #[error("layout {name} has {got} digits with its check digit, expected at most {MAX_DIGITS}")]
    TooLong {
        /// The layout.
        name: String,
        /// How many digits it has.
        got: usize,
    },
    /// The printed groups are not the number.
    #[error("the groups of layout {name} hold {got} digits, expected {expected} in groups of at least 1")]
    Groups {
        /// The layout.
        name: String,
        /// How many digits it has.
        expected: usize,
        /// How many its groups hold.
        got: usize,
    },
    /// Two layouts have one id.
    #[error("layout {name} has id {id}, which is another layout's")]
    SameId {
        /// The later layout.
        name: String,
        /// The id.
        id: u8,
    },
    /// Two layouts have one name.
    #[error("two layouts are named {name}")]
    SameName {
        /// The name.
        name: String,
    },
    /// Two layouts are of one length: a number could not be told to be of one of them, nor a slip in it from a number
    /// of the other.
    #[error("layout {name} has {digits} digits as layout {other} has, expected distinct lengths")]
    SameLength {
        /// The later layout.
        name: String,
        /// The earlier layout.
        other: String,
        /// Their length.
        digits: usize,
    },
    /// A neighbour's number would be guessed too often for numbers to be issued in it.
    #[error("in layout {name} one guess in {one_in} hits a neighbour, expected at most one in {LEAST_TAGS}")]
    Guessable {
        /// The layout.
        name: String,
        /// One guess in so many succeeds.
        one_in: u64,
    },
}

impl Layout {
    fn new(config: LayoutConfig) -> Result<Self, LayoutError> {
        let named = config.name.chars().count();
        if !(1..=64).contains(&named) {
            return Err(LayoutError::Name { id: config.id, got: named });
        }
        for (part, got, most) in [
            ("resource", config.resource_digits, MAX_RESOURCE_DIGITS),
            ("serial", config.serial_digits, MAX_SERIAL_DIGITS),
            ("tag", config.tag_digits, MAX_TAG_DIGITS),
        ] {
            if !(1..=most).contains(&got) {
                return Err(LayoutError::Part { name: config.name, part, most, got });
            }
        }
        let digits = config.resource_digits + config.serial_digits + config.tag_digits + 1;
        if digits > MAX_DIGITS {
            return Err(LayoutError::TooLong { name: config.name, got: digits });
        }
        let grouped = config.groups.iter().fold(0_usize, |sum, group| sum.saturating_add(*group));
        if grouped != digits || config.groups.contains(&0) {
            return Err(LayoutError::Groups { name: config.name, expected: digits, got: grouped });
        }
        Ok(Self {
            digits,
            resources: ten_to(config.resource_digits),
            serials: ten_to(config.serial_digits),
            tags: ten_to(config.tag_digits),
            config,
        })
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> u8 {
        self.config.id
    }

    /// What products name it by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// How many digits its numbers have, check digit included.
    #[must_use]
    pub const fn digits(&self) -> usize {
        self.digits
    }

    /// How many resources it has room for: they are below this.
    #[must_use]
    pub const fn resources(&self) -> u64 {
        self.resources
    }

    /// How many serials each resource has: they are below this.
    #[must_use]
    pub const fn serials(&self) -> u64 {
        self.serials
    }

    /// How many tags there are: they are below this.
    #[must_use]
    pub const fn tags(&self) -> u64 {
        self.tags
    }

    /// One guess in so many at the tag of an issued serial succeeds. Serials count for nothing here: one bought carton
    /// shows which are in use.
    #[must_use]
    pub const fn guess_odds(&self) -> u64 {
        self.tags
    }

    /// Whether numbers may be issued in it.
    ///
    /// # Errors
    /// [`LayoutError::Guessable`] where a guess succeeds more often than once in 100,000.
    pub fn issuable(&self) -> Result<(), LayoutError> {
        if self.guess_odds() < LEAST_TAGS {
            return Err(LayoutError::Guessable { name: self.config.name.clone(), one_in: self.guess_odds() });
        }
        Ok(())
    }

    /// The digits as they are printed, in groups; whatever else the text holds is kept.
    #[must_use]
    pub fn grouped(&self, digits: &str) -> String {
        let mut text = String::with_capacity(digits.len() + self.config.groups.len());
        let mut rest = digits.chars();
        for size in &self.config.groups {
            if !text.is_empty() {
                text.push(' ');
            }
            text.extend(rest.by_ref().take(*size));
        }
        text.extend(rest);
        text
    }

    /// The digits of a number whose parts are in range, check digit and all.
    pub(super) fn write(&self, parts: Parts) -> String {
        let LayoutConfig { resource_digits, serial_digits, tag_digits, .. } = self.config;
        let Parts { resource, serial, tag } = parts;
        let mut text = format!("{resource:0resource_digits$}{serial:0serial_digits$}{tag:0tag_digits$}");
        let check = damm(text.bytes());
        text.push(char::from(b'0' + check));
        text
    }

    /// The parts of a number of this length whose check digit was found right.
    pub(super) fn split(&self, digits: &str) -> Option<Parts> {
        let (resource, rest) = digits.split_at_checked(self.config.resource_digits)?;
        let (serial, rest) = rest.split_at_checked(self.config.serial_digits)?;
        let (tag, _check) = rest.split_at_checked(self.config.tag_digits)?;
        Some(Parts { resource: resource.parse().ok()?, serial: serial.parse().ok()?, tag: tag.parse().ok()? })
    }
}

/// The layouts in force, no two of one length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layouts(Vec<Layout>);

impl Layouts {
    /// Checks the layouts one by one and against each other. The first is the network's own: its length is what a
    /// shopper is told to look for.
    ///
    /// # Errors
    /// [`LayoutError`]; all but [`LayoutError::Guessable`], which concerns issuing alone.
    pub fn new(configs: Vec<LayoutConfig>) -> Result<Self, LayoutError> {
        let mut layouts: Vec<Layout> = Vec::with_capacity(configs.len().min(256));
        for config in configs {
            let layout = Layout::new(config)?;
            for other in &layouts {
                let name = layout.config.name.clone();
                if other.id() == layout.id() {
                    return Err(LayoutError::SameId { name, id: layout.id() });
                }
                if other.name() == layout.name() {
                    return Err(LayoutError::SameName { name });
                }
                if other.digits == layout.digits {
                    let other = other.config.name.clone();
                    return Err(LayoutError::SameLength { name, other, digits: layout.digits });
                }
            }
            layouts.push(layout);
        }
        if layouts.is_empty() { Err(LayoutError::None) } else { Ok(Self(layouts)) }
    }

    /// The layout with an id.
    #[must_use]
    pub fn with_id(&self, id: u8) -> Option<&Layout> {
        self.0.iter().find(|layout| layout.id() == id)
    }

    /// The layout with a name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Layout> {
        self.0.iter().find(|layout| layout.name() == name)
    }

    /// The layout whose numbers have so many digits.
    #[must_use]
    pub fn of_length(&self, digits: usize) -> Option<&Layout> {
        self.0.iter().find(|layout| layout.digits() == digits)
    }

    /// How many digits the network's own numbers have.
    #[must_use]
    pub fn own_digits(&self) -> usize {
        self.0.first().map_or(0, Layout::digits)
    }
}

impl Default for Layouts {
    /// [`LayoutConfig::network`] alone.
    ///
    /// # Panics
    /// Never: the layout keeps the rules.
    fn default() -> Self {
        Self::new(vec![LayoutConfig::network()]).expect("the network's own layout keeps the rules")
    }
}

/// The Damm digit of ASCII digits, of which there may be more than an integer holds; 0 over a number that ends in its
/// check digit.
pub(crate) fn damm(digits: impl Iterator<Item = u8>) -> u8 {
    digits.fold(0, |interim, digit| damm_step(interim, digit.wrapping_sub(b'0')))
}

fn ten_to(digits: usize) -> u64 {
    (0..digits).fold(1_u64, |power, _| power.saturating_mul(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> LayoutConfig {
        LayoutConfig {
            id: 2,
            name: "short-16".to_owned(),
            resource_digits: 5,
            serial_digits: 5,
            tag_digits: 5,
            groups: vec![4; 4],
        }
    }

    #[test]
    fn the_networks_own_layout_is_printed_in_four_groups_of_five() {
        let layouts = Layouts::default();
        let own = layouts.named("network-20").unwrap();
        assert_eq!((own.id(), own.digits(), own.guess_odds()), (1, 20, 100_000));
        assert_eq!(own.issuable(), Ok(()));
        assert_eq!(own.grouped("01234567890123456789"), "01234 56789 01234 56789");
        assert_eq!(layouts.own_digits(), 20);
    }

    #[test]
    fn a_layout_whose_tag_is_short_can_be_read_but_not_issued() {
        let layouts = Layouts::new(vec![LayoutConfig { tag_digits: 4, groups: vec![15], ..config() }]).unwrap();
        let error = layouts.named("short-16").unwrap().issuable().unwrap_err();
        assert_eq!(
            error.to_string(),
            "in layout short-16 one guess in 10000 hits a neighbour, expected at most one in 100000"
        );
    }

    #[test]
    fn layouts_that_break_a_rule_are_refused_by_name() {
        let own = || LayoutConfig { id: 1, name: "own".to_owned(), ..config() };
        for (configs, part) in [
            (vec![], "no layout"),
            (vec![LayoutConfig { name: String::new(), ..config() }], "name of 0 characters"),
            (vec![LayoutConfig { resource_digits: 15, ..config() }], "15 resource digits"),
            (vec![LayoutConfig { serial_digits: 19, ..config() }], "19 serial digits"),
            (vec![LayoutConfig { tag_digits: 0, ..config() }], "0 tag digits"),
            (vec![LayoutConfig { resource_digits: 14, serial_digits: 18, ..config() }], "38 digits"),
            (vec![LayoutConfig { groups: vec![5, 5, 5], ..config() }], "hold 15 digits, expected 16"),
            (vec![LayoutConfig { groups: vec![16, 0], ..config() }], "groups of at least 1"),
            (vec![LayoutConfig { groups: vec![usize::MAX, 17], ..config() }], "expected 16"),
            (vec![own(), LayoutConfig { id: 1, ..config() }], "which is another layout's"),
            (vec![own(), LayoutConfig { name: "own".to_owned(), ..config() }], "two layouts are named own"),
            (vec![own(), config()], "16 digits as layout own has"),
        ] {
            let error = Layouts::new(configs).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn an_unknown_key_in_a_layout_is_refused() {
        let text =
            "id = 1\nname = \"a\"\nresource_digits = 1\nserial_digits = 1\ntag_digits = 1\ngroups = [4]\nextra = 1";
        assert!(toml::from_str::<LayoutConfig>(text).unwrap_err().to_string().contains("extra"));
    }
}
