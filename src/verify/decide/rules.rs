//! The thresholds of the verdicts: their names in the configuration, defaults and bounds.
//!
//! Owns the section `[rules]` with its overrides by category of product. Does not apply them.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize, Serializer};

/// Why the section `[rules]` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// No such time zone.
    #[error("rules.zone: expected the name of an IANA time zone, got {zone:?}")]
    UnknownZone {
        /// What was given.
        zone: String,
    },
    /// A threshold out of its bounds.
    #[error("{section}.{name}: expected {least} to {most}, got {got}")]
    OutOfBounds {
        /// `rules` or `rules.category.<id>`.
        section: String,
        /// The threshold.
        name: &'static str,
        /// The least value it may have.
        least: u32,
        /// The greatest value it may have.
        most: u32,
        /// What was given.
        got: u32,
    },
}

/// Names each threshold once: its meaning, default and bounds.
macro_rules! thresholds {
    ($($(#[$doc:meta])+ $name:ident = $default:literal in $least:literal..=$most:literal;)+) => {
        /// The thresholds in force for one category of products.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        pub struct Thresholds {
            $($(#[$doc])+ pub $name: u32,)+
        }

        impl Default for Thresholds {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        /// What a category sets differently.
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Overrides {
            $($name: Option<u32>,)+
        }

        impl Overrides {
            fn over(&self, base: &Thresholds, section: &str) -> Result<Thresholds, RulesError> {
                $(let $name = bounded(section, stringify!($name), self.$name.unwrap_or(base.$name), ($least, $most))?;)+
                Ok(Thresholds { $($name,)+ })
            }
        }

        /// The section as it is written.
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            zone: Option<String>,
            return_days: Option<u32>,
            #[serde(default)]
            category: BTreeMap<String, Overrides>,
            $($name: Option<u32>,)+
        }

        impl Written {
            fn thresholds(&self) -> Overrides {
                Overrides { $($name: self.$name,)+ }
            }
        }
    };
}

// Defaults: `domain` rules V23 to V25, V40; bounds keep a slip of the pen from switching a rule off.
thresholds! {
    /// For so many hours after issue or printing a unit that is not activated is amber instead of red: the maker's
    /// report may be late. Default 48.
    activation_grace_hours = 48 in 0..=2_160;
    /// Two places at least so many kilometres apart, error radii taken off, can be too far. Default 300.
    travel_min_km = 300 in 1..=20_000;
    /// Faster than so many kilometres per hour no article travels. Default 900, a jet's speed.
    travel_max_kmh = 900 in 1..=10_000;
    /// So many different cities within [`Thresholds::travel_cities_hours`] are too many. Default 3.
    travel_cities = 3 in 2..=32;
    /// The hours for it. Default 24.
    travel_cities_hours = 24 in 1..=168;
    /// A check later than so many minutes after the sale is after the sale. Default 30.
    sale_settles_minutes = 30 in 0..=1_440;
    /// Who first asked within so many hours before the sale is taken for the buyer. Default 24.
    buyer_before_hours = 24 in 0..=720;
    /// So many sessions of others are too many for a number under a coating. Default 2.
    overchecked_hidden = 2 in 1..=10_000;
    /// So many sessions of others are too many for an openly printed number. Default 5.
    overchecked_printed = 5 in 1..=10_000;
    /// Others in so many different cities within [`Thresholds::overchecked_days`] are too many. Default 3.
    overchecked_cities = 3 in 2..=32;
    /// The days for it. Default 30.
    overchecked_days = 30 in 1..=366;
}

/// The section `[rules]`, checked: every threshold with its overrides by category, and the zone in which days end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Written")]
pub struct Rules {
    /// The IANA zone in which a day ends. Default `Asia/Shanghai`.
    #[serde(serialize_with = "zone_name")]
    zone: TimeZone,
    /// A sale may be taken back for so many days. Default 10.
    return_days: u32,
    #[serde(flatten)]
    general: Thresholds,
    category: BTreeMap<String, Thresholds>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            zone: TimeZone::get(ZONE).unwrap_or(TimeZone::UTC),
            return_days: RETURN_DAYS,
            general: Thresholds::default(),
            category: BTreeMap::new(),
        }
    }
}

impl Rules {
    /// The zone in which days end.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// For how many days a sale may be taken back.
    #[must_use]
    pub const fn return_days(&self) -> u32 {
        self.return_days
    }

    /// The thresholds for a category of products.
    #[must_use]
    pub fn of(&self, category: &str) -> &Thresholds {
        self.category.get(category).unwrap_or(&self.general)
    }
}

impl TryFrom<Written> for Rules {
    type Error = RulesError;

    fn try_from(written: Written) -> Result<Self, RulesError> {
        let name = written.zone.as_deref().unwrap_or(ZONE);
        let zone = TimeZone::get(name).map_err(|_| RulesError::UnknownZone { zone: name.to_owned() })?;
        let general = written.thresholds().over(&Thresholds::default(), SECTION)?;
        let return_days = bounded(SECTION, "return_days", written.return_days.unwrap_or(RETURN_DAYS), (0, 366))?;
        let category = written
            .category
            .iter()
            .map(|(id, overrides)| Ok((id.clone(), overrides.over(&general, &format!("{SECTION}.category.{id}"))?)))
            .collect::<Result<_, RulesError>>()?;
        Ok(Self { zone, return_days, general, category })
    }
}

const SECTION: &str = "rules";
const ZONE: &str = "Asia/Shanghai";
const RETURN_DAYS: u32 = 10;

fn bounded(section: &str, name: &'static str, got: u32, (least, most): (u32, u32)) -> Result<u32, RulesError> {
    if (least..=most).contains(&got) {
        Ok(got)
    } else {
        Err(RulesError::OutOfBounds { section: section.to_owned(), name, least, most, got })
    }
}

fn zone_name<S: Serializer>(zone: &TimeZone, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.iana_name().unwrap_or("UTC"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_section_is_the_documented_defaults() {
        let rules: Rules = toml::from_str("").unwrap();
        assert_eq!(rules.zone().iana_name(), Some("Asia/Shanghai"));
        assert_eq!(rules.return_days(), 10);
        let expected = Thresholds {
            activation_grace_hours: 48,
            travel_min_km: 300,
            travel_max_kmh: 900,
            travel_cities: 3,
            travel_cities_hours: 24,
            sale_settles_minutes: 30,
            buyer_before_hours: 24,
            overchecked_hidden: 2,
            overchecked_printed: 5,
            overchecked_cities: 3,
            overchecked_days: 30,
        };
        assert_eq!(rules.of("anything"), &expected);
        assert_eq!(Rules::default().of("anything"), &expected);
        assert_eq!(Rules::default().zone().iana_name(), Some("Asia/Shanghai"));
        assert_eq!(Rules::default().return_days(), 10);
    }

    #[test]
    fn a_category_sets_some_thresholds_and_takes_the_rest_from_the_section() {
        let text = "overchecked_printed = 6\n[category.liquor]\noverchecked_hidden = 3";
        let rules: Rules = toml::from_str(text).unwrap();
        let liquor = rules.of("liquor");
        assert_eq!((liquor.overchecked_hidden, liquor.overchecked_printed), (3, 6));
        assert_eq!(rules.of("tea").overchecked_hidden, 2);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_place() {
        for (text, message) in [
            ("zone = \"Asia/Nowhere\"", "rules.zone: expected the name of an IANA time zone, got \"Asia/Nowhere\""),
            ("travel_max_kmh = 0", "rules.travel_max_kmh: expected 1 to 10000, got 0"),
            ("[category.tea]\ntravel_cities = 33", "rules.category.tea.travel_cities: expected 2 to 32, got 33"),
            ("return_days = 367", "rules.return_days: expected 0 to 366, got 367"),
            ("overchecked = 1", "unknown field `overchecked`"),
            ("[category.tea]\nreturn_days = 1", "unknown field `return_days`"),
        ] {
            let error = toml::from_str::<Rules>(text).unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn printed_rules_read_back_as_the_same_rules() {
        let text = "zone = \"Asia/Hong_Kong\"\nreturn_days = 7\n[category.tea]\noverchecked_hidden = 4";
        let rules: Rules = toml::from_str(text).unwrap();
        let printed = toml::to_string(&rules).unwrap();
        let again: Rules = toml::from_str(&printed).unwrap();
        assert_eq!(toml::to_string(&again).unwrap(), printed);
        assert_eq!(again.of("tea").overchecked_hidden, 4);
        assert_eq!(again.zone().iana_name(), Some("Asia/Hong_Kong"));
    }
}
