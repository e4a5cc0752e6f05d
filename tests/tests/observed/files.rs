//! Reads what is shipped.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll_runtime::instruments::catalogue;
use regex::Regex;
use serde_json::Value;

/// Where runbooks are, unless an operator says otherwise.
pub(crate) const RUNBOOKS: &str = "https://runbooks.plimsoll.example";

/// A file or folder of `infrastructure/`.
pub(crate) fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infrastructure").join(path)
}

/// A file of `infrastructure/`, as text.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(shipped(path)).unwrap_or_else(|error| panic!("infrastructure/{path}: {error}"))
}

/// A file of YAML or JSON.
pub(crate) fn parsed(path: &str) -> Value {
    serde_saphyr::from_str(&text(path)).unwrap_or_else(|error| panic!("infrastructure/{path}: {error}"))
}

/// The names of the files of a folder that end like this, without that end, in order.
pub(crate) fn names(folder: &str, end: &str) -> Vec<String> {
    let entries = fs::read_dir(shipped(folder)).unwrap_or_else(|error| panic!("infrastructure/{folder}: {error}"));
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name of text"));
    let mut names: Vec<_> = names.filter_map(|name| name.strip_suffix(end).map(str::to_owned)).collect();
    names.sort();
    names
}

/// Each dashboard: the name of its file, and what is in it.
pub(crate) fn dashboards() -> Vec<(String, Value)> {
    let folder = "grafana/dashboards";
    let read = |name: String| {
        let path = format!("{folder}/{name}.json");
        let dashboard = serde_json::from_str(&text(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        (name, dashboard)
    };
    names(folder, ".json").into_iter().map(read).collect()
}

/// The elements of a list; none where there is no list.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text that must be there.
pub(crate) fn words(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("expected a text, got {value}"))
}

/// Every expression of a dashboard's panels, with the title that it stands under.
pub(crate) fn expressions(dashboard: &Value) -> Vec<(String, String)> {
    let of_panel = |panel: &Value| {
        let title = words(&panel["title"]).to_owned();
        let asked = list(&panel["targets"]).iter().map(|target| words(&target["expr"]).to_owned());
        asked.map(|expression| (title.clone(), expression)).collect::<Vec<_>>()
    };
    list(&dashboard["panels"]).iter().flat_map(of_panel).collect()
}

/// Every expression by which a dashboard marks times, with what it is called.
pub(crate) fn annotations(dashboard: &Value) -> Vec<(String, String)> {
    let marks = list(&dashboard["annotations"]["list"]).iter();
    marks.map(|one| (words(&one["name"]).to_owned(), words(&one["expr"]).to_owned())).collect()
}

/// The rules of both files, each with its group.
pub(crate) fn rules() -> Vec<Value> {
    let files = ["prometheus/rules/recording.yml", "prometheus/rules/alerts.yml"];
    let groups = files.iter().flat_map(|path| list(&parsed(path)["groups"]).to_vec());
    groups.flat_map(|group| list(&group["rules"]).to_vec()).collect()
}

/// Those that fire.
pub(crate) fn alerts() -> Vec<Value> {
    rules().into_iter().filter(|rule| rule["alert"].is_string()).collect()
}

/// Every series that an expression selects: a name, and matchers if there are any.
pub(crate) fn selectors(expression: &str) -> BTreeSet<String> {
    let pattern = r"\b(?:plimsoll[a-z0-9_:]+|process_[a-z_]+|up|ALERTS)\b(?:\{[^}]*\})?";
    let texts = Regex::new(r#""[^"]*""#).expect("a pattern");
    let found = Regex::new(pattern).expect("a pattern");
    // A name inside a matcher's text is no series.
    let inside: Vec<_> = texts.find_iter(expression).map(|text| text.range()).collect();
    let outside = |at: usize| !inside.iter().any(|range| range.contains(&at));
    let found = found.find_iter(expression).filter(|found| outside(found.start()));
    found.map(|found| found.as_str().to_owned()).collect()
}

/// The name of what a selector selects.
pub(crate) fn name(selector: &str) -> &str {
    selector.split('{').next().unwrap_or(selector)
}

/// Whether a name is one that Plimsoll counts, that a rule records or that Prometheus makes.
pub(crate) fn is_known(name: &str) -> bool {
    let recorded = || rules().iter().any(|rule| rule["record"] == name);
    let parts = ["_bucket", "_sum", "_count"].iter().filter_map(|end| name.strip_suffix(end));
    let is_ours = |name: &str| {
        catalogue::named(name).is_some() || catalogue::OF_THE_SYSTEM.instruments.iter().any(|one| one.name == name)
    };
    let counted = std::iter::once(name).chain(parts).any(is_ours);
    counted || matches!(name, "up" | "ALERTS") || recorded()
}

/// Runs a tool to its end in a folder of `infrastructure/`, with this on its standard input: what it complains of.
pub(crate) fn complaint(folder: &str, tool: &[&str], input: &str) -> Option<String> {
    let mut command = Command::new(tool[0]);
    command.args(&tool[1..]).current_dir(shipped(folder));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        command.spawn().unwrap_or_else(|error| panic!("{}: {error}; `make prometheus` installs it", tool[0]));
    let mut its_input = child.stdin.take().expect("it is piped");
    let input = input.to_owned();
    // A tool that does not read may be gone before all is written.
    let writing = std::thread::spawn(move || drop(its_input.write_all(input.as_bytes())));
    let output = child.wait_with_output().expect("it can be waited for");
    writing.join().expect("it does not panic");
    let said = [output.stdout, output.stderr].concat();
    (!output.status.success()).then(|| format!("{}: {}", tool.join(" "), String::from_utf8_lossy(&said)))
}
