//! The Sentry tunnel: envelopes of frontend apps, passed on to where each app's own record says.
//!
//! The first line of an envelope decides whose it is; the rest streams through, byte for byte, while the headers of its
//! items are read for counting. What is kept of it until Sentry has answered is bounded, and is what goes into the spool
//! when Sentry is away. Nothing an envelope says chooses an address, and nothing of an event is logged.
//!
//! - [`apps`]: the apps in memory, found by DSN or key, with their limits and their health
//! - [`passage`], [`meter`], [`decoding`]: one envelope on its way
//! - [`gate`]: who may send; [`cors`], [`headers`]: what is said of it
//! - [`mod@relay`]: to Sentry, and back; [`spooler`]: or into the store; [`kept`] is what that takes, and [`health`] when it
//!   is tried

mod apps;
mod cors;
mod decoding;
mod gate;
mod headers;
mod health;
mod kept;
mod live;
mod meter;
mod passage;
mod relay;
mod settings;
mod spooler;

pub(crate) use apps::{Apps, Entrance};
pub(crate) use cors::{allow, preflight};
pub(crate) use decoding::Encoding;
pub(crate) use gate::{Sender, WITHIN, admit, enter, page_may_read, preflight_permits};
pub(crate) use live::LiveApp;
pub(crate) use passage::Passage;
pub(crate) use relay::relay;
pub use settings::TunnelSettings;

use std::sync::Arc;

use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::time::Clock;
use plimsoll_runtime::upstream::Upstream;
use plimsoll_store::Store;
use plimsoll_store::tally::Tally;
use tokio::sync::Semaphore;

use meter::Figures;
use spooler::Spooler;

/// Envelopes that may be decoded at once with a window that costs memory (br: up to 16 MiB, zstd: up to 8 MiB).
const WIDE_DECODERS: usize = 16;

/// All that passing envelopes on takes.
pub(crate) struct Tunnel {
    pub(crate) apps: Apps,
    pub(crate) settings: TunnelSettings,
    clock: Arc<dyn Clock>,
    upstream: Upstream,
    spooler: Spooler,
    kept: Arc<kept::Room>,
    wide: Arc<Semaphore>,
    figures: Figures,
}

impl Tunnel {
    /// Passes envelopes on by `upstream`. Metrics are bound to the recorder that is installed now.
    pub(crate) fn new(
        (store, clock, entropy): (&Arc<dyn Store>, &Arc<dyn Clock>, &dyn Entropy),
        tally: &Arc<Tally>,
        upstream: Upstream,
        settings: TunnelSettings,
    ) -> Self {
        let process = entropy.bytes()[..8].iter().fold(String::new(), |name, byte| format!("{name}{byte:02x}"));
        Self {
            apps: Apps::new(Arc::clone(store), Arc::clone(tally)),
            clock: Arc::clone(clock),
            upstream,
            spooler: Spooler::new(Arc::clone(store), settings.spool_bytes, settings.spool_tenant_bytes, process),
            kept: Arc::new(kept::Room::default()),
            wide: Arc::new(Semaphore::new(WIDE_DECODERS)),
            figures: Figures::new(settings.spool_bytes),
            settings,
        }
    }

    /// Reads the apps anew, forgets addresses that were quiet, and closes connections that nobody uses. To be called
    /// every few seconds.
    pub(crate) async fn upkeep(&self) {
        if let Err(error) = self.apps.refresh().await {
            tracing::warn!(%error, "frontend apps could not be read: those known so far go on");
        }
        self.apps.forget_quiet_clients();
        self.upstream.sweep();
    }
}
