//! What stands on a server: of each section, what somebody settled.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::Value;

use plimsoll_domain::ids::TenantId;

use super::section::{Section, Shape};
use crate::client::{Client, ClientError};

/// A tenant as a server has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    /// Its name; `None`: there is no such tenant, or none that the key may see.
    pub(super) name: Option<String>,
    /// Those sections that were asked for.
    pub(super) held: BTreeMap<Section, Held>,
}

/// A section as a server has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Held {
    /// One document, and the `ETag` of its version.
    Document {
        /// What is settled.
        settled: Value,
        /// Names the version, quotes included.
        etag: Option<String>,
    },
    /// Things by their names.
    Collection(BTreeMap<String, Thing>),
}

/// One of a collection.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Thing {
    /// What is settled of it.
    pub(super) settled: Value,
    /// Whether it is over, so that a file has nothing to say of it.
    pub(super) is_over: bool,
}

impl State {
    /// Asks a server for `sections` of `tenant`.
    pub(super) async fn read(
        client: &Client,
        tenant: &TenantId,
        sections: impl IntoIterator<Item = Section>,
    ) -> Result<Self, ClientError> {
        let name = match client.get_json(&format!("/tenants/{tenant}")).await {
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => return Ok(Self::default()),
            answer => answer?["name"].as_str().map(str::to_owned),
        };
        let mut held = BTreeMap::new();
        for section in sections {
            held.insert(section, Held::read(client, tenant, section).await?);
        }
        Ok(Self { name, held })
    }

    /// What is settled of a section that is one document.
    pub(super) fn document(&self, section: Section) -> (Option<&Value>, Option<&str>) {
        match self.held.get(&section) {
            Some(Held::Document { settled, etag }) => (Some(settled), etag.as_deref()),
            _ => (None, None),
        }
    }

    /// The things of a section, by name.
    pub(super) fn things(&self, section: Section) -> impl Iterator<Item = (&str, &Thing)> {
        let things = match self.held.get(&section) {
            Some(Held::Collection(things)) => Some(things),
            _ => None,
        };
        things.into_iter().flatten().map(|(name, thing)| (name.as_str(), thing))
    }

    /// What is settled of one thing of a section.
    pub(super) fn thing(&self, section: Section, name: &str) -> Option<&Value> {
        match self.held.get(&section) {
            Some(Held::Collection(things)) => things.get(name).map(|thing| &thing.settled),
            _ => None,
        }
    }
}

impl Held {
    async fn read(client: &Client, tenant: &TenantId, section: Section) -> Result<Self, ClientError> {
        let path = section.path(tenant);
        let Shape::Collection { named_by, .. } = section.shape() else {
            let answer = client.read(&path).await?;
            return Ok(Self::Document { settled: section.settled(&answer.body), etag: answer.etag });
        };
        let mut things = BTreeMap::new();
        for shown in client.get_all(&path).await? {
            let Some(name) = shown[named_by].as_str() else { continue };
            let thing = Thing { settled: section.settled(&shown), is_over: section.is_over(&shown) };
            // Of keys several may have one name: the oldest is the one that is meant.
            things.entry(name.to_owned()).or_insert(thing);
        }
        Ok(Self::Collection(things))
    }
}
