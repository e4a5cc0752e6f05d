//! What every role stands on: configuration, telemetry, life cycle, the clock, chance, and the one way out to the network.
//!
//! The bans of `clippy.toml` have their exceptions here and nowhere else.

mod certificate;
pub mod client_address;
pub mod config;
pub mod dns;
pub mod egress;
pub mod host;
pub mod http_client;
pub mod instruments;
pub mod lifecycle;
pub mod mailer;
pub mod masking;
pub mod own_errors;
pub mod profiling;
pub mod prometheus_query;
pub mod secret_box;
pub mod system_clock;
pub mod system_entropy;
pub mod telemetry;
pub mod trust;
pub mod upstream;
