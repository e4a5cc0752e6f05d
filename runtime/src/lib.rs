//! What every role stands on: configuration, telemetry, life cycle, the clock, chance, and the one way out to the network.
//!
//! The bans of `clippy.toml` have their exceptions here and nowhere else.

mod certificate;
pub mod client_address;
pub mod config;
pub mod dns;
pub mod egress;
pub mod http_client;
pub mod lifecycle;
pub mod log_writer;
pub mod mailer;
pub mod masking;
pub mod prometheus_query;
pub mod secret_box;
pub mod slo_gauges;
pub mod system_clock;
pub mod system_entropy;
pub mod telemetry;
pub mod upstream;
