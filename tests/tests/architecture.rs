//! The arrows between the crates, as docs/architecture.md draws them, and the few rules about source files that no lint
//! can state. Reads the manifests and the sources, and needs neither a network nor a build.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Hard limit on the lines of a Rust file under a `src` folder.
const LONGEST_FILE: usize = 500;

/// What each room may use of the others.
const ARROWS: [(&str, &[&str]); 10] = [
    ("plimsoll-domain", &[]),
    ("plimsoll-traces", &[]),
    ("plimsoll-store", &["plimsoll-domain", "plimsoll-traces"]),
    ("plimsoll-runtime", &["plimsoll-domain", "plimsoll-traces"]),
    ("plimsoll-openslo", &["plimsoll-domain"]),
    ("plimsoll-charts", &["plimsoll-domain"]),
    ("plimsoll-words", &["plimsoll-domain"]),
    (
        "plimsoll-api",
        &[
            "plimsoll-domain",
            "plimsoll-store",
            "plimsoll-runtime",
            "plimsoll-openslo",
            "plimsoll-charts",
            "plimsoll-words",
            "plimsoll-traces",
        ],
    ),
    ("plimsoll-jobs", &["plimsoll-domain", "plimsoll-store", "plimsoll-runtime", "plimsoll-words", "plimsoll-traces"]),
    (
        "plimsoll-status-site",
        &["plimsoll-domain", "plimsoll-store", "plimsoll-runtime", "plimsoll-charts", "plimsoll-words"],
    ),
];

/// What drives the composed program from outside.
const DRIVERS: [&str; 2] = ["plimsoll-tests", "plimsoll-benches"];

/// Crates that stand in some rooms only.
const CONFINED: [(&str, &[&str]); 13] = [
    ("pyroscope", &["plimsoll-runtime"]),
    ("jemalloc_pprof", &["plimsoll-runtime"]),
    ("lettre", &["plimsoll-runtime"]),
    ("chacha20poly1305", &["plimsoll-runtime"]),
    // The benches write to the same server without Plimsoll: that is the limit they measure against.
    ("mongodb", &["plimsoll-store", "plimsoll-benches"]),
    ("askama", &["plimsoll-status-site", "plimsoll-charts"]),
    ("fluent-bundle", &["plimsoll-words"]),
    ("fluent-langneg", &["plimsoll-words"]),
    ("pulldown-cmark", &["plimsoll-words"]),
    ("ammonia", &["plimsoll-words"]),
    ("axum", &["plimsoll-api", "plimsoll-status-site", "plimsoll", "plimsoll-tests", "plimsoll-benches"]),
    ("reqwest", &["plimsoll-runtime", "plimsoll-tests", "plimsoll-benches"]),
    ("hyper", &["plimsoll-runtime", "plimsoll", "plimsoll-tests", "plimsoll-benches"]),
];

/// What would let time, chance, the network, the disk or the logs into a pure rule.
const IMPURE: [&str; 8] = ["tokio", "axum", "mongodb", "rusqlite", "tracing", "metrics", "getrandom", "reqwest"];

fn workspace() -> Result<Metadata> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let mut command = MetadataCommand::new();
    command.manifest_path(manifest).no_deps().other_options(["--offline".to_owned()]);
    command.exec().context("cargo metadata")
}

fn package<'a>(workspace: &'a Metadata, name: &str) -> Result<&'a Package> {
    let found = workspace.packages.iter().find(|package| package.name.as_str() == name);
    found.with_context(|| format!("there is no package {name}"))
}

/// Names of the crates that `package` is built with; not those of its tests.
fn uses(package: &Package) -> BTreeSet<&str> {
    let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
    normal.map(|dependency| dependency.name.as_str()).collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// Every Rust file under a package's `src`: its path in the workspace, and its text.
fn sources(workspace: &Metadata) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for package in &workspace.packages {
        let folder = package.manifest_path.parent().context("a manifest lies in a folder")?.join("src");
        rust_files(folder.as_std_path(), &mut files)?;
    }
    let root = workspace.workspace_root.as_std_path();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok((path.strip_prefix(root)?.display().to_string(), text))
    };
    files.into_iter().map(read).collect()
}

#[test]
fn rooms_use_only_the_rooms_that_an_arrow_leads_to() -> Result<()> {
    let workspace = workspace()?;
    let members: BTreeSet<&str> = workspace.packages.iter().map(|package| package.name.as_str()).collect();
    for (room, allowed) in ARROWS {
        let uses = uses(package(&workspace, room)?);
        let forbidden: Vec<_> = uses.intersection(&members).filter(|name| !allowed.contains(name)).collect();
        ensure!(forbidden.is_empty(), "{room} uses {forbidden:?}, and no arrow leads there");
    }
    Ok(())
}

#[test]
fn every_room_is_drawn() -> Result<()> {
    let drawn: BTreeSet<&str> = ARROWS.iter().map(|(room, _)| *room).chain(DRIVERS).chain(["plimsoll"]).collect();
    let workspace = workspace()?;
    let members: BTreeSet<&str> = workspace.packages.iter().map(|package| package.name.as_str()).collect();
    ensure!(members == drawn, "the workspace holds {members:?}, and the arrows speak of {drawn:?}");
    Ok(())
}

#[test]
fn the_domain_is_pure() -> Result<()> {
    let workspace = workspace()?;
    let uses = uses(package(&workspace, "plimsoll-domain")?);
    let impure: Vec<_> = IMPURE.into_iter().filter(|name| uses.contains(name)).collect();
    ensure!(impure.is_empty(), "the domain uses {impure:?}");
    Ok(())
}

#[test]
fn a_technology_stands_in_its_room_only() -> Result<()> {
    let workspace = workspace()?;
    for (technology, rooms) in CONFINED {
        for package in workspace.packages.iter().filter(|package| uses(package).contains(technology)) {
            ensure!(rooms.contains(&package.name.as_str()), "{} uses {technology}", package.name);
        }
    }
    Ok(())
}

/// The benches' own client, whose figures are the limit of ours.
fn is_raw_client(path: &str) -> bool {
    path == "benches/src/raw.rs"
}

#[test]
fn the_mongodb_driver_is_named_only_by_its_adapter() -> Result<()> {
    let comment = |line: &str| line.trim_start().starts_with("//");
    for (path, text) in
        sources(&workspace()?)?.iter().filter(|(path, _)| !is_raw_client(path) && !path.starts_with("store/src/mongo"))
    {
        let named = text.lines().position(|line| line.contains("mongodb::") && !comment(line));
        ensure!(named.is_none(), "{path}:{} names the MongoDB driver", named.unwrap_or_default() + 1);
    }
    Ok(())
}

#[test]
fn no_source_file_is_longer_than_five_hundred_lines() -> Result<()> {
    for (path, text) in sources(&workspace()?)? {
        let lines = text.lines().count();
        ensure!(lines <= LONGEST_FILE, "{path} has {lines} lines, and {LONGEST_FILE} are the limit");
    }
    Ok(())
}

#[test]
fn every_module_says_why_it_exists() -> Result<()> {
    for (path, text) in sources(&workspace()?)? {
        ensure!(text.starts_with("//! "), "{path} does not open with `//!`");
    }
    Ok(())
}

/// A route of the API is made by `routes!`, from the same attribute that describes it: a plain `route` could be served
/// without being in the document. A browser's preflight is no operation, and stands in none.
#[test]
fn every_route_of_the_api_is_described_where_it_is_made() -> Result<()> {
    for (path, text) in sources(&workspace()?)? {
        let may_be_plain = !path.starts_with("api/src") || path == "api/src/openapi.rs";
        let is_plain = |line: &str| line.contains(".route(") && !line.contains(", options(ask))");
        ensure!(may_be_plain || !text.lines().any(is_plain), "{path} makes a route that is not in the document");
    }
    Ok(())
}
