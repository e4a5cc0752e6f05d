//! A start while the store is away: until it can be opened, the pages that were kept on the disk are shown.
//!
//! Only where there are such pages, and only for a store on another machine that cannot be reached: whoever starts for the
//! first time, with an address that is none, or with a password that is wrong, is told so at once. What is private stays private: who may see a page lies beside it on the disk.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;

use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::{IncidentId, TenantId};
use plimsoll_domain::incident::Incident;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::{Logo, StatusSnapshot};
use plimsoll_domain::sealing::Sealer;
use plimsoll_domain::time::{Clock, Timestamp};
use plimsoll_runtime::config::Config;
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_status_site::{Site, SiteParts, SiteSettings};
use plimsoll_store::{PublicPage, PublicReads, Result, StoreError};

use crate::compose::{Opened, open_sealed, sealer};
use crate::serve;

const BETWEEN_TRIES: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_secs(5);

/// The store, as soon as it can be reached; until then `listener` shows what `settings` name on the disk. Without pages there,
/// and where waiting does not help, what keeps the store from being opened.
pub(crate) async fn open(
    config: &Config,
    (clock, entropy): (&Arc<dyn Clock>, &Arc<dyn Entropy>),
    settings: Option<SiteSettings>,
    listener: TcpListener,
    life: &Lifecycle,
) -> anyhow::Result<(Opened, TcpListener)> {
    let error = match open_sealed(config, entropy).await {
        Ok(opened) => return Ok((opened, listener)),
        Err(error) => error,
    };
    let is_kept = |settings: &SiteSettings| settings.snapshot_dir.as_deref().is_some_and(holds_pages);
    let Some(settings) = settings.filter(|settings| is_away(config, &error) && is_kept(settings)) else {
        return Err(error);
    };
    tracing::warn!(error = format!("{error:#}"), "the pages that were kept are shown until the store can be opened");
    let listener = listener.into_std()?;
    let interim = Lifecycle::new();
    let site = site(clock, entropy, sealer(config, entropy)?, settings);
    let router = plimsoll_status_site::router(Arc::clone(&site)).merge(probes());
    let shown = plimsoll_status_site::by_host(router, &site);
    serve::serve(TcpListener::from_std(listener.try_clone()?)?, shown, &interim, || {});
    let opened = loop {
        tokio::select! {
            () = tokio::time::sleep(BETWEEN_TRIES) => {}
            () = life.stopping().cancelled() => break Err(error),
        }
        match open_sealed(config, entropy).await {
            Err(error) if is_away(config, &error) => {}
            ended => break ended,
        }
    };
    interim.stop();
    interim.run_until_stopped(GRACE).await;
    let opened = opened?;
    tracing::info!("the store can be opened");
    Ok((opened, TcpListener::from_std(listener)?))
}

/// Whether waiting helps: a store that cannot be reached may be reached later. One whose address cannot be read, or that
/// refuses our credentials, is for whoever configured it.
fn is_away(config: &Config, error: &anyhow::Error) -> bool {
    config.store.starts_with("mongodb") && matches!(error.downcast_ref(), Some(StoreError::Unavailable { .. }))
}

fn holds_pages(folder: &Path) -> bool {
    let mut files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.any(|file| file.path().extension().is_some_and(|extension| extension == "json"))
}

fn site(
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
    sealer: Arc<dyn Sealer>,
    settings: SiteSettings,
) -> Arc<Site> {
    let (clock, entropy) = (Arc::clone(clock), Arc::clone(entropy));
    Site::new(SiteParts { reads: Arc::new(Away), clock, entropy, sealer, subscribing: None }, settings)
}

/// The process is up, and may not take traffic.
fn probes() -> Router {
    let away = || async { (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be opened\n") };
    Router::new().route("/health", get(|| async { "up\n" })).route("/ready", get(away)).route("/startup", get(away))
}

/// The store that does not answer.
struct Away;

fn away<T>() -> Result<T> {
    Err(StoreError::Unavailable { reason: "it has not been opened yet".to_owned() })
}

#[async_trait]
impl PublicReads for Away {
    async fn snapshot(&self, _: &TenantId) -> Result<Option<StatusSnapshot>> {
        away()
    }

    async fn pages(&self) -> Result<Vec<PublicPage>> {
        away()
    }

    async fn logo(&self, _: &TenantId) -> Result<Option<Logo>> {
        away()
    }

    async fn past_incidents(&self, _: &TenantId, _: Range<Timestamp>, _: usize) -> Result<Vec<Incident>> {
        away()
    }

    async fn published_incident(&self, _: &TenantId, _: &IncidentId) -> Result<Option<Incident>> {
        away()
    }

    async fn public_maintenances(&self, _: &TenantId) -> Result<Vec<Maintenance>> {
        away()
    }
}
