//! The last good snapshots as files, each with what its tenant settled, so that a site that starts while the store is away
//! still shows something, and to nobody who may not see it.
//!
//! A file is written beside its place and then moved into it: whoever reads sees the old one or the new one. What cannot
//! be read counts as not there; the store knows better as soon as it answers. Only the owner reads the files: what they
//! hold is not always public. A file from before pages were settled says nothing of who may see it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::{PageConfig, StatusSnapshot};
use serde::{Deserialize, Serialize};

/// What is kept of one tenant.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The last good snapshot.
    pub(crate) snapshot: StatusSnapshot,
    /// What was settled about the page; `None`: it is not known.
    pub(crate) page: Option<PageConfig>,
}

/// What was last kept of `tenant` in `dir`. Blocks on the disk.
pub(crate) fn load(dir: &Path, tenant: &TenantId) -> Option<Kept> {
    read(&place(dir, tenant)).filter(|kept| &kept.snapshot.tenant == tenant)
}

/// What is known of all pages that anything is kept of. Blocks on the disk.
pub(crate) fn load_pages(dir: &Path) -> Vec<PageConfig> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let files = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.filter_map(|path| read(&path)?.page).collect()
}

/// Keeps a snapshot in `dir`, with what was settled about its page. Blocks on the disk.
pub(crate) fn save(dir: &Path, snapshot: &StatusSnapshot, page: &PageConfig) -> io::Result<()> {
    #[derive(Serialize)]
    struct Keeping<'a> {
        snapshot: &'a StatusSnapshot,
        page: &'a PageConfig,
    }
    write(dir, &snapshot.tenant, &serde_json::to_vec(&Keeping { snapshot, page })?)
}

/// Notes what is settled about `page` by now, if anything else is kept of it. Blocks on the disk.
pub(crate) fn restate(dir: &Path, page: &PageConfig) -> io::Result<()> {
    match load(dir, &page.tenant) {
        Some(kept) if kept.page.as_ref() != Some(page) => save(dir, &kept.snapshot, page),
        _ => Ok(()),
    }
}

/// Keeps nothing of `tenant` any more. Blocks on the disk.
pub(crate) fn forget(dir: &Path, tenant: &TenantId) -> io::Result<()> {
    match std::fs::remove_file(place(dir, tenant)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Option<Kept> {
    let text = std::fs::read(path).ok()?;
    let kept = serde_json::from_slice(&text).ok();
    kept.or_else(|| Some(Kept { snapshot: serde_json::from_slice(&text).ok()?, page: None }))
}

fn write(dir: &Path, tenant: &TenantId, text: &[u8]) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let beside = dir.join(format!(".{tenant}.json.new"));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(text)?;
    file.sync_data()?;
    std::fs::rename(&beside, place(dir, tenant))
}

fn place(dir: &Path, tenant: &TenantId) -> PathBuf {
    dir.join(format!("{tenant}.json"))
}
