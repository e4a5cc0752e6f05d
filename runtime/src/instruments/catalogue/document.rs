//! `docs/metrics.md`, written from the catalogue.

use std::fmt::Write;

use super::{AREAS, Area, Instrument, Kind, Label, OF_THE_SYSTEM, Values};

const HEAD: &str = "\
# Metrics

This file is written from the code: `cargo run --package plimsoll-runtime --example metrics > docs/metrics.md`. A test fails
when it differs.

`GET /metrics` answers in Prometheus' text format, without a key, compressed where the scraper takes gzip. Every process
answers for itself, whatever its roles are; a metric that belongs to another role, or has not been counted yet, is not there.
`PLIMSOLL_METRICS_ENABLED=false` switches all of it off: nothing is counted, and `/metrics` is a 404.

No label holds an id, a path, a query, an address or a message. `tenant` stands only where the table says so, for at most
`PLIMSOLL_METRICS_TENANTS` tenants of each metric (1,000 unless it is set). Gauges of tenants and SLOs are as the last tick
found them, in the process that ran it: what is gone or not known has no series.
";

/// The document, as Markdown.
pub fn document() -> String {
    let mut text = HEAD.to_owned();
    for area in AREAS.into_iter().chain([OF_THE_SYSTEM]) {
        table(&mut text, area);
    }
    text.push_str("\n## Bounds of histograms\n\n| name | upper bounds |\n|---|---|\n");
    for instrument in super::all() {
        if let Kind::Histogram(bounds) = instrument.kind {
            let bounds = bounds.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
            line(&mut text, format_args!("| `{}` | {bounds} |", instrument.name));
        }
    }
    text
}

fn table(text: &mut String, area: &Area) {
    line(text, format_args!("\n## {}\n\n| name | kind | unit | labels | meaning |\n|---|---|---|---|---|", area.title));
    for Instrument { name, kind, measure, help, labels } in area.instruments {
        let labels = if labels.is_empty() { "–".to_owned() } else { labels_of(labels) };
        let (kind, unit) = (kind.as_str(), measure.as_str());
        line(text, format_args!("| `{name}` | {kind} | {unit} | {labels} | {help} |"));
    }
}

fn labels_of(labels: &[Label]) -> String {
    let values = |label: &Label| match label.values {
        Values::OneOf(values) => values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", "),
        Values::BoundBy(what) => what.to_owned(),
    };
    labels.iter().map(|label| format!("`{}`: {}", label.name, values(label))).collect::<Vec<_>>().join("; ")
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_what_the_code_does() {
        let written = include_str!("../../../../docs/metrics.md");
        assert!(written == document(), "docs/metrics.md differs: write it anew as it says at its head");
    }
}
