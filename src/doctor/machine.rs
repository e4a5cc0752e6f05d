//! What the machine has to give: files, and room on the disk.

use std::path::Path;

use rustix::fs::{Access, access, statvfs};

use plimsoll_runtime::config::Config;
use plimsoll_runtime::trust;

use super::finding::Finding;
use crate::serve::seats_of;

/// Fewer connections than that are a handful of visitors and a relay.
const FEW_SEATS: usize = 1_000;
/// What the store should always find, in bytes.
const ROOM: u64 = 1 << 30;
/// With less, writes are about to fail.
const NO_ROOM: u64 = 64 << 20;
const MIB: u64 = 1 << 20;

pub(super) fn open_files() -> Finding {
    let about = "open files";
    match rlimit::getrlimit(rlimit::Resource::NOFILE) {
        // The server raises the first to the second.
        Ok((_, hard)) if seats_of(hard) < FEW_SEATS => {
            let seen = format!("at most {hard}: no more than {} connections at a time", seats_of(hard));
            Finding::warning(
                about,
                seen,
                "raise the limit: LimitNOFILE= of systemd, `ulimit -Hn`, or that of the container",
            )
        }
        Ok((_, hard)) => Finding::ok(about, format!("at most {hard}: room for {} connections", seats_of(hard))),
        Err(error) => Finding::not_checked(about, format!("the limit cannot be read: {error}")),
    }
}

/// Whom HTTPS is believed by.
pub(super) fn certificates() -> Finding {
    let about = "certificates";
    match trust::check() {
        Ok(()) => Finding::ok(about, "the system has CA certificates"),
        Err(error) => Finding::failed(about, error, "the server does not start without"),
    }
}

/// The data folder, and the embedded store's where that is another.
pub(super) fn folder(config: &Config) -> Vec<Finding> {
    let embedded = config.store.strip_prefix("embedded:").map(Path::new).filter(|path| *path != config.data_dir);
    let mut findings = of_folder("data folder", &config.data_dir, config);
    findings.extend(embedded.into_iter().flat_map(|path| of_folder("store folder", path, config)));
    findings
}

fn of_folder(about: &'static str, path: &Path, config: &Config) -> Vec<Finding> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // A folder that is not there yet is made in the nearest one that is.
    let Some(there) = absolute.ancestors().find(|folder| folder.exists()) else {
        return vec![Finding::not_checked(about, format!("{} is nowhere", path.display()))];
    };
    let shown = absolute.display();
    let to_come = if there == absolute { "" } else { " (made at first start)" };
    if !there.is_dir() {
        return vec![Finding::failed(
            about,
            format!("{} is no folder", there.display()),
            "name another, or move it away",
        )];
    }
    let writable = match access(there, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Finding::ok(about, format!("{shown} can be written to{to_come}")),
        Err(error) => {
            let seen = format!("{} cannot be written to: {error}", there.display());
            Finding::failed(
                about,
                seen,
                "give it to the user that runs Plimsoll, or set PLIMSOLL_DATA_DIR or PLIMSOLL_STORE",
            )
        }
    };
    vec![writable, disk(there, config)]
}

fn disk(folder: &Path, config: &Config) -> Finding {
    let about = "disk";
    let Ok(room) = statvfs(folder) else {
        return Finding::not_checked(about, format!("the room left for {} cannot be read", folder.display()));
    };
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    let spool = config.tunnel.spool_bytes;
    let seen = format!("{} MiB are free for {}", free / MIB, folder.display());
    let needed =
        format!("make room: the spool may take {} MiB (PLIMSOLL_SPOOL_MAX_BYTES), and the store grows", spool / MIB);
    match free {
        free if free < NO_ROOM => Finding::failed(about, seen, needed),
        free if free < ROOM + spool => Finding::warning(about, seen, needed),
        _ => Finding::ok(about, seen),
    }
}
