//! The release binary: built, started in a folder of its own, and stopped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::cores::on_core;
use crate::http::{self, Connection, post};

const START: Duration = Duration::from_secs(20);
const END: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// A process that is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    /// From its start to its first 200.
    pub(crate) took: Duration,
}

/// Builds the program, so that what is measured is what the sources say.
pub(crate) fn build() -> anyhow::Result<()> {
    let target = folder()?.parent().context("a profile lies in a target folder")?.to_owned();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--release", "--locked", "--package", "plimsoll", "--target-dir"]).arg(target);
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    ensure!(cargo.status()?.success(), "the program could not be built");
    Ok(())
}

fn folder() -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?.parent().context("a program lies in a folder")?.to_owned())
}

/// The program that is measured.
pub(crate) fn program() -> anyhow::Result<PathBuf> {
    let program = folder()?.join("plimsoll");
    ensure!(program.is_file(), "there is no {}", program.display());
    Ok(program)
}

impl Server {
    /// Starts Plimsoll with its default settings on `store`, its log in a file in `folder`.
    pub(crate) fn start(folder: &Path, store: &str, core: Option<u8>) -> anyhow::Result<Self> {
        Self::start_with(folder, store, core, &[])
    }

    /// The same with these variables.
    pub(crate) fn start_with(
        folder: &Path,
        store: &str,
        core: Option<u8>,
        variables: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let address = format!("127.0.0.1:{}", plimsoll_tests::port::free());
        let mut command = on_core(core, &program()?);
        command.env_clear().current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
        command.env("LOG_FORMAT", "json").env("PLIMSOLL_HTTP_ADDR", &address);
        command.envs(variables.iter().copied());
        command.env("PLIMSOLL_STORE", store).env("PLIMSOLL_DATA_DIR", folder.join("data"));
        command.stderr(File::create(folder.join("log"))?);
        Self::wait_for(command, address, "/ready").with_context(|| {
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            format!("the program did not start:\n{log}")
        })
    }

    /// Starts `command` and waits until `path` answers.
    pub(crate) fn wait_for(mut command: Command, address: String, path: &str) -> anyhow::Result<Self> {
        let started = Instant::now();
        let child = command.spawn().context("it cannot be started")?;
        let mut server = Self { child, address, took: Duration::ZERO };
        loop {
            match http::read(&server.address, path, "") {
                Ok(_) => break,
                Err(error) => ensure!(started.elapsed() < START, "no answer: {error:#}"),
            }
            let ended = server.child.try_wait()?;
            ensure!(ended.is_none(), "it ended by itself: {ended:?}");
            std::thread::sleep(LOOK_AGAIN);
        }
        server.took = started.elapsed();
        Ok(server)
    }

    /// Makes the tenant `bench`: its key.
    pub(crate) fn tenant(&self, root_key: &str) -> anyhow::Result<String> {
        let created = post("/tenants", root_key, r#"{"id":"bench","name":"Bench"}"#);
        let created: Value = serde_json::from_slice(&Connection::open(&self.address)?.ask(&created)?.body)?;
        Ok(created["admin_key"].as_str().context("a tenant without a key")?.to_owned())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended by itself, or for too long.
    pub(crate) fn let_end(&mut self) {
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && asked.elapsed() < END {
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}
