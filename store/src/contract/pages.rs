//! Cases of the trait `Pages`, and of logos as the public reads them.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::incident::{
    AutoIncident, ComponentStatus, Impact, IncidentStatus, IncidentTemplate, IncidentTemplates,
};
use plimsoll_domain::page::{
    Access, Arrangement, Link, Logo, LogoKind, LogoRef, Look, MAX_LOGO_BYTES, PageConfig, PageHost, PageLink,
};

use crate::Store;
use crate::contract::given::{at, id, refused, successes};
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![
    what_was_settled_takes_the_place_of_the_version_before,
    of_two_who_settle_at_once_one_is_stale,
    what_was_settled_is_listed_by_tenant,
    a_page_with_everything_reads_back,
    a_logo_reads_back_to_the_byte_until_it_is_removed,
    templates_take_the_place_of_the_version_before,
];

/// A page with everything that there is to settle.
fn full(tenant: &TenantId, version: u64) -> PageConfig {
    let colour = |text: &str| Some(text.parse().expect("a colour"));
    let link = |label: &str, url: &str| Link { label: label.to_owned(), url: url.to_owned() };
    let look = Look {
        title: Some("Ämnen \"quoted\" 漢字".to_owned()),
        header: Some("**All** of it".to_owned()),
        links: vec![link("Help", "https://example.org/?a=b&c"), link("Mail", "mailto:help@example.org")],
        colour: colour("#0b5c8a"),
        colour_dark: colour("#9bd0f0"),
    };
    let ends = PageLink { id: id("lnk-1"), name: "Board".to_owned(), expires_at: Some(at(5)), created_at: at(0) };
    let stays = PageLink { id: id("lnk-2"), name: "Press".to_owned(), expires_at: None, created_at: at(1) };
    let access = Access {
        private: true,
        password_hash: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned()),
        networks: ["192.0.2.0/24", "2001:db8::/32"].map(|text| text.parse().expect("a network")).to_vec(),
        links: vec![ends, stays],
        epoch: 7,
    };
    let host = |name: &str, verified_at| PageHost { name: id(name), token: "t0ken".to_owned(), verified_at };
    PageConfig {
        version,
        look,
        locale: Some("sv-SE".to_owned()),
        time_zone: "Europe/Stockholm".parse().expect("a time zone"),
        arrangement: Arrangement {
            groups: vec!["Core".to_owned(), "Ämnen".to_owned()],
            components: vec![id("web"), id("api")],
            hidden: [id("inner")].into(),
        },
        auto_incident: AutoIncident::Draft,
        subscribable: false,
        access,
        hosts: vec![host("status.example.org", Some(at(3))), host("xn--bcher-kva.example", None)],
        logo: Some(logo(tenant, &[1, 2, 3]).about),
        ..PageConfig::of(tenant.clone())
    }
}

fn logo(tenant: &TenantId, bytes: &[u8]) -> Logo {
    let about = LogoRef { kind: LogoKind::Webp, hash: LogoRef::hash_of(bytes), width: 640, height: 120 };
    Logo { tenant: tenant.clone(), about, bytes: bytes.to_vec() }
}

async fn what_was_settled_takes_the_place_of_the_version_before(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("page-versions-a"), id("page-versions-b"));
    let version = |version| PageConfig { version, ..PageConfig::of(ours.clone()) };
    assert_eq!(store.page_config(&ours).await.expect("reads"), None);
    refused!(store.put_page_config(&version(2)).await, Stale);
    store.put_page_config(&version(1)).await.expect("stores");
    refused!(store.put_page_config(&version(1)).await, Stale);
    refused!(store.put_page_config(&version(3)).await, Stale);
    let second = PageConfig { subscribable: false, ..version(2) };
    store.put_page_config(&second).await.expect("stores");
    refused!(store.put_page_config(&second).await, Stale);
    assert_eq!(store.page_config(&ours).await.expect("reads"), Some(second));
    assert_eq!(store.page_config(&theirs).await.expect("reads"), None);
}

async fn of_two_who_settle_at_once_one_is_stale(store: Arc<dyn Store>) {
    let tenant: TenantId = id("page-race");
    for version in 1..4 {
        let rivals = ["en", "sv", "ja"].map(|locale| PageConfig {
            version,
            locale: Some(locale.to_owned()),
            ..PageConfig::of(tenant.clone())
        });
        let answers = join_all(rivals.iter().map(|rival| store.put_page_config(rival))).await;
        assert_eq!(successes(&answers), 1, "{answers:?}");
        let won = answers.iter().position(Result::is_ok).expect("one won");
        answers.into_iter().filter(Result::is_err).for_each(|answer| {
            refused!(answer, Stale);
        });
        assert_eq!(store.page_config(&tenant).await.expect("reads").as_ref(), Some(&rivals[won]));
    }
}

async fn what_was_settled_is_listed_by_tenant(store: Arc<dyn Store>) {
    let settled = ["page-list-b", "page-list-a"].map(|name| full(&id(name), 1));
    for config in &settled {
        store.put_page_config(config).await.expect("stores");
    }
    let mut all = store.page_configs_across_tenants().await.expect("reads");
    assert!(all.is_sorted_by_key(|config| config.tenant.clone()));
    all.retain(|config| config.tenant.as_str().starts_with("page-list-"));
    let [b, a] = settled;
    assert_eq!(all, [a, b]);
}

async fn a_page_with_everything_reads_back(store: Arc<dyn Store>) {
    let tenant: TenantId = id("page-full");
    let config = full(&tenant, 1);
    config.validate().expect("is valid");
    store.put_page_config(&config).await.expect("stores");
    assert_eq!(store.page_config(&tenant).await.expect("reads"), Some(config));
}

async fn a_logo_reads_back_to_the_byte_until_it_is_removed(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("logo-a"), id("logo-b"));
    assert_eq!(store.logo(&ours).await.expect("reads"), None);
    assert!(!store.remove_logo(&ours).await.expect("finds none"));
    let bytes: Vec<u8> = (0_u32..).map(|at| (at.wrapping_mul(at) % 251) as u8).take(MAX_LOGO_BYTES).collect();
    let (large, small, other) = (logo(&ours, &bytes), logo(&ours, &[0, 255, 0]), logo(&theirs, &[7]));
    store.put_logo(&other).await.expect("stores");
    for stored in [&large, &small, &small, &large] {
        store.put_logo(stored).await.expect("stores in place of the one before");
        assert_eq!(store.logo(&ours).await.expect("reads").as_ref(), Some(stored));
    }
    assert!(store.remove_logo(&ours).await.expect("removes"));
    assert!(!store.remove_logo(&ours).await.expect("finds none"));
    assert_eq!(store.logo(&ours).await.expect("reads"), None);
    assert_eq!(store.logo(&theirs).await.expect("reads"), Some(other));
}

async fn templates_take_the_place_of_the_version_before(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("templates-a"), id("templates-b"));
    let template = IncidentTemplate {
        id: id("disk"),
        title: "A disk is full".to_owned(),
        body: "We *make* room.".to_owned(),
        status: IncidentStatus::Identified,
        impact: Impact::Major,
        components: BTreeMap::from([(id("api"), ComponentStatus::PartialOutage)]),
    };
    let first = IncidentTemplates { version: 1, templates: vec![template], ..IncidentTemplates::none(ours.clone()) };
    let second = IncidentTemplates { version: 2, ..IncidentTemplates::none(ours.clone()) };
    assert_eq!(store.incident_templates(&ours).await.expect("reads"), None);
    refused!(store.put_incident_templates(&second).await, Stale);
    store.put_incident_templates(&first).await.expect("stores");
    refused!(store.put_incident_templates(&first).await, Stale);
    assert_eq!(store.incident_templates(&ours).await.expect("reads"), Some(first));
    store.put_incident_templates(&second).await.expect("stores");
    refused!(store.put_incident_templates(&second).await, Stale);
    assert_eq!(store.incident_templates(&ours).await.expect("reads"), Some(second));
    assert_eq!(store.incident_templates(&theirs).await.expect("reads"), None);
}
