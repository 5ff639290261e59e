//! The index: lists taken in and looked into, beside the `sqlite3` program and SQLite's B-tree; coming up; and what a
//! billion issued numbers cost a check.
//!
//! Owns the rows `index`. The numbers are twenty digits at random, the n-th a function of n. A folder is made once for
//! each number of them and kept.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rusqlite::{Connection, OpenFlags};
use support::drive::{Chance, clock, digits, issue, program_beside, unlimited};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use verigate::control;
use verigate::index::catalogue::serial_at;
use verigate::index::sets::file::SetFile;
use verigate::index::sets::form::Form;
use verigate::index::{Batch, UnitKey};
use verigate::ledger::folder::Folder;
use verigate::verify::Gateway;

use crate::core::ask;
use crate::stock::{Unit, kept, once};
use crate::table::{Row, Wanted};
use crate::{Options, RUNS, median, ratio};

/// The product that [`issue`] makes.
const PRODUCT: &str = "driver-load";
/// Numbers issued for what depends on how many there are.
const MANY: u64 = 1_000_000_000;
const FEW: u64 = 1_000_000;
/// Looked up in one run.
const FINDS: usize = 300_000;
/// Above so many, one run of what takes minutes.
const LONG: u64 = 20_000_000;

pub(crate) fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    let numbers = options.units.unwrap_or(10_000_000);
    let dir = kept(&options.dir, "index", numbers)?;
    let list = dir.join("list.csv");
    once(&dir.join("listed"), || write_list(&list, numbers))?;
    let ours = Ours::prepare(&dir)?;
    let mut rows = imports(&ours, &dir, &list, numbers)?;
    rows.extend(finds(&ours, &dir, numbers)?);
    rows.extend(ours.comes_up(numbers)?);
    rows.push(costs(options, &dir)?);
    rows.push(ours.is_asked_meanwhile(options, &list, numbers)?);
    Ok(rows)
}

/// The n-th number; those on no list follow those on it.
fn number(nth: u64) -> u128 {
    let mut chance = Chance::new(nth.wrapping_mul(0x9e37_79b9) ^ 0x1157);
    let mut part = || u128::try_from(chance.below(10_000_000_000)).unwrap_or(0);
    // The first draws of neighbouring seeds are alike.
    part();
    part() * 10_000_000_000 + part()
}

fn write_list(list: &Path, numbers: u64) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(list)?);
    writeln!(out, "number")?;
    for nth in 0..numbers {
        writeln!(out, "{}", digits(number(nth)))?;
    }
    Ok(out.flush()?)
}

/// The program with a folder of issued numbers, into which the list is imported.
struct Ours {
    binary: PathBuf,
    folder: Folder,
}

impl Ours {
    fn prepare(dir: &Path) -> anyhow::Result<Self> {
        let ours = Self { binary: program_beside()?, folder: Folder::all_in(&dir.join("ours")) };
        once(&dir.join("issued"), || issued(&ours.folder, MANY).map(drop))?;
        // Whoever listens on a fixed port may be somebody else.
        fs::write(ours.folder.data.join("verigate.toml"), "[http]\nlisten = \"127.0.0.1:0\"\n")?;
        Ok(ours)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--dir").arg(&self.folder.data).stdin(Stdio::null());
        command
    }

    fn import(&self, list: &Path) -> anyhow::Result<Child> {
        let mut command = self.command();
        command.args(["import", "--product", PRODUCT, "--json"]).arg(list).stdout(Stdio::null());
        Ok(command.spawn()?)
    }

    /// Takes every set out again.
    fn empty(&self) -> anyhow::Result<()> {
        let gateway = Gateway::open(self.folder.clone(), unlimited()?, clock())?;
        let sets: Vec<u64> = gateway.register().sets().snapshot().sets.iter().map(|set| set.set).collect();
        drop(gateway);
        for set in sets {
            let status =
                self.command().args(["import", "--remove", &set.to_string()]).stdout(Stdio::null()).status()?;
            ensure!(status.success(), "a set could not be taken out");
        }
        Ok(())
    }

    fn file(&self) -> anyhow::Result<Arc<SetFile>> {
        let gateway = Gateway::open(self.folder.clone(), unlimited()?, clock())?;
        let snapshot = gateway.register().sets().snapshot();
        snapshot.sets.first().and_then(|set| set.file()).cloned().context("the list is not there")
    }

    fn comes_up(&self, numbers: u64) -> anyhow::Result<Vec<Row>> {
        let (mut seconds, mut memory) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let started = Instant::now();
            let mut serving = Ended(self.command().arg("serve").stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?);
            let mut said = BufReader::new(serving.0.stdout.take().context("no standard output")?);
            let mut line = String::new();
            said.read_line(&mut line)?;
            ensure!(line == "ready\n", "`serve` said {line:?}");
            seconds.push(started.elapsed().as_secs_f64());
            memory.push(memory_of(serving.0.id(), "VmRSS:")?);
            serving.0.kill()?;
        }
        let of = format!("{} issued, {} listed", counted(MANY), counted(numbers));
        Ok(vec![
            plain(&format!("from start to ready, {of}"), "seconds", median(&seconds, |one| *one), 1.0),
            plain(&format!("memory when ready, {of}"), "MB", median(&memory, |one| *one), 200.0),
        ])
    }

    /// Checks of issued numbers while the program imports the list into the same gateway.
    fn is_asked_meanwhile(&self, options: &Options, list: &Path, numbers: u64) -> anyhow::Result<Row> {
        let runtime = Runtime::new()?;
        let units = sample(&self.folder, 400_000)?;
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        for _ in 0..if numbers > LONG { 1 } else { RUNS } {
            self.empty()?;
            let gateway = Arc::new(Gateway::open(self.folder.clone(), unlimited()?, clock())?);
            let until = |run: Duration| move || run;
            let run = options.run;
            let started = Instant::now();
            alone.push(load(&runtime, &gateway, &units, options.callers, &|| started.elapsed() < until(run)())?);
            let stop = Arc::new(tokio::sync::Notify::new());
            let stopping = Arc::clone(&stop);
            let serving = runtime.spawn(control::serve(Arc::clone(&gateway), Default::default(), async move {
                stopping.notified().await
            }));
            while !self.folder.socket().exists() {
                std::thread::sleep(Duration::from_millis(5));
            }
            let mut import = Ended(self.import(list)?);
            let running = AtomicBool::new(true);
            let figure = std::thread::scope(|scope| {
                let asking = scope
                    .spawn(|| load(&runtime, &gateway, &units, options.callers, &|| running.load(Ordering::Relaxed)));
                let status = import.0.wait();
                running.store(false, Ordering::Relaxed);
                (asking.join(), status)
            });
            ensure!(figure.1?.success(), "the import failed");
            beside.push(figure.0.map_err(|_| anyhow::anyhow!("a caller panicked"))??);
            stop.notify_one();
            runtime.block_on(serving)??;
            gateway.close();
        }
        Ok(Row {
            name: format!("checks while {} numbers are imported", counted(numbers)),
            unit: "per second".to_owned(),
            ours: median(&beside, |one| *one),
            beside: Some(("without the import".to_owned(), median(&alone, |one| *one))),
            wanted: Some(Wanted::TimesThePeer(0.6)),
        })
    }
}

/// A process of ours; killed when dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn counted(numbers: u64) -> String {
    format!("{} million", ratio(numbers, 1e6))
}

fn plain(name: &str, unit: &str, ours: f64, most: f64) -> Row {
    Row { name: name.to_owned(), unit: unit.to_owned(), ours, beside: None, wanted: Some(Wanted::AtMost(most)) }
}

/// A prepared folder with so many issued numbers.
fn issued(folder: &Folder, count: u64) -> anyhow::Result<Vec<Batch>> {
    Gateway::init(folder)?;
    let gateway = Gateway::open(folder.clone(), unlimited()?, clock())?;
    let batches = Runtime::new()?.block_on(issue(&gateway, count))?;
    gateway.close();
    Ok(batches)
}

/// A process's memory in MB, by the system's count.
fn memory_of(process: u32, what: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let kib = status.lines().find_map(|line| line.strip_prefix(what)).context("the system counts no memory")?;
    Ok(ratio(kib.trim().trim_end_matches(" kB").trim().parse()?, 1_000.0))
}

/// Seconds until a process ended, and the most memory it had in MB.
fn run(child: Child) -> anyhow::Result<(f64, f64)> {
    let started = Instant::now();
    let mut child = Ended(child);
    let mut most = 0.0_f64;
    loop {
        if let Some(status) = child.0.try_wait()? {
            ensure!(status.success(), "it ended with {status}");
            return Ok((started.elapsed().as_secs_f64(), most));
        }
        // It may end just now.
        most = most.max(memory_of(child.0.id(), "VmHWM:").unwrap_or(0.0));
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn imports(ours: &Ours, dir: &Path, list: &Path, numbers: u64) -> anyhow::Result<Vec<Row>> {
    let (mut our_runs, mut their_runs) = (Vec::new(), Vec::new());
    let runs = if numbers > LONG { 1 } else { RUNS };
    for _ in 0..runs {
        ours.empty()?;
        our_runs.push(run(ours.import(list)?)?);
        // Ten times as many random keys would take the peer hours.
        if numbers <= LONG {
            let file = dir.join("imported.db");
            drop(fs::remove_file(&file));
            let script = format!(
                "CREATE TABLE listed(number TEXT PRIMARY KEY) WITHOUT ROWID;\n.mode csv\n.import --skip 1 {} listed\n",
                list.display()
            );
            let mut child =
                Command::new("sqlite3").arg(&file).stdin(Stdio::piped()).spawn().context("sqlite3 is not installed")?;
            child.stdin.take().context("no standard input")?.write_all(script.as_bytes())?;
            their_runs.push(run(child)?);
            fs::remove_file(&file)?;
        }
    }
    let speed = |runs: &[(f64, f64)]| median(runs, |(seconds, _)| ratio(numbers, *seconds));
    let peer = (!their_runs.is_empty()).then(|| ("sqlite3 .import, indexed".to_owned(), speed(&their_runs)));
    let of = format!("import of {} numbers", counted(numbers));
    let wanted = peer.is_some().then_some(Wanted::TimesThePeer(2.0));
    let our_memory = our_runs.iter().map(|(_, memory)| *memory).fold(0.0, f64::max);
    Ok(vec![
        Row { name: of.clone(), unit: "numbers per second".to_owned(), ours: speed(&our_runs), beside: peer, wanted },
        plain(&format!("memory at most, {of}"), "MB", our_memory, 512.0),
    ])
}

/// The same numbers in SQLite, as compact as it can have them: nine bytes each, put in in order.
fn peer(dir: &Path, numbers: u64) -> anyhow::Result<PathBuf> {
    let file = dir.join("sorted.db");
    once(&dir.join("sorted"), || {
        drop(fs::remove_file(&file));
        let mut all: Vec<u128> = (0..numbers).map(number).collect();
        all.sort_unstable();
        all.dedup();
        let mut connection = Connection::open(&file)?;
        connection.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; CREATE TABLE listed(number BLOB PRIMARY KEY) WITHOUT ROWID;",
        )?;
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare("INSERT INTO listed VALUES (?1)")?;
            for number in all {
                insert.execute([key(number).as_slice()])?;
            }
        }
        Ok(transaction.commit()?)
    })?;
    Ok(file)
}

fn key(number: u128) -> Vec<u8> {
    number.to_be_bytes().into_iter().skip(7).collect()
}

/// Nanoseconds that one takes.
fn timed(find: impl Fn(u128) -> anyhow::Result<bool>, sought: &[u128], held: bool) -> anyhow::Result<f64> {
    let started = Instant::now();
    for number in sought {
        ensure!(find(*number)? == held, "a number was found that is not there, or not found that is");
    }
    Ok(started.elapsed().as_secs_f64() * 1e9 / ratio(sought.len() as u64, 1.0))
}

fn finds(ours: &Ours, dir: &Path, numbers: u64) -> anyhow::Result<Vec<Row>> {
    let file = ours.file()?;
    let peer = peer(dir, numbers)?;
    let connection = Connection::open_with_flags(&peer, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.execute_batch("PRAGMA cache_size = -64000;")?;
    let theirs = |number: u128| {
        let mut select = connection.prepare_cached("SELECT 1 FROM listed WHERE number = ?1")?;
        Ok(select.exists([key(number).as_slice()])?)
    };
    let held = |number: u128| Ok(file.find(Form::Digits(20), number)?.is_some());
    let mut rows = Vec::new();
    for (what, is_held) in [("hit", true), ("miss", false)] {
        let (mut our_runs, mut their_runs) = (Vec::new(), Vec::new());
        for nth in 0..RUNS {
            let mut chance = Chance::new(0xf1d ^ nth as u64);
            let most = usize::try_from(numbers)?;
            let draw = |chance: &mut Chance| u64::try_from(chance.below(most)).unwrap_or(0);
            let shift = if is_held { 0 } else { numbers };
            let sought: Vec<u128> = (0..FINDS).map(|_| number(draw(&mut chance) + shift)).collect();
            our_runs.push(timed(held, &sought, is_held)?);
            their_runs.push(timed(theirs, &sought, is_held)?);
        }
        let per_second = |runs: &[f64]| 1e9 / median(runs, |one| *one);
        rows.push(Row {
            name: format!("find among {}, {what}", counted(numbers)),
            unit: "per second".to_owned(),
            ours: per_second(&our_runs),
            beside: Some(("SQLite's B-tree by key".to_owned(), per_second(&their_runs))),
            wanted: Some(Wanted::TimesThePeer(3.0)),
        });
    }
    let least = (1e20 / ratio(numbers, 1.0)).log2() + std::f64::consts::LOG2_E;
    let bits = ratio(file.bytes(), 1.0) * 8.0 / ratio(file.rows(), 1.0);
    rows.push(plain("size of the set, times what is possible", "times", bits / least, 1.25));
    let their_bytes = ratio(fs::metadata(&peer)?.len(), ratio(numbers, 1.0));
    rows.push(Row {
        name: format!("size of the set, {}", counted(numbers)),
        unit: "bytes per number".to_owned(),
        ours: bits / 8.0,
        beside: Some(("SQLite, nine bytes in order".to_owned(), their_bytes)),
        wanted: None,
    });
    Ok(rows)
}

/// What a check costs where a billion numbers are issued, beside a million.
fn costs(options: &Options, dir: &Path) -> anyhow::Result<Row> {
    let (many, few) = (Folder::all_in(&dir.join("ours")), Folder::all_in(&dir.join("few")));
    once(&dir.join("few-issued"), || issued(&few, FEW).map(drop))?;
    let runtime = Runtime::new()?;
    let (mut of_many, mut of_few) = (Vec::new(), Vec::new());
    let draw = 150_000 * usize::try_from(options.run.as_secs())?;
    for _ in 0..RUNS {
        for (folder, runs) in [(&few, &mut of_few), (&many, &mut of_many)] {
            let units = sample(folder, draw)?;
            let gateway = Gateway::open(folder.clone(), unlimited()?, clock())?;
            let started = Instant::now();
            let run = options.run;
            runs.push(load(&runtime, &Arc::new(gateway), &units, options.callers, &|| started.elapsed() < run)?);
        }
    }
    Ok(Row {
        name: format!("checks, {} issued", counted(MANY)),
        unit: "per second".to_owned(),
        ours: median(&of_many, |one| *one),
        beside: Some((format!("{} issued", counted(FEW)), median(&of_few, |one| *one))),
        // A check costs at most 1.2 times as much.
        wanted: Some(Wanted::TimesThePeer(1.0 / 1.2)),
    })
}

/// Issued units at random.
fn sample(folder: &Folder, count: usize) -> anyhow::Result<Arc<Vec<Unit>>> {
    let gateway = Gateway::open(folder.clone(), unlimited()?, clock())?;
    let batches: Vec<_> = gateway.catalogue().batches().into_iter().filter(|batch| batch.listed.is_none()).collect();
    let codes = gateway.catalogue().codes();
    let mut chance = Chance::new(u64::from(std::process::id()));
    let mut units = Vec::with_capacity(count);
    for _ in 0..count {
        let batch = batches.get(chance.below(batches.len())).context("no batches")?;
        let ordinal = u64::try_from(chance.below(usize::try_from(batch.count())?))?;
        let serial = serial_at(batch, ordinal).context("no serials")?;
        let number = codes.mint(batch.layout, batch.resource, batch.epoch, serial).context("no such number")?;
        units.push(Unit { key: UnitKey::native(batch.layout, batch.resource, serial), number });
    }
    Ok(Arc::new(units))
}

/// Checks a second by so many callers, as long as `goes_on` says.
fn load(
    runtime: &Runtime,
    gateway: &Arc<Gateway>,
    units: &Arc<Vec<Unit>>,
    callers: usize,
    goes_on: &(dyn Fn() -> bool + Sync),
) -> anyhow::Result<f64> {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let running = Arc::new(AtomicBool::new(true));
    let started = Instant::now();
    let mut asking = JoinSet::new();
    for _ in 0..callers {
        let (gateway, units, running) = (Arc::clone(gateway), Arc::clone(units), Arc::clone(&running));
        let now = clock();
        asking.spawn_on(
            async move {
                let mut answered = 0_u64;
                while running.load(Ordering::Relaxed) {
                    ask(&gateway, &units, ASKED.fetch_add(1, Ordering::Relaxed), now()).await?;
                    answered += 1;
                }
                anyhow::Ok(answered)
            },
            runtime.handle(),
        );
    }
    while goes_on() {
        std::thread::sleep(Duration::from_millis(5));
    }
    running.store(false, Ordering::Relaxed);
    let answered = runtime.block_on(async {
        let mut answered = 0;
        while let Some(count) = asking.join_next().await {
            answered += count.context("a caller panicked")??;
        }
        anyhow::Ok(answered)
    })?;
    Ok(ratio(answered, started.elapsed().as_secs_f64()))
}
