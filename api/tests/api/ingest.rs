//! A Sentry on loopback: it keeps what it is sent, and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::common::World;

pub(crate) struct Ingest {
    pub(crate) address: std::net::SocketAddr,
    kept: Arc<Kept>,
    _serving: JoinSet<std::io::Result<()>>,
}

/// A status, and headers.
type Told = (u16, Vec<(&'static str, &'static str)>);

#[derive(Default)]
struct Kept {
    got: Mutex<Vec<Got>>,
    answers: Mutex<VecDeque<Told>>,
}

#[derive(Clone)]
pub(crate) struct Got {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("visible ASCII"))
    }
}

impl Ingest {
    pub(crate) async fn start() -> Self {
        let kept = Arc::new(Kept::default());
        let app = Router::new().fallback(take).with_state(Arc::clone(&kept));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, app).await });
        Self { address, kept, _serving: serving }
    }

    /// The DSN of a project here.
    pub(crate) fn dsn(&self, project: u32) -> String {
        format!("http://0123456789abcdef0123456789abcdef@{}/{project}", self.address)
    }

    /// What comes next is answered so.
    pub(crate) fn answer(&self, status: u16, headers: &[(&'static str, &'static str)]) {
        self.kept.answers.lock().expect("unpoisoned").push_back((status, headers.to_vec()));
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.kept.got.lock().expect("unpoisoned").clone()
    }

    /// Makes an app of `tenant` for project 1 here, with `more` in its body; its key.
    pub(crate) async fn app(&self, world: &World, (admin, tenant): (&str, &str), more: Value) -> String {
        let mut body = json!({"id": "web", "name": "Web", "dsn": self.dsn(1)});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let made = world.post(admin, &format!("/tenants/{tenant}/apps"), body).await.expect(201);
        made.body["key"].as_str().expect("a key").to_owned()
    }
}

async fn take(State(kept): State<Arc<Kept>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    kept.got.lock().expect("unpoisoned").push(Got { path: uri.to_string(), headers, body });
    let told = kept.answers.lock().expect("unpoisoned").pop_front();
    let Some((status, headers)) = told else {
        return axum::Json(json!({"id": "9ec79c33ec9942ab8353589fcb2e04dc"})).into_response();
    };
    let mut response = StatusCode::from_u16(status).expect("a status").into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().expect("a header"));
    }
    response
}
