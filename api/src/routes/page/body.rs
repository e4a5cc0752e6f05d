//! What is settled about a page, as it is written and shown.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::incident::AutoIncident;
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::page::{Access, Arrangement, Link, Look, PageConfig};
use plimsoll_words::Locale;

use super::hosts::HostView;
use super::logo::LogoView;
use crate::extract::Given;
use crate::routes::members;

const SHORTEST_PASSWORD: usize = 8;
const LONGEST_PASSWORD: usize = 128;

/// What is settled about a page, as it is asked for. What is not given is as for a page of which nothing was settled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PageRequest {
    /// What stands on top; the tenant's name unless given.
    title: Option<String>,
    /// A few words under it, in Markdown, in at most 1,000 characters.
    header: Option<String>,
    /// Links on top, at most 10.
    #[serde(default)]
    links: Vec<LinkBody>,
    /// Of links and of what can be acted on, `#rrggbb`: with a contrast of at least 4.5 on light ground.
    colour: Option<String>,
    /// The same on dark ground; made from `colour` unless given.
    colour_dark: Option<String>,
    /// The language for whoever asks for none that there is, such as `sv`; English unless given.
    locale: Option<String>,
    /// Of its instants, such as `Europe/Stockholm`; UTC unless given.
    time_zone: Option<String>,
    /// Names of groups, in the order they stand; others come after, by name.
    #[serde(default)]
    groups: Vec<String>,
    /// Ids of components, in the order they stand within their groups; others come after, by name.
    #[serde(default)]
    components: Vec<String>,
    /// Ids of components that the page does not show.
    #[serde(default)]
    hidden: Vec<String>,
    /// What is done with incidents that open by themselves: `publish` unless it is `draft` or `off`.
    auto_incident: Option<String>,
    /// Whether anybody may subscribe by the page; so unless said otherwise.
    subscribable: Option<bool>,
    /// Who may see it; as it was unless given.
    access: Option<AccessRequest>,
}

/// Who may see a page, as it is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccessRequest {
    /// Whether only some may: those with the password, from one of the networks, or with a link.
    private: bool,
    /// 8 to 128 characters; null: none any more; not given: as it was.
    #[serde(default)]
    #[schema(value_type = Option<String>, write_only)]
    password: Given<String>,
    /// Such as `192.0.2.0/24` or `2001:db8::/32`, at most 100.
    #[serde(default)]
    networks: Vec<String>,
}

/// A link on top of the page.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LinkBody {
    label: String,
    /// `https://`, `http://` or `mailto:`.
    url: String,
}

/// What is settled about a page.
#[derive(Serialize, ToSchema)]
pub(super) struct PageView {
    title: Option<String>,
    header: Option<String>,
    links: Vec<LinkBody>,
    colour: Option<String>,
    colour_dark: Option<String>,
    locale: Option<String>,
    time_zone: String,
    groups: Vec<String>,
    #[schema(value_type = Vec<String>)]
    components: Vec<ComponentId>,
    #[schema(value_type = Vec<String>)]
    hidden: Vec<ComponentId>,
    /// `publish`, `draft` or `off`.
    #[schema(value_type = String)]
    auto_incident: AutoIncident,
    subscribable: bool,
    access: AccessView,
    /// Null when there is none.
    logo: Option<LogoView>,
    hosts: Vec<HostView>,
    /// One more with each change.
    version: u64,
}

/// Who may see a page.
#[derive(Serialize, ToSchema)]
struct AccessView {
    private: bool,
    /// The password itself is not kept.
    has_password: bool,
    #[schema(value_type = Vec<String>)]
    networks: Vec<IpNet>,
    /// How many links let their holders in, those that have ended included.
    link_count: usize,
}

impl PageRequest {
    /// The password that is asked for, if it can be one.
    pub(super) fn password(&self) -> Option<&str> {
        let Given::Value(password) = &self.access.as_ref()?.password else { return None };
        is_long_enough(password).then_some(password)
    }

    /// What is asked for in the place of `held`, of a tenant with the components `known`; `hash`: of the password;
    /// `epoch`: of a page of which it is settled for the first time who may see it.
    pub(super) fn read(
        &self,
        held: &PageConfig,
        known: &BTreeSet<ComponentId>,
        (hash, epoch): (Option<&str>, u64),
    ) -> Result<PageConfig, Invalid> {
        let mut faults = Faults::default();
        let usual = PageConfig::of(held.tenant.clone());
        let locale = self.locale.as_deref().and_then(|tag| faults.keep(locale(tag), "/locale"));
        let zone = self.time_zone.as_deref().and_then(|name| {
            let wrong = |_| format!("expected a time zone such as Europe/Stockholm, got {name:?}");
            faults.keep(name.parse().map_err(wrong), "/time_zone")
        });
        let mode = self.auto_incident.as_deref().and_then(|word| faults.keep(auto_incident(word), "/auto_incident"));
        let config = PageConfig {
            look: self.look(&mut faults),
            locale,
            time_zone: zone.unwrap_or(usual.time_zone),
            arrangement: self.arrangement(&mut faults, &held.arrangement, known),
            auto_incident: mode.unwrap_or_default(),
            subscribable: self.subscribable.unwrap_or(usual.subscribable),
            access: match &self.access {
                Some(asked) => asked.read(&mut faults, &held.access, (hash, epoch)),
                None => held.access.clone(),
            },
            ..held.clone()
        };
        faults.absorb(config.validate(), "");
        faults.finish().map(|()| config)
    }

    fn look(&self, faults: &mut Faults) -> Look {
        let mut colour =
            |text: &Option<String>, pointer| text.as_deref().and_then(|text| faults.keep(text.parse(), pointer));
        Look {
            title: self.title.as_deref().map(|title| title.trim().to_owned()),
            header: self.header.clone(),
            links: self.links.iter().map(|link| Link { label: link.label.clone(), url: link.url.clone() }).collect(),
            colour: colour(&self.colour, "/colour"),
            colour_dark: colour(&self.colour_dark, "/colour_dark"),
        }
    }

    /// A component that has been removed since may stay where it stood, so that what was read can be written back.
    fn arrangement(&self, faults: &mut Faults, held: &Arrangement, known: &BTreeSet<ComponentId>) -> Arrangement {
        let known = held.components.iter().chain(&held.hidden).chain(known).cloned().collect();
        Arrangement {
            groups: self.groups.iter().map(|group| group.trim().to_owned()).collect(),
            components: members(faults, &self.components, "/components", &known),
            hidden: members(faults, &self.hidden, "/hidden", &known).into_iter().collect(),
        }
    }
}

impl AccessRequest {
    fn read(&self, faults: &mut Faults, held: &Access, (hash, epoch): (Option<&str>, u64)) -> Access {
        let mut networks = Vec::with_capacity(self.networks.len());
        for (index, text) in self.networks.iter().enumerate() {
            networks.extend(faults.keep(network(text), &format!("/access/networks/{index}")));
        }
        let password_hash = self.password.over(held.password_hash.clone(), |password| {
            faults.require(is_long_enough(password), "/access/password", || {
                format!("expected {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
            });
            hash.map(str::to_owned)
        });
        let mut access = Access { private: self.private, password_hash, networks, ..held.clone() };
        if access != *held {
            access.epoch = if held.epoch == 0 { epoch } else { held.epoch + 1 };
        }
        access
    }
}

fn is_long_enough(password: &str) -> bool {
    (SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&password.chars().count())
}

/// A network, or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let single = || text.parse::<IpAddr>().map(IpNet::from);
    let found = text.parse::<IpNet>().or_else(|_| single());
    found.map(|network| network.trunc()).map_err(|_| format!("expected a network such as 192.0.2.0/24, got {text:?}"))
}

/// The tag of a language that there are words in.
pub(in crate::routes) fn locale(tag: &str) -> Result<String, String> {
    let all = || Locale::all().map(Locale::tag).collect::<Vec<_>>().join(", ");
    Locale::find(tag)
        .map(|found| found.tag().to_owned())
        .ok_or_else(|| format!("expected one of {}, got {tag:?}", all()))
}

fn auto_incident(word: &str) -> Result<AutoIncident, String> {
    match word {
        "publish" => Ok(AutoIncident::Publish),
        "draft" => Ok(AutoIncident::Draft),
        "off" => Ok(AutoIncident::Off),
        _ => Err(format!("expected publish, draft or off, got {word:?}")),
    }
}

impl PageView {
    /// `config` as it is shown.
    pub(super) fn of(config: &PageConfig) -> Self {
        let Look { title, header, links, colour, colour_dark } = config.look.clone();
        let Arrangement { groups, components, hidden } = config.arrangement.clone();
        Self {
            title,
            header,
            links: links.into_iter().map(|link| LinkBody { label: link.label, url: link.url }).collect(),
            colour: colour.map(|colour| colour.to_string()),
            colour_dark: colour_dark.map(|colour| colour.to_string()),
            locale: config.locale.clone(),
            time_zone: config.time_zone.name().to_owned(),
            groups,
            components,
            hidden: hidden.into_iter().collect(),
            auto_incident: config.auto_incident,
            subscribable: config.subscribable,
            access: AccessView {
                private: config.access.private,
                has_password: config.access.password_hash.is_some(),
                networks: config.access.networks.clone(),
                link_count: config.access.links.len(),
            },
            logo: config.logo.as_ref().map(LogoView::from),
            hosts: config.hosts.iter().map(HostView::from).collect(),
            version: config.version,
        }
    }
}
