//! Who runs where: the server under test has one core to itself, and everything that puts it under load has the other.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

/// Of the server under test.
pub(crate) const SERVER: u8 = 0;
/// Of whoever asks it, and of whoever it asks.
pub(crate) const LOAD: u8 = 1;

/// `program` on one core only, or on any.
pub(crate) fn on_core(core: Option<u8>, program: &Path) -> Command {
    let Some(core) = core else { return Command::new(program) };
    let mut pinned = Command::new("taskset");
    pinned.args(["--cpu-list", &core.to_string()]).arg(program);
    pinned
}

/// This process on one core, until it is dropped.
pub(crate) struct Pinned;

impl Pinned {
    pub(crate) fn to(core: u8) -> anyhow::Result<Self> {
        bind(&core.to_string()).map(|()| Self)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // What follows is measured on one core where this fails, and says so by its figures.
        let _freed = bind("0-1023");
    }
}

fn bind(cores: &str) -> anyhow::Result<()> {
    let process = std::process::id().to_string();
    let bound = Command::new("taskset").args(["--all-tasks", "--cpu-list", "--pid", cores, &process]).output()?;
    ensure!(bound.status.success(), "taskset: {}", String::from_utf8_lossy(&bound.stderr));
    Ok(())
}

/// Where a program lies that another package brings, or what to install.
pub(crate) fn installed(program: &str, package: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Servers lie where the search path of most people does not lead.
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join(program)).find(|file| file.is_file());
    found.ok_or_else(|| anyhow::anyhow!("{program} (Debian package {package}) is not installed"))
}
