//! From a file and variables to the tree: what is read is checked here, and refused by the name of its key. No message
//! repeats a value that may be a secret.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::incident::DEFAULT_SETTLE;
use plimsoll_domain::time::{Interval, Span};

use super::lists::{List, SecretList};
use super::{Config, LogFormat, Smtp, keys, telemetry, tunnel};
use crate::secret_box::SecretKey;

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration cannot be read: {0}")]
    Unreadable(String),
    /// A name that is no key.
    #[error("{name} is no key{place}{hint}")]
    Unknown {
        /// The name: a variable, or what stands in the file.
        name: String,
        /// The file, if it stands there.
        place: String,
        /// Which key it is most like, if there is one.
        hint: String,
    },
    /// A value is not what its key expects.
    #[error("{key} {reason}")]
    Wrong {
        /// The key, as a variable.
        key: &'static str,
        /// What was expected, and what came.
        reason: String,
    },
}

impl From<::config::ConfigError> for ConfigError {
    fn from(error: ::config::ConfigError) -> Self {
        use ::config::ConfigError::{At, Type};
        let (Type { key: Some(name), .. } | At { key: Some(name), .. }) = &error else {
            // The lines of a file that a parser repeats, to point at one, may hold a secret: they are left out.
            let words = error.to_string();
            return Self::Unreadable(words.lines().filter(|line| !line.contains('|')).collect::<Vec<_>>().join(" "));
        };
        let name = name.split('[').next().unwrap_or_default();
        match (keys::all().find(|key| key.name() == name), &error) {
            (Some(key), Type { expected, unexpected, .. }) if !key.is_secret() => {
                wrong(key.variable, format!("expected {expected}, got {unexpected}"))
            }
            (Some(key), _) => wrong(key.variable, "expected a text, or a list of texts where it takes several"),
            (None, _) => Self::Unreadable(error.to_string()),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    http_addr: Option<String>,
    store: Option<String>,
    data_dir: Option<PathBuf>,
    root_key: Option<SecretString>,
    secret_key: Option<SecretString>,
    secret_key_previous: Option<SecretList>,
    smtp_url: Option<SecretString>,
    smtp_from: Option<String>,
    smtp_ca_file: Option<PathBuf>,
    sampling_interval_seconds: Option<i64>,
    settle_seconds: Option<i64>,
    egress_allow: Option<List>,
    egress_allow_public: Option<List>,
    trusted_proxies: Option<List>,
    envelope_max_bytes: Option<u64>,
    envelope_max_decompressed_bytes: Option<u64>,
    spool_max_bytes: Option<u64>,
    spool_tenant_max_bytes: Option<u64>,
    reference_addresses: Option<List>,
    dns_servers: Option<List>,
    public_url: Option<String>,
    site_tenant: Option<String>,
    log_format: Option<String>,
    rust_log: Option<String>,
    otel_enabled: Option<bool>,
    otel_exporter_otlp_endpoint: Option<String>,
    otel_exporter_otlp_headers: Option<SecretString>,
    otel_service_name: Option<String>,
    otel_resource_attributes: Option<String>,
    otel_traces_sampler: Option<String>,
    otel_traces_sampler_arg: Option<f64>,
    metrics_enabled: Option<bool>,
    metrics_tenants: Option<usize>,
    pyroscope_url: Option<SecretString>,
    sentry_dsn: Option<SecretString>,
    sentry_environment: Option<String>,
}

impl Raw {
    pub(super) fn check(self) -> Result<Config, ConfigError> {
        let http_addr = self.http_addr.as_deref().unwrap_or("127.0.0.1:8080");
        let http_addr: SocketAddr = parse("PLIMSOLL_HTTP_ADDR", "an address such as 127.0.0.1:8080", http_addr)?;
        let store = self.store.unwrap_or_else(|| "embedded:./data".to_owned());
        let embedded = store.strip_prefix("embedded:").map(PathBuf::from);
        let settle = self.settle_seconds.unwrap_or(DEFAULT_SETTLE.seconds());
        if !(0..=3_600).contains(&settle) {
            return Err(wrong("PLIMSOLL_SETTLE_SECONDS", format!("expected 0 to 3600 seconds, got {settle}")));
        }
        let interval = Interval::from_seconds(self.sampling_interval_seconds.unwrap_or(60));
        let tunnel = tunnel::Given {
            received: self.envelope_max_bytes,
            decompressed: self.envelope_max_decompressed_bytes,
            spool: self.spool_max_bytes,
            spool_tenant: self.spool_tenant_max_bytes,
        };
        let telemetry = telemetry::Given {
            otel_enabled: self.otel_enabled,
            endpoint: self.otel_exporter_otlp_endpoint,
            service_name: self.otel_service_name,
            sampler: self.otel_traces_sampler,
            sampler_arg: self.otel_traces_sampler_arg,
            resource: self.otel_resource_attributes,
            headers: self.otel_exporter_otlp_headers,
            metrics: self.metrics_enabled,
            tenants: self.metrics_tenants,
            pyroscope: self.pyroscope_url,
            dsn: self.sentry_dsn,
            environment: self.sentry_environment,
        };
        let previous = SecretList::items(self.secret_key_previous);
        let previous = previous.iter().map(|text| secret_key("PLIMSOLL_SECRET_KEY_PREVIOUS", text));
        let smtp = smtp(self.smtp_url.as_ref(), self.smtp_from, self.smtp_ca_file)?;
        Ok(Config {
            http_addr,
            data_dir: self.data_dir.or(embedded).unwrap_or_else(|| PathBuf::from("./data")),
            store,
            root_key: self.root_key,
            secret_key: self.secret_key.map(|text| secret_key("PLIMSOLL_SECRET_KEY", &text)).transpose()?,
            secret_key_previous: previous.collect::<Result<_, _>>()?,
            smtp,
            interval: interval.map_err(|reason| wrong("PLIMSOLL_SAMPLING_INTERVAL_SECONDS", reason))?,
            settle: Span::from_seconds(settle),
            egress_allow: networks("PLIMSOLL_EGRESS_ALLOW", self.egress_allow)?,
            egress_allow_public: networks("PLIMSOLL_EGRESS_ALLOW_PUBLIC", self.egress_allow_public)?,
            trusted_proxies: networks("PLIMSOLL_TRUSTED_PROXIES", self.trusted_proxies)?,
            tunnel: tunnel.check()?,
            telemetry: telemetry.check()?,
            reference_addresses: references(self.reference_addresses)?,
            dns_servers: addresses("PLIMSOLL_DNS_SERVERS", self.dns_servers)?,
            public_url: public_url(self.public_url, http_addr),
            site_tenant: site_tenant(self.site_tenant.as_deref())?,
            log_format: self.log_format.as_deref().map(log_format).transpose()?,
            log_filter: self.rust_log.unwrap_or_else(|| "info".to_owned()),
        })
    }
}

pub(super) fn wrong(key: &'static str, reason: impl std::fmt::Display) -> ConfigError {
    ConfigError::Wrong { key, reason: format!("is wrong: {reason}") }
}

fn parse<T: std::str::FromStr>(key: &'static str, expected: &str, text: &str) -> Result<T, ConfigError> {
    text.parse().map_err(|_| wrong(key, format!("expected {expected}, got {text:?}")))
}

fn networks(key: &'static str, list: Option<List>) -> Result<Vec<IpNet>, ConfigError> {
    List::items(list).iter().map(|net| parse(key, "networks such as 10.0.0.0/8", net)).collect()
}

fn addresses(key: &'static str, list: Option<List>) -> Result<Vec<SocketAddr>, ConfigError> {
    List::items(list).iter().map(|text| parse(key, "addresses such as 192.0.2.53:53", text)).collect()
}

fn references(list: Option<List>) -> Result<Vec<String>, ConfigError> {
    let references = List::items(list);
    for address in &references {
        plimsoll_domain::probe::split_address(address).map_err(|r| wrong("PLIMSOLL_REFERENCE_ADDRESSES", r))?;
    }
    Ok(references)
}

fn public_url(given: Option<String>, http_addr: SocketAddr) -> String {
    given.unwrap_or_else(|| format!("http://{http_addr}")).trim_end_matches('/').to_owned()
}

fn site_tenant(given: Option<&str>) -> Result<TenantId, ConfigError> {
    let parse = |id: &str| id.parse().map_err(|reason| wrong("PLIMSOLL_SITE_TENANT", reason));
    given.map_or_else(|| Ok(TenantId::plimsoll()), parse)
}

fn secret_key(key: &'static str, text: &SecretString) -> Result<SecretKey, ConfigError> {
    text.expose_secret().parse().map_err(|reason| wrong(key, reason))
}

/// Without a URL there is no mail, and what else is said of it would be without effect: that is refused.
fn smtp(
    url: Option<&SecretString>,
    from: Option<String>,
    ca_file: Option<PathBuf>,
) -> Result<Option<Smtp>, ConfigError> {
    let Some(url) = url else {
        let without = |key| Err(wrong(key, "there is no PLIMSOLL_SMTP_URL for it"));
        return match (from, ca_file) {
            (Some(_), _) => without("PLIMSOLL_SMTP_FROM"),
            (_, Some(_)) => without("PLIMSOLL_SMTP_CA_FILE"),
            (None, None) => Ok(None),
        };
    };
    let mut smtp = Smtp::from_url(url.expose_secret()).map_err(|reason| wrong("PLIMSOLL_SMTP_URL", reason))?;
    if let Some(from) = from {
        smtp.from = parse("PLIMSOLL_SMTP_FROM", "a mailbox such as Plimsoll <plimsoll@example.com>", &from)?;
    }
    smtp.ca_file = ca_file;
    Ok(Some(smtp))
}

fn log_format(text: &str) -> Result<LogFormat, ConfigError> {
    match text {
        "json" => Ok(LogFormat::Json),
        "pretty" => Ok(LogFormat::Pretty),
        _ => Err(wrong("LOG_FORMAT", format!("expected json or pretty, got {text:?}"))),
    }
}

#[cfg(test)]
mod tests;
