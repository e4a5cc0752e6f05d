//! `plimsoll export`: a tenant as one file, or its page as files that any web server serves, for when the page is to stand
//! where nothing else can fail.
//!
//! A client command: it asks a server for the page as a bundle and makes the files here, with the code that serves them
//! there.

mod folder;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use http::StatusCode;
use url::Url;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::PageBundle;
use plimsoll_status_site::ExportPlace;

use crate::client::{Client, ClientError, ServerArguments};
use crate::tenant_file::{self, Voice};
use folder::Written;

/// What stands under the help of the command.
pub(crate) const EXAMPLES: &str = "\
Examples:
  plimsoll export --tenant acme -f acme.yaml      the tenant as a file for plimsoll apply
  plimsoll export --tenant acme --out ./site      its page as files for any web server";

/// What to export, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArguments {
    /// Which tenant.
    #[arg(long)]
    tenant: TenantId,
    /// Writes the tenant's page into this folder, to be served by any web server; without it, the tenant is written as a
    /// file for `plimsoll apply`. The folder must be empty, new, or of an earlier export.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Where the tenant's file goes; without it, to standard output.
    #[arg(short = 'f', long = "file", value_name = "FILE", conflicts_with = "out")]
    file: Option<PathBuf>,
    /// Where the copy of the page will be found, such as `https://status.example.org`: for feeds and what else names whole
    /// addresses. Without it, they name the page on the server.
    #[arg(long, value_name = "URL", requires = "out")]
    url: Option<Url>,
    /// What every path on the copy begins with; without it, the path of --url.
    #[arg(long, value_name = "PATH", requires = "out")]
    base_path: Option<String>,
    /// In which language the copy is; without it, the page's own.
    #[arg(long, value_name = "TAG", requires = "out")]
    locale: Option<String>,
    /// Whether to write into a folder that holds other things (they stay, unless a file of the page has the same name), or
    /// over a file with comments (they are lost).
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    server: ServerArguments,
}

/// Exports what is asked for.
pub(crate) fn run(arguments: &ExportArguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    let voice = Voice::aloud();
    runtime.block_on(async {
        let Some(out) = &arguments.out else {
            let ExportArguments { tenant, file, force, server: ServerArguments { server, key }, .. } = arguments;
            let client = Client::new(server, key.as_ref())?;
            return tenant_file::export(&client, tenant, (file.as_deref(), *force), voice).await;
        };
        export(arguments, out, voice.say).await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Fetches the page and writes it. What is going on is told by `say`.
async fn export(arguments: &ExportArguments, out: &Path, say: &dyn Fn(&str)) -> anyhow::Result<()> {
    // Before anything is asked: whoever mistyped the folder need not wait.
    let before = folder::may_write(out, arguments.force)?;
    say(&format!("asking {} for the page of {}", arguments.server.server, arguments.tenant));
    let bundle = fetch(arguments).await?;
    let place = place(arguments);
    let files = plimsoll_status_site::export(&bundle, &place).map_err(|reason| anyhow!(reason))?;
    if bundle.page.access.private {
        say("this page is private on the server: whoever serves these files decides who sees them");
    }
    say(&format!("writing {} files for {} to {}", files.len(), place.url, out.display()));
    let Written { put, unchanged, removed } = folder::write(out, &files, &before)?;
    say(&format!("{put} files written, {unchanged} were the same already, {removed} removed"));
    Ok(())
}

fn place(arguments: &ExportArguments) -> ExportPlace {
    let on_server = || format!("{}/s/{}", trimmed(&arguments.server.server), arguments.tenant);
    let url = arguments.url.as_ref().map_or_else(on_server, trimmed);
    let path = arguments.base_path.clone().or_else(|| arguments.url.as_ref().map(|url| url.path().to_owned()));
    let base_path = path.unwrap_or_default().trim_matches('/').to_owned();
    ExportPlace {
        url,
        base_path: if base_path.is_empty() { base_path } else { format!("/{base_path}") },
        locale: arguments.locale.clone(),
    }
}

fn trimmed(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

async fn fetch(arguments: &ExportArguments) -> anyhow::Result<PageBundle> {
    let ExportArguments { tenant, server: ServerArguments { server, key }, .. } = arguments;
    let client = Client::new(server, key.as_ref())?;
    let text = client.get_text(&format!("/tenants/{tenant}/page/export")).await;
    let text = text.map_err(|error| match error.status() {
        Some(StatusCode::NOT_FOUND) => {
            anyhow!("{server} has no tenant {tenant} that this key may see, or is no Plimsoll that exports")
        }
        _ => error.into(),
    })?;
    read(&text, server)
}

fn read(text: &str, server: &Url) -> anyhow::Result<PageBundle> {
    let unreadable = |detail| ClientError::Unreadable { server: server.to_string(), detail };
    Ok(PageBundle::read(text).map_err(unreadable)?)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        export: ExportArguments,
    }

    fn arguments(more: &[&str]) -> ExportArguments {
        let line = ["export", "--tenant", "acme", "--out", "/nowhere", "--server", "http://127.0.0.1:9/"];
        Line::try_parse_from(line.iter().chain(more)).expect("a command line").export
    }

    #[test]
    fn paths_begin_with_that_of_the_address_unless_told_otherwise() {
        let told = |more: &[&str]| {
            let place = place(&arguments(more));
            (place.url, place.base_path)
        };
        assert_eq!(told(&[]), ("http://127.0.0.1:9/s/acme".to_owned(), String::new()));
        assert_eq!(told(&["--url", "https://a.b/"]), ("https://a.b".to_owned(), String::new()));
        assert_eq!(told(&["--url", "https://a.b/x/y/"]), ("https://a.b/x/y".to_owned(), "/x/y".to_owned()));
        assert_eq!(told(&["--url", "https://a.b/x", "--base-path", "/"]), ("https://a.b/x".to_owned(), String::new()));
    }

    #[test]
    fn a_page_of_another_version_is_told_from_one_of_ours() {
        let server: Url = "http://127.0.0.1:9/".parse().expect("a URL");
        let why = |text| read(text, &server).expect_err("no bundle").to_string();
        assert!(why("{}").contains("this version"));
        assert!(why(r#"{"format": 9}"#).contains("format 9"));
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("site");
        let error = export(&arguments(&[]), &out, &|_| {}).await.expect_err("nobody listens");
        assert!(format!("{error:#}").contains("cannot reach http://127.0.0.1:9/"), "{error:#}");
        assert!(!out.exists(), "nothing was written");
    }
}
