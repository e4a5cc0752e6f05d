//! Serves pages of invented samples, for looking at the design: `cargo run -p plimsoll-status-site --example page`.
//!
//! `/s/acme` is busy, `/s/quiet` is well, `/s/old` was last heard of 4 minutes ago, `/s/new` has no samples.

use std::sync::Arc;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::time::{Clock, Timestamp};
use plimsoll_status_site::{Site, SiteSettings, router};
use plimsoll_store::{PublicReads, Result};

#[path = "../src/samples.rs"]
mod samples;

struct Invented;

#[async_trait::async_trait]
impl PublicReads for Invented {
    async fn snapshot(&self, tenant: &TenantId) -> Result<Option<StatusSnapshot>> {
        let named = |snapshot| StatusSnapshot { tenant: tenant.clone(), ..snapshot };
        Ok(match tenant.as_str() {
            "acme" => Some(samples::busy()),
            "quiet" => Some(named(samples::quiet())),
            "old" => {
                let busy = samples::busy();
                Some(named(StatusSnapshot { as_of: Timestamp::from_millis(busy.as_of.millis() - 250_000), ..busy }))
            }
            _ => None,
        })
    }

    async fn pages(&self) -> Result<Vec<(TenantId, String)>> {
        let page = |slug: &str| (slug.parse().expect("a slug"), "Acme Works".to_owned());
        Ok(["acme", "quiet", "old", "new"].map(page).to_vec())
    }
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        samples::noon()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let settings = SiteSettings {
        default_tenant: "acme".parse().expect("a slug"),
        public_url: "http://127.0.0.1:8090".to_owned(),
        snapshot_dir: None,
    };
    let site = Site::new(Arc::new(Invented), Arc::new(Noon), settings);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8090").await?;
    axum::serve(listener, router(site)).await
}
