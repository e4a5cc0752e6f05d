//! What a tenant has settled about its page: one document.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::access::Access;
use super::host::PageHost;
use super::logo::LogoRef;
use super::look::Look;
use crate::component::Component;
use crate::ids::{ComponentId, TenantId};
use crate::incident::AutoIncident;
use crate::invalid::{Faults, Invalid, check_text};

/// Most names of one page.
pub const MAX_HOSTS: usize = 20;
/// Most links to a private page.
pub const MAX_PAGE_LINKS: usize = 100;
const MAX_ORDER: usize = 500;

/// In which order components stand, and which do not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrangement {
    /// Names of groups, in the order they stand; others come after, by name.
    pub groups: Vec<String>,
    /// Components, in the order they stand within their groups; others come after, by name.
    pub components: Vec<ComponentId>,
    /// Components that the page does not show.
    pub hidden: BTreeSet<ComponentId>,
}

/// What a tenant has settled about its page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageConfig {
    /// Whose.
    pub tenant: TenantId,
    /// One more with each change; 0 for a page of which nothing was settled.
    pub version: u64,
    /// How it looks.
    pub look: Look,
    /// Its language (BCP 47) for whoever asks for none that there is; `None`: English.
    pub locale: Option<String>,
    /// The time zone of its instants.
    pub time_zone: Tz,
    /// In which order components stand.
    pub arrangement: Arrangement,
    /// What is done with incidents that open by themselves.
    pub auto_incident: AutoIncident,
    /// Whether anybody may subscribe by the page.
    pub subscribable: bool,
    /// Who may see it.
    pub access: Access,
    /// Under which names it is found.
    pub hosts: Vec<PageHost>,
    /// Its logo.
    pub logo: Option<LogoRef>,
}

impl PageConfig {
    /// A page of which nothing was settled.
    pub fn of(tenant: TenantId) -> Self {
        Self {
            tenant,
            version: 0,
            look: Look::default(),
            locale: None,
            time_zone: Tz::UTC,
            arrangement: Arrangement::default(),
            auto_incident: AutoIncident::default(),
            subscribable: true,
            access: Access::default(),
            hosts: Vec::new(),
            logo: None,
        }
    }

    /// What stands on top of the page of a tenant of this name.
    pub fn title<'a>(&'a self, name: &'a str) -> &'a str {
        self.look.title.as_deref().unwrap_or(name)
    }

    /// What is done with an incident that `component` opens: the public is told nothing of what it is not shown.
    pub fn auto_incident_of(&self, component: &ComponentId) -> AutoIncident {
        match self.auto_incident {
            AutoIncident::Publish if self.arrangement.hidden.contains(component) => AutoIncident::Draft,
            mode => mode,
        }
    }

    /// Refuses what cannot be shown; whether `locale` is one that there is, is for whoever has the words.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        faults.absorb(self.look.validate(), "");
        faults.absorb(self.access.validate(), "/access");
        let Arrangement { groups, components, hidden } = &self.arrangement;
        for (count, pointer) in
            [(groups.len(), "/groups"), (components.len(), "/components"), (hidden.len(), "/hidden")]
        {
            faults.require(count <= MAX_ORDER, pointer, || format!("expected at most {MAX_ORDER}, got {count}"));
        }
        for (index, group) in groups.iter().enumerate() {
            check_text(&mut faults, group, 80, &format!("/groups/{index}"));
        }
        let hosts = self.hosts.len();
        faults.require(hosts <= MAX_HOSTS, "/hosts", || format!("expected at most {MAX_HOSTS} names, got {hosts}"));
        faults.finish()
    }
}

impl Arrangement {
    /// What `component` is sorted by.
    pub fn place<'a>(&self, component: &'a Component) -> impl Ord + use<'a> {
        let group = component.group.as_deref();
        let of_group = match group {
            // Those without a heading stand first.
            None => 0,
            Some(group) => 1 + self.groups.iter().position(|held| held == group).unwrap_or(self.groups.len()),
        };
        let of_component =
            self.components.iter().position(|held| *held == component.id).unwrap_or(self.components.len());
        (of_group, group, of_component, &component.name, &component.id)
    }
}
