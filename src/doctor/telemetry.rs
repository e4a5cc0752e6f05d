//! Whoever is told what the process sees of itself. Nothing is sent to them.

use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use url::Url;

use super::finding::Finding;
use super::patient::Patient;

const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn traces(patient: &Patient<'_>) -> Vec<Finding> {
    let about = "traces";
    let Some(traces) = &patient.config.telemetry.traces else {
        return vec![Finding::not_checked(about, "no spans are sent: OTEL_ENABLED is not on")];
    };
    let url = &traces.endpoint;
    let reached = if url.scheme() == "https" {
        // Whatever it answers to a question that is none of gRPC, it has agreed on TLS.
        patient.get(url).await.map(drop).map_err(|error| error.to_string())
    } else {
        connect(url).await
    };
    vec![match reached {
        Ok(()) => Finding::ok(about, format!("{url} takes connections; no span was sent")),
        Err(reason) => Finding::failed(
            about,
            format!("{url}: {reason}"),
            "start the collector, or see OTEL_EXPORTER_OTLP_ENDPOINT",
        ),
    }]
}

async fn connect(url: &Url) -> Result<(), String> {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let connecting = TcpStream::connect((host, url.port_or_known_default().unwrap_or(4317)));
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(connected) => connected.map(drop).map_err(|error| error.to_string()),
        Err(_) => Err(format!("no connection within {} s", PATIENCE.as_secs())),
    }
}

pub(super) async fn profiles(patient: &Patient<'_>) -> Vec<Finding> {
    let about = "profiles";
    let Some(pyroscope) = &patient.config.telemetry.pyroscope else {
        return vec![Finding::not_checked(about, "no profiles are pushed: PLIMSOLL_PYROSCOPE_URL is not given")];
    };
    let url = pyroscope.expose_secret().trim_end_matches('/');
    let Ok(url) = Url::parse(&format!("{url}/ready")) else {
        return vec![Finding::failed(about, "its address is none", "see PLIMSOLL_PYROSCOPE_URL")];
    };
    vec![match patient.get(&url).await {
        Ok(answer) if answer.status.is_success() => Finding::ok(about, format!("{} is ready", named(&url))),
        Ok(answer) if matches!(answer.status.as_u16(), 401 | 403) => {
            let seen = format!("{} refuses user and password", named(&url));
            Finding::failed(about, seen, "see PLIMSOLL_PYROSCOPE_URL")
        }
        Ok(answer) => {
            let seen = format!("{} answers {} when asked whether it is ready", named(&url), answer.status);
            Finding::warning(about, seen, "see whether it is a Pyroscope, and its log")
        }
        Err(error) => {
            Finding::failed(about, format!("{}: {error}", named(&url)), "start it, or see PLIMSOLL_PYROSCOPE_URL")
        }
    }]
}

pub(super) async fn own_errors(patient: &Patient<'_>) -> Vec<Finding> {
    let about = "own errors";
    let Some(own) = &patient.config.telemetry.own_errors else {
        return vec![Finding::not_checked(about, "they are not sent: PLIMSOLL_SENTRY_DSN is not given")];
    };
    // Its host and no more: the key is for events.
    let host = Url::parse(own.dsn.expose_secret()).ok().and_then(|dsn| dsn.join("/").ok()).and_then(without_user);
    let Some(url) = host else {
        return vec![Finding::failed(about, "its address is none", "see PLIMSOLL_SENTRY_DSN")];
    };
    vec![match patient.get(&url).await {
        Ok(_) => Finding::ok(
            about,
            format!("{} answers; no event was sent, so whether it takes the key is not known", named(&url)),
        ),
        Err(error) => {
            Finding::failed(about, format!("{}: {error}", named(&url)), "see PLIMSOLL_SENTRY_DSN, and the firewall")
        }
    }]
}

fn without_user(mut url: Url) -> Option<Url> {
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(url)
}

/// Scheme, host and port: the rest may be secret.
fn named(url: &Url) -> String {
    url.origin().ascii_serialization()
}
