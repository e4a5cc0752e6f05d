//! Everything that a page is made of, in one document: what `plimsoll export` makes static files from.
//!
//! It holds what the public may see, and nothing that lets anybody in: no hash of a password, no links, no drafts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::access::Access;
use super::config::PageConfig;
use super::logo::{Logo, LogoKind};
use super::snapshot::StatusSnapshot;
use crate::incident::Incident;
use crate::maintenance::Maintenance;
use crate::time::Timestamp;

/// The form of the document; another one is another number.
pub const BUNDLE_FORMAT: u32 = 1;
/// Most incidents of a bundle, the newest.
pub const BUNDLED_INCIDENTS: usize = 200;

/// Everything that a page is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageBundle {
    /// [`BUNDLE_FORMAT`].
    pub format: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// The tenant's name.
    pub name: String,
    /// What the tenant settled about its page.
    pub page: PageConfig,
    /// What the page last showed; `None` before the first tick.
    pub snapshot: Option<StatusSnapshot>,
    /// Published incidents, newest start first.
    pub incidents: Vec<Incident>,
    /// Its maintenance, that which recurs and that which is over included.
    pub maintenances: Vec<Maintenance>,
    /// Its logo.
    pub logo: Option<BundledLogo>,
}

/// A logo in text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundledLogo {
    /// What kind of picture it is.
    pub kind: LogoKind,
    /// Its bytes.
    pub base64: String,
}

impl BundledLogo {
    /// The logo as text.
    pub fn of(logo: &Logo) -> Self {
        Self { kind: logo.about.kind, base64: STANDARD.encode(&logo.bytes) }
    }

    /// Its bytes; the error says what was expected.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        STANDARD.decode(&self.base64).map_err(|error| format!("expected a logo in base64: {error}"))
    }
}

/// What a bundle is made of, as it is stored.
#[derive(Debug)]
pub struct BundleParts {
    /// The tenant's name.
    pub name: String,
    /// What the tenant settled about its page.
    pub page: PageConfig,
    /// What the page last showed.
    pub snapshot: Option<StatusSnapshot>,
    /// Its incidents, newest start first.
    pub incidents: Vec<Incident>,
    /// Its maintenance.
    pub maintenances: Vec<Maintenance>,
    /// Its logo.
    pub logo: Option<Logo>,
}

impl PageBundle {
    /// A bundle of `parts`, without what the page does not show.
    pub fn of(parts: BundleParts, now: Timestamp) -> Self {
        let BundleParts { name, mut page, snapshot, mut incidents, mut maintenances, logo } = parts;
        let Access { private, networks, .. } = page.access;
        page.access = Access { private, networks, ..Access::default() };
        let hidden = &page.arrangement.hidden;
        incidents.retain(|incident| !incident.draft);
        incidents.truncate(BUNDLED_INCIDENTS);
        for update in incidents.iter_mut().flat_map(|incident| &mut incident.updates) {
            update.components.retain(|component, _| !hidden.contains(component));
        }
        for held in &mut maintenances {
            held.components.retain(|component| !hidden.contains(component));
        }
        maintenances.retain(|held| !held.components.is_empty());
        let logo = logo.as_ref().map(BundledLogo::of);
        Self { format: BUNDLE_FORMAT, made_at: now, name, page, snapshot, incidents, maintenances, logo }
    }

    /// The bundle in `text`; refuses one of another form, which would be read wrong.
    pub fn read(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Form {
            format: u32,
        }
        let wrong = |error: serde_json::Error| format!("expected a page bundle: {error}");
        let Form { format } = serde_json::from_str(text).map_err(wrong)?;
        if format != BUNDLE_FORMAT {
            return Err(format!("expected a page bundle of format {BUNDLE_FORMAT}, got format {format}"));
        }
        serde_json::from_str(text).map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::access::PageLink;
    use super::super::logo::LogoRef;
    use super::*;
    use crate::incident::{Beginning, ComponentStatus, Impact, IncidentStatus, IncidentUpdate};

    const SECOND: Timestamp = Timestamp::from_seconds(1);

    fn incident(id: &str, draft: bool) -> Incident {
        let component = |id: &str| (id.parse().expect("slug"), ComponentStatus::MajorOutage);
        let update = IncidentUpdate {
            status: IncidentStatus::Investigating,
            body: "We look.".to_owned(),
            at: SECOND,
            by: "ops".to_owned(),
            components: BTreeMap::from([component("web"), component("inner")]),
        };
        let begins = Beginning { title: "Down".to_owned(), impact: Impact::Major, draft, updates: vec![update] };
        Incident::manual("acme".parse().expect("slug"), id.parse().expect("slug"), begins, SECOND).expect("valid")
    }

    fn bundle() -> PageBundle {
        let mut page = PageConfig::of("acme".parse().expect("slug"));
        page.arrangement.hidden.insert("inner".parse().expect("slug"));
        let link = PageLink {
            id: "lnk-1".parse().expect("slug"),
            name: "Board".to_owned(),
            expires_at: None,
            created_at: SECOND,
        };
        page.access = Access {
            private: true,
            password_hash: Some("$argon2id$".to_owned()),
            epoch: 2,
            links: vec![link],
            ..Access::default()
        };
        let tenant = page.tenant.clone();
        let hash = LogoRef::hash_of(&[1, 2, 3]);
        let about = LogoRef { kind: LogoKind::Png, hash, width: 1, height: 1 };
        let maintenance = |id: &str, component: &str| {
            let (id, components) = (id.parse().expect("slug"), vec![component.parse().expect("slug")]);
            Maintenance::once(tenant.clone(), id, "Move", components, SECOND..Timestamp::from_seconds(2))
        };
        let parts = BundleParts {
            name: "Acme".to_owned(),
            page,
            snapshot: None,
            incidents: vec![incident("one", false), incident("two", true)],
            maintenances: vec![maintenance("m-1", "web"), maintenance("m-2", "inner")],
            logo: Some(Logo { tenant: tenant.clone(), about, bytes: vec![1, 2, 3] }),
        };
        PageBundle::of(parts, SECOND)
    }

    #[test]
    fn what_is_not_public_stays_behind() {
        let bundle = bundle();
        let text = serde_json::to_string(&bundle).expect("serialises");
        assert!(!text.contains("argon2") && !text.contains("lnk-1"), "{text}");
        assert!(bundle.page.access.private, "a private page says so");
        assert_eq!((bundle.incidents.len(), bundle.maintenances.len()), (1, 1));
        assert_eq!(bundle.incidents[0].updates[0].components.len(), 1);
    }

    #[test]
    fn it_is_read_as_it_was_written_and_another_form_is_refused() {
        let bundle = bundle();
        let text = serde_json::to_string(&bundle).expect("serialises");
        assert_eq!(PageBundle::read(&text), Ok(bundle.clone()));
        assert_eq!(bundle.logo.expect("a logo").bytes(), Ok(vec![1, 2, 3]));
        let newer = text.replacen("\"format\":1", "\"format\":2", 1);
        assert!(PageBundle::read(&newer).expect_err("another form").contains("got format 2"));
        assert!(PageBundle::read("{}").is_err());
    }
}
