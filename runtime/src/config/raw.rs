//! From a file and variables to the tree: what is read is checked here, and refused by the name of its key. No message
//! repeats a value that may be a secret.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::incident::DEFAULT_SETTLE;
use plimsoll_domain::time::{Interval, Span};

use super::lists::{List, SecretList};
use super::{Config, LogFormat, Smtp, tunnel};
use crate::secret_box::SecretKey;

/// Variables with our prefix that are not keys of the server's configuration.
const NOT_KEYS: [&str; 3] = ["PLIMSOLL_URL", "PLIMSOLL_KEY", "PLIMSOLL_CONFIG"];
/// Variables with this prefix are for the tests.
const TEST_PREFIX: &str = "PLIMSOLL_TEST_";

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read, or holds an unknown key or a value of the wrong type.
    #[error("the configuration cannot be read: {0}")]
    Unreadable(String),
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
    /// The lines of a file that a parser repeats, to point at one, may hold a secret: they are left out.
    fn from(error: ::config::ConfigError) -> Self {
        let words = error.to_string();
        Self::Unreadable(words.lines().filter(|line| !line.contains('|')).collect::<Vec<_>>().join(" "))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Raw {
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
        let tunnel = tunnel::Given {
            received: self.envelope_max_bytes,
            decompressed: self.envelope_max_decompressed_bytes,
            spool: self.spool_max_bytes,
            spool_tenant: self.spool_tenant_max_bytes,
        };
        let previous = SecretList::items(self.secret_key_previous);
        let previous = previous.iter().map(|text| secret_key("PLIMSOLL_SECRET_KEY_PREVIOUS", text));
        let smtp = smtp(self.smtp_url.as_ref(), self.smtp_from, self.smtp_ca_file)?;
        let references = List::items(self.reference_addresses);
        for address in &references {
            plimsoll_domain::probe::split_address(address).map_err(|r| wrong("PLIMSOLL_REFERENCE_ADDRESSES", r))?;
        }
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
            reference_addresses: references,
            dns_servers: addresses("PLIMSOLL_DNS_SERVERS", self.dns_servers)?,
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
mod tests {
    use std::io::Write;

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
            ("PLIMSOLL_DNS_SERVERS", "127.0.0.1:5353, [::1]:53"),
            ("PLIMSOLL_STORE", "mongodb://u:p@db/x"),
            ("PLIMSOLL_KEY", "plk_client"),
            ("PLIMSOLL_TEST_MONGOD", "/somewhere"),
            ("HOME", "/root"),
        ])
        .expect("valid");
        assert_eq!((config.interval.seconds(), config.egress_allow.len(), config.dns_servers.len()), (5, 2, 2));
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
            ("PLIMSOLL_DNS_SERVERS", "127.0.0.1", "192.0.2.53:53"),
            ("LOG_FORMAT", "xml", "json or pretty"),
        ] {
            let message = read(&[(name, value)]).expect_err("refused").to_string();
            assert!(message.contains(name) && message.contains(expected), "{message}");
        }
    }

    #[test]
    fn keys_are_read_from_text_and_from_a_list() {
        let (one, two) = ("A".repeat(43), "B".repeat(42) + "A");
        let given =
            read(&[("PLIMSOLL_SECRET_KEY", &one), ("PLIMSOLL_SECRET_KEY_PREVIOUS", &format!("{two}, {one}=,"))])
                .expect("valid");
        let current = given.secret_key.as_ref().expect("given");
        assert_eq!((given.secret_key_previous.len(), given.secret_key_previous[1].id()), (2, current.id()));
        assert_eq!(given.public_view()["encryption_key_given"], true);
        assert!(!format!("{given:?} {}", given.public_view()).contains("AAAA"));
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        write!(file, "secret_key_previous = [\"{two}\", \"{one}\"]").expect("written");
        let read = Config::read(Some(file.path()), &HashMap::new()).expect("valid");
        assert_eq!(read.secret_key_previous[1].id(), current.id());
        assert!(read.secret_key.is_none());
    }

    #[test]
    fn mail_is_sent_where_the_url_says_and_shown_without_its_password() {
        let config = read(&[
            ("PLIMSOLL_SMTP_URL", "smtps://user:s3cr3t@mail.example.com"),
            ("PLIMSOLL_SMTP_FROM", "Status <status@example.com>"),
            ("PLIMSOLL_SMTP_CA_FILE", "/etc/ca.pem"),
        ])
        .expect("valid");
        let shown = config.public_view();
        assert_eq!(shown["smtp"]["host"], "mail.example.com");
        assert_eq!(shown["smtp"]["from"], "Status <status@example.com>");
        assert!(!format!("{config:?} {shown}").contains("s3cr3t") && !shown.to_string().contains("user"), "{shown}");
        let defaults = read(&[("PLIMSOLL_SMTP_URL", "smtp://localhost")]).expect("valid").smtp.expect("given");
        assert_eq!(defaults.from.to_string(), "Plimsoll <plimsoll@localhost>");
        assert!(read(&[]).expect("valid").smtp.is_none());
    }

    #[test]
    fn a_wrong_secret_is_refused_by_its_key_and_not_repeated() {
        for (name, value, expected) in [
            ("PLIMSOLL_SECRET_KEY", "c2VjcmV0", "32 bytes in base64, got 6 bytes"),
            ("PLIMSOLL_SECRET_KEY_PREVIOUS", "c2VjcmV0", "32 bytes in base64, got 6 bytes"),
            ("PLIMSOLL_SMTP_URL", "http://user:c2VjcmV0@mail.example.com", "smtps://"),
        ] {
            let error = read(&[(name, value)]).expect_err("refused");
            let told = format!("{error} {error:?}");
            assert!(told.contains(name) && told.contains(expected) && !told.contains("c2VjcmV0"), "{told}");
        }
        for (name, value) in [("PLIMSOLL_SMTP_FROM", "a@b.c"), ("PLIMSOLL_SMTP_CA_FILE", "/etc/ca.pem")] {
            let alone = read(&[(name, value)]).expect_err("refused").to_string();
            assert!(alone.contains(name) && alone.contains("PLIMSOLL_SMTP_URL"), "{alone}");
        }
        let url = ("PLIMSOLL_SMTP_URL", "smtp://localhost");
        let nobody = read(&[url, ("PLIMSOLL_SMTP_FROM", "nobody")]).expect_err("refused").to_string();
        assert!(nobody.contains("PLIMSOLL_SMTP_FROM") && nobody.contains("a mailbox"), "{nobody}");
    }
}
