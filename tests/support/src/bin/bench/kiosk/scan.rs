//! Terminals that scan, on a schedule or one scan after another, over any line.
//!
//! An answer is wrong where it is not acknowledged or is about another number than the one scanned.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::STUCK;
use crate::ratio;

/// What came of the scans of all terminals.
#[derive(Debug, Default)]
pub(super) struct Came {
    /// From when each was due to its answer, shortest first.
    pub(super) waits: Vec<Duration>,
    wrong: u64,
    lost: u64,
    /// From when the first was due to the last answer.
    took: Duration,
}

impl Came {
    /// Answers a second.
    pub(super) fn per_second(&self) -> f64 {
        ratio(u64::try_from(self.waits.len()).unwrap_or(u64::MAX), self.took.as_secs_f64())
    }

    /// The wait, in milliseconds, that so many percent did not exceed.
    pub(super) fn percent(&self, percent: usize) -> f64 {
        let at = self.waits.len() * percent / 100;
        self.waits.get(at).map_or(0.0, |wait| wait.as_secs_f64() * 1e3)
    }

    /// Scans that were answered wrong or not at all.
    pub(super) fn amiss(&self) -> f64 {
        ratio(self.wrong + self.lost, 1.0)
    }
}

/// Scans the numbers of each line; `told` where the device is told of which number an answer is.
pub(super) async fn scan<S>(
    lines: Vec<(S, Vec<String>)>,
    run: Duration,
    every: Option<Duration>,
    told: bool,
) -> anyhow::Result<Came>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut terminals = JoinSet::new();
    let begins = Instant::now() + Duration::from_secs(1);
    let count = u32::try_from(lines.len())?.max(1);
    for (nth, (line, numbers)) in (0_u32..).zip(lines) {
        let offset = every.unwrap_or_default() * nth / count;
        terminals.spawn(one(line, numbers, (begins + offset, begins + run), every, told));
    }
    let mut all = Came::default();
    while let Some(its) = terminals.join_next().await {
        let its = its?;
        all.waits.extend(its.waits);
        all.wrong += its.wrong;
        all.lost += its.lost;
    }
    all.took = begins.elapsed();
    all.waits.sort_unstable();
    Ok(all)
}

async fn one<S>(
    mut line: S,
    numbers: Vec<String>,
    (first, end): (Instant, Instant),
    every: Option<Duration>,
    told: bool,
) -> Came
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut came, mut due, mut heard) = (Came::default(), first, Vec::new());
    for number in numbers.iter().cycle() {
        if due.max(Instant::now()) >= end {
            break;
        }
        sleep_until(due).await;
        let sent = if every.is_some() { due } else { Instant::now() };
        let written = line.write_all(format!("{number}\r").as_bytes()).await;
        let answered = timeout(STUCK, answer(&mut line, &mut heard, told)).await;
        if written.is_err() || !matches!(answered, Ok(Ok(()))) {
            // Whatever comes on this line now is the answer to nothing.
            came.lost += 1;
            break;
        }
        came.waits.push(sent.elapsed());
        came.wrong += u64::from(!is_of(&heard, number, told));
        due += every.unwrap_or_default();
    }
    came
}

/// Reads one answer: an octet, and where the device is told more, a line behind it.
async fn answer(line: &mut (impl AsyncRead + Unpin), heard: &mut Vec<u8>, told: bool) -> std::io::Result<()> {
    heard.clear();
    while heard.is_empty() || (told && heard.last() != Some(&b'\n')) {
        if line.read_buf(heard).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

fn is_of(heard: &[u8], number: &str, told: bool) -> bool {
    let Some((6, rest)) = heard.split_first() else { return false };
    if !told {
        return rest.is_empty();
    }
    let tail = number.get(number.len().saturating_sub(4)..).unwrap_or_default();
    serde_json::from_slice::<serde_json::Value>(rest).is_ok_and(|said| {
        let text = |key: &str| said.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        text("kind") == "answer" && text("tail") == tail && !text("receipt").is_empty()
    })
}
