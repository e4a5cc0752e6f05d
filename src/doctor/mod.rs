//! `plimsoll doctor`: reads what the server reads, tries out what it leads to, and says of each what was seen and what to
//! do. It changes nothing: the store is opened for reading only, no mail is sent, no key is made.

mod clock;
mod configuration;
mod finding;
mod machine;
mod mail;
mod network;
mod patient;
mod prometheus;
mod secrets;
mod server;
mod store;
mod telemetry;

use std::collections::HashMap;
use std::future::Future;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use secrecy::SecretString;
use url::Url;

use plimsoll_runtime::config::{Config, Listing};

use self::finding::Finding;
use self::patient::Patient;

/// Shown below its help.
pub(crate) const EXAMPLES: &str = "\
Each line says ok, warning, failed or not checked, what was seen, and below it what to do. It ends with 1 when something \
failed, and changes nothing. Run it as the user and with the variables of the server. With the root key, it also compares \
with the running server, and tries the Prometheus servers that SLOs ask.

Examples:
  plimsoll doctor
  plimsoll --config /etc/plimsoll.toml doctor --format json
  PLIMSOLL_KEY=$(cat data/root.key) plimsoll doctor
  plimsoll doctor --prometheus http://prometheus:9090";

/// A check that takes longer says so.
const SILENCE: Duration = Duration::from_secs(1);
/// A check that takes longer has failed.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the doctor looks at besides the configuration.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArguments {
    /// How the findings are written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The running server; without it, the one at `PLIMSOLL_HTTP_ADDR`, if there is one.
    #[arg(long, env = "PLIMSOLL_URL", value_name = "URL")]
    server: Option<Url>,
    /// An API key of that server. Others on this machine may read a command line: the variable is better.
    #[arg(long, env = "PLIMSOLL_KEY", value_name = "KEY", hide_env_values = true)]
    key: Option<SecretString>,
    /// A Prometheus that must be reached; besides those that tenants' SLOs ask, when the root key is given.
    #[arg(long, value_name = "URL")]
    prometheus: Vec<Url>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One object, for programs.
    Json,
}

/// Looks at everything, and says what it sees.
pub(crate) fn run(
    wanted: &DoctorArguments,
    file: Option<&Path>,
    environment: &HashMap<String, String>,
) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    let mut round = Round { findings: Vec::new(), aloud: wanted.format == Format::Text };
    round.note(configuration::look(&Listing::of(file, environment), file));
    match Config::read(file, environment) {
        Ok(config) => runtime.block_on(visit(&config, wanted, &mut round))?,
        Err(_) => round.note(vec![Finding::not_checked("everything else", "it depends on the configuration")]),
    }
    round.finish(wanted.format)
}

/// In this order, because the later ones use what the earlier ones have seen.
async fn visit(config: &Config, wanted: &DoctorArguments, round: &mut Round) -> anyhow::Result<()> {
    let mut patient = Patient::new(config, wanted.server.as_ref(), wanted.key.as_ref())?;
    round.note(vec![machine::open_files(), machine::certificates()]);
    round.note(machine::folder(config));
    let inspected = round.wait("store", store::look(&patient)).await;
    patient.inspection = inspected.and_then(|(findings, inspection)| {
        round.note(findings);
        inspection
    });
    round.note(secrets::look(&patient));
    round.note(network::egress(config));
    for (about, check) in checks(&patient, wanted) {
        if let Some(findings) = round.wait(about, check).await {
            round.note(findings);
        }
    }
    round.note(vec![clock::judge(&patient)]);
    Ok(())
}

type Check<'a> = std::pin::Pin<Box<dyn Future<Output = Vec<Finding>> + 'a>>;

fn checks<'a>(patient: &'a Patient, wanted: &'a DoctorArguments) -> [(&'static str, Check<'a>); 7] {
    [
        ("dns", Box::pin(network::dns(patient))),
        ("mail", Box::pin(mail::look(patient))),
        ("server", Box::pin(server::look(patient))),
        ("prometheus", Box::pin(prometheus::look(patient, &wanted.prometheus))),
        ("traces", Box::pin(telemetry::traces(patient))),
        ("profiles", Box::pin(telemetry::profiles(patient))),
        ("own errors", Box::pin(telemetry::own_errors(patient))),
    ]
}

/// What was found so far.
struct Round {
    findings: Vec<Finding>,
    /// Whether each finding is told at once.
    aloud: bool,
}

impl Round {
    fn note(&mut self, findings: Vec<Finding>) {
        if self.aloud {
            let mut out = io::stdout().lock();
            // Whoever reads it may stop when they have seen enough; the exit code tells the rest.
            let _told = findings.iter().try_for_each(|finding| finding.tell(&mut out)).and_then(|()| out.flush());
        }
        self.findings.extend(findings);
    }

    /// Waits for a check, and says so when that takes a while.
    async fn wait<T>(&mut self, about: &'static str, check: impl Future<Output = T>) -> Option<T> {
        let mut check = Box::pin(tokio::time::timeout(PATIENCE, check));
        let answer = if let Ok(answer) = tokio::time::timeout(SILENCE, &mut check).await {
            answer
        } else {
            // Not on standard output, which may be read by a program.
            let _told = writeln!(io::stderr().lock(), "... {about}: still looking");
            check.await
        };
        if answer.is_err() {
            let seen = format!("no end within {} s", PATIENCE.as_secs());
            self.note(vec![Finding::failed(about, seen, "see whether what it leads to hangs")]);
        }
        answer.ok()
    }

    fn finish(self, format: Format) -> anyhow::Result<ExitCode> {
        let mut out = io::stdout().lock();
        let written = match format {
            Format::Text => writeln!(out, "\n{}", finding::summary(&self.findings)),
            Format::Json => writeln!(out, "{:#}", finding::as_json(&self.findings)),
        };
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("cannot write"),
            _ if finding::is_well(&self.findings) => Ok(ExitCode::SUCCESS),
            _ => Ok(ExitCode::FAILURE),
        }
    }
}
