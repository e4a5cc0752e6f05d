//! Configuration: one typed tree, read once, from a TOML file and variables (the variables win).
//!
//! What each key means, its default, and when to change it, stands in [`keys`] and nowhere else; the fields of [`Config`]
//! name the variable and say what shape its value has here. A key that is not known is refused by name: a setting with a
//! slip of the pen must not be silently without effect.

mod given;
mod key;
pub mod keys;
mod listing;
mod lists;
mod raw;
mod smtp;
mod telemetry;
mod tree;
mod tunnel;

pub use given::Source;
pub use key::{Fallback, Key, Section};
pub use listing::{Listing, Setting};
pub use raw::ConfigError;
pub use smtp::{Smtp, SmtpLogin, SmtpSecurity};
pub use telemetry::{MetricsConfig, OwnErrorsConfig, TelemetryConfig, TraceSampler, TracesConfig};
pub use tree::{Config, LogFormat};
pub use tunnel::TunnelConfig;
