//! Tenants as files: what is looked over before anything is written, what is done and not done twice, and what is said of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use plimsoll_tests::{Backing, ROOT_KEY, Server, Setup};
use serde_json::{Value, json};

use crate::command::{Ran, run_with};

fn run(server: &Server, key: &str, arguments: &[&str]) -> Ran {
    run_with(server, key, arguments, &[("ACME_PD", "0123456789abcdef0123456789abcdef")])
}

const ACME: &str = "\
tenant: {id: acme, name: Acme}
components:
- {id: api, name: API, probe: {kind: push}}
- {id: worker, name: Worker, probe: {kind: heartbeat, every_seconds: 60}}
slos:
  objectives:
  - {slo_type: calls, kind: events, objective: 0.99, window: 30d, scope: {component: api}}
alerts:
  receivers:
  - {name: pd, kind: pagerduty, routing_key: {from_env: ACME_PD}}
page: {title: Acme, components: [api]}
keys:
- {name: ci, role: ingest}
";

fn put(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("written");
    path.to_str().expect("a readable path").to_owned()
}

async fn a_file_is_applied_once_and_changed_where_it_differs(backing: Backing) {
    let server = Setup::on(backing).await.start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = put(folder.path(), "acme.yaml", ACME);
    let planned = run(&server, ROOT_KEY, &["diff", "-f", &file]).expect(2);
    assert!(planned.out.contains("+ tenant acme") && planned.out.contains("+ component worker"), "{}", planned.out);
    server.root().get("/tenants/acme").await.ok(404);

    let applied = run(&server, ROOT_KEY, &["apply", "-f", &file]).expect(0);
    let keys: Vec<&str> = applied.out.split_whitespace().filter(|word| word.starts_with("plk_")).collect();
    assert_eq!(keys.len(), 2, "the tenant's first key, and the file's: {}", applied.out);
    let admin = server.anybody().with_key(keys[0]);
    assert_eq!(admin.get("/tenants/acme/components").await.ok(200)["items"].as_array().map(Vec::len), Some(2));
    server.anybody().with_key(keys[1]).post("/tenants/acme/components/worker/heartbeat", &json!({})).await.ok(204);

    let again = run(&server, keys[0], &["apply", "-f", &file]).expect(0);
    assert!(again.out.contains("nothing to change") && again.out.contains("--send-secrets"), "{}", again.out);
    run(&server, keys[0], &["diff", "-f", &file]).expect(0);

    let changed = ACME.replace("every_seconds: 60", "every_seconds: 90").replace("objective: 0.99,", "objective: 0.9,");
    let file = put(folder.path(), "acme.yaml", &changed);
    let planned = run(&server, keys[0], &["diff", "-f", &file]).expect(2).out;
    for line in
        ["~ probe.every_seconds: 60 → 90", "~ objectives[calls].objective: 0.99 → 0.9", "0 to create, 2 to change"]
    {
        assert!(planned.contains(line), "{line}: {planned}");
    }
    run(&server, keys[0], &["apply", "-f", &file]).expect(0);
    run(&server, keys[0], &["diff", "-f", &file]).expect(0);
    another_secret_is_noticed_and_sent(&server, keys[0], &file);

    let fewer = changed.replace("- {id: worker, name: Worker, probe: {kind: heartbeat, every_seconds: 90}}\n", "");
    let file = put(folder.path(), "acme.yaml", &fewer);
    let left = run(&server, keys[0], &["diff", "-f", &file]).expect(0).out;
    assert!(left.contains("component worker is not in the file, and left alone"), "{left}");
    let pruned = run(&server, keys[0], &["apply", "--prune", "-f", &file]).expect(0).out;
    assert!(pruned.contains("- component worker") && !pruned.contains("- key"), "{pruned}");
    admin.get("/tenants/acme/components/worker").await.ok(404);
}

fn another_secret_is_noticed_and_sent(server: &Server, key: &str, file: &str) {
    let other = [("ACME_PD", "0123456789abcdef012345678900ffff")];
    let planned = run_with(server, key, &["diff", "-f", file], &other).expect(2).out;
    assert!(planned.contains("\"••••cdef\" → \"••••ffff\""), "{planned}");
    let alike = [("ACME_PD", "ffff456789abcdef0123456789abcdef")];
    run_with(server, key, &["diff", "-f", file], &alike).expect(0);
    let sent = run_with(server, key, &["apply", "--send-secrets", "-f", file], &alike).expect(0).out;
    assert!(sent.contains("its secrets, sent anew"), "{sent}");
    for said in [planned, sent] {
        assert!(!said.contains("456789abcdef0123"), "no secret is shown: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_applied_once_and_changed_where_it_differs_on_the_embedded_store() {
    a_file_is_applied_once_and_changed_where_it_differs(Backing::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_applied_once_and_changed_where_it_differs_on_mongodb() {
    a_file_is_applied_once_and_changed_where_it_differs(Backing::MongoDb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_with_its_line_and_nothing_is_written() {
    let server = Setup::embedded().start().await;
    let folder = tempfile::tempdir().expect("a folder");
    for (from, to, expected) in [
        ("name: API,", "name: API, colour: red,", ":3: /components/0/colour: "),
        ("scope: {component: api}", "scope: {component: apy}", ":7: /slos/objectives/0/scope/component: "),
        ("objective: 0.99", "objective: 99", ":7: /slos/objectives/0/objective: "),
        ("kind: pagerduty", "kind: pigeon", ":10: /alerts/receivers/0/kind: "),
        ("slos:", "slo:", ":5: /slo: expected no such section"),
        ("ACME_PD", "ACME_PX", ":10: /alerts/receivers/0/routing_key: expected the variable ACME_PX to be set"),
        ("{from_env: ACME_PD}", "••••cdef", ":10: /alerts/receivers/0/routing_key: expected the secret itself"),
        ("role: ingest", "role: king", ":13: /keys/0/role: "),
        ("id: worker", "id: api", ":4: /components/1/id: expected each id once"),
        ("name: Acme}", "name: Acme, name: Again}", ":1: expected"),
    ] {
        let file = put(folder.path(), "acme.yaml", &ACME.replacen(from, to, 1));
        for command in ["diff", "apply"] {
            let ran = run(&server, ROOT_KEY, &[command, "-f", &file]);
            assert!(ran.code == Some(1) && ran.err.contains(expected), "{expected}: {}{}", ran.out, ran.err);
        }
        server.root().get("/tenants/acme").await.ok(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_told_so() {
    let server = Setup::embedded().start().await;
    let other = server.tenant("other").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = put(folder.path(), "acme.yaml", ACME);
    let refused = run(&server, other.key(), &["apply", "-f", &file]).expect(1).err;
    assert!(refused.contains("only the root key makes one"), "{refused}");
    assert!(run(&server, "", &["apply", "-f", &file]).expect(1).err.contains("set PLIMSOLL_KEY"));
    assert!(run(&server, "plk_x", &["diff", "-f", &file]).expect(1).err.contains("does not know the key"));
    run(&server, ROOT_KEY, &["apply", "-f", &file]).expect(0);
    let viewer = json!({"name": "v", "role": "viewer"});
    let viewer = server.root().post("/tenants/acme/keys", &viewer).await.ok(201)["key"].clone();
    let less = "tenant: {id: acme, name: Acme}\npage: {title: Other}\n";
    let file = put(folder.path(), "less.yaml", less);
    let refused = run(&server, viewer.as_str().expect("a key"), &["apply", "-f", &file]).expect(1).err;
    assert!(refused.contains("role admin") && refused.contains("not done: page"), "{refused}");
    let renamed = put(folder.path(), "renamed.yaml", "tenant: {id: acme, name: Another}\n");
    assert!(run(&server, ROOT_KEY, &["diff", "-f", &renamed]).expect(1).err.contains("/tenant/name"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_on_the_way_is_told_and_applied_again_it_goes_on() {
    let server = Setup::embedded().start().await;
    let other = server.tenant("other").await;
    other.put("/tenants/other/tunnel", &json!({"alias": "/c7/beacon"})).await.ok(200);
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("{ACME}tunnel: {{alias: /c7/beacon}}\n");
    let file = put(folder.path(), "acme.yaml", &text);
    let stopped = run(&server, ROOT_KEY, &["apply", "-f", &file]).expect(1);
    assert!(stopped.out.contains("+ component worker") && !stopped.out.contains("~ slos"), "{}", stopped.out);
    for said in ["done: the 3 above", "not done: tunnel", "not begun: slos, alerts, page, key ci"] {
        assert!(stopped.err.contains(said), "{said}: {}", stopped.err);
    }
    let file = put(folder.path(), "acme.yaml", &text.replace("/c7/beacon", "/c7/light"));
    let done = run(&server, ROOT_KEY, &["apply", "-f", &file]).expect(0).out;
    assert!(!done.contains("+ component") && done.contains("+ key ci"), "{done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_in_plain_words_are_warned_of_and_never_said() {
    let server = Setup::embedded().start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let text = ACME.replace("{from_env: ACME_PD}", "fedcba9876543210fedcba9876543210");
    let text = text.replace("title: Acme,", "title: Acme, access: {private: true, password: correct-horse},");
    let file = put(folder.path(), "acme.yaml", &text);
    let keys = folder.path().join("keys");
    let keys = keys.to_str().expect("a readable path");
    let applied = run(&server, ROOT_KEY, &["apply", "-f", &file, "--keys-out", keys]).expect(0);
    for pointer in ["/alerts/receivers/0/routing_key", "/page/access/password"] {
        assert!(applied.err.contains(&format!("{pointer}: a secret stands here in plain words")), "{}", applied.err);
    }
    let said = applied.out + &applied.err;
    assert!(!said.contains("fedcba98") && !said.contains("correct-horse") && !said.contains("plk_"), "{said}");
    assert_eq!(fs::read_to_string(keys).expect("a file").lines().count(), 2);
    run(&server, ROOT_KEY, &["diff", "-f", &file]).expect(0);

    let exported = run(&server, ROOT_KEY, &["export", "--tenant", "acme"]).expect(0);
    for reference in ["from_env: ACME_PD_ROUTING_KEY", "from_env: ACME_PAGE_PASSWORD"] {
        assert!(exported.out.contains(reference), "{reference}: {}", exported.out);
    }
    assert!(!exported.out.contains("••••") && exported.err.contains("ACME_PAGE_PASSWORD"), "{}", exported.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_writes_over_no_comments_and_is_equal_on_another_server() {
    let servers = [Setup::embedded().start().await, Setup::embedded().start().await];
    let folder = tempfile::tempdir().expect("a folder");
    let file = put(folder.path(), "acme.yaml", &format!("# How we do it.\n{ACME}"));
    run(&servers[0], ROOT_KEY, &["apply", "-f", &file]).expect(0);
    let refused = run(&servers[0], ROOT_KEY, &["export", "--tenant", "acme", "-f", &file]).expect(1).err;
    assert!(refused.contains("comments") && refused.contains("--force"), "{refused}");
    assert!(fs::read_to_string(&file).expect("a file").starts_with("# How"), "it is as it was");
    let copy = folder.path().join("copy.yaml");
    let copy = copy.to_str().expect("a readable path");
    run(&servers[0], ROOT_KEY, &["export", "--tenant", "acme", "-f", copy]).expect(0);
    let variables = [("ACME_PD_ROUTING_KEY", "0123456789abcdef0123456789abcdef")];
    run_with(&servers[0], ROOT_KEY, &["diff", "-f", copy], &variables).expect(0);
    run_with(&servers[1], ROOT_KEY, &["apply", "-f", copy], &variables).expect(0);
    let [one, other] = servers.each_ref().map(|server| run(server, ROOT_KEY, &["export", "--tenant", "acme"]).out);
    assert_eq!(one, other);
    assert_eq!(one, fs::read_to_string(copy).expect("a file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_and_the_wrong_words_need_no_server() {
    let server = Setup::embedded().stopped();
    let schema = run(&server, "", &["apply", "--schema"]).expect(0).out;
    let schema: BTreeMap<String, Value> = serde_json::from_str(&schema).expect("JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    // 2 is what a difference is told by.
    run(&server, "", &["diff"]).expect(1);
    run(&server, "", &["diff", "-f", "nowhere.yaml"]).expect(1);
}
