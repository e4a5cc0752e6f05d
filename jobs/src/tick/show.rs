//! Leaves behind what the public may see. A snapshot that tells nothing new is only marked as still true.

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::Series;
use plimsoll_domain::page::{ComponentState, SnapshotParts, StatusSnapshot};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::{Result, StoreError};

use super::Step;
use super::burndowns::public_slos;
use super::memory::{Memory, TenantMemory};
use super::world::TenantWorld;

const SNAPSHOTS_PER_WRITE: usize = 100;

/// Stores a snapshot for every tenant.
pub(crate) async fn show(memory: &mut Memory, step: &Step<'_>) -> Result<()> {
    let mut fresh = Vec::new();
    let mut same = Vec::new();
    for tenant in &step.world.tenants {
        let Some(held) = memory.tenants.get_mut(&tenant.tenant.id) else { continue };
        let mut snapshot = snapshot_of(step, tenant, held);
        held.follow(&snapshot);
        let hash = content_hash(&mut snapshot);
        held.shown_at = Some(step.world.now);
        if held.shown == Some(hash) {
            same.push(tenant.tenant.id.clone());
            continue;
        }
        fresh.push((snapshot, hash));
        if fresh.len() >= SNAPSHOTS_PER_WRITE {
            store_fresh(memory, step, &mut fresh).await?;
        }
    }
    store_fresh(memory, step, &mut fresh).await?;
    step.store.touch_snapshots(&same, step.world.now).await
}

async fn store_fresh(memory: &mut Memory, step: &Step<'_>, fresh: &mut Vec<(StatusSnapshot, [u8; 32])>) -> Result<()> {
    let (snapshots, hashes): (Vec<_>, Vec<_>) = fresh.drain(..).unzip();
    match step.store.put_snapshots(&snapshots).await {
        Ok(()) => {}
        Err(error @ (StoreError::Unavailable { .. } | StoreError::DiskFull)) => return Err(error),
        Err(error) => {
            metrics::counter!("plimsoll_snapshot_failures_total").increment(1);
            tracing::error!(error = %error, "some snapshots could not be stored: their pages stay as they were");
            return Ok(());
        }
    }
    for (snapshot, hash) in snapshots.iter().zip(hashes) {
        if let Some(held) = memory.tenants.get_mut(&snapshot.tenant) {
            held.shown = Some(hash);
        }
    }
    Ok(())
}

fn snapshot_of(step: &Step<'_>, tenant: &TenantWorld, held: &TenantMemory) -> StatusSnapshot {
    let end = step.tick.end(step.settings.interval);
    // A component that was added since the last tick has no memory yet: nothing is known of it.
    let state = |component: &Component| {
        let series = Series::from(&component.id);
        ComponentState {
            component: component.clone(),
            latest: held.latest(&series, step.tick, step.settings.interval),
            past_days: held.past_days.of(&series),
            today: held.accounts.today(&series, end).unwrap_or_default(),
            before: held.before.get(&component.id).copied(),
            latency: held.latencies.of(&series, end),
        }
    };
    StatusSnapshot::build(SnapshotParts {
        tenant: &tenant.tenant,
        page: &tenant.page,
        components: tenant.components.iter().map(state).collect(),
        incidents: tenant.incidents.clone(),
        maintenances: tenant.works.upcoming(step.world.now),
        slos: public_slos(tenant, held),
        interval: step.settings.interval,
        now: step.world.now,
    })
}

/// What it says, without when. It is lent for changing, so that nothing of it need be copied, and is as before afterwards.
/// Latencies are numbers by the dozen that rarely change: they are hashed as such.
fn content_hash(snapshot: &mut StatusSnapshot) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let as_of = std::mem::replace(&mut snapshot.as_of, Timestamp::from_millis(0));
    let latencies: Vec<_> = snapshot.components.iter_mut().map(|shown| std::mem::take(&mut shown.latency)).collect();
    hasher.update(&serde_json::to_vec(snapshot).expect("a snapshot has string keys and finite numbers"));
    snapshot.as_of = as_of;
    for (shown, latency) in snapshot.components.iter_mut().zip(latencies) {
        hasher.update(&latency.len().to_le_bytes());
        for point in &latency {
            hasher.update(&point.at.millis().to_le_bytes());
            hasher.update(&[point.p50_ms.to_le_bytes(), point.p95_ms.to_le_bytes()].concat());
        }
        shown.latency = latency;
    }
    *hasher.finalize().as_bytes()
}
