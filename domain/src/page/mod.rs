//! The page of a tenant: what the public may see, as a value, and how the tenant wants it to look, who may see it, and under
//! which names it is found.

mod access;
mod bundle;
mod config;
mod figure;
mod host;
mod logo;
mod look;
pub mod pass;
mod snapshot;

pub use access::{Access, PageLink};
pub use bundle::{BUNDLE_FORMAT, BUNDLED_INCIDENTS, BundleParts, BundledLogo, PageBundle};
pub use config::{Arrangement, MAX_HOSTS, MAX_PAGE_LINKS, PageConfig};
pub use figure::{
    ComponentFigure, ComponentState, DAYS, DayFigure, LATENCY_HOURS, LatencyPoint, Uptime, first_shown_day,
};
pub use host::{HostName, PageHost, page_of_host, page_url};
pub use logo::{Logo, LogoKind, LogoRef, MAX_LOGO_BYTES};
pub use look::{Colour, Link, Look};
pub use pass::{Pass, PassKind};
pub use snapshot::{MAX_INCIDENTS, PAST_INCIDENTS, SnapshotParts, StatusSnapshot, UPCOMING};
