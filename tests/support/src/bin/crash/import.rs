//! `scripts/crash import [N]`: imports and rebuilds, killed at a moment nobody chose, N times over, on one folder.
//!
//! Owns the rounds. In turn the import is killed, the gateway that it talks to, an import that goes on where the one before
//! was killed, a rebuild of histories and index, and a gateway that is coming up. After each kill the folder opens, every
//! set that stands is whole by its hash, each list is there to the last number or not at all, one that was told to be
//! taken in is, and the next import of another list clears away what the killed one left.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use contract::Number;
use support::drive::{Chance, Program, clock, data_folder, digits, prepare};
use verigate::index::Index as _;
use verigate::index::sets::staging;
use verigate::ledger::audit;
use verigate::ledger::folder::Folder;
use verigate::verify::{Gateway, Settings};

/// Numbers of a list: three runs of the least memory, and sorting them takes longer than most delays.
const NUMBERS: u64 = 250_000;
/// The longest a round runs before the kill, in milliseconds.
const LONGEST: usize = 900;

/// What is killed.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Import,
    /// The same list again, which goes on; it is killed as well, or ends.
    Resumed,
    Gateway,
    ComingUp,
    Rebuild,
}

/// The folder and what was done to it.
struct Rounds {
    program: PathBuf,
    demo: PathBuf,
    lists: PathBuf,
    chance: Chance,
    /// By list: the import said that it was taken in.
    told: BTreeMap<u64, bool>,
    /// Imports that went on.
    resumed: u64,
}

/// All rounds; an error where a promise was not kept.
pub(crate) fn story(program: &Path, dir: &Path, kills: u64, seed: u64) -> anyhow::Result<String> {
    let demo = dir.join("demo");
    let lists = dir.join("lists");
    fs::create_dir_all(&demo)?;
    fs::create_dir_all(&lists)?;
    prepare(program, &demo, 1_000)?;
    let mut rounds = Rounds {
        program: program.to_owned(),
        demo,
        lists,
        chance: Chance::new(seed),
        told: BTreeMap::new(),
        resumed: 0,
    };
    for kill in 1..=kills {
        let victim = match kill % 6 {
            1 | 4 => Victim::Import,
            2 => Victim::Resumed,
            3 => Victim::Gateway,
            5 => Victim::ComingUp,
            _ => Victim::Rebuild,
        };
        let delay = Duration::from_millis(u64::try_from(rounds.chance.below(LONGEST))?);
        rounds.kill(victim, kill, delay).with_context(|| format!("kill {kill}, {victim:?}"))?;
        let standing = rounds.prove().with_context(|| format!("after kill {kill}, {victim:?} at {delay:?}"))?;
        println!("kill {kill:>3} of {victim:?} after {:>4} ms: {standing} sets stand, all whole", delay.as_millis());
    }
    // The next import finds the place free and leaves it clean.
    let mut last = rounds.import(kills + 1)?.0;
    ensure!(last.wait()?.success(), "the import after the last kill failed");
    let left = fs::read_dir(staging(&rounds.folder()?.sets()))?.count();
    ensure!(left == 1, "{left} files are left in the workshop, expected its lock alone");
    rounds.told.insert(kills + 1, true);
    let standing = rounds.prove()?;
    Ok(format!("{kills} kills, {standing} sets stand, {} imports went on where one was killed", rounds.resumed))
}

impl Rounds {
    fn folder(&self) -> anyhow::Result<Folder> {
        data_folder(&self.demo)
    }

    fn command(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(&self.program);
        command.arg("--dir").arg(self.folder()?.data).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }

    /// Starts the import of a list, which is written once, and says where its words go.
    fn import(&self, list: u64) -> anyhow::Result<(Child, PathBuf)> {
        let path = self.lists.join(format!("{list}.csv"));
        if !path.exists() {
            let mut out = BufWriter::new(File::create(&path)?);
            for nth in 0..NUMBERS {
                writeln!(out, "{}", digits(number(list, nth)))?;
            }
            out.flush()?;
        }
        let said = path.with_extension("said");
        let mut command = self.command()?;
        // The least memory: three runs.
        command.args(["import", "--product", "driver-load", "--memory", "4"]).arg(&path).stderr(File::create(&said)?);
        Ok((command.spawn()?, said))
    }

    fn kill(&mut self, victim: Victim, list: u64, delay: Duration) -> anyhow::Result<()> {
        match victim {
            Victim::Rebuild => {
                let mut rebuild = self.command()?.args(["ledger", "rebuild"]).spawn()?;
                std::thread::sleep(delay / 4);
                rebuild.kill()?;
                rebuild.wait()?;
            }
            Victim::ComingUp => {
                let mut gateway = self.command()?.arg("serve").spawn()?;
                std::thread::sleep(delay / 8);
                gateway.kill()?;
                gateway.wait()?;
            }
            Victim::Import | Victim::Resumed => {
                // The list of the round before, which was killed.
                let list = if matches!(victim, Victim::Resumed) { list - 1 } else { list };
                let gateway = Program::start(&self.program, &self.demo)?;
                let (mut import, said) = self.import(list)?;
                std::thread::sleep(delay);
                import.kill()?;
                let told = import.wait()?.success() || self.told.get(&list).copied().unwrap_or(false);
                self.told.insert(list, told);
                self.resumed += u64::from(fs::read_to_string(said)?.contains("going on behind row"));
                gateway.stop()?;
            }
            Victim::Gateway => {
                let mut gateway = Program::start(&self.program, &self.demo)?;
                let (mut import, _) = self.import(list)?;
                std::thread::sleep(delay);
                gateway.kill()?;
                // Without a gateway it ends by itself: told that it was taken in, or that it was not or may have been.
                self.told.insert(list, import.wait()?.success());
            }
        }
        Ok(())
    }

    /// How many sets stand, all of them whole.
    fn prove(&self) -> anyhow::Result<usize> {
        let folder = self.folder()?;
        let gateway = Gateway::open(folder.clone(), Settings::default(), clock())?;
        let register = gateway.register();
        let snapshot = register.sets().snapshot();
        for set in &snapshot.sets {
            let file = set.file().with_context(|| format!("set {} cannot be read", set.set))?;
            file.verify(&set.hash, &mut |_| true)?;
        }
        for (list, told) in &self.told {
            let held = (0..NUMBERS)
                .step_by(997)
                .chain([NUMBERS - 1])
                .filter(|nth| register.find(&Number::Digits(digits(number(*list, *nth)))).unit().is_some())
                .count();
            let all = NUMBERS.div_ceil(997) + 1;
            ensure!(held == 0 || u64::try_from(held)? == all, "{held} of {all} numbers of list {list} are there");
            ensure!(held > 0 || !told, "list {list} was told to be taken in and is not there");
        }
        let standing = snapshot.sets.len();
        gateway.close();
        drop(gateway);
        let fresh = self.lists.join("rebuilt.db");
        let position = audit::rebuild(&folder.log(), 0, &fresh, &mut |_, _| {})?;
        ensure!(position > 0, "the log is empty");
        fs::remove_file(&fresh)?;
        Ok(standing)
    }
}

/// The n-th number of a list.
fn number(list: u64, nth: u64) -> u128 {
    let mut chance = Chance::new(list * 1_000_003 + nth);
    let mut part = || u128::try_from(chance.below(10_000_000_000)).unwrap_or(0);
    part();
    part() * 10_000_000_000 + part()
}
