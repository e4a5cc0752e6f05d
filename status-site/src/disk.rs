//! The last good snapshots as files, so that a site that starts while the store is away still shows something.
//!
//! A file is written beside its place and then moved into it: whoever reads sees the old one or the new one. What cannot
//! be read counts as not there; the store knows better as soon as it answers.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::StatusSnapshot;

/// The snapshot of `tenant` as it was last kept in `dir`. Blocks on the disk.
pub(crate) fn load(dir: &Path, tenant: &TenantId) -> Option<StatusSnapshot> {
    let text = std::fs::read(place(dir, tenant)).ok()?;
    serde_json::from_slice(&text).ok().filter(|snapshot: &StatusSnapshot| &snapshot.tenant == tenant)
}

/// Keeps `snapshot` in `dir`. Blocks on the disk.
pub(crate) fn save(dir: &Path, snapshot: &StatusSnapshot) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let beside = dir.join(format!(".{}.json.new", snapshot.tenant));
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(&serde_json::to_vec(snapshot)?)?;
    file.sync_data()?;
    std::fs::rename(&beside, place(dir, &snapshot.tenant))
}

fn place(dir: &Path, tenant: &TenantId) -> PathBuf {
    dir.join(format!("{tenant}.json"))
}
