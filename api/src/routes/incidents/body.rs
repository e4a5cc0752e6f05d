//! Incidents as they are written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use plimsoll_domain::ids::{ComponentId, IncidentId, TenantId};
use plimsoll_domain::incident::{
    Beginning, ComponentStatus, Impact, Incident, IncidentStatus, IncidentTemplate, IncidentUpdate,
};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::time::Timestamp;

use crate::extract::{escaped, read_value};

/// What is told of components.
pub(super) type Told = BTreeMap<ComponentId, ComponentStatus>;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewIncident {
    /// The caller's own unless given; the root key must say.
    pub(super) tenant: Option<String>,
    /// The id of an incident template, which says what is not given here.
    pub(super) template: Option<String>,
    /// As the public reads it. Needed without a template.
    title: Option<String>,
    /// `investigating` unless it is another of `identified`, `monitoring`, `resolved`.
    status: Option<String>,
    /// `minor` unless it is another of `none`, `major`, `critical`.
    impact: Option<String>,
    /// What is said first, in Markdown. Needed without a template or `updates`.
    body: Option<String>,
    /// By component: `operational`, `under_maintenance`, `unknown`, `degraded_performance`, `partial_outage` or
    /// `major_outage`.
    components: Option<BTreeMap<String, String>>,
    /// Whether the public does not see it yet; not unless said so.
    #[serde(default)]
    draft: bool,
    /// The whole timeline of an incident that is over, the oldest first, 2 to 200: in the place of `status`, `body` and
    /// `components`.
    updates: Option<Vec<PastUpdate>>,
}

/// One entry of the timeline of an incident that is over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PastUpdate {
    /// `investigating`, `identified`, `monitoring`, `resolved` or `postmortem`.
    status: String,
    /// In Markdown.
    body: String,
    /// In the past, and after the one before.
    #[schema(format = DateTime)]
    at: String,
    /// What was told of components.
    components: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IncidentChange {
    /// As it was unless given.
    title: Option<String>,
    /// As it was unless given.
    impact: Option<String>,
    /// True shows a draft to the public.
    publish: Option<bool>,
    /// As it was unless given.
    status: Option<String>,
    /// What is said, in Markdown; made from the status unless given.
    body: Option<String>,
    /// Laid over what was told of the components before.
    components: Option<BTreeMap<String, String>>,
}

/// Reads a word that the domain knows, `known` being all of them.
fn word<T: DeserializeOwned>(text: &str, known: &str) -> Result<T, String> {
    read_value(text.into()).map_err(|_| format!("expected {known}, got {text:?}"))
}

pub(super) fn status_of(text: &str) -> Result<IncidentStatus, String> {
    word(text, "investigating, identified, monitoring, resolved or postmortem")
}

pub(super) fn impact_of(text: &str) -> Result<Impact, String> {
    word(text, "none, minor, major or critical")
}

/// What is told of components, under `prefix`.
pub(super) fn told(
    faults: &mut Faults,
    components: Option<&BTreeMap<String, String>>,
    known: &BTreeSet<ComponentId>,
    prefix: &str,
) -> Told {
    let mut told = Told::new();
    for (id, status) in components.into_iter().flatten() {
        let pointer = format!("{prefix}/components/{}", escaped(id));
        let component = known.iter().find(|held| held.as_str() == id);
        faults.require(component.is_some(), &pointer, || "expected a component of this tenant".to_owned());
        let all = "operational, under_maintenance, unknown, degraded_performance, partial_outage or major_outage";
        let status = faults.keep(word(status, all), &pointer);
        told.extend(component.cloned().zip(status));
    }
    told
}

impl NewIncident {
    /// The incident that is asked for, of a tenant with the components `known`; what is not given stands in `template`.
    pub(super) fn read(
        self,
        (tenant, id): (TenantId, IncidentId),
        (by, now): (&str, Timestamp),
        (known, template): (&BTreeSet<ComponentId>, Option<&IncidentTemplate>),
    ) -> Result<Incident, Invalid> {
        let mut faults = Faults::default();
        let updates = match &self.updates {
            Some(past) => self.past(&mut faults, past, by, known),
            None => vec![self.first(&mut faults, (by, now), known, template)],
        };
        let impact = self.impact.as_deref().and_then(|text| faults.keep(impact_of(text), "/impact"));
        let impact = impact.or_else(|| template.map(|held| held.impact)).unwrap_or(Impact::Minor);
        let title = needed(&mut faults, self.title, template.map(|held| &held.title), "/title");
        // What is missing or unread is noted already: the rest is looked over all the same.
        let is_read = self.updates.as_ref().is_none_or(|past| past.len() > 1 && past.len() == updates.len());
        let begins = Beginning { title, impact, draft: self.draft, updates };
        let incident = if is_read { faults.absorb(Incident::manual(tenant, id, begins, now), "") } else { None };
        let checked = faults.finish().map_err(only_first);
        checked.map(|()| incident.expect("it is there when no fault was noted"))
    }

    fn first(
        &self,
        faults: &mut Faults,
        (by, at): (&str, Timestamp),
        known: &BTreeSet<ComponentId>,
        template: Option<&IncidentTemplate>,
    ) -> IncidentUpdate {
        let status = self.status.as_deref().and_then(|text| faults.keep(status_of(text), "/status"));
        let status = status.or_else(|| template.map(|held| held.status)).unwrap_or(IncidentStatus::Investigating);
        faults.require(status != IncidentStatus::Postmortem, "/status", || {
            "expected the incident to be resolved before its postmortem".to_owned()
        });
        let mut components = template.map(|held| held.components.clone()).unwrap_or_default();
        // What a template says of a component that has been removed since is left out.
        components.retain(|component, _| known.contains(component));
        components.extend(told(faults, self.components.as_ref(), known, ""));
        let body = needed(faults, self.body.clone(), template.map(|held| &held.body), "/body");
        IncidentUpdate { status, body, at, by: by.to_owned(), components }
    }

    fn past(
        &self,
        faults: &mut Faults,
        past: &[PastUpdate],
        by: &str,
        known: &BTreeSet<ComponentId>,
    ) -> Vec<IncidentUpdate> {
        let both = [
            (self.status.is_some(), "/status"),
            (self.body.is_some(), "/body"),
            (self.components.is_some(), "/components"),
        ];
        for (is_given, pointer) in both {
            faults.require(!is_given, pointer, || "expected nothing beside updates".to_owned());
        }
        faults.require(past.len() > 1, "/updates", || {
            format!("expected at least 2 updates, how it began and how it ended, got {}", past.len())
        });
        let mut read = |(index, update): (usize, &PastUpdate)| {
            let prefix = format!("/updates/{index}");
            let status = faults.keep(status_of(&update.status), &format!("{prefix}/status"));
            let at = faults.keep(update.at.parse(), &format!("{prefix}/at"));
            let components = told(faults, update.components.as_ref(), known, &prefix);
            let (status, at) = status.zip(at)?;
            Some(IncidentUpdate { status, body: update.body.clone(), at, by: by.to_owned(), components })
        };
        past.iter().enumerate().filter_map(&mut read).collect()
    }
}

/// What is given, or stands in the template; a fault, and nothing, when it is in neither.
fn needed(faults: &mut Faults, given: Option<String>, template: Option<&String>, pointer: &str) -> String {
    let found = given.or_else(|| template.cloned());
    let missing = || "expected a value: this field is required".to_owned();
    faults.keep(found.ok_or_else(missing), pointer).unwrap_or_default()
}

/// The faults, of each field the first: of a field that is missing it is not said that it is too short as well.
fn only_first(invalid: Invalid) -> Invalid {
    let mut seen = BTreeSet::new();
    Invalid(invalid.0.into_iter().filter(|fault| seen.insert(fault.pointer.clone())).collect())
}

impl IncidentChange {
    /// What this makes of `held`: one version more.
    pub(super) fn after(
        &self,
        held: &Incident,
        said: (&str, Timestamp),
        known: &BTreeSet<ComponentId>,
    ) -> Result<Incident, Invalid> {
        let is_relabelled = self.title.is_some() || self.impact.is_some() || self.publish.is_some();
        let is_told = self.status.is_some() || self.body.is_some() || self.components.is_some();
        let mut faults = Faults::default();
        faults.require(is_relabelled || is_told, "", || {
            "expected a title, an impact, publish, a status, a body or components".to_owned()
        });
        faults.require(self.publish != Some(false), "/publish", || {
            "expected true or nothing: what was published stays so".to_owned()
        });
        let impact = self.impact.as_deref().and_then(|text| faults.keep(impact_of(text), "/impact"));
        let mut next = held.clone();
        if is_relabelled {
            let publish = (self.publish == Some(true)).then_some(said.1);
            let relabelled = faults.absorb(held.relabelled(self.title.as_deref(), impact, publish), "");
            next = relabelled.unwrap_or(next);
        }
        if is_told {
            let update = self.update(&mut faults, held, said, known);
            next = faults.absorb(next.edited(update), "").unwrap_or(next);
        }
        faults.finish()?;
        Ok(Incident { version: held.version + 1, ..next })
    }

    /// The update that follows the latest one of `held`.
    fn update(
        &self,
        faults: &mut Faults,
        held: &Incident,
        (by, at): (&str, Timestamp),
        known: &BTreeSet<ComponentId>,
    ) -> IncidentUpdate {
        let latest = held.latest();
        let status = self.status.as_deref().and_then(|text| faults.keep(status_of(text), "/status"));
        let status = status.unwrap_or(latest.status);
        let mut components = latest.components.clone();
        components.extend(told(faults, self.components.as_ref(), known, ""));
        let body = self.body.clone().unwrap_or_else(|| match self.status {
            Some(_) => format!("Status changed to {}.", status.as_str()),
            None => "The state of the components changed.".to_owned(),
        });
        IncidentUpdate { status, body, at, by: by.to_owned(), components }
    }
}
