//! Frontend apps and what they send: apps with their DSNs, envelopes and their items, what is counted of them, and what
//! waits while Sentry is away.
//!
//! A tunnel needs the first line of an envelope to know where it goes, and the headers of its items to count them. Both
//! are read here, bounded and leniently; nothing here keeps what an event says.

mod alias;
mod app;
mod apps;
mod counts;
mod dsn;
mod envelope;
mod items;
mod limits;
mod origin;
mod reader;
mod report;
mod sessions;
mod spool;

pub use alias::Alias;
pub use app::{APP_KEY_PREFIX, App, RateLimits, SampleRates};
pub use apps::{FrontendApps, MAX_APPS};
pub use counts::{AppCounts, COUNTS_RETENTION, Counted, Counts};
pub use dsn::Dsn;
pub use envelope::{EnvelopeHeader, FIRST_LINE_LIMIT, HeaderError};
pub use items::Level;
pub use limits::{rate_limits, retry_after_seconds};
pub use origin::{AllowedOrigin, is_allowed};
pub use reader::{Contents, EnvelopeReader};
pub use report::{MAX_REPORT, Report};
pub use sessions::{SessionCounts, SessionDebt};
pub use spool::{SPOOL_RETENTION, SpoolUsage, SpooledEnvelope};
