//! The platform owner's key, and those under which secrets are sealed.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use plimsoll_domain::sealing::Sealer;
use plimsoll_runtime::secret_box::{SecretBox, SecretKey};
use plimsoll_runtime::system_entropy::SystemEntropy;
use secrecy::ExposeSecret;

use super::finding::Finding;
use super::patient::Patient;
use crate::keys;

const SECRET: &str = "secret key";

pub(super) fn look(patient: &Patient<'_>) -> Vec<Finding> {
    let mut findings = vec![root(patient)];
    let kept = patient.config.data_dir.join("secret.key");
    findings.extend(open_to_others(SECRET, &kept));
    match keys::kept_secret_keys(patient.config) {
        Ok(Some((current, previous))) => findings.extend(seals(patient, current, previous)),
        Ok(None) => findings.push(none_yet(patient, &kept)),
        Err(error) => {
            findings.push(Finding::failed(
                SECRET,
                format!("{error:#}"),
                "put back the file, from where it is kept safe",
            ));
        }
    }
    findings
}

fn root(patient: &Patient<'_>) -> Finding {
    let about = "root key";
    let path = patient.config.data_dir.join("root.key");
    let given = patient.config.root_key.as_ref().map(ExposeSecret::expose_secret);
    if given.is_none() && !path.exists() {
        return Finding::ok(about, format!("the first start makes one, and keeps it in {}", path.display()));
    }
    // There is one: none is made.
    match keys::root_key(given, &patient.config.data_dir, &SystemEntropy) {
        Err(error) => Finding::failed(about, format!("{error:#}"), "give a longer one, or see who may read the file"),
        Ok(key) => match given.map_or_else(|| open_to_others(about, &path), |_| None) {
            Some(finding) => finding,
            None => Finding::ok(about, format!("it lies {}", key.source)),
        },
    }
}

fn open_to_others(about: &'static str, path: &Path) -> Option<Finding> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let of_others = mode & 0o077;
    if of_others == 0 {
        return None;
    }
    let seen = format!("others may read {} (mode {mode:04o})", path.display());
    Some(Finding::failed(
        about,
        seen,
        format!("chmod 600 {}, and change the key if they are not trusted", path.display()),
    ))
}

fn none_yet(patient: &Patient<'_>, kept: &Path) -> Finding {
    let seals = patient.inspection.as_ref().and_then(|inspection| inspection.seals.as_ref());
    match seals {
        Some(seals) if !seals.is_empty() => {
            let seen = format!(
                "secrets in the store are sealed, and neither PLIMSOLL_SECRET_KEY nor {} is there",
                kept.display()
            );
            Finding::failed(SECRET, seen, "put back the key before the server is started: it would make a new one")
        }
        _ => Finding::ok(SECRET, format!("the first start makes one, and keeps it in {}", kept.display())),
    }
}

fn seals(patient: &Patient<'_>, current: SecretKey, previous: Vec<SecretKey>) -> Vec<Finding> {
    let (id, olds) = (current.id().to_owned(), previous.len());
    let seals = patient.inspection.as_ref().and_then(|inspection| inspection.seals.as_ref());
    let Some(seals) = seals else {
        let seen = format!("the key {id} is there; whether it opens what is stored could not be looked at");
        return vec![Finding::not_checked(SECRET, seen)];
    };
    let secrets = SecretBox::new(current, previous, Arc::new(SystemEntropy));
    let (mut refused, mut old) = (Vec::new(), 0);
    for (tenant, seal) in seals {
        match Sealer::open(&secrets, tenant.as_str(), seal) {
            Ok(_) => old += usize::from(!secrets.is_current(seal)),
            Err(reason) => refused.push(reason),
        }
    }
    let looked_at = seals.len();
    let mut findings = Vec::new();
    if refused.is_empty() {
        let seen = format!(
            "the key {id} is there, with {olds} previous ones; it opens all {looked_at} stored secrets looked at"
        );
        findings.push(Finding::ok(SECRET, seen));
    } else {
        let reasons: BTreeSet<&str> = refused.iter().map(String::as_str).collect();
        let reasons = reasons.into_iter().collect::<Vec<_>>().join("; ");
        let seen = format!("{} of {looked_at} stored secrets cannot be opened: {reasons}", refused.len());
        findings.push(Finding::failed(
            SECRET,
            seen,
            "add the key they were sealed under to PLIMSOLL_SECRET_KEY_PREVIOUS",
        ));
    }
    if old > 0 {
        let seen = format!("{old} stored secrets are still sealed under a previous key");
        findings.push(Finding::warning(SECRET, seen, "run `plimsoll secrets rotate`"));
    }
    findings
}
