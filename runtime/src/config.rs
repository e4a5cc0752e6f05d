//! Configuration: one typed tree, read once, from a TOML file and `PLIMSOLL_*` variables (the variables win).
//!
//! Every key is a field of [`Config`], and every field says what it means, its default, and when to change it. A key that
//! is not known is refused by name: a setting with a slip of the pen must not be silently without effect.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::incident::DEFAULT_SETTLE;
use plimsoll_domain::time::{Interval, Span};

use crate::masking;

/// Variables with our prefix that are not keys of the server's configuration.
const NOT_KEYS: [&str; 3] = ["PLIMSOLL_URL", "PLIMSOLL_KEY", "PLIMSOLL_CONFIG"];
/// Variables with this prefix are for the tests.
const TEST_PREFIX: &str = "PLIMSOLL_TEST_";

/// What the process was told.
#[derive(Clone, Debug)]
pub struct Config {
    /// `PLIMSOLL_HTTP_ADDR`: where API and status site listen. Default `127.0.0.1:8080`. Change it to be reachable from
    /// other machines, behind a proxy that ends TLS.
    pub http_addr: SocketAddr,
    /// `PLIMSOLL_STORE`: `embedded:PATH` or `mongodb://…`. Default `embedded:./data`. Change it when one machine is not
    /// enough.
    pub store: String,
    /// `PLIMSOLL_DATA_DIR`: folder for the made keys and the last good pages. Default: the embedded store's, else `./data`.
    pub data_dir: PathBuf,
    /// `PLIMSOLL_ROOT_KEY`: the platform owner's key. Default: made at first start and kept in the data folder.
    pub root_key: Option<SecretString>,
    /// `PLIMSOLL_SAMPLING_INTERVAL_SECONDS`: length of a tick, 5 to 300. Default 60. Change it for tests, or to halve
    /// the load.
    pub interval: Interval,
    /// `PLIMSOLL_SETTLE_SECONDS`: how long a component must stay well before its incident is resolved, 0 to 3,600.
    /// Default 300. Change it when components flap.
    pub settle: Span,
    /// `PLIMSOLL_EGRESS_ALLOW`: private networks (CIDR, comma-separated) that probes may reach. Default none.
    pub egress_allow: Vec<IpNet>,
    /// `PLIMSOLL_REFERENCE_ADDRESSES`: `host:port` addresses, comma-separated. When a look fails and none of these can be
    /// reached either, we are cut off ourselves, and samples are `unknown`. Default none: never assumed.
    pub reference_addresses: Vec<String>,
    /// `PLIMSOLL_PUBLIC_URL`: how the outside names us, for links. Default: `http://` and the address.
    pub public_url: String,
    /// `PLIMSOLL_SITE_TENANT`: whose page stands at `/`. Default `plimsoll`.
    pub site_tenant: TenantId,
    /// `LOG_FORMAT`: `json` or `pretty`. Default: `pretty` on a terminal, else `json`.
    pub log_format: Option<LogFormat>,
    /// `RUST_LOG`: which lines are written, e.g. `info,plimsoll_jobs=debug`. Default `info`.
    pub log_filter: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Pretty,
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read, or holds an unknown key or a value of the wrong type.
    #[error("the configuration cannot be read: {0}")]
    Unreadable(#[from] ::config::ConfigError),
    /// A value is not what its key expects.
    #[error("{key} {reason}")]
    Wrong {
        /// The key, as a variable.
        key: &'static str,
        /// What was expected, and what came.
        reason: String,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    http_addr: Option<String>,
    store: Option<String>,
    data_dir: Option<PathBuf>,
    root_key: Option<SecretString>,
    /// Accepted, so that a deployment can be prepared: nothing is stored yet that it would encrypt.
    #[serde(rename = "secret_key")]
    _secret_key: Option<SecretString>,
    sampling_interval_seconds: Option<i64>,
    settle_seconds: Option<i64>,
    egress_allow: Option<List>,
    reference_addresses: Option<List>,
    public_url: Option<String>,
    site_tenant: Option<String>,
}

/// A TOML array, or a comma-separated text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum List {
    Items(Vec<String>),
    Text(String),
}

impl List {
    fn items(this: Option<Self>) -> Vec<String> {
        let items = match this {
            Some(Self::Items(items)) => items,
            Some(Self::Text(text)) => text.split(',').map(str::to_owned).collect(),
            None => Vec::new(),
        };
        items.iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    }
}

impl Config {
    /// Reads the file, if there is one, and then the variables of `environment`.
    pub fn read(file: Option<&Path>, environment: &HashMap<String, String>) -> Result<Self, ConfigError> {
        let ours = environment.iter().filter(|(name, _)| {
            name.starts_with("PLIMSOLL_") && !NOT_KEYS.contains(&name.as_str()) && !name.starts_with(TEST_PREFIX)
        });
        let ours = ours.map(|(name, value)| (name.clone(), value.clone())).collect();
        let mut sources = ::config::Config::builder();
        if let Some(file) = file {
            sources = sources.add_source(::config::File::from(file).format(::config::FileFormat::Toml));
        }
        let variables = ::config::Environment::with_prefix("PLIMSOLL").prefix_separator("_").source(Some(ours));
        let raw: Raw = sources.add_source(variables.ignore_empty(true)).build()?.try_deserialize()?;
        raw.check(environment)
    }

    /// What is running, for people to read: no secrets.
    pub fn public_view(&self) -> Value {
        json!({
            "http_addr": self.http_addr,
            "store": masking::mask_text(&self.store),
            "data_dir": self.data_dir,
            "sampling_interval_seconds": self.interval.seconds(),
            "settle_seconds": self.settle.seconds(),
            "egress_allow": self.egress_allow,
            "reference_addresses": self.reference_addresses,
            "public_url": self.public_url,
            "site_tenant": self.site_tenant,
            "log_filter": self.log_filter,
        })
    }
}

impl Raw {
    fn check(self, environment: &HashMap<String, String>) -> Result<Config, ConfigError> {
        let http_addr = self.http_addr.as_deref().unwrap_or("127.0.0.1:8080");
        let http_addr: SocketAddr = parse("PLIMSOLL_HTTP_ADDR", "an address such as 127.0.0.1:8080", http_addr)?;
        let store = self.store.unwrap_or_else(|| "embedded:./data".to_owned());
        let embedded = store.strip_prefix("embedded:").map(PathBuf::from);
        let settle = self.settle_seconds.unwrap_or(DEFAULT_SETTLE.seconds());
        if !(0..=3_600).contains(&settle) {
            return Err(wrong("PLIMSOLL_SETTLE_SECONDS", format!("expected 0 to 3600 seconds, got {settle}")));
        }
        let interval = Interval::from_seconds(self.sampling_interval_seconds.unwrap_or(60));
        let networks = List::items(self.egress_allow);
        let networks = networks.iter().map(|net| parse("PLIMSOLL_EGRESS_ALLOW", "networks such as 10.0.0.0/8", net));
        let references = List::items(self.reference_addresses);
        for address in &references {
            plimsoll_domain::probe::split_address(address).map_err(|r| wrong("PLIMSOLL_REFERENCE_ADDRESSES", r))?;
        }
        Ok(Config {
            http_addr,
            data_dir: self.data_dir.or(embedded).unwrap_or_else(|| PathBuf::from("./data")),
            store,
            root_key: self.root_key,
            interval: interval.map_err(|reason| wrong("PLIMSOLL_SAMPLING_INTERVAL_SECONDS", reason))?,
            settle: Span::from_seconds(settle),
            egress_allow: networks.collect::<Result<_, _>>()?,
            reference_addresses: references,
            public_url: self
                .public_url
                .unwrap_or_else(|| format!("http://{http_addr}"))
                .trim_end_matches('/')
                .to_owned(),
            site_tenant: match self.site_tenant {
                Some(id) => id.parse().map_err(|reason| wrong("PLIMSOLL_SITE_TENANT", reason))?,
                None => TenantId::plimsoll(),
            },
            log_format: environment.get("LOG_FORMAT").map(|format| log_format(format)).transpose()?,
            log_filter: environment.get("RUST_LOG").cloned().unwrap_or_else(|| "info".to_owned()),
        })
    }
}

fn wrong(key: &'static str, reason: impl std::fmt::Display) -> ConfigError {
    ConfigError::Wrong { key, reason: format!("is wrong: {reason}") }
}

fn parse<T: std::str::FromStr>(key: &'static str, expected: &str, text: &str) -> Result<T, ConfigError> {
    text.parse().map_err(|_| wrong(key, format!("expected {expected}, got {text:?}")))
}

fn log_format(text: &str) -> Result<LogFormat, ConfigError> {
    match text {
        "json" => Ok(LogFormat::Json),
        "pretty" => Ok(LogFormat::Pretty),
        _ => Err(wrong("LOG_FORMAT", format!("expected json or pretty, got {text:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(None, &pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn without_anything_the_defaults_hold() {
        let config = read(&[]).expect("valid");
        assert_eq!(config.http_addr.to_string(), "127.0.0.1:8080");
        assert_eq!((config.store.as_str(), config.interval.seconds()), ("embedded:./data", 60));
        assert_eq!(config.data_dir, PathBuf::from("./data"));
        assert_eq!(config.public_url, "http://127.0.0.1:8080");
    }

    #[test]
    fn variables_are_read_and_unknown_ones_refused_by_name() {
        let config = read(&[
            ("PLIMSOLL_SAMPLING_INTERVAL_SECONDS", "5"),
            ("PLIMSOLL_EGRESS_ALLOW", "10.0.0.0/8, 127.0.0.0/8"),
            ("PLIMSOLL_STORE", "mongodb://u:p@db/x"),
            ("PLIMSOLL_KEY", "plk_client"),
            ("PLIMSOLL_TEST_MONGOD", "/somewhere"),
            ("HOME", "/root"),
        ])
        .expect("valid");
        assert_eq!((config.interval.seconds(), config.egress_allow.len()), (5, 2));
        assert!(!config.public_view().to_string().contains("u:p"), "{}", config.public_view());
        let error = read(&[("PLIMSOLL_HTPP_ADDR", "x")]).expect_err("refused");
        assert!(error.to_string().contains("htpp_addr"), "{error}");
    }

    #[test]
    fn a_wrong_value_names_its_key_and_what_was_expected() {
        for (name, value, expected) in [
            ("PLIMSOLL_SAMPLING_INTERVAL_SECONDS", "4", "5 to 300"),
            ("PLIMSOLL_HTTP_ADDR", "here", "127.0.0.1:8080"),
            ("PLIMSOLL_EGRESS_ALLOW", "10.0.0.0/99", "10.0.0.0/8"),
            ("LOG_FORMAT", "xml", "json or pretty"),
        ] {
            let message = read(&[(name, value)]).expect_err("refused").to_string();
            assert!(message.contains(name) && message.contains(expected), "{message}");
        }
    }
}
