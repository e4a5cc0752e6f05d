//! `docs/retention.md` against the files that it speaks of.

use std::path::Path;

use regex::Regex;
use serde_json::Value;

use crate::tools::{Copy, assert_complains, document, items, root, text};

/// The days that the table's row for `kind` says.
fn days(table: &str, kind: &str) -> Option<u64> {
    let row = table.lines().find(|line| line.starts_with(&format!("| {kind} |")))?;
    Regex::new(r"\| (\d+) days").expect("a pattern").captures(row)?[1].parse().ok()
}

fn hours(duration: Option<&str>) -> Option<u64> {
    duration?.strip_suffix('h')?.parse().ok()
}

/// The number behind `before` in a text.
fn number(text: &str, before: &str) -> Option<u64> {
    let digits = text.split(before).nth(1)?;
    digits.split(|sign: char| !sign.is_ascii_digit()).next()?.parse().ok()
}

fn complaints(at: &Path) -> Vec<String> {
    let table = text(&root(), "docs/retention.md");
    let loki = document(at, "infrastructure/loki/loki.yaml");
    let limits = &loki["limits_config"];
    let stream = |kind: &str| {
        let selector = format!("{{kind=\"{kind}\"}}");
        let of = items(&limits["retention_stream"]).find(|stream| stream["selector"] == *selector)?;
        hours(of["period"].as_str())
    };
    let tempo = document(at, "infrastructure/tempo/tempo.yaml");
    let compose = text(at, "infrastructure/compose.yaml");
    let set = [
        ("request lines", stream("request")),
        ("tick lines", stream("tick")),
        ("events", stream("event")),
        ("errors", stream("error")),
        ("lines of the other containers", hours(limits["retention_period"].as_str())),
        ("traces", hours(tempo["compactor"]["compaction"]["block_retention"].as_str())),
        ("metrics", number(&compose, "storage.tsdb.retention.time=").map(|days| days * 24)),
        ("profiles", number(&compose, "compactor.blocks-retention-period=")),
    ];
    let wrong = |(kind, set): &(&str, Option<u64>)| set.is_none() || days(&table, kind).map(|days| days * 24) != *set;
    let mut complaints: Vec<String> =
        set.iter().filter(|row| wrong(row)).map(|(kind, set)| format!("{kind}: {set:?} hours are set")).collect();
    if loki["compactor"]["retention_enabled"] != true || loki["compactor"]["delete_request_store"] == Value::Null {
        complaints.push("Loki takes nothing away".to_owned());
    }
    complaints
}

#[test]
fn the_table_says_what_is_set() {
    assert_eq!(complaints(&root()), Vec::<String>::new());
    for (file, from, to, complaint) in [
        (
            "loki/loki.yaml",
            "{kind=\"tick\"}', priority: 1, period: 336h",
            "{kind=\"tick\"}', priority: 1, period: 24h",
            "tick lines",
        ),
        ("loki/loki.yaml", "retention_enabled: true", "retention_enabled: false", "takes nothing away"),
        ("tempo/tempo.yaml", "168h", "48h", "traces"),
        ("compose.yaml", "retention.time=45d", "retention.time=15d", "metrics"),
    ] {
        assert_complains(&complaints(Copy::new().with(&format!("infrastructure/{file}"), from, to).root()), complaint);
    }
}

#[test]
fn the_store_keeps_what_the_table_says() {
    let table = text(&root(), "docs/retention.md");
    let audit = plimsoll_domain::audit::AUDIT_RETENTION.seconds() / 86_400;
    let samples = plimsoll_domain::sample::SAMPLE_RETENTION.seconds() / 86_400;
    assert!(table.contains(&format!("| audit log: who changed what | {audit} days")), "{audit}");
    assert!(table.contains(&format!("| samples, pushed events | {samples} days")), "{samples}");
}
