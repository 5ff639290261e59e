//! `verigate doctor`: what would keep a gateway from working, and what to do about it.
//!
//! Changes nothing but for one small file that it writes, syncs and removes.

mod retention;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use contract::Timestamp;
use contract::answer::Names;
use indicatif::HumanCount;
use verigate::config::CoreConfig;
use verigate::control::{ControlError, Request, Response, call};
use verigate::index::import::{BrokenOff, broken_off};
use verigate::index::sets::file::{FileError, Hash, SetFile};
use verigate::index::sets::file_name;
use verigate::ledger::checkpoint::{check_head, read_all, verifying_key};
use verigate::ledger::event::Event;
use verigate::ledger::folder::{Folder, FolderError, Lock};
use verigate::ledger::log::{Log as _, LogReader as _};
use verigate::ledger::segments::{SegmentLog, SegmentReader};
use verigate::secret::Secret;
use verigate::verify::admit::{Alert, Subject};
use wording::Words;

use super::{Shared, other};
use crate::compose::{self, Root, clock};
use crate::failure::{Exit, Failure};

/// A sync of a small file that takes longer holds every answer up: the disk is overloaded or no disk.
const SLOW_SYNC: Duration = Duration::from_millis(100);
/// A clock may run behind the log by so much before answers are dated wrongly.
const CLOCK_SLACK: Duration = Duration::from_secs(2);

/// Look for what would keep a gateway from working, and say what to do about it.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {}

/// The WALs of log and histories grow to some 20 MB each before they are moved into their databases, and that takes as
/// much again. Runs of histories that find no room to be merged wait until there is.
const NO_ROOM: u64 = 100_000_000;
/// A million checks a day take some 500 MB of log.
const LITTLE_ROOM: u64 = 2_000_000_000;

/// How one thing is.
#[derive(Debug)]
enum Finding {
    Good(String),
    Warn(String),
    Fail(String),
}

use Finding::{Fail, Good, Warn};

impl Doctor {
    /// Looks and tells; exit code 69 where something failed.
    #[expect(clippy::unused_self, reason = "as every command's")]
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        let mut failed = 0;
        let mut tell = |what: &str, finding: Finding| {
            let (sign, text) = match finding {
                Good(text) => ("ok  ", text),
                Warn(text) => ("warn", text),
                Fail(text) => {
                    failed += 1;
                    ("FAIL", text)
                }
            };
            writeln!(out, "{sign}  {what:<12} {text}")
        };
        let core = match shared.root() {
            Ok(root) => root.core(),
            Err(failure) => {
                tell("config", Fail("it cannot be used, and without it nothing else is known".to_owned()))?;
                return Err(failure);
            }
        };
        let named =
            shared.config_file().map_or_else(|| "none, all defaults".to_owned(), |file| file.display().to_string());
        tell("config", Good(named))?;
        let folder = shared.root()?.folder()?;
        tell("folder", writable(&folder.data))?;
        tell("disk", room(&folder.data))?;
        // Held to the end: a gateway that began meanwhile would not be alone with its log.
        let (gateway, lock) = lock(&folder);
        tell("gateway", gateway)?;
        let (key, master) = master(&folder);
        tell("master key", key)?;
        tell("second place", second_place(&folder))?;
        if let Some(master) = &master {
            tell("ledger", ledger(&folder, master, lock.is_some()))?;
        }
        tell("retention", retention::kept(&folder, (&core.retention, master.as_ref()), clock()()))?;
        let known = folder.log().is_dir().then(|| known(&folder, clock()()));
        tell("sets", sets(&folder, known.as_ref()))?;
        if let Some(Ok(known)) = &known {
            tell("alarms", alarms(known))?;
        }
        if let Some(left) = broken_off(&folder.sets()) {
            tell("import", unfinished(&left))?;
        }
        tell("words", words(&core))?;
        tell("prompts", prompts(&shared.root()?, &folder))?;
        tell("names", names(&folder, known.as_ref()))?;
        if failed == 0 {
            return Ok(());
        }
        Err(other(Exit::Unavailable, anyhow::anyhow!("{failed} of these would keep a gateway from working")))
    }
}

/// Whether the voice line has every recording, and each says what it should.
fn prompts(root: &Root, folder: &Folder) -> Finding {
    let (prompts, words) = match (compose::prompts(root, folder), root.words()) {
        (Ok(prompts), Ok(words)) => (prompts, words),
        (Err(failure), _) | (_, Err(failure)) => return Fail(failure.to_string()),
    };
    let lacking = prompts.missing(&words);
    let named = |other: bool| -> Vec<String> {
        let of = lacking.iter().filter(|lack| lack.says.is_some() == other);
        of.take(8).map(|lack| format!("{}/{}", lack.language.tag(), lack.clip)).collect()
    };
    let (missing, other) = (named(false), named(true));
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return Fail(format!(
            "no recording of {missing} …: see `verigate prompts list`, record them and name their folder"
        ));
    }
    if !other.is_empty() {
        return Warn(format!("the recordings of {} … say other words than the catalogues", other.join(", ")));
    }
    Good("every sentence of the voice line has its recording".to_owned())
}

/// Whether a file can be written and synced, and how long that takes.
fn writable(data: &Path) -> Finding {
    if !data.is_dir() {
        return Fail(format!("there is no {}: run `verigate init`", data.display()));
    }
    let probe = data.join(format!(".doctor-{}", std::process::id()));
    let began = clock()();
    let written = File::create_new(&probe).and_then(|mut file| {
        file.write_all(&[0; 4096])?;
        file.sync_all()
    });
    let took = clock()().since(began);
    drop(fs::remove_file(&probe));
    let took_ms = took.as_millis();
    match written {
        Err(error) => {
            Fail(format!("{} cannot be written: {error}; see to its owner and the free disk", data.display()))
        }
        Ok(()) if took > SLOW_SYNC => {
            Warn(format!("a sync took {took_ms} ms: use a disk of its own that syncs faster"))
        }
        Ok(()) => Good(format!("{}, a sync took {took_ms} ms", data.display())),
    }
}

/// How much room the ledger's disk has left.
fn room(data: &Path) -> Finding {
    let Ok(disk) = rustix::fs::statvfs(data) else { return Warn("its free room is not known".to_owned()) };
    // What anybody may use, not what is kept back for the system.
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let text = format!("{} MB free on the disk of {}", free / 1_000_000, data.display());
    if free < NO_ROOM {
        Fail(format!("{text}: make room; a check that cannot be recorded is refused"))
    } else if free < LITTLE_ROOM {
        Warn(format!("{text}: make room before it is full"))
    } else {
        Good(text)
    }
}

fn lock(folder: &Folder) -> (Finding, Option<Lock>) {
    match call(folder, &Request::Status) {
        Ok(Response::Status(status)) => {
            let finding = match (status.fault, status.ready) {
                (Some(fault), _) => Fail(format!("process {} cannot record: {fault}", status.process)),
                (None, false) => Warn(format!("process {} is overloaded: {} waiting", status.process, status.waiting)),
                (None, true) => Good(format!("process {} is running and ready", status.process)),
            };
            (finding, None)
        }
        Ok(_) => (Fail("the gateway speaks another version: restart it with this program".to_owned()), None),
        Err(ControlError::NotRunning { .. }) => match folder.lock() {
            Ok(lock) => (Good("not running, the folder is free".to_owned()), Some(lock)),
            Err(FolderError::Held { holder, .. }) => {
                (Fail(format!("{holder} has the folder and does not answer: wait for it or stop it")), None)
            }
            Err(error) => (Fail(error.to_string()), None),
        },
        Err(error) => (Fail(error.to_string()), None),
    }
}

fn master(folder: &Folder) -> (Finding, Option<Secret>) {
    let path = folder.master();
    match Secret::load(&path) {
        Ok(master) => {
            let exposed = fs::metadata(&folder.keys).is_ok_and(|keys| keys.permissions().mode() & 0o077 != 0);
            let finding = if exposed {
                Warn(format!("others may look into {}: chmod 700 it", folder.keys.display()))
            } else {
                Good(path.display().to_string())
            };
            (finding, Some(master))
        }
        Err(error) => {
            (Fail(format!("{error}; bring {} back from the safe, or run `verigate init`", path.display())), None)
        }
    }
}

/// Whether the checkpoints would outlive the disk of the ledger.
fn second_place(folder: &Folder) -> Finding {
    use std::os::unix::fs::MetadataExt as _;
    let disks = fs::metadata(&folder.data).and_then(|data| Ok((data.dev(), fs::metadata(&folder.checkpoints)?.dev())));
    match disks {
        Err(error) => Fail(format!("{}: {error}; make the folder or mount its disk", folder.checkpoints.display())),
        Ok((data, checkpoints)) if data == checkpoints => {
            Warn("checkpoints are on the ledger's own disk: set data.second_place to another one".to_owned())
        }
        Ok(_) => Good(folder.checkpoints.display().to_string()),
    }
}

/// The log's end against the last checkpoint and the clock. A running gateway has checked that when it began, and
/// opening its log beside it could meet a half-written event.
fn ledger(folder: &Folder, master: &Secret, is_free: bool) -> Finding {
    let checkpoints = match read_all(&folder.checkpoints, 0, &verifying_key(master)) {
        Ok(checkpoints) => checkpoints,
        Err(error) => return Fail(format!("{error}; restore the checkpoints from a backup")),
    };
    let last = checkpoints.last();
    let signed = last.map_or(0, |checkpoint| checkpoint.sequence);
    if !is_free {
        return Good(format!("in use; the last signed event is {signed}"));
    }
    if !folder.log().is_dir() {
        return Fail(format!("there is no {}: run `verigate init`", folder.log().display()));
    }
    let log = match SegmentLog::open(&folder.log(), 0) {
        Ok(log) => log,
        Err(error) => return Fail(format!("{error}; run `verigate ledger verify`")),
    };
    let head = log.head();
    if let Err(error) = check_head(&head, last) {
        return Fail(format!("{error}; restore the log from a backup"));
    }
    match last_time(&log) {
        Ok(Some(at)) if at.since(clock()()) > CLOCK_SLACK => {
            Fail(format!("the clock is behind the log's last event of {at}: set the clock"))
        }
        Ok(_) => Good(format!("{} events, signed up to {signed}", head.sequence)),
        Err(error) => Fail(error),
    }
}

/// Every file of an imported set that stands, whole and by its hash.
fn sets(folder: &Folder, known: Option<&Result<Known, String>>) -> Finding {
    let standing = match known {
        Some(Ok(known)) => &known.sets,
        Some(Err(error)) => return Fail(error.clone()),
        None => return Warn("there is no log that names any".to_owned()),
    };
    let mut numbers = 0_u64;
    let mut wrong = Vec::new();
    for (set, (hash, rows)) in standing {
        let path = folder.sets().join(file_name(hash));
        match SetFile::open(&path).and_then(|file| file.verify(hash, &mut |_| true)) {
            Ok(()) => {}
            Err(error @ FileError::Damaged { .. }) => wrong.push(format!("set {set}: {error}")),
            Err(FileError::Io { path, source }) => wrong.push(format!(
                "set {set}: cannot read {}: {source}; restore the file from a backup, or import the same list again",
                path.display()
            )),
        }
        numbers = numbers.saturating_add(*rows);
    }
    match wrong.split_first() {
        None => Good(format!("{} whole, with {} numbers", standing.len(), HumanCount(numbers))),
        Some((first, [])) => Fail(first.clone()),
        Some((first, more)) => Fail(format!("{first} (and {} more of {} sets)", more.len(), standing.len())),
    }
}

fn unfinished(left: &BrokenOff) -> Finding {
    let BrokenOff { list, rows, bytes } = left;
    Warn(format!(
        "an import of {list} was broken off at row {}: run it again to go on from there; {} MB are kept for it until \
         another import begins",
        HumanCount(*rows),
        bytes.div_ceil(1_000_000)
    ))
}

/// Unknown numbers that came too thick are enforcement's to look at; they keep no gateway from working.
fn alarms(known: &Known) -> Finding {
    let Some((at, alert)) = &known.last_alarm else { return Good(format!("none in {LATELY_DAYS} days")) };
    let subject = match &alert.subject {
        Subject::Product(Some(id)) => format!("of product {id}"),
        Subject::Product(None) => "of no known product".to_owned(),
        Subject::Network(network) => format!("from network {network}"),
        Subject::Terminal(name) => format!("at terminal {}", name.as_deref().unwrap_or("unknown")),
    };
    Warn(format!(
        "{} in {LATELY_DAYS} days, the last at {at}: {} unknown numbers {subject}; `verigate ledger export` has all",
        known.alarms, alert.misses
    ))
}

/// What the log tells of sets, products and alarms.
#[derive(Debug, Default)]
struct Known {
    /// The sets that stand, by their numbers.
    sets: BTreeMap<u64, (Hash, u64)>,
    /// The products' names by their ids.
    names: BTreeMap<String, Names>,
    /// Alarms lately, and the last of them.
    alarms: u64,
    last_alarm: Option<(Timestamp, Alert)>,
}

/// Alarms of so many days are counted.
const LATELY_DAYS: u64 = 7;

/// What stands by the log, which can be read beside a running gateway.
fn known(folder: &Folder, now: Timestamp) -> Result<Known, String> {
    let lately = now.minus(Duration::from_secs(LATELY_DAYS * 24 * 60 * 60));
    let mut reader = SegmentReader::new(&folder.log(), 0);
    let (mut known, mut after) = (Known::default(), 0);
    loop {
        let rows = reader.after(after, true, 1_000).map_err(|error| error.to_string())?;
        let Some(last) = rows.last() else { return Ok(known) };
        after = last.sequence;
        for row in &rows {
            match row.event().map_err(|error| error.to_string())? {
                Event::Imported(imported) => drop(known.sets.insert(imported.set, (*imported.hash, imported.rows))),
                Event::Removed(removed) => drop(known.sets.remove(&removed.set)),
                Event::Catalogue(change) => {
                    known.names.extend(change.products.into_iter().map(|product| (product.id, product.name)));
                }
                Event::Alarm(alert) if row.at >= lately && !alert.over => {
                    known.alarms += 1;
                    known.last_alarm = Some((row.at, alert));
                }
                Event::Inquiry(_)
                | Event::Delivered(_)
                | Event::Life(_)
                | Event::Issued(_)
                | Event::Flagged(_)
                | Event::Forgotten(_)
                | Event::Reduced(_)
                | Event::Alarm(_) => {}
            }
        }
    }
}

/// Whether products' names can be heard.
fn names(folder: &Folder, known: Option<&Result<Known, String>>) -> Finding {
    let Some(Ok(known)) = known else { return Warn("there is no log that names any product".to_owned()) };
    let lacking = compose::names::lacking(&compose::names::folder(&folder.data), known.names.values());
    let program = channel_voice::run::speak::PROGRAM;
    match lacking.first() {
        None => Good(format!("the names of {} products can be said by voice", known.names.len())),
        Some((_, first)) if channel_voice::run::speak::is_there() => Warn(format!(
            "{} names of products are not spoken yet, {first} first: `verigate prompts names`",
            lacking.len()
        )),
        Some((_, first)) => Warn(format!(
            "{} names of products are left out by voice, {first} first: install {program}, then `verigate prompts names`",
            lacking.len()
        )),
    }
}

fn last_time(log: &SegmentLog) -> Result<Option<Timestamp>, String> {
    let mut reader = log.reader().map_err(|error| error.to_string())?;
    let before = log.head().sequence.saturating_sub(1);
    let rows = reader.after(before, false, 1).map_err(|error| error.to_string())?;
    Ok(rows.last().map(|row| row.at))
}

fn words(core: &CoreConfig) -> Finding {
    match Words::load(None, core.rules.zone().clone()) {
        Ok(_) => Good("zh-Hans, zh-HK and en".to_owned()),
        Err(error) => Fail(error.to_string()),
    }
}
