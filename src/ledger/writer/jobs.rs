//! The jobs that wait for the writer: a bounded queue that is handed over in one piece.
//!
//! Senders and the writer meet once a group, not once a job, and the writer is woken only where it sleeps. Knows nothing of
//! what a job is.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contract::Refusal;

use super::{Job, STOPPING};

/// The shortest wait for those who come a moment later; the kernel makes it no shorter.
const MOMENT: Duration = Duration::from_micros(50);

/// So many moments at most, and only while more keep coming.
const MOMENTS: usize = 8;

/// The queue.
pub(crate) struct Jobs {
    queue: Mutex<Queue>,
    wake: Condvar,
    bound: usize,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Job>,
    /// So many wait once all who were answered last have asked again.
    expected: usize,
    is_asleep: bool,
    /// The writer is woken once so many wait.
    wanted: usize,
    is_closed: bool,
}

impl Jobs {
    /// An empty queue in which at most so many jobs wait.
    pub(crate) fn holding(bound: usize) -> Self {
        Self { queue: Mutex::default(), wake: Condvar::new(), bound }
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
        let is_awaited = queue.is_asleep && queue.waiting.len() >= queue.wanted;
        drop(queue);
        if is_awaited {
            self.wake.notify_one();
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

    /// So many are about to be answered: they and those who wait already are expected next.
    pub(super) fn answering(&self, jobs: usize) {
        let mut queue = self.queue();
        queue.expected = queue.waiting.len() + jobs;
    }

    /// Takes at most so many, waiting for the first; none after so long. Those who were answered last ask again all at
    /// once, a sync costs the same for one as for all, and who comes too late waits for two: until they have joined those
    /// who wait already, waits a moment while more keep coming. One who asks alone never waits.
    pub(super) fn take(&self, most: usize, patience: Duration, commit: Duration) -> VecDeque<Job> {
        let mut queue = self.queue();
        if queue.waiting.is_empty() {
            queue = self.sleep(queue, 1, patience);
        }
        // Not as many as were answered last: two halves that take turns would stay two.
        let expected = queue.expected.min(most);
        let moment = (commit / 16).max(MOMENT);
        let mut before = 0;
        for _ in 0..MOMENTS {
            if queue.waiting.len() == before || queue.waiting.len() >= expected {
                break;
            }
            before = queue.waiting.len();
            queue = self.sleep(queue, expected, moment);
        }
        let taken = queue.waiting.len().min(most);
        queue.expected = 0;
        if taken == queue.waiting.len() {
            return std::mem::take(&mut queue.waiting);
        }
        queue.waiting.drain(..taken).collect()
    }

    /// Sleeps until so many wait, or for so long.
    fn sleep<'a>(&self, mut queue: MutexGuard<'a, Queue>, wanted: usize, most: Duration) -> MutexGuard<'a, Queue> {
        queue.is_asleep = true;
        queue.wanted = wanted;
        let slept = self.wake.wait_timeout_while(queue, most, |queue| queue.waiting.len() < wanted);
        queue = slept.unwrap_or_else(PoisonError::into_inner).0;
        queue.is_asleep = false;
        queue
    }

    /// Refuses all jobs from now on, those that wait too.
    pub(super) fn close(&self) -> VecDeque<Job> {
        let mut queue = self.queue();
        queue.is_closed = true;
        std::mem::take(&mut queue.waiting)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
