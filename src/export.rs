//! `plimsoll export`: the page of a tenant as files that any web server serves, for when the page is to stand where nothing
//! else can fail.
//!
//! A client command: it asks a server for the page as a bundle and makes the files here, with the code that serves them
//! there. It goes where it is told to, private networks included.

mod folder;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::Value;
use url::Url;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::PageBundle;
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::http_client::{HttpClient, Request, Response};
use plimsoll_status_site::ExportPlace;
use secrecy::{ExposeSecret, SecretString};

use folder::Written;

const PATIENCE: Duration = Duration::from_mins(1);
/// A bundle holds 200 incidents of at most 200 updates with 4,000 characters each; none comes near it.
const LARGEST_BUNDLE: usize = 256 * 1_024 * 1_024;

/// What to export, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArguments {
    /// Whose page.
    #[arg(long)]
    tenant: TenantId,
    /// Into which folder. It must be empty, new, or of an earlier export.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Where the copy will be found, such as `https://status.example.org`: for feeds and what else names whole addresses.
    /// Without it, they name the page on the server.
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// What every path on the copy begins with; without it, the path of --url.
    #[arg(long, value_name = "PATH")]
    base_path: Option<String>,
    /// In which language; without it, the page's own.
    #[arg(long, value_name = "TAG")]
    locale: Option<String>,
    /// Whether to write into a folder that holds other things. They stay, unless a file of the page has the same name.
    #[arg(long)]
    force: bool,
    /// The server to ask.
    #[arg(long, env = "PLIMSOLL_URL", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: Url,
    /// An API key of the tenant; any role will do. Others on this machine may read a command line: the variable is better.
    #[arg(long, env = "PLIMSOLL_KEY", value_name = "KEY", hide_env_values = true)]
    key: Option<SecretString>,
}

/// Fetches the page and writes it. What is going on is told by `say`.
pub(crate) async fn export(arguments: &ExportArguments, say: &dyn Fn(&str)) -> anyhow::Result<()> {
    // Before anything is asked: whoever mistyped the folder need not wait.
    let before = folder::may_write(&arguments.out, arguments.force)?;
    say(&format!("asking {} for the page of {}", arguments.server, arguments.tenant));
    let bundle = fetch(arguments).await?;
    let place = place(arguments);
    let files = plimsoll_status_site::export(&bundle, &place).map_err(|reason| anyhow!(reason))?;
    if bundle.page.access.private {
        say("this page is private on the server: whoever serves these files decides who sees them");
    }
    say(&format!("writing {} files for {} to {}", files.len(), place.url, arguments.out.display()));
    let Written { put, unchanged, removed } = folder::write(&arguments.out, &files, &before)?;
    say(&format!("{put} files written, {unchanged} were the same already, {removed} removed"));
    Ok(())
}

fn place(arguments: &ExportArguments) -> ExportPlace {
    let on_server = || format!("{}/s/{}", trimmed(&arguments.server), arguments.tenant);
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
    let ExportArguments { tenant, server, key, .. } = arguments;
    let everywhere = ["0.0.0.0/0", "::/0"].map(|network| network.parse().expect("a network"));
    let client = HttpClient::new(&Egress::new(&everywhere));
    let mut headers = HeaderMap::new();
    if let Some(key) = key.as_ref().map(|key| key.expose_secret().trim()).filter(|key| !key.is_empty()) {
        let mut bearer =
            HeaderValue::from_str(&format!("Bearer {key}")).context("the key (PLIMSOLL_KEY) is no API key")?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
    }
    let url = Url::parse(&format!("{}/tenants/{tenant}/page/export", trimmed(server)))?;
    let request = Request {
        method: Method::GET,
        url,
        headers,
        body: bytes::Bytes::new(),
        // The key is for this server only.
        follow_redirects: false,
        timeout: PATIENCE,
        body_limit: LARGEST_BUNDLE,
    };
    let answer = client.send(request).await;
    let answer = answer.with_context(|| format!("cannot reach {server} (--server or PLIMSOLL_URL)"))?;
    read(&answer, arguments)
}

/// The bundle of an answer, or what is wrong in words that say what to do.
fn read(answer: &Response, arguments: &ExportArguments) -> anyhow::Result<PageBundle> {
    let ExportArguments { tenant, server, key, .. } = arguments;
    match answer.status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED if key.is_none() => bail!("{server} wants an API key: set PLIMSOLL_KEY or --key"),
        StatusCode::UNAUTHORIZED => bail!("{server} does not know the key (--key or PLIMSOLL_KEY)"),
        StatusCode::FORBIDDEN => bail!("the key may not read the page of {tenant}{}", detail(answer)),
        StatusCode::NOT_FOUND => {
            bail!("{server} has no tenant {tenant} that this key may see, or is no Plimsoll that exports")
        }
        status if status.is_redirection() => {
            let to = answer.headers.get(http::header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("elsewhere");
            bail!("{server} points to {to}: name the server itself (--server or PLIMSOLL_URL)")
        }
        status => bail!("{server} answered {status}{}", detail(answer)),
    }
    ensure!(answer.body.len() < LARGEST_BUNDLE, "the page of {tenant} is larger than {LARGEST_BUNDLE} bytes");
    let text = std::str::from_utf8(&answer.body).context("the answer is no text")?;
    PageBundle::read(text)
        .map_err(|reason| anyhow!("{server} does not answer as this version of Plimsoll does: {reason}"))
}

/// What a problem says of itself.
fn detail(answer: &Response) -> String {
    let problem: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let detail = problem.as_ref().and_then(|problem| problem["detail"].as_str().or_else(|| problem["title"].as_str()));
    detail.map(|detail| format!(": {detail}")).unwrap_or_default()
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

    fn answer(status: StatusCode, body: &'static str) -> Response {
        Response { status, headers: HeaderMap::new(), body: body.into(), certificate_expires_at: None }
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
    fn what_is_wrong_is_said_with_what_to_do() {
        let why = |status, body, more: &[&str]| {
            read(&answer(status, body), &arguments(more)).expect_err("no bundle").to_string()
        };
        assert!(why(StatusCode::UNAUTHORIZED, "", &[]).contains("set PLIMSOLL_KEY"));
        assert!(why(StatusCode::UNAUTHORIZED, "", &["--key", "plk_x"]).contains("does not know the key"));
        assert!(why(StatusCode::NOT_FOUND, "", &[]).contains("no tenant acme"));
        let forbidden = why(StatusCode::FORBIDDEN, r#"{"detail": "The key is of another tenant."}"#, &[]);
        assert!(forbidden.ends_with(": The key is of another tenant."), "{forbidden}");
        assert!(why(StatusCode::BAD_GATEWAY, "<html>", &[]).contains("502"));
        assert!(why(StatusCode::OK, "{}", &[]).contains("this version"));
        assert!(why(StatusCode::OK, r#"{"format": 9}"#, &[]).contains("format 9"));
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let arguments = ExportArguments { out: folder.path().join("site"), ..arguments(&[]) };
        let error = export(&arguments, &|_| {}).await.expect_err("nobody listens");
        assert!(format!("{error:#}").contains("cannot reach http://127.0.0.1:9/"), "{error:#}");
        assert!(!arguments.out.exists(), "nothing was written");
    }
}
