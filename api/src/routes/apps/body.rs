//! Frontend apps as they are written and shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use plimsoll_domain::frontend::{APP_KEY_PREFIX, AllowedOrigin, App, RateLimits, SampleRates};
use plimsoll_domain::ids::AppId;
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::time::Timestamp;

use crate::state::ApiState;

/// A frontend app, as it is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AppRequest {
    /// A slug of a-z, 0-9 and -; made when it is not given. In a PUT, that of the path.
    pub(super) id: Option<String>,
    /// What people call it.
    name: String,
    /// Where its envelopes go: `https://KEY@o1.ingest.sentry.io/2`. No other app of the tenant may have it.
    dsn: String,
    /// What the SDK is told of where it runs.
    environment: Option<String>,
    /// What the SDK is told of which version it is.
    release: Option<String>,
    /// How much the SDK sends.
    #[serde(default)]
    sample_rates: SampleRatesBody,
    /// Origins of pages that may send: `https://shop.example`, `https://*.shop.example` or `*`; at most 50. None: only
    /// pages of the origin that Plimsoll itself is reached at.
    #[serde(default)]
    allowed_origins: Vec<String>,
    /// How much passes.
    #[serde(default)]
    rate_limits: RateLimitsBody,
    /// The URL or path that the SDK is told to send to, where it is not the one made here: for a proxy of your own.
    tunnel: Option<String>,
}

/// Shares that the SDK sends, each 0 to 1; not given: the SDK's own default.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SampleRatesBody {
    /// Of errors.
    errors: Option<f64>,
    /// Of transactions.
    traces: Option<f64>,
    /// Of sessions, to be replayed.
    replays_session: Option<f64>,
    /// Of sessions with an error, to be replayed.
    replays_on_error: Option<f64>,
}

/// Envelopes a minute that pass, 1 to 100,000,000; as many may come at once.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RateLimitsBody {
    /// Of the whole app, in each process; 6,000 unless given.
    app_per_minute: Option<u32>,
    /// From one address (IPv6: from one network of 64 bits); 600 unless given.
    client_per_minute: Option<u32>,
}

/// A frontend app.
#[derive(Serialize, ToSchema)]
pub(super) struct AppView {
    #[schema(value_type = String)]
    id: AppId,
    /// Public: `GET /observability/sentry/config?app=` takes it.
    key: String,
    name: String,
    dsn: String,
    environment: Option<String>,
    release: Option<String>,
    sample_rates: SampleRatesBody,
    #[schema(value_type = Vec<String>)]
    allowed_origins: Vec<AllowedOrigin>,
    rate_limits: RateLimitsBody,
    tunnel: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<App> for AppView {
    fn from(app: App) -> Self {
        let SampleRates { errors, traces, replays_session, replays_on_error } = app.sample_rates;
        let RateLimits { app_per_minute, client_per_minute } = app.rate_limits;
        Self {
            id: app.id,
            key: app.key,
            name: app.name,
            dsn: app.dsn.as_str().to_owned(),
            environment: app.environment,
            release: app.release,
            sample_rates: SampleRatesBody { errors, traces, replays_session, replays_on_error },
            allowed_origins: app.allowed_origins,
            rate_limits: RateLimitsBody {
                app_per_minute: Some(app_per_minute),
                client_per_minute: Some(client_per_minute),
            },
            tunnel: app.tunnel,
            created_at: app.created_at,
        }
    }
}

impl AppRequest {
    /// The app that is asked for, in the place of `before`.
    pub(super) fn read(
        &self,
        id: Result<AppId, String>,
        state: &ApiState,
        before: Option<&App>,
    ) -> Result<App, Invalid> {
        let mut faults = Faults::default();
        let id = faults.keep(id, "/id");
        let dsn = faults.keep(self.dsn.parse(), "/dsn");
        let origins = self.allowed_origins.iter().enumerate();
        let origins = origins.filter_map(|(index, text)| {
            faults.keep(text.parse::<AllowedOrigin>(), &format!("/allowed_origins/{index}"))
        });
        let allowed_origins: Vec<AllowedOrigin> = origins.collect();
        // What else is wrong is said at once, also where there is no id or DSN to go with it.
        let (unnamed, nowhere) = ("a".parse().expect("a slug"), "http://a@a/1".parse().expect("a DSN"));
        let now = state.clock.now();
        let mut app = App {
            id: id.unwrap_or(unnamed),
            key: before.map_or_else(|| fresh_key(state), |before| before.key.clone()),
            name: self.name.trim().to_owned(),
            dsn: dsn.unwrap_or(nowhere),
            environment: self.environment.clone(),
            release: self.release.clone(),
            sample_rates: self.sample_rates.rates(),
            allowed_origins,
            rate_limits: self.rate_limits.limits(),
            tunnel: self.tunnel.clone(),
            created_at: before.map_or(now, |before| before.created_at),
            dsn_since: now,
        };
        if let Some(before) = before.filter(|before| before.dsn == app.dsn) {
            app.dsn_since = before.dsn_since;
        }
        faults.absorb(app.validate(), "");
        faults.finish().map(|()| app)
    }
}

/// 128 bits: it is a name that nobody guesses, not a secret.
fn fresh_key(state: &ApiState) -> String {
    state.entropy.bytes()[..16].iter().fold(APP_KEY_PREFIX.to_owned(), |key, byte| format!("{key}{byte:02x}"))
}

impl SampleRatesBody {
    const fn rates(&self) -> SampleRates {
        let Self { errors, traces, replays_session, replays_on_error } = self;
        SampleRates {
            errors: *errors,
            traces: *traces,
            replays_session: *replays_session,
            replays_on_error: *replays_on_error,
        }
    }
}

impl RateLimitsBody {
    fn limits(&self) -> RateLimits {
        let usual = RateLimits::default();
        RateLimits {
            app_per_minute: self.app_per_minute.unwrap_or(usual.app_per_minute),
            client_per_minute: self.client_per_minute.unwrap_or(usual.client_per_minute),
        }
    }
}
