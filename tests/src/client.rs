//! Speaks to a server as somebody with a key. Every answer is held against the server's own `OpenAPI` document.

use std::sync::{Arc, Once};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::Value;

use crate::{Answer, Document};

const PATIENCE: Duration = Duration::from_secs(40);

/// Somebody who asks. Clones share one pool of connections.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: Option<String>,
    document: Option<Arc<Document>>,
}

impl Client {
    /// Somebody without a key, who does not hold answers against any document yet.
    #[expect(clippy::disallowed_methods, reason = "tests speak to loopback, which the guarded client refuses")]
    pub fn new(base: &str) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // A provider that somebody else has installed serves as well.
            let _installed = rustls::crypto::ring::default_provider().install_default();
        });
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        let http = http.build().expect("a client of these options");
        Self { http, base: base.to_owned(), key: None, document: None }
    }

    /// The same with `key`.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    /// The same without a key.
    #[must_use]
    pub fn without_key(&self) -> Self {
        Self { key: None, ..self.clone() }
    }

    /// The same, speaking to another server.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The same, holding answers against `document`.
    #[must_use]
    pub fn held_to(&self, document: Arc<Document>) -> Self {
        Self { document: Some(document), ..self.clone() }
    }

    /// The key that is shown; none is empty.
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    /// The document that answers are held against.
    pub fn document(&self) -> &Document {
        self.document.as_deref().expect("this client holds answers against a document")
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], None).await
    }

    /// Creates or does.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[], Some(body.to_string())).await
    }

    /// Replaces.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask("PUT", path, &[], Some(body.to_string())).await
    }

    /// Changes.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.ask("PATCH", path, &[], Some(body.to_string())).await
    }

    /// Removes.
    pub async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, &[], None).await
    }

    /// Sends a request as it is told, with a body that says it is JSON. Panics when no answer comes, or one that the
    /// document does not describe.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<String>) -> Answer {
        let answer = self.try_ask(method, path, headers, body).await;
        let answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"));
        if let Some(document) = &self.document {
            document.check(method, path.split('?').next().unwrap_or(path), &answer);
        }
        answer
    }

    /// The same, where no answer may come; and nothing is held against the document.
    pub async fn try_ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> reqwest::Result<Answer> {
        let body = body.map(String::into_bytes);
        let is_json = body.is_some().then_some((CONTENT_TYPE.as_str(), "application/json"));
        let headers: Vec<_> = is_json.into_iter().chain(headers.iter().copied()).collect();
        self.send(method, path, &headers, body).await
    }

    /// The same with bytes for a body, of which nothing is said but what `headers` say.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> reqwest::Result<Answer> {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let asked = format!("{method} {path}");
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a header's name");
            request = request.header(name, HeaderValue::from_str(value).expect("a header's value"));
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { asked, status, headers, text: response.text().await? })
    }

    /// Reads a page for people, which no document describes.
    pub async fn page(&self, path: &str) -> Answer {
        let answer = self.without_key().try_ask("GET", path, &[], None).await;
        answer.unwrap_or_else(|error| panic!("GET {path}: {error:?}"))
    }
}
