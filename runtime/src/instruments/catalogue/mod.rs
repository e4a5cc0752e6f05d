//! Every metric of ours, as data: its name, its kind, what it is measured in, what it means, and what its labels may be.
//!
//! It is described to the recorder from here, `docs/metrics.md` is written from here, and tests hold the sources and a running
//! process against it. What is only counted somewhere, and not said here, fails them.

mod alerts;
mod buckets;
mod document;
mod frontends;
mod kinds;
mod process;
mod requests;
mod sampling;
mod slos;
mod stores;

pub use document::document;
pub use kinds::{Area, Instrument, Kind, Label, Measure, Values};

/// All of ours, by what they are about.
pub const AREAS: [&Area; 9] = [
    &requests::AREA,
    &alerts::AREA,
    &slos::AREA,
    &sampling::AREA,
    &frontends::AREA,
    &stores::AREA,
    &process::JOBS_AREA,
    &process::TELEMETRY_AREA,
    &process::PROGRAM_AREA,
];

/// What `metrics-process` counts and describes, for the document.
pub const OF_THE_SYSTEM: &Area = &process::SYSTEM_AREA;

/// Every metric of ours.
pub fn all() -> impl Iterator<Item = &'static Instrument> {
    AREAS.iter().flat_map(|area| area.instruments)
}

/// The one of this name; `None` where there is none of ours.
pub fn named(name: &str) -> Option<&'static Instrument> {
    all().find(|instrument| instrument.name == name)
}

/// Describes all of them to the recorder that is installed.
pub(super) fn describe() {
    for &Instrument { name, ref kind, measure, help, .. } in all() {
        let unit = measure.unit();
        match kind {
            Kind::Counter => metrics::describe_counter!(name, unit, help),
            Kind::Gauge => metrics::describe_gauge!(name, unit, help),
            Kind::Histogram(_) => metrics::describe_histogram!(name, unit, help),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_stands_once_and_says_what_it_is() {
        let mut names = BTreeSet::new();
        for instrument in all() {
            let name = instrument.name;
            assert!(names.insert(name), "{name} stands twice");
            let plain = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(name.starts_with("plimsoll_") && name.chars().all(plain), "{name}");
            assert_eq!(name.ends_with("_total"), matches!(instrument.kind, Kind::Counter), "{name}");
            let suffix = match instrument.measure {
                Measure::Count => "",
                Measure::Seconds | Measure::UnixSeconds => "_seconds",
                Measure::Bytes => "_bytes",
                Measure::Ratio => "_ratio",
            };
            assert!(name.trim_end_matches("_total").ends_with(suffix), "{name} is not named after its unit");
        }
    }

    #[test]
    fn help_is_one_plain_sentence() {
        for Instrument { name, help, .. } in all() {
            let is_capital = help.starts_with(|c: char| c.is_ascii_uppercase());
            assert!(is_capital && help.ends_with('.') && !help.contains(['\n', '|']), "{name}: {help}");
        }
    }

    #[test]
    fn labels_have_no_value_twice_and_buckets_grow() {
        for Instrument { name, kind, labels, .. } in all() {
            for label in *labels {
                if let Values::OneOf(values) = label.values {
                    let distinct: BTreeSet<_> = values.iter().collect();
                    assert_eq!(distinct.len(), values.len(), "{name}: {}", label.name);
                }
            }
            if let Kind::Histogram(bounds) = kind {
                assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]), "{name}: {bounds:?}");
            }
        }
    }
}
