//! How a channel comes to rest: no new work, what runs may finish, what does not finish in time is cut.
//!
//! Does not stop anything by itself: it follows the token it was given.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of one channel, and when they must be over. Clones share the same tasks.
#[derive(Debug, Clone)]
pub struct Drain {
    stopping: CancellationToken,
    cut: CancellationToken,
    tasks: TaskTracker,
    grace: Duration,
}

impl Drain {
    /// Tasks that may run on for `grace` once `stopping` is cancelled.
    #[must_use]
    pub fn new(stopping: CancellationToken, grace: Duration) -> Self {
        Self { stopping, cut: CancellationToken::new(), tasks: TaskTracker::new(), grace }
    }

    /// Cancelled when no new work is to be taken on.
    #[must_use]
    pub const fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Runs a task that [`Drain::finish`] waits for. It resolves to `None` where it was cut.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let cut = self.cut.clone();
        self.tasks.spawn(async move { cut.run_until_cancelled(task).await })
    }

    /// Waits until every task is over, for at most the grace, then cuts the rest and returns how many that were. Call it
    /// after the last [`crate::Listener::serve`] returned.
    pub async fn finish(&self) -> usize {
        self.tasks.close();
        if tokio::time::timeout(self.grace, self.tasks.wait()).await.is_ok() {
            return 0;
        }
        let left = self.tasks.len();
        self.cut.cancel();
        self.tasks.wait().await;
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_within_the_grace_is_not_cut() {
        let drain = Drain::new(CancellationToken::new(), Duration::from_secs(10));
        let (done, wait) = tokio::sync::oneshot::channel::<()>();
        let task = drain.spawn(async move { wait.await.is_ok() });
        let release = async { done.send(()).unwrap() };
        let (cut, ()) = tokio::join!(drain.finish(), release);
        assert_eq!(cut, 0);
        assert_eq!(task.await.unwrap(), Some(true));
    }

    #[tokio::test]
    async fn a_task_that_never_ends_is_cut_and_counted() {
        let drain = Drain::new(CancellationToken::new(), Duration::from_millis(20));
        let task = drain.spawn(std::future::pending::<()>());
        assert_eq!(drain.finish().await, 1);
        assert_eq!(task.await.unwrap(), None);
    }
}
