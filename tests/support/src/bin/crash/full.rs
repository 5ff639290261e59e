//! `scripts/crash full`: the program on a disk that fills up, has room again, and at last cannot be read.
//!
//! Owns the one story: refused with 503 and a time to try again, unready; ready again without a restart or a request;
//! nothing that was refused is ever a first; where histories cannot be read nothing is said that is not known.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use support::drive::{Program, data_folder, digits, prepare};

use crate::Options;
use crate::disk::mount::{Faults, Mounted};
use crate::load::Answered;
use crate::proof;
use crate::wire::{Asked, Line};

/// Refusals in a row after which the disk counts as full.
const REFUSED: usize = 30;
/// The gateway tries again every second.
const RECOVERY: Duration = Duration::from_secs(20);

/// Numbers asked about while histories cannot be read.
const UNREAD: usize = 200;

/// The whole story; what was seen, for the summary.
pub(crate) fn story(options: &Options, dir: &Path) -> anyhow::Result<String> {
    let stocked = dir.join("stocked");
    std::fs::create_dir_all(&stocked)?;
    let numbers: Vec<String> = prepare(&options.program, &stocked, 20_000)?.into_iter().map(digits).collect();
    let mounted = Mounted::at(&dir.join("demo"), options.seed)?;
    mounted.import(&stocked)?;
    let program = Program::start(&options.program, mounted.path())?;
    let runtime = tokio::runtime::Runtime::new()?;
    let mut story = Story { said: Vec::new(), by: Vec::new(), numbers: numbers.into_iter(), nth: 0 };
    let (answered, refused) = runtime.block_on(story.fills(program.http, &mounted))?;
    program.stop()?;
    let program = Program::start(&options.program, mounted.path())?;
    runtime.block_on(story.cannot_be_read(program.http, &mounted))?;
    program.stop()?;
    let program = Program::start(&options.program, mounted.path())?;
    runtime.block_on(story.is_all_there(program.http))?;
    program.stop()?;
    let left = dir.join("left");
    mounted.export(&left)?;
    let proof = proof::prove(&data_folder(&left)?, &story.said)?;
    if let Some(fault) = proof.faults.first() {
        bail!("{fault}");
    }
    Ok(format!(
        "{answered} answered and {refused} refused on a full disk, recovered without restart, nothing untrue said where histories cannot be read, chain of {} events intact, rebuild equal",
        proof.events
    ))
}

struct Story {
    said: Vec<(Asked, Answered)>,
    /// Who asked it: a key is its asker's own.
    by: Vec<u8>,
    numbers: std::vec::IntoIter<String>,
    nth: usize,
}

fn asker(nth: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 1, nth)
}

impl Story {
    fn fresh(&mut self) -> anyhow::Result<Asked> {
        self.nth += 1;
        Ok(Asked { key: format!("full-{}", self.nth), code: self.numbers.next().context("no numbers are left")? })
    }

    /// Asks, and takes down an answer that was recorded.
    async fn ask(&mut self, line: &mut Line, asked: &Asked) -> anyhow::Result<(u16, Value)> {
        let (status, body) = line.check(asked).await?;
        if let Some(answer) = crate::load::answered(status, &body)
            && body.get("replayed") != Some(&Value::Bool(true))
        {
            self.said.push((asked.clone(), answer));
            self.by.push(line.asker);
        }
        Ok((status, body))
    }

    async fn told(&mut self, line: &mut Line, asked: &Asked, expected: &str) -> anyhow::Result<()> {
        self.told_one(line, asked, &[expected]).await.map(drop)
    }

    async fn told_one<'a>(&mut self, line: &mut Line, asked: &Asked, expected: &[&'a str]) -> anyhow::Result<&'a str> {
        let (status, body) = self.ask(line, asked).await?;
        let verdict = body.get("verdict").and_then(Value::as_str);
        let one = expected.iter().find(|expected| status == 200 && verdict == Some(**expected));
        one.copied().with_context(|| format!("expected {expected:?}, got {status} {body}"))
    }

    async fn fills(&mut self, to: SocketAddr, mounted: &Mounted) -> anyhow::Result<(usize, usize)> {
        let mut line = Line::open(asker(1), to).await?;
        let first = self.fresh()?;
        self.told(&mut line, &first, "genuine_first").await?;
        mounted.room(Some(4_096));
        let (mut answered, mut refused) = (0, Vec::new());
        while refused.len() < REFUSED {
            let asked = self.fresh()?;
            match self.ask(&mut line, &asked).await? {
                (200, _) => {
                    answered += 1;
                    refused.clear();
                }
                (503, _) => {
                    ensure!(line.retry_after.is_some(), "a 503 without Retry-After");
                    refused.push(asked);
                }
                (status, body) => bail!("on a full disk: {status} {body}"),
            }
        }
        ensure!(line.get("/readyz").await? == 503, "a gateway that cannot record says that it is ready");
        ensure!(line.get("/healthz").await? == 200, "a gateway with a full disk is alive");
        let (status, again) = line.check(&first).await?;
        ensure!(status == 200 && again.get("replayed") == Some(&Value::Bool(true)), "{status} {again}");
        mounted.room(None);
        let since = Instant::now();
        while line.get("/readyz").await? != 200 {
            ensure!(since.elapsed() < RECOVERY, "not ready {RECOVERY:?} after the disk had room again");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let count = refused.len();
        let mut other = Line::open(asker(2), to).await?;
        for (nth, asked) in refused.into_iter().enumerate() {
            if nth % 2 == 0 {
                // Its own retry.
                let (status, body) = self.ask(&mut line, &asked).await?;
                let is_first = body.get("verdict").and_then(Value::as_str) == Some("genuine_first");
                let is_fresh = body.get("replayed") == Some(&Value::Bool(false));
                ensure!(status == 200 && is_first && is_fresh, "retried: {status} {body}");
            } else {
                let asked = Asked { key: format!("{}-other", asked.key), ..asked };
                self.told(&mut other, &asked, "genuine_first").await?;
            }
        }
        Ok((answered, count))
    }

    /// Histories that cannot be read: the truth where the page was read before, `degraded` where it was not, and never
    /// that a number which was asked about is asked about first. Of numbers that nobody asked about that is known all the
    /// same, from what is held in memory.
    async fn cannot_be_read(&mut self, to: SocketAddr, mounted: &Mounted) -> anyhow::Result<()> {
        mounted.faults(Faults { unreadable: Some(".run"), ..Faults::default() });
        let mut line = Line::open(asker(3), to).await?;
        // Pages that were read before the fault are still in memory: asked until one is not.
        let mut degraded = false;
        for nth in 0..UNREAD.min(self.said.len()) {
            let asked = self.fresh()?;
            degraded |= self.told_one(&mut line, &asked, &["degraded", "genuine_first"]).await? == "degraded";
            let code = self.said.get(nth).map(|(asked, _)| asked.code.clone()).context("nothing was said")?;
            let asked = Asked { key: format!("full-seen-{nth}"), code };
            degraded |= self.told_one(&mut line, &asked, &["degraded", "genuine_seen"]).await? == "degraded";
        }
        ensure!(degraded, "no history was found to be unreadable");
        mounted.faults(Faults::default());
        Ok(())
    }

    /// After a restart on a disk that reads again, checks that were told `degraded` count like any other.
    async fn is_all_there(&mut self, to: SocketAddr) -> anyhow::Result<()> {
        for ((asked, answer), by) in self.said.clone().into_iter().zip(self.by.clone()) {
            let mut line = Line::open(asker(by), to).await?;
            let (status, body) = line.check(&asked).await?;
            let same = crate::load::answered(status, &body).as_ref() == Some(&answer);
            ensure!(same && body.get("replayed") == Some(&Value::Bool(true)), "{answer:?} is now {status} {body}");
        }
        let mut line = Line::open(asker(4), to).await?;
        for nth in [0, self.said.len() - 2] {
            let code = self.said.get(nth).map(|(asked, _)| asked.code.clone()).context("nothing was said")?;
            let asked = Asked { key: format!("full-again-{nth}"), code };
            self.told(&mut line, &asked, "genuine_seen").await?;
        }
        Ok(())
    }
}
