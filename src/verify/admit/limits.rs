//! How much may be asked and what is taken for guessing: the section `[quotas]`.
//!
//! Owns the names, defaults and bounds. Keeps nothing of anybody: that is `admit.rs`, `networks.rs` and `fleet.rs`.

use std::time::Duration;

use contract::Channel;
use serde::{Deserialize, Serialize};

use super::AskerKind;
use super::quota::Quota;

/// Why the section `[quotas]` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("quotas.{name}: expected {least} to {most}, got {got}")]
pub struct QuotasError {
    /// Which value.
    pub name: &'static str,
    /// The least it may be.
    pub least: u32,
    /// The most it may be.
    pub most: u32,
    /// What was given.
    pub got: u32,
}

/// Who is taken for a guesser. An asker is one by any of three rules, each over its last 64 different numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guard {
    /// From so many different unknown numbers, 1 to 64. Default 8.
    pub(super) misses: u32,
    /// With at most so many known numbers in a hundred asked, 0 to 99. Default 20.
    pub(super) success_percent: u32,
    /// However many known numbers are mixed in: from so many unknown ones, 1 to 64. Default 16.
    pub(super) most_misses: u32,
    /// From so many unknown numbers in a row, each at most [`super::guessing::NEAR`] serials from the next, 2 to 64.
    /// Default 5: a carton of copies with made-up numbers has six of them, and nobody checks it all.
    pub(super) run: u32,
    /// From so many wrong tags on one serial, or on neighbours of serials that the asker knows the numbers of, 1 to 64.
    /// Default 3: a slip of the finger fails at the check digit nine times in ten.
    pub(super) neighbours: u32,
    /// A terminal is never a guesser: many stand before it. From so many of its last 64 numbers unknown it is told of, and
    /// there an unknown number costs as much quota as [`super::TERMINAL_MISS`]. 1 to 64, default 32.
    pub(super) terminal_misses: u32,
    /// Unknown numbers by which an address (IPv6: its /64) is closed to strangers, 1 to 1,000,000. Default 12.
    pub(super) address_misses: u32,
    /// As above, a network. Default 64.
    pub(super) network_misses: u32,
    /// All within so many minutes, 1 to 1,440. Default 60.
    pub(super) minutes: u32,
    /// A guesser is limited for so many hours, 1 to 8,760. Default 24.
    pub(super) cooling_hours: u32,
    /// An address or a network is closed to strangers for so many minutes, 1 to 1,440. Default 60.
    pub(super) network_minutes: u32,
}

/// When guessing over all askers is told of: unknown numbers of one product against that product's own past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alarm {
    /// So many unknown numbers more than a rise that can be explained, 4 to 1,000,000. Default 12.
    pub(super) misses: u32,
    /// What is looked for is a rate so many times the usual one, 2 to 100. Default 4.
    pub(super) times: u32,
    /// What is usual for a product that has no past, an hour, 1 to 1,000,000. Default 12.
    pub(super) per_hour: u32,
    /// While there is an alarm for a product, whoever asks about so many different unknown numbers, this product's among
    /// them, is a guesser unless more than two in five of what it asked are known. 1 to 64, default 4.
    pub(super) guard_misses: u32,
}

/// How much of an address names a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prefix {
    /// Bits of an IPv4 address, 8 to 32. Default 24: what is routed and rented as one.
    pub(super) v4: u32,
    /// Bits of an IPv6 address, 16 to 64. Default 56: what a provider gives one house or one machine, in which each has as
    /// many /64 as it likes.
    pub(super) v6: u32,
}

/// Quotas of one asker by one channel, besides its own over all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Channels {
    sms: Quota,
    voice: Quota,
    web: Quota,
    kiosk: Quota,
    api: Quota,
}

impl Channels {
    /// No channel has one.
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The section `[quotas]`, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(try_from = "Written")]
pub struct Quotas(Written);

/// The section as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    /// A phone or a cookie. Default 20 an hour and 60 a day.
    person: Quota,
    /// A network address or a withheld number. Default 60 an hour and 200 a day: households share one.
    address: Quota,
    /// A mall terminal. Default 30 a minute.
    terminal: Quota,
    /// Registered programs, shops, inspectors and makers. Default 6,000 a minute.
    registered: Quota,
    /// Requests without a number, of any asker. Default 60 an hour.
    help: Quota,
    /// All askers of one network together, registered ones apart; also all withheld numbers. Default 1,200 a minute.
    network: Quota,
    /// What counts as a network.
    prefix: Prefix,
    /// By channel. Default none.
    #[serde(skip_serializing_if = "Channels::is_none")]
    channel: Channels,
    /// How many askers are remembered. Default 200,000: some 15 MB.
    askers: u32,
    /// How many addresses and networks are remembered. Default 100,000: some 20 MB.
    networks: u32,
    guard: Guard,
    alarm: Alarm,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            misses: 8,
            success_percent: 20,
            most_misses: 16,
            run: 5,
            neighbours: 3,
            terminal_misses: 32,
            address_misses: 12,
            network_misses: 64,
            minutes: 60,
            cooling_hours: 24,
            network_minutes: 60,
        }
    }
}

impl Default for Alarm {
    fn default() -> Self {
        Self { misses: 12, times: 4, per_hour: 12, guard_misses: 4 }
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self { v4: 24, v6: 56 }
    }
}

impl Default for Written {
    fn default() -> Self {
        let hourly = |hour, day| Quota { hour: Some(hour), day: Some(day), minute: None };
        Self {
            person: hourly(20, 60),
            address: hourly(60, 200),
            terminal: Quota::per_minute(30),
            registered: Quota::per_minute(6_000),
            help: Quota::per_hour(60),
            network: Quota::per_minute(1_200),
            prefix: Prefix::default(),
            channel: Channels::default(),
            askers: 200_000,
            networks: 100_000,
            guard: Guard::default(),
            alarm: Alarm::default(),
        }
    }
}

impl TryFrom<Written> for Quotas {
    type Error = QuotasError;

    fn try_from(written: Written) -> Result<Self, QuotasError> {
        let Written { prefix, channel, guard, alarm, .. } = &written;
        for (name, quota) in [
            ("person", written.person),
            ("address", written.address),
            ("terminal", written.terminal),
            ("registered", written.registered),
            ("help", written.help),
            ("network", written.network),
            ("channel.sms", channel.sms),
            ("channel.voice", channel.voice),
            ("channel.web", channel.web),
            ("channel.kiosk", channel.kiosk),
            ("channel.api", channel.api),
        ] {
            for limit in [quota.minute, quota.hour, quota.day].into_iter().flatten() {
                bounded(name, limit, (1, MOST))?;
            }
        }
        for (name, got, bounds) in [
            ("prefix.v4", prefix.v4, (8, 32)),
            ("prefix.v6", prefix.v6, (16, 64)),
            ("askers", written.askers, (1_000, 10_000_000)),
            ("networks", written.networks, (1_000, 10_000_000)),
            ("guard.misses", guard.misses, (1, NUMBERS)),
            ("guard.success_percent", guard.success_percent, (0, 99)),
            ("guard.most_misses", guard.most_misses, (1, NUMBERS)),
            ("guard.run", guard.run, (2, NUMBERS)),
            ("guard.neighbours", guard.neighbours, (1, NUMBERS)),
            ("guard.terminal_misses", guard.terminal_misses, (1, NUMBERS)),
            ("guard.address_misses", guard.address_misses, (1, MOST)),
            ("guard.network_misses", guard.network_misses, (1, MOST)),
            ("guard.minutes", guard.minutes, (1, 1_440)),
            ("guard.cooling_hours", guard.cooling_hours, (1, 8_760)),
            ("guard.network_minutes", guard.network_minutes, (1, 1_440)),
            ("alarm.misses", alarm.misses, (4, MOST)),
            ("alarm.times", alarm.times, (2, 100)),
            ("alarm.per_hour", alarm.per_hour, (1, MOST)),
            ("alarm.guard_misses", alarm.guard_misses, (1, NUMBERS)),
        ] {
            bounded(name, got, bounds)?;
        }
        Ok(Self(written))
    }
}

impl Quotas {
    /// For a gateway that only its own machine can reach: a million a minute for everyone, nobody is a guesser, and there
    /// are no alarms.
    #[must_use]
    pub fn wide() -> Self {
        let wide = Quota::per_minute(MOST);
        let guard = Guard { misses: u32::MAX, ..Guard::default() };
        Self(Written {
            person: wide,
            address: wide,
            terminal: wide,
            registered: wide,
            help: wide,
            network: wide,
            guard,
            ..Written::default()
        })
    }

    /// The quota of a kind of asker.
    #[must_use]
    pub const fn of(&self, kind: AskerKind) -> &Quota {
        match kind {
            AskerKind::Person => &self.0.person,
            AskerKind::Address => &self.0.address,
            AskerKind::Terminal => &self.0.terminal,
            AskerKind::Registered => &self.0.registered,
        }
    }

    /// The quota of one asker by one channel; `None` where there is none.
    #[must_use]
    pub fn by(&self, channel: Channel) -> Option<&Quota> {
        let quota = match channel {
            Channel::Sms => &self.0.channel.sms,
            Channel::Voice => &self.0.channel.voice,
            Channel::Web => &self.0.channel.web,
            Channel::Kiosk => &self.0.channel.kiosk,
            Channel::Api => &self.0.channel.api,
        };
        (*quota != Quota::default()).then_some(quota)
    }

    /// The quota of requests without a number.
    #[must_use]
    pub const fn help(&self) -> &Quota {
        &self.0.help
    }

    /// The quota of a network.
    #[must_use]
    pub const fn network(&self) -> &Quota {
        &self.0.network
    }

    /// How much of an address names a network.
    #[must_use]
    pub const fn prefix(&self) -> &Prefix {
        &self.0.prefix
    }

    /// Who is taken for a guesser.
    #[must_use]
    pub const fn guard(&self) -> &Guard {
        &self.0.guard
    }

    /// When guessing over all askers is told of.
    #[must_use]
    pub const fn alarm(&self) -> &Alarm {
        &self.0.alarm
    }

    /// How many askers are remembered.
    #[must_use]
    pub fn askers(&self) -> usize {
        usize::try_from(self.0.askers).unwrap_or(usize::MAX)
    }

    /// How many addresses and networks are remembered.
    #[must_use]
    pub fn networks(&self) -> usize {
        usize::try_from(self.0.networks).unwrap_or(usize::MAX)
    }
}

impl Guard {
    /// Nobody is a guesser.
    pub(super) const fn is_off(&self) -> bool {
        self.misses == u32::MAX
    }

    pub(super) fn window(&self) -> Duration {
        Duration::from_secs(u64::from(self.minutes) * 60)
    }

    pub(super) fn cooling(&self) -> Duration {
        Duration::from_secs(u64::from(self.cooling_hours) * 3_600)
    }

    pub(super) fn network_cooling(&self) -> Duration {
        Duration::from_secs(u64::from(self.network_minutes) * 60)
    }
}

/// The most that a limit may be.
const MOST: u32 = 1_000_000;

/// How many different numbers are remembered of an asker for the guard.
pub(super) const NUMBERS: u32 = 64;

const fn bounded(name: &'static str, got: u32, (least, most): (u32, u32)) -> Result<(), QuotasError> {
    if got < least || got > most { Err(QuotasError { name, least, most, got }) } else { Ok(()) }
}
