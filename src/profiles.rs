//! Profiles of this process, put together: made for whoever asks, and pushed where the configuration says.

use std::net::SocketAddr;
use std::sync::Arc;

use plimsoll_domain::time::Clock;
use plimsoll_runtime::config::Config;
use plimsoll_runtime::host::host_name;
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_runtime::profiling::{Profiler, PushSettings, push_from_now_on};

use crate::compose::Roles;

/// What makes profiles. `own` is where this process listens, which tells it from others on the machine.
pub(crate) fn start(
    (config, roles): (&Config, Roles),
    own: SocketAddr,
    clock: &Arc<dyn Clock>,
    life: &Lifecycle,
) -> Profiler {
    let profiler = Profiler::new(Arc::clone(clock));
    if let Some(url) = &config.telemetry.pyroscope {
        let labels = vec![
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("roles", roles.names().join("-")),
            ("instance", format!("{}:{}", host_name(), own.port())),
        ];
        push_from_now_on(&profiler, &PushSettings { url: url.clone(), labels }, life);
    }
    profiler
}
