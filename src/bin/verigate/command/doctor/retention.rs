//! What is kept longer than the policy says: segments that are due and still whole, keys that have served their time.
//!
//! Reads names and the ends of segments; reduces and destroys nothing. A gateway does so once a day: what has been due for
//! less than that is no fault.

use std::time::Duration;

use contract::{Day, Timestamp};
use jiff::tz::TimeZone;
use verigate::ledger::checkpoint::verifying_key;
use verigate::ledger::folder::Folder;
use verigate::ledger::keys::KeyDays;
use verigate::ledger::retention::Retention;
use verigate::ledger::retention::reduce::due;
use verigate::ledger::retention::whole;
use verigate::secret::Secret;

use super::Finding::{self, Fail, Good, Warn};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A reply is owed for two days at most, and the key of its route is its day's.
const ROUTES: u32 = 3;
/// The one stream there is.
const STREAM: u32 = 0;

/// Whether all that is too old is gone.
pub(super) fn kept(folder: &Folder, (policy, master): (&Retention, Option<&Secret>), now: Timestamp) -> Finding {
    let keys = match KeyDays::of(&folder.keys) {
        Ok(keys) => keys,
        Err(error) => return Fail(error.to_string()),
    };
    let segments = match segments(folder, (policy, master), now) {
        Ok(segments) => segments,
        Err(error) => return Fail(format!("{error}; run `verigate ledger verify`")),
    };
    let overdue: Vec<String> = segments.into_iter().chain(overdue_keys(&keys, policy, now)).collect();
    if overdue.is_empty() {
        return Good(told(&keys, policy));
    }
    Warn(format!(
        "kept longer than it should be: {}; `verigate ledger prune` reduces segments, a running gateway does both once a day \
         and says in its log why it cannot",
        overdue.join(", ")
    ))
}

fn segments(
    folder: &Folder,
    (policy, master): (&Retention, Option<&Secret>),
    now: Timestamp,
) -> Result<Option<String>, verigate::ledger::log::LogError> {
    if !folder.log().is_dir() {
        return Ok(None);
    }
    let late = match policy.log() {
        Some(keep) => due(&folder.log(), STREAM, keep + DAY, now)?,
        None => Vec::new(),
    };
    let twice = master.map(|master| whole::left(&folder.log(), STREAM, &verifying_key(master))).transpose()?;
    let count = late.len() + twice.map_or(0, |left| left.len());
    Ok((count > 0).then(|| format!("{count} segments of the log")))
}

/// Keys that should have been destroyed, or replaced, a day ago.
fn overdue_keys(keys: &KeyDays, policy: &Retention, now: Timestamp) -> Vec<String> {
    let is_over = |day: &Day, keep: Duration| start(*day).plus(keep + DAY) <= now;
    let count = |days: &[Day], keep: Duration| days.iter().filter(|day| is_over(day, keep)).count();
    let mut overdue = Vec::new();
    let mut add = |count: usize, what: &str| {
        if count > 0 {
            overdue.push(format!("{count} {what}"));
        }
    };
    let current = keys.peppers.get(..1).unwrap_or_default();
    add(count(current, policy.pepper()) + keys.peppers.len().saturating_sub(2), "peppers");
    // A tip of a day's last minute is kept as long as the others.
    add(count(&keys.tips, policy.tips() + DAY), "keys of tips");
    add(count(&keys.routes, DAY * ROUTES), "keys of return routes");
    overdue
}

/// When what goes next.
fn told(keys: &KeyDays, policy: &Retention) -> String {
    let log =
        policy.log_days.map_or_else(|| "the log is kept for good".to_owned(), |days| format!("the log {days} days"));
    let Some(made) = keys.peppers.first() else { return format!("{log}; there is no pepper yet") };
    let until = start(*made).plus(policy.pepper()).day_in(&TimeZone::UTC);
    let before = match keys.peppers.get(1) {
        Some(before) => format!(", then that of {before} is destroyed"),
        None => String::new(),
    };
    let (tips, tip_days) = (keys.tips.len(), policy.tip_days);
    format!("{log}; the pepper of {made} serves until {until}{before}; tips {tip_days} days, {tips} keys")
}

fn start(day: Day) -> Timestamp {
    day.start_in(&TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        start(day(text)).plus(Duration::from_secs(3_600))
    }

    #[test]
    fn keys_are_told_of_a_day_after_they_should_have_been_destroyed() {
        let policy = Retention::default();
        let keys = KeyDays {
            peppers: vec![day("2026-01-01"), day("2025-07-01")],
            routes: vec![day("2026-06-30")],
            tips: vec![day("2025-07-01"), day("2026-06-01")],
        };
        assert_eq!(overdue_keys(&keys, &policy, at("2026-07-01")), [""; 0]);
        assert_eq!(
            told(&keys, &policy),
            "the log is kept for good; the pepper of 2026-01-01 serves until 2026-07-03, then that of 2025-07-01 is \
             destroyed; tips 366 days, 2 keys"
        );
        assert_eq!(overdue_keys(&keys, &policy, at("2026-07-03")), [""; 0], "the day itself");
        assert_eq!(
            overdue_keys(&keys, &policy, at("2026-07-04")),
            ["1 peppers", "1 keys of tips", "1 keys of return routes"]
        );
        let three = KeyDays { peppers: vec![day("2026-06-30"); 3], routes: Vec::new(), tips: Vec::new() };
        assert_eq!(overdue_keys(&three, &policy, at("2026-07-01")), ["1 peppers"]);
    }
}
