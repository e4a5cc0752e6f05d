//! Where processor time goes: the kernel interrupts whatever runs, a hundred times in each second of processor time.

use std::time::{Duration, Instant};

use plimsoll_domain::time::Timestamp;
use pyroscope::backend::{BackendConfig, BackendImpl, BackendReady, PprofConfig, ReportData, pprof_backend};
use pyroscope::encode::pprof::encode;

use super::profile::{Profile, ProfileError};

/// How often in a second of processor time.
const RATE: u32 = 100;

/// Samples from when it is made until it is finished or dropped. There must be one at a time.
pub(super) struct Sampler {
    backend: BackendImpl<BackendReady>,
    started_at: Timestamp,
    since: Instant,
}

impl Sampler {
    /// Begins at `now`.
    pub(super) async fn start(now: Timestamp) -> Result<Self, ProfileError> {
        // The first time, what is needed to walk a stack is read from the program's file.
        let starting = tokio::task::spawn_blocking(|| {
            let config = BackendConfig { report_thread_name: true, ..BackendConfig::default() };
            pprof_backend(PprofConfig { sample_rate: RATE }, config).initialize()
        });
        let backend = starting.await.map_err(ProfileError::failed)?.map_err(ProfileError::failed)?;
        Ok(Self { backend, started_at: now, since: Instant::now() })
    }

    /// Ends, and names what was found. That takes a while and a processor, and happens on a thread of its own.
    pub(super) async fn finish(self) -> Result<Profile, ProfileError> {
        let lasted = self.since.elapsed();
        let naming = tokio::task::spawn_blocking(move || self.name(lasted));
        naming.await.map_err(ProfileError::failed)?
    }

    fn name(mut self, lasted: Duration) -> Result<Profile, ProfileError> {
        let batch = self.backend.report().map_err(ProfileError::failed)?;
        self.backend.shutdown().map_err(ProfileError::failed)?;
        let ReportData::Reports(reports) = batch.data else {
            return Err(ProfileError::Failed("the samples are not of processor time".to_owned()));
        };
        let start = u64::try_from(self.started_at.millis()).unwrap_or_default() * 1_000_000;
        let lasted = u64::try_from(lasted.as_nanos()).unwrap_or(u64::MAX);
        Ok(Profile::new(encode(&reports, RATE, start, lasted)))
    }
}
