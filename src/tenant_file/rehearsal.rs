//! A dress rehearsal: before anything is written to a server, files are applied to one of our own, which lives in a folder of
//! this process, listens on loopback, sends nothing to anybody and is gone afterwards.
//!
//! So the API's own code looks files over, references among them included, and shows what they come to, defaults filled in.
//! A second description of what is valid was rejected: it would say something else sooner or later.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context;
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tempfile::TempDir;

use plimsoll_domain::tenant::{KEY_PREFIX, secret};
use plimsoll_runtime::config::Config;
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_runtime::secret_box::SecretKey;
use plimsoll_runtime::system_entropy::SystemEntropy;

use super::document::TenantFile;
use super::fault::{Fault, Faults};
use super::section::{Section, Shape};
use super::state::State;
use crate::client::{Change, Client, ClientError};
use crate::compose::{self, Roles, Running};

const GRACE: Duration = Duration::from_secs(5);

/// A server of our own.
pub(super) struct Stage {
    client: Client,
    life: Lifecycle,
    running: Running,
    /// Readable by its owner only, and removed at the end. Secrets in it are sealed under a key that is kept nowhere, so that
    /// whoever interrupts the command leaves none behind.
    _folder: TempDir,
}

/// What a rehearsal tells.
pub(super) struct Rehearsed {
    /// A tenant of which nothing is settled yet.
    pub(super) fresh: State,
    /// What the file comes to.
    pub(super) wanted: State,
}

impl Stage {
    /// Starts it.
    pub(super) async fn open() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("plimsoll-").tempdir().context("no folder to rehearse in")?;
        let key = secret(KEY_PREFIX, &SystemEntropy);
        let data = folder.path().join("data").display().to_string();
        let variables = [
            ("PLIMSOLL_HTTP_ADDR", "127.0.0.1:0".to_owned()),
            ("PLIMSOLL_STORE", format!("embedded:{data}")),
            ("PLIMSOLL_DATA_DIR", data),
            ("PLIMSOLL_ROOT_KEY", key.clone()),
            ("PLIMSOLL_SECRET_KEY", SecretKey::generate(&SystemEntropy).to_text().expose_secret().to_owned()),
        ];
        let variables: HashMap<String, String> = variables.map(|(name, value)| (name.to_owned(), value)).into();
        let config = Config::read(None, &variables)?;
        let life = Lifecycle::new();
        let roles = Roles { api: true, jobs: false, status: false };
        let running = compose::start(config, roles, &life).await.context("files cannot be rehearsed")?;
        let url = running.url.parse().context("our own address")?;
        let client = Client::new(&url, Some(&SecretString::from(key)))?;
        Ok(Self { client, life, running, _folder: folder })
    }

    /// Ends it.
    pub(super) async fn close(self) {
        self.life.stop();
        self.life.run_until_stopped(GRACE).await;
        self.running.close().await;
    }

    /// Applies `file` here, where `current` stands on the server; with `prune`, what the file does not name is gone there.
    pub(super) async fn play(&self, file: &TenantFile, current: &State, prune: bool) -> anyhow::Result<Rehearsed> {
        let tenant = json!({"id": file.tenant, "name": file.name});
        let made = self.send(Method::POST, "/tenants".to_owned(), &tenant).await;
        judge(file, "/tenant", made)?;
        let fresh = State::read(&self.client, &file.tenant, file.sections.keys().copied()).await?;
        self.lay_out(file, current, prune).await?;
        for section in file.sections.keys() {
            let told = self.play_section(file, *section).await?;
            // What comes after may refer to what was refused, and would be refused for that.
            if !told.is_empty() {
                return Err(Faults(told).into());
            }
        }
        let wanted = State::read(&self.client, &file.tenant, file.sections.keys().copied()).await?;
        Ok(Rehearsed { fresh, wanted })
    }

    /// Makes those components that the file may refer to though it does not hold them.
    async fn lay_out(&self, file: &TenantFile, current: &State, prune: bool) -> anyhow::Result<()> {
        if prune && file.sections.contains_key(&Section::Components) {
            return Ok(());
        }
        let named: Vec<&str> = file.items(Section::Components).into_iter().map(|(name, _)| name).collect();
        for (id, thing) in current.things(Section::Components).filter(|(id, _)| !named.contains(id)) {
            let mut stand_in = json!({"id": id, "name": id, "probe": {"kind": "push"}});
            if let Some(group) = thing.settled.get("group") {
                stand_in["group"] = group.clone();
            }
            self.send(Method::POST, Section::Components.path(&file.tenant), &stand_in).await?;
        }
        Ok(())
    }

    async fn play_section(&self, file: &TenantFile, section: Section) -> Result<Vec<Fault>, ClientError> {
        let path = section.path(&file.tenant);
        if section.shape() == Shape::Document {
            let done = self.send(Method::PUT, path, &file.sections[&section]).await;
            return told(file, &format!("/{}", section.key()), done);
        }
        let mut faults = Vec::new();
        for (index, (name, body)) in file.items(section).into_iter().enumerate() {
            // A tenant begins with a key.
            if section == Section::Keys && name == "admin" && body["role"] == "admin" {
                continue;
            }
            let done = self.send(Method::POST, path.clone(), body).await;
            faults.extend(told(file, &format!("/{}/{index}", section.key()), done)?);
        }
        Ok(faults)
    }

    async fn send(&self, method: Method, path: String, body: &Value) -> Result<(), ClientError> {
        let change = Change { method, path, body: Some(body.clone()), ..Change::default() };
        self.client.send(&change).await.map(|_answer| ())
    }
}

fn judge(file: &TenantFile, at: &str, done: Result<(), ClientError>) -> anyhow::Result<()> {
    let faults = told(file, at, done)?;
    if faults.is_empty() { Ok(()) } else { Err(Faults(faults).into()) }
}

/// A refusal of what stands at `at` as faults of the file; anything else that fails is no fault of it.
fn told(file: &TenantFile, at: &str, done: Result<(), ClientError>) -> Result<Vec<Fault>, ClientError> {
    match done {
        Ok(()) => Ok(Vec::new()),
        Err(ClientError::Refused(refusal)) if refusal.status.is_client_error() => {
            let inner = refusal.faults.iter().map(|(pointer, detail)| file.fault(&format!("{at}{pointer}"), detail));
            let inner: Vec<Fault> = inner.collect();
            let whole = || vec![file.fault(at, refusal.detail.as_deref().unwrap_or("refused"))];
            Ok(if inner.is_empty() { whole() } else { inner })
        }
        Err(other) => Err(other),
    }
}
