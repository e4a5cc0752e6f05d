//! Recording and alerting rules in the form in which Sloth writes them, the usual generator: 17 for every objective, in three
//! groups. Eight ratios of errors, the longest of them averaged from the shortest as Sloth does by default, because rates over
//! a month of raw counters are dearer still; seven of metadata; a page and a ticket of two pairs of windows each.

use serde_json::{Value, json};

use super::history::{COUNTER, RATIO, name};

/// Windows whose ratio is computed from the counters.
const WINDOWS: [&str; 7] = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];
/// Severities, and the two pairs of each.
const ALERTS: [(&str, [Pair; 2]); 2] =
    [("page", [("5m", "1h", "14.4"), ("30m", "6h", "6")]), ("ticket", [("2h", "1d", "3"), ("6h", "3d", "1")])];
const ERROR_RATIO: &str = "slo:sli_error:ratio_rate";

/// A short window, a long one, and the factor of both.
type Pair = (&'static str, &'static str, &'static str);

/// How many rules there are for each objective, and how many series of them are ratios of errors.
pub(crate) const RULES: usize = 17;
pub(crate) const RATIOS: usize = WINDOWS.len() + 1;

/// The file of rules for so many objectives. JSON is YAML, and needs no quoting of its own.
pub(crate) fn file(slos: u32) -> Value {
    let groups: Vec<Value> = (0..slos).flat_map(groups).collect();
    json!({ "groups": groups })
}

fn groups(slo: u32) -> [Value; 3] {
    let group =
        |kind: &str, rules: Vec<Value>| json!({"name": format!("sloth-slo-{kind}-{}", name(slo)), "rules": rules});
    [group("sli-recordings", ratios(slo)), group("meta-recordings", metadata(slo)), group("alerts", alerts(slo))]
}

/// Labels as they stand in a selector.
pub(crate) fn selector(slo: u32) -> String {
    format!("sloth_id=\"{}\",sloth_service=\"svc{slo}\",sloth_slo=\"availability\"", name(slo))
}

fn labels(slo: u32, more: &[(&str, &str)]) -> Value {
    let mut labels = json!({"sloth_id": name(slo), "sloth_service": format!("svc{slo}"), "sloth_slo": "availability"});
    for (name, value) in more {
        labels[*name] = json!(value);
    }
    labels
}

fn record(record: &str, expr: &str, labels: &Value) -> Value {
    json!({"record": record, "expr": expr, "labels": labels})
}

fn ratios(slo: u32) -> Vec<Value> {
    let of_counters = |window: &&str| {
        let errors = format!("(sum(rate({COUNTER}{{job=\"svc{slo}\",code=~\"(5..|429)\"}}[{window}])))");
        let all = format!("(sum(rate({COUNTER}{{job=\"svc{slo}\"}}[{window}])))");
        let expr = format!("{errors}\n/\n{all}");
        record(&format!("{ERROR_RATIO}{window}"), &expr, &labels(slo, &[("sloth_window", window)]))
    };
    let month = |function: &str| format!("{function}({RATIO}{{{}}}[30d])", selector(slo));
    let averaged = format!("{}\n/ ignoring (sloth_window)\n{}", month("sum_over_time"), month("count_over_time"));
    let mut rules: Vec<Value> = WINDOWS.iter().map(of_counters).collect();
    rules.push(record(&format!("{ERROR_RATIO}30d"), &averaged, &labels(slo, &[("sloth_window", "30d")])));
    rules
}

fn metadata(slo: u32) -> Vec<Value> {
    let (own, which) = (labels(slo, &[]), selector(slo));
    let burn = |window: &str| {
        format!(
            "{ERROR_RATIO}{window}{{{which}}}\n/ on(sloth_id, sloth_slo, sloth_service) group_left\n\
             slo:error_budget:ratio{{{which}}}"
        )
    };
    vec![
        record("slo:objective:ratio", "vector(0.999)", &own),
        record("slo:error_budget:ratio", "vector(1-0.999)", &own),
        record("slo:time_period:days", "vector(30)", &own),
        record("slo:current_burn_rate:ratio", &burn("5m"), &own),
        record("slo:period_burn_rate:ratio", &burn("30d"), &own),
        record("slo:period_error_budget_remaining:ratio", &format!("1 - slo:period_burn_rate:ratio{{{which}}}"), &own),
        record("sloth_slo_info", "vector(1)", &labels(slo, &[("sloth_objective", "99.9")])),
    ]
}

fn alerts(slo: u32) -> Vec<Value> {
    let over = |window: &str, factor: &str| {
        format!("max({ERROR_RATIO}{window}{{{}}} > ({factor} * 0.001)) without (sloth_window)", selector(slo))
    };
    let pair = |(short, long, factor): &Pair| format!("(\n{}\nand\n{}\n)", over(short, factor), over(long, factor));
    let alert = |(severity, pairs): &(&str, [Pair; 2])| {
        let expr = pairs.iter().map(pair).collect::<Vec<_>>().join("\nor\n");
        json!({"alert": format!("HighErrorRate{slo}"), "expr": expr, "labels": {"sloth_severity": severity}})
    };
    ALERTS.iter().map(alert).collect()
}
