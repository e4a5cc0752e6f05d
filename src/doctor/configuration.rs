//! Whether the server would take the configuration, and who else can read it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use plimsoll_runtime::config::{Listing, Source};

use super::finding::Finding;
use crate::configuration::complaints;

const ABOUT: &str = "configuration";

pub(super) fn look(listing: &Listing, file: Option<&Path>) -> Vec<Finding> {
    let advice = "mend it; `plimsoll config` lists every key and what it expects";
    let mut findings: Vec<Finding> =
        complaints(listing).map(|complaint| Finding::failed(ABOUT, complaint, advice)).collect();
    if findings.is_empty() {
        let given = listing.settings.iter().filter(|setting| setting.source != Source::Default).count();
        let from = file.map(|file| format!(", read from variables and {}", file.display())).unwrap_or_default();
        findings.push(Finding::ok(ABOUT, format!("{given} of {} keys are given{from}", listing.settings.len())));
    }
    findings.extend(file.and_then(|file| readable_secrets(listing, file)));
    findings
}

/// A file with secrets that others may read.
fn readable_secrets(listing: &Listing, file: &Path) -> Option<Finding> {
    let mode = std::fs::metadata(file).ok()?.permissions().mode();
    let from_file = listing.settings.iter().filter(|setting| setting.source == Source::File);
    let secret: Vec<String> = from_file.filter(|setting| setting.key.is_secret()).map(|s| s.key.name()).collect();
    if mode & 0o004 == 0 || secret.is_empty() {
        return None;
    }
    let seen = format!("everybody on this machine may read {} in {}", secret.join(", "), file.display());
    Some(Finding::warning(ABOUT, seen, format!("chmod o-r {}", file.display())))
}
