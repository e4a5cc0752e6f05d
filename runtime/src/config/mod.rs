//! Configuration: one typed tree, read once, from a TOML file and `PLIMSOLL_*` variables (the variables win).
//!
//! Every key is a field of [`Config`], and every field says what it means, its default, and when to change it. A key that
//! is not known is refused by name: a setting with a slip of the pen must not be silently without effect.

mod lists;
mod raw;
mod smtp;
mod tree;
mod tunnel;

pub use raw::ConfigError;
pub use smtp::{Smtp, SmtpLogin, SmtpSecurity};
pub use tree::{Config, LogFormat};
pub use tunnel::TunnelConfig;
