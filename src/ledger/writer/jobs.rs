//! The jobs that wait for the writer: a bounded queue that is handed over in one piece.
//!
//! Senders and the writer meet once a group, not once a job, and the writer is woken only where it sleeps. While the writer
//! works, those who wait are open to the thread that reads ahead (`ahead.rs`); who comes while it sleeps is taken at once,
//! unread. Knows of a job only which units it asks about.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contract::Refusal;

use super::{Job, STOPPING};
use crate::index::UnitKey;
use crate::ledger::state::Read;

/// The shortest wait for those who come a moment later; the kernel makes it no shorter.
const MOMENT: Duration = Duration::from_micros(50);

/// So many moments at most, and only while more keep coming.
const MOMENTS: usize = 8;

/// The thread that reads ahead is woken for so many: to wake it for fewer costs more than their pasts.
const WORTH_READING: usize = 4;

/// The queue.
pub(crate) struct Jobs {
    queue: Mutex<Queue>,
    wake: Condvar,
    /// Wakes the thread that reads ahead.
    wake_ahead: Condvar,
    bound: usize,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Job>,
    /// Jobs that were taken so far: the number of the first that waits.
    taken: u64,
    /// Jobs that were taken last.
    group: usize,
    /// Jobs before this number are not read ahead any more.
    read: u64,
    is_asleep: bool,
    is_ahead_asleep: bool,
    is_closed: bool,
}

impl Queue {
    /// How many of those who wait are not read ahead any more.
    fn skipped(&self) -> usize {
        usize::try_from(self.read.saturating_sub(self.taken))
            .map_or(self.waiting.len(), |skipped| skipped.min(self.waiting.len()))
    }
}

impl Jobs {
    /// An empty queue in which at most so many jobs wait.
    pub(crate) fn holding(bound: usize) -> Self {
        Self { queue: Mutex::default(), wake: Condvar::new(), wake_ahead: Condvar::new(), bound }
    }

    /// Adds a job; refused where the queue is full or the writer has ended.
    pub(crate) fn send(&self, job: Job) -> Result<(), Refusal> {
        let queue = self.queue();
        if queue.is_closed {
            return Err(STOPPING);
        }
        if queue.waiting.len() >= self.bound {
            return Err(Refusal::Overloaded);
        }
        self.push(queue, job);
        Ok(())
    }

    /// Tells the writer to work through what waits and end; that is never one too many.
    pub(crate) fn stop(&self) {
        self.push(self.queue(), Job::Stop);
    }

    fn push(&self, mut queue: MutexGuard<'_, Queue>, job: Job) {
        queue.waiting.push_back(job);
        let is_asleep = std::mem::take(&mut queue.is_asleep);
        let is_worth_it = !is_asleep && queue.is_ahead_asleep && queue.waiting.len() - queue.skipped() >= WORTH_READING;
        let is_ahead_asleep = is_worth_it && std::mem::take(&mut queue.is_ahead_asleep);
        drop(queue);
        if is_asleep {
            self.wake.notify_one();
        }
        if is_ahead_asleep {
            self.wake_ahead.notify_one();
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.queue().waiting.len()
    }

    /// Whether no more than the bound may be added.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.bound
    }

    /// Takes at most so many, waiting for the first; none after so long. Those who were answered last ask again all at
    /// once, a sync costs the same for one as for all, and who comes too late waits for two: until they have joined those
    /// who wait already, waits a moment while more keep coming. One who asks alone never waits.
    pub(super) fn take(&self, most: usize, patience: Duration, commit: Duration) -> VecDeque<Job> {
        let mut queue = self.queue();
        // Not as many as were taken last: two halves that take turns would stay two.
        let expected = queue.waiting.len() + queue.group;
        if queue.waiting.is_empty() {
            queue.is_asleep = true;
            let slept = self.wake.wait_timeout_while(queue, patience, |queue| queue.waiting.is_empty());
            queue = slept.unwrap_or_else(PoisonError::into_inner).0;
            queue.is_asleep = false;
        }
        let mut before = 0;
        for _ in 0..MOMENTS {
            if queue.waiting.len() == before || queue.waiting.len() >= expected {
                break;
            }
            before = queue.waiting.len();
            // Nobody wakes one who is not asleep.
            let moment = (commit / 16).max(MOMENT);
            queue = self.wake.wait_timeout(queue, moment).unwrap_or_else(PoisonError::into_inner).0;
        }
        let taken = queue.waiting.len().min(most);
        queue.taken += taken as u64;
        queue.group = taken;
        if taken == queue.waiting.len() {
            return std::mem::take(&mut queue.waiting);
        }
        queue.waiting.drain(..taken).collect()
    }

    /// The units that the next few waiting jobs ask about, each with its job's number; waits while there are none or the
    /// writer sleeps. `None` once the queue is closed.
    pub(super) fn unread(&self, most: usize) -> Option<Vec<(u64, UnitKey)>> {
        let mut queue = self.queue();
        loop {
            if queue.is_closed {
                return None;
            }
            let skipped = queue.skipped();
            if !queue.is_asleep && skipped < queue.waiting.len() {
                let mut units = Vec::new();
                let mut read = queue.read.max(queue.taken);
                for job in queue.waiting.iter().skip(skipped).take(most) {
                    if let Job::Inquiry(job) = job {
                        units.extend(job.units().map(|key| (read, key)));
                    }
                    read += 1;
                }
                queue.read = read;
                if !units.is_empty() {
                    return Some(units);
                }
                continue;
            }
            queue.is_ahead_asleep = true;
            queue = self.wake_ahead.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives pasts to the jobs of these numbers, as far as they still wait.
    pub(super) fn attach(&self, pasts: Vec<(u64, Read)>) {
        let mut queue = self.queue();
        let taken = queue.taken;
        for (number, read) in pasts {
            let at = number.checked_sub(taken).and_then(|at| usize::try_from(at).ok());
            if let Some(Job::Inquiry(job)) = at.and_then(|at| queue.waiting.get_mut(at)) {
                job.read.push(read);
            }
        }
    }

    /// Refuses all jobs from now on, those that wait too.
    pub(super) fn close(&self) -> VecDeque<Job> {
        let mut queue = self.queue();
        queue.is_closed = true;
        self.wake_ahead.notify_one();
        std::mem::take(&mut queue.waiting)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
