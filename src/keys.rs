//! The platform owner's key, and those under which secrets are sealed: given, or made at first start and kept in files
//! that only their owner may read.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::tenant::{KEY_PREFIX, hash_key, secret};
use plimsoll_runtime::config::Config;
use plimsoll_runtime::secret_box::SecretKey;
use secrecy::ExposeSecret;

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
    let key = match read(&path)? {
        Some(text) => text.trim().to_owned(),
        None => make(&path, secret(KEY_PREFIX, entropy))?,
    };
    ensure!(key.len() >= SHORTEST, "{} does not hold a root key: remove it to have one made", path.display());
    let shown: PathBuf = path.canonicalize().unwrap_or(path);
    Ok(RootKey { hash: hash_key(&key), source: format!("in {}", shown.display()) })
}

/// The key under which secrets are sealed, and those that still open what was sealed under them. Without
/// `PLIMSOLL_SECRET_KEY`, the first line of `secret.key` in the data folder, which is made if there is none; the lines
/// after it are previous keys. With it, all keys of that file are previous ones: what they have sealed is not lost when
/// the variable is set for the first time.
pub(crate) fn secret_keys(config: &Config, entropy: &dyn Entropy) -> anyhow::Result<(SecretKey, Vec<SecretKey>)> {
    if let Some(keys) = kept_secret_keys(config)? {
        return Ok(keys);
    }
    let made = SecretKey::generate(entropy);
    make(&config.data_dir.join("secret.key"), made.to_text().expose_secret().to_owned())?;
    Ok(apart(made, &config.secret_key_previous, Vec::new()))
}

/// The same without making any: none where one would be made.
pub(crate) fn kept_secret_keys(config: &Config) -> anyhow::Result<Option<(SecretKey, Vec<SecretKey>)>> {
    let path = config.data_dir.join("secret.key");
    let mut kept = match read(&path)? {
        Some(text) => parse_keys(&text, &path)?,
        None if config.secret_key.is_some() => Vec::new(),
        None => return Ok(None),
    };
    let current = config.secret_key.clone().unwrap_or_else(|| kept.remove(0));
    Ok(Some(apart(current, &config.secret_key_previous, kept)))
}

fn apart(current: SecretKey, given: &[SecretKey], kept: Vec<SecretKey>) -> (SecretKey, Vec<SecretKey>) {
    let previous = given.iter().cloned().chain(kept).filter(|key| key.id() != current.id()).collect();
    (current, previous)
}

/// The keys in a file, one on each line; at least one.
fn parse_keys(text: &str, path: &Path) -> anyhow::Result<Vec<SecretKey>> {
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
    let keys = lines.map(|(at, line)| {
        line.parse().with_context(|| format!("line {} of {} is no secret key", at + 1, path.display()))
    });
    let keys = keys.collect::<anyhow::Result<Vec<SecretKey>>>()?;
    // It is not to be removed lightly, as the root key is: what was sealed under it would be lost.
    ensure!(!keys.is_empty(), "{} holds no secret key: put back the one that was in it", path.display());
    Ok(keys)
}

/// What is kept in a file, if there is one.
fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read the key in {}", path.display())),
    }
}

/// Keeps a fresh key in a file of its own.
fn make(path: &Path, key: String) -> anyhow::Result<String> {
    let failed = || format!("cannot keep a key in {}", path.display());
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(failed)?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).with_context(failed)?;
    file.write_all(format!("{key}\n").as_bytes()).and_then(|()| file.sync_all()).with_context(failed)?;
    // What is sealed under a key whose name did not survive a power cut would be lost.
    fs::File::open(folder).and_then(|folder| folder.sync_all()).with_context(failed)?;
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

    fn config(folder: &Path, more: &[(&str, &str)]) -> Config {
        let folder = folder.to_str().expect("a readable path");
        let pairs = [("PLIMSOLL_DATA_DIR", folder)].into_iter().chain(more.iter().copied());
        let environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Config::read(None, &environment).expect("valid")
    }

    fn ids(keys: &[SecretKey]) -> Vec<&str> {
        keys.iter().map(SecretKey::id).collect()
    }

    #[test]
    fn a_secret_key_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let (first, none) = secret_keys(&config(&data, &[]), &SystemEntropy).expect("made");
        let (again, _) = secret_keys(&config(&data, &[]), &SystemEntropy).expect("read");
        assert_eq!((first.id(), none.len()), (again.id(), 0));
        let mode = fs::metadata(data.join("secret.key")).expect("kept").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_first_line_is_the_current_key_and_the_others_are_previous_ones() {
        let folder = tempfile::tempdir().expect("a folder");
        let [one, two, three] = [0, 1, 2].map(|_| SecretKey::generate(&SystemEntropy));
        let text = format!("{}\n\n {} \n", one.to_text().expose_secret(), two.to_text().expose_secret());
        fs::write(folder.path().join("secret.key"), text).expect("written");
        let third = three.to_text();
        let more = [("PLIMSOLL_SECRET_KEY_PREVIOUS", third.expose_secret())];
        let (current, previous) = secret_keys(&config(folder.path(), &more), &SystemEntropy).expect("read");
        assert_eq!((current.id(), ids(&previous)), (one.id(), vec![three.id(), two.id()]));
    }

    #[test]
    fn a_given_secret_key_is_current_and_what_is_kept_still_opens() {
        let folder = tempfile::tempdir().expect("a folder");
        let given = SecretKey::generate(&SystemEntropy);
        let text = given.to_text();
        let with_variable = config(folder.path(), &[("PLIMSOLL_SECRET_KEY", text.expose_secret())]);
        let (current, previous) = secret_keys(&with_variable, &SystemEntropy).expect("given");
        assert_eq!((current.id(), previous.len()), (given.id(), 0));
        assert!(!folder.path().join("secret.key").exists());
        let (made, _) = secret_keys(&config(folder.path(), &[]), &SystemEntropy).expect("made");
        let (current, previous) = secret_keys(&with_variable, &SystemEntropy).expect("given");
        assert_eq!((current.id(), ids(&previous)), (given.id(), vec![made.id()]));
    }

    #[test]
    fn a_file_that_holds_no_secret_key_is_named_and_not_repeated() {
        let folder = tempfile::tempdir().expect("a folder");
        for (text, expected) in [("", "holds no secret key"), ("c2VjcmV0", "line 1"), ("\nc2VjcmV0\n", "line 2")] {
            fs::write(folder.path().join("secret.key"), text).expect("written");
            let error = secret_keys(&config(folder.path(), &[]), &SystemEntropy).expect_err("refused");
            let told = format!("{error:#}");
            assert!(told.contains("secret.key") && told.contains(expected) && !told.contains("c2Vj"), "{told}");
        }
    }
}
