//! Frontend apps: whose envelopes pass, and what `Sentry.init` is told.

use serde::{Deserialize, Serialize};
use url::Url;

use super::dsn::Dsn;
use super::origin::AllowedOrigin;
use crate::ids::AppId;
use crate::invalid::{Faults, Invalid, check_text};
use crate::time::Timestamp;

/// What every app's key starts with. It is public: it stands in the frontend.
pub const APP_KEY_PREFIX: &str = "pla_";
const MAX_ORIGINS: usize = 50;
const MOST_A_MINUTE: u32 = 100_000_000;

/// A frontend app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct App {
    /// Its id within the tenant.
    pub id: AppId,
    /// By which it asks for its configuration, and sends reports. Public.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// Where its envelopes go.
    pub dsn: Dsn,
    /// What the SDK is told of where it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What the SDK is told of which version it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// How much the SDK sends.
    #[serde(default)]
    pub sample_rates: SampleRates,
    /// From which pages browsers may send. None: only pages of the origin that Plimsoll itself is reached at.
    #[serde(default)]
    pub allowed_origins: Vec<AllowedOrigin>,
    /// How much passes.
    #[serde(default)]
    pub rate_limits: RateLimits,
    /// The URL or path that the SDK is told to send to, where it is not the one made here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tunnel: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Since when it has this DSN: of two tenants' apps with one DSN, it is whose that had it first.
    pub dsn_since: Timestamp,
}

/// Shares of what happens that the SDK sends, each 0 to 1; `None`: the SDK's own default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SampleRates {
    /// Errors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<f64>,
    /// Transactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traces: Option<f64>,
    /// Replays of any session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replays_session: Option<f64>,
    /// Replays of sessions with an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replays_on_error: Option<f64>,
}

/// Envelopes a minute that pass; as many may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RateLimits {
    /// Of the whole app, in each process.
    pub app_per_minute: u32,
    /// From one address: an IPv4 address, or an IPv6 network of 64 bits.
    pub client_per_minute: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { app_per_minute: 6_000, client_per_minute: 600 }
    }
}

impl App {
    /// Refuses texts that are empty or too long, rates that are none, and limits that let nothing pass.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        check_text(&mut faults, &self.name, 120, "/name");
        for (text, max, pointer) in [(&self.environment, 64, "/environment"), (&self.release, 200, "/release")] {
            if let Some(text) = text {
                check_text(&mut faults, text, max, pointer);
                faults.require(!text.contains('\n'), pointer, || "expected one line".to_owned());
            }
        }
        if let Some(environment) = &self.environment {
            // Sentry takes none with a slash.
            faults.require(!environment.contains(['/', '\\']), "/environment", || "expected no slash".to_owned());
        }
        self.sample_rates.check(&mut faults);
        self.rate_limits.check(&mut faults);
        let origins = self.allowed_origins.len();
        faults.require(origins <= MAX_ORIGINS, "/allowed_origins", || {
            format!("expected at most {MAX_ORIGINS} origins, got {origins}")
        });
        if let Some(tunnel) = &self.tunnel {
            faults.require(is_place(tunnel), "/tunnel", || {
                format!("expected a path such as /c7, or a URL of http or https, got {tunnel:?}")
            });
        }
        faults.finish()
    }
}

/// Whether an SDK may be told to send there: a path of the page's own origin, or a URL.
fn is_place(text: &str) -> bool {
    let is_path = text.starts_with('/') && !text.starts_with("//") && !text.contains('\\');
    let is_url =
        Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty());
    text.len() <= 400 && text.chars().all(|c| c.is_ascii_graphic()) && (is_path || is_url)
}

impl SampleRates {
    fn check(&self, faults: &mut Faults) {
        let Self { errors, traces, replays_session, replays_on_error } = self;
        for (name, rate) in [
            ("errors", errors),
            ("traces", traces),
            ("replays_session", replays_session),
            ("replays_on_error", replays_on_error),
        ] {
            let holds = rate.is_none_or(|rate| (0.0..=1.0).contains(&rate));
            let got = || format!("expected 0 to 1, got {}", rate.unwrap_or_default());
            faults.require(holds, &format!("/sample_rates/{name}"), got);
        }
    }
}

impl RateLimits {
    fn check(self, faults: &mut Faults) {
        for (name, limit) in [("app_per_minute", self.app_per_minute), ("client_per_minute", self.client_per_minute)] {
            faults.require((1..=MOST_A_MINUTE).contains(&limit), &format!("/rate_limits/{name}"), || {
                format!("expected 1 to {MOST_A_MINUTE} envelopes a minute, got {limit}")
            });
        }
    }
}
