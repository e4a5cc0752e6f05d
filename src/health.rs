//! `plimsoll health`: whether a running server is well, said by the exit code. For whatever runs the container, whose image
//! holds nothing else to ask with.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use url::Url;

use plimsoll_runtime::config::Config;

use crate::client::Client;
use crate::compose::reachable;

/// Shown below its help.
pub(crate) const EXAMPLES: &str = "\
It says so in one line, and ends with 0 when the server answers within 3 seconds that it is, else with 1. It needs no key.

Examples:
  plimsoll health                                      may it take requests?
  plimsoll health --live                               does it run at all?
  plimsoll health --server https://status.example.com
  HEALTHCHECK CMD [\"/usr/local/bin/plimsoll\", \"health\"]";

/// Whoever takes longer is not well.
const PATIENCE: Duration = Duration::from_secs(3);

/// Which server is asked, and what.
#[derive(Debug, clap::Args)]
pub(crate) struct HealthArguments {
    /// The running server; without it, the one at `PLIMSOLL_HTTP_ADDR`, whatever `PLIMSOLL_URL` says.
    #[arg(long, value_name = "URL")]
    server: Option<Url>,
    /// Asks whether it may take requests, which it may not while its store is away. This is asked without an option, too.
    #[arg(long, conflicts_with = "live")]
    ready: bool,
    /// Asks whether it runs, whatever it stands on.
    #[arg(long)]
    live: bool,
}

/// What the server says of itself, in one line; an error says why it is not well.
pub(crate) fn ask(
    wanted: &HealthArguments,
    file: Option<&Path>,
    environment: &HashMap<String, String>,
) -> anyhow::Result<String> {
    let server = match &wanted.server {
        Some(server) => server.clone(),
        None => own(&Config::read(file, environment)?),
    };
    let (path, word) = if wanted.live && !wanted.ready { ("/health", "runs") } else { ("/ready", "is ready") };
    let client = Client::new(&server, None)?.with_patience(PATIENCE);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(client.get_text(path))?;
    Ok(format!("{server} {word}\n"))
}

/// Where a server of this configuration is reached from here.
fn own(config: &Config) -> Url {
    format!("http://{}", reachable(config.http_addr)).parse().expect("an address makes a URL")
}
