//! What envelopes are sent through: ours, nginx as it is usually put in front of Sentry, and a tunnel in Node.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::json;
use tempfile::TempDir;

use super::{ORIGIN, PROJECT};
use crate::cores::{self, installed, on_core};
use crate::http::{Connection, post};
use crate::server::Server;
use crate::start::embedded;

const ROOT_KEY: &str = "plk_the-root-key-of-a-bench";
const NODE: &str = include_str!("tunnel.mjs");
const NGINX: &str = include_str!("nginx.conf");
/// What both peers answer once they are there.
const READY: &str = "/ready";

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
    pub(super) server: Server,
    /// Where it takes envelopes.
    pub(super) path: &'static str,
    /// What tells it to stop, where killing it would leave its children.
    stop: Option<Command>,
    _folder: TempDir,
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
        let (server, path, stop) = match self {
            Self::Ours => (ours(folder.path(), dsn)?, "/observability/sentry/envelope", None),
            Self::NodeFetch => (node(folder.path(), upstream, "fetch")?, "/tunnel", None),
            Self::NodeAgent => (node(folder.path(), upstream, "agent")?, "/tunnel", None),
            Self::NginxBuffered | Self::NginxStreaming => {
                let buffering = if self == Self::NginxBuffered { "on" } else { "off" };
                let (server, stop) = nginx(folder.path(), upstream, buffering)?;
                (server, "/tunnel", Some(stop))
            }
        };
        Ok(Running { server, path, stop, _folder: folder })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = &mut self.stop {
            // Whoever does not stop is killed with the server.
            let _told = stop.status();
            self.server.let_end();
        }
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

fn nginx(folder: &Path, upstream: &str, buffering: &str) -> anyhow::Result<(Server, Command)> {
    let (program, address) = (installed("nginx", "nginx")?, format!("127.0.0.1:{}", plimsoll_tests::port::free()));
    let config = NGINX.replace("@LISTEN@", &address).replace("@UPSTREAM@", upstream).replace("@PROJECT@", PROJECT);
    fs::write(folder.join("nginx.conf"), config.replace("@BUFFERING@", buffering))?;
    let with_options = |mut command: Command| {
        command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf")).arg("-e").arg(log(folder));
        command
    };
    let server = started(folder, with_options(on_core(Some(cores::SERVER), &program)), address)?;
    let mut stop = with_options(Command::new(&program));
    stop.args(["-s", "stop"]).stderr(Stdio::null());
    Ok((server, stop))
}

fn started(folder: &Path, mut command: Command, address: String) -> anyhow::Result<Server> {
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(log(folder))?);
    let started = Server::wait_for(command, address, READY);
    started.with_context(|| fs::read_to_string(log(folder)).unwrap_or_default())
}

fn log(folder: &Path) -> PathBuf {
    folder.join("log")
}
