//! What the process was told: the tree itself, and what of it people may see.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use secrecy::SecretString;
use serde_json::{Value, json};

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::time::{Interval, Span};

use super::{Smtp, TunnelConfig};
use crate::masking;
use crate::secret_box::SecretKey;

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
    /// `PLIMSOLL_SECRET_KEY`: 32 bytes in base64, under which stored secrets are encrypted. Default: made at first start
    /// and kept in the data folder. Set it when several processes share a store.
    pub secret_key: Option<SecretKey>,
    /// `PLIMSOLL_SECRET_KEY_PREVIOUS`: keys, comma-separated, that still open what was encrypted under them. Default none.
    /// Put the old key here when you change the other.
    pub secret_key_previous: Vec<SecretKey>,
    /// `PLIMSOLL_SMTP_URL`, `PLIMSOLL_SMTP_FROM` and `PLIMSOLL_SMTP_CA_FILE`: the server that takes our mail. Default none:
    /// no mail is sent.
    pub smtp: Option<Smtp>,
    /// `PLIMSOLL_SAMPLING_INTERVAL_SECONDS`: length of a tick, 5 to 300. Default 60. Change it for tests, or to halve
    /// the load.
    pub interval: Interval,
    /// `PLIMSOLL_SETTLE_SECONDS`: how long a component must stay well before its incident is resolved, 0 to 3,600.
    /// Default 300. Change it when components flap.
    pub settle: Span,
    /// `PLIMSOLL_EGRESS_ALLOW`: private networks (CIDR, comma-separated) that probes and receivers may reach. Default none.
    pub egress_allow: Vec<IpNet>,
    /// `PLIMSOLL_EGRESS_ALLOW_PUBLIC`: private networks (CIDR, comma-separated) that webhooks may lie in which the public
    /// subscribes by a page. Default none. Set it where the page itself is for an internal network only.
    pub egress_allow_public: Vec<IpNet>,
    /// `PLIMSOLL_TRUSTED_PROXIES`: networks (CIDR, comma-separated) of peers whose `X-Forwarded-For` is believed. Default
    /// none. Set it to the proxies in front of us, so that limits count clients and not the proxy.
    pub trusted_proxies: Vec<IpNet>,
    /// `PLIMSOLL_ENVELOPE_MAX_BYTES`, `PLIMSOLL_ENVELOPE_MAX_DECOMPRESSED_BYTES`, `PLIMSOLL_SPOOL_MAX_BYTES` and
    /// `PLIMSOLL_SPOOL_TENANT_MAX_BYTES`: how much the tunnel takes and keeps. Defaults and when to change them: there.
    pub tunnel: TunnelConfig,
    /// `PLIMSOLL_REFERENCE_ADDRESSES`: `host:port` addresses, comma-separated. When a look fails and none of these can be
    /// reached either, we are cut off ourselves, and samples are `unknown`. Default none: never assumed.
    pub reference_addresses: Vec<String>,
    /// `PLIMSOLL_DNS_SERVERS`: `address:port`, comma-separated, where records that prove a page's host are looked up. Default
    /// none: those that the system asks. Set it where the names of pages are known to other servers than the system's.
    pub dns_servers: Vec<SocketAddr>,
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
            "log_filter": self.log_filter,
        })
    }
}
