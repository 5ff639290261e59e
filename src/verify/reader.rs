//! The thread that reads what was answered before: replays, receipts, owed replies. It never writes and never settles.

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError};

use contract::{Owed, Position, Receipt, ReceiptView, Refusal, Reply, Request, RequestKind, Timestamp};
use tokio::sync::oneshot;

use crate::ledger::event::{Event, InquiryEvent};
use crate::ledger::log::{LogReader, Row};
use crate::ledger::writer::{Shared, answers_of, chain, verdicts_of};

/// Reads that may wait; beyond it they are refused.
const QUEUE: usize = 1_024;

/// Something to read.
pub(super) enum Read {
    /// The reply recorded at a sequence.
    Replay(u64, oneshot::Sender<Result<Reply, Refusal>>),
    /// The answer that has the n-th receipt.
    Receipt(u64, oneshot::Sender<Result<Option<ReceiptView>, Refusal>>),
    /// Owed replies with their routes.
    Owed(Vec<u64>, oneshot::Sender<Result<Vec<Owed>, Refusal>>),
    /// Let go of files that were replaced.
    Renew,
}

/// A handle on the thread; it ends with the last handle.
#[derive(Clone)]
pub(super) struct Reader {
    reads: SyncSender<Read>,
}

const UNREADABLE: Refusal = Refusal::Unavailable("the log cannot be read");

impl Reader {
    pub(super) fn start(mut log: Box<dyn LogReader>, shared: Arc<Shared>) -> std::io::Result<Self> {
        let (reads, work) = sync_channel(QUEUE);
        std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
            while let Ok(read) = work.recv() {
                // Whoever asked may be gone; then nobody misses the answer.
                match read {
                    Read::Replay(sequence, reply) => drop(reply.send(replay(log.as_mut(), &shared, sequence))),
                    Read::Receipt(nth, reply) => drop(reply.send(receipt(log.as_mut(), &shared, nth))),
                    Read::Owed(sequences, reply) => drop(reply.send(owed(log.as_mut(), &shared, &sequences))),
                    Read::Renew => log.renew(),
                }
            }
        })?;
        Ok(Self { reads })
    }

    pub(super) async fn replay(&self, sequence: u64) -> Result<Reply, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Read::Replay(sequence, reply))?;
        answer.await.map_err(|_| Refusal::Internal)?
    }

    pub(super) async fn receipt(&self, nth: u64) -> Result<Option<ReceiptView>, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Read::Receipt(nth, reply))?;
        answer.await.map_err(|_| Refusal::Internal)?
    }

    pub(super) async fn owed(&self, sequences: Vec<u64>) -> Result<Vec<Owed>, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Read::Owed(sequences, reply))?;
        answer.await.map_err(|_| Refusal::Internal)?
    }

    /// A segment was reduced.
    pub(super) fn renew(&self) -> Result<(), Refusal> {
        self.send(Read::Renew)
    }

    fn send(&self, read: Read) -> Result<(), Refusal> {
        self.reads.try_send(read).map_err(|error| match error {
            TrySendError::Full(_) => Refusal::Overloaded,
            TrySendError::Disconnected(_) => Refusal::Internal,
        })
    }
}

fn inquiry_of(row: Option<Row>) -> Result<Option<(Row, InquiryEvent)>, Refusal> {
    let Some(row) = row else { return Ok(None) };
    match row.event() {
        Ok(Event::Inquiry(event)) => Ok(Some((row, event))),
        Ok(_) => Ok(None),
        Err(error) => {
            tracing::error!(cause = %chain(&error), sequence = row.sequence, "a logged answer cannot be read");
            Err(UNREADABLE)
        }
    }
}

fn reply_of(row: &Row, event: &InquiryEvent, shared: &Shared) -> Reply {
    let about = event.request.as_ref().map_or(RequestKind::Check, Request::kind);
    let is_receipted = about == RequestKind::Tip
        || event.checks.iter().any(|check| check.verdict.kind() != contract::VerdictKind::RateLimited);
    Reply {
        about,
        answers: answers_of(event, shared.register.as_ref()),
        receipt: is_receipted.then(|| shared.receipts.of(row.receipts)),
        at: row.at,
        position: Some(Position { stream: 0, sequence: row.sequence }),
        silent: event.silent,
        replayed: true,
    }
}

fn read_row(log: &mut dyn LogReader, sequence: u64) -> Result<Option<Row>, Refusal> {
    log.row(sequence).map_err(|error| {
        tracing::error!(cause = %chain(&error), "the log cannot be read");
        UNREADABLE
    })
}

fn replay(log: &mut dyn LogReader, shared: &Shared, sequence: u64) -> Result<Reply, Refusal> {
    match inquiry_of(read_row(log, sequence)?)? {
        Some((row, event)) => Ok(reply_of(&row, &event, shared)),
        // The id was a report's: an inquiry with it is another content.
        None => Err(Refusal::Conflict),
    }
}

fn receipt(log: &mut dyn LogReader, shared: &Shared, nth: u64) -> Result<Option<ReceiptView>, Refusal> {
    let row = log.receipted(nth).map_err(|error| {
        tracing::error!(cause = %chain(&error), "the log cannot be read");
        UNREADABLE
    })?;
    let view = |(row, event): (Row, InquiryEvent)| {
        let receipt: Receipt = shared.receipts.of(row.receipts);
        let minute = row.at.as_millis().div_euclid(60_000) * 60_000;
        ReceiptView { receipt, at: Timestamp(minute), verdicts: verdicts_of(&event) }
    };
    Ok(inquiry_of(row)?.map(view))
}

fn owed(log: &mut dyn LogReader, shared: &Shared, sequences: &[u64]) -> Result<Vec<Owed>, Refusal> {
    let mut owed = Vec::with_capacity(sequences.len());
    for sequence in sequences {
        let Some((row, event)) = inquiry_of(read_row(log, *sequence)?)? else { continue };
        let Some(sealed) = &event.owed else { continue };
        let position = Position { stream: 0, sequence: *sequence };
        let route = {
            let keys = shared.keys.read().unwrap_or_else(PoisonError::into_inner);
            keys.open_route(sealed, position)
        };
        match route {
            Some(route) => owed.push(Owed {
                position,
                route,
                language: event.language,
                valid_until: sealed.until,
                reply: Reply { replayed: false, ..reply_of(&row, &event, shared) },
            }),
            None => tracing::error!(sequence, "the key of an owed reply's route is gone; it cannot be delivered"),
        }
    }
    Ok(owed)
}
