//! Runs the scripts of `tests/browser` under Node: told by one line of JSON, they answer with one, or complain and fail.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

const PROXIES: [&str; 6] = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// Runs a script of that folder to its end: what it answers. Panics with its complaint when it fails.
pub async fn script(name: &str, told: &Value) -> Value {
    let (path, told) = (folder().join("browser").join(name), told.to_string());
    let ran = tokio::task::spawn_blocking(move || run(&path, &told)).await;
    ran.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// The folder `tests`.
pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The one that `make test` has installed, or the system's.
fn node() -> PathBuf {
    let installed = folder().join("../.tools/node/bin/node");
    if installed.is_file() { installed } else { "node".into() }
}

/// Its standard input ends with this process, and so does the script.
fn run(script: &Path, told: &str) -> Value {
    let mut command = Command::new(node());
    command.arg(script).arg(told).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for proxy in PROXIES {
        command.env_remove(proxy);
    }
    let mut child = command.spawn().unwrap_or_else(|error| panic!("node: {error}; `make test` installs it"));
    let _input = child.stdin.take();
    let mut complaint = child.stderr.take().expect("it is piped");
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        complaint.read_to_string(&mut text).map(|_| text)
    });
    let mut answer = String::new();
    child.stdout.take().expect("it is piped").read_to_string(&mut answer).expect("text");
    let status = child.wait().expect("it can be waited for");
    let complaint = reading.join().expect("it did not panic").expect("text");
    assert!(status.success(), "{}: {status}\n{complaint}{answer}", script.display());
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
}
