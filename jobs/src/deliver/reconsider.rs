//! What the clock does to alerts: one that was kept back is sent when what kept it back has ended, one that nobody
//! acknowledged is repeated, one that is not said again is over; and a silence that waits for what it silences ends with it.

use std::collections::HashMap;
use std::time::Duration;

use plimsoll_domain::alert::{Alert, Silence};
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_runtime::instruments::{Job, JobRuns};
use plimsoll_store::{Result, StoreError};

use super::engine::Deliverer;

const EVERY: Duration = Duration::from_secs(1);
/// Alerts that are looked at at once.
const AT_ONCE: usize = 500;
/// How far ahead the next look at anything that is kept back lies at most.
const NEXT_LOOK: Span = Span::from_seconds(301);
/// How many looks pass before silences that wait for something are held against what is open.
const BETWEEN_SILENCES: u32 = 3;
/// Open alerts of a tenant that a silence is held against.
const MOST_OPEN: usize = 10_000;

pub(super) async fn reconsider_until_stopped(deliverer: Deliverer) -> std::result::Result<(), String> {
    let engine = &deliverer.0;
    let (mut is_early, mut looks, runs) = (false, 0_u32, JobRuns::of(Job::Reconsider));
    while !engine.stopping.is_cancelled() {
        let with_silences = is_early || looks.is_multiple_of(BETWEEN_SILENCES);
        looks = looks.wrapping_add(1);
        let looked = look(&deliverer, is_early, with_silences).await;
        if let Err(error) = runs.note(looked, engine.clock.now()) {
            tracing::warn!(error = %error, "alerts that are kept back could not be looked at: looking again");
        }
        is_early = tokio::select! {
            () = tokio::time::sleep(EVERY) => false,
            () = engine.changed.notified() => true,
            () = engine.stopping.cancelled() => false,
        };
    }
    Ok(())
}

/// `is_early`: somebody changed what keeps alerts back, so those whose next look lies ahead are looked at as well.
async fn look(deliverer: &Deliverer, is_early: bool, with_silences: bool) -> Result<()> {
    let engine = &deliverer.0;
    let now = engine.clock.now();
    let is_early = (with_silences && end_silences(deliverer, now).await?) || is_early;
    let until = if is_early { now.plus(NEXT_LOOK) } else { now };
    let alerting = deliverer.alerting();
    for alert in engine.store.alerts_to_reconsider_across_tenants(until, AT_ONCE).await? {
        if is_early && alert.hold.is_none() && alert.reconsider_at() > Some(now) {
            continue;
        }
        if let Err(error) = alerting.reconsider(&alert, now).await {
            fatal(&alert.tenant, error)?;
        }
    }
    engine.health.store(engine).await
}

/// The store as a whole is in trouble: that is for the next look. One tenant's trouble does not keep the others from theirs.
fn fatal(tenant: &TenantId, error: StoreError) -> Result<()> {
    if matches!(error, StoreError::Unavailable { .. } | StoreError::DiskFull) {
        return Err(error);
    }
    tracing::error!(tenant_id = %tenant, error = %error, "the clock could not change an alert");
    Ok(())
}

/// Whether any has ended.
async fn end_silences(deliverer: &Deliverer, now: Timestamp) -> Result<bool> {
    let store = &deliverer.0.store;
    let mut of_tenant: HashMap<TenantId, Vec<Silence>> = HashMap::new();
    for silence in store.silences_until_resolved_across_tenants().await? {
        of_tenant.entry(silence.tenant.clone()).or_default().push(silence);
    }
    let mut any = false;
    for (tenant, silences) in of_tenant {
        let open: Vec<Alert> = match store.open_alerts(&tenant, MOST_OPEN).await {
            Ok(open) => open,
            Err(error) => {
                fatal(&tenant, error)?;
                continue;
            }
        };
        for silence in silences {
            let Some(next) = silence.after_looking(open.iter().map(|alert| &alert.content), now) else { continue };
            match store.put_silence(&next).await {
                Ok(()) => any |= next.ends_at.is_some(),
                // Somebody changed it: it is looked at again.
                Err(StoreError::Stale { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(any)
}
