//! An app as it is in memory: its record, ready to be used, with its limits, its health and its counts.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{HeaderValue, Uri};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use plimsoll_domain::frontend::{Alias, App, FrontendApps};
use plimsoll_domain::ids::TenantId;
use plimsoll_store::tally::AppTally;

use super::health::Health;
use super::kept::Room;

/// Envelopes of one app that are on their way at once; more are put aside.
const MOST_PASSING: usize = 2_048;
const CLIENT: &str = concat!("plimsoll/", env!("CARGO_PKG_VERSION"));

/// An app that envelopes may come for.
pub(crate) struct LiveApp {
    pub(crate) tenant: TenantId,
    pub(crate) app: App,
    /// The path of the tenant's own at which its envelopes are taken, too.
    pub(crate) alias: Option<Alias>,
    pub(super) url: Uri,
    pub(super) auth: HeaderValue,
    pub(super) tally: Arc<AppTally>,
    pub(crate) health: Health,
    pub(super) kept: Arc<Room>,
    /// How many envelopes are on their way.
    passing: Arc<AtomicUsize>,
    limit: DefaultDirectRateLimiter,
    clients: DefaultKeyedRateLimiter<u128>,
    clock: DefaultClock,
}

/// A limit that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limited {
    /// For how long.
    pub(super) wait: Duration,
    /// Which it is, in the terms of `X-Sentry-Rate-Limits`.
    pub(super) reason: &'static str,
}

impl LiveApp {
    /// The app, counted by `tally`; `None` when no request can be made of its DSN.
    pub(super) fn new(apps: &FrontendApps, app: &App, tally: Arc<AppTally>) -> Option<Self> {
        let mut auth = HeaderValue::try_from(app.dsn.auth(CLIENT)).ok()?;
        auth.set_sensitive(true);
        let quota = |limit| Quota::per_minute(NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN));
        Some(Self {
            tenant: apps.tenant.clone(),
            alias: apps.alias.clone(),
            url: app.dsn.envelope_url().parse().ok()?,
            auth,
            tally,
            health: Health::default(),
            kept: Arc::default(),
            passing: Arc::default(),
            limit: RateLimiter::direct(quota(app.rate_limits.app_per_minute)),
            clients: RateLimiter::keyed(quota(app.rate_limits.client_per_minute)),
            clock: DefaultClock::default(),
            app: app.clone(),
        })
    }

    /// Counts one more that is on its way, for as long as what comes back is held.
    pub(super) fn enter(&self) -> Passing {
        self.passing.fetch_add(1, Ordering::Relaxed);
        Passing(Arc::clone(&self.passing))
    }

    /// Whether one more may be sent on: each holds a connection.
    pub(super) fn has_room(&self) -> bool {
        self.passing.load(Ordering::Relaxed) <= MOST_PASSING
    }

    /// Counts one more from `client` against the limits. One client over its own does not use up the app's.
    pub(super) fn pass(&self, client: IpAddr) -> Result<(), Limited> {
        let now = self.clock.now();
        let limited = |wait, reason| Limited { wait, reason };
        self.clients.check_key(&network(client)).map_err(|until| limited(until.wait_time_from(now), "client_rate"))?;
        self.limit.check().map_err(|until| limited(until.wait_time_from(now), "app_rate"))
    }

    /// Forgets clients that have all of their limit again.
    pub(super) fn forget_quiet_clients(&self) {
        self.clients.retain_recent();
        self.clients.shrink_to_fit();
    }
}

/// An envelope that is on its way.
pub(super) struct Passing(Arc<AtomicUsize>);

impl Drop for Passing {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What stands for one client: whoever has an IPv6 address has a whole network of 64 bits.
fn network(client: IpAddr) -> u128 {
    match client.to_canonical() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits() >> 64 << 64,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn addresses_of_one_network_are_one_client() {
        let network = |text: &str| super::network(text.parse().expect("an address"));
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.1"));
    }
}
