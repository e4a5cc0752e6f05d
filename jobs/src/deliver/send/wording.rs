//! What every kind says of an alert in the same words.

use serde_json::Value;

use plimsoll_domain::alert::{DeliveryAction, Severity};

use super::Message;
use crate::wire::limits;

impl Message<'_> {
    /// Whether somebody only tries whether alerts arrive.
    pub(super) fn is_test(&self) -> bool {
        self.alert.content.is_test()
    }

    /// How bad it was when this was to be sent.
    pub(super) const fn severity(&self) -> Severity {
        self.delivery.severity
    }

    /// What happened, in one word: `triggered`, `acknowledged` or `resolved`.
    pub(super) const fn status(&self) -> &'static str {
        match self.delivery.action {
            DeliveryAction::Trigger => "triggered",
            DeliveryAction::Acknowledge => "acknowledged",
            DeliveryAction::Resolve => "resolved",
        }
    }

    /// Names this delivery, the same for every attempt.
    pub(super) fn delivery_id(&self) -> String {
        self.alert.delivery_id(self.delivery.number)
    }

    /// The summary, which says so when it is a test.
    pub(super) fn summary(&self) -> String {
        let summary = limits::clean(&self.alert.content.summary);
        if self.is_test() { format!("[TEST] {summary}") } else { summary }
    }

    /// E.g. `CRITICAL triggered`, or `TEST: CRITICAL triggered`: to be read without seeing colours.
    pub(super) fn heading(&self) -> String {
        let test = if self.is_test() { "TEST: " } else { "" };
        format!("{test}{} {}", self.severity().as_str().to_uppercase(), self.status())
    }

    /// Where the public sees how the tenant does.
    pub(super) fn status_page(&self) -> String {
        format!("{}/s/{}", self.public_url, self.alert.tenant)
    }

    /// The runbook's address, with everything escaped that is not of an address.
    pub(super) fn runbook(&self) -> Option<url::Url> {
        self.alert.content.runbook_url.as_deref().and_then(|text| url::Url::parse(text).ok())
    }

    /// The details as JSON; a text where they are none.
    pub(super) fn details(&self) -> Option<Value> {
        let text = self.alert.content.details.as_deref()?;
        Some(serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)))
    }

    /// Each label as `name = value`.
    pub(super) fn label_lines(&self) -> impl Iterator<Item = String> {
        self.alert.content.labels.iter().map(|(name, value)| limits::clean(&format!("{name} = {value}")))
    }

    /// Names and values that describe it in short: severity, status, source and component.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let content = &self.alert.content;
        let mut facts = vec![
            ("Severity", self.severity().to_string()),
            ("Status", self.status().to_owned()),
            ("Source", limits::clean(&content.source)),
        ];
        facts.extend(content.component.as_deref().map(|component| ("Component", limits::clean(component))));
        facts
    }

    /// The details on lines of their own, if there are any, in at most `max` units of UTF-16.
    pub(super) fn detail_lines(&self, max: usize) -> Option<String> {
        self.details().map(|details| limits::cut(&format!("{details:#}"), max))
    }

    /// All of it as plain text; of the details, at most `max_details` units of UTF-16.
    pub(super) fn as_text(&self, max_details: usize) -> String {
        let summary = limits::clean(&self.alert.content.summary);
        let mut lines = vec![self.heading(), String::new(), summary, String::new()];
        lines.extend(self.facts().into_iter().map(|(name, value)| format!("{name}: {value}")));
        lines.extend(self.label_lines());
        lines.push(String::new());
        lines.extend(self.runbook().map(|runbook| format!("Runbook: {runbook}")));
        lines.push(format!("Status page: {}", self.status_page()));
        lines.extend(self.detail_lines(max_details).map(|details| format!("\n{details}")));
        lines.join("\n") + "\n"
    }
}
