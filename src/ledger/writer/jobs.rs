//! The jobs that wait for the writer: a bounded queue that is handed over in one piece.
//!
//! Senders and the writer meet once a group, not once a job, and the writer is woken only where it sleeps. Knows nothing of
//! what a job is.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use contract::Refusal;

use super::{Job, STOPPING};

/// The shortest wait for those who come a moment later; the kernel makes it no shorter.
const MOMENT: Duration = Duration::from_micros(50);

/// So many moments at most, and only while more keep coming.
const MOMENTS: usize = 8;

/// So many are settled while the rest of a group is still to come.
const HANDFUL: usize = 16;

/// Who may still join a group.
pub(super) struct Joining {
    room: usize,
    /// So many more will come, if all who were answered last ask again.
    expected: usize,
    /// So many were expected at first.
    all: usize,
    /// When those were answered who were answered last.
    since: Instant,
    moments: usize,
}

impl Joining {
    fn admit(&mut self, mut queue: MutexGuard<'_, Queue>) -> VecDeque<Job> {
        let taken = queue.waiting.len().min(self.room);
        self.room -= taken;
        self.expected = self.expected.saturating_sub(taken);
        if taken == queue.waiting.len() {
            return std::mem::take(&mut queue.waiting);
        }
        queue.waiting.drain(..taken).collect()
    }

    /// Half of them are here, and all have had as long to come as a commit takes: what is left of them comes while this
    /// group is committed, so that neither they nor the disk wait for the other.
    fn is_enough(&self, commit: Duration) -> bool {
        self.expected <= self.all / 2 && self.since.elapsed() > commit
    }
}

/// The queue.
pub(crate) struct Jobs {
    queue: Mutex<Queue>,
    wake: Condvar,
    bound: usize,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Job>,
    /// So many wait once all who were answered last have asked again, and when those were answered.
    expected: Option<(usize, Instant)>,
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
        // Woken once, not by each that comes until it runs.
        let is_awaited = queue.waiting.len() >= queue.wanted && std::mem::take(&mut queue.is_asleep);
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
        queue.expected = Some((queue.waiting.len() + jobs, now()));
    }

    /// Takes at most so many, waiting for the first; none after so long.
    pub(super) fn take(&self, most: usize, patience: Duration) -> (VecDeque<Job>, Joining) {
        let mut queue = self.queue();
        if queue.waiting.is_empty() {
            queue = self.sleep(queue, 1, patience);
        }
        let (all, since) = queue.expected.take().unwrap_or_else(|| (0, now()));
        let mut joining = Joining { room: most, expected: all, all, since, moments: MOMENTS };
        (joining.admit(queue), joining)
    }

    /// Takes those who come in time to join a group that is not committed yet: a sync costs the same for one as for all,
    /// and who comes too late waits for two. Those who were answered last ask again all at once; while some of them and of
    /// those who waited already are missing, waits a moment, unless nobody came in it or those who are here are enough. One
    /// who asks alone never waits.
    pub(super) fn join(&self, joining: &mut Joining, commit: Duration) -> VecDeque<Job> {
        let mut queue = self.queue();
        let wanted = joining.expected.min(joining.room).min(HANDFUL);
        if queue.waiting.len() < wanted && joining.moments > 0 && !joining.is_enough(commit) {
            joining.moments -= 1;
            queue = self.sleep(queue, wanted, (commit / 16).max(MOMENT));
        }
        joining.admit(queue)
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

#[expect(clippy::disallowed_methods, reason = "compares how long they take to come with a commit")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn sent(jobs: &Jobs, count: usize) {
        for _ in 0..count {
            jobs.send(Job::Owed(tokio::sync::oneshot::channel().0)).unwrap();
        }
    }

    #[test]
    fn who_asks_again_while_a_group_is_settled_joins_it_up_to_its_bound() {
        let jobs = Jobs::holding(100);
        jobs.answering(20);
        sent(&jobs, 2);
        let (first, mut joining) = jobs.take(18, LONG);
        assert_eq!(first.len(), 2);
        std::thread::scope(|scope| {
            scope.spawn(|| sent(&jobs, 18));
            let mut joined = 0;
            while joined < 16 {
                joined += jobs.join(&mut joining, LONG).len();
            }
            assert_eq!(joined, 16, "a group has room for 18");
        });
        assert!(jobs.join(&mut joining, LONG).is_empty(), "it is full");
        assert_eq!(jobs.len(), 2, "who had no room waits for the next");
    }

    #[test]
    fn a_group_waits_until_those_who_are_expected_are_here() {
        let jobs = Jobs::holding(100);
        jobs.answering(4);
        sent(&jobs, 1);
        let (_, mut joining) = jobs.take(64, LONG);
        assert_eq!(joining.expected, 3);
        let has_joined = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !jobs.queue().is_asleep && !has_joined.load(Ordering::Acquire) {
                    std::thread::yield_now();
                }
                sent(&jobs, 3);
            });
            let joined = jobs.join(&mut joining, 16 * LONG).len();
            has_joined.store(true, Ordering::Release);
            assert_eq!((joined, MOMENTS - joining.moments), (3, 1));
        });
    }

    #[test]
    fn a_group_that_nobody_else_was_expected_in_is_committed_at_once() {
        let jobs = Jobs::holding(100);
        jobs.answering(1);
        sent(&jobs, 1);
        let (group, mut joining) = jobs.take(64, LONG);
        assert_eq!((group.len(), joining.expected), (1, 0));
        // Would wait for more than a second if it waited.
        assert!(jobs.join(&mut joining, LONG).is_empty());
        assert_eq!(joining.moments, MOMENTS, "it did not wait");
    }

    #[test]
    fn who_waits_when_the_queue_is_closed_is_handed_back_and_nobody_else_is_let_in() {
        let jobs = Jobs::holding(100);
        sent(&jobs, 3);
        assert_eq!(jobs.close().len(), 3);
        assert_eq!(jobs.send(Job::Owed(tokio::sync::oneshot::channel().0)), Err(STOPPING));
        assert_eq!(jobs.len(), 0);
    }

    #[test]
    fn a_group_waits_so_often_for_those_who_do_not_come_and_no_more() {
        let jobs = Jobs::holding(100);
        jobs.answering(20);
        sent(&jobs, 1);
        let (_, mut joining) = jobs.take(64, LONG);
        for _ in 0..2 * MOMENTS {
            assert!(jobs.join(&mut joining, Duration::ZERO).is_empty());
        }
        assert_eq!(joining.moments, 0);
    }

    #[test]
    fn half_of_those_expected_are_enough_where_they_took_longer_to_come_than_a_commit() {
        let jobs = Jobs::holding(100);
        for (came, waits) in [(9, 1), (10, 0)] {
            jobs.answering(20);
            sent(&jobs, came);
            let (_, mut joining) = jobs.take(64, LONG);
            assert!(jobs.join(&mut joining, Duration::ZERO).is_empty());
            assert_eq!(MOMENTS - joining.moments, waits, "{came} of 20 are here");
        }
        jobs.answering(20);
        sent(&jobs, 10);
        let (_, mut joining) = jobs.take(64, LONG);
        assert!(jobs.join(&mut joining, Duration::from_secs(1)).is_empty());
        assert_eq!(MOMENTS - joining.moments, 1, "a commit takes longer than they did");
    }
}
