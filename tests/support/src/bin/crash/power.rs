//! `scripts/crash power [N]` and `eio [N]`: the power goes at an operation nobody chose, N times over.
//!
//! Owns the rounds. Most cuts hit the core in a process of its own, under checks, sales, orders, imports, checkpoints, backups
//! and months that turn, on a disk that is made anew every few of them and cut while it is prepared too, or while the
//! histories of an older build are brought forward; some hit the program under load over HTTP. A control run on a log that is not synced
//! must show losses, or the whole would prove nothing.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use support::drive::{Program, data_folder, prepare};

use crate::Options;
use crate::book::{Book, Count, Line};
use crate::disk::Luck;
use crate::disk::mount::{Faults, Mounted};
use crate::load::{Depth, Load, Tally};
use crate::proof;

/// Cuts on one disk, before another is begun.
const PER_DISK: u64 = 10;
/// Where the clock of every disk begins: 2026-11-25, so that the month soon turns.
const BEGIN: i64 = 1_795_600_000_000;
/// The bound on one round; a round that is not cut by then is cut at once.
const ROUND: Duration = Duration::from_secs(30);
/// Cuts of the control at most; the first loss ends it.
const CONTROL: u64 = 40;
/// Numbers for one cut of the program.
const PER_CUT: u64 = 3_000;

/// What is done to the disk besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The power goes; now and then syncs are slow, or something fails before.
    Power,
    /// Something fails all the time; the process is killed on a disk that still says what was never written, and the
    /// power goes after that.
    Failing,
}

/// The cores' rounds.
pub(crate) fn cores(options: &Options, mode: Mode, dir: &Path, cuts: u64) -> anyhow::Result<Count> {
    let mut count = Count::default();
    let mut cut = 0;
    while cut < cuts && count.is_good() {
        let seed = options.seed.wrapping_add(cut.wrapping_mul(7_919));
        let disk = dir.join(format!("disk-{cut}"));
        let here = Rounds::on(&disk, seed, false)?.run(mode, PER_DISK.min(cuts - cut), &mut count)?;
        cut += PER_DISK.min(cuts - cut);
        println!(
            "{cut:>4} cuts of the core: {} acknowledged, {} looked for, {} refused, {} events and {} months on the last disk, {} faults",
            count.acknowledged,
            count.looked_for,
            count.refused,
            count.events,
            here,
            count.faults.len()
        );
        if count.is_good() {
            std::fs::remove_dir_all(&disk)?;
        }
    }
    Ok(count)
}

/// A log that is not synced: how many of its acknowledged answers a cut was seen to take.
pub(crate) fn control(options: &Options, dir: &Path) -> anyhow::Result<u64> {
    for cut in 0..CONTROL {
        let mut count = Count::default();
        let disk = dir.join(format!("control-{cut}"));
        Rounds::on(&disk, options.seed.wrapping_add(cut), true)?.run(Mode::Power, 2, &mut count)?;
        std::fs::remove_dir_all(&disk)?;
        if !count.is_good() {
            return Ok(u64::try_from(count.faults.len()).unwrap_or(u64::MAX));
        }
    }
    Ok(0)
}

/// One disk and what was acknowledged on it.
struct Rounds {
    mounted: Mounted,
    book: Book,
    luck: Luck,
    dir: std::path::PathBuf,
    is_unsynced: bool,
    /// What the next core draws from, and its questions' keys begin with: never twice on one disk.
    next: u64,
}

impl Rounds {
    fn on(dir: &Path, seed: u64, is_unsynced: bool) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir.join("scratch"))?;
        let mounted = Mounted::at(&dir.join("mnt"), seed).context("the disk cannot be mounted: FUSE is needed")?;
        let book = Book { clock: BEGIN, ..Book::default() };
        Ok(Self { mounted, book, luck: Luck::new(seed), dir: dir.to_owned(), is_unsynced, next: seed })
    }

    /// So many cuts, and the proof at the end; the months that passed.
    fn run(mut self, mode: Mode, cuts: u64, count: &mut Count) -> anyhow::Result<i64> {
        for _ in 0..cuts {
            self.round(mode, count)?;
            if !count.is_good() {
                return Ok(self.months());
            }
        }
        // Everything, once more.
        let all = self.book.clone();
        let mut child = self.spawn(&all, true)?;
        self.follow(&mut child, None, count)?;
        let ended = child.process.lock().unwrap_or_else(PoisonError::into_inner).wait()?;
        if !ended.success() || !child.is_proven {
            count
                .faults
                .push(format!("the last proof ended with {ended}; see {}", self.dir.join("core.log").display()));
        }
        Ok(self.months())
    }

    fn months(&self) -> i64 {
        (self.book.clock - BEGIN) / (30 * 86_400_000)
    }

    fn round(&mut self, mode: Mode, count: &mut Count) -> anyhow::Result<()> {
        let excerpt = self.book.excerpt(300, 60, &mut self.luck);
        let mut child = self.spawn(&excerpt, false)?;
        // Often while the folder is made or opened, mostly under load.
        let after = match self.luck.below(10) {
            0 => 1 + self.luck.below(60),
            1 | 2 => 1 + self.luck.below(600),
            _ => 300 + self.luck.below(2_500),
        };
        let process = Arc::clone(&child.process);
        let kill = move || drop(process.lock().unwrap_or_else(PoisonError::into_inner).kill());
        self.mounted.arm(u64::try_from(after)?, Box::new(kill));
        let faults = self.faults(mode);
        self.follow(&mut child, Some(faults), count)?;
        drop(child.process.lock().unwrap_or_else(PoisonError::into_inner).wait());
        // A kill alone leaves what only the kernel holds; whatever was not synced then is still to be lost.
        let is_kill_alone = mode == Mode::Failing && self.luck.below(2) == 0;
        if is_kill_alone {
            self.mounted.revive()
        } else {
            self.mounted.restore()
        }
        // A fault shows in the round after: whoever looks for its cause wants to know what this one did and left.
        if count.is_good() {
            std::fs::write(self.dir.join("operations.log"), self.mounted.done())?;
            let left = self.dir.join("left");
            if left.exists() {
                std::fs::remove_dir_all(&left)?;
            }
            self.mounted.export(&left)?;
        }
        Ok(())
    }

    fn faults(&mut self, mode: Mode) -> Faults {
        let slow = if self.luck.below(3) == 0 { 100 } else { 0 };
        match (mode, self.luck.below(4)) {
            (Mode::Power, 0) => Faults { sync: 10, write: 3, room: 3, slow, unreadable: None },
            (Mode::Power, _) => Faults { slow, ..Faults::default() },
            (Mode::Failing, 0) => Faults { sync: 300, write: 20, room: 20, slow, unreadable: None },
            (Mode::Failing, 1) => Faults { room: 200, slow, ..Faults::default() },
            (Mode::Failing, _) => Faults { sync: 30, write: 10, room: 5, slow, unreadable: None },
        }
    }

    fn spawn(&mut self, book: &Book, is_last: bool) -> anyhow::Result<Core> {
        let path = self.dir.join("book.json");
        std::fs::write(&path, serde_json::to_vec(book)?)?;
        self.next = self.next.wrapping_add(1);
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.dir.join("core.log"))?;
        let mut process = Command::new(std::env::current_exe()?)
            .arg("core")
            .args([&self.mounted.path().join("data"), &path, &self.dir.join("scratch")])
            .arg(self.next.to_string())
            .arg(if self.is_unsynced { "unsynced" } else { "synced" })
            .arg(if is_last { "last" } else { "on" })
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let lines = BufReader::new(process.stdout.take().context("no standard output")?).lines();
        let (tell, told) = mpsc::channel();
        // Reads to the end, also when nobody listens any more: the core must not wait for us.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| tell.send(line).unwrap_or_default()));
        Ok(Core { process: Arc::new(Mutex::new(process)), told, is_proven: false })
    }

    /// Takes down what the core tells until it is gone; things fail only once it has proven what was there.
    fn follow(&mut self, core: &mut Core, faults: Option<Faults>, count: &mut Count) -> anyhow::Result<()> {
        let until = Instant::now() + ROUND;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = match core.told.recv_timeout(left) {
                Ok(line) => line,
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    core.process.lock().unwrap_or_else(PoisonError::into_inner).kill()?;
                    ensure!(faults.is_some(), "the last proof took longer than {ROUND:?}");
                    continue;
                }
            };
            // The line that it was killed in is torn.
            let Ok(line) = serde_json::from_str::<Line>(&line) else { continue };
            let is_proven = matches!(line, Line::Proven { .. });
            // While the power is going everything fails, and the core says so.
            let is_wrong = matches!(line, Line::Lost(_) | Line::Doubled(_) | Line::TwoFirsts(_) | Line::Fault(_));
            if is_wrong && self.mounted.is_dead() {
                continue;
            }
            self.book.take(line, count);
            if is_proven {
                core.is_proven = true;
                self.book.backups.clear();
                if let Some(faults) = faults {
                    self.mounted.faults(faults);
                }
            }
        }
        if faults.is_some() && !self.mounted.is_dead() {
            let ended = core.process.lock().unwrap_or_else(PoisonError::into_inner).try_wait()?;
            if let Some(ended) = ended.filter(|ended| ended.code().is_some()) {
                count.faults.push(format!(
                    "the core ended by itself with {ended}; see {}",
                    self.dir.join("core.log").display()
                ));
            }
        }
        Ok(())
    }
}

/// The core as a child process; killed when dropped.
struct Core {
    process: Arc<Mutex<Child>>,
    told: mpsc::Receiver<String>,
    is_proven: bool,
}

impl Drop for Core {
    fn drop(&mut self) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        drop(process.kill());
        drop(process.wait());
    }
}

/// The program's rounds: the load of `scripts/crash kill`, over HTTP, on a disk whose power goes.
pub(crate) fn programs(options: &Options, dir: &Path, cuts: u64) -> anyhow::Result<(Tally, proof::Proof)> {
    let stocked = dir.join("stocked");
    std::fs::create_dir_all(&stocked)?;
    let numbers = prepare(&options.program, &stocked, cuts * PER_CUT)?;
    let mounted = Mounted::at(&dir.join("demo"), options.seed)?;
    mounted.import(&stocked)?;
    let load = Arc::new(Load::over(numbers, options.seed));
    let runtime = tokio::runtime::Runtime::new()?;
    let (mut tally, mut luck) = (Tally::default(), Luck::new(options.seed));
    for _ in 0..cuts {
        let program = Program::start(&options.program, mounted.path())?;
        let to = program.http;
        runtime.block_on(load.settle(to, Depth::Lately, &mut tally));
        let program = Arc::new(Mutex::new(program));
        load.killed.store(false, Ordering::SeqCst);
        let (own, told) = (Arc::clone(&program), Arc::clone(&load));
        let kill = move || {
            told.killed.store(true, Ordering::SeqCst);
            drop(own.lock().unwrap_or_else(PoisonError::into_inner).strike());
        };
        mounted.arm(u64::try_from(20 + luck.below(1_500))?, Box::new(kill));
        runtime.block_on(async {
            let running = load.start(to);
            running.join(&mut tally).await;
        });
        // Where the numbers ran out first, it goes now.
        program.lock().unwrap_or_else(PoisonError::into_inner).kill()?;
        mounted.restore();
    }
    let program = Program::start(&options.program, mounted.path())?;
    runtime.block_on(load.settle(program.http, Depth::All, &mut tally));
    program.stop()?;
    if load.open() > 0 {
        tally.faults.push(format!("{} inquiries were never answered", load.open()));
    }
    // Read from the machine's own disk: the process that serves a file system must not read it.
    let left = dir.join("left");
    mounted.export(&left)?;
    let proof = proof::prove(&data_folder(&left)?, &load.said())?;
    Ok((tally, proof))
}
