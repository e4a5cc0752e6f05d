//! A Plimsoll server as the client commands see it: an address, a key, and the JSON of its API.
//!
//! What goes wrong is told in words that say what to do. It goes where it is told to, private networks included, and follows
//! no redirects: the key is for the server that was named.

mod refusal;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::http_client::{HttpClient, HttpError, Request, Response};
use plimsoll_runtime::trust::{self, NobodyTrusted};

pub(crate) use self::refusal::Refusal;

const PATIENCE: Duration = Duration::from_mins(1);
/// The largest answer is a page with 200 incidents of at most 200 updates of 4,000 characters; none comes near it.
const LARGEST_ANSWER: usize = 256 * 1_024 * 1_024;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Which server, and who asks: what every client command is told alike.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ServerArguments {
    /// The server to ask.
    #[arg(long, env = "PLIMSOLL_URL", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) server: Url,
    /// An API key. Others on this machine may read a command line: the variable is better.
    #[arg(long, env = "PLIMSOLL_KEY", value_name = "KEY", hide_env_values = true)]
    pub(crate) key: Option<SecretString>,
}

/// Speaks to one server with one key.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: HttpClient,
    server: Url,
    /// `Bearer` and the key, marked as a secret.
    bearer: Option<HeaderValue>,
    /// Time for a whole exchange.
    patience: Duration,
}

/// A request that may change something. Shown to developers without its body, which may hold secrets.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Change {
    /// How.
    pub(crate) method: Method,
    /// Where: a path such as `/tenants`.
    pub(crate) path: String,
    /// With what; none for a removal.
    pub(crate) body: Option<Value>,
    /// The `ETag` of what is to be changed, quotes included: whoever changed it meanwhile is not overwritten.
    pub(crate) if_match: Option<String>,
    /// Names a creation, so that it may be asked for again.
    pub(crate) idempotency_key: Option<String>,
}

/// An answer that is no refusal.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Its body; null when there is none.
    pub(crate) body: Value,
    /// Names the state that was read or written, quotes included.
    pub(crate) etag: Option<String>,
}

/// Why there is no such answer. The words are for whoever typed the command, and hold no secrets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The key cannot stand in a header.
    #[error("the key (PLIMSOLL_KEY or --key) is no API key")]
    Key,
    /// The address is none.
    #[error("{path} is no path on {server}")]
    Path {
        /// Which server.
        server: String,
        /// What was to be asked for.
        path: String,
    },
    /// The server is one of HTTPS.
    #[error(transparent)]
    Trust(#[from] NobodyTrusted),
    /// Nobody answers.
    #[error("cannot reach {server} (--server or PLIMSOLL_URL)")]
    Away {
        /// Which server.
        server: String,
        /// Why.
        source: Box<HttpError>,
    },
    /// The server says no.
    #[error("{}", .0.words())]
    Refused(Box<Refusal>),
    /// The server says something that is no JSON.
    #[error("{server} does not answer as this version of Plimsoll does: {detail}")]
    Unreadable {
        /// Which server.
        server: String,
        /// What is the matter.
        detail: String,
    },
}

impl fmt::Debug for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, if_match, .. } = self;
        formatter
            .debug_struct("Change")
            .field("method", method)
            .field("path", path)
            .field("if_match", if_match)
            .finish()
    }
}

impl ClientError {
    /// The status of a refusal.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }
}

impl Client {
    /// A client of `server`, which shows `key` with every request. An empty key is none.
    pub(crate) fn new(server: &Url, key: Option<&SecretString>) -> Result<Self, ClientError> {
        let everywhere = ["0.0.0.0/0", "::/0"].map(|network| network.parse().expect("a network"));
        let key = key.map(|key| key.expose_secret().trim()).filter(|key| !key.is_empty());
        let bearer = key.map(|key| {
            let mut bearer = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| ClientError::Key)?;
            bearer.set_sensitive(true);
            Ok::<_, ClientError>(bearer)
        });
        if server.scheme() == "https" {
            trust::check()?;
        }
        let http = HttpClient::new(&Egress::new(&everywhere));
        Ok(Self { http, server: server.clone(), bearer: bearer.transpose()?, patience: PATIENCE })
    }

    /// The same, but no answer may take longer than `patience`, which is a minute otherwise.
    pub(crate) const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Which server it speaks to.
    pub(crate) const fn server(&self) -> &Url {
        &self.server
    }

    /// The JSON at `path`, such as `/tenants/acme`.
    pub(crate) async fn get_json(&self, path: &str) -> Result<Value, ClientError> {
        Ok(self.read(path).await?.body)
    }

    /// The same with its `ETag`.
    pub(crate) async fn read(&self, path: &str) -> Result<Answer, ClientError> {
        self.send(&Change { path: path.to_owned(), ..Change::default() }).await
    }

    /// The text at `path`.
    pub(crate) async fn get_text(&self, path: &str) -> Result<String, ClientError> {
        let response = self.exchange(&Change { path: path.to_owned(), ..Change::default() }).await?;
        let unreadable = |_| self.unreadable("it is no text".to_owned());
        String::from_utf8(response.body.into()).map_err(unreadable)
    }

    /// Everything of a list at `path`, over all of its pages.
    pub(crate) async fn get_all(&self, path: &str) -> Result<Vec<Value>, ClientError> {
        let mut found = Vec::new();
        let mut next = path.to_owned();
        loop {
            let mut page = self.get_json(&next).await?;
            match page["items"].take() {
                Value::Array(items) => found.extend(items),
                _ => return Err(self.unreadable(format!("{path} is no list"))),
            }
            let Some(cursor) = page["next_cursor"].as_str() else { return Ok(found) };
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("cursor", cursor).finish();
            next = format!("{path}?{query}");
        }
    }

    /// Sends `change` and reads what is answered.
    pub(crate) async fn send(&self, change: &Change) -> Result<Answer, ClientError> {
        let response = self.exchange(change).await?;
        let etag = response.headers.get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        if response.body.is_empty() {
            return Ok(Answer { body: Value::Null, etag });
        }
        let body = serde_json::from_slice(&response.body).map_err(|error| self.unreadable(error.to_string()))?;
        Ok(Answer { body, etag })
    }

    async fn exchange(&self, change: &Change) -> Result<Response, ClientError> {
        let request = Request {
            method: change.method.clone(),
            url: self.url(&change.path)?,
            headers: self.headers(change)?,
            body: change.body.as_ref().map(|body| Bytes::from(body.to_string())).unwrap_or_default(),
            follow_redirects: false,
            timeout: self.patience,
            body_limit: LARGEST_ANSWER,
        };
        let away = |source| ClientError::Away { server: self.server.to_string(), source: Box::new(source) };
        let response = self.http.send(request).await.map_err(away)?;
        if response.body.len() >= LARGEST_ANSWER {
            return Err(self.unreadable(format!("it is larger than {LARGEST_ANSWER} bytes")));
        }
        if response.status.is_success() {
            return Ok(response);
        }
        Err(ClientError::Refused(Box::new(Refusal::read(&response, self))))
    }

    fn url(&self, path: &str) -> Result<Url, ClientError> {
        let url = format!("{}{path}", self.server.as_str().trim_end_matches('/'));
        Url::parse(&url).map_err(|_| ClientError::Path { server: self.server.to_string(), path: path.to_owned() })
    }

    fn headers(&self, change: &Change) -> Result<HeaderMap, ClientError> {
        let mut headers = HeaderMap::new();
        if let Some(bearer) = &self.bearer {
            headers.insert(AUTHORIZATION, bearer.clone());
        }
        if change.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in [(IF_MATCH, &change.if_match), (IDEMPOTENCY_KEY, &change.idempotency_key)] {
            if let Some(value) = value {
                let value = HeaderValue::from_str(value);
                headers.insert(name, value.map_err(|_| self.unreadable("a tag is no header".to_owned()))?);
            }
        }
        Ok(headers)
    }

    fn unreadable(&self, detail: String) -> ClientError {
        ClientError::Unreadable { server: self.server.to_string(), detail }
    }
}
