//! What the drivers `crash` and `bench` share: a folder stocked with numbers, and the program as a child process.
//!
//! Measures and judges nothing.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail, ensure};
use contract::answer::Names;
use contract::{Life, Timestamp};
use verigate::index::catalogue::{BatchOrder, Selector};
use verigate::index::{Batch, Concealment, Maker, Product, UnitKey};
use verigate::ledger::folder::Folder;
use verigate::ledger::writer::{Clock, Order, Outcome};
use verigate::verify::{Gateway, Settings};

/// The product whose numbers are used up.
const PRODUCT: &str = "driver-load";
/// Its first resource; the demo's own lie elsewhere.
const FIRST_RESOURCE: u64 = 9_200_001;
/// Numbers per batch.
const BATCH: u64 = 500_000;
/// Numbers per resource of 10^7 serials: free places stay easy to find.
const PER_RESOURCE: u64 = 2_000_000;
/// The bound on the program's start.
const START: Duration = Duration::from_secs(60);

/// The wall clock.
#[must_use]
pub fn clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    })
}

/// The defaults with no quota on anybody.
///
/// # Errors
/// Where the section `[quotas]` no longer takes an empty quota.
pub fn unlimited() -> anyhow::Result<Settings> {
    let quotas = serde_json::json!({ "person": {}, "address": {}, "terminal": {}, "registered": {}, "network": {} });
    let quotas = serde_json::from_value(quotas).context("a quota without limits is refused")?;
    Ok(Settings { quotas, ..Settings::default() })
}

/// Issues and activates so many numbers of a product of our own, and gives them as integers: 16 bytes each.
///
/// # Errors
/// Where an order is refused.
pub async fn stock(gateway: &Gateway, count: u64) -> anyhow::Result<Vec<u128>> {
    let mut numbers = Vec::with_capacity(usize::try_from(count)?);
    for batch in issue(gateway, count).await? {
        for number in gateway.catalogue().numbers(&batch, 0) {
            numbers.push(number.parse::<u128>()?);
        }
    }
    Ok(numbers)
}

/// Issues and activates so many numbers of a product of our own; once in a folder.
///
/// # Errors
/// Where an order is refused.
pub async fn issue(gateway: &Gateway, count: u64) -> anyhow::Result<Vec<Batch>> {
    let by = "load".to_owned();
    let named = |name: &str| Names { zh_hans: name.to_owned(), zh_hk: None, en: None };
    let maker = Maker { id: "driver".to_owned(), name: named("负载"), hotline: None };
    let resources = FIRST_RESOURCE..=FIRST_RESOURCE + count / PER_RESOURCE;
    let product = Product {
        id: PRODUCT.to_owned(),
        maker: maker.id.clone(),
        name: named("负载"),
        category: "load".to_owned(),
        layout: "network-20".to_owned(),
        resources: resources.collect(),
        spec: None,
        licence: None,
        shelf_life_days: None,
        sales_region: Vec::new(),
        concealment: Concealment::Printed,
        tracks_shipping: false,
        gtin: None,
    };
    gateway.order(Order::Change { makers: vec![maker], products: vec![product], by: by.clone() }).await?;
    let mut batches = Vec::new();
    let mut left = count;
    while left > 0 {
        let order = serde_json::from_value::<BatchOrder>(serde_json::json!({
            "product": PRODUCT, "count": left.min(BATCH), "lot": "LOAD", "by": by,
        }))?;
        let Outcome::Issued { batch, .. } = gateway.order(Order::Issue { order, at: None }).await? else {
            bail!("an order for numbers issued none");
        };
        let live = Order::Live {
            target: Selector::Batch { batch: batch.id },
            life: Life::Activated,
            lifted: false,
            at: None,
            by: by.clone(),
            city: None,
            reason: None,
        };
        gateway.order(live).await?;
        batches.push(*batch);
        left -= left.min(BATCH);
    }
    Ok(batches)
}

/// Whether [`stock`] issued this unit; the demo has units of its own, and asks about some.
#[must_use]
pub fn is_stock(unit: &UnitKey) -> bool {
    unit.as_native().is_some_and(|(_, resource, _)| (FIRST_RESOURCE..FIRST_RESOURCE + 1_000).contains(&resource))
}

/// A number as it is typed.
#[must_use]
pub fn digits(number: u128) -> String {
    format!("{number:020}")
}

/// The data folder that the program keeps in the folder it was given.
///
/// # Errors
/// Where there is none.
pub fn data_folder(dir: &Path) -> anyhow::Result<Folder> {
    [dir.to_owned(), dir.join("data")]
        .iter()
        .map(|data| Folder::all_in(data))
        .find(|folder| folder.master().exists())
        .with_context(|| format!("{} holds no master key", dir.display()))
}

/// Lets the program prepare a folder, kills it, and stocks the folder with numbers.
///
/// # Errors
/// Where the program does not come up or the folder cannot be stocked.
pub fn prepare(binary: &Path, dir: &Path, count: u64) -> anyhow::Result<Vec<u128>> {
    // Killed, since one that has just said `ready` must stand that too.
    Program::start(binary, dir)?.kill()?;
    let gateway = Gateway::open(data_folder(dir)?, Settings::default(), clock())?;
    let numbers = tokio::runtime::Runtime::new()?.block_on(stock(&gateway, count))?;
    gateway.close();
    drop(gateway);
    // Its readers end by themselves, and the last to close a database takes its WAL away: who copies the folder must not
    // meet half of that.
    let begun = Instant::now();
    while is_open(dir)? {
        ensure!(begun.elapsed() < Duration::from_secs(10), "{} is still open", dir.display());
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(numbers)
}

/// Whether a database of the folder has a WAL.
fn is_open(dir: &Path) -> anyhow::Result<bool> {
    let folder = data_folder(dir)?;
    for dir in [folder.data.clone(), folder.log()] {
        for entry in std::fs::read_dir(dir)? {
            if entry?.file_name().to_string_lossy().ends_with("-wal") {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// `verigate demo` as a child process; killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// Where it answers HTTP.
    pub http: SocketAddr,
    /// Where carriers bind to it.
    pub smpp: SocketAddr,
    /// Where terminals dial in.
    pub kiosk: SocketAddr,
}

impl Program {
    /// Starts it on a folder, every listener on loopback at a free port, and waits until it says `ready`.
    ///
    /// # Errors
    /// Where it ends before, or is not ready within a minute.
    pub fn start(binary: &Path, dir: &Path) -> anyhow::Result<Self> {
        let help = Command::new(binary).args(["demo", "--help"]).output().context("the program cannot be started")?;
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        let log = std::fs::OpenOptions::new().create(true).append(true).open(dir.with_extension("log"))?;
        let mut command = Command::new(binary);
        command.arg("demo").arg("--dir").arg(dir).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        for option in ["--http", "--smpp", "--sip", "--kiosk"] {
            if help.contains(option) {
                command.args([option, "127.0.0.1:0"]);
            }
        }
        let mut child = command.spawn().context("the program cannot be started")?;
        let lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        // From here on an error drops it, and so ends it.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut program = Self { child, http: nowhere, smpp: nowhere, kiosk: nowhere };
        let (tell, told) = mpsc::channel();
        // Reads to the end, so that the program never waits for us to.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // Nobody waits any longer once the bound has passed; the pipe is read to its end all the same.
                if line == "ready" {
                    tell.send(()).unwrap_or_default();
                }
            }
        });
        if told.recv_timeout(START).is_err() {
            bail!("`demo` was not ready; see {}", dir.with_extension("log").display());
        }
        let samples: serde_json::Value = serde_json::from_slice(&std::fs::read(dir.join("samples.json"))?)?;
        let listen = |channel: &str| -> anyhow::Result<SocketAddr> {
            let listen = samples.pointer(&format!("/listen/{channel}")).and_then(|listen| listen.as_str());
            Ok(listen.with_context(|| format!("samples.json names no listen.{channel}"))?.parse()?)
        };
        (program.http, program.smpp, program.kiosk) = (listen("http")?, listen("smpp")?, listen("kiosk")?);
        Ok(program)
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it as a power cut would: nothing is flushed, nobody is told.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.strike()?;
        self.child.wait()?;
        Ok(())
    }

    /// As [`Program::kill`], without waiting until it is gone: whoever serves its disk would wait for ever.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn strike(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill()?)
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// Where it does not end well within a minute.
    pub fn stop(mut self) -> anyhow::Result<()> {
        let status = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status()?;
        ensure!(status.success(), "the program cannot be told to end");
        let until = Instant::now() + START;
        loop {
            match self.child.try_wait()? {
                Some(status) => return ended(status),
                None if Instant::now() > until => bail!("the program did not end within {START:?}"),
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

fn ended(status: ExitStatus) -> anyhow::Result<()> {
    ensure!(status.success(), "the program ended with {status}");
    Ok(())
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The program beside this driver, as cargo puts them.
///
/// # Errors
/// Where it is not there.
pub fn program_beside() -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("verigate");
    ensure!(path.exists(), "{} is not built", path.display());
    Ok(path)
}

/// Numbers by chance, xorshift64*: quick, the same for the same seed, and fit for nothing secret.
#[derive(Debug, Clone, Copy)]
pub struct Chance(u64);

impl Chance {
    /// From a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `below`; 0 where that is 0.
    pub fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 1;
        usize::try_from(drawn).unwrap_or(usize::MAX).checked_rem(below).unwrap_or(0)
    }
}
