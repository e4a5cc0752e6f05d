//! What memory is held for: jemalloc notes some allocations with their stacks, and forgets them when they are freed.
//!
//! How many it notes is compiled in (`.cargo/config.toml`), since the allocator reads it before any code of ours runs.

use jemalloc_pprof::PROF_CTL;
use tikv_jemalloc_ctl::profiling;

use super::profile::{Profile, ProfileError};

/// What is held now.
pub(super) async fn profile() -> Result<Profile, ProfileError> {
    let reading = tokio::task::spawn_blocking(|| {
        if !profiling::prof::read().is_ok_and(|notes| notes) {
            return Err(ProfileError::NoHeap);
        }
        let control = PROF_CTL.as_ref().ok_or(ProfileError::NoHeap)?;
        let mut control = control.blocking_lock();
        if !control.activated() {
            return Err(ProfileError::NoHeap);
        }
        let pprof = control.dump_pprof().map_err(|error| ProfileError::Failed(format!("{error:#}")))?;
        Profile::read(&pprof)
    });
    reading.await.map_err(ProfileError::failed)?
}
