//! `scripts/crash tamper [N]`: bits flipped by the thousand in a log of a million events, each found, and where.
//!
//! Walking a million events for each of ten thousand flips would take a day, and a flip touches nothing but its own row's
//! hash and the link to its successor. So each flip is looked for from its neighbourhood, by the walk's own step
//! ([`Chain::follow`]) over the rows as the store reads them; a few are looked for by the whole walk as well. What the
//! chain alone cannot show, a tail that is gone and a chain computed anew, the signed checkpoints must.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use contract::{Channel, Colour, Day, EventTime, Language, Means, Role, Timestamp, Verdict};
use minicbor::bytes::ByteArray;
use rusqlite::Connection;
use rusqlite::types::Value;
use verigate::index::UnitKey;
use verigate::ledger::audit;
use verigate::ledger::checkpoint::Checkpoint;
use verigate::ledger::event::{CheckEvent, Event, InquiryEvent, LoggedId};
use verigate::ledger::log::{Chain, Head, Log as _, LogError, LogReader as _, Row};
use verigate::ledger::segments::SegmentLog;
use verigate::verify::history::AskerHash;

use crate::Options;
use crate::disk::Luck;

const EVENTS: u64 = 1_000_000;
const GROUP: u64 = 10_000;
/// Flips that the whole walk looks for.
const WALKED: u64 = 3;
/// Rows at the end that are taken away, or computed anew.
const TAIL: u64 = 4_321;

pub(crate) fn story(options: &Options, dir: &Path) -> anyhow::Result<String> {
    let checkpoints = write(dir)?;
    let whole = |checkpoints: &[Checkpoint]| audit::verify(dir, 0, checkpoints, None, &mut |_, _| {});
    let verified = whole(&checkpoints).context("a sound log is not proven")?;
    ensure!(verified.events == EVENTS && verified.checkpoints == checkpoints.len());
    let path = std::fs::read_dir(dir)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|ending| ending == "db"))
        .context("no segment")?;
    #[expect(clippy::disallowed_methods, reason = "changes the log behind its back")]
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    let mut luck = Luck::new(options.seed);
    for nth in 0..options.times {
        let sequence = 2 + u64::try_from(luck.below(usize::try_from(EVENTS - 2)?))?;
        let row = flip(&connection, sequence, &mut luck)?;
        found_at(near(dir, sequence), sequence)?;
        if nth < WALKED {
            found_at(whole(&[]).map(drop), sequence)?;
        }
        put_back(&connection, &row)?;
        near(dir, sequence).context("a change that was taken back is still found")?;
    }
    anew(dir, &connection)?;
    let signed = checkpoints.iter().map(|one| one.sequence).find(|one| *one > EVENTS - TAIL).context("none signed")?;
    found_at(whole(&checkpoints).map(drop), signed)?;
    whole(&[]).context("the chain computed anew is sound by itself")?;
    connection.execute("DELETE FROM event WHERE sequence > ?1", [i64::try_from(EVENTS - TAIL)?])?;
    found_at(whole(&checkpoints).map(drop), EVENTS - TAIL + 1)?;
    Ok(format!(
        "{} bits flipped in {EVENTS} events, each found where it is, {WALKED} of them by the whole walk; a tail cut off and a chain computed anew found by {} checkpoints",
        options.times,
        checkpoints.len()
    ))
}

fn found_at(found: Result<(), LogError>, expected: u64) -> anyhow::Result<()> {
    match found {
        Err(LogError::Damaged { sequence, .. }) if sequence == expected => Ok(()),
        other => bail!("expected damage at event {expected}, got {other:?}"),
    }
}

fn write(dir: &Path) -> anyhow::Result<Vec<Checkpoint>> {
    let mut log = SegmentLog::open_unsynced(dir, 0)?;
    let mut checkpoints = Vec::new();
    while log.head().sequence < EVENTS {
        let mut rows = Vec::new();
        let mut head = log.head();
        for _ in 0..GROUP {
            let at = Timestamp(1_795_600_000_000 + i64::try_from(head.sequence)?);
            let row = Row::after(&head, at, &event(head.sequence + 1, at), true);
            head = Head::of(0, &row);
            rows.push(row);
        }
        log.append(&rows)?;
        checkpoints.push(Checkpoint { stream: 0, sequence: head.sequence, at: head.at, hash: head.hash });
    }
    Ok(checkpoints)
}

fn event(nth: u64, at: Timestamp) -> Event {
    let check = CheckEvent {
        unit: Some(UnitKey::native(1, 4_000, nth)),
        given: None,
        means: Means::Typed,
        lot: None,
        expiry: Day::new(2027, 5, 1),
        verdict: Verdict::GenuineFirst,
        colour: Colour::Green,
        advisories: Vec::new(),
        wrong_region: false,
        evidence: None,
        times_checked: 0,
        first_checked: None,
        batch: None,
    };
    let id = LoggedId {
        id: ByteArray::from(u128::from(nth).to_be_bytes()),
        digest: ByteArray::from(nth.to_be_bytes()),
        until: at,
    };
    Event::Inquiry(InquiryEvent {
        id: Some(id),
        channel: Channel::Web,
        language: Language::En,
        asker: AskerHash { current: nth, previous: None },
        role: Role::Shopper,
        asked: EventTime::exact(at),
        place: None,
        checks: vec![check],
        owed: None,
        request: None,
        silent: false,
        tip: None,
    })
}

/// Flips a bit of a column, and gives the row as it was.
fn flip(connection: &Connection, sequence: u64, luck: &mut Luck) -> anyhow::Result<(u64, &'static str, Value)> {
    let column = *["at", "kind", "receipts", "body", "hash"].get(luck.below(5)).context("five columns")?;
    let sql = format!("SELECT {column} FROM event WHERE sequence = ?1");
    let sound: Value = connection.query_row(&sql, [i64::try_from(sequence)?], |row| row.get(0))?;
    let broken = match &sound {
        Value::Integer(sound) => Value::Integer(sound ^ (1 << luck.below(64))),
        Value::Blob(sound) => {
            let mut broken = sound.clone();
            let bit = luck.below(broken.len() * 8);
            if let Some(byte) = broken.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
            Value::Blob(broken)
        }
        Value::Null | Value::Real(_) | Value::Text(_) => bail!("event {sequence} has no {column}"),
    };
    set(connection, sequence, column, &broken)?;
    Ok((sequence, column, sound))
}

fn put_back(connection: &Connection, (sequence, column, sound): &(u64, &'static str, Value)) -> anyhow::Result<()> {
    set(connection, *sequence, column, sound)
}

fn set(connection: &Connection, sequence: u64, column: &str, value: &Value) -> anyhow::Result<()> {
    let sql = format!("UPDATE event SET {column} = ?1 WHERE sequence = ?2");
    ensure!(connection.execute(&sql, rusqlite::params![value, i64::try_from(sequence)?])? == 1);
    Ok(())
}

/// The event with the one before and the one after.
fn near(dir: &Path, sequence: u64) -> Result<(), LogError> {
    let mut reader = verigate::ledger::segments::SegmentReader::new(dir, 0);
    let rows = reader.after(sequence - 2, false, 3)?;
    let Some((before, rows)) = rows.split_first() else { return Ok(()) };
    let mut chain = Chain::from(Head::of(0, before));
    rows.iter().try_for_each(|row| chain.follow(row))
}

/// Changes one event near the end and computes everything after it anew, as whoever holds the disk could.
fn anew(dir: &Path, connection: &Connection) -> anyhow::Result<()> {
    let mut reader = verigate::ledger::segments::SegmentReader::new(dir, 0);
    let rows = reader.after(EVENTS - TAIL - 1, false, usize::MAX)?;
    let (before, rows) = rows.split_first().context("no rows")?;
    let mut head = Head::of(0, before);
    connection.execute_batch("BEGIN")?;
    for row in rows {
        let mut event = row.event()?;
        if let Event::Inquiry(inquiry) = &mut event {
            inquiry.asker.current ^= 1;
        }
        let forged = Row::after(&head, row.at, &event, true);
        head = Head::of(0, &forged);
        connection.execute(
            "UPDATE event SET body = ?1, hash = ?2 WHERE sequence = ?3",
            rusqlite::params![forged.body, forged.hash.as_slice(), i64::try_from(row.sequence)?],
        )?;
    }
    Ok(connection.execute_batch("COMMIT")?)
}
