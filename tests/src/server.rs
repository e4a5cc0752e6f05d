//! The real program: started, spoken to, killed and started again on the same port and folder.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Client, Document, ROOT_KEY, eventually, port};

const START: u64 = 60;
const STOP: u64 = 30;
const SHOWN: u64 = 5;
const TAIL: usize = 60;
/// Kills the process `$0` when standard input ends, which it does when the test's process is gone.
const KEEPER: &str = "read -r word; test \"$word\" = leave || kill -9 $0";

/// A server in a folder of its own. Dropping it kills it; a test that panics shows the end of its log.
#[derive(Debug)]
pub struct Server {
    folder: TempDir,
    port: u16,
    variables: BTreeMap<String, String>,
    arguments: Vec<String>,
    running: Option<Running>,
    document: OnceLock<Arc<Document>>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    keeper: Child,
}

impl Server {
    pub(crate) fn new(store: Option<String>, mut variables: BTreeMap<String, String>) -> Self {
        let folder = tempfile::Builder::new().prefix("plimsoll-test-").tempdir().expect("a folder");
        let data = folder.path().join("data");
        let port = port::free();
        let mut tell = |name: &str, value: String| variables.entry(name.to_owned()).or_insert(value).clone();
        tell("PLIMSOLL_HTTP_ADDR", format!("127.0.0.1:{port}"));
        tell("PLIMSOLL_STORE", store.unwrap_or_else(|| format!("embedded:{}", data.display())));
        tell("PLIMSOLL_DATA_DIR", data.display().to_string());
        Self { folder, port, variables, arguments: Vec::new(), running: None, document: OnceLock::new() }
    }

    /// Its address, e.g. `http://127.0.0.1:20001`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The folder that holds its embedded store and its keys.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts it on the folder and port that it had, and waits until it is ready.
    pub async fn start_again(&mut self) {
        self.spawn();
        let url = self.url();
        let anybody = Client::new(&url);
        let is_ready = async || {
            if let Some(status) = self.exited() {
                panic!("the program ended with {status}:\n{}", self.log_text());
            }
            anybody.try_ask("GET", "/ready", &[], None).await.ok().filter(|answer| answer.status == 200)
        };
        eventually(START, "the server is ready", is_ready).await;
        if self.document.get().is_none() && self.serves_the_api() {
            let document = anybody.page("/openapi.json").await.ok(200);
            // Whoever was faster has set the same.
            let _set = self.document.set(Arc::new(Document::new(document)));
        }
    }

    /// A process that does not has no document of it.
    fn serves_the_api(&self) -> bool {
        let roles = self.arguments.iter().skip_while(|argument| *argument != "--roles").nth(1);
        roles.is_none_or(|roles| roles.split(',').any(|role| role == "api"))
    }

    /// Has it start with this variable from the next start on; without it where there is no value.
    pub fn configure(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => drop(self.variables.insert(name.to_owned(), value.to_owned())),
            None => drop(self.variables.remove(name)),
        }
    }

    /// Has it do only this from the next start on, e.g. `api,jobs`.
    pub fn take_roles(&mut self, roles: &str) {
        self.arguments = ["serve", "--roles", roles].map(str::to_owned).into();
    }

    /// One of the program's other commands, on the folder and with the variables that the server has.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(self.folder.path()).env_clear().envs(&self.variables);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs one of them to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// Starts it without waiting for anything.
    pub fn spawn(&mut self) {
        let log = OpenOptions::new().create(true).append(true).open(self.log_path()).expect("a log file");
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let mut command = self.command(&arguments);
        command.stdout(log.try_clone().expect("a second handle")).stderr(log);
        let child = command.spawn().expect("the program starts");
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, &child.id().to_string()]).stdin(Stdio::piped());
        let keeper = keeper.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a shell starts");
        self.running = Some(Running { child, keeper });
    }

    /// Kills it as a power cut would.
    pub fn kill9(&mut self) {
        let mut running = self.running.take().expect("it is running");
        running.dismiss_keeper();
        running.child.kill().expect("it can be killed");
        running.child.wait().expect("it has ended");
    }

    /// Asks it to stop, without waiting.
    pub fn ask_to_stop(&self) {
        let child = &self.running.as_ref().expect("it is running").child;
        let asked = Command::new("sh").args(["-c", "kill -TERM $0", &child.id().to_string()]).status();
        assert!(asked.expect("a shell starts").success(), "the signal was sent");
    }

    /// Asks it to stop, and waits for it.
    pub async fn stop(&mut self) -> ExitStatus {
        self.ask_to_stop();
        self.ended().await
    }

    /// Waits until it ends by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let status = eventually(STOP, "the program ends", async || self.exited()).await;
        self.running.take().expect("it was running").dismiss_keeper();
        status
    }

    fn exited(&mut self) -> Option<ExitStatus> {
        self.running.as_mut().expect("it was started").child.try_wait().expect("it can be waited for")
    }

    /// How much memory it holds now, and how much at most since [`Self::forget_peak`]; in bytes.
    pub fn memory(&self) -> (u64, u64) {
        let status = fs::read_to_string(self.process_file("status")).expect("it is running");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            1024 * line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<u64>().expect("a number of KiB")
        };
        (field("VmRSS"), field("VmHWM"))
    }

    /// Has the most that it ever held be what it holds now.
    pub fn forget_peak(&self) {
        fs::write(self.process_file("clear_refs"), "5").expect("a process of our own");
    }

    /// How many files it has open.
    pub fn open_files(&self) -> usize {
        fs::read_dir(self.process_file("fd")).expect("it is running").count()
    }

    fn process_file(&self, name: &str) -> PathBuf {
        let child = &self.running.as_ref().expect("it is running").child;
        Path::new("/proc").join(child.id().to_string()).join(name)
    }

    /// Somebody without a key.
    pub fn anybody(&self) -> Client {
        let document = self.document.get().expect("it was ready once");
        Client::new(&self.url()).held_to(Arc::clone(document))
    }

    /// The platform owner.
    pub fn root(&self) -> Client {
        self.anybody().with_key(ROOT_KEY)
    }

    /// Creates a tenant: its administrator. The page must know of it soon: it reads the list of tenants once a second.
    pub async fn tenant(&self, id: &str) -> Client {
        let created = self.root().post("/tenants", &json!({"id": id, "name": format!("Tenant {id}")})).await.ok(201);
        let (anybody, page) = (self.anybody(), format!("/s/{id}"));
        let shown = async || (anybody.page(&page).await.status == 200).then_some(());
        eventually(SHOWN, "the new tenant has a page", shown).await;
        anybody.with_key(created["admin_key"].as_str().expect("a key"))
    }

    /// What it has written, line by line; a line that is not JSON fails the test.
    pub fn log(&self) -> Vec<Value> {
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in the log: {line}"));
        self.log_text().lines().map(read).collect()
    }

    /// What it has written, as it is.
    pub fn log_text(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Running {
    /// Before the process is waited for: afterwards its number may be somebody else's.
    fn dismiss_keeper(&mut self) {
        use std::io::Write;
        if let Some(mut input) = self.keeper.stdin.take() {
            // A keeper that is gone already needs no word.
            let _told = input.write_all(b"leave\n");
        }
        let _ended = self.keeper.wait();
    }
}

impl Drop for Server {
    #[expect(clippy::print_stderr, reason = "this is how a test shows why it failed")]
    fn drop(&mut self) {
        if self.running.is_some() {
            self.kill9();
        }
        if std::thread::panicking() {
            let text = self.log_text();
            let lines: Vec<_> = text.lines().collect();
            let last = lines.len().saturating_sub(TAIL);
            eprintln!("--- the end of the log of {}\n{}\n---", self.url(), lines[last..].join("\n"));
        }
    }
}

/// The program, which `make test` has built beside the tests; built here once when it is missing.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().expect("a test is a program");
        let built = test.ancestors().nth(2).expect("tests lie in target/<profile>/deps");
        let program = built.join("plimsoll");
        if !program.is_file() {
            build(built);
        }
        program
    })
}

fn build(built: &Path) {
    let target = built.parent().expect("profiles lie in the target folder");
    let lock = File::create(target.join("plimsoll-tests.lock")).expect("a file");
    lock.lock().expect("a lock");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--package", "plimsoll", "--locked", "--target-dir"]).arg(target);
    if built.file_name().is_some_and(|name| name == "release") {
        cargo.arg("--release");
    }
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    assert!(cargo.status().expect("cargo starts").success(), "the program can be built");
}
