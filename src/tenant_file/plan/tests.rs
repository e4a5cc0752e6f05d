//! From what stands and what is wanted to steps, without any server.

use std::collections::{BTreeMap, HashMap};

use super::super::secrets::Sources;
use super::super::state::{Held, Thing};
use super::super::yaml;
use super::*;

const PRUNE: Options = Options { prune: true, prune_all: false, send_secrets: false };
const ANEW: Options = Options { prune: false, prune_all: false, send_secrets: true };

fn file(sections: &str) -> TenantFile {
    let text = format!("tenant: {{id: acme, name: Acme}}\n{sections}\n");
    let sources = Sources { environment: &HashMap::new(), folder: "/nowhere".into() };
    let located = yaml::parse(&text).expect("YAML").remove(0);
    TenantFile::read(located, "acme.yaml", &sources).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn document(section: Section, settled: Value, etag: Option<&str>) -> (Section, Held) {
    (section, Held::Document { settled, etag: etag.map(str::to_owned) })
}

fn collection(section: Section, things: &[(&str, Value)]) -> (Section, Held) {
    let thing = |settled: &Value| Thing { settled: settled.clone(), is_over: settled["title"] == "over" };
    let things: BTreeMap<_, _> = things.iter().map(|(name, value)| ((*name).to_owned(), thing(value))).collect();
    (section, Held::Collection(things))
}

fn state(held: impl IntoIterator<Item = (Section, Held)>) -> State {
    State { name: Some("Acme".to_owned()), held: held.into_iter().collect() }
}

fn planned(file: &TenantFile, current: &State, wanted: &State, options: Options) -> Plan {
    plan(file, current, wanted, options).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn lines(plan: &Plan) -> Vec<String> {
    let line = |step: &Step| format!("{} {} {}", step.what, step.request.method, step.request.path);
    plan.steps.iter().map(line).collect()
}

#[test]
fn what_stands_already_takes_no_step() {
    let file = file("components: [{id: a}]\nslos: {objectives: []}");
    let held = || {
        [
            collection(Section::Components, &[("a", json!({"id": "a"}))]),
            document(Section::Slos, json!({"objectives": []}), Some("\"v1\"")),
        ]
    };
    assert_eq!(planned(&file, &state(held()), &state(held()), Options::default()), Plan::default());
}

#[test]
fn steps_come_in_an_order_in_which_references_lead_somewhere() {
    let file = file("keys: [{name: ci}]\nslos: {objectives: [1]}\ncomponents: [{id: b}, {id: a}]\npage: {title: A}");
    let wanted = state([
        collection(Section::Components, &[("a", json!({})), ("b", json!({}))]),
        document(Section::Slos, json!({"objectives": [1]}), None),
        document(Section::Page, json!({"title": "A"}), None),
        collection(Section::Keys, &[("ci", json!({}))]),
    ]);
    let plan = planned(&file, &State::default(), &wanted, Options::default());
    let expected = [
        "tenant acme POST /tenants",
        "component b POST /tenants/acme/components",
        "component a POST /tenants/acme/components",
        "slos PUT /observability/slo/config/acme",
        "page PUT /tenants/acme/page",
        "key ci POST /tenants/acme/keys",
    ];
    assert_eq!(lines(&plan), expected);
    assert_eq!(plan.steps[1].request.idempotency_key.as_deref(), Some("apply-acme-components-b"));
}

#[test]
fn a_change_names_the_version_that_was_seen() {
    let file = file("slos: {objectives: [{slo_type: a, x: 2}]}\ncomponents: [{id: a, name: B}]");
    let slos = |x: i32| json!({"objectives": [{"slo_type": "a", "x": x}]});
    let component = |name: &str| collection(Section::Components, &[("a", json!({"id": "a", "name": name}))]);
    let current = state([document(Section::Slos, slos(1), Some("\"v7\"")), component("A")]);
    let wanted = state([document(Section::Slos, slos(2), Some("\"v1\"")), component("B")]);
    let plan = planned(&file, &current, &wanted, Options::default());
    assert_eq!(lines(&plan), ["component a PUT /tenants/acme/components/a", "slos PUT /observability/slo/config/acme"]);
    assert_eq!(plan.steps[0].before, Some((Section::Components, json!({"id": "a", "name": "A"}))));
    assert_eq!(plan.steps[1].request.if_match.as_deref(), Some("\"v7\""));
    let Action::Change(differences) = &plan.steps[1].action else { panic!("a change") };
    assert_eq!(differences[0].to_string(), "~ objectives[a].x: 1 → 2");
}

#[test]
fn what_the_file_does_not_name_goes_only_when_that_is_asked_for_and_keys_never() {
    let file = file("components: []\nmaintenances: []\nkeys: []");
    let current = state([
        collection(Section::Components, &[("old", json!({}))]),
        collection(Section::Maintenances, &[("soon", json!({})), ("past", json!({"title": "over"}))]),
        collection(Section::Keys, &[("admin", json!({}))]),
    ]);
    let left = planned(&file, &current, &state([]), Options::default());
    assert_eq!(
        (left.steps.len(), &left.left[..]),
        (0, &["key admin", "maintenance soon", "component old"].map(str::to_owned)[..])
    );
    let pruned = planned(&file, &current, &state([]), PRUNE);
    let expected = [
        "maintenance soon DELETE /tenants/acme/maintenances/soon",
        "component old DELETE /tenants/acme/components/old",
    ];
    assert_eq!((lines(&pruned), pruned.left), (expected.map(str::to_owned).to_vec(), vec!["key admin".to_owned()]));
    let other = super::tests::file("page: {}");
    assert_eq!(
        lines(&planned(&other, &current, &state([]), PRUNE)),
        [""; 0],
        "a section that is left out is left alone"
    );
}

#[test]
fn more_than_half_of_a_list_goes_only_when_all_of_it_may() {
    let server = |names: &[&str]| {
        let things: Vec<_> = names.iter().map(|name| (*name, json!({"id": name}))).collect();
        state([collection(Section::Components, &things)])
    };
    let one = file("components: [{id: a}]");
    let wanted = server(&["a"]);
    assert_eq!(planned(&one, &server(&["a", "b", "c"]), &wanted, PRUNE).steps.len(), 2, "they are few");
    let current = server(&["a", "b", "c", "d"]);
    let faults = plan(&one, &current, &wanted, PRUNE).expect_err("refused");
    assert_eq!(faults[0].pointer, "/components");
    assert!(faults[0].detail.contains("3 of 4") && faults[0].detail.contains("--prune-all"), "{}", faults[0]);
    assert_eq!(planned(&one, &current, &wanted, Options { prune_all: true, ..PRUNE }).steps.len(), 3);
    assert!(planned(&one, &current, &wanted, Options::default()).steps.is_empty(), "nothing goes anyway");
    let half = file("components: [{id: a}, {id: b}, {id: c}]");
    let six = server(&["a", "b", "c", "d", "e", "f"]);
    assert_eq!(planned(&half, &six, &server(&["a", "b", "c"]), PRUNE).steps.len(), 3);
}

#[test]
fn what_goes_and_comes_under_another_id_is_told_to_lose_its_history() {
    let file = file("components: [{id: workers, name: Workers}, {id: api, name: API}]");
    let held = |id: &str, name: &str| (Section::Components, id.to_owned(), json!({"id": id, "name": name}));
    let of = |all: &[(Section, String, Value)]| {
        let things: Vec<_> = all.iter().map(|(_, id, settled)| (id.as_str(), settled.clone())).collect();
        state([collection(Section::Components, &things)])
    };
    let wanted = of(&[held("workers", "Workers"), held("api", "API")]);
    let plan = planned(&file, &of(&[held("worker", "Workers"), held("old", "API")]), &wanted, PRUNE);
    assert_eq!(
        plan.renamed,
        ["component old is renamed to api", "component worker is renamed to workers"]
            .map(|told| format!("{told}: its history goes with it"))
    );
    let current = of(&[held("api", "API"), held("old", "API")]);
    assert!(planned(&file, &current, &wanted, PRUNE).renamed.is_empty(), "api was there before");
}

#[test]
fn maintenance_is_changed_field_by_field_and_emptied_where_nothing_is_wanted() {
    let file = file("maintenances: [{id: m, title: B}]");
    let of = |settled: Value| state([collection(Section::Maintenances, &[("m", settled)])]);
    let current = of(json!({"id": "m", "title": "A", "body": "x"}));
    let wanted = of(json!({"id": "m", "title": "B"}));
    let plan = planned(&file, &current, &wanted, Options::default());
    assert_eq!(plan.steps[0].request.method, Method::PATCH);
    let body = plan.steps[0].request.body.as_ref().expect("a body");
    assert_eq!((&body["title"], body.get("body"), body.get("id")), (&json!("B"), Some(&Value::Null), None));
}

#[test]
fn secrets_are_trusted_by_their_masks_unless_they_are_to_be_sent() {
    let file = file("alerts: {receivers: [{name: a, api_key: secret-1234}]}");
    let shown =
        |mask: &str| state([document(Section::Alerts, json!({"receivers": [{"name": "a", "api_key": mask}]}), None)]);
    let alike = planned(&file, &shown("••••1234"), &shown("••••1234"), Options::default());
    assert!(alike.steps.is_empty() && alike.trusts_masks);
    let sent = planned(&file, &shown("••••1234"), &shown("••••1234"), ANEW);
    assert_eq!(sent.steps[0].action, Action::Change(Vec::new()));
    assert_eq!(sent.steps[0].request.body.as_ref().expect("a body")["receivers"][0]["api_key"], "secret-1234");
    let other = planned(&file, &shown("••••5678"), &shown("••••1234"), Options::default());
    assert_eq!(other.steps.len(), 1);
}

#[test]
fn who_may_see_a_page_stays_where_the_file_does_not_say_it() {
    let access = |private: bool, has_password: bool| {
        let settled = json!({"title": "A", "access": {"private": private, "has_password": has_password}});
        state([document(Section::Page, settled, None)])
    };
    let silent = file("page: {title: A}");
    assert!(planned(&silent, &access(true, true), &access(false, false), Options::default()).steps.is_empty());
    let private = file("page: {title: A, access: {private: true}}");
    assert!(planned(&private, &access(true, true), &access(true, false), Options::default()).steps.is_empty());
    let without = file("page: {title: A, access: {private: true, password: null}}");
    assert_eq!(planned(&without, &access(true, true), &access(true, false), Options::default()).steps.len(), 1);
    let open = file("page: {title: A, access: {private: false, password: correct-horse}}");
    let plan = planned(&open, &access(true, true), &access(false, true), Options::default());
    let body = plan.steps[0].request.body.as_ref().expect("a body");
    assert_eq!(body["access"].get("password"), None, "set again, it would shut everybody out");
    let plan = planned(&open, &access(true, true), &access(false, true), ANEW);
    assert_eq!(plan.steps[0].request.body.as_ref().expect("a body")["access"]["password"], "correct-horse");
}

#[test]
fn what_cannot_be_changed_is_refused_with_its_line() {
    let file = file("keys:\n- {name: ci, role: admin}");
    let of = |role: &str| state([collection(Section::Keys, &[("ci", json!({"name": "ci", "role": role}))])]);
    let faults = plan(&file, &of("ingest"), &of("admin"), Options::default()).expect_err("refused");
    assert!(faults[0].to_string().starts_with("acme.yaml:3: /keys/0: a key is not changed"), "{}", faults[0]);
    let renamed = State { name: Some("Another".to_owned()), ..of("admin") };
    let faults = plan(&file, &renamed, &of("admin"), Options::default()).expect_err("refused");
    assert_eq!(faults[0].pointer, "/tenant/name");
}
