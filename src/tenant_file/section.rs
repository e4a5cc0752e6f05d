//! What a tenant's file has sections for: for each, where the API keeps it, and which of what the API shows was settled by
//! somebody.
//!
//! The order is the order of writing: what is referred to comes before what refers to it.

use serde_json::{Map, Value};

use plimsoll_domain::ids::TenantId;

// The fields of bodies that have many.
const APPS_FIELDS: [&str; 9] =
    ["id", "name", "dsn", "environment", "release", "sample_rates", "allowed_origins", "rate_limits", "tunnel"];
const ALERTS_FIELDS: [&str; 7] = [
    "receivers",
    "routes",
    "severity_tiers",
    "default_receivers",
    "cooldown_seconds",
    "repeat_after_seconds",
    "resolve_timeout_seconds",
];
const PAGE_FIELDS: [&str; 13] = [
    "title",
    "header",
    "links",
    "colour",
    "colour_dark",
    "locale",
    "time_zone",
    "groups",
    "components",
    "hidden",
    "auto_incident",
    "subscribable",
    "access",
];
const MAINTENANCES_FIELDS: [&str; 9] =
    ["id", "title", "body", "components", "starts_at", "ends_at", "verify_minutes", "recurrence", "remind_minutes"];

/// A part of a tenant's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Components,
    Apps,
    Tunnel,
    Slos,
    Alerts,
    Page,
    IncidentTemplates,
    Maintenances,
    Hosts,
    Keys,
}

/// How a section is kept by the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One document, which is replaced as a whole.
    Document,
    /// Things with names of their own.
    Collection {
        /// The field that names each.
        named_by: &'static str,
        /// How one is changed.
        changed_by: ChangedBy,
    },
}

/// How one of many is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangedBy {
    /// It is replaced.
    Put,
    /// Its fields are set, all of them but its id.
    Patch,
    /// It cannot be.
    Nothing,
}

use Section::{Alerts, Apps, Components, Hosts, IncidentTemplates, Keys, Maintenances, Page, Slos, Tunnel};

impl Section {
    /// All of them, in the order of writing.
    pub(super) const ALL: [Self; 10] =
        [Components, Apps, Tunnel, Slos, Alerts, Page, IncidentTemplates, Maintenances, Hosts, Keys];

    /// What it is called in a file.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Components => "components",
            Apps => "apps",
            Tunnel => "tunnel",
            Slos => "slos",
            Alerts => "alerts",
            Page => "page",
            IncidentTemplates => "incident_templates",
            Maintenances => "maintenances",
            Hosts => "hosts",
            Keys => "keys",
        }
    }

    /// What it, or one of its things, is called in a sentence.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Components => "component",
            Apps => "app",
            Tunnel => "tunnel",
            Slos => "slos",
            Alerts => "alerts",
            Page => "page",
            IncidentTemplates => "incident templates",
            Maintenances => "maintenance",
            Hosts => "host",
            Keys => "key",
        }
    }

    /// How the API keeps it.
    pub(super) const fn shape(self) -> Shape {
        match self {
            Tunnel | Slos | Alerts | Page | IncidentTemplates => Shape::Document,
            Components | Apps => Shape::Collection { named_by: "id", changed_by: ChangedBy::Put },
            Maintenances => Shape::Collection { named_by: "id", changed_by: ChangedBy::Patch },
            Hosts | Keys => Shape::Collection { named_by: "name", changed_by: ChangedBy::Nothing },
        }
    }

    /// Where the API has it.
    pub(super) fn path(self, tenant: &TenantId) -> String {
        let of_tenant = |rest: &str| format!("/tenants/{tenant}/{rest}");
        match self {
            Components | Apps | Tunnel | Page | Maintenances | Keys => of_tenant(self.key()),
            Slos => format!("/observability/slo/config/{tenant}"),
            Alerts => format!("/observability/alerts/config/{tenant}"),
            IncidentTemplates => of_tenant("incident-templates"),
            Hosts => of_tenant("page/hosts"),
        }
    }

    /// The fields of what the API shows that a file may settle, too: those of the request.
    pub(super) const fn fields(self) -> &'static [&'static str] {
        match self {
            Components => &["id", "name", "group", "description", "probe"],
            Apps => &APPS_FIELDS,
            Tunnel => &["alias"],
            Slos => &["objectives"],
            Alerts => &ALERTS_FIELDS,
            Page => &PAGE_FIELDS,
            IncidentTemplates => &["templates"],
            Maintenances => &MAINTENANCES_FIELDS,
            Hosts => &["name"],
            Keys => &["name", "role"],
        }
    }

    /// What of `shown`, as the API answers it, somebody settled. Fields without a value are left out.
    pub(super) fn settled(self, shown: &Value) -> Value {
        let mut kept = Map::new();
        for field in self.fields() {
            let value = &shown[*field];
            if !value.is_null() {
                kept.insert((*field).to_owned(), without_nulls(value));
            }
        }
        if self == Page
            && let Some(access) = kept.get_mut("access").and_then(Value::as_object_mut)
        {
            access.remove("link_count");
        }
        Value::Object(kept)
    }

    /// Whether one that the API shows is over, and of no interest to a file.
    pub(super) fn is_over(self, shown: &Value) -> bool {
        self == Maintenances && shown["status"] == "completed"
    }
}

/// `value` without fields that say nothing. What a probe compares with, and what stands in a list, is left as it is.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
                let value = if name == "json_equals" { value.clone() } else { without_nulls(value) };
                (name.clone(), value)
            });
            Value::Object(kept.collect())
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        value => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nobody_settled_is_left_out() {
        let shown = json!({"id": "a", "name": "A", "group": null, "created_at": "2026", "probe": {"kind": "http",
            "degraded_above_ms": null, "json_equals": {"pointer": "/x", "value": null}}});
        let settled = json!({"id": "a", "name": "A", "probe": {"kind": "http",
            "json_equals": {"pointer": "/x", "value": null}}});
        assert_eq!(Components.settled(&shown), settled);
        let shown =
            json!({"title": null, "version": 3, "access": {"private": true, "has_password": true, "link_count": 2}});
        assert_eq!(Page.settled(&shown), json!({"access": {"private": true, "has_password": true}}));
    }
}
