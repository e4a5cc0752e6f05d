//! Something of a frontend app that has a retention: each adapter must let go of it at the same time.

use plimsoll_domain::frontend::{AppCounts, Counts, SpooledEnvelope};
use plimsoll_domain::ids::{SpoolId, TenantId};
use plimsoll_domain::time::Timestamp;

/// What was counted on the day of `at`, and an envelope that came then.
pub(crate) fn counts_and_envelope(at: Timestamp) -> (AppCounts, SpooledEnvelope) {
    let (tenant, app): (TenantId, _) = ("acme".parse().expect("an id"), "web".parse().expect("an id"));
    let source = "one".to_owned();
    let counts = AppCounts { tenant: tenant.clone(), app, day: at.day(), source, counts: Counts::default() };
    let (id, app, body) = (SpoolId::of(at, "one", 1), counts.app.clone(), vec![0xff; 1_000]);
    (counts, SpooledEnvelope { id, tenant, app, received_at: at, headers: Vec::new(), body })
}
