//! What the process stands on besides the store, put together: as much of it as is configured.

use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use tokio::net::TcpStream;

use plimsoll_api::{Dependencies, Dependency};
use plimsoll_domain::time::Clock;
use plimsoll_runtime::config::Config;
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_runtime::mailer::Mailer;
use plimsoll_store::Store;

/// Everything that is configured. It is asked within `life` from now on.
pub(crate) fn watched(
    config: &Config,
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    life: &Lifecycle,
) -> anyhow::Result<Dependencies> {
    let mut others: Vec<Arc<dyn Dependency>> = Vec::new();
    if let Some(smtp) = &config.smtp {
        others.push(Arc::new(Smtp(Mailer::new(smtp).context("cannot send mail (PLIMSOLL_SMTP_URL)")?)));
    }
    if let Some(traces) = &config.telemetry.traces {
        let (host, port) = (traces.endpoint.host_str(), traces.endpoint.port_or_known_default());
        if let (Some(host), Some(port)) = (host, port) {
            others.push(Arc::new(Collector { host: host.trim_matches(['[', ']']).to_owned(), port }));
        }
    }
    let dependencies = Dependencies::new(store, others);
    dependencies.watch(clock, life);
    Ok(dependencies)
}

/// The server that takes our mail.
struct Smtp(Mailer);

#[async_trait]
impl Dependency for Smtp {
    fn name(&self) -> &'static str {
        "smtp"
    }

    fn kind(&self) -> &'static str {
        "smtp"
    }

    async fn answers(&self) -> bool {
        self.0.is_greeted().await
    }
}

/// Where spans are sent.
struct Collector {
    host: String,
    port: u16,
}

#[async_trait]
impl Dependency for Collector {
    fn name(&self) -> &'static str {
        "otlp"
    }

    fn kind(&self) -> &'static str {
        "otlp"
    }

    async fn answers(&self) -> bool {
        TcpStream::connect((self.host.as_str(), self.port)).await.is_ok()
    }
}
