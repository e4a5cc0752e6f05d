//! A folder of files that an export made.
//!
//! One that holds anything else is left alone, and of an earlier export only what it wrote itself is replaced or removed: a
//! manifest says what that is. Each file is put in place whole, the overview last, so that a copy that is served meanwhile
//! points to nothing that is not there yet. A new folder in place of the old one was rejected: web servers that have it open,
//! or look at it through a mount, would go on with the old one.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path};

use anyhow::{Context, ensure};
use serde_json::Value;

use plimsoll_status_site::ExportedFile;

/// What is in a folder that this command made: which files are its own.
const MANIFEST: &str = ".plimsoll-export.json";

/// What was done to a folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// Files that are new or others than before.
    pub(super) put: usize,
    /// Files that were the same already.
    pub(super) unchanged: usize,
    /// Files of the export before that are no more.
    pub(super) removed: usize,
}

/// The files that an earlier export wrote into `out`; refuses a folder that holds something else.
pub(super) fn may_write(out: &Path, force: bool) -> anyhow::Result<BTreeSet<String>> {
    match fs::read_to_string(out.join(MANIFEST)) {
        Ok(text) => {
            let manifest: Value = serde_json::from_str(&text)
                .with_context(|| format!("{MANIFEST} in {} cannot be read", out.display()))?;
            let files = manifest["files"].as_array().map(Vec::as_slice).unwrap_or_default();
            return Ok(files
                .iter()
                .filter_map(Value::as_str)
                .filter(|name| is_inside(name))
                .map(str::to_owned)
                .collect());
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
        Err(error) => return Err(error).with_context(|| format!("cannot look into {}", out.display())),
    }
    let is_empty = match fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) => {
            return Err(error).with_context(|| format!("{} is no folder that can be written to", out.display()));
        }
    };
    let place = out.display();
    ensure!(
        is_empty || force,
        "{place} is neither empty nor of an earlier export: choose another folder, or add --force"
    );
    Ok(BTreeSet::new())
}

/// Whether a name leads to a file within the folder, as those that we write do.
fn is_inside(name: &str) -> bool {
    !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Puts `files` into `out`, and removes those of `before` that are no more.
pub(super) fn write(out: &Path, files: &[ExportedFile], before: &BTreeSet<String>) -> anyhow::Result<Written> {
    let names: BTreeSet<String> = files.iter().map(|file| file.path.clone()).collect();
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    // First, so that whatever is written from now on is known to be ours, even if this is never finished.
    keep_manifest(out, before.union(&names))?;
    let mut done = Written::default();
    let (overview, others): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.path == "index.html");
    for file in others.into_iter().chain(overview) {
        if put(&out.join(&file.path), &file.bytes)? {
            done.put += 1;
        } else {
            done.unchanged += 1;
        }
    }
    for gone in before.difference(&names) {
        match fs::remove_file(out.join(gone)) {
            Ok(()) => done.removed += 1,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot remove {gone} of the export before")),
        }
        remove_empty_folders(out, gone);
    }
    keep_manifest(out, names.iter())?;
    Ok(done)
}

fn keep_manifest<'a>(out: &Path, names: impl Iterator<Item = &'a String>) -> anyhow::Result<()> {
    let manifest = serde_json::json!({
        "about": "Written by `plimsoll export`, which replaces and removes these files, and no others.",
        "files": names.collect::<Vec<_>>(),
    });
    put(&out.join(MANIFEST), serde_json::to_string_pretty(&manifest)?.as_bytes()).map(|_written| ())
}

/// Puts a file in its place as a whole; `false`: it was there already.
fn put(path: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    if fs::read(path).is_ok_and(|held| held == bytes) {
        return Ok(false);
    }
    let failed = || format!("cannot write {}", path.display());
    let folder = path.parent().expect("a file lies in a folder");
    fs::create_dir_all(folder).with_context(failed)?;
    let name = path.file_name().expect("a file has a name").to_string_lossy();
    let beside = folder.join(format!(".{name}.plimsoll-new"));
    fs::write(&beside, bytes).with_context(failed)?;
    fs::rename(&beside, path).with_context(failed)?;
    Ok(true)
}

/// Removes the folders that held `gone`, up to `out`, as far as nothing else is in them.
fn remove_empty_folders(out: &Path, gone: &str) {
    for folder in Path::new(gone).ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
        // It fails when something is in it, which is what is wanted.
        if fs::remove_dir(out.join(folder)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> ExportedFile {
        ExportedFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() }
    }

    #[test]
    fn a_folder_of_others_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(may_write(&folder.path().join("new"), false).expect("it may be made"), BTreeSet::new());
        assert_eq!(may_write(folder.path(), false).expect("it is empty"), BTreeSet::new());
        fs::write(folder.path().join("thesis.txt"), "years of work").expect("written");
        let refused = may_write(folder.path(), false).expect_err("it holds something");
        assert!(refused.to_string().contains("--force"), "{refused}");
        assert!(may_write(folder.path(), true).is_ok());
        assert!(may_write(&folder.path().join("thesis.txt"), true).is_err(), "it is a file");
    }

    #[test]
    fn an_export_replaces_its_own_files_and_touches_no_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path();
        let first = [file("index.html", "one"), file("incidents/inc-1/index.html", "old"), file("assets/a.css", "x")];
        let counts = |put, unchanged, removed| Written { put, unchanged, removed };
        assert_eq!(write(out, &first, &BTreeSet::new()).expect("written"), counts(3, 0, 0));
        fs::write(out.join("incidents/mine.txt"), "mine").expect("written");
        let before = may_write(out, false).expect("it is an export");
        let second = [file("index.html", "two"), file("assets/a.css", "x")];
        assert_eq!(write(out, &second, &before).expect("written"), counts(1, 1, 1));
        assert_eq!(fs::read_to_string(out.join("index.html")).expect("a file"), "two");
        assert!(!out.join("incidents/inc-1").exists() && out.join("incidents/mine.txt").exists());
        let left: Vec<_> =
            fs::read_dir(out).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
        assert_eq!(left.len(), 4, "nothing half written is left: {left:?}");
    }

    #[test]
    fn a_manifest_leads_nowhere_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let manifest = r#"{"files": ["index.html", "../etc/passwd", "/etc/passwd", "a/../../b", ""]}"#;
        fs::write(folder.path().join(MANIFEST), manifest).expect("written");
        assert_eq!(may_write(folder.path(), false).expect("an export"), BTreeSet::from(["index.html".to_owned()]));
    }
}
