//! Alerts as Prometheus and Alertmanager write them, and what they become here.
//!
//! What others say is cut, and visibly so, where it is more than we take: refused, it would be lost, since neither of them
//! sends again what was refused.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use plimsoll_domain::alert::content::{MAX_DEDUP_KEY, MAX_DETAILS, MAX_SUMMARY};
use plimsoll_domain::alert::{Content, Severity, fingerprint};

/// Alerts that one request may hold: each is read, judged and stored.
pub(super) const MOST_ALERTS: usize = 5_000;
/// Largest body that is taken from a Prometheus or an Alertmanager.
pub(super) const EIGHT_MIB: usize = 8 << 20;

type Names = BTreeMap<String, String>;

// What the domain takes of a content.
const MAX_LABELS: usize = 64;
const MAX_LABEL_NAME: usize = 128;
const MAX_LABEL_VALUE: usize = 4_000;
const MAX_URL: usize = 2_048;
const MAX_NAME: usize = 255;
/// Under this label stands how many labels are not kept.
const LEFT_OUT: &str = "labels_left_out";

/// One alert. What is not named here is passed over.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ForeignAlert {
    /// Of a webhook: `firing` or `resolved`.
    pub(super) status: Option<String>,
    /// What it is routed and silenced by. `severity` may be any of the usual words; `component` names a component.
    labels: Option<Names>,
    /// `summary` and `runbook_url` are used; all of them are shown.
    annotations: Option<Names>,
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    /// When it is over.
    #[schema(format = DateTime)]
    pub(super) ends_at: Option<String>,
    #[serde(rename = "generatorURL")]
    generator_url: Option<String>,
    /// Of a webhook: names the set of labels; computed when it is missing.
    fingerprint: Option<String>,
}

impl ForeignAlert {
    /// Drops labels without a value, which are none; whether any are left.
    pub(super) fn has_labels(&mut self) -> bool {
        self.labels.as_mut().is_some_and(|labels| {
            labels.retain(|_, value| !value.is_empty());
            !labels.is_empty()
        })
    }

    /// The dedup key, and what the alert says; both pass the domain whatever they are made of.
    pub(super) fn read(self, source: &str, external_url: Option<&str>) -> (String, Content) {
        let labels = self.labels.unwrap_or_default();
        let annotations = self.annotations.unwrap_or_default();
        let fits =
            |key: &String| (1..=MAX_DEDUP_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        let key = self.fingerprint.filter(fits).unwrap_or_else(|| fingerprint(&labels));
        let said = ["summary", "message", "description"].into_iter().filter_map(|name| annotations.get(name));
        let summary = said.chain(labels.get("alertname")).find_map(|text| cut(text, MAX_SUMMARY));
        let links = [("generatorURL", self.generator_url.as_deref()), ("externalURL", external_url)];
        let links = links.into_iter().chain([("startsAt", self.starts_at.as_deref())]);
        let content = Content {
            summary: summary.unwrap_or_else(|| key.clone()),
            severity: labels.get("severity").and_then(|text| Severity::of_label(text)).unwrap_or(Severity::Error),
            source: source.to_owned(),
            component: labels.get("component").and_then(|text| cut(text, MAX_NAME)),
            runbook_url: annotations.get("runbook_url").filter(|url| is_web(url)).cloned(),
            details: Some(details(&annotations, links)),
            labels: cut_labels(labels),
        };
        (key, content)
    }
}

/// At most `max` characters of `text`, none of them a control character; `None` when nothing is left.
fn cut(text: &str, max: usize) -> Option<String> {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.trim();
    if clean.is_empty() {
        return None;
    }
    Some(shortened(clean, max))
}

/// At most `max` characters of `text`; an ellipsis tells that there were more.
fn shortened(text: &str, max: usize) -> String {
    if text.chars().nth(max).is_none() {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(['…']).collect()
}

fn cut_labels(labels: Names) -> Names {
    let count = labels.len();
    let kept = if count > MAX_LABELS { MAX_LABELS - 1 } else { count };
    let cut_both =
        |(name, value): (String, String)| Some((cut(&name, MAX_LABEL_NAME)?, shortened(&value, MAX_LABEL_VALUE)));
    let mut cut: Names = labels.into_iter().take(kept).filter_map(cut_both).collect();
    if kept < count {
        cut.insert(LEFT_OUT.to_owned(), (count - kept).to_string());
    }
    cut
}

fn is_web(text: &str) -> bool {
    let is_http = url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    is_http && text.len() <= MAX_URL
}

/// The annotations and `links` as the text of an object, the values of annotations cut until it is small enough.
fn details<'a>(annotations: &Names, links: impl Iterator<Item = (&'static str, Option<&'a str>)>) -> String {
    let links = links.filter_map(|(name, text)| Some((name.to_owned(), Value::from(cut(text?, MAX_URL)?))));
    let mut all: serde_json::Map<String, Value> = links.collect();
    for longest in [usize::MAX, 4_000, 1_000, 200] {
        let values = annotations.iter().map(|(name, value)| (name.clone(), Value::from(shortened(value, longest))));
        all.insert("annotations".to_owned(), Value::Object(values.collect()));
        let text = Value::Object(all.clone()).to_string();
        if text.len() <= MAX_DETAILS {
            return text;
        }
    }
    all.remove("annotations");
    all.insert("annotations_left_out".to_owned(), json!(annotations.len()));
    Value::Object(all).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(value: Value) -> (String, Content) {
        serde_json::from_value::<ForeignAlert>(value).expect("an alert").read("alertmanager", Some("http://am:9093"))
    }

    #[test]
    fn what_an_alert_says_is_found_where_it_usually_stands() {
        let (key, content) = read(json!({
            "labels": {"alertname": "Down", "severity": "page", "component": "api", "team": "core"},
            "annotations": {"summary": "api is down", "runbook_url": "https://wiki.example/down", "grafana": "x"},
            "startsAt": "2026-11-01T11:00:00Z", "generatorURL": "http://prom/graph", "fingerprint": "00ff00ff00ff00ff"
        }));
        assert_eq!((key.as_str(), content.summary.as_str()), ("00ff00ff00ff00ff", "api is down"));
        assert_eq!((content.severity, content.component.as_deref()), (Severity::Critical, Some("api")));
        assert_eq!(content.runbook_url.as_deref(), Some("https://wiki.example/down"));
        let details: Value = serde_json::from_str(content.details.as_deref().expect("some")).expect("JSON");
        assert_eq!(details["annotations"]["grafana"], "x");
        assert_eq!(
            (&details["startsAt"], &details["externalURL"]),
            (&json!("2026-11-01T11:00:00Z"), &json!("http://am:9093"))
        );
    }

    #[test]
    fn a_summary_is_made_of_what_there_is() {
        let summary = |value: Value| read(value).1.summary;
        let labels = json!({"alertname": "Down"});
        assert_eq!(summary(json!({"labels": labels, "annotations": {"summary": " \n", "message": "m"}})), "m");
        assert_eq!(summary(json!({"labels": labels, "annotations": {"description": "d"}})), "d");
        assert_eq!(summary(json!({"labels": labels})), "Down");
        let (key, content) = read(json!({"labels": {"severity": "purple"}, "fingerprint": ""}));
        assert_eq!((content.summary, key.len(), content.severity), (key.clone(), 16, Severity::Error));
    }

    #[test]
    fn what_is_too_much_is_cut_and_says_so() {
        let many: Names = (0..100).map(|n| (format!("label{n:03}"), "x".repeat(5_000))).collect();
        let long = "å".repeat(100_000);
        let (_, content) = read(json!({"labels": many, "annotations": {"summary": long, "other": long}}));
        assert_eq!(content.labels.len(), MAX_LABELS);
        assert_eq!(content.labels[LEFT_OUT], "37");
        assert!(content.labels["label000"].ends_with("x…") && content.summary.ends_with("å…"));
        assert!(content.details.as_deref().is_some_and(|details| details.contains("å…")));
        assert!(content.validate().is_ok());
    }

    fn names() -> impl Strategy<Value = Option<Names>> {
        let well_known = prop::sample::select(vec!["summary", "alertname", "severity", "component", "runbook_url"]);
        let name = prop_oneof![well_known.prop_map(str::to_owned), any::<String>(), "[a-z]{120,140}"];
        let value = prop_oneof![any::<String>(), "https?://[a-z/]{0,20}", "(\\PC|\n){0,30}", "x{3990,4010}"];
        prop::option::of(prop::collection::btree_map(name, value, 0..90))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn whatever_comes_in_becomes_something_that_the_domain_takes(
            labels in names(), annotations in names(), starts_at in prop::option::of(any::<String>()),
            generator_url in prop::option::of("(\\PC|\"){0,4000}"), fingerprint in prop::option::of(any::<String>())
        ) {
            let mut alert =
                ForeignAlert { labels, annotations, starts_at, generator_url, fingerprint, ..ForeignAlert::default() };
            alert.has_labels();
            let (key, content) = alert.read("prometheus", Some("http://am"));
            prop_assert!(content.validate().is_ok(), "{:?}", content.validate());
            prop_assert!((1..=MAX_DEDUP_KEY).contains(&key.chars().count()) && !key.chars().any(char::is_control));
            prop_assert!(content.details.is_some_and(|text| serde_json::from_str::<Value>(&text).is_ok()));
        }
    }
}
