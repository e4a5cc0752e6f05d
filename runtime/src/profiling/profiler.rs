//! Who may sample when. The kernel has one timer for the whole process: somebody who asks goes first, one at a time, and
//! what is pushed all along makes room.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_domain::time::{Clock, Timestamp};
use tokio::sync::watch;

use super::cpu::Sampler;
use super::heap;
use super::profile::{Profile, ProfileError};

/// More than reading the heap takes.
const HEAP: Duration = Duration::from_secs(1);

/// Makes profiles of this process. Clones share their turns.
#[derive(Clone)]
pub struct Profiler(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    /// When the one that was asked for should be there; none was, otherwise.
    asked: Mutex<Option<Instant>>,
    /// Held while samples are taken.
    sampling: tokio::sync::Mutex<()>,
    /// Whether somebody waits to sample.
    wanted: watch::Sender<bool>,
}

/// Some time of the process's life.
pub(super) struct Window {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) cpu: Profile,
}

/// The right to a profile that was asked for, until it is dropped.
struct Turn<'a>(&'a Shared);

impl Profiler {
    /// One for this process. There must be no other.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let (asked, sampling, wanted) = (Mutex::default(), tokio::sync::Mutex::default(), watch::Sender::new(false));
        Self(Arc::new(Shared { clock, asked, sampling, wanted }))
    }

    /// Where processor time goes in the next `lasting`.
    pub async fn cpu(&self, lasting: Duration) -> Result<Profile, ProfileError> {
        let _turn = self.0.turn(lasting)?;
        self.0.wanted.send_replace(true);
        let _sampling = self.0.sampling.lock().await;
        let sampler = Sampler::start(self.0.clock.now()).await?;
        tokio::time::sleep(lasting).await;
        sampler.finish().await
    }

    /// What memory is held for now.
    pub async fn heap(&self) -> Result<Profile, ProfileError> {
        let _turn = self.0.turn(HEAP)?;
        heap::profile().await
    }

    /// Where processor time goes in the next `lasting`, or until somebody asks.
    pub(super) async fn window(&self, lasting: Duration) -> Result<Window, ProfileError> {
        let shared = &self.0;
        let mut wanted = shared.wanted.subscribe();
        // These end with an error only when the sender is gone, and it lives as long as we do.
        let _free = wanted.wait_for(|wanted| !wanted).await.is_ok();
        let _sampling = shared.sampling.lock().await;
        let from = shared.clock.now();
        let sampler = Sampler::start(from).await?;
        let _asked = tokio::time::timeout(lasting, wanted.wait_for(|wanted| *wanted)).await.is_ok();
        let until = shared.clock.now();
        Ok(Window { from, until, cpu: sampler.finish().await? })
    }
}

impl fmt::Debug for Profiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profiler")
    }
}

impl Shared {
    fn turn(&self, lasting: Duration) -> Result<Turn<'_>, ProfileError> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = *asked {
            let left = until.saturating_duration_since(Instant::now());
            return Err(ProfileError::Busy { seconds: left.as_secs() + 1 });
        }
        *asked = Some(Instant::now() + lasting);
        Ok(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.asked.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.0.wanted.send_replace(false);
    }
}

#[cfg(test)]
mod tests {
    use crate::system_clock::SystemClock;

    use super::*;

    #[tokio::test]
    async fn who_comes_second_learns_when_to_come_again_and_who_leaves_makes_room() {
        let profiler = Profiler::new(Arc::new(SystemClock));
        let shared = &profiler.0;
        let first = shared.turn(Duration::from_secs(30)).expect("nobody is there");
        let busy = profiler.heap().await.expect_err("somebody is there");
        assert!(matches!(busy, ProfileError::Busy { seconds: 30 }), "{busy:?}");
        drop(first);
        assert!(shared.turn(HEAP).is_ok());
    }

    #[tokio::test]
    async fn whoever_asks_cuts_short_what_is_pushed_and_it_goes_on_afterwards() {
        let profiler = Profiler::new(Arc::new(SystemClock));
        let asks = async {
            // It has begun when the lock is held.
            while profiler.0.sampling.try_lock().is_ok() {
                tokio::task::yield_now().await;
            }
            profiler.cpu(Duration::from_millis(1)).await
        };
        let (window, asked) = tokio::join!(profiler.window(Duration::from_hours(1)), asks);
        let window = window.expect("cut short");
        assert!(window.until.millis() - window.from.millis() < 60_000);
        asked.expect("a profile");
        profiler.window(Duration::from_millis(1)).await.expect("nobody asks any more");
    }
}
