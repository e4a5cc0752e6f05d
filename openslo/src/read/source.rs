//! Where a metric comes from: a Prometheus that we can ask, or something that others know.

use std::collections::BTreeMap;

use plimsoll_domain::invalid::Faults;

use crate::document::PROMETHEUS;
use crate::read::node::{Fields, Node, note};
use crate::read::object::Object;

/// A `DataSource` document.
#[derive(Clone, Debug)]
pub(super) enum DataSource {
    /// A server that answers `PromQL`.
    Prometheus {
        /// Where it answers.
        url: Located,
    },
    /// Of a type that we do not ask.
    Other,
}

/// A text, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Located {
    pub(super) text: String,
    pub(super) pointer: String,
}

/// What a `metricSource` says.
#[derive(Clone, Debug)]
pub(super) enum MetricSource {
    /// A query to a Prometheus.
    Prometheus {
        /// Of the server.
        url: Located,
        /// As it is written.
        query: Located,
    },
    /// What is measured or pushed here, or what only others can ask.
    Other,
}

/// The data sources of the file by name. `None` where one has faults, which are noted.
pub(super) type DataSources<'a> = BTreeMap<&'a str, Option<DataSource>>;

impl DataSource {
    pub(super) fn read(object: &Object<'_>, faults: &mut Faults) -> Option<Self> {
        let spec = object.spec.fields(&["description", "type", "connectionDetails"], faults)?;
        let kind = spec.required("type", "a type such as Prometheus", faults);
        let details = spec.required("connectionDetails", "a mapping", faults);
        if !is_prometheus(kind?.text(faults)?) {
            return Some(Self::Other);
        }
        // A list of mappings is what the SDK's own examples have.
        let details = match details? {
            list if list.value.is_array() => list.only_item(" mapping", faults)?,
            mapping => mapping,
        };
        Some(Self::Prometheus { url: url(&details, faults)? })
    }
}

fn url(details: &Node<'_>, faults: &mut Faults) -> Option<Located> {
    let fields = details.any_fields(faults)?;
    for name in fields.names().filter(|name| *name != "url") {
        let detail = "expected url and nothing else: what a Prometheus wants to see stands in an SLO's annotation \
                      plimsoll.dev/prometheus-auth";
        note(faults, &fields.pointer_of(name), detail);
    }
    let url = fields.required("url", "the URL of the Prometheus", faults)?;
    Some(Located { text: url.text(faults)?.to_owned(), pointer: url.pointer })
}

fn is_prometheus(kind: &str) -> bool {
    kind.eq_ignore_ascii_case(PROMETHEUS)
}

impl MetricSource {
    /// Reads the `metricSource` of `metric` (`good`, `thresholdMetric` …).
    pub(super) fn read(metric: &Node<'_>, sources: &DataSources<'_>, faults: &mut Faults) -> Option<Self> {
        let source = metric.fields(&["metricSource"], faults)?;
        let source = source.required("metricSource", "a mapping with a type and a spec", faults)?;
        let fields = source.fields(&["metricSourceRef", "type", "spec"], faults)?;
        let spec = fields.required("spec", "a mapping", faults);
        match data_source(&fields, sources, faults)? {
            DataSource::Prometheus { url } => {
                let query = query(&spec?, faults)?;
                Some(Self::Prometheus { url, query })
            }
            DataSource::Other => spec?.any_fields(faults).map(|_| Self::Other),
        }
    }
}

/// What is asked: the data source that is named, or one of the type that is said.
fn data_source(fields: &Fields<'_>, sources: &DataSources<'_>, faults: &mut Faults) -> Option<DataSource> {
    let (kind, reference) = (fields.optional("type"), fields.optional("metricSourceRef"));
    let said = match &kind {
        Some(node) => Some(is_prometheus(node.text(faults)?)),
        None => None,
    };
    let named = match &reference {
        // One that has faults is there, and says no more.
        Some(node) => match sources.get(node.text(faults)?) {
            Some(source) => Some(source.as_ref()?),
            None => None,
        },
        None => None,
    };
    let (wrong, expected) = match (said, named) {
        (Some(false), None) => return Some(DataSource::Other),
        (Some(true) | None, Some(DataSource::Prometheus { .. })) | (Some(false) | None, Some(DataSource::Other)) => {
            return named.cloned();
        }
        (Some(_), Some(_)) => ("type", "expected the type of the DataSource that metricSourceRef names"),
        (Some(true), None) => {
            ("metricSourceRef", "expected the name of a DataSource in this file, which says the URL of the Prometheus")
        }
        (None, None) if reference.is_some() => {
            ("metricSourceRef", "expected the name of a DataSource in this file, or a type beside it")
        }
        (None, None) => ("type", "expected a type, or a metricSourceRef to a DataSource that has one"),
    };
    note(faults, &fields.pointer_of(wrong), expected);
    None
}

fn query(spec: &Node<'_>, faults: &mut Faults) -> Option<Located> {
    let fields = spec.fields(&["query"], faults)?;
    let query = fields.required("query", "a query in PromQL", faults)?;
    Some(Located { text: query.text(faults)?.to_owned(), pointer: query.pointer })
}
