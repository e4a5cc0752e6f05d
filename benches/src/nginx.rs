//! nginx, as a peer: one worker, in a folder of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::cores::{self, installed, on_core};
use crate::server::Server;

/// What it answers once it is there.
pub(crate) const READY: &str = "/ready";

/// One that runs.
pub(crate) struct Nginx {
    pub(crate) server: Server,
    stop: Command,
}

impl Nginx {
    /// Starts it on the server's core, by a configuration in which `@LISTEN@` stands for its address.
    pub(crate) fn start(folder: &Path, config: &str) -> anyhow::Result<Self> {
        let (program, address) = (installed("nginx", "nginx")?, format!("127.0.0.1:{}", plimsoll_tests::port::free()));
        fs::write(folder.join("nginx.conf"), config.replace("@LISTEN@", &address))?;
        let with_options = |mut command: Command| {
            command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf")).arg("-e").arg(log(folder));
            command
        };
        let server = started(folder, with_options(on_core(Some(cores::SERVER), &program)), address)?;
        let mut stop = with_options(Command::new(&program));
        stop.args(["-s", "stop"]).stderr(Stdio::null());
        Ok(Self { server, stop })
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killing it would leave its worker; if it does not stop, it is killed with the server.
        let _told = self.stop.status();
        self.server.let_end();
    }
}

/// Starts `command` in `folder`, its complaints in a file there, and waits until it answers [`READY`].
pub(crate) fn started(folder: &Path, mut command: Command, address: String) -> anyhow::Result<Server> {
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(log(folder))?);
    let started = Server::wait_for(command, address, READY);
    started.with_context(|| fs::read_to_string(log(folder)).unwrap_or_default())
}

fn log(folder: &Path) -> PathBuf {
    folder.join("log")
}
