//! Where keys go that were made: they are shown once, and never again.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::json;

use plimsoll_domain::ids::TenantId;

/// What other users of the machine may do with a file.
const OTHERS: u32 = 0o077;

/// Takes keys.
pub(super) enum NewKeys {
    /// They are printed.
    Printed,
    /// They are added to a file that only its owner may read, one JSON object a line.
    Kept(File),
}

impl NewKeys {
    /// Into the file at `path`, if there is one. It is opened before a key is made: a key that cannot be kept is lost.
    pub(super) fn into_file(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self::Printed) };
        let shown = path.display();
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        let file = file.with_context(|| format!("cannot write keys to {shown}"))?;
        let mode = file.metadata().with_context(|| format!("cannot look at {shown}"))?.permissions().mode();
        ensure!(mode & OTHERS == 0, "others may read {shown}: take a new file, or chmod 600 it");
        Ok(Self::Kept(file))
    }

    /// Takes `key`; what to say of it.
    pub(super) fn take(&mut self, tenant: &TenantId, (name, role): (&str, &str), key: &str) -> anyhow::Result<String> {
        match self {
            Self::Printed => Ok(format!("      its key, shown once: {key}")),
            Self::Kept(file) => {
                let line = json!({"tenant": tenant, "name": name, "role": role, "key": key});
                let kept = writeln!(file, "{line}").and_then(|()| file.sync_all());
                kept.with_context(|| {
                    format!("the key {name} was made and could not be kept: revoke it, and apply the file again")
                })?;
                Ok("      its key is in the file".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn keys_are_kept_where_only_their_owner_reads_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys");
        let tenant = "acme".parse().expect("an id");
        for name in ["ci", "phone"] {
            let mut keys = NewKeys::into_file(Some(&path)).expect("opened");
            assert!(!keys.take(&tenant, (name, "ingest"), "plk_1").expect("kept").contains("plk_1"));
        }
        let text = fs::read_to_string(&path).expect("a file");
        let first = r#"{"key":"plk_1","name":"ci","role":"ingest","tenant":"acme"}"#;
        assert_eq!((text.lines().next(), text.lines().count()), (Some(first), 2));
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changed");
        let Err(refused) = NewKeys::into_file(Some(&path)) else { panic!("others may read it") };
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
    }
}
