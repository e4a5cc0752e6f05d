//! What answers requests, put together: the API, and the pages in front of it under names of their own.

use std::sync::Arc;

use tokio::net::TcpListener;

use plimsoll_api::{ApiState, ReportPage};
use plimsoll_runtime::client_address::TrustedProxies;
use plimsoll_runtime::config::Config;
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_status_site::{Site, SiteParts, SiteSettings};

use crate::compose::Roles;
use crate::serve;

/// Answers whoever connects to `listener`, until `life` is asked to stop: by `api` and, if the role is ours, with the pages of
/// `shown`.
pub(crate) fn answer(
    listener: TcpListener,
    (config, roles): (&Config, Roles),
    api: &ApiState,
    shown: SiteParts,
    life: &Lifecycle,
) {
    let readiness = Arc::clone(&api.readiness);
    let draining = move || readiness.set_draining();
    let router = if roles.api { plimsoll_api::router(api.clone()) } else { plimsoll_api::probes_router(api.clone()) };
    if !roles.status {
        serve::serve(listener, plimsoll_api::layers(router, api), life, draining);
        return;
    }
    let site = Site::new(shown, settings(config));
    let router = plimsoll_api::layers(router.merge(plimsoll_status_site::router(Arc::clone(&site))), api);
    serve::serve(listener, plimsoll_status_site::by_host(router, &site), life, draining);
}

/// What the site must be told.
pub(crate) fn settings(config: &Config) -> SiteSettings {
    SiteSettings {
        default_tenant: config.site_tenant.clone(),
        public_url: config.public_url.clone(),
        snapshot_dir: Some(config.data_dir.join("pages")),
        trusted_proxies: TrustedProxies::new(&config.trusted_proxies),
    }
}

/// Makes a page of a monthly report.
pub(crate) fn report_page() -> ReportPage {
    Arc::new(|report, page, languages| plimsoll_status_site::report_page(report, page, Some(languages)))
}
