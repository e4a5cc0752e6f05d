//! Two processes on one MongoDB share the tenants; when one dies, the other goes on alone.

use plimsoll_domain::time::Timestamp;
use plimsoll_tests::acts::{http_component, metric, public_status, slo, slo_status};
use plimsoll_tests::{Backing, Client, INTERVAL, Server, Setup, Target, eventually, now};
use serde_json::json;

const TENANTS: usize = 12;

/// Tenants with one component each, which is seen at a path of its own; with their administrators.
async fn tenants(server: &Server, target: &Target) -> Vec<(String, Client)> {
    let mut tenants = Vec::new();
    for number in 0..TENANTS {
        let id = format!("tenant-{number}");
        let admin = server.tenant(&id).await;
        let component = http_component("web", "Web", &target.url(&format!("/{id}")));
        admin.post(&format!("/tenants/{id}/components"), &component).await.ok(201);
        let slos = json!({"objectives": [slo("availability", 0.9, &json!("all"))]});
        admin.put(&format!("/observability/slo/config/{id}"), &slos).await.ok(200);
        tenants.push((id, admin));
    }
    tenants
}

/// Waits until every tenant was sampled after `since`, as `server` tells the public.
async fn all_sampled_after(server: &Server, tenants: &[(String, Client)], since: Timestamp, within: u64) {
    let anybody = server.anybody();
    for (id, _) in tenants {
        let sampled = async || {
            let status = public_status(&anybody, id).await;
            (status["as_of"].as_str() > Some(since.to_string().as_str())).then_some(())
        };
        eventually(within, &format!("{id} is sampled"), sampled).await;
    }
}

async fn looks(server: &Server) -> f64 {
    metric(&server.anybody(), "plimsoll_samples_total", "operational").await.unwrap_or(0.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_share_the_tenants_and_one_takes_over_when_the_other_dies() {
    let first_setup = Setup::on(Backing::MongoDb).await;
    let second_setup = first_setup.clone();
    let (mut first, second) = tokio::join!(first_setup.start(), second_setup.start());
    let target = Target::start().await;
    let began = now();
    let tenants = tenants(&first, &target).await;
    all_sampled_after(&second, &tenants, began, 60).await;

    let (before_first, before_second) = (looks(&first).await, looks(&second).await);
    let hits_before: Vec<u64> = tenants.iter().map(|(id, _)| target.hits(&format!("/{id}"))).collect();
    let shared_from = now();
    let shared = async || {
        let both = looks(&first).await >= before_first + 3.0 && looks(&second).await >= before_second + 3.0;
        (both && now().millis_since(shared_from) > 3 * INTERVAL.seconds() * 1_000).then_some(())
    };
    eventually(60, "both instances look at tenants", shared).await;
    let ticks = now().millis_since(shared_from).unsigned_abs() / 1_000 / INTERVAL.seconds().unsigned_abs() + 1;
    for ((id, _), before) in tenants.iter().zip(hits_before) {
        let looks = target.hits(&format!("/{id}")) - before;
        assert!(looks <= ticks, "{id} was looked at {looks} times in {ticks} ticks: the work is not shared");
    }

    first.kill9();
    let killed = now();
    // Its lease ends after two and a half ticks; the next tick is the survivor's.
    all_sampled_after(&second, &tenants, killed, 30).await;
    let took = now().millis_since(killed);
    assert!(took <= 6 * INTERVAL.seconds() * 1_000, "the survivor took over after {took} ms");
    each_tick_was_judged_once(&second, &tenants, began).await;
}

async fn each_tick_was_judged_once(server: &Server, tenants: &[(String, Client)], began: Timestamp) {
    for (id, admin) in tenants {
        let (reader, admin) = (server.anybody(), admin.at(&server.url()));
        let status = slo_status(&admin, id, "availability").await;
        let ticks = now().millis_since(began) / 1_000 / INTERVAL.seconds() + 1;
        let (good, valid) = (status["good"].as_i64(), status["valid"].as_i64());
        assert!(valid > Some(0) && valid <= Some(ticks) && good == valid, "{id}, of {ticks} ticks: {status}");
        let told = public_status(&reader, id).await;
        assert_eq!((&told["overall"], told["incidents"].as_array().map(Vec::len)), (&json!("operational"), Some(0)));
    }
}
