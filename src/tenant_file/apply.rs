//! `plimsoll apply` and `plimsoll diff`: a server made to have what files say, or what that would take.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use http::StatusCode;

use super::document::TenantFile;
use super::fault::{Fault, Faults};
use super::gather::gather;
use super::new_keys::NewKeys;
use super::plain_words;
use super::plan::{Action, Options, Plan, Step, plan};
use super::rehearsal::{Rehearsed, Stage};
use super::schema::schema;
use super::section::Section;
use super::state::{Held, State};
use super::telling::{self, Voice};
use crate::client::{Change, Client, ServerArguments};

/// `diff` found something that `apply` would do.
const WOULD_CHANGE: u8 = 2;

/// How files are held against a server.
#[derive(Debug, clap::Args)]
pub(crate) struct CompareArguments {
    /// Whether components, apps, maintenance and hosts that are on the server and not in the file's list of them are removed.
    /// Lists that the file does not have are left alone, and keys are never revoked.
    #[arg(long)]
    prune: bool,
    /// The same, though it be more than half of a list: without it, more than two things go only if as many stay.
    #[arg(long)]
    prune_all: bool,
    /// Whether everything that holds a secret is sent anew: the server does not show whether a secret is another one that
    /// ends alike.
    #[arg(long)]
    send_secrets: bool,
    #[command(flatten)]
    server: ServerArguments,
}

/// What to apply.
#[derive(Debug, clap::Args)]
pub(crate) struct ApplyArguments {
    /// A file of one or more tenants, a folder with tenant.yaml or NAME.tenant.yaml in it or in folders in it, or - for
    /// standard input. May be given several times.
    #[arg(short = 'f', long = "file", value_name = "FILE", required_unless_present = "schema")]
    files: Vec<PathBuf>,
    /// Adds keys that are made to this file, which only its owner may read, instead of printing them.
    #[arg(long, value_name = "FILE")]
    keys_out: Option<PathBuf>,
    /// Prints the JSON schema of tenants' files, for editors, and does nothing else.
    #[arg(long)]
    schema: bool,
    #[command(flatten)]
    compare: CompareArguments,
}

/// What to compare.
#[derive(Debug, clap::Args)]
pub(crate) struct DiffArguments {
    /// As of apply. Exits with 0 when nothing would change, with 2 when something would, and with 1 when that cannot be told.
    #[arg(short = 'f', long = "file", value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    compare: CompareArguments,
}

/// What stands under the help of `apply`.
pub(crate) const APPLY_EXAMPLES: &str = "\
Everything is looked over before anything is written. It stops at what fails; applied again, it goes on from there.

Examples:
  plimsoll apply -f acme.yaml                     with the root key when there is no such tenant yet, else an admin key
  plimsoll apply -f tenants/ --keys-out new-keys
  plimsoll apply --schema > tenant.schema.json";

/// What stands under the help of `diff`.
pub(crate) const DIFF_EXAMPLES: &str = "\
Examples:
  plimsoll diff -f acme.yaml
  plimsoll export --tenant acme | plimsoll diff -f - --server https://status.example.org";

/// `plimsoll apply`.
pub(crate) fn run_apply(arguments: &ApplyArguments, environment: &HashMap<String, String>) -> anyhow::Result<ExitCode> {
    if arguments.schema {
        std::io::stdout().lock().write_all(schema().as_bytes()).context("cannot write")?;
        return Ok(ExitCode::SUCCESS);
    }
    runtime()?.block_on(apply(arguments, environment, Voice::aloud()))?;
    Ok(ExitCode::SUCCESS)
}

/// `plimsoll diff`.
pub(crate) fn run_diff(arguments: &DiffArguments, environment: &HashMap<String, String>) -> anyhow::Result<ExitCode> {
    runtime()?.block_on(diff(arguments, environment, Voice::aloud()))
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")
}

/// A file and what it takes.
struct Prepared {
    file: TenantFile,
    plan: Plan,
}

/// Says what applying the files would do.
async fn diff(
    arguments: &DiffArguments,
    environment: &HashMap<String, String>,
    voice: Voice<'_>,
) -> anyhow::Result<ExitCode> {
    let DiffArguments { files, compare } = arguments;
    let client = Client::new(&compare.server.server, compare.server.key.as_ref())?;
    let all = prepare(&client, files, (environment, compare), voice).await?;
    for Prepared { file, plan } in &all {
        (voice.say)(&telling::heading(file, plan));
        for step in &plan.steps {
            (voice.say)(&telling::step(step));
        }
        for remark in telling::remarks(plan) {
            (voice.say)(&remark);
        }
    }
    let plans: Vec<&Plan> = all.iter().map(|one| &one.plan).collect();
    if plans.iter().all(|plan| plan.steps.is_empty()) {
        return Ok(ExitCode::SUCCESS);
    }
    (voice.say)(&telling::sum(&plans));
    Ok(ExitCode::from(WOULD_CHANGE))
}

/// Makes the server have what the files say.
async fn apply(
    arguments: &ApplyArguments,
    environment: &HashMap<String, String>,
    voice: Voice<'_>,
) -> anyhow::Result<()> {
    let ApplyArguments { files, keys_out, compare, .. } = arguments;
    let client = Client::new(&compare.server.server, compare.server.key.as_ref())?;
    let all = prepare(&client, files, (environment, compare), voice).await?;
    let mut keys = NewKeys::into_file(keys_out.as_deref())?;
    let mut done = 0;
    for (index, Prepared { file, plan }) in all.iter().enumerate() {
        (voice.say)(&telling::heading(file, plan));
        for (at, step) in plan.steps.iter().enumerate() {
            if let Err(error) = carry_out(&client, file, step, (&mut keys, voice)).await {
                let reason = file.hidden(&format!("{error:#}"));
                let later = all[index + 1..].iter().flat_map(|later| &later.plan.steps);
                let rest: Vec<&str> = plan.steps[at + 1..].iter().chain(later).map(|step| step.what.as_str()).collect();
                bail!("{}", stopped((&step.what, &reason), done, &rest));
            }
            done += 1;
        }
        for remark in telling::remarks(plan) {
            (voice.say)(&remark);
        }
    }
    if done > 0 {
        (voice.say)(&format!("{done} done"));
    }
    Ok(())
}

fn stopped((what, reason): (&str, &str), done: usize, rest: &[&str]) -> String {
    let rest = if rest.is_empty() { "nothing".to_owned() } else { rest.join(", ") };
    format!(
        "{what}: {reason}\n  done: the {done} above; not done: {what}; not begun: {rest}\n  once that is mended, apply \
         again: what is done already is not done twice"
    )
}

/// Reads the files, and finds out what they take; nothing is written to the server.
async fn prepare(
    client: &Client,
    files: &[PathBuf],
    (environment, compare): (&HashMap<String, String>, &CompareArguments),
    voice: Voice<'_>,
) -> anyhow::Result<Vec<Prepared>> {
    let files = gather(files, environment)?;
    let mut currents = Vec::with_capacity(files.len());
    for file in &files {
        let mut sections: Vec<Section> = file.sections.keys().copied().collect();
        // What is not in the file may be referred to in it.
        if !sections.contains(&Section::Components) {
            sections.push(Section::Components);
        }
        currents.push(State::read(client, &file.tenant, sections).await?);
    }
    let stage = Stage::open().await?;
    let options = Options {
        prune: compare.prune || compare.prune_all,
        prune_all: compare.prune_all,
        send_secrets: compare.send_secrets,
    };
    let prepared = rehearse(&stage, files, currents, options, voice).await;
    stage.close().await;
    prepared
}

async fn rehearse(
    stage: &Stage,
    files: Vec<TenantFile>,
    currents: Vec<State>,
    options: Options,
    voice: Voice<'_>,
) -> anyhow::Result<Vec<Prepared>> {
    let mut prepared = Vec::with_capacity(files.len());
    let mut faults: Vec<Fault> = Vec::new();
    for (file, current) in files.into_iter().zip(currents) {
        let planned = match stage.play(&file, &current, options.prune).await {
            Ok(Rehearsed { fresh, wanted }) => {
                for fault in plain_words::find(&file, &wanted) {
                    (voice.warn)(&format!("warning: {fault}"));
                }
                plan(&file, &if current.name.is_some() { current } else { unmade(fresh) }, &wanted, options)
            }
            Err(error) => Err(error.downcast::<Faults>()?.0),
        };
        match planned {
            Ok(plan) => {
                for renamed in &plan.renamed {
                    (voice.warn)(&format!("warning: {}: {renamed}", file.file));
                }
                prepared.push(Prepared { file, plan });
            }
            Err(told) => faults.extend(told),
        }
    }
    if faults.is_empty() { Ok(prepared) } else { Err(Faults(faults).into()) }
}

/// What a server has of a tenant that is yet to be made: nothing has a version.
fn unmade(fresh: State) -> State {
    let held = fresh.held.into_iter().map(|(section, held)| match held {
        Held::Document { settled, .. } => (section, Held::Document { settled, etag: None }),
        // Its first key is made with it.
        held @ Held::Collection(_) => (section, held),
    });
    State { name: None, held: held.collect() }
}

async fn carry_out(
    client: &Client,
    file: &TenantFile,
    step: &Step,
    (keys, voice): (&mut NewKeys, Voice<'_>),
) -> anyhow::Result<()> {
    let mut request = step.request.clone();
    if let Some((section, before)) = &step.before {
        let held = client.read(&request.path).await?;
        if section.settled(&held.body) != *before {
            bail!("somebody else changed it meanwhile: look at it anew with plimsoll diff");
        }
        request.if_match = held.etag;
    }
    let answer = send(client, file, &request).await?;
    (voice.say)(&telling::step(step));
    let made = [("admin_key", "admin", Some("admin")), ("key", "", answer.body["role"].as_str())];
    if step.action != Action::Create {
        return Ok(());
    }
    for (field, name, role) in made {
        let key = answer.body[field].as_str().filter(|key| key.starts_with(plimsoll_domain::tenant::KEY_PREFIX));
        if let (Some(key), Some(role)) = (key, role) {
            let name = if name.is_empty() { answer.body["name"].as_str().unwrap_or_default() } else { name };
            (voice.say)(&keys.take(&file.tenant, (name, role), key)?);
        }
    }
    Ok(())
}

async fn send(client: &Client, file: &TenantFile, request: &Change) -> anyhow::Result<crate::client::Answer> {
    let makes_tenant = request.path == "/tenants";
    client.send(request).await.map_err(|error| match error.status() {
        Some(StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED) if makes_tenant => anyhow!(
            "{} has no tenant {} that this key may see, and only the root key makes one (PLIMSOLL_KEY or --key): {error}",
            client.server(),
            file.tenant
        ),
        _ => anyhow::Error::from(error),
    })
}
