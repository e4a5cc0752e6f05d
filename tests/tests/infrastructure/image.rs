//! The Dockerfile: what hadolint says of it, and whether it holds what the build needs and Plimsoll knows.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use regex::Regex;

use crate::settings;
use crate::tools::{Copy, assert_complains, is_pinned, plimsoll, program, root, run, text};

const FILE: &str = "infrastructure/docker/Dockerfile";

fn complaints(root: &Path) -> Vec<String> {
    let file = text(root, FILE);
    let mut complaints: Vec<String> = run(program("hadolint").arg(root.join(FILE))).err().into_iter().collect();
    let words = |instruction: &str| -> Vec<String> {
        let lines = file.replace("\\\n", " ");
        let of = lines.lines().filter_map(|line| line.strip_prefix(instruction)?.strip_prefix(' '));
        of.flat_map(str::split_whitespace).map(str::to_owned).collect()
    };
    let bases = Regex::new(r"(?m)^FROM (\S+)").expect("a pattern");
    let bases: Vec<String> = bases.captures_iter(&file).map(|found| found[1].to_owned()).collect();
    complaints.extend(
        bases.iter().filter(|base| *base != "scratch" && !is_pinned(base)).map(|base| format!("{base} is not pinned")),
    );
    let set: BTreeMap<String, String> = words("ENV")
        .iter()
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    complaints.extend(settings::complaints(&set));
    let port = set.get("PLIMSOLL_HTTP_ADDR").and_then(|address| address.rsplit(':').next());
    let version = env!("CARGO_PKG_VERSION");
    let owed = [
        (bases.last().is_some_and(|base| base == "scratch"), "what it runs in holds more than it needs"),
        (words("USER") == ["65532:65532"], "it runs as root"),
        (words("EXPOSE").first().map(String::as_str) == port, "it listens elsewhere than it says"),
        (words("VOLUME") == ["[\"/data\"]"], "what it stores is lost"),
        (asks_itself(&file), "nobody asks how it is"),
        (file.contains("-m 1777 /image/tmp"), "its profiles have no /tmp"),
        (file.contains("cargo build --release --locked"), "it is not built as it was locked"),
        (file.contains(&format!("image.version=\"{version}\"")), "its label names another version"),
    ];
    complaints.extend(owed.into_iter().filter(|(holds, _)| !holds).map(|(_, word)| word.to_owned()));
    complaints
}

/// Whether its health check is a command of the program, with words that this takes.
fn asks_itself(file: &str) -> bool {
    let command = Regex::new(r"(?m)^HEALTHCHECK .*CMD (\[.*\])$").expect("a pattern");
    let words = command.captures(file).and_then(|found| serde_json::from_str::<Vec<String>>(&found[1]).ok());
    words.is_some_and(|words| {
        words.first().is_some_and(|program| program == "/usr/local/bin/plimsoll")
            && run(plimsoll().args(&words[1..]).arg("--help")).is_ok()
    })
}

#[test]
fn the_dockerfile_is_pinned_without_root_and_without_complaint() {
    assert_eq!(complaints(&root()), Vec::<String>::new());
}

#[test]
fn a_broken_dockerfile_is_complained_of() {
    for (from, to, complaint) in [
        ("FROM rust:1.95.0-slim-bookworm", "FROM rust:slim", "rust:slim is not pinned"),
        ("FROM scratch", "FROM debian:12.11.0", "more than it needs"),
        ("USER 65532:65532", "USER root", "DL3002"),
        ("WORKDIR /plimsoll", "WORKDIR plimsoll", "DL3000"),
        ("COPY . .", "COPPY . .", "unexpected 'C'"),
        ("EXPOSE 8080", "EXPOSE 8081", "listens elsewhere"),
        ("PLIMSOLL_STORE=embedded:/data", "PLIMSOLL_SHOP=embedded:/data", "PLIMSOLL_SHOP is no key"),
        ("--release --locked", "--release", "as it was locked"),
        ("plimsoll\", \"health\"", "plimsoll\", \"helth\"", "nobody asks how it is"),
        ("CMD [\"/usr/local/bin/plimsoll\", \"health\"]", "CMD plimsoll health", "nobody asks how it is"),
        ("1777 /image/tmp", "1777 /image/temp", "its profiles have no /tmp"),
        ("image.version=\"", "image.version=\"9", "another version"),
    ] {
        assert_complains(&complaints(Copy::new().with(FILE, from, to).root()), complaint);
    }
}

/// The version stands in the manifests and in compose, too.
#[test]
fn whoever_runs_the_image_runs_this_version() {
    let image = Regex::new(r"image: plimsoll:(\S+)|newTag: ([0-9.]+)").expect("a pattern");
    let base = "infrastructure/kubernetes/base";
    let mut found = 0;
    for file in [
        "infrastructure/compose.yaml".to_owned(),
        format!("{base}/api.yaml"),
        format!("{base}/jobs.yaml"),
        format!("{base}/status.yaml"),
        format!("{}/kustomization.yaml", crate::manifests::EXAMPLE),
    ] {
        for captured in image.captures_iter(&text(&root(), &file)) {
            found += 1;
            let version =
                captured.get(1).or(captured.get(2)).map(|version| version.as_str().trim_end_matches([' ', '}']));
            assert_eq!(version, Some(env!("CARGO_PKG_VERSION")), "{file}");
        }
    }
    assert_eq!(found, 5, "one in each");
}

/// What `.dockerignore` lets through, of the folders at the root.
fn sent() -> Vec<String> {
    let ignore = text(&root(), ".dockerignore");
    ignore.lines().filter_map(|line| line.strip_prefix('!')).map(str::to_owned).collect()
}

#[test]
fn the_build_is_sent_every_room_of_the_workspace_and_what_their_sources_take_in() {
    let (sent, manifest) = (sent(), text(&root(), "Cargo.toml"));
    let members =
        Regex::new(r"(?m)^members = \[(.*)\]").expect("a pattern").captures(&manifest).expect("it has members");
    for member in members[1].split(',').map(|member| member.trim_matches([' ', '"'])) {
        assert!(sent.iter().any(|path| path == member), "{member} is not sent");
    }
    let taken = Regex::new(r#"include_(?:str|bytes)!\(\s*"((?:\.\./)[^"]*)""#).expect("a pattern");
    for member in members[1].split(',').map(|member| member.trim_matches([' ', '"'])).chain(["src"]) {
        for file in rust_files(&root().join(member)) {
            let source = fs::read_to_string(&file).expect("a text");
            for found in taken.captures_iter(&source) {
                let path = file.parent().expect("it lies in a folder").join(&found[1]);
                let folder = path.parent().and_then(|folder| folder.canonicalize().ok()).expect("it is there");
                let path = folder.join(path.file_name().expect("it is a file"));
                let path = path.strip_prefix(root().canonicalize().expect("it is there")).expect("it is ours");
                assert!(sent.iter().any(|room| path.starts_with(room)), "{} is not sent", path.display());
            }
        }
    }
}

fn rust_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let all = entries
        .filter(|path| !path.ends_with("target"))
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    all.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}
