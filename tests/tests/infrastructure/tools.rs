//! What the checks share: programs, files, and copies in which something is broken.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll_tests::Setup;
use serde_json::Value;
use tempfile::TempDir;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").to_owned()
}

/// A file under `root`.
#[track_caller]
pub(crate) fn text(root: &Path, file: &str) -> String {
    fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Every document of a YAML text, or why it is none.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, String> {
    serde_saphyr::from_multiple(text).map_err(|error| error.to_string())
}

/// The one document of a YAML file under `root`.
#[track_caller]
pub(crate) fn document(root: &Path, file: &str) -> Value {
    serde_saphyr::from_str(&text(root, file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// One of the programs that `make schemas` installs, with nothing of this machine's environment.
pub(crate) fn program(name: &str) -> Command {
    let path = root().join(".tools/infrastructure/bin").join(name);
    assert!(path.is_file(), "{} is not there: `make schemas` installs it", path.display());
    bare(path)
}

/// Plimsoll, as it was built for the tests, with nothing of this machine's environment.
pub(crate) fn plimsoll() -> Command {
    bare(built())
}

/// The program that the black-box suites run.
pub(crate) fn built() -> PathBuf {
    Setup::embedded().stopped().command(&[]).get_program().into()
}

fn bare(path: PathBuf) -> Command {
    let mut command = Command::new(path);
    let home = std::env::temp_dir();
    command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    command
}

/// What a command wrote, or what it complained of.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let ran = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, complaint) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    if ran.status.success() { Ok(out.into_owned()) } else { Err(format!("{out}{complaint}")) }
}

/// The repository's `infrastructure/` in a folder of its own.
pub(crate) struct Copy(TempDir);

impl Copy {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        run(Command::new("cp").arg("-r").arg(root().join("infrastructure")).arg(folder.path())).expect("it is copied");
        Self(folder)
    }

    /// What stands in for the root of the repository.
    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    /// The same with the first `from` in `file` made `to`; `from` must be there.
    #[track_caller]
    pub(crate) fn with(self, file: &str, from: &str, to: &str) -> Self {
        let old = text(self.root(), file);
        assert!(old.contains(from), "{file} does not hold {from:?} any more: break it differently");
        self.holding(file, &old.replacen(from, to, 1))
    }

    /// The same with `file` holding this.
    #[track_caller]
    pub(crate) fn holding(self, file: &str, text: &str) -> Self {
        fs::write(self.root().join(file), text).unwrap_or_else(|error| panic!("{file}: {error}"));
        self
    }
}

/// Names of the entries of an object.
pub(crate) fn names(object: &Value) -> impl Iterator<Item = &str> {
    object.as_object().into_iter().flatten().map(|(name, _)| name.as_str())
}

/// The elements of an array; of anything else, none.
pub(crate) fn items(array: &Value) -> impl Iterator<Item = &Value> {
    array.as_array().into_iter().flatten()
}

/// An image with a registry's path and a tag that names a version: `mongo:8.0.21`, not `mongo`, `mongo:8` or `mongo:latest`.
pub(crate) fn is_pinned(image: &str) -> bool {
    let tag = image.rsplit('/').next().and_then(|name| name.split_once(':')).map_or("", |(_, tag)| tag);
    let version = tag.trim_start_matches('v').split('-').next().unwrap_or_default();
    let parts: Vec<&str> = version.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[test]
fn an_image_is_pinned_when_its_tag_names_a_whole_version() {
    for image in ["mongo:8.0.21", "grafana/alloy:v1.18.1", "caddy:2.11.4-alpine", "registry.example.com:5000/a/b:0.1.0"]
    {
        assert!(is_pinned(image), "{image}");
    }
    for image in
        ["mongo", "mongo:latest", "mongo:8", "mongo:8.0", "registry.example.com:5000/a/b", "a:8.0.x", "a:v1..2"]
    {
        assert!(!is_pinned(image), "{image}");
    }
}

/// Panics unless one of the complaints says this.
#[track_caller]
pub(crate) fn assert_complains(complaints: &[String], of: &str) {
    assert!(complaints.iter().any(|complaint| complaint.contains(of)), "nobody complains of {of:?}: {complaints:#?}");
}
