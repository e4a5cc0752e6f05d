//! The platform owner's key: given, or made at first start and kept in a file that only its owner may read.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::tenant::{KEY_PREFIX, hash_key, secret};

/// Shortest root key that is accepted, in characters.
const SHORTEST: usize = 16;

/// The root key's hash, and where a person finds the key itself.
pub(crate) struct RootKey {
    pub(crate) hash: String,
    pub(crate) source: String,
}

/// Takes the `given` key, or reads or makes the one in `folder`.
pub(crate) fn root_key(given: Option<&str>, folder: &Path, entropy: &dyn Entropy) -> anyhow::Result<RootKey> {
    if let Some(key) = given {
        ensure!(key.len() >= SHORTEST, "PLIMSOLL_ROOT_KEY is wrong: expected at least {SHORTEST} characters");
        return Ok(RootKey { hash: hash_key(key), source: "in PLIMSOLL_ROOT_KEY".to_owned() });
    }
    let path = folder.join("root.key");
    let key = match fs::read_to_string(&path) {
        Ok(text) => text.trim().to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(&path, entropy)?,
        Err(error) => return Err(error).with_context(|| format!("cannot read the root key in {}", path.display())),
    };
    ensure!(key.len() >= SHORTEST, "{} does not hold a root key: remove it to have one made", path.display());
    let shown: PathBuf = path.canonicalize().unwrap_or(path);
    Ok(RootKey { hash: hash_key(&key), source: format!("in {}", shown.display()) })
}

fn make(path: &Path, entropy: &dyn Entropy) -> anyhow::Result<String> {
    let key = secret(KEY_PREFIX, entropy);
    let folder = path.parent().unwrap_or(Path::new("."));
    let failed = || format!("cannot keep the root key in {}", folder.display());
    fs::create_dir_all(folder).with_context(failed)?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).with_context(failed)?;
    file.write_all(format!("{key}\n").as_bytes()).and_then(|()| file.sync_all()).with_context(failed)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use plimsoll_runtime::system_entropy::SystemEntropy;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = root_key(None, folder.path(), &SystemEntropy).expect("made");
        let again = root_key(None, folder.path(), &SystemEntropy).expect("read");
        assert_eq!(first.hash, again.hash);
        let mode = fs::metadata(folder.path().join("root.key")).expect("kept").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_given_key_must_not_be_easy_to_guess() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(root_key(Some("root"), folder.path(), &SystemEntropy).is_err());
        assert!(root_key(Some("0123456789abcdef"), folder.path(), &SystemEntropy).is_ok());
        assert!(!folder.path().join("root.key").exists());
    }
}
