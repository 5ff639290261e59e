//! The jobs that wait for the writer: a bounded queue that is handed over in one piece.
//!
//! Senders and the writer meet once a group, not once a job, and the writer is woken only where it sleeps. Does not know
//! what a job is about.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contract::Refusal;

use super::{Job, STOPPING};

/// The queue.
pub(crate) struct Jobs {
    queue: Mutex<Queue>,
    wake: Condvar,
    bound: usize,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Job>,
    is_asleep: bool,
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
        let is_asleep = std::mem::take(&mut queue.is_asleep);
        drop(queue);
        if is_asleep {
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

    /// Takes at most so many, waiting for the first; none after so long.
    pub(super) fn take(&self, most: usize, patience: Duration) -> VecDeque<Job> {
        let mut queue = self.queue();
        if queue.waiting.is_empty() {
            queue.is_asleep = true;
            let slept = self.wake.wait_timeout_while(queue, patience, |queue| queue.waiting.is_empty());
            queue = slept.unwrap_or_else(PoisonError::into_inner).0;
            queue.is_asleep = false;
        }
        if queue.waiting.len() <= most {
            return std::mem::take(&mut queue.waiting);
        }
        queue.waiting.drain(..most).collect()
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
