//! The command line.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use plimsoll_runtime::config::{Config, Listing};
use plimsoll_runtime::host::host_name;
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_runtime::own_errors::{self, Facts, OwnErrors};
use plimsoll_runtime::system_clock::SystemClock;
use plimsoll_runtime::telemetry::Traces;
use plimsoll_runtime::{masking, telemetry};

use crate::compose::{self, Roles};
use crate::configuration::{self, Format};
use crate::doctor::{self, DoctorArguments};
use crate::export::{self, ExportArguments};
use crate::health::{self, HealthArguments};
use crate::tenant_file::{self, ApplyArguments, DiffArguments};
use crate::{manual, secrets};

/// How long work in hand may take after a stop was asked for.
const GRACE: Duration = Duration::from_secs(25);

const EXAMPLES: &str = "\
The server is told what to do by variables and by --config. The client commands (apply, diff, export) speak to the one \
that runs at PLIMSOLL_URL, with the API key in PLIMSOLL_KEY. `plimsoll help COMMAND` tells more of each.

Examples:
  plimsoll                                        start at 127.0.0.1:8080, with data in ./data
  plimsoll config                                 every key, what it means, and its value
  plimsoll config --format toml > plimsoll.toml   a file to begin with
  plimsoll --config plimsoll.toml serve           start with it
  plimsoll --config plimsoll.toml doctor          try out what it leads to";

const CONFIG_EXAMPLES: &str = "\
It ends with 1 when a key is wrong, and lists all of them all the same. Secrets are never shown.

Examples:
  plimsoll config
  plimsoll config --format toml > plimsoll.toml
  plimsoll config --format json | jq '.settings[] | select(.source != \"default\")'";

const SERVE_EXAMPLES: &str = "\
Examples:
  plimsoll serve
  PLIMSOLL_HTTP_ADDR=0.0.0.0:8080 plimsoll serve
  PLIMSOLL_STORE=mongodb://db1,db2,db3/plimsoll?replicaSet=rs0 plimsoll serve --roles api,status";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  plimsoll completions bash > ~/.local/share/bash-completion/completions/plimsoll
  plimsoll completions zsh > ~/.zfunc/_plimsoll      (with ~/.zfunc in fpath)
  plimsoll completions fish > ~/.config/fish/completions/plimsoll.fish";

const MAN_EXAMPLES: &str = "\
Examples:
  plimsoll man | man -l -
  plimsoll man > /usr/local/share/man/man1/plimsoll.1";

/// Samples services, measures SLOs, keeps error budgets, opens incidents and shows a public status page.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, about, after_help = EXAMPLES, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// A TOML file with keys of the configuration: the variables in lower case and without PLIMSOLL_, which win over it.
    #[arg(long, global = true, env = "PLIMSOLL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server until it is asked to stop. This is what happens without a command, too.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve {
        /// What this process does; several processes on one MongoDB may share the roles.
        #[arg(long, value_delimiter = ',', default_value = "api,jobs,status", value_name = "ROLE,…")]
        roles: Vec<Role>,
    },
    /// Lists every key of the configuration: meaning, default, value, and where that comes from.
    #[command(after_help = CONFIG_EXAMPLES)]
    Config {
        /// How the list is written.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Tries out what the configuration leads to (store, keys, network, mail, clock, telemetry), and says what to do.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(Box<DoctorArguments>),
    /// Asks a running server whether it is well, and says so by its exit code: for whatever runs its container.
    #[command(after_help = health::EXAMPLES)]
    Health(HealthArguments),
    /// Handles the secrets that are sealed in the store.
    Secrets {
        #[command(subcommand)]
        command: SecretsCommand,
    },
    /// Makes a server have the tenants that files describe.
    #[command(after_help = tenant_file::APPLY_EXAMPLES)]
    Apply(Box<ApplyArguments>),
    /// Says what apply would do, and does nothing: exits with 0 when nothing would change, 2 when something would, 1 on errors.
    #[command(after_help = tenant_file::DIFF_EXAMPLES)]
    Diff(Box<DiffArguments>),
    /// Writes a tenant as a file for apply, or its page as files that any web server serves.
    #[command(after_help = export::EXAMPLES)]
    Export(Box<ExportArguments>),
    /// Writes the manual page, as roff.
    #[command(after_help = MAN_EXAMPLES)]
    Man,
    /// Writes the completions for a shell.
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// Which shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
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
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(told) if told.use_stderr() => {
            // It repeats values that are wrong.
            let words = told.render().to_string();
            std::io::stderr().lock().write_all(masking::mask_text(&words).as_bytes()).context("cannot write")?;
            // Not by clap's own code of 2, which is what `diff` says of a server that is to be changed.
            return Ok(ExitCode::FAILURE);
        }
        Err(told) => {
            told.print().context("cannot write")?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let file = arguments.config;
    // The environment is read here, once, and passed on. Commands of a client do without: none of it is their business.
    let environment = || -> HashMap<String, String> {
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect()
    };
    let config = || Config::read(file.as_deref(), &environment());
    let roles = match arguments.command {
        None => Roles::ALL,
        Some(Command::Serve { roles }) => Roles {
            api: roles.contains(&Role::Api),
            jobs: roles.contains(&Role::Jobs),
            status: roles.contains(&Role::Status),
        },
        Some(Command::Secrets { command: SecretsCommand::Rotate }) => return rotate(&config()?),
        Some(Command::Apply(wanted)) => return tenant_file::run_apply(&wanted, &environment()),
        Some(Command::Diff(wanted)) => return tenant_file::run_diff(&wanted, &environment()),
        Some(Command::Export(wanted)) => return export::run(&wanted),
        Some(Command::Config { format }) => return list(&Listing::of(file.as_deref(), &environment()), format),
        Some(Command::Doctor(wanted)) => return doctor::run(&wanted, file.as_deref(), &environment()),
        Some(Command::Health(wanted)) => {
            return put_out(health::ask(&wanted, file.as_deref(), &environment())?.as_bytes());
        }
        Some(Command::Man) => return put_out(&manual::page(Arguments::command())?),
        Some(Command::Completions { shell }) => return put_out(&completions(shell)),
    };
    let config = config()?;
    let (beside, own_errors) = own_errors(&config)?.unzip();
    telemetry::log_from_now_on(config.log_format, &config.log_filter, Arc::new(SystemClock), beside)?;
    own_errors::log_panics_from_now_on();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    let ended_well = runtime.block_on(serve(config, roles, own_errors))?;
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

fn list(listing: &Listing, format: Format) -> anyhow::Result<ExitCode> {
    put_out(configuration::written(listing, format).as_bytes())?;
    if listing.is_valid() || format == Format::Markdown {
        return Ok(ExitCode::SUCCESS);
    }
    let complaints: Vec<String> = configuration::complaints(listing).collect();
    anyhow::bail!("the configuration is wrong: {}", complaints.join("; "))
}

fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "plimsoll", &mut script);
    script
}

/// Writes to standard output. Whoever reads it may stop when they have seen enough.
fn put_out(bytes: &[u8]) -> anyhow::Result<ExitCode> {
    match std::io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("cannot write"),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// What hears of our own errors, and what sends them, where the configuration says so.
fn own_errors(config: &Config) -> anyhow::Result<Option<(telemetry::Beside, OwnErrors)>> {
    let Some(config) = &config.telemetry.own_errors else { return Ok(None) };
    let facts = Facts { version: env!("CARGO_PKG_VERSION"), server_name: host_name() };
    Ok(Some(OwnErrors::new(config, facts, Arc::new(SystemClock))?))
}

async fn serve(config: Config, roles: Roles, own_errors: Option<OwnErrors>) -> anyhow::Result<bool> {
    let life = Lifecycle::new();
    life.heed_signals();
    if let Some(own) = &own_errors {
        own.send_from_now_on(&life);
    }
    let traces = Traces::start(config.telemetry.traces.as_ref(), &facts(roles)).context("spans cannot be sent")?;
    let running = compose::start(config, roles, &life).await?;
    if std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        welcome(&running);
    }
    let ended_well = life.run_until_stopped(GRACE).await;
    running.close().await;
    tracing::info!(ended_well, "stopped");
    traces.close().await;
    if let Some(own) = own_errors {
        own.flush().await;
    }
    telemetry::flush();
    Ok(ended_well)
}

/// What every span says of this process.
fn facts(roles: Roles) -> [(&'static str, String); 4] {
    [
        ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("service.instance.id", format!("{}-{}", host_name(), std::process::id())),
        ("host.name", host_name()),
        ("plimsoll.roles", roles.names().join(",")),
    ]
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
    telemetry::flush();
    // There is nowhere else to complain to.
    let _written = std::io::stderr().lock().write_all(text.as_bytes());
}
