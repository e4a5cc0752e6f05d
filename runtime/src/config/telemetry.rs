//! Where what the process sees of itself goes: spans, metrics, profiles, and its own errors.
//!
//! The `OTEL_*` names are those of OpenTelemetry's specification. Those of its other variables that are not heeded here are
//! not refused: they may be there for other programs on the machine.

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::ConfigError;
use super::raw::wrong;
use crate::masking;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const PYROSCOPE: &str = "PLIMSOLL_PYROSCOPE_URL";
const DSN: &str = "PLIMSOLL_SENTRY_DSN";

/// Where what the process sees of itself goes.
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// `OTEL_ENABLED`: where spans are sent; none without it.
    pub traces: Option<TracesConfig>,
    /// What is counted.
    pub metrics: MetricsConfig,
    /// `PLIMSOLL_PYROSCOPE_URL`: where profiles are pushed, `http://` or `https://`; may hold a user and a password.
    pub pyroscope: Option<SecretString>,
    /// `PLIMSOLL_SENTRY_DSN`: where our own errors are sent; none without it.
    pub own_errors: Option<OwnErrorsConfig>,
}

/// Where spans are sent, and how many of them.
#[derive(Clone, Debug)]
pub struct TracesConfig {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: a collector that speaks OTLP over gRPC, `http://` or `https://` with a host.
    pub endpoint: Url,
    /// `OTEL_SERVICE_NAME`: how spans name us.
    pub service_name: String,
    /// `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`: which traces are kept.
    pub sampler: TraceSampler,
    /// `OTEL_RESOURCE_ATTRIBUTES`: what else is said of this process, as names and values.
    pub resource: Vec<(String, String)>,
    /// `OTEL_EXPORTER_OTLP_HEADERS`: what the collector is told with every request, as names and values.
    pub headers: Vec<(String, SecretString)>,
}

/// Which traces are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceSampler {
    /// Whether a caller that has decided is followed.
    pub parent_based: bool,
    /// Share of the other traces that are kept, 0 to 1.
    pub ratio: f64,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricsConfig {
    /// `PLIMSOLL_METRICS_ENABLED`: whether anything is.
    pub enabled: bool,
    /// `PLIMSOLL_METRICS_TENANTS`: how many tenants have series of their own.
    pub tenants: usize,
}

/// Where our own errors are sent.
#[derive(Clone, Debug)]
pub struct OwnErrorsConfig {
    /// `PLIMSOLL_SENTRY_DSN`: a project of a Sentry server, `https://KEY@HOST/PROJECT`.
    pub dsn: SecretString,
    /// `PLIMSOLL_SENTRY_ENVIRONMENT`: which installation of ours it was.
    pub environment: String,
}

/// The same, as it was given.
pub(super) struct Given {
    pub(super) otel_enabled: Option<bool>,
    pub(super) endpoint: Option<String>,
    pub(super) service_name: Option<String>,
    pub(super) sampler: Option<String>,
    pub(super) sampler_arg: Option<f64>,
    pub(super) resource: Option<String>,
    pub(super) headers: Option<SecretString>,
    pub(super) metrics: Option<bool>,
    pub(super) tenants: Option<usize>,
    pub(super) pyroscope: Option<SecretString>,
    pub(super) dsn: Option<SecretString>,
    pub(super) environment: Option<String>,
}

impl Given {
    /// What is not wanted is checked, too: a slip of the pen shall not wait for the day on which it is.
    pub(super) fn check(self) -> Result<TelemetryConfig, ConfigError> {
        let enabled = self.otel_enabled.unwrap_or(self.endpoint.is_some());
        let traces = TracesConfig {
            endpoint: web_address(ENDPOINT, self.endpoint.as_deref().unwrap_or("http://127.0.0.1:4317"))?,
            service_name: self.service_name.unwrap_or_else(|| "plimsoll".to_owned()),
            sampler: sampler(self.sampler.as_deref(), self.sampler_arg)?,
            resource: pairs("OTEL_RESOURCE_ATTRIBUTES", self.resource.as_deref())?,
            headers: headers(self.headers.as_ref())?,
        };
        if let Some(url) = &self.pyroscope {
            web_address(PYROSCOPE, url.expose_secret())?;
        }
        if let Some(url) = &self.dsn {
            dsn(url)?;
        }
        let environment = self.environment.unwrap_or_else(|| "production".to_owned());
        Ok(TelemetryConfig {
            traces: enabled.then_some(traces),
            metrics: MetricsConfig { enabled: self.metrics.unwrap_or(true), tenants: self.tenants.unwrap_or(1_000) },
            pyroscope: self.pyroscope,
            own_errors: self.dsn.map(|dsn| OwnErrorsConfig { dsn, environment }),
        })
    }
}

impl TelemetryConfig {
    /// For people to read: no headers' values, no passwords, no DSN.
    pub(super) fn public_view(&self) -> Value {
        let pyroscope = self.pyroscope.as_ref().map(|url| masking::mask_text(url.expose_secret()).into_owned());
        json!({
            "traces": self.traces.as_ref().map(TracesConfig::public_view),
            "metrics": { "enabled": self.metrics.enabled, "tenants": self.metrics.tenants },
            "pyroscope_url": pyroscope,
            "own_errors": self.own_errors.as_ref().map(|own| json!({ "environment": own.environment })),
        })
    }
}

impl TracesConfig {
    fn public_view(&self) -> Value {
        json!({
            "endpoint": masking::mask_text(self.endpoint.as_str()),
            "service_name": self.service_name,
            "parent_based": self.sampler.parent_based,
            "ratio": self.sampler.ratio,
            "resource": self.resource.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "headers": self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        })
    }
}

/// A host that is spoken to over HTTP. What was given may hold a password, and is not repeated.
fn web_address(key: &'static str, text: &str) -> Result<Url, ConfigError> {
    let expected = "expected http://host:port or https://host:port";
    let url = Url::parse(text).map_err(|reason| wrong(key, format!("{expected}, got what is no URL: {reason}")))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        scheme => Err(wrong(key, format!("{expected}, got {scheme}:"))),
    }
}

fn dsn(given: &SecretString) -> Result<(), ConfigError> {
    let url = web_address(DSN, given.expose_secret())?;
    let project = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    if url.username().is_empty() || project.is_empty() {
        // An example with the key in its place would be masked where it is told.
        return Err(wrong(DSN, "expected https://HOST/PROJECT with KEY@ before the host, got no key or no project"));
    }
    Ok(())
}

fn sampler(name: Option<&str>, ratio: Option<f64>) -> Result<TraceSampler, ConfigError> {
    let given = ratio.unwrap_or(0.1);
    if !(0.0..=1.0).contains(&given) {
        return Err(wrong("OTEL_TRACES_SAMPLER_ARG", format!("expected a share of 0 to 1, got {given}")));
    }
    let (parent_based, ratio) = match name.unwrap_or("parentbased_traceidratio") {
        "always_on" => (false, 1.0),
        "always_off" => (false, 0.0),
        "traceidratio" => (false, given),
        "parentbased_always_on" => (true, 1.0),
        "parentbased_always_off" => (true, 0.0),
        "parentbased_traceidratio" => (true, given),
        other => {
            let expected = "expected always_on, always_off or traceidratio, each also after parentbased_";
            return Err(wrong("OTEL_TRACES_SAMPLER", format!("{expected}, got {other:?}")));
        }
    };
    Ok(TraceSampler { parent_based, ratio })
}

/// The names and values of `name=value,name=value`; what is special in a value is percent-encoded. Values are not repeated.
fn pairs(key: &'static str, text: Option<&str>) -> Result<Vec<(String, String)>, ConfigError> {
    let parts = text.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty());
    let pairs = parts.enumerate().map(|(at, part)| {
        let no_pair =
            || wrong(key, format!("expected name=value,name=value, got no name and value as number {}", at + 1));
        let (name, value) = part.split_once('=').ok_or_else(no_pair)?;
        let value = percent_decode_str(value.trim()).decode_utf8().map_err(|_| no_pair())?;
        if name.trim().is_empty() { Err(no_pair()) } else { Ok((name.trim().to_owned(), value.into_owned())) }
    });
    pairs.collect()
}

fn headers(text: Option<&SecretString>) -> Result<Vec<(String, SecretString)>, ConfigError> {
    let pairs = pairs(HEADERS, text.map(ExposeSecret::expose_secret))?;
    let checked = pairs.into_iter().enumerate().map(|(at, (name, value))| {
        let sendable = http::HeaderName::try_from(&name).is_ok() && http::HeaderValue::try_from(&value).is_ok();
        let refused = || wrong(HEADERS, format!("number {} cannot be sent as a header", at + 1));
        if sendable { Ok((name, SecretString::from(value))) } else { Err(refused()) }
    });
    checked.collect()
}

#[cfg(test)]
mod tests;
