//! `plimsoll secrets rotate`: everything that is sealed is sealed anew, under a key that nobody has seen.
//!
//! Killed anywhere, it can be run again: the keys that something may still be sealed under are kept until nothing is.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, ensure};
use secrecy::ExposeSecret;

use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::TenantId;
use plimsoll_runtime::config::Config;
use plimsoll_runtime::secret_box::{SecretBox, SecretKey};
use plimsoll_runtime::system_entropy::SystemEntropy;

use crate::{compose, keys};

/// What a rotation came to.
pub(crate) struct Rotated {
    /// Documents that were sealed anew.
    pub(crate) documents: u64,
    /// The id of the key that everything is sealed under now.
    pub(crate) key_id: String,
    /// What is left to be done by whoever asked for it.
    pub(crate) advice: &'static str,
}

/// Seals everything anew. Where the key is kept in a file, a new one is made first; where it is given by a variable, the
/// variable holds the new one, and `PLIMSOLL_SECRET_KEY_PREVIOUS` those before it.
pub(crate) async fn rotate(config: &Config) -> anyhow::Result<Rotated> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let path = config.data_dir.join("secret.key");
    let is_kept = config.secret_key.is_none();
    // First, so that nothing is changed when the store cannot be opened.
    let store = compose::open_store(config, &entropy).await?;
    if is_kept {
        let (current, previous) = keys::secret_keys(config, entropy.as_ref())?;
        // Others beside it are left of a rotation that did not come to its end: this one brings it there.
        if previous.is_empty() {
            keep(&path, &[SecretKey::generate(entropy.as_ref()), current])?;
        }
    }
    let (current, previous) = keys::secret_keys(config, entropy.as_ref())?;
    let key_id = current.id().to_owned();
    let secrets = SecretBox::new(current.clone(), previous, entropy);
    let unreadable = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&unreadable);
    let reseal = move |tenant: &TenantId, sealed: &str| {
        Ok(secrets.reseal(tenant.as_str(), sealed).unwrap_or_else(|_| {
            count.fetch_add(1, Ordering::Relaxed);
            None
        }))
    };
    let documents = store.reseal_across_tenants(&reseal).await.context("not everything could be sealed anew")?;
    store.close().await;
    let unreadable = unreadable.load(Ordering::Relaxed);
    ensure!(
        unreadable == 0,
        "{unreadable} secrets are sealed under keys that are not known here: add those to PLIMSOLL_SECRET_KEY_PREVIOUS \
         and run this again ({documents} documents were sealed anew)"
    );
    let advice = if is_kept {
        keep(&path, &[current])?;
        "the old key is gone from secret.key: nothing is sealed under it any more"
    } else {
        "PLIMSOLL_SECRET_KEY_PREVIOUS is not needed any more"
    };
    Ok(Rotated { documents, key_id, advice })
}

/// Replaces the file at `path` as a whole: whoever reads it sees the keys before or these.
fn keep(path: &Path, keys: &[SecretKey]) -> anyhow::Result<()> {
    let failed = || format!("cannot keep keys in {}", path.display());
    let new = path.with_extension("key.new");
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new).with_context(failed)?;
    for key in keys {
        writeln!(file, "{}", key.to_text().expose_secret()).with_context(failed)?;
    }
    file.sync_all().with_context(failed)?;
    fs::rename(&new, path).with_context(failed)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).with_context(failed)
}
