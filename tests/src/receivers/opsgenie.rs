//! Opsgenie's Alert API v2, at its own address or below the path of Jira Service Management. What is asked for is taken at
//! once and done later; whoever wants to know asks after it.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Json;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::check::{Check, units};
use super::host::{Host, Provider, Received};

/// How requests are processed from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Processing {
    /// When they were asked after so often.
    After(u32),
    /// Never.
    Never,
    /// They fail, with these words.
    Fails(String),
    /// Nobody can ask after them: 404.
    Hidden,
    /// To whoever asks after them, the server answers 500.
    Broken,
}

/// An Opsgenie.
pub struct Opsgenie {
    host: Host,
    prefix: &'static str,
    account: Account,
}

/// What is known of an account.
#[derive(Clone)]
struct Account(Arc<Mutex<State>>);

struct State {
    prefix: &'static str,
    processing: Processing,
    /// How often each alias was opened since it was closed last.
    open: BTreeMap<String, u32>,
    requests: HashMap<String, Asked>,
    names_requests: bool,
}

/// A request that was taken.
struct Asked {
    times: u32,
    /// What came of it.
    data: Value,
}

impl Opsgenie {
    /// The API key of its one integration.
    pub const API_KEY: &'static str = "1f2e3d4c-api-key-of-the-tests-0a9b8c";

    /// One that processes everything when it is asked after it for the second time.
    pub async fn start() -> Self {
        Self::below("").await
    }

    /// The same, as Jira Service Management has it.
    pub async fn start_as_jsm() -> Self {
        Self::below("/jsm/ops/integration").await
    }

    async fn below(prefix: &'static str) -> Self {
        let (open, requests, processing) = (BTreeMap::new(), HashMap::new(), Processing::After(1));
        let state = State { prefix, processing, open, requests, names_requests: true };
        let account = Account(Arc::new(Mutex::new(state)));
        Self { host: Host::start(account.clone()).await, prefix, account }
    }

    /// What to configure as endpoint.
    pub fn endpoint(&self) -> String {
        format!("{}{}", self.base(), self.prefix)
    }

    /// Processes requests like this, from now on.
    pub fn process(&self, processing: Processing) {
        self.account.state().processing = processing;
    }

    /// Leaves out of its answers what they could be asked after by.
    pub fn name_no_requests(&self) {
        self.account.state().names_requests = false;
    }

    /// The aliases of what is open there, and how often each was opened.
    pub fn open(&self) -> BTreeMap<String, u32> {
        self.account.state().open.clone()
    }
}

impl Deref for Opsgenie {
    type Target = Host;

    fn deref(&self) -> &Host {
        &self.host
    }
}

impl Account {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("not poisoned")
    }
}

impl Provider for Account {
    fn check(&self, request: &Received, check: &mut Check) {
        let authorization = request.headers.get(header::AUTHORIZATION).map(|value| value.as_bytes().to_vec());
        let expected = format!("GenieKey {}", Opsgenie::API_KEY).into_bytes();
        check.require(authorization == Some(expected), "authorization: expected GenieKey and the key");
        let prefix = self.state().prefix;
        match action(&request.path, prefix) {
            Some((Verb::Create, _)) => check_alert(&request.body, check),
            Some((_, alias)) => {
                check.require((1..=512).contains(&units(&alias)), "the alias in the path has no possible length");
                check.object(&request.body, "", &[], &["user", "note", "source"]);
                check.optional_text(&request.body, "user", "", 1..=100);
                check.optional_text(&request.body, "source", "", 1..=100);
                check.optional_text(&request.body, "note", "", 1..=25_000);
            }
            None => check.require(false, &format!("path: {}", request.path)),
        }
    }

    fn accept(&self, request: &Received) -> Response {
        let mut state = self.state();
        let (verb, alias) = action(&request.path, state.prefix).expect("it was checked");
        let alias = if verb == Verb::Create { text(&request.body["alias"]) } else { alias };
        let fails = if let Processing::Fails(words) = &state.processing { Some(words.clone()) } else { None };
        let (is_success, status) = match (fails, verb) {
            (Some(words), _) => (false, words),
            (None, verb) => state.process(verb, &alias),
        };
        let id = format!("{:08x}-request", state.requests.len());
        let data = json!({"success": true, "isSuccess": is_success, "status": status, "alias": alias});
        state.requests.insert(id.clone(), Asked { times: 0, data });
        let mut said = json!({"result": "Request will be processed", "took": 0.3});
        if state.names_requests {
            said["requestId"] = json!(id);
        }
        (StatusCode::ACCEPTED, Json(said)).into_response()
    }

    fn refuse(&self, faults: &[String]) -> Response {
        let said = json!({"message": faults.join("; "), "took": 0.1, "requestId": "refused"});
        (StatusCode::BAD_REQUEST, Json(said)).into_response()
    }

    fn answer_aside(&self, request: &Received) -> Option<Response> {
        let mut state = self.state();
        let id = request.path.strip_prefix(state.prefix)?.strip_prefix("/v2/alerts/requests/")?.to_owned();
        let has_key = request.headers.contains_key(header::AUTHORIZATION);
        if request.method != Method::GET || !has_key {
            return Some(StatusCode::UNAUTHORIZED.into_response());
        }
        Some(state.answer_after(&id))
    }
}

impl State {
    fn process(&mut self, verb: Verb, alias: &str) -> (bool, String) {
        let is_open = self.open.contains_key(alias);
        let status = match verb {
            Verb::Create => {
                *self.open.entry(alias.to_owned()).or_default() += 1;
                "Created alert"
            }
            _ if !is_open => return (false, "Alert does not exist".to_owned()),
            Verb::Acknowledge => "Acknowledged alert",
            Verb::Close => {
                self.open.remove(alias);
                "Closed alert"
            }
        };
        (true, status.to_owned())
    }

    fn answer_after(&mut self, id: &str) -> Response {
        let Some(asked) = self.requests.get_mut(id) else { return StatusCode::NOT_FOUND.into_response() };
        asked.times += 1;
        let is_due = match self.processing {
            Processing::After(times) => asked.times > times,
            Processing::Fails(_) => asked.times > 1,
            Processing::Never => false,
            Processing::Hidden => return StatusCode::NOT_FOUND.into_response(),
            Processing::Broken => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        };
        if is_due {
            return Json(json!({"data": asked.data, "took": 0.1, "requestId": id})).into_response();
        }
        let said = Json(json!({"message": "Request not processed. Please try again later.", "requestId": id}));
        (StatusCode::NOT_FOUND, [("X-Opsgenie-Errortype", "RequestNotProcessed")], said).into_response()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Create,
    Acknowledge,
    Close,
}

/// What a path asks for, and the alias in it.
fn action(path: &str, prefix: &str) -> Option<(Verb, String)> {
    let rest = path.strip_prefix(prefix)?.strip_prefix("/v2/alerts")?;
    if rest.is_empty() {
        return Some((Verb::Create, String::new()));
    }
    let (alias, verb) = rest.strip_prefix('/')?.strip_suffix("?identifierType=alias")?.rsplit_once('/')?;
    let verb = match verb {
        "acknowledge" => Verb::Acknowledge,
        "close" => Verb::Close,
        _ => return None,
    };
    Some((verb, decoded(alias)?))
}

/// `text` with its percent-escapes undone; `None` where one is broken or something is not escaped that must be.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let (hex, after) = after.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
            rest = after;
        } else if first.is_ascii_alphanumeric() || b"-_.~".contains(first) {
            bytes.push(*first);
        } else {
            return None;
        }
    }
    String::from_utf8(bytes).ok()
}

fn check_alert(body: &Value, check: &mut Check) {
    let optional = ["description", "tags", "details", "entity", "source", "priority", "user", "note"];
    check.object(body, "", &["message", "alias"], &optional);
    check.text(&body["message"], "/message", 1..=130);
    check.text(&body["alias"], "/alias", 1..=512);
    for (name, most) in [("description", 15_000), ("entity", 512), ("source", 100), ("user", 100), ("note", 25_000)] {
        check.optional_text(body, name, "", 0..=most);
    }
    check.one_of(&body["priority"], "/priority", &["P1", "P2", "P3", "P4", "P5"]);
    let tags = body["tags"].as_array().map_or(&[][..], Vec::as_slice);
    check.require(tags.len() <= 20, &format!("/tags: {} of them", tags.len()));
    for (index, tag) in tags.iter().enumerate() {
        check.text(tag, &format!("/tags/{index}"), 1..=50);
    }
    let details = body["details"].as_object().cloned().unwrap_or_default();
    let size: usize = details.iter().map(|(name, value)| units(name) + units(&text(value))).sum();
    check.require(size <= 8_000, &format!("/details: {size} characters"));
    check.require(details.values().all(Value::is_string), "/details: expected texts");
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
