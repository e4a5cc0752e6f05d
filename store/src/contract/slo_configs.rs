//! Cases of the trait `SloConfigs`.

use std::sync::Arc;

use futures_util::future::join_all;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::slo::burn::Tier;
use plimsoll_domain::slo::sli::{PrometheusAuth, PrometheusQuery, PrometheusSource};
use plimsoll_domain::slo::{BurnSeverity, Objective, Scope, SliKind, Slo, SloConfig};
use plimsoll_domain::time::Span;

use crate::Store;
use crate::contract::given::{id, refused, successes};
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![
    a_tenant_that_never_configured_any_has_none,
    each_version_takes_the_place_of_the_one_before,
    a_configuration_that_could_not_be_read_back_is_refused,
    of_two_writers_at_once_one_is_stale,
    configurations_are_listed_by_tenant,
    every_kind_of_slo_reads_back,
];

fn config(version: u64) -> SloConfig {
    let second = Slo {
        slo_type: id("latency_p95"),
        scope: Scope::Group("Core".to_owned()),
        window: Span::days(7).into(),
        ..Slo::default_availability()
    };
    SloConfig { version, objectives: vec![Slo::default_availability(), second] }
}

async fn a_tenant_that_never_configured_any_has_none(store: Arc<dyn Store>) {
    let tenant = id("slo-none");
    assert_eq!(store.slo_config(&tenant).await.expect("reads"), None);
    assert!(!store.slo_configs_across_tenants().await.expect("reads").contains_key(&tenant));
}

async fn each_version_takes_the_place_of_the_one_before(store: Arc<dyn Store>) {
    let tenant: TenantId = id("slo-versions");
    refused!(store.put_slo_config(&tenant, &config(2)).await, Stale);
    assert_eq!(store.slo_config(&tenant).await.expect("reads"), None);
    store.put_slo_config(&tenant, &config(1)).await.expect("stores");
    refused!(store.put_slo_config(&tenant, &config(1)).await, Stale);
    refused!(store.put_slo_config(&tenant, &config(3)).await, Stale);
    let second = SloConfig { version: 2, objectives: Vec::new() };
    store.put_slo_config(&tenant, &second).await.expect("stores");
    assert_eq!(store.slo_config(&tenant).await.expect("reads"), Some(second));
}

async fn a_configuration_that_could_not_be_read_back_is_refused(store: Arc<dyn Store>) {
    let tenant: TenantId = id("slo-unstorable");
    let mut wrong = config(1);
    wrong.objectives[0].thresholds.warning = f64::NAN;
    refused!(store.put_slo_config(&tenant, &wrong).await, Unstorable);
    let mut wrong = config(1);
    wrong.objectives[1].kind = SliKind::Latency { threshold_ms: f64::INFINITY };
    refused!(store.put_slo_config(&tenant, &wrong).await, Unstorable);
    assert_eq!(store.slo_config(&tenant).await.expect("reads"), None);
}

async fn of_two_writers_at_once_one_is_stale(store: Arc<dyn Store>) {
    let tenant = id("slo-race");
    for version in 1..4 {
        let rivals: Vec<_> = (0..3)
            .map(|count| SloConfig { objectives: config(1).objectives[..count.min(2)].to_vec(), version })
            .collect();
        let answers = join_all(rivals.iter().map(|rival| store.put_slo_config(&tenant, rival))).await;
        assert_eq!(successes(&answers), 1, "{answers:?}");
        let won = answers.iter().position(Result::is_ok).expect("one won");
        answers.into_iter().filter(Result::is_err).for_each(|answer| {
            refused!(answer, Stale);
        });
        assert_eq!(store.slo_config(&tenant).await.expect("reads").as_ref(), Some(&rivals[won]));
    }
}

async fn configurations_are_listed_by_tenant(store: Arc<dyn Store>) {
    let (one, other) = (id("slo-list-a"), id("slo-list-b"));
    store.put_slo_config(&one, &config(1)).await.expect("stores");
    let short = SloConfig { objectives: Vec::new(), ..config(1) };
    store.put_slo_config(&other, &short).await.expect("stores");
    let all = store.slo_configs_across_tenants().await.expect("reads");
    assert_eq!((all.get(&one), all.get(&other)), (Some(&config(1)), Some(&short)));
}

fn prometheus(query: PrometheusQuery, auth: Option<PrometheusAuth>) -> SliKind {
    let url = "https://prometheus.example/team".to_owned();
    SliKind::Prometheus(PrometheusSource { url, query, auth, timeout_seconds: 7 })
}

/// An SLO of each kind, with everything that an SLO may have besides.
fn of_every_kind() -> Vec<Slo> {
    let basic = PrometheusAuth::Basic { username: "ann".to_owned(), password: "s3cr\"t \u{e5}".to_owned() };
    let bearer = PrometheusAuth::Bearer("t0ken".to_owned());
    let counts = PrometheusQuery::Counts { good: "sum(a{b=\"c\"})".to_owned(), valid: "sum(a)".to_owned() };
    let slo = |name, kind| Slo::new(id(name), kind, Objective::THREE_NINES);
    let tier = Tier {
        long: Span::hours(3),
        short: Span::minutes(15),
        budget_share: 1.0 / 3.0,
        severity: BurnSeverity::Ticket,
    };
    vec![
        Slo { public: true, ..slo("availability", SliKind::Availability) },
        Slo { window: id("week UTC"), ..slo("whole", SliKind::Latency { threshold_ms: 300.0 }) },
        Slo { window: id("month Europe/Stockholm"), ..slo("third", SliKind::Latency { threshold_ms: 100.0 / 3.0 }) },
        Slo { window: id("quarter America/New_York"), tiers: vec![tier], ..slo("events", SliKind::Events) },
        Slo { tiers: Vec::new(), ..slo("sessions", SliKind::CrashFreeSessions) },
        Slo { scope: Scope::Component(id("api")), ..slo("basic", prometheus(counts.clone(), Some(basic))) },
        Slo { count_maintenance: true, ..slo("bearer", prometheus(counts, Some(bearer))) },
        Slo { minimum_bad_samples: 9, ..slo("open", prometheus(PrometheusQuery::Ratio("a / b".to_owned()), None)) },
    ]
}

async fn every_kind_of_slo_reads_back(store: Arc<dyn Store>) {
    let tenant: TenantId = id("slo-kinds");
    let objectives = of_every_kind();
    let mut config = SloConfig { version: 0, objectives: SloConfig::default().objectives };
    for objectives in [config.objectives.clone(), objectives] {
        config = SloConfig { version: config.version + 1, objectives };
        store.put_slo_config(&tenant, &config).await.expect("stores");
        assert_eq!(store.slo_config(&tenant).await.expect("reads").as_ref(), Some(&config));
        let all = store.slo_configs_across_tenants().await.expect("reads");
        assert_eq!(all.get(&tenant), Some(&config));
    }
}
