//! How much the tunnel takes and keeps: all of it in bytes, and all of it bounded on both sides, so that neither a slip
//! of the pen nor a unit that was meant differently refuses everything or fills the disk.

use serde_json::{Value, json};

use super::ConfigError;
use super::raw::wrong;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const SMALLEST: u64 = 64 * KIB;
const LARGEST: u64 = 4 * 1024 * MIB;

/// How much the tunnel takes and keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TunnelConfig {
    /// `PLIMSOLL_ENVELOPE_MAX_BYTES`: how long an envelope may be as it is received, in bytes.
    pub max_bytes: u64,
    /// `PLIMSOLL_ENVELOPE_MAX_DECOMPRESSED_BYTES`: how long it may be once it is decompressed, in bytes.
    pub max_decompressed_bytes: u64,
    /// `PLIMSOLL_SPOOL_MAX_BYTES`: how much may wait on disk over all tenants, in bytes; 0 for no spool.
    pub spool_bytes: u64,
    /// `PLIMSOLL_SPOOL_TENANT_MAX_BYTES`: how much of that one tenant may take, in bytes; 0 for no spool.
    pub spool_tenant_bytes: u64,
}

impl Default for TunnelConfig {
    fn default() -> Self {
        Self {
            max_bytes: 200 * MIB,
            max_decompressed_bytes: 200 * MIB,
            spool_bytes: 512 * MIB,
            spool_tenant_bytes: 64 * MIB,
        }
    }
}

/// The same, as it was given.
pub(super) struct Given {
    pub(super) received: Option<u64>,
    pub(super) decompressed: Option<u64>,
    pub(super) spool: Option<u64>,
    pub(super) spool_tenant: Option<u64>,
}

impl Given {
    pub(super) fn check(self) -> Result<TunnelConfig, ConfigError> {
        let default = TunnelConfig::default();
        let length = |key, given: Option<u64>, default| within(key, given.unwrap_or(default), "");
        let spool = |key, given: Option<u64>, default| match given {
            Some(0) => Ok(0),
            given => within(key, given.unwrap_or(default), "0 (no spool) or "),
        };
        let Self { received, decompressed, spool: all, spool_tenant: one } = self;
        let unpacked = default.max_decompressed_bytes;
        Ok(TunnelConfig {
            max_bytes: length("PLIMSOLL_ENVELOPE_MAX_BYTES", received, default.max_bytes)?,
            max_decompressed_bytes: length("PLIMSOLL_ENVELOPE_MAX_DECOMPRESSED_BYTES", decompressed, unpacked)?,
            spool_bytes: spool("PLIMSOLL_SPOOL_MAX_BYTES", all, default.spool_bytes)?,
            spool_tenant_bytes: spool("PLIMSOLL_SPOOL_TENANT_MAX_BYTES", one, default.spool_tenant_bytes)?,
        })
    }
}

impl TunnelConfig {
    /// For people to read.
    pub(super) fn public_view(&self) -> Value {
        json!({
            "envelope_max_bytes": self.max_bytes,
            "envelope_max_decompressed_bytes": self.max_decompressed_bytes,
            "spool_max_bytes": self.spool_bytes,
            "spool_tenant_max_bytes": self.spool_tenant_bytes,
        })
    }
}

fn within(key: &'static str, bytes: u64, or: &str) -> Result<u64, ConfigError> {
    if (SMALLEST..=LARGEST).contains(&bytes) {
        return Ok(bytes);
    }
    Err(wrong(key, format!("expected {or}{SMALLEST} (64 KiB) to {LARGEST} (4 GiB) bytes, got {bytes}")))
}

#[cfg(test)]
mod tests {
    use super::super::{Config, ConfigError};
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(None, &pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn without_anything_the_defaults_hold_and_no_proxy_is_trusted() {
        let config = read(&[]).expect("valid");
        assert_eq!(config.tunnel, TunnelConfig::default());
        assert_eq!((config.tunnel.max_bytes, config.tunnel.spool_tenant_bytes), (209_715_200, 67_108_864));
        assert!(config.trusted_proxies.is_empty());
    }

    #[test]
    fn what_is_given_is_read_and_shown() {
        let config = read(&[
            ("PLIMSOLL_ENVELOPE_MAX_BYTES", "65536"),
            ("PLIMSOLL_ENVELOPE_MAX_DECOMPRESSED_BYTES", "4294967296"),
            ("PLIMSOLL_SPOOL_MAX_BYTES", "0"),
            ("PLIMSOLL_SPOOL_TENANT_MAX_BYTES", "65537"),
            ("PLIMSOLL_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8"),
        ])
        .expect("valid");
        let expected = TunnelConfig {
            max_bytes: 65_536,
            max_decompressed_bytes: 4_294_967_296,
            spool_bytes: 0,
            spool_tenant_bytes: 65_537,
        };
        assert_eq!((config.tunnel, config.trusted_proxies.len()), (expected, 2));
        let shown = config.public_view();
        assert_eq!(shown["tunnel"]["envelope_max_bytes"], 65_536);
        assert_eq!(shown["trusted_proxies"][1], "fd00::/8");
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_by_its_key() {
        for (name, value, expected) in [
            ("PLIMSOLL_ENVELOPE_MAX_BYTES", "65535", "64 KiB"),
            ("PLIMSOLL_ENVELOPE_MAX_BYTES", "0", "expected 65536"),
            ("PLIMSOLL_ENVELOPE_MAX_DECOMPRESSED_BYTES", "4294967297", "4 GiB"),
            ("PLIMSOLL_SPOOL_MAX_BYTES", "1", "0 (no spool)"),
            ("PLIMSOLL_SPOOL_TENANT_MAX_BYTES", "4294967297", "4 GiB"),
            ("PLIMSOLL_TRUSTED_PROXIES", "10.0.0.0/99", "10.0.0.0/8"),
        ] {
            let message = read(&[(name, value)]).expect_err("refused").to_string();
            assert!(message.contains(name) && message.contains(expected), "{message}");
        }
        let slip = read(&[("PLIMSOLL_SPOOL_BYTES", "0")]).expect_err("refused").to_string();
        assert!(slip.contains("PLIMSOLL_SPOOL_BYTES"), "{slip}");
    }
}
