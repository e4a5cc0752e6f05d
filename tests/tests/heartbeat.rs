//! The kinds of components besides `http`: heartbeat, push and tcp.

use std::net::{Ipv4Addr, TcpListener};

use plimsoll_tests::acts::{good_and_valid, push_component, slo, slo_status, until_status};
use plimsoll_tests::{INTERVAL, Setup, eventually, now, port};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_heartbeat_is_down_until_it_beats() {
    let server = Setup::embedded().start().await;
    let (admin, anybody) = (server.tenant("acme").await, server.anybody());
    let component = json!({"id": "worker", "name": "Worker", "probe": {"kind": "heartbeat", "every_seconds": 6}});
    admin.post("/tenants/acme/components", &component).await.ok(201);
    until_status(&anybody, "acme", "worker", "major_outage").await;

    let beat = "/tenants/acme/components/worker/heartbeat";
    let beating = async || {
        admin.ask("POST", beat, &[], None).await.ok(204);
        let status = plimsoll_tests::acts::public_status(&anybody, "acme").await;
        (plimsoll_tests::acts::status_of(&status, "worker") == "operational").then_some(())
    };
    eventually(60, "a beating worker is operational", beating).await;
    admin.post(beat, &json!({"status": "degraded"})).await.ok(204);
    until_status(&anybody, "acme", "worker", "degraded_performance").await;
    until_status(&anybody, "acme", "worker", "major_outage").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_may_come_as_a_sample_and_other_kinds_take_none() {
    let server = Setup::embedded().start().await;
    let admin = server.tenant("acme").await;
    let worker = json!({"id": "worker", "name": "Worker", "probe": {"kind": "heartbeat", "every_seconds": 60}});
    let web = json!({"id": "web", "name": "Web", "probe": {"kind": "tcp", "address": "127.0.0.1:9"}});
    admin.post("/tenants/acme/components", &worker).await.ok(201);
    admin.post("/tenants/acme/components", &web).await.ok(201);
    let sample = |component: &str| json!({"samples": [{"component": component, "at": now().to_string(), "status": "operational"}]});
    let answer = admin.post("/tenants/acme/samples", &sample("worker")).await.ok(200);
    assert_eq!(answer, json!({"accepted": 1, "duplicate": 0}));
    until_status(&server.anybody(), "acme", "worker", "operational").await;
    let refused = admin.post("/tenants/acme/samples", &sample("web")).await.ok(422);
    assert_eq!(refused["errors"][0]["pointer"], "/samples/0/component", "{refused}");
    let refused = admin.post("/tenants/acme/components/web/heartbeat", &json!({})).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_that_is_late_by_a_tick_takes_the_place_of_unknown() {
    let server = Setup::embedded().start().await;
    let admin = server.tenant("acme").await;
    admin.post("/tenants/acme/components", &push_component("batch")).await.ok(201);
    let wanted = slo("batch", 0.9, &json!({"component": "batch"}));
    admin.put("/observability/slo/config/acme", &json!({"objectives": [wanted]})).await.ok(200);
    let start = now();
    let measured_after = async |ticks: i64| {
        let wanted = start.plus(plimsoll_domain::time::Span::from_seconds(ticks * INTERVAL.seconds())).to_string();
        let looking = async || {
            let status = slo_status(&admin, "acme", "batch").await;
            status["measured_at"].as_str().filter(|at| *at > wanted.as_str()).map(str::to_owned)
        };
        eventually(60, "ticks go by", looking).await
    };
    // The tick after the next is over by then, and was written down as unknown.
    measured_after(4).await;
    assert_eq!(good_and_valid(&admin, "acme", "batch").await, Some((0, 0)), "nothing is known yet");
    let late = start.plus(plimsoll_domain::time::Span::from_seconds(2 * INTERVAL.seconds())).to_string();
    let push =
        |status: &str| json!({"samples": [{"component": "batch", "at": late, "status": status, "latency_ms": 12}]});
    let answer = admin.post("/tenants/acme/samples", &push("operational")).await.ok(200);
    assert_eq!(answer, json!({"accepted": 1, "duplicate": 0}), "unknown gives way");
    let answer = admin.post("/tenants/acme/samples", &push("down")).await.ok(200);
    assert_eq!(answer, json!({"accepted": 0, "duplicate": 1}), "the first verdict stands");
    let counted = async || good_and_valid(&admin, "acme", "batch").await.filter(|figures| *figures != (0, 0));
    assert_eq!(eventually(20, "the late sample counts", counted).await, (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tcp_component_is_down_while_nobody_listens() {
    let server = Setup::embedded().start().await;
    let (admin, anybody) = (server.tenant("acme").await, server.anybody());
    let port = port::free();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free");
    let probe = json!({"kind": "tcp", "address": format!("127.0.0.1:{port}")});
    admin.post("/tenants/acme/components", &json!({"id": "db", "name": "Database", "probe": probe})).await.ok(201);
    until_status(&anybody, "acme", "db", "operational").await;
    drop(listener);
    until_status(&anybody, "acme", "db", "major_outage").await;
    let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free again");
    until_status(&anybody, "acme", "db", "operational").await;
}
