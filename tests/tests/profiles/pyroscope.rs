//! A Pyroscope that takes profiles by its `POST /ingest`, strictly: what its documentation does not allow is refused and
//! kept as a fault.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use plimsoll_tests::{now, port};
use tokio::runtime::Runtime;

use crate::pprof::Profile;

/// A profile that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    pub(crate) application: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) authorization: String,
    pub(crate) profile: Profile,
}

#[derive(Default)]
struct Noted {
    pushed: Vec<Pushed>,
    faults: Vec<String>,
    refused: usize,
    refuses: bool,
}

/// The server. Dropping it stops it.
pub(crate) struct Pyroscope {
    port: u16,
    noted: Arc<Mutex<Noted>>,
    running: Option<Runtime>,
}

impl Pyroscope {
    pub(crate) fn start() -> Self {
        let noted: Arc<Mutex<Noted>> = Arc::default();
        let port = port::free();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a free port");
        listener.set_nonblocking(true).expect("a listener may be nonblocking");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let router = Router::new().route("/base/ingest", post(ingest)).with_state(Arc::clone(&noted));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener that is nonblocking");
            axum::serve(listener, router).await
        });
        Self { port, noted, running: Some(runtime) }
    }

    /// Its address for somebody of this name and password.
    pub(crate) fn url(&self, user: &str, password: &str) -> String {
        format!("http://{user}:{password}@127.0.0.1:{}/base", self.port)
    }

    /// Answers 503 from now on, or takes profiles again.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.noted().refuses = refuses;
    }

    pub(crate) fn pushed(&self) -> Vec<Pushed> {
        self.noted().pushed.clone()
    }

    pub(crate) fn refused(&self) -> usize {
        self.noted().refused
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        self.noted().faults.clone()
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().expect("not poisoned")
    }
}

impl Drop for Pyroscope {
    fn drop(&mut self) {
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_background();
        }
    }
}

async fn ingest(
    State(noted): State<Arc<Mutex<Noted>>>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let read = read(&query, &headers, &body);
    let mut noted = noted.lock().expect("not poisoned");
    match read {
        Err(fault) => {
            noted.faults.push(fault);
            StatusCode::BAD_REQUEST
        }
        Ok(_) if noted.refuses => {
            noted.refused += 1;
            StatusCode::SERVICE_UNAVAILABLE
        }
        Ok(pushed) => {
            noted.pushed.push(pushed);
            StatusCode::OK
        }
    }
}

fn read(query: &BTreeMap<String, String>, headers: &HeaderMap, body: &[u8]) -> Result<Pushed, String> {
    let known = ["name", "from", "until", "format"];
    if let Some(unknown) = query.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("the parameter {unknown}"));
    }
    let given = |name: &str| query.get(name).map(String::as_str).ok_or_else(|| format!("no parameter {name}"));
    let second = |name: &str| given(name)?.parse::<i64>().map_err(|error| format!("{name}: {error}"));
    let (from, until) = (second("from")?, second("until")?);
    let is_now = from < until && until - from <= 60 && (now().seconds() - until).abs() <= 60;
    if !is_now || given("format")? != "pprof" {
        return Err(format!("{query:?}"));
    }
    let (application, labels) = name(given("name")?)?;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = text(header::CONTENT_TYPE).strip_prefix("multipart/form-data; boundary=");
    let file = file(body, boundary.ok_or("it is no form")?).ok_or("no file `profile` in the form")?;
    let profile = Profile::read(file).map_err(|error| format!("the profile: {error:#}"))?;
    Ok(Pushed { application, labels, authorization: text(header::AUTHORIZATION).to_owned(), profile })
}

/// `application{label=value,…}`.
fn name(name: &str) -> Result<(String, BTreeMap<String, String>), String> {
    let wrong = || format!("the name {name}");
    let (application, labels) = name.strip_suffix('}').and_then(|name| name.split_once('{')).ok_or_else(wrong)?;
    let pairs = labels.split(',').map(|pair| pair.split_once('=').ok_or_else(wrong));
    let labels =
        pairs.map(|pair| pair.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect::<Result<_, _>>()?;
    Ok((application.to_owned(), labels))
}

/// The file `profile` of a form that holds nothing else.
fn file<'a>(body: &'a [u8], boundary: &str) -> Option<&'a [u8]> {
    let rest = body.strip_prefix(format!("--{boundary}\r\n").as_bytes())?;
    let rest = rest.strip_suffix(format!("\r\n--{boundary}--\r\n").as_bytes())?;
    let end = rest.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&rest[..end]).ok()?;
    head.contains("Content-Disposition: form-data; name=\"profile\"; filename=").then_some(&rest[end + 4..])
}
