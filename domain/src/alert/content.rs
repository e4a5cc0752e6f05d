//! What an alert says, and the signals that it comes in by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::severity::Severity;
use crate::invalid::{Faults, Invalid, check_text};
use crate::time::Timestamp;

/// Longest summary that is taken, in characters; receivers take less, and are sent less.
pub const MAX_SUMMARY: usize = 4_000;
/// Longest dedup key, in characters: what PagerDuty takes.
pub const MAX_DEDUP_KEY: usize = 255;
/// Largest details, in bytes of JSON.
pub const MAX_DETAILS: usize = 64 * 1024;
/// The source of alerts by which somebody tries a receiver.
pub const TEST_SOURCE: &str = "plimsoll-test";
const MAX_LABELS: usize = 64;
const MAX_LABEL_NAME: usize = 128;
const MAX_LABEL_VALUE: usize = 4_000;
const MAX_URL: usize = 2_048;

/// What an alert says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// In one sentence.
    pub summary: String,
    /// How bad it is.
    pub severity: Severity,
    /// Who or what noticed.
    pub source: String,
    /// Which component it is about: one of the tenant's, or any other name.
    pub component: Option<String>,
    /// What it is routed and silenced by, besides.
    pub labels: BTreeMap<String, String>,
    /// Anything else, as the text of a JSON object: it is shown and never looked into.
    pub details: Option<String>,
    /// What to do about it.
    pub runbook_url: Option<String>,
}

impl Content {
    /// The least that an alert says.
    pub fn of(summary: &str, severity: Severity, source: &str) -> Self {
        Self {
            summary: summary.to_owned(),
            severity,
            source: source.to_owned(),
            component: None,
            labels: BTreeMap::new(),
            details: None,
            runbook_url: None,
        }
    }

    /// The value that a matcher of this name sees; empty when there is none.
    pub fn named(&self, name: &str) -> &str {
        match name {
            "severity" => self.severity.as_str(),
            "source" => &self.source,
            "component" => {
                let label = || self.labels.get(name).map_or("", String::as_str);
                self.component.as_deref().unwrap_or_else(label)
            }
            _ => self.labels.get(name).map_or("", String::as_str),
        }
    }

    /// Whether somebody only tries whether alerts arrive.
    pub fn is_test(&self) -> bool {
        self.source == TEST_SOURCE && self.labels.get("test").is_some_and(|test| test == "true")
    }

    /// Refuses texts that are empty or too long, too many labels, and a runbook that is no address.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        check_text(&mut faults, &self.summary, MAX_SUMMARY, "/summary");
        check_text(&mut faults, &self.source, 255, "/source");
        if let Some(component) = &self.component {
            check_text(&mut faults, component, 255, "/component");
        }
        faults.require(self.labels.len() <= MAX_LABELS, "/labels", || format!("expected at most {MAX_LABELS} labels"));
        for (name, value) in &self.labels {
            let fits = (1..=MAX_LABEL_NAME).contains(&name.chars().count()) && value.chars().count() <= MAX_LABEL_VALUE;
            let clean = !name.chars().any(char::is_control);
            faults.require(fits && clean, &format!("/labels/{}", name.replace('~', "~0").replace('/', "~1")), || {
                format!("expected a name of 1 to {MAX_LABEL_NAME} characters and a value of at most {MAX_LABEL_VALUE}")
            });
        }
        let details = self.details.as_ref().map_or(0, String::len);
        faults.require(details <= MAX_DETAILS, "/details", || {
            format!("expected at most {MAX_DETAILS} bytes of JSON, got {details}")
        });
        if let Some(url) = &self.runbook_url {
            let web = url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            faults.require(web && url.len() <= MAX_URL, "/runbook_url", || {
                format!("expected an http:// or https:// URL of at most {MAX_URL} characters")
            });
        }
        faults.finish()
    }
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignalAction {
    /// It is wrong.
    Trigger,
    /// Somebody works on it.
    Acknowledge,
    /// It is over.
    Resolve,
}

impl SignalAction {
    /// The action as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
        }
    }
}

/// Something that a source says of one dedup key.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// What it asks for.
    pub action: SignalAction,
    /// Names the problem: what has the same key is the same.
    pub dedup_key: String,
    /// What it says; `None` where an acknowledgement or a resolve says nothing new.
    pub content: Option<Content>,
    /// Said again and again for as long as it is true, or for a while after it is over: heard once.
    pub is_refresh: bool,
    /// When it is over unless it is said again.
    pub expires_at: Option<Timestamp>,
    /// Grows with each signal of its key: one that is not greater than the greatest was heard before.
    pub mark: Option<u64>,
    /// Names the request, so that one that is sent again is heard once.
    pub request: Option<String>,
    /// Who said it.
    pub by: String,
    /// What its reader should know of it, e.g. that others were left out.
    pub note: Option<String>,
    /// Goes to this receiver and to no other, whatever the routes say.
    pub only_to: Option<String>,
}

impl Signal {
    /// A signal that says only what it must.
    pub fn new(action: SignalAction, dedup_key: impl Into<String>, content: Option<Content>, by: &str) -> Self {
        Self {
            action,
            dedup_key: dedup_key.into(),
            content,
            is_refresh: false,
            expires_at: None,
            mark: None,
            request: None,
            by: by.to_owned(),
            note: None,
            only_to: None,
        }
    }
}

/// The fingerprint of a set of labels, as Prometheus computes it: 16 hexadecimal digits of FNV-1a over the sorted labels.
pub fn fingerprint(labels: &BTreeMap<String, String>) -> String {
    use std::hash::Hasher;
    let mut hasher = fnv::FnvHasher::default();
    for (name, value) in labels {
        for part in [name, value] {
            hasher.write(part.as_bytes());
            hasher.write(&[0xff]);
        }
    }
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A critical alert of `api`, seen by `ci`, of the team `core`.
    pub(in crate::alert) fn content(summary: &str) -> Content {
        Content {
            summary: summary.to_owned(),
            severity: Severity::Critical,
            source: "ci".to_owned(),
            component: Some("api".to_owned()),
            labels: BTreeMap::from([("team".to_owned(), "core".to_owned())]),
            details: None,
            runbook_url: None,
        }
    }

    #[test]
    fn a_fingerprint_is_that_of_prometheus() {
        assert_eq!(fingerprint(&BTreeMap::new()), "cbf29ce484222325");
        let labels = [("alertname", "Up"), ("job", "api")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let one = fingerprint(&BTreeMap::from(labels.clone()));
        assert_eq!((one.len(), &one), (16, &fingerprint(&labels.into_iter().rev().collect())));
        assert_ne!(one, fingerprint(&BTreeMap::new()));
    }

    #[test]
    fn every_fault_is_named() {
        let labels = BTreeMap::from([("a/b".to_owned(), "x".repeat(5_000))]);
        let wrong = Content {
            source: String::new(),
            runbook_url: Some("ftp://x".to_owned()),
            details: Some("x".repeat(MAX_DETAILS + 1)),
            labels,
            ..content("")
        };
        let pointers: Vec<_> = wrong.validate().expect_err("refused").0.into_iter().map(|f| f.pointer).collect();
        assert_eq!(pointers, ["/summary", "/source", "/labels/a~1b", "/details", "/runbook_url"]);
        assert!(content("it is down").validate().is_ok());
    }
}
