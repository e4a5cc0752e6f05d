//! The systemd unit, as systemd reads it. The program's path is that of the build, since nothing is installed here.

use std::path::Path;
use std::process::Command;

use crate::tools::{Copy, built, root, text};

const UNIT: &str = "infrastructure/systemd/plimsoll.service";
const INSTALLED: &str = "ExecStart=/usr/local/bin/plimsoll ";

/// What systemd says of the unit; it is silent when all is well.
fn said(at: &Path) -> String {
    let unit = text(at, UNIT);
    assert!(unit.contains(INSTALLED), "it starts the program where the README installs it");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plimsoll.service");
    let built = format!("ExecStart={} ", built().display());
    std::fs::write(&path, unit.replace(INSTALLED, &built)).expect("it is written");
    let verified =
        Command::new("systemd-analyze").arg("verify").arg("--man=no").arg(&path).output().expect("systemd-analyze");
    String::from_utf8_lossy(&verified.stdout).into_owned() + &String::from_utf8_lossy(&verified.stderr)
}

#[test]
fn systemd_knows_every_line_of_the_unit() {
    assert_eq!(said(&root()), "");
    for (from, to, complaint) in [
        ("LimitNOFILE", "LimitNOFILES", "Unknown key"),
        ("Restart=always", "Restart=allways", "allways"),
        ("ProtectHome=yes", "ProtectHome=perhaps", "perhaps"),
        ("SystemCallFilter=@system-service", "SystemCallFilter=@everything", "everything"),
    ] {
        let said = said(Copy::new().with(UNIT, from, to).root());
        assert!(said.contains(complaint), "{complaint}: {said}");
    }
}

#[test]
fn a_stop_has_the_time_that_it_takes() {
    let unit = text(&root(), UNIT);
    let time = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")?.parse::<u64>().ok());
    assert!(time.is_some_and(|seconds| seconds >= 30), "25 s of grace, and some to close the store: {time:?}");
}

/// Profiles are made in files of the system's temporary folder.
#[test]
fn what_may_write_to_one_folder_only_has_a_temporary_one_of_its_own() {
    let unit = text(&root(), UNIT);
    let says = |line: &str| unit.lines().any(|said| said == line);
    assert!(says("ProtectSystem=strict") && says("PrivateTmp=yes"), "{unit}");
}
