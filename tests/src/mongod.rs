//! A real MongoDB for tests: a replica set of one on a free port, in a folder of its own.
//!
//! The server runs under a shell that waits for its standard input to end: however the test's process goes, by returning,
//! by a panic or by a signal, the server is killed and its folder removed. Running tests without it was rejected: a test
//! that is skipped where the server is missing is missing where it matters.

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use bson::{Document, doc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::port;

/// Ports that are tried: somebody else may take one in the moment before the server does.
const PORTS: usize = 3;
const START: Duration = Duration::from_mins(1);
const ALREADY_INITIATED: i32 = 23;
const OP_MSG: i32 = 2_013;
/// What an answer holds before its document, after its length: the rest of the header, flags, the kind of its section.
const BEFORE_DOCUMENT: usize = 12 + 4 + 1;
/// Runs `"$@"` until standard input ends; what is read before tells whether the folder `$0` is kept.
const KEEPER: &str = r#""$@" & read -r word; kill -9 $!; wait $! 2>/dev/null; test "$word" = keep || rm -rf "$0""#;

/// A running server, or one that was killed and may be started again. Dropping it removes it and all it holds.
#[derive(Debug)]
pub struct Mongod {
    base: String,
    own: Option<Own>,
    databases: AtomicU64,
}

/// A server that was started here.
#[derive(Debug)]
struct Own {
    binary: PathBuf,
    folder: PathBuf,
    port: u16,
    keeper: Option<Child>,
}

impl Mongod {
    /// Starts a server and waits until it can be written to. `PLIMSOLL_TEST_MONGODB_URI` names a running one to be used
    /// instead, `PLIMSOLL_TEST_MONGOD` the program; the usual place of the program is `.tools/mongod/mongod`.
    pub async fn start() -> anyhow::Result<Self> {
        if let Some(uri) = variable("PLIMSOLL_TEST_MONGODB_URI") {
            return Ok(Self { base: uri, own: None, databases: AtomicU64::default() });
        }
        let binary = binary()?;
        for _ in 1..PORTS {
            if let Ok(server) = Self::start_at(&binary, port::free()).await {
                return Ok(server);
            }
        }
        Self::start_at(&binary, port::free()).await
    }

    async fn start_at(binary: &Path, port: u16) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("plimsoll-mongod-").tempdir()?.keep();
        let base = format!("mongodb://127.0.0.1:{port}/?replicaSet=rs0");
        let own = Own { binary: binary.to_owned(), folder, port, keeper: None };
        let mut server = Self { base, own: Some(own), databases: AtomicU64::default() };
        server.start_again().await?;
        Ok(server)
    }

    /// The address of an empty database: another one for each call.
    pub fn uri(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let chance = std::hash::BuildHasher::hash_one(&std::collections::hash_map::RandomState::new(), number);
        let (address, options) = self.base.split_once('?').unwrap_or((&self.base, ""));
        let hosts = address.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        format!("{hosts}/test-{number}-{chance:x}?{options}")
    }

    /// Kills the server as a power cut would; what it has written stays.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        let own = self.own.as_mut().context("a server that was started elsewhere is not killed")?;
        if let Some(mut keeper) = own.keeper.take() {
            keeper.stdin.take().context("the keeper has an input")?.write_all(b"keep\n")?;
            keeper.wait()?;
        }
        Ok(())
    }

    /// Has the server stand still, with every connection open, as a machine without a network does.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.signal("STOP")
    }

    /// Has it go on.
    pub fn go_on(&self) -> anyhow::Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> anyhow::Result<()> {
        let own = self.own.as_ref().context("a server that was started elsewhere is left alone")?;
        // The server writes its own number there.
        let process = std::fs::read_to_string(own.folder.join("data/mongod.lock"))?;
        let script = format!("kill -{name} {}", process.trim());
        anyhow::ensure!(Command::new("sh").args(["-c", &script]).status()?.success(), "{script}");
        Ok(())
    }

    /// Starts the server again on the same port with all it held, and waits until it can be written to.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        let own = self.own.as_mut().context("a server that was started elsewhere is not started here")?;
        own.keeper = Some(own.spawn()?);
        let log = own.folder.join("log");
        let ready = tokio::time::timeout(START, own.initiate()).await.context("no primary within a minute");
        ready.and_then(|done| done).with_context(|| format!("mongod did not start:\n{}", tail(&log)))
    }
}

impl Drop for Mongod {
    fn drop(&mut self) {
        let Some(own) = &mut self.own else { return };
        if let Some(mut keeper) = own.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
        let _ = std::fs::remove_dir_all(&own.folder);
    }
}

impl Own {
    fn spawn(&self) -> anyhow::Result<Child> {
        let data = self.folder.join("data");
        std::fs::create_dir_all(&data)?;
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER]).arg(&self.folder).arg(&self.binary);
        command.arg("--dbpath").arg(&data).arg("--logpath").arg(self.folder.join("log")).arg("--logappend");
        command.args(["--port", &self.port.to_string(), "--bind_ip", "127.0.0.1", "--replSet", "rs0"]);
        command.args(["--quiet", "--wiredTigerCacheSizeGB", "0.25", "--nounixsocket", "--oplogSize", "64"]);
        // The clocks of tests stand still, and often in the past: what they store must not expire under them.
        command.args(["--setParameter", "ttlMonitorEnabled=false", "--setParameter", "ttlMonitorSleepSecs=1"]);
        command.args(["--setParameter", "diagnosticDataCollectionEnabled=false"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().context("cannot start a shell")
    }

    async fn initiate(&self) -> anyhow::Result<()> {
        let mut server = loop {
            match TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await {
                Ok(stream) => break stream,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let member = doc! { "_id": 0, "host": format!("127.0.0.1:{}", self.port) };
        let settings = doc! { "electionTimeoutMillis": 500 };
        let set = doc! { "_id": "rs0", "members": [member], "settings": settings };
        let answer = ask(&mut server, &doc! { "replSetInitiate": set, "$db": "admin" }).await?;
        let is_done = answer.get_f64("ok").is_ok_and(|ok| ok > 0.0)
            || answer.get_i32("code").is_ok_and(|code| code == ALREADY_INITIATED);
        anyhow::ensure!(is_done, "the replica set cannot be initiated: {answer}");
        while !ask(&mut server, &doc! { "hello": 1, "$db": "admin" })
            .await?
            .get_bool("isWritablePrimary")
            .unwrap_or(false)
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

/// Runs a command, on the wire: the driver stands in the store's adapter only.
async fn ask(server: &mut TcpStream, command: &Document) -> anyhow::Result<Document> {
    let body = command.to_vec()?;
    let length = i32::try_from(4 + BEFORE_DOCUMENT + body.len())?;
    let mut message: Vec<u8> = [length, 1, 0, OP_MSG, 0].into_iter().flat_map(i32::to_le_bytes).collect();
    message.push(0);
    message.extend(body);
    server.write_all(&message).await?;
    let length = usize::try_from(server.read_i32_le().await?)?;
    let mut answer = vec![0; length.saturating_sub(4)];
    server.read_exact(&mut answer).await?;
    Ok(Document::from_reader(answer.get(BEFORE_DOCUMENT..).context("an answer without a document")?)?)
}

fn binary() -> anyhow::Result<PathBuf> {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/mongod/mongod");
    let binary = variable("PLIMSOLL_TEST_MONGOD").map_or_else(usual, PathBuf::from);
    if !binary.is_file() {
        bail!(
            "there is no mongod at {}: `make test` fetches it; or name a program in PLIMSOLL_TEST_MONGOD, or a running \
             replica set in PLIMSOLL_TEST_MONGODB_URI",
            binary.display()
        );
    }
    Ok(binary)
}

#[expect(clippy::disallowed_methods, reason = "a test harness has no configuration but the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
