//! The life of the process as a value: what runs, and how it is asked to stop.
//!
//! Every background task is spawned here. One that ends with an error or a panic ends the process, since a process that
//! silently no longer samples is worse than one that is started again.

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tokens to stop by, and the tasks that heed them. Clones share one life.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
    failed: Arc<AtomicBool>,
}

impl Lifecycle {
    /// A life that has just begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when no new work should be begun.
    pub fn stopping(&self) -> &CancellationToken {
        &self.soft
    }

    /// Cancelled when work in hand should be dropped.
    pub fn aborting(&self) -> &CancellationToken {
        &self.hard
    }

    /// From now on an interrupt or terminate signal asks everything to stop, instead of ending the process at once.
    #[expect(clippy::disallowed_methods, reason = "it waits for as long as the process lives")]
    pub fn heed_signals(&self) {
        let listen = |kind| signal(kind).expect("signal handlers can be installed in a runtime");
        let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt()), listen(SignalKind::terminate()));
        let life = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            tracing::info!("asked to stop: finishing what is in hand");
            life.stop();
        });
    }

    /// Asks everything to stop.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Runs `task` in the background until it ends or the life is aborted. An error or a panic stops everything.
    #[expect(clippy::disallowed_methods, reason = "this is where tasks are tracked")]
    pub fn spawn<E: Display + Send + 'static>(
        &self,
        name: &'static str,
        task: impl Future<Output = Result<(), E>> + Send + 'static,
    ) {
        let (life, hard) = (self.clone(), self.hard.clone());
        let running = tokio::spawn(async move {
            tokio::select! {
                ended = task => ended.map_err(|error| error.to_string()),
                () = hard.cancelled() => Ok(()),
            }
        });
        self.tasks.spawn(async move {
            let reason = match running.await {
                Ok(Ok(())) => return,
                Ok(Err(reason)) => reason,
                Err(join) => join.to_string(),
            };
            tracing::error!(task = name, reason, "a background task ended with an error: stopping");
            life.failed.store(true, Ordering::Release);
            life.stop();
        });
    }

    /// Runs `task` in the background until it ends: one of many that come and go, such as a connection. It must end by
    /// itself when the life is aborted. A panic ends the task and nothing else.
    pub fn track(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Waits until something asks to stop (or a task has died), then for the tasks, at most `grace` long.
    /// Whether everything ended as it should.
    pub async fn run_until_stopped(&self, grace: Duration) -> bool {
        self.soft.cancelled().await;
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            tracing::warn!(grace_seconds = grace.as_secs(), "not everything ended in time: dropping the rest");
            self.failed.store(true, Ordering::Release);
            self.hard.cancel();
            self.tasks.wait().await;
        }
        !self.failed.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_dies_stops_everything_with_a_failure() {
        let life = Lifecycle::new();
        let heeding = life.stopping().clone();
        life.spawn::<String>("heeds", async move {
            heeding.cancelled().await;
            Ok(())
        });
        life.spawn("dies", async { Err("out of luck") });
        assert!(!life.run_until_stopped(Duration::from_secs(5)).await);
    }

    #[tokio::test]
    async fn what_comes_and_goes_is_waited_for_and_may_fail_alone() {
        let life = Lifecycle::new();
        let ends = life.stopping().clone();
        let (done, is_done) = tokio::sync::oneshot::channel();
        life.track(async move {
            ends.cancelled().await;
            tokio::task::yield_now().await;
            done.send(()).expect("somebody waits");
        });
        life.track(async { panic!("out of luck") });
        life.stop();
        assert!(life.run_until_stopped(Duration::from_secs(5)).await);
        is_done.await.expect("done");
    }

    #[tokio::test]
    async fn a_stop_waits_for_tasks_and_drops_those_that_do_not_heed() {
        let life = Lifecycle::new();
        life.spawn::<String>("never ends", std::future::pending());
        life.stop();
        assert!(!life.run_until_stopped(Duration::from_millis(10)).await);
        let calm = Lifecycle::new();
        calm.stop();
        assert!(calm.run_until_stopped(Duration::from_secs(5)).await);
    }
}
