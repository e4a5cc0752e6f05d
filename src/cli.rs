//! The command line.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand, ValueEnum};

use plimsoll_runtime::config::Config;
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_runtime::system_clock::SystemClock;
use plimsoll_runtime::{log_writer, masking, telemetry};

use crate::compose::{self, Roles};
use crate::export::{self, ExportArguments};
use crate::secrets;

/// How long work in hand may take after a stop was asked for.
const GRACE: Duration = Duration::from_secs(25);

/// Samples services, measures SLOs, keeps error budgets, opens incidents and shows a public status page.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// A TOML file with the keys of the PLIMSOLL_* variables, in lower case and without the prefix.
    #[arg(long, global = true, env = "PLIMSOLL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server until it is asked to stop. This is what happens without a command, too.
    Serve {
        /// What this process does; several processes on one MongoDB may share the roles.
        #[arg(long, value_delimiter = ',', default_value = "api,jobs,status")]
        roles: Vec<Role>,
    },
    /// Handles the secrets that are sealed in the store.
    Secrets {
        #[command(subcommand)]
        command: SecretsCommand,
    },
    /// Writes a tenant's page as files that any web server serves.
    Export(Box<ExportArguments>),
}

#[derive(Debug, Subcommand)]
enum SecretsCommand {
    /// Seals every stored secret anew under another key. On the embedded store the server must not run meanwhile; on
    /// MongoDB, first give all servers the new key as `PLIMSOLL_SECRET_KEY`, the old one as `PLIMSOLL_SECRET_KEY_PREVIOUS`.
    Rotate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Role {
    /// The JSON API.
    Api,
    /// Sampling, measuring, incidents.
    Jobs,
    /// The public status page.
    Status,
}

/// Reads the command line and does what it says.
pub fn run() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let file = arguments.config;
    // The environment is read here, once, and passed on. Commands of a client do without: none of it is their business.
    let config = || {
        let environment: HashMap<String, String> =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
        Config::read(file.as_deref(), &environment)
    };
    let roles = match arguments.command {
        None => Roles::ALL,
        Some(Command::Serve { roles }) => Roles {
            api: roles.contains(&Role::Api),
            jobs: roles.contains(&Role::Jobs),
            status: roles.contains(&Role::Status),
        },
        Some(Command::Secrets { command: SecretsCommand::Rotate }) => return rotate(&config()?),
        Some(Command::Export(wanted)) => return export_page(&wanted),
    };
    let config = config()?;
    telemetry::log_from_now_on(config.log_format, &config.log_filter, Arc::new(SystemClock))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    let ended_well = runtime.block_on(serve(config, roles))?;
    Ok(if ended_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::print_stdout, reason = "a person or a script asked for it")]
fn rotate(config: &Config) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    let rotated = runtime.block_on(secrets::rotate(config))?;
    let secrets::Rotated { documents, key_id, advice } = rotated;
    println!("{documents} documents were sealed anew under the key {key_id}; {advice}.");
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "a person or a script asked for it")]
fn export_page(wanted: &ExportArguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(export::export(wanted, &|news| println!("{news}")))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: Config, roles: Roles) -> anyhow::Result<bool> {
    let life = Lifecycle::new();
    life.heed_signals();
    let running = compose::start(config, roles, &life).await?;
    if std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        welcome(&running);
    }
    let ended_well = life.run_until_stopped(GRACE).await;
    running.close().await;
    tracing::info!(ended_well, "stopped");
    log_writer::flush();
    Ok(ended_well)
}

#[expect(clippy::print_stdout, reason = "a person started this on a terminal")]
fn welcome(running: &compose::Running) {
    let url = &running.url;
    println!("\n  Plimsoll is running.\n");
    println!("    status page   {url}/");
    println!("    API           {url}/docs");
    println!("    root key      {}", running.root_key_source);
    println!("\n  Stop it with Ctrl-C.\n");
}

/// Says on standard error why nothing was done, without secrets.
pub fn complain(error: &anyhow::Error) {
    let message = format!("{error:#}");
    let text = format!("plimsoll: {}\n", masking::mask_text(&message));
    log_writer::flush();
    // There is nowhere else to complain to.
    let _written = std::io::stderr().lock().write_all(text.as_bytes());
}
