//! Invented snapshots, for tests and for looking at the design. Nothing that serves real pages uses them.

use std::collections::BTreeMap;

use plimsoll_domain::ids::{ComponentId, Series};
use plimsoll_domain::incident::{
    AUTOMATIC, Automation, ComponentStatus, Impact, Incident, IncidentStatus, IncidentUpdate,
};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::{ComponentFigure, DAYS, DayFigure, LATENCY_HOURS, LatencyPoint, StatusSnapshot, Uptime};
use plimsoll_domain::slo::SloStatus;
use plimsoll_domain::slo::public::{BurndownPoint, PublicSlo};
use plimsoll_domain::time::{Span, Timestamp};

use ComponentStatus::{DegradedPerformance, MajorOutage, Operational, PartialOutage, UnderMaintenance, Unknown};

/// The author of what is written by hand in the samples; it must stand on no page.
pub(crate) const KEY_NAME: &str = "key-of-alice";

fn at(text: &str) -> Timestamp {
    text.parse().expect("samples hold valid instants")
}

fn id<T: std::str::FromStr>(text: &str) -> T {
    text.parse().ok().expect("samples hold valid ids")
}

/// 2026-11-21T12:03:00Z.
pub(crate) fn noon() -> Timestamp {
    at("2026-11-21T12:03:00Z")
}

/// One well component, no incidents.
pub(crate) fn quiet() -> StatusSnapshot {
    StatusSnapshot {
        tenant: id("acme"),
        name: "Acme Works".to_owned(),
        as_of: noon(),
        interval_seconds: 60,
        overall: Operational,
        components: vec![component(None, "web", "Web application", Operational, 0)],
        incidents: Vec::new(),
        maintenances: Vec::new(),
        slos: Vec::new(),
    }
}

/// Every state there is, long names, incidents and maintenance.
pub(crate) fn busy() -> StatusSnapshot {
    let long = "Licence synchronisation with the northern regional federations and their clubs";
    let mut api = component(Some("Core"), "api", "API", MajorOutage, 3);
    api.description = Some("What applications and partners talk to.".to_owned());
    let mut late = component(Some("Edges"), "sync", long, DegradedPerformance, 5);
    for day in &mut late.days[..52] {
        *day = DayFigure { status: Unknown, uptime: None, coverage: 0.0, ..*day };
    }
    late.last_90_days = Uptime { ratio: Some(0.999_994), coverage: 0.418 };
    let mut unknown = component(None, "mail", "Outgoing mail", Unknown, 0);
    unknown.days.iter_mut().for_each(|day| *day = DayFigure { status: Unknown, uptime: None, coverage: 0.0, ..*day });
    (unknown.last_30_days, unknown.last_90_days) =
        (Uptime { ratio: None, coverage: 0.0 }, Uptime { ratio: None, coverage: 0.0 });
    StatusSnapshot {
        overall: PartialOutage,
        components: vec![
            unknown,
            api,
            component(Some("Core"), "uploads", "Uploads", UnderMaintenance, 2),
            component(Some("Core"), "web", "Web application", Operational, 1),
            component(Some("Edges"), "cdn", "Content delivery", PartialOutage, 4),
            late,
        ],
        incidents: incidents(),
        maintenances: vec![
            maintenance(
                "mnt-1",
                "Moving uploads to new disks",
                "uploads",
                "2026-11-21T11:00:00Z",
                "2026-11-21T13:00:00Z",
            ),
            maintenance("mnt-2", "Certificate renewal", "cdn", "2026-11-24T22:00:00Z", "2026-11-24T22:30:00Z"),
        ],
        slos: slos(),
        ..quiet()
    }
}

/// The busy one with more of everything: a maintenance that is looked over and one that recurs, a postmortem, Markdown.
pub(crate) fn rich() -> StatusSnapshot {
    let mut snapshot = busy();
    snapshot.maintenances[0].body =
        Some("While it lasts:\n\n- uploads are **queued**\n- downloads work as ever".to_owned());
    let mut verified = maintenance("mnt-3", "Index rebuild", "web", "2026-11-21T11:00:00Z", "2026-11-21T11:30:00Z");
    verified.verifying = Span::hours(1);
    snapshot.maintenances.insert(1, verified);
    let mut again = maintenance("mnt-2", "Certificate renewal", "cdn", "2026-12-01T22:00:00Z", "2026-12-01T22:30:00Z");
    (snapshot.maintenances[2].is_occurrence, again.is_occurrence) = (true, true);
    snapshot.maintenances.push(again);
    let down = &mut snapshot.incidents[3];
    down.updates.push(update(
        IncidentStatus::Postmortem,
        "### What went wrong\nA rollout of the gateway was **not** stopped by its own check. See \
         [the full report](https://example.org/reports/17).\n\n### What changes\n1. The check runs before traffic moves.\n\
         2. Two people approve a rollout at night.",
        "2026-11-19T10:00:00Z",
        KEY_NAME,
        ("api", Operational),
    ));
    let moving = "A database node lost its disk.\nWe are moving to the standby; **writes are refused** until then.";
    moving.clone_into(&mut snapshot.incidents[0].updates[1].body);
    snapshot
}

/// What is too long for any line, and a name that is written from right to left.
pub(crate) const LONG: &str =
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft zu Wien";

/// Long names everywhere, one without any place to break, one from right to left.
pub(crate) fn long() -> StatusSnapshot {
    let mut snapshot = rich();
    LONG.clone_into(&mut snapshot.name);
    let unbroken = "x".repeat(80);
    for (index, component) in snapshot.components.iter_mut().enumerate() {
        [LONG, &unbroken, "خدمة المدفوعات الرقمية"][index % 3].clone_into(&mut component.name);
        component.description = Some(format!("{LONG}, {unbroken}."));
        component.group = component.group.take().map(|group| format!("{group} {LONG}"));
    }
    for incident in &mut snapshot.incidents {
        incident.title = format!("{} {LONG} {unbroken}", incident.title);
        incident.updates.iter_mut().for_each(|update| update.body = format!("{LONG} {unbroken}\n\nخدمة المدفوعات"));
    }
    snapshot.maintenances.iter_mut().for_each(|held| held.title = format!("{LONG} {unbroken}"));
    snapshot
}

/// Fifty components in five groups, each with days of its own.
pub(crate) fn many() -> StatusSnapshot {
    let one = |number: usize| {
        let (group, name) = (format!("Region {}", 1 + number / 10), format!("svc-{number}"));
        let mut one = component(Some(&group), &name, &format!("Service {number}"), Operational, number % 5);
        for (back, day) in one.days.iter_mut().enumerate() {
            if (back * 13 + number * 29) % 97 < 2 {
                let lost = f64::from(u32::try_from((back * 31 + number * 17) % 90).expect("small")) / 10_000.0;
                (day.status, day.uptime) = (DegradedPerformance, Some(0.9991 - lost));
            }
        }
        one
    };
    StatusSnapshot { components: (0..50).map(one).collect(), ..rich() }
}

/// One that is overdrawn, and one with gaps.
fn slos() -> Vec<PublicSlo> {
    let availability = PublicSlo {
        slo_type: id("availability"),
        objective: 0.999,
        window: id("month Europe/Stockholm"),
        components: vec![id("api")],
        sli: Some(0.998_587),
        remaining_ratio: Some(-0.413),
        status: Some(SloStatus::Exhausted),
        coverage: 0.99,
        series: series(83, |step| {
            Some(
                1.0 - f64::from(step) * 0.002 - if step > 40 { 0.6 } else { 0.0 } - if step > 68 { 0.649 } else { 0.0 },
            )
        }),
    };
    let latency = PublicSlo {
        slo_type: id("latency_p95"),
        objective: 0.95,
        window: id("30d"),
        components: vec![id("api"), id("web")],
        sli: Some(0.981_15),
        remaining_ratio: Some(0.623),
        status: Some(SloStatus::Ok),
        coverage: 0.87,
        series: series(120, |step| (!(30..42).contains(&step) && step != 80).then(|| 1.0 - f64::from(step) * 0.003_17)),
    };
    vec![availability, latency]
}

/// A point each six hours, the newest at [`noon`].
fn series(steps: i32, remaining: impl Fn(i32) -> Option<f64>) -> Vec<BurndownPoint> {
    let at = |step: i32| noon().minus(Span::hours(6 * i64::from(steps - 1 - step)));
    (0..steps).map(|step| BurndownPoint { at: at(step), remaining_ratio: remaining(step) }).collect()
}

fn component(group: Option<&str>, name: &str, title: &str, status: ComponentStatus, mood: usize) -> ComponentFigure {
    let today = noon().day();
    let day = |back: usize| {
        let (status, uptime) = match (back * 7 + mood * 3) % 31 {
            2 if mood > 0 => (DegradedPerformance, 0.9971),
            9 if mood > 1 => (PartialOutage, 0.9812),
            17 if mood > 2 => (MajorOutage, 0.8733),
            _ => (Operational, 1.0),
        };
        let coverage = if back == 0 { 0.974 } else { 1.0 };
        let date = today.plus(-i64::try_from(back).expect("90 fits"));
        if mood > 1 && back == 40 + mood {
            return DayFigure { date, status: UnderMaintenance, uptime: None, coverage };
        }
        DayFigure { date, status, uptime: Some(uptime), coverage }
    };
    ComponentFigure {
        id: id(name),
        name: title.to_owned(),
        group: group.map(str::to_owned),
        description: None,
        status,
        since: Some(if status == Operational { at("2026-11-18T16:46:00Z") } else { at("2026-11-21T11:52:10Z") }),
        created_at: Some(at("2026-03-02T09:00:00Z")),
        last_30_days: Uptime { ratio: Some(if mood == 0 { 1.0 } else { 0.999_81 }), coverage: 0.999 },
        last_90_days: Uptime { ratio: Some(if mood == 0 { 1.0 } else { 0.998_27 }), coverage: 0.971 },
        days: (0..DAYS).rev().map(day).collect(),
        latency: if mood == 0 { Vec::new() } else { latency() },
    }
}

/// Two days of hours, three of which nothing was timed in, and one that was slow.
fn latency() -> Vec<LatencyPoint> {
    let hours = i64::try_from(LATENCY_HOURS).expect("48 fits");
    let first = noon().hour().plus(-hours);
    let point = |hour: i64| {
        let wave = u32::try_from((hour * 7) % 23).expect("small");
        let slow = if hour == 31 { 900 } else { 0 };
        LatencyPoint { at: first.plus(hour).start(), p50_ms: 84 + wave, p95_ms: 210 + 6 * wave + slow }
    };
    (0..hours).filter(|hour| !(12..15).contains(hour)).map(point).collect()
}

fn maintenance(name: &str, title: &str, component: &str, from: &str, to: &str) -> Maintenance {
    Maintenance::once(id("acme"), id(name), title, vec![id(component)], at(from)..at(to))
}

fn incidents() -> Vec<Incident> {
    let mut all = open_incidents();
    all.extend(past_incidents());
    all
}

fn open_incidents() -> Vec<Incident> {
    use IncidentStatus::{Identified, Investigating, Monitoring};
    let api = ("api", MajorOutage);
    let cdn = ("cdn", PartialOutage);
    vec![
        incident(
            "inc-1",
            "API is down",
            Impact::Critical,
            vec![
                update(
                    Investigating,
                    "API does not answer. The last look at 11:52 found no connection.",
                    "2026-11-21T11:52:10Z",
                    AUTOMATIC,
                    api,
                ),
                update(
                    Identified,
                    "A database node lost its disk.\nWe are moving to the standby; writes are refused until then.",
                    "2026-11-21T11:59:40Z",
                    KEY_NAME,
                    api,
                ),
            ],
        ),
        incident(
            "inc-2",
            "Some images load slowly or not at all in northern Europe",
            Impact::Major,
            vec![
                update(Investigating, "One edge location answers with errors.", "2026-11-21T09:12:00Z", KEY_NAME, cdn),
                update(Monitoring, "Traffic goes around it. We keep watching.", "2026-11-21T09:47:00Z", KEY_NAME, cdn),
            ],
        ),
    ]
}

fn past_incidents() -> Vec<Incident> {
    use IncidentStatus::{Identified, Investigating, Monitoring, Resolved};
    let api = ("api", MajorOutage);
    let well = ("api", Operational);
    vec![
        incident(
            "inc-3",
            "API was slow",
            Impact::Minor,
            vec![
                update(
                    Investigating,
                    "API answers slowly.",
                    "2026-11-18T16:20:00Z",
                    AUTOMATIC,
                    ("api", DegradedPerformance),
                ),
                update(Monitoring, "API answers again. We keep watching it.", "2026-11-18T16:41:00Z", AUTOMATIC, well),
                update(Resolved, "API has been well for 5 minutes.", "2026-11-18T16:46:00Z", AUTOMATIC, well),
            ],
        ),
        incident(
            "inc-4",
            "API was down",
            Impact::Major,
            vec![
                update(Investigating, "API does not answer.", "2026-11-18T03:00:00Z", AUTOMATIC, api),
                update(Resolved, "API has been well for 5 minutes.", "2026-11-18T05:13:00Z", AUTOMATIC, well),
            ],
        ),
        incident(
            "inc-5",
            "New address for webhooks",
            Impact::None,
            vec![
                update(Identified, "Webhooks come from a new range.", "2026-11-12T08:00:00Z", KEY_NAME, well),
                update(Resolved, "Done.", "2026-11-12T09:00:00Z", KEY_NAME, well),
            ],
        ),
    ]
}

fn incident(name: &str, title: &str, impact: Impact, updates: Vec<IncidentUpdate>) -> Incident {
    let by_itself = updates[0].by == AUTOMATIC;
    let automation = by_itself.then(|| Automation { opener: Series::from(&id::<ComponentId>("api")), stopped: false });
    let (version, told) = (updates.len() as u64, updates.len());
    Incident {
        tenant: id("acme"),
        id: id(name),
        title: title.to_owned(),
        impact,
        automation,
        updates,
        version,
        dispatched: told,
        announced: told,
        draft: false,
        published_at: None,
        backfilled: false,
    }
}

fn update(
    status: IncidentStatus,
    body: &str,
    when: &str,
    by: &str,
    (component, told): (&str, ComponentStatus),
) -> IncidentUpdate {
    let components = BTreeMap::from([(id(component), told)]);
    IncidentUpdate { status, body: body.to_owned(), at: at(when), by: by.to_owned(), components }
}
