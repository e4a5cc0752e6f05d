//! What a Sentry asks of a request: its path, its headers, and that all that speaks of a project speaks of the same one.

use plimsoll_domain::time::Timestamp;
use reqwest::Url;
use serde_json::Value;

use super::check::Check;
use super::sentry_envelope::{Came, decode, parse};
use super::sentry_wire::Request;

/// What concerns one connection only, or us only, or what Sentry would believe more than `X-Forwarded-For`.
const NEVER: [&str; 16] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "upgrade",
    "http2-settings",
    "expect",
    "cookie",
    "authorization",
    "forwarded",
    "x-real-ip",
    "x-sentry-forwarded-for",
    "x-request-id",
];
const ONCE: [&str; 3] = ["host", "content-type", "x-sentry-auth"];

/// The public key of a project.
pub(super) fn key(project: u64) -> String {
    format!("feed0000{project:024x}")
}

/// Takes a request apart; what is wrong with it otherwise.
pub(super) fn check(request: Request, (port, is_tunnelled): (u16, bool), at: Timestamp) -> Result<Came, Vec<String>> {
    let mut check = Check::default();
    let project = project(&request.target);
    check.require(request.method == "POST" && project.is_some(), &format!("{} {}", request.method, request.target));
    let project = project.unwrap_or_default();
    let Request { headers, body, .. } = request;
    let mut came = Came { at, project, headers, body, header: Value::Null, items: Vec::new(), accepted: false };
    check_headers(&came, port, &mut check);
    check_forwarded(&came, is_tunnelled, &mut check);
    check_auth(came.header("x-sentry-auth"), project, &mut check);
    match decode(came.header("content-encoding"), &came.body).and_then(|envelope| parse(&envelope)) {
        Ok((header, items)) => (came.header, came.items) = (header, items),
        Err(words) => check.faults.push(words),
    }
    if check.faults.is_empty() {
        check.require(is_dsn(&came.header["dsn"], project, port), &format!("dsn: {}", came.header["dsn"]));
    }
    if check.faults.is_empty() { Ok(came) } else { Err(check.faults) }
}

fn project(target: &str) -> Option<u64> {
    let project = target.strip_prefix("/api/")?.strip_suffix("/envelope/")?;
    project.parse().ok().filter(|number: &u64| number.to_string() == project)
}

fn check_headers(came: &Came, port: u16, check: &mut Check) {
    let many = |name: &str| came.headers.iter().filter(|(one, _)| one.eq_ignore_ascii_case(name)).count();
    for name in NEVER {
        check.require(many(name) == 0, &format!("{name}: it is none of Sentry's business"));
    }
    for name in ONCE {
        check.require(many(name) == 1, &format!("{name}: {} times", many(name)));
    }
    check.require(many("content-encoding") <= 1, "content-encoding: more than once");
    let host = came.header("host");
    check.require(host == format!("127.0.0.1:{port}"), &format!("host: {host:?}"));
}

/// A tunnel says for whom it sends; whoever sends for itself says nothing.
fn check_forwarded(came: &Came, is_tunnelled: bool, check: &mut Check) {
    let many = came.headers.iter().filter(|(one, _)| one.eq_ignore_ascii_case("x-forwarded-for")).count();
    check.require(many == usize::from(is_tunnelled), &format!("x-forwarded-for: {many} times"));
    if !is_tunnelled {
        return;
    }
    let forwarded = came.header("x-forwarded-for");
    let is_address = |one: &str| one.trim().parse::<std::net::IpAddr>().is_ok();
    check.require(forwarded.rsplit(',').next().is_some_and(is_address), &format!("x-forwarded-for: {forwarded:?}"));
}

fn check_auth(auth: &str, project: u64, check: &mut Check) {
    let pairs: Vec<_> = auth.strip_prefix("Sentry ").unwrap_or_default().split(',').collect();
    let value = |name: &str| {
        let named = pairs.iter().filter_map(|pair| pair.trim().split_once('=')).filter(|(one, _)| *one == name);
        named.map(|(_, value)| value).collect::<Vec<_>>()
    };
    check.require(value("sentry_version") == ["7"], "x-sentry-auth: it is not of version 7");
    check.require(value("sentry_key") == [key(project)], "x-sentry-auth: it is not the project's key");
    check.require(value("sentry_client").len() == 1, "x-sentry-auth: it does not say who sends");
}

/// Whether a DSN, however it is written, is that of the project.
fn is_dsn(dsn: &Value, project: u64, port: u16) -> bool {
    let url = dsn.as_str().and_then(|text| Url::parse(text).ok());
    url.is_some_and(|url| {
        url.username() == key(project)
            && url.password().is_none()
            && url.path() == format!("/{project}")
            && url.port_or_known_default() == Some(port)
            && matches!(url.host_str(), Some("127.0.0.1"))
    })
}
