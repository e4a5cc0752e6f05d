//! Values that the cases are made of.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::str::FromStr;

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{HourKey, TenantId};
use plimsoll_domain::incident::{AUTOMATIC, Automation, Beginning, Impact, Incident, IncidentStatus, IncidentUpdate};
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::sample::{Events, HourSamples, Sample, SampleStatus};
use plimsoll_domain::sketch::Sketch;
use plimsoll_domain::tenant::{ApiKey, Role, Tenant, hash_key};
use plimsoll_domain::time::{Hour, Span, Tick, Timestamp};

use crate::{Result, SeriesRecord};

/// An id of any kind.
pub(super) fn id<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect("a well-formed id")
}

/// 2100-01-01T12:00:00Z: the first second of [`hour`].
pub(super) fn noon() -> Timestamp {
    Timestamp::from_seconds(4_102_488_000)
}

/// `minutes` after noon.
pub(super) fn at(minutes: i64) -> Timestamp {
    noon().plus(Span::minutes(minutes))
}

/// The hour that starts at noon.
pub(super) fn hour() -> Hour {
    noon().hour()
}

/// A key whose secret is made of its tenant and its id.
pub(super) fn key(tenant: &TenantId, name: &str) -> ApiKey {
    let hash = hash_key(&format!("{tenant} {name}"));
    ApiKey { id: id(name), name: format!("the key {name}"), role: Role::Operator, hash, created_at: noon() }
}

/// A tenant with the key `first`.
pub(super) fn tenant(name: &str) -> Tenant {
    let tenant = id(name);
    let keys = vec![key(&tenant, "first")];
    Tenant { id: tenant, name: format!("The tenant {name}"), created_at: noon(), keys }
}

/// A component that samples are pushed for.
pub(super) fn component(tenant: &TenantId, name: &str) -> Component {
    Component {
        tenant: tenant.clone(),
        id: id(name),
        name: format!("The component {name}"),
        group: Some("Ämnen, \"quoted\" and 漢字".to_owned()),
        description: None,
        probe: ProbeSpec::Push,
        created_at: noon(),
        probe_since: None,
    }
}

/// A verdict on the given minute of `hour`, with a latency unless it is `down`.
pub(super) fn sample(hour: Hour, minute: i64, status: SampleStatus) -> Sample {
    let latency_ms = (status == SampleStatus::Operational).then(|| 100 + u32::try_from(minute).expect("a minute"));
    Sample { tick: Tick::from_seconds(hour.start().seconds() + minute * 60), status, latency_ms, maintenance: false }
}

/// Good verdicts on these minutes of `hour`.
pub(super) fn good(hour: Hour, minutes: impl IntoIterator<Item = i64>) -> Vec<Sample> {
    minutes.into_iter().map(|minute| sample(hour, minute, SampleStatus::Operational)).collect()
}

/// A batch for one component.
pub(super) fn batch(tenant: &TenantId, component: &str, samples: Vec<Sample>) -> Vec<SeriesRecord> {
    vec![SeriesRecord::of_component(tenant, &id(component), samples)]
}

/// What was counted up to the given minute of `hour`: `good` that took a while, one that took none, and `bad`.
pub(super) fn counted(hour: Hour, minute: i64, good: u64, bad: u64) -> Events {
    let latency = Sketch::of((0..good).map(|number| 0.7 * number as f64));
    Events { at: hour.start().plus(Span::minutes(minute)), good, bad, maintenance: false, latency }
}

/// A batch for one SLO.
pub(super) fn told(tenant: &TenantId, slo: &str, events: Vec<Events>) -> Vec<SeriesRecord> {
    vec![SeriesRecord::of_slo(tenant, &id(slo), events)]
}

/// Samples as an hour holds them.
pub(super) fn held(samples: impl IntoIterator<Item = Sample>) -> HourSamples {
    let mut hour = HourSamples::default();
    hour.merge(samples);
    hour
}

/// Events as an hour holds them.
pub(super) fn held_events(events: impl IntoIterator<Item = Events>) -> HourSamples {
    let mut hour = HourSamples::default();
    hour.merge_events(events);
    hour
}

/// Names an hour of a component, or of an SLO as `slo:name`.
pub(super) fn hour_key(tenant: &TenantId, series: &str, hour: Hour) -> HourKey {
    HourKey { tenant: tenant.clone(), series: id(series), hour }
}

/// What is said of an incident at an instant.
pub(super) fn update(status: IncidentStatus, at: Timestamp) -> IncidentUpdate {
    let components = BTreeMap::new();
    IncidentUpdate { status, body: format!("It is {}.", status.as_str()), at, by: AUTOMATIC.to_owned(), components }
}

/// An incident that a person opened.
pub(super) fn incident(tenant: &TenantId, name: &str, started_at: Timestamp) -> Incident {
    let first = update(IncidentStatus::Investigating, started_at);
    let id = id(&format!("{tenant}-{name}"));
    let (title, impact) = ("Something is wrong".to_owned(), Impact::Minor);
    let begins = Beginning { title, impact, draft: false, updates: vec![first] };
    Incident::manual(tenant.clone(), id, begins, started_at).expect("a valid incident")
}

/// An incident that `component` opened.
pub(super) fn automatic(tenant: &TenantId, name: &str, component: &str, started_at: Timestamp) -> Incident {
    let automation = Some(Automation { opener: id(component), stopped: false });
    Incident { automation, ..incident(tenant, name, started_at) }
}

/// The next version of `incident`, in which it goes on to `status`.
pub(super) fn then(incident: &Incident, status: IncidentStatus, at: Timestamp) -> Incident {
    let mut next = incident.clone();
    next.updates.push(update(status, at));
    next.version += 1;
    next
}

/// Asserts that a call failed with this error.
macro_rules! refused {
    ($call:expr, $error:ident) => {
        let answer = $call;
        assert!(
            matches!(answer, Err($crate::StoreError::$error { .. })),
            concat!("expected ", stringify!($error), ", got {:?}"),
            answer
        );
    };
}
pub(super) use refused;

/// How many of these calls succeeded.
pub(super) fn successes<T>(answers: &[Result<T>]) -> usize {
    answers.iter().filter(|answer| answer.is_ok()).count()
}
