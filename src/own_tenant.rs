//! The tenant with which Plimsoll watches itself: made at first start, so that a new installation shows a living page
//! with real samples, and kept in step with the address it listens on.

use plimsoll_domain::component::Component;
use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::probe::{HttpProbe, ProbeSpec};
use plimsoll_domain::tenant::{ApiKey, Role, Tenant};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::{Store, StoreError};
use serde_json::{Value, json};

/// Makes the tenant and its components where they are missing, and points its probes at `base`, e.g.
/// `http://127.0.0.1:8080`.
pub(crate) async fn keep_in_step(
    store: &dyn Store,
    base: &str,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> anyhow::Result<()> {
    let id = TenantId::plimsoll();
    let is_new = store.tenant(&id).await?.is_none();
    for wanted in components(&id, base, now)? {
        match store.component(&id, &wanted.id).await? {
            None if is_new => created(store.create_component(&wanted).await)?,
            Some(held) => {
                if let Some(moved) = moved(&held, &wanted) {
                    store.replace_component(&moved).await?;
                }
            }
            // What its owner has removed stays removed.
            None => {}
        }
    }
    if is_new {
        // Last, so that a start that is cut short is done again. Nobody holds this key: the tenant is the platform
        // owner's, who needs none.
        let (key, _) = ApiKey::generate("made at first start", Role::Admin, now, entropy)?;
        created(store.create_tenant(&Tenant::new(id, "Plimsoll", key, now)?).await)?;
    }
    Ok(())
}

/// `held` with the URL of `wanted`, where that has changed; whatever else its owner set stays.
fn moved(held: &Component, wanted: &Component) -> Option<Component> {
    match (&held.probe, &wanted.probe) {
        (ProbeSpec::Http(old), ProbeSpec::Http(new)) if old.url != new.url => {
            let probe = ProbeSpec::Http(HttpProbe { url: new.url.clone(), ..old.clone() });
            Some(Component { probe, ..held.clone() })
        }
        _ => None,
    }
}

/// Another process that starts at the same time may have been faster.
fn created(result: plimsoll_store::Result<()>) -> plimsoll_store::Result<()> {
    match result {
        Err(StoreError::Exists { .. }) => Ok(()),
        result => result,
    }
}

fn components(tenant: &TenantId, base: &str, now: Timestamp) -> anyhow::Result<Vec<Component>> {
    let probe = |path: &str, more: Value| {
        let mut spec = json!({"kind": "http", "url": format!("{base}{path}"), "timeout_ms": 5_000});
        if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
            spec.extend(more);
        }
        serde_json::from_value::<ProbeSpec>(spec)
    };
    let component = |id: &str, name: &str, description: &str, probe| {
        let id = id.parse().map_err(anyhow::Error::msg)?;
        let (name, description) = (name.to_owned(), Some(description.to_owned()));
        let component = Component {
            tenant: tenant.clone(),
            id,
            name,
            group: None,
            description,
            probe,
            created_at: now,
            probe_since: None,
        };
        component.validate()?;
        anyhow::Ok(component)
    };
    let stored = json!({"json_equals": {"pointer": "/store/status", "value": "up"}});
    Ok(vec![
        component("api", "API", "Answers requests", probe("/ready", json!({}))?)?,
        component("status-page", "Status page", "Shows this page", probe("/s/plimsoll", json!({}))?)?,
        component("store", "Store", "Keeps samples, budgets and incidents", probe("/health/detailed", stored)?)?,
    ])
}
