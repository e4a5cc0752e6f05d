//! A real SMTP server for tests: aiosmtpd, on a free port of loopback, in a folder of its own.
//!
//! As with the mongod, a shell holds the server and waits for its standard input to end: however the test's process goes, the
//! server is killed and its folder removed.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};

use super::certificate::Certificates;
use super::host::Answer;
use crate::{eventually, port};

const START: u64 = 30;
/// Runs `"$@"` until standard input ends, then removes the folder `$0`.
const KEEPER: &str = r#""$@" & read -r _; kill -9 $!; wait $! 2>/dev/null; rm -rf "$0""#;

/// A server that is not started yet; without encryption and without a login, unless told otherwise.
#[derive(Clone, Debug)]
pub struct SmtpSetup {
    security: &'static str,
    has_login: bool,
}

/// A running server. Dropping it kills it and removes all it holds.
pub struct Smtp {
    setup: SmtpSetup,
    folder: PathBuf,
    port: u16,
    keeper: Option<Child>,
    editions: Mutex<u64>,
}

/// A mail that came.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Whose it says it is, in the envelope.
    pub from: String,
    /// Whom it is for, in the envelope.
    pub to: Vec<String>,
    /// Its headers, decoded, in order.
    pub headers: Vec<(String, String)>,
    /// Its body as plain text.
    pub text: String,
    /// Its body as HTML.
    pub html: String,
    /// Whether it came over TLS.
    pub encrypted: bool,
    /// Who has logged in.
    pub user: Option<String>,
    /// Whether it was taken.
    pub accepted: bool,
}

impl Mail {
    /// A header's value; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }
}

impl Default for SmtpSetup {
    fn default() -> Self {
        Self { security: "plain", has_login: false }
    }
}

impl SmtpSetup {
    /// The same, taking nothing before STARTTLS.
    #[must_use]
    pub const fn with_starttls(mut self) -> Self {
        self.security = "starttls";
        self
    }

    /// The same, speaking TLS from the start.
    #[must_use]
    pub const fn with_tls(mut self) -> Self {
        self.security = "tls";
        self
    }

    /// The same, taking mail only from [`Smtp::USER`] with [`Smtp::PASSWORD`].
    #[must_use]
    pub const fn with_login(mut self) -> Self {
        self.has_login = true;
        self
    }

    /// Makes certificates, starts the server and waits until it listens.
    pub async fn start(self) -> Smtp {
        let folder = tempfile::Builder::new().prefix("plimsoll-smtp-").tempdir().expect("a folder");
        let made = Certificates::make();
        for (name, text) in [("authority.pem", made.authority), ("cert.pem", made.server), ("key.pem", made.key)] {
            fs::write(folder.path().join(name), text).expect("a file in a folder of our own");
        }
        // From here on the server removes the folder.
        let folder = folder.keep();
        let editions = Mutex::default();
        let mut server = Smtp { setup: self, folder, port: port::free(), keeper: None, editions };
        server.start_again().await;
        server
    }
}

impl Smtp {
    /// The user that a server with a login knows.
    pub const USER: &'static str = "plimsoll@example.com";
    /// That user's password.
    pub const PASSWORD: &'static str = "a-p/assword of the tests";

    /// What to configure as `PLIMSOLL_SMTP_URL`.
    pub fn url(&self) -> String {
        let (scheme, query) = match self.setup.security {
            "tls" => ("smtps", ""),
            "starttls" => ("smtp", "?tls=required"),
            _ => ("smtp", ""),
        };
        let login = if self.setup.has_login { "plimsoll%40example.com:a-p%2Fassword%20of%20the%20tests@" } else { "" };
        format!("{scheme}://{login}localhost:{}{query}", self.port)
    }

    /// What to configure as `PLIMSOLL_SMTP_CA_FILE`.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// Answers the next mails like this, and the others as ever: `Accept`, `Status`, `Says`, `Hang` and `Reset`.
    pub fn answer_with(&self, script: impl IntoIterator<Item = Answer>) {
        self.write_script(&script.into_iter().collect::<Vec<_>>(), &Answer::Accept);
    }

    /// Answers every mail like this.
    pub fn answer_always(&self, answer: &Answer) {
        self.write_script(&[], answer);
    }

    /// Says of `address` that nobody is there, from now on.
    pub fn refuse(&self, address: &str) {
        let path = self.folder.join("refused");
        let refused = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, format!("{refused}{address}\n")).expect("a file in a folder of our own");
    }

    /// Every mail that was taken for `address`, oldest first.
    pub fn taken_for(&self, address: &str) -> Vec<Mail> {
        let is_theirs = |mail: &Mail| mail.accepted && mail.to.iter().any(|to| to == address);
        self.received().into_iter().filter(is_theirs).collect()
    }

    /// Every mail that came, oldest first: the server notes one before it answers.
    pub fn received(&self) -> Vec<Mail> {
        self.said().iter().filter(|said| said.get("envelope_from").is_some()).map(mail).collect()
    }

    /// Everything that is wrong with the mails that came.
    pub fn faults(&self) -> Vec<String> {
        let faults = |said: &Value| said["faults"].as_array().cloned().unwrap_or_default();
        self.said().iter().flat_map(faults).map(|fault| fault.to_string()).collect()
    }

    /// Kills the server; what came is still known.
    pub fn stop(&mut self) {
        // The keeper would remove the folder, in which the certificates lie.
        if let Some(mut keeper) = self.keeper.take() {
            let kept = self.folder.with_extension("kept");
            fs::rename(&self.folder, &kept).expect("a folder of our own");
            drop(keeper.stdin.take());
            let _ended = keeper.wait();
            fs::rename(kept, &self.folder).expect("a folder of our own");
        }
    }

    /// Starts the server again on the same port.
    pub async fn start_again(&mut self) {
        let starts = || self.said().iter().filter(|said| said.get("listening").is_some()).count();
        let before = starts();
        let keeper = self.spawn();
        eventually(START, "the SMTP server listens", async || (starts() > before).then_some(())).await;
        self.keeper = Some(keeper);
    }

    fn spawn(&self) -> Child {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let modules = tests.join("../.tools/python");
        assert!(modules.join("aiosmtpd").is_dir(), "there is no aiosmtpd in .tools/python: `make smtp` fetches it");
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER]).arg(&self.folder).arg("python3").arg(tests.join("smtp/server.py"));
        command.arg("--port").arg(self.port.to_string()).args(["--security", self.setup.security]);
        command.arg("--folder").arg(&self.folder).env("PYTHONPATH", modules).env("PYTHONDONTWRITEBYTECODE", "1");
        if self.setup.has_login {
            command.args(["--user", Self::USER, "--password", Self::PASSWORD]);
        }
        let log = File::create(self.folder.join("log")).expect("a log file");
        let output = OpenOptions::new().create(true).append(true).open(self.output()).expect("a file of ours");
        command.stdin(Stdio::piped()).stdout(output).stderr(log).spawn().expect("a shell starts")
    }

    fn write_script(&self, script: &[Answer], standing: &Answer) {
        let mut edition = self.editions.lock().expect("not poisoned");
        *edition += 1;
        let answers: Vec<_> = script.iter().map(written).collect();
        let script = json!({"edition": *edition, "answers": answers, "standing": written(standing)});
        let partial = self.folder.join("script.new");
        fs::write(&partial, script.to_string()).expect("a file in a folder of our own");
        fs::rename(partial, self.folder.join("script.json")).expect("a file in a folder of our own");
    }

    fn output(&self) -> PathBuf {
        self.folder.join("output")
    }

    /// Every whole line that the server has written.
    fn said(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.output()).unwrap_or_default();
        text.split_inclusive('\n').filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

impl Drop for Smtp {
    #[expect(clippy::print_stderr, reason = "this is how a test shows why it failed")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            eprintln!("--- the log of the SMTP server\n{log}---");
        }
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ended = keeper.wait();
        }
        let _removed = fs::remove_dir_all(&self.folder);
    }
}

fn written(answer: &Answer) -> Value {
    match answer {
        Answer::Accept => json!({"kind": "accept"}),
        Answer::Status(status) => json!({"kind": "says", "status": status, "words": format!("scripted {status}")}),
        Answer::Says(status, words) => json!({"kind": "says", "status": status, "words": words}),
        Answer::Hang => json!({"kind": "hang"}),
        Answer::Reset => json!({"kind": "reset"}),
        other => panic!("SMTP has no {other:?}"),
    }
}

fn mail(said: &Value) -> Mail {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    Mail {
        from: text(&said["envelope_from"]),
        to: list(&said["envelope_to"]).iter().map(text).collect(),
        headers: list(&said["headers"]).iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
        text: text(&said["text"]),
        html: text(&said["html"]),
        encrypted: said["encrypted"] == true,
        user: said["user"].as_str().map(str::to_owned),
        accepted: said["accepted"] == true,
    }
}
