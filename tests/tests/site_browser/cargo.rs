//! What stands on the pages of the harbour.

use plimsoll_domain::time::Span;
use plimsoll_tests::acts::{http_component, push_component};
use plimsoll_tests::{Client, Target, now};
use serde_json::{Value, json};

const LONG_NAME: &str =
    "Donaudampfschifffahrtsgesellschaftskapitaenskajuetenschluesselverwaltung of the lower and upper river";
const LONG_GROUP: &str = "Back office and all that customers never see but wait for";
const LONG_ADDRESS: &str =
    "https://bank.example/an-address-without-a-single-space-that-is-longer-than-a-phone-is-wide-by-far";
const MARKDOWN: &str = "What we know:\n\n- *cards* are declined\n- **invoices** work\n\n> The bank: \"we look into it\"\n\n\
    ```\nHTTP 503 from the bank, and a line of output that is a good deal longer than any phone is wide\n```\n\n\
    1. call [the bank](https://bank.example/help)\n2. wait";
const POSTMORTEM: &str = "## What happened\n\nA queue was *full*.\n\n### Why nobody saw it\n\nIts alarm was `off`, and had been \
    since the last time.\n\n- It is on again.\n- Somebody is told when it is not.";

/// What each component comes to be.
pub(crate) const STATUSES: [(&str, &str); 7] = [
    ("web", "operational"),
    ("keys", "operational"),
    ("search", "degraded_performance"),
    ("warehouse", "major_outage"),
    ("mail", "under_maintenance"),
    ("archive", "unknown"),
    ("checkout", "major_outage"),
];

/// What must be read on each page.
pub(crate) fn says() -> Value {
    json!({
        "overview": [
            "Checkout", LONG_NAME, LONG_GROUP, "New masts", "Scrubbing of the keel", "Payments are declined",
            "Mail was late", "Under maintenance", "Support", "How the shop does",
        ],
        "incidents": ["Payments are declined", "Checkout is down", "Warehouse is down", "Mail was late"],
        "incident": ["Payments are declined", "We are looking into it.", "Identified", LONG_ADDRESS, "invoices", "503"],
        "postmortem": ["Mail was late", "What happened", "Its alarm was off", "It lies in a queue."],
        "component": ["Checkout", "Shop", "Payments are declined", "availability"],
        "history": ["Payments are declined", "Mail was late"],
        "before": ["A mast broke", "The stock is wrong"],
    })
}

/// The same where the page says it in Swedish.
pub(crate) fn says_in_swedish() -> Value {
    json!({
        "overview": ["Komponenter", "Underhåll", "Payments are declined"],
        "incidents": ["Incidenter"],
        "postmortem": ["Efterhandsanalys"],
        "component": ["Svarstider"],
        "subscribe": ["Prenumerera"],
        "faults": ["Det här gick inte"],
    })
}

/// What is settled about the page.
pub(crate) fn page(locale: &str) -> Value {
    let link = |label: &str, url: &str| json!({"label": label, "url": url});
    json!({
        "title": "How the shop does",
        "header": "Of *all* that we run. About your own order, ask **Support**.",
        "links": [link("Support", "https://shop.example/support"), link("Write to us", "mailto:help@shop.example")],
        "colour": "#7a2e8e",
        "locale": locale,
        "time_zone": "Europe/Stockholm",
        "groups": ["Shop", LONG_GROUP],
        "components": ["checkout", "web"],
    })
}

/// Those of two groups and two of none; two are pushed, and of one of these nothing is known.
pub(crate) async fn components(admin: &Client, [well, slow, failing]: &[Target; 3]) {
    let named = |mut component: Value, name: &str| {
        component["name"] = json!(name);
        component
    };
    let all = [
        (http_component("web", "Website", &well.url("/")), Some("Shop")),
        (named(push_component("checkout"), "Checkout"), Some("Shop")),
        (http_component("search", "Search", &slow.url("/")), Some("Shop")),
        (http_component("keys", LONG_NAME, &well.url("/")), Some(LONG_GROUP)),
        (http_component("warehouse", "Warehouse", &failing.url("/")), Some(LONG_GROUP)),
        (http_component("mail", "Mail", &well.url("/")), None),
        (named(push_component("archive"), "Archive"), None),
    ];
    for (mut component, group) in all {
        component["group"] = json!(group);
        component["description"] = json!(group.map(|group| format!("A part of: {group}.")));
        admin.post("/tenants/shop/components", &component).await.ok(201);
    }
}

/// One sample that says so; an incident opens by itself.
pub(crate) async fn fail(admin: &Client) {
    let sample = json!({"component": "checkout", "at": now().to_string(), "status": "down"});
    admin.post("/tenants/shop/samples", &json!({"samples": [sample]})).await.ok(200);
}

/// Work that goes on, and work that comes again and again.
pub(crate) async fn maintenance(admin: &Client) {
    // What recurs begins at a whole second.
    let at = |minutes: i64| format!("{}Z", &now().plus(Span::minutes(minutes)).to_string()[..19]);
    let going_on = json!({"id": "keel", "title": "Scrubbing of the keel", "body": "Mail may be *late*.",
        "components": ["mail"], "starts_at": at(0), "ends_at": at(120), "verify_minutes": 10});
    let again = json!({"id": "masts", "title": "New masts", "body": "See [the plan](https://shop.example/plan).",
        "components": ["keys", "web"], "starts_at": at(1_440), "ends_at": at(1_500),
        "recurrence": {"rule": "FREQ=DAILY;INTERVAL=3;COUNT=20", "time_zone": "Europe/Stockholm"}});
    for asked in [going_on, again] {
        admin.post("/tenants/shop/maintenances", &asked).await.ok(201);
    }
}

/// An incident that people tell of. What it says of its component holds on when no sample comes any more.
pub(crate) async fn open(admin: &Client) -> String {
    let opened = json!({
        "title": "Payments are declined",
        "impact": "major",
        "body": "We are looking into it.",
        "components": {"checkout": "major_outage"},
    });
    let opened = admin.post("/incidents", &opened).await.ok(201);
    let body = format!("The bank does not answer; see {LONG_ADDRESS}.\n\n{MARKDOWN}");
    say(admin, &opened, &json!({"status": "identified", "body": body})).await
}

/// One that is over, and was looked back on.
pub(crate) async fn over(admin: &Client) -> String {
    let opened = json!({"title": "Mail was late", "body": "It lies in a queue.", "components": {"mail": "degraded_performance"}});
    let opened = admin.post("/incidents", &opened).await.ok(201);
    let resolved = json!({"status": "resolved", "body": "It is not any more.", "components": {"mail": "operational"}});
    say(admin, &opened, &resolved).await;
    say(admin, &opened, &json!({"status": "postmortem", "body": POSTMORTEM})).await
}

/// Two of the month before, written down now; the month.
pub(crate) async fn long_over(admin: &Client) -> String {
    let first_of_this = format!("{}-01T00:00:00Z", &now().to_string()[..7]);
    let first_of_this: plimsoll_domain::time::Timestamp = first_of_this.parse().expect("an instant");
    let month = first_of_this.minus(Span::days(1)).to_string()[..7].to_owned();
    for (title, day, component) in [("A mast broke", "03", "web"), ("The stock is wrong", "10", "warehouse")] {
        let at = |time: &str| format!("{month}-{day}T{time}:00Z");
        let past = json!({"title": title, "impact": "critical", "updates": [
            {"status": "investigating", "body": "It began.", "at": at("09:00"), "components": {component: "major_outage"}},
            {"status": "monitoring", "body": "Better.", "at": at("10:30"), "components": {component: "operational"}},
            {"status": "resolved", "body": "It ended.", "at": at("11:00")},
        ]});
        admin.post("/incidents", &past).await.ok(201);
    }
    month
}

async fn say(admin: &Client, incident: &Value, update: &Value) -> String {
    let id = incident["id"].as_str().expect("an id").to_owned();
    admin.patch(&format!("/incidents/{id}"), update).await.ok(200);
    id
}
