//! What suites do with alerts again and again: configure who is told, fire, and read what became of it.

use serde_json::{Value, json};

use crate::receivers::{Host, Opsgenie, PagerDuty, Received, Webhook};
use crate::{Client, eventually};

/// Whoever looks after the alerts of one tenant.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Who asks.
    pub client: Client,
    tenant: String,
}

impl Desk {
    /// That of `tenant`, with the key of `client`.
    pub fn new(client: &Client, tenant: &str) -> Self {
        Self { client: client.clone(), tenant: tenant.to_owned() }
    }

    /// The path of one of the resources of alerts, e.g. `config`, or below it.
    pub fn path(&self, what: &str) -> String {
        let (resource, below) =
            what.split_once('/').map_or((what, String::new()), |(one, two)| (one, format!("/{two}")));
        format!("/observability/alerts/{resource}/{}{below}", self.tenant)
    }

    /// Has everything sent to all of `receivers`, and nothing kept back for a cooldown.
    pub async fn tell(&self, receivers: &[Value]) -> Value {
        self.configure(&json!({"receivers": receivers, "cooldown_seconds": 0})).await
    }

    /// Replaces the configuration.
    pub async fn configure(&self, config: &Value) -> Value {
        self.client.put(&self.path("config"), config).await.ok(200)
    }

    /// Says something of a key; what became of it.
    pub async fn fire(&self, signal: &Value) -> Value {
        self.client.post(&self.path("fire"), signal).await.ok(202)
    }

    /// Triggers `key`; what became of it.
    pub async fn trigger(&self, key: &str) -> Value {
        self.fire(&trigger(key)).await
    }

    /// Acknowledges or resolves `key`; what became of it.
    pub async fn say(&self, action: &str, key: &str) -> Value {
        self.fire(&json!({"event_action": action, "dedup_key": key})).await
    }

    /// Everything that came in, newest first.
    pub async fn history(&self) -> Vec<Value> {
        self.all("history").await
    }

    /// Every dead delivery.
    pub async fn dead(&self) -> Vec<Value> {
        self.all("dead").await
    }

    /// One alert.
    pub async fn alert(&self, id: &Value) -> Value {
        let id = id.as_str().expect("an id");
        self.client.get(&self.path(&format!("history/{id}"))).await.ok(200)
    }

    /// The newest alert of `key`.
    pub async fn of_key(&self, key: &str) -> Value {
        let path = format!("{}?dedup_key={key}", self.path("history"));
        self.read(&path).await["items"][0].clone()
    }

    /// How a receiver does.
    pub async fn health(&self, receiver: &str) -> Value {
        let listed = self.client.get(&self.path("config/receivers")).await.ok(200);
        let items = listed["items"].as_array().expect("a list");
        let found = items.iter().find(|one| one["name"] == receiver);
        found.unwrap_or_else(|| panic!("no {receiver} in {listed}"))["health"].clone()
    }

    /// Waits until every delivery of an alert is in one of `states`; the alert.
    pub async fn until(&self, within: u64, fired: &Value, states: &[&str]) -> Value {
        let what = format!("{} is {states:?}", fired["dedup_key"]);
        let looking = async || {
            let alert = self.alert(&fired["alert_id"]).await;
            let mut of = deliveries(&alert).into_iter().peekable();
            (of.peek().is_some() && of.all(|one| states.contains(&text(&one["state"]).as_str()))).then_some(alert)
        };
        eventually(within, &what, looking).await
    }

    /// Waits until all of an alert is delivered; the alert.
    pub async fn until_delivered(&self, fired: &Value) -> Value {
        self.until(20, fired, &["delivered"]).await
    }

    /// Sends one more alert and waits for it: whatever was to be sent at once before it is sent by then.
    pub async fn fence(&self, key: &str) {
        let fired = self.trigger(key).await;
        self.until_delivered(&fired).await;
    }

    /// Whether nothing of any alert is to be sent any more.
    pub async fn all_is_sent(&self) -> bool {
        let is_open = |one: &Value| one["state"] == "waiting" || one["state"] == "sending";
        !self.history().await.iter().flat_map(deliveries).any(|one| is_open(&one))
    }

    /// Held against no document: that takes long for thousands of alerts.
    async fn read(&self, path: &str) -> Value {
        let answer = self.client.try_ask("GET", path, &[], None).await;
        answer.unwrap_or_else(|error| panic!("GET {path}: {error:?}")).ok(200)
    }

    async fn all(&self, what: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("{}?limit=500{cursor}", self.path(what));
            let page = self.read(&path).await;
            items.extend(page["items"].as_array().expect("a list").clone());
            let Some(next) = page["next_cursor"].as_str() else { return items };
            cursor = format!("&cursor={}", next.replace('+', "%2B").replace(' ', "%20"));
        }
    }
}

/// What triggers `key`: an error that `tests` noticed.
pub fn trigger(key: &str) -> Value {
    let summary = format!("{key} is wrong");
    json!({"event_action": "trigger", "dedup_key": key, "summary": summary, "severity": "error", "source": "tests"})
}

/// `base` with what is in `more`.
pub fn with(mut base: Value, more: &Value) -> Value {
    let more = more.as_object().expect("an object").clone();
    base.as_object_mut().expect("an object").extend(more);
    base
}

/// A receiver at `pagerduty`.
pub fn pagerduty(name: &str, pagerduty: &PagerDuty) -> Value {
    json!({"name": name, "kind": "pagerduty", "routing_key": PagerDuty::ROUTING_KEY, "endpoint": pagerduty.endpoint()})
}

/// A receiver of `kind`, which is one that speaks as Opsgenie does.
pub fn opsgenie(name: &str, kind: &str, opsgenie: &Opsgenie) -> Value {
    json!({"name": name, "kind": kind, "api_key": Opsgenie::API_KEY, "endpoint": opsgenie.endpoint()})
}

/// A receiver at `webhook`, unsigned.
pub fn webhook(name: &str, webhook: &Webhook) -> Value {
    at(name, "webhook", &webhook.url())
}

/// A receiver of a kind that is known by its address.
pub fn at(name: &str, kind: &str, url: &str) -> Value {
    json!({"name": name, "kind": kind, "url": url})
}

/// The deliveries of an alert, oldest first.
pub fn deliveries(alert: &Value) -> Vec<Value> {
    alert["deliveries"].as_array().unwrap_or_else(|| panic!("no deliveries in {alert}")).clone()
}

/// What happened to an alert, in one word each, oldest first.
pub fn events(alert: &Value) -> Vec<String> {
    alert["events"].as_array().expect("events").iter().map(|event| text(&event["kind"])).collect()
}

/// What a PagerDuty or a webhook was told: action and key.
pub fn told(received: &Received) -> (String, String) {
    let body = &received.body;
    let action = match text(&body["type"]).as_str() {
        "alert.triggered" => "trigger".to_owned(),
        "alert.acknowledged" => "acknowledge".to_owned(),
        "alert.resolved" => "resolve".to_owned(),
        _ => text(&body["event_action"]),
    };
    let key = if body["data"].is_object() { &body["data"]["dedup_key"] } else { &body["dedup_key"] };
    (action, text(key))
}

/// The actions that `host`, a PagerDuty or a webhook, has taken of `key`, in order.
pub fn taken(host: &Host, key: &str) -> Vec<String> {
    host.accepted().iter().map(told).filter(|(_, of)| of == key).map(|(action, _)| action).collect()
}

/// Waits until `host` has taken exactly these actions of `key`.
pub async fn until_taken(within: u64, host: &Host, key: &str, actions: &[&str]) {
    let what = format!("{actions:?} of {key} were taken");
    eventually(within, &what, async || (taken(host, key) == actions).then_some(())).await;
}

/// A text; empty where there is none.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
