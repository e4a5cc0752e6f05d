//! Serves pages of invented samples, for looking at the design: `cargo run -p plimsoll-status-site --example page`.
//!
//! `/s/acme` has more of everything and a look of its own, `/s/quiet` is well, `/s/old` was last heard of 4 minutes ago,
//! `/s/many` has 50 components, `/s/long` has long names and such that are written from right to left, `/s/new` has no
//! samples, `/s/secret` asks for a password. Subscriptions go to a folder that is forgotten.

use std::ops::Range;
use std::sync::Arc;

use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::{IncidentId, TenantId};
use plimsoll_domain::incident::Incident;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::{Link, Logo, LogoKind, LogoRef, PageConfig, StatusSnapshot};
use plimsoll_domain::time::{Clock, Timestamp};
use plimsoll_runtime::client_address::TrustedProxies;
use plimsoll_runtime::secret_box::{SecretBox, SecretKey};
use plimsoll_status_site::{Site, SiteParts, SiteSettings, router};
use plimsoll_store::subscribing::Subscribing;
use plimsoll_store::{OpenOptions, PublicPage, PublicReads, Result};

#[path = "../src/samples.rs"]
mod samples;

const LOGO: &[u8] = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 32" width="96" height="32"><rect width="96" height="32" rx="6" fill="#7a2e8e"/><path d="M10 24 20 8l10 16M40 24V8h14M66 8v16h16" fill="none" stroke="#fff" stroke-width="3"/></svg>"##;

struct Invented;

fn snapshot(tenant: &TenantId) -> Option<StatusSnapshot> {
    let named = |snapshot| StatusSnapshot { tenant: tenant.clone(), ..snapshot };
    Some(match tenant.as_str() {
        "acme" => samples::rich(),
        "quiet" | "secret" => named(samples::quiet()),
        "old" => {
            let busy = samples::busy();
            named(StatusSnapshot { as_of: Timestamp::from_millis(busy.as_of.millis() - 250_000), ..busy })
        }
        "many" => named(samples::many()),
        "long" => named(samples::long()),
        _ => return None,
    })
}

fn page(slug: &str) -> PublicPage {
    let tenant: TenantId = slug.parse().expect("a slug");
    let mut config = PageConfig::of(tenant);
    if slug == "acme" {
        config.time_zone = "Europe/Stockholm".parse().expect("a zone");
        let look = &mut config.look;
        look.title = Some("Acme Works status".to_owned());
        look.header = Some("How our services are doing. For help with your own account, see **Support**.".to_owned());
        let link = |label: &str, url: &str| Link { label: label.to_owned(), url: url.to_owned() };
        look.links = vec![link("Support", "https://example.org/support"), link("acme.example", "https://example.org/")];
        look.colour = Some("#7a2e8e".parse().expect("a colour"));
        config.logo = Some(about());
    }
    config.access.private = slug == "secret";
    PublicPage { name: if slug == "long" { samples::LONG.to_owned() } else { "Acme Works".to_owned() }, config }
}

fn about() -> LogoRef {
    LogoRef { kind: LogoKind::Svg, hash: LogoRef::hash_of(LOGO), width: 96, height: 32 }
}

#[async_trait::async_trait]
impl PublicReads for Invented {
    async fn snapshot(&self, tenant: &TenantId) -> Result<Option<StatusSnapshot>> {
        Ok(snapshot(tenant))
    }

    async fn pages(&self) -> Result<Vec<PublicPage>> {
        Ok(["acme", "quiet", "old", "many", "long", "new", "secret"].map(page).to_vec())
    }

    async fn logo(&self, tenant: &TenantId) -> Result<Option<Logo>> {
        Ok(Some(Logo { tenant: tenant.clone(), about: about(), bytes: LOGO.to_vec() }))
    }

    async fn past_incidents(&self, tenant: &TenantId, span: Range<Timestamp>, limit: usize) -> Result<Vec<Incident>> {
        let all = snapshot(tenant).map(|snapshot| snapshot.incidents).unwrap_or_default();
        Ok(all.into_iter().filter(|one| span.contains(&one.started_at())).take(limit).collect())
    }

    async fn published_incident(&self, tenant: &TenantId, incident: &IncidentId) -> Result<Option<Incident>> {
        let all = snapshot(tenant).map(|snapshot| snapshot.incidents).unwrap_or_default();
        Ok(all.into_iter().find(|one| one.id == *incident))
    }

    async fn public_maintenances(&self, tenant: &TenantId) -> Result<Vec<Maintenance>> {
        Ok(snapshot(tenant).map(|snapshot| snapshot.maintenances).unwrap_or_default())
    }
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        samples::noon()
    }
}

struct Always;

impl Entropy for Always {
    fn bytes(&self) -> [u8; 32] {
        [7; 32]
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let settings = SiteSettings {
        default_tenant: "acme".parse().expect("a slug"),
        public_url: "http://127.0.0.1:8090".to_owned(),
        snapshot_dir: None,
        trusted_proxies: TrustedProxies::new(&[]),
    };
    let folder = tempfile::tempdir()?;
    let store = plimsoll_store::open(&OpenOptions { uri: format!("embedded:{}", folder.path().display()) }).await?;
    let (clock, entropy) = (Arc::new(Noon), Arc::new(Always));
    let key = SecretKey::generate(&*entropy);
    let parts = SiteParts {
        reads: Arc::new(Invented),
        clock: clock.clone(),
        subscribing: Some(Subscribing::new(store, (clock, entropy.clone()), Arc::new(|| {}))),
        sealer: Arc::new(SecretBox::new(key, Vec::new(), entropy.clone())),
        entropy,
    };
    let app = router(Site::new(parts, settings)).into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8090").await?;
    Ok(axum::serve(listener, app).await?)
}
