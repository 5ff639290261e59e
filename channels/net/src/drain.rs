//! How a channel comes to rest: no new work, what runs may finish, what does not finish in time is cut.
//!
//! Does not stop anything by itself: it follows the token it was given.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of one channel, and when they must be over. Clones share the same tasks.
#[derive(Debug, Clone)]
pub struct Drain {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    stopping: CancellationToken,
    cut: CancellationToken,
    tasks: TaskTracker,
    grace: Duration,
}

impl Drain {
    /// Tasks that may run on for `grace` once `stopping` is cancelled.
    #[must_use]
    pub fn new(stopping: CancellationToken, grace: Duration) -> Self {
        let shared = Shared { stopping, cut: CancellationToken::new(), tasks: TaskTracker::new(), grace };
        Self { shared: Arc::new(shared) }
    }

    /// Cancelled when no new work is to be taken on.
    #[must_use]
    pub fn stopping(&self) -> &CancellationToken {
        &self.shared.stopping
    }

    /// Runs a task that [`Drain::finish`] waits for. It resolves to `None` where it was cut.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        // In memory of its own: every layer around it would hold room for it once more.
        let task = Box::pin(task);
        self.shared.tasks.spawn(async move { shared.cut.run_until_cancelled(task).await })
    }

    /// Runs a task within the one that awaits it, which must be one of this drain's, and on its own once that one lets go of
    /// it: what was begun is ended, whoever waits or does not, at the price of a task only where nobody does. Cut and waited
    /// for with the one that awaits it, and then as [`Drain::spawn`].
    pub fn outlive<F>(&self, task: F) -> Outliving<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // In memory of its own, as in `spawn`.
        Outliving { task: Some(Box::pin(task)), drain: self.clone() }
    }

    /// Waits until every task is over, for at most the grace, then cuts the rest and returns how many that were. Call it
    /// after the last [`crate::Listener::serve`] returned.
    pub async fn finish(&self) -> usize {
        let Shared { cut, tasks, grace, .. } = &*self.shared;
        tasks.close();
        if tokio::time::timeout(*grace, tasks.wait()).await.is_ok() {
            return 0;
        }
        let left = tasks.len();
        cut.cancel();
        tasks.wait().await;
        left
    }
}

/// A task that goes on when it is dropped; see [`Drain::outlive`]. Awaited it gives what the task gives.
#[must_use = "it begins when it is awaited, or dropped"]
pub struct Outliving<T: Send + 'static> {
    /// Gone when it is over.
    task: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    drain: Drain,
}

/// The task panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the task panicked")]
pub struct Panicked;

impl<T: Send + 'static> Future for Outliving<T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // A task that panicked, or ended, is never looked at again.
        let Some(task) = self.task.as_mut() else { return Poll::Ready(Err(Panicked)) };
        let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(context)));
        let given = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(given)) => Ok(given),
            Err(_) => Err(Panicked),
        };
        self.task = None;
        Poll::Ready(given)
    }
}

impl<T: Send + 'static> Drop for Outliving<T> {
    fn drop(&mut self) {
        // Without a runtime everything is over.
        if let (Some(task), Ok(_)) = (self.task.take(), Handle::try_current()) {
            drop(self.drain.spawn(task));
        }
    }
}

impl<T: Send + 'static> std::fmt::Debug for Outliving<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outliving").field("is_over", &self.task.is_none()).finish_non_exhaustive()
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

    #[tokio::test]
    async fn a_task_that_is_let_go_of_runs_to_its_end_and_is_waited_for() {
        let drain = Drain::new(CancellationToken::new(), Duration::from_secs(10));
        let (done, wait) = tokio::sync::oneshot::channel::<()>();
        let (told, tells) = tokio::sync::oneshot::channel();
        let mut task = drain.outlive(async move { told.send(wait.await.is_ok()) });
        assert!(tokio::time::timeout(Duration::from_millis(1), &mut task).await.is_err(), "it has begun and waits");
        drop(task);
        let release = async {
            tokio::task::yield_now().await;
            done.send(()).unwrap();
        };
        let (cut, ()) = tokio::join!(drain.finish(), release);
        assert_eq!(cut, 0);
        assert_eq!(tells.await, Ok(true));
    }

    #[tokio::test]
    async fn a_task_that_is_awaited_gives_its_value_is_cut_like_any_other_and_its_panic_is_an_error() {
        let drain = Drain::new(CancellationToken::new(), Duration::from_millis(20));
        assert_eq!(drain.outlive(async { 7 }).await, Ok(7));
        let panicked: Result<(), _> = drain.outlive(async { panic!("as a test") }).await;
        assert_eq!(panicked, Err(Panicked));
        let outliving = drain.outlive(std::future::pending::<()>());
        let (task, cut) = tokio::join!(drain.spawn(outliving), drain.finish());
        assert_eq!((task.unwrap(), cut), (None, 1));
        let late = drain.outlive(std::future::pending::<()>());
        drop(late);
        assert_eq!(drain.finish().await, 0, "nothing begins after the end");
    }
}
