//! All frontend apps of a tenant: one document, since they are few, and what holds between them is judged together.

use serde::{Deserialize, Serialize};

use super::alias::Alias;
use super::app::App;
use crate::ids::{AppId, TenantId};
use crate::invalid::Invalid;
use crate::time::Timestamp;

/// Most apps a tenant may have.
pub const MAX_APPS: usize = 100;

/// A tenant's frontend apps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrontendApps {
    /// Whose.
    pub tenant: TenantId,
    /// One more with each change; 0: nothing is stored yet.
    pub version: u64,
    /// A path of the tenant's own at which envelopes are taken, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<Alias>,
    /// Since when: of two tenants with one path, it is whose that had it first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias_since: Option<Timestamp>,
    /// By id.
    pub apps: Vec<App>,
}

impl FrontendApps {
    /// A tenant that has none.
    pub const fn none(tenant: TenantId) -> Self {
        Self { tenant, version: 0, alias: None, alias_since: None, apps: Vec::new() }
    }

    /// The app of this id.
    pub fn app(&self, id: &AppId) -> Option<&App> {
        self.apps.iter().find(|app| app.id == *id)
    }

    /// The next version, with `app` in the place of the one of its id, if there is one. Refused when another app has its
    /// DSN: an envelope says nothing else of whose it is.
    pub fn with(&self, app: App) -> Result<Self, Invalid> {
        app.validate()?;
        let others = self.apps.iter().filter(|other| other.id != app.id);
        if let Some(other) = others.clone().find(|other| other.dsn == app.dsn) {
            return Err(Invalid::at("/dsn", format!("expected a DSN that no other app has; {} has it", other.id)));
        }
        let mut apps: Vec<App> = others.cloned().collect();
        apps.push(app);
        apps.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(Self { apps, ..self.next() })
    }

    /// The next version, without this app; `None` when there is none.
    pub fn without(&self, id: &AppId) -> Option<Self> {
        self.app(id)?;
        let apps = self.apps.iter().filter(|app| app.id != *id).cloned().collect();
        Some(Self { apps, ..self.next() })
    }

    /// The next version, with this alias from `now` on, unless it had it already.
    #[must_use]
    pub fn with_alias(&self, alias: Option<Alias>, now: Timestamp) -> Self {
        let alias_since = if alias == self.alias { self.alias_since } else { alias.as_ref().map(|_| now) };
        Self { alias, alias_since, ..self.next() }
    }

    fn next(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::{RateLimits, SampleRates};

    fn app(id: &str, dsn: &str) -> App {
        App {
            id: id.parse().expect("a slug"),
            key: format!("pla_{id}"),
            name: id.to_owned(),
            dsn: dsn.parse().expect("a DSN"),
            environment: None,
            release: None,
            sample_rates: SampleRates::default(),
            allowed_origins: Vec::new(),
            rate_limits: RateLimits::default(),
            tunnel: None,
            created_at: Timestamp::from_millis(0),
            dsn_since: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn each_change_is_a_version_and_a_dsn_is_one_apps() {
        let none = FrontendApps::none("shop".parse().expect("a slug"));
        let one = none.with(app("web", "https://k@h/1")).expect("valid");
        let two = one.with(app("admin", "https://k@h/2")).expect("valid");
        assert_eq!((two.version, two.apps[0].id.as_str(), two.apps.len()), (2, "admin", 2));
        let taken = two.with(app("other", "https://k@h/1")).expect_err("taken");
        assert_eq!(taken.0[0].pointer, "/dsn");
        let changed = two.with(app("web", "https://k@h/3")).expect("valid");
        assert_eq!((changed.version, changed.apps.len()), (3, 2));
        let gone = changed.without(&"web".parse().expect("a slug")).expect("it was there");
        assert_eq!((gone.version, gone.apps.len()), (4, 1));
        assert!(gone.without(&"web".parse().expect("a slug")).is_none());
        let at = Timestamp::from_seconds;
        let path = |text: &str| Some(text.parse::<Alias>().expect("a path"));
        let chosen = gone.with_alias(path("/c7"), at(1));
        assert_eq!((chosen.version, &chosen.alias, chosen.alias_since), (5, &path("/c7"), Some(at(1))));
        assert_eq!(chosen.with_alias(path("/c7"), at(2)).alias_since, Some(at(1)));
        assert_eq!(chosen.with_alias(path("/c8"), at(2)).alias_since, Some(at(2)));
        assert_eq!(chosen.with_alias(None, at(2)).alias_since, None);
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_field() {
        let good = app("web", "https://k@h/1");
        let rates = |errors, traces| SampleRates { errors, traces, ..SampleRates::default() };
        let limits = |app_per_minute| RateLimits { app_per_minute, ..RateLimits::default() };
        for (wrong, pointer) in [
            (App { name: " ".to_owned(), ..good.clone() }, "/name"),
            (App { environment: Some("a/b".to_owned()), ..good.clone() }, "/environment"),
            (App { release: Some("a\nb".to_owned()), ..good.clone() }, "/release"),
            (App { sample_rates: rates(Some(1.5), None), ..good.clone() }, "/sample_rates/errors"),
            (App { sample_rates: rates(None, Some(f64::NAN)), ..good.clone() }, "/sample_rates/traces"),
            (App { rate_limits: limits(0), ..good.clone() }, "/rate_limits/app_per_minute"),
            (App { tunnel: Some("//evil.example/x".to_owned()), ..good.clone() }, "/tunnel"),
            (App { tunnel: Some("javascript:alert(1)".to_owned()), ..good.clone() }, "/tunnel"),
        ] {
            let faults = wrong.validate().expect_err(pointer).0;
            assert_eq!(faults.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(), [pointer]);
        }
        for tunnel in ["/c7/beacon", "https://errors.shop.example/c7"] {
            assert_eq!(App { tunnel: Some(tunnel.to_owned()), ..good.clone() }.validate(), Ok(()), "{tunnel}");
        }
    }
}
