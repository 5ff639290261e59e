//! Serial servers that have dialled in and do nothing but keep their lines open.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at, sleep};

use super::free;
use super::gateway::Gateway;
use crate::stock::{Stock, kept};
use crate::table::{Row, Wanted};
use crate::{Options, ratio};

/// Terminals.
const TERMINALS: usize = 4_000;
/// Between two signs of life of each.
const BEAT: Duration = Duration::from_secs(15);
/// Units of the folder: what it holds is not what is measured.
const UNITS: u64 = 10_000;

pub(super) fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    let stock = Stock::of(options, options.units.unwrap_or(UNITS).min(UNITS))?;
    let dir = kept(&options.dir, "kiosk-idle", UNITS)?;
    let address = free(1)?.pop().context("no port")?;
    let mut section = format!(
        "[[kiosk.server]]\nlisten = \"{address}\"\n\
         connections = {{ connections = 8192, connections_per_address = 8192, handshake_timeout_s = 10 }}\n"
    );
    for nth in 0..TERMINALS {
        let secret = dir.join(format!("secret-{nth}"));
        if !secret.exists() {
            fs::write(&secret, said(nth))?;
        }
        section += &format!(
            "[[kiosk.terminal]]\nname = \"mall-{nth}\"\nregistration = {{ file = {secret:?} }}\n\
             device = {{ output = [\"ack\", \"cd5220\"], encoding = \"gbk\", heartbeat = \"HB\" }}\n"
        );
    }
    // What the program takes where it has no terminals at all.
    let alone_mb = Gateway::start(&dir, &stock.folder.data, "")?.memory_mb()?;
    let gateway = Gateway::start(&dir, &stock.folder.data, &section)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // A beat of each at least.
    let run = options.run.max(BEAT * 2);
    let (percent, memory_mb, terminals) = runtime.block_on(async {
        let mut lines = JoinSet::new();
        for nth in 0..TERMINALS {
            lines.spawn(keep(address, nth));
            if nth % 100 == 99 {
                sleep(Duration::from_millis(20)).await;
            }
        }
        gateway.until_up(TERMINALS).await?;
        // Every line has given its first sign, and what came up has settled.
        sleep(BEAT + Duration::from_secs(2)).await;
        let before = gateway.processor_s()?;
        sleep(run).await;
        let spent = gateway.processor_s()? - before;
        ensure!(lines.try_join_next().is_none(), "a line ended");
        // While they are all there.
        anyhow::Ok((spent / run.as_secs_f64() * 100.0, gateway.memory_mb()?, gateway.terminals()?))
    })?;
    let beats: u64 = terminals
        .iter()
        .filter_map(|terminal| terminal.pointer("/counts/heartbeats").and_then(serde_json::Value::as_u64))
        .sum();
    let misread: u64 = terminals
        .iter()
        .filter_map(|terminal| terminal.pointer("/counts/unreadable").and_then(serde_json::Value::as_u64))
        .sum();
    let row = |what: &str, unit: &str, ours: f64, wanted: Option<f64>| Row {
        name: format!("{TERMINALS} terminals that dialled in, idle: {what}"),
        unit: unit.to_owned(),
        ours,
        beside: None,
        wanted: wanted.map(Wanted::AtMost),
    };
    Ok(vec![
        row("memory that they take", "MB", memory_mb - alone_mb, None),
        row("memory of the whole program", "MB", memory_mb, Some(60.0)),
        row("processor", "% of a core", percent, Some(2.0)),
        row("signs of life", "heartbeats", ratio(beats, 1.0), None),
        row("signs of life taken for scans", "heartbeats", ratio(misread, 1.0), Some(0.0)),
    ])
}

/// What a serial server says first; none begins with another one.
fn said(nth: usize) -> String {
    format!("D4AD20-{nth:06}-C3")
}

async fn keep(address: SocketAddr, nth: usize) -> anyhow::Result<()> {
    let mut line = TcpStream::connect(address).await?;
    line.write_all(said(nth).as_bytes()).await?;
    let first = Instant::now() + BEAT * u32::try_from(nth % 1_000)? / 1_000 + Duration::from_millis(500);
    let mut beat = interval_at(first, BEAT);
    loop {
        beat.tick().await;
        line.write_all(b"HB").await?;
    }
}
