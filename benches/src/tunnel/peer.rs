//! What envelopes are sent through: ours, nginx as it is usually put in front of Sentry, and a tunnel in Node.

use std::fs;
use std::path::Path;

use anyhow::ensure;
use serde_json::json;
use tempfile::TempDir;

use super::{ORIGIN, PROJECT};
use crate::cores::{self, installed, on_core};
use crate::http::{Connection, post};
use crate::nginx::{Nginx, started};
use crate::server::Server;
use crate::start::embedded;

const ROOT_KEY: &str = "plk_the-root-key-of-a-bench";
const NODE: &str = include_str!("tunnel.mjs");
const NGINX: &str = include_str!("nginx.conf");

/// In the order of their turns.
pub(super) const ALL: [Peer; 5] =
    [Peer::NginxBuffered, Peer::NginxStreaming, Peer::NodeFetch, Peer::NodeAgent, Peer::Ours];

/// One that passes envelopes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// `proxy_pass` as it is.
    NginxBuffered,
    /// With `proxy_request_buffering off`.
    NginxStreaming,
    /// The tunnel of Sentry's documentation.
    NodeFetch,
    /// The same with an agent, and so with less to do for each request.
    NodeAgent,
    /// The release binary.
    Ours,
}

/// A peer that runs, in a folder of its own.
pub(super) struct Running {
    process: Process,
    /// Where it takes envelopes.
    pub(super) path: &'static str,
    _folder: TempDir,
}

enum Process {
    One(Server),
    Nginx(Nginx),
}

impl Running {
    pub(super) const fn server(&self) -> &Server {
        match &self.process {
            Process::One(server) => server,
            Process::Nginx(nginx) => &nginx.server,
        }
    }
}

impl Peer {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::NginxBuffered => "nginx, buffered",
            Self::NginxStreaming => "nginx, streaming",
            Self::NodeFetch => "Node, fetch",
            Self::NodeAgent => "Node, agent",
            Self::Ours => "ours",
        }
    }

    /// Starts it on the server's core, with `upstream` behind it.
    pub(super) fn start(self, upstream: &str, dsn: &str) -> anyhow::Result<Running> {
        let folder = tempfile::tempdir()?;
        let (process, path) = match self {
            Self::Ours => (Process::One(ours(folder.path(), dsn)?), "/observability/sentry/envelope"),
            Self::NodeFetch => (Process::One(node(folder.path(), upstream, "fetch")?), "/tunnel"),
            Self::NodeAgent => (Process::One(node(folder.path(), upstream, "agent")?), "/tunnel"),
            Self::NginxBuffered | Self::NginxStreaming => {
                let buffering = if self == Self::NginxBuffered { "on" } else { "off" };
                (Process::Nginx(nginx(folder.path(), upstream, buffering)?), "/tunnel")
            }
        };
        Ok(Running { process, path, _folder: folder })
    }
}

/// With its log in a file, and an app for the project of `dsn` whose limits nobody reaches.
fn ours(folder: &Path, dsn: &str) -> anyhow::Result<Server> {
    let variables = [("PLIMSOLL_ROOT_KEY", ROOT_KEY), ("PLIMSOLL_EGRESS_ALLOW", "127.0.0.0/8")];
    let server = Server::start_with(folder, &embedded(folder), Some(cores::SERVER), &variables)?;
    let key = server.tenant(ROOT_KEY)?;
    let limits = json!({"app_per_minute": 100_000_000, "client_per_minute": 100_000_000});
    let app = json!({"id": "shop", "name": "Shop", "dsn": dsn, "rate_limits": limits, "allowed_origins": [ORIGIN]});
    let made = Connection::open(&server.address)?.ask(&post("/tenants/bench/apps", &key, &app.to_string()))?;
    ensure!(made.status == 201, "the app: {}", String::from_utf8_lossy(&made.body));
    Ok(server)
}

fn node(folder: &Path, upstream: &str, how: &str) -> anyhow::Result<Server> {
    let (script, port) = (folder.join("tunnel.mjs"), plimsoll_tests::port::free());
    fs::write(&script, NODE)?;
    let mut command = on_core(Some(cores::SERVER), &installed("node", "nodejs")?);
    command.arg(script).args([&port.to_string(), upstream, PROJECT, how]);
    started(folder, command, format!("127.0.0.1:{port}"))
}

fn nginx(folder: &Path, upstream: &str, buffering: &str) -> anyhow::Result<Nginx> {
    let config = NGINX.replace("@UPSTREAM@", upstream).replace("@PROJECT@", PROJECT);
    Nginx::start(folder, &config.replace("@BUFFERING@", buffering))
}
