//! Traces, from a request to the attempt to deliver what it asked for: as a collector gets them, over OTLP, and as logs, answers
//! and those who are spoken to see them.

use plimsoll_tests::alerts::{Desk, trigger, webhook};
use plimsoll_tests::frontend::Frontend;
use plimsoll_tests::receivers::{self, Otlp, Sentry, Span, Webhook};
use plimsoll_tests::subscribing::Town;
use plimsoll_tests::{Backing, INTERVAL, Server, Setup, eventually, port};
use serde_json::{Value, json};

const SOON: u64 = 20;
const GIVEN: &str = "0af7651916cd43dd8448eb211c80319c";

fn traced(setup: Setup, otlp: &Otlp, ratio: &str) -> Setup {
    let setup = setup.with("OTEL_EXPORTER_OTLP_ENDPOINT", &otlp.endpoint()).with("OTEL_TRACES_SAMPLER_ARG", ratio);
    setup.with("OTEL_BSP_SCHEDULE_DELAY", "200")
}

fn one<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| {
        panic!("no span is called {name:?}, but {:?}", spans.iter().map(|span| &span.name).collect::<Vec<_>>())
    })
}

/// The spans of a trace, once one of them is called `last`.
async fn trace(otlp: &Otlp, trace: &str, last: &str) -> Vec<Span> {
    let whole = async || Some(otlp.trace(trace)).filter(|spans| spans.iter().any(|span| span.name == last));
    eventually(SOON, &format!("the span {last:?} of the trace {trace} came"), whole).await
}

fn line_of(server: &Server, request: &str) -> Value {
    let lines = server.log();
    let line = lines.into_iter().find(|line| line["request_id"] == request && line["message"] == "request answered");
    line.expect("the request has its line")
}

/// Fires an alert at `hook`: the id of the trace that the answer names.
async fn fire(server: &Server, hook: &Webhook, request: &str) -> String {
    let desk = Desk::new(&server.tenant("acme").await, "acme");
    desk.tell(&[webhook("hook", hook)]).await;
    let (path, headers, body) = (desk.path("fire"), [("x-request-id", request)], trigger("k").to_string());
    let fired = desk.client.ask("POST", &path, &headers, Some(body)).await;
    fired.ok(202);
    fired.header("x-trace-id").to_owned()
}

async fn one_trace_leads_from_the_request_to_the_attempt(backing: Backing) {
    let (otlp, hook) = (Otlp::start().await, Webhook::start().await);
    let server = traced(Setup::on(backing).await, &otlp, "1").start().await;
    let id = fire(&server, &hook, "fired-1").await;
    // Each span is sent when it ends, and the attempt ends after what it sent.
    let spans = trace(&otlp, &id, "deliver webhook").await;

    let request = one(&spans, "POST /observability/alerts/fire/{tenant_id}");
    assert_eq!((request.kind, &request.parent), ("server", &None));
    assert_eq!(request.attributes["http.response.status_code"], 202);
    assert_eq!(request.attributes["plimsoll.tenant_id"], "acme");
    assert_eq!(request.resource["service.name"], "plimsoll");
    let stored = one(&spans, "put_alerts alerts");
    assert_eq!((stored.kind, stored.parent.as_deref()), ("client", Some(request.id.as_str())));
    let attempt = one(&spans, "deliver webhook");
    assert_eq!((attempt.kind, attempt.parent.as_deref()), ("consumer", Some(request.id.as_str())));
    assert_eq!(attempt.links, [(id.clone(), request.id.clone())]);
    assert_eq!((&attempt.attributes["plimsoll.result"], &attempt.failed), (&"delivered".into(), &None));
    let posted = one(&spans, "POST");
    assert_eq!(posted.parent.as_deref(), Some(attempt.id.as_str()));
    let told = hook.received().remove(0);
    let told = told.headers["traceparent"].to_str().expect("text");
    assert_eq!(told, format!("00-{id}-{}-01", posted.id));
    let line = line_of(&server, "fired-1");
    assert_eq!((&line["trace_id"], &line["span_id"]), (&id.into(), &request.id.clone().into()));
}

#[tokio::test]
async fn one_trace_leads_from_the_request_to_the_attempt_on_the_embedded_store() {
    one_trace_leads_from_the_request_to_the_attempt(Backing::Embedded).await;
}

#[tokio::test]
async fn one_trace_leads_from_the_request_to_the_attempt_on_mongodb() {
    one_trace_leads_from_the_request_to_the_attempt(Backing::MongoDb).await;
}

#[tokio::test]
async fn a_delivery_belongs_to_its_trace_after_a_crash_too() {
    let (otlp, hook) = (Otlp::start().await, Webhook::start().await);
    let mut server = traced(Setup::embedded(), &otlp, "1").start().await;
    hook.answer_always(receivers::Answer::Status(503));
    let id = fire(&server, &hook, "fired-1").await;
    eventually(SOON, "it was tried", async || (!hook.received().is_empty()).then_some(())).await;
    server.kill9();
    hook.answer_always(receivers::Answer::Accept);
    server.start_again().await;
    let delivered = async || {
        let spans = otlp.trace(&id);
        spans
            .into_iter()
            .find(|span| span.attributes.get("plimsoll.result").is_some_and(|result| result == "delivered"))
    };
    let attempt = eventually(SOON, "the attempt of the process after it came", delivered).await;
    assert_eq!((attempt.links.len(), &attempt.links[0].0), (1, &id));
}

#[tokio::test]
async fn a_caller_decides_whether_its_trace_is_kept_and_goes_on_in_it() {
    let otlp = Otlp::start().await;
    let mut server = traced(Setup::embedded(), &otlp, "0").start().await;
    let anybody = server.anybody();
    let ask = async |flags: &str, request: &str| {
        let parent = format!("00-{GIVEN}-b7ad6b7169203331-{flags}");
        let headers = [("traceparent", parent.as_str()), ("x-request-id", request)];
        let answer = anybody.ask("GET", "/health", &headers, None).await;
        assert_eq!(answer.header("x-trace-id"), GIVEN);
    };
    ask("00", "not-kept").await;
    ask("01", "kept").await;
    let spans = trace(&otlp, GIVEN, "GET /health").await;
    assert_eq!(spans.len(), 1, "{spans:?}");
    assert_eq!(spans[0].parent.as_deref(), Some("b7ad6b7169203331"));
    assert_eq!(spans[0].attributes["plimsoll.request_id"], "kept");
    for request in ["not-kept", "kept"] {
        assert_eq!(line_of(&server, request)["trace_id"], GIVEN);
    }
    // Nothing else was kept: the ratio is nothing.
    assert!(server.stop().await.success());
    assert!(otlp.spans().iter().all(|span| span.trace == GIVEN), "{:?}", otlp.spans());
}

#[tokio::test]
async fn without_a_collector_every_answer_and_line_names_its_trace_all_the_same() {
    let server = Setup::embedded().start().await;
    let anybody = server.anybody();
    let first = anybody.ask("GET", "/health", &[("x-request-id", "first")], None).await;
    let second = anybody.ask("GET", "/health", &[("traceparent", "00-nonsense")], None).await;
    let ids = [&first, &second].map(|answer| answer.header("x-trace-id").to_owned());
    assert_ne!(ids[0], ids[1]);
    for id in &ids {
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    }
    let line = line_of(&server, "first");
    assert_eq!(line["trace_id"], ids[0]);
    assert_eq!(line["span_id"].as_str().map(str::len), Some(16));
}

#[tokio::test]
async fn what_was_done_last_is_sent_before_the_process_ends() {
    let otlp = Otlp::start().await;
    // A batch is sent once a minute: what comes, comes because the process ends.
    let setup = traced(Setup::embedded(), &otlp, "1").with("OTEL_BSP_SCHEDULE_DELAY", "60000");
    let mut server = setup.start().await;
    let answer = server.anybody().ask("GET", "/health", &[("x-request-id", "the-last")], None).await;
    let id = answer.header("x-trace-id").to_owned();
    assert!(server.stop().await.success());
    one(&otlp.trace(&id), "GET /health");
}

#[tokio::test]
async fn a_collector_that_is_away_costs_its_spans_and_nothing_else() {
    let address = format!("127.0.0.1:{}", port::free());
    let setup = Setup::embedded().with("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{address}"));
    let setup = setup.with("OTEL_TRACES_SAMPLER", "always_on").with("OTEL_BSP_SCHEDULE_DELAY", "200");
    let mut server = setup.start().await;
    let admin = server.tenant("acme").await;
    let said = async || {
        admin.get("/tenants/acme").await.ok(200);
        let metrics = server.anybody().page("/metrics").await.text;
        let failed = metrics.lines().find(|line| line.starts_with("plimsoll_spans_total{result=\"failed\"}"));
        failed.map(str::to_owned)
    };
    eventually(SOON, "what could not be sent is counted", said).await;
    let lines = server.log();
    let complaints =
        lines.iter().filter(|line| line["message"].as_str().is_some_and(|text| text.contains("spans cannot")));
    assert_eq!(complaints.count(), 1, "it is said once");
    let otlp = Otlp::start_at(address.parse().expect("an address")).await;
    let came = async || {
        admin.get("/tenants/acme").await.ok(200);
        (!otlp.spans().is_empty()).then_some(())
    };
    eventually(SOON, "a collector that comes late is sent what is new", came).await;
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_tick_is_a_trace_of_its_steps_and_of_what_they_ask() {
    let otlp = Otlp::start().await;
    let server = traced(Setup::embedded(), &otlp, "1").start().await;
    let admin = server.tenant("acme").await;
    let target = plimsoll_tests::Target::start().await;
    let probe = json!({"kind": "http", "url": target.url("/")});
    admin.post("/tenants/acme/components", &json!({"id": "api", "name": "API", "probe": probe})).await.ok(201);
    let probed = async || {
        let spans = otlp.spans();
        let looks = |span: &&Span| span.kind == "client" && span.name == "GET";
        let port = |span: &Span| target.address().ends_with(&format!(":{}", span.attributes["server.port"]));
        let look = spans.iter().filter(looks).find(|span| port(span))?;
        Some((look.trace.clone(), look.clone()))
    };
    let within = u64::try_from(INTERVAL.seconds() * 4).expect("a few seconds");
    let (id, look) = eventually(within, "a look came as a span", probed).await;
    let spans = trace(&otlp, &id, "tick").await;
    let tick = one(&spans, "tick");
    assert_eq!((&tick.parent, tick.kind), (&None, "internal"));
    for step in
        ["load", "probe", "record samples", "evaluate SLOs", "decide incidents", "fire alerts", "announce", "show"]
    {
        assert_eq!(one(&spans, step).parent.as_deref(), Some(tick.id.as_str()), "{step}");
    }
    assert_eq!(look.parent.as_deref(), Some(one(&spans, "probe").id.as_str()));
    assert_eq!(
        one(&spans, "record_samples sample_hours").parent.as_deref(),
        Some(one(&spans, "record samples").id.as_str())
    );
    assert!(server.log().iter().any(|line| line["message"] == "tick" && line["trace_id"] == id.as_str()));
}

#[tokio::test]
async fn an_envelope_goes_on_to_sentry_in_its_trace() {
    let (otlp, sentry) = (Otlp::start().await, Sentry::start().await);
    let server = traced(Setup::embedded(), &otlp, "0").start().await;
    let admin = server.tenant("acme").await;
    let app = Frontend::new((&admin, "acme", "shop"), &sentry, 1, &json!({})).await;
    let parent = format!("00-{GIVEN}-b7ad6b7169203331-01");
    let answer = app.send(app.numbered(1), &[("traceparent", &parent)]).await;
    assert_eq!((answer.status, answer.header("x-trace-id")), (200, GIVEN), "{}", answer.text);
    let spans = trace(&otlp, GIVEN, "POST /observability/sentry/envelope").await;
    let (request, passed_on) = (one(&spans, "POST /observability/sentry/envelope"), one(&spans, "POST"));
    assert_eq!((passed_on.kind, passed_on.parent.as_deref()), ("client", Some(request.id.as_str())));
    assert_eq!(passed_on.attributes["http.response.status_code"], 200);
    let came = sentry.accepted().remove(0);
    let told = came.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("traceparent")).map(|(_, value)| value);
    assert_eq!(told, Some(&format!("00-{GIVEN}-{}-01", passed_on.id)));
    assert!(sentry.faults().is_empty(), "{:?}", sentry.faults());
}

#[tokio::test]
async fn telling_a_subscriber_is_a_trace_of_its_own() {
    let otlp = Otlp::start().await;
    let town = Town::start(traced(Setup::embedded(), &otlp, "1")).await;
    town.joined("reader@example.org", &[]).await;
    let incident = town.incident("It is slow", &json!({})).await;
    town.mails("reader@example.org", 2).await;
    let told = async || otlp.spans().into_iter().find(|span| span.name == "notify email");
    let told = eventually(SOON, "telling a subscriber came as a span", told).await;
    assert_eq!((told.kind, &told.parent, &told.failed), ("consumer", &None, &None));
    assert_eq!(told.attributes["plimsoll.tenant_id"], "acme");
    assert!(!format!("{told:?}").contains("reader@example.org"), "{incident}: {told:?}");
}
