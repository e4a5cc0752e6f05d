//! What the process was told: the tree itself, and what of it people may see.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use secrecy::SecretString;
use serde_json::{Value, json};

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::time::{Interval, Span};

use super::{Smtp, TelemetryConfig, TunnelConfig};
use crate::masking;
use crate::secret_box::SecretKey;

/// What the process was told. [`keys`](super::keys) says of each variable what it means, its default, and when to change it.
#[derive(Clone, Debug)]
pub struct Config {
    /// `PLIMSOLL_HTTP_ADDR`: where API and status site listen.
    pub http_addr: SocketAddr,
    /// `PLIMSOLL_STORE`: `embedded:PATH` or `mongodb://…`, which may hold a password.
    pub store: String,
    /// `PLIMSOLL_DATA_DIR`: folder for what is kept besides the store.
    pub data_dir: PathBuf,
    /// `PLIMSOLL_ROOT_KEY`: without it, one is made and kept in the data folder.
    pub root_key: Option<SecretString>,
    /// `PLIMSOLL_SECRET_KEY`: what stored secrets are encrypted under; without it, one is made and kept in the data folder.
    pub secret_key: Option<SecretKey>,
    /// `PLIMSOLL_SECRET_KEY_PREVIOUS`: what still opens what was encrypted under them.
    pub secret_key_previous: Vec<SecretKey>,
    /// `PLIMSOLL_SMTP_URL`: the server that takes our mail; none, and no mail is sent.
    pub smtp: Option<Smtp>,
    /// `PLIMSOLL_SAMPLING_INTERVAL_SECONDS`: length of a tick.
    pub interval: Interval,
    /// `PLIMSOLL_SETTLE_SECONDS`: how long a component must stay well before its incident is resolved.
    pub settle: Span,
    /// `PLIMSOLL_EGRESS_ALLOW`: private networks that probes and receivers may reach.
    pub egress_allow: Vec<IpNet>,
    /// `PLIMSOLL_EGRESS_ALLOW_PUBLIC`: private networks that the webhooks of the public may lie in.
    pub egress_allow_public: Vec<IpNet>,
    /// `PLIMSOLL_TRUSTED_PROXIES`: networks of peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How much the tunnel takes and keeps.
    pub tunnel: TunnelConfig,
    /// `PLIMSOLL_REFERENCE_ADDRESSES`: `host:port`; when none of them can be reached, it is we who are cut off.
    pub reference_addresses: Vec<String>,
    /// `PLIMSOLL_DNS_SERVERS`: where records that prove a page's host are looked up; none for those of the system.
    pub dns_servers: Vec<SocketAddr>,
    /// `PLIMSOLL_PUBLIC_URL`: how the outside names us, without a slash at its end.
    pub public_url: String,
    /// `PLIMSOLL_SITE_TENANT`: whose page stands at `/`.
    pub site_tenant: TenantId,
    /// What the process tells of itself, and whom.
    pub telemetry: TelemetryConfig,
    /// `LOG_FORMAT`: how log lines look; none where that depends on the terminal.
    pub log_format: Option<LogFormat>,
    /// `RUST_LOG`: which lines are written, in the filter's own notation.
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

impl Config {
    /// What is running, for people to read: no secrets.
    pub fn public_view(&self) -> Value {
        json!({
            "http_addr": self.http_addr,
            "store": masking::mask_text(&self.store),
            "data_dir": self.data_dir,
            // Not named after the secret that it is not: that would be masked.
            "encryption_key_given": self.secret_key.is_some(),
            "encryption_keys_previous": self.secret_key_previous.len(),
            "smtp": self.smtp.as_ref().map(Smtp::public_view),
            "sampling_interval_seconds": self.interval.seconds(),
            "settle_seconds": self.settle.seconds(),
            "egress_allow": self.egress_allow,
            "egress_allow_public": self.egress_allow_public,
            "trusted_proxies": self.trusted_proxies,
            "tunnel": self.tunnel.public_view(),
            "reference_addresses": self.reference_addresses,
            "dns_servers": self.dns_servers,
            "public_url": self.public_url,
            "site_tenant": self.site_tenant,
            "telemetry": self.telemetry.public_view(),
            "log_filter": self.log_filter,
        })
    }
}
