//! The peer of the status page: a bare axum handler on the same kind of runtime that answers with the very same headers
//! and bytes, and does nothing else.

use std::fs;

use anyhow::Context;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

/// The first argument that makes the bench run as this process.
pub(crate) const MODE: &str = "serve-the-same";

/// Arguments: address, path, a file of header lines, a file with the body. Serves until it is killed.
pub(crate) async fn serve(arguments: &[String]) -> anyhow::Result<()> {
    let [address, path, headers, body] = arguments else { anyhow::bail!("expected four arguments") };
    let mut kept = HeaderMap::new();
    for line in fs::read_to_string(headers)?.lines() {
        let (name, value) = line.split_once(": ").context("a header line")?;
        kept.insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    let bytes: Bytes = fs::read(body)?.into();
    let answer = move || {
        let mut response = Response::new(Body::from(bytes.clone()));
        response.headers_mut().clone_from(&kept);
        std::future::ready(response)
    };
    let listener = TcpListener::bind(address).await?.tap_io(|stream| {
        // As the program does it; failing to set it only costs time.
        let _set = stream.set_nodelay(true);
    });
    axum::serve(listener, Router::new().route(path, get(answer))).await?;
    Ok(())
}
