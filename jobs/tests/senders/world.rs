//! Alerts to send, and a receiver of every kind to send them to.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_domain::alert::content::TEST_SOURCE;
use plimsoll_domain::alert::{
    Alert, AlertStatus, Content, Delivery, DeliveryAction, DeliveryState, Outcome, Region, Severity, Target, Verdict,
};
use plimsoll_domain::ids::{AlertId, TenantId};
use plimsoll_domain::secret::Secret;
use plimsoll_domain::time::{Clock, Timestamp};
use plimsoll_jobs::deliver::send::{Message, Patience, Sender, Senders};
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::http_client::HttpClient;
use plimsoll_runtime::mailer::Mailer;
use plimsoll_tests::now;
use plimsoll_tests::receivers::{Host, Opsgenie, PagerDuty, Slack, Teams, Webhook};

pub(crate) const ACTIONS: [DeliveryAction; 3] =
    [DeliveryAction::Trigger, DeliveryAction::Acknowledge, DeliveryAction::Resolve];
pub(crate) const PUBLIC_URL: &str = "https://status.example.com";

/// The wall clock, by which the receivers judge signatures.
struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        now()
    }
}

/// A receiver that speaks HTTP, and where it is.
pub(crate) struct Peer {
    pub(crate) target: Target,
    pub(crate) host: Box<dyn Deref<Target = Host>>,
}

impl Peer {
    pub(crate) async fn pagerduty() -> Self {
        let host = PagerDuty::start().await;
        let (routing_key, endpoint) = (Secret::new(PagerDuty::ROUTING_KEY), Some(host.endpoint()));
        Self { target: Target::Pagerduty { routing_key, endpoint }, host: Box::new(host) }
    }

    pub(crate) async fn opsgenie() -> Self {
        let host = Opsgenie::start().await;
        Self { target: opsgenie(&host), host: Box::new(host) }
    }

    pub(crate) async fn jsm() -> Self {
        let host = Opsgenie::start_as_jsm().await;
        let (api_key, endpoint) = (Secret::new(Opsgenie::API_KEY), Some(host.endpoint()));
        Self { target: Target::Jsm { api_key, endpoint }, host: Box::new(host) }
    }

    pub(crate) async fn slack() -> Self {
        let host = Slack::start().await;
        Self { target: Target::Slack { url: Secret::new(host.url()) }, host: Box::new(host) }
    }

    pub(crate) async fn teams() -> Self {
        let host = Teams::start().await;
        Self { target: Target::Teams { url: Secret::new(host.url()) }, host: Box::new(host) }
    }

    pub(crate) async fn webhook() -> Self {
        let host = Webhook::start_signed(&[Webhook::SECRET]).await;
        let target = webhook(&host, Some(Webhook::SECRET), None);
        Self { target, host: Box::new(host) }
    }

    /// One of every kind.
    pub(crate) async fn all() -> Vec<Self> {
        vec![
            Self::pagerduty().await,
            Self::opsgenie().await,
            Self::jsm().await,
            Self::slack().await,
            Self::teams().await,
            Self::webhook().await,
        ]
    }
}

pub(crate) fn opsgenie(host: &Opsgenie) -> Target {
    let (api_key, endpoint) = (Secret::new(Opsgenie::API_KEY), Some(host.endpoint()));
    Target::Opsgenie { api_key, region: Region::Eu, endpoint }
}

pub(crate) fn webhook(host: &Webhook, secret: Option<&str>, previous: Option<&str>) -> Target {
    let (secret, previous_secret) = (secret.map(Secret::new), previous.map(Secret::new));
    Target::Webhook { url: Secret::new(host.url()), secret, previous_secret }
}

/// Senders that may reach loopback. They wait as long as any others, but ask more often.
pub(crate) fn senders(mailer: Option<Mailer>) -> Senders {
    let patience = Patience { first_wait: Duration::from_millis(2), ..Patience::default() };
    senders_with(mailer, patience)
}

/// The same, which wait for a moment only: for whoever never answers.
pub(crate) fn impatient_senders(mailer: Option<Mailer>) -> Senders {
    let (attempt, asking) = (Duration::from_millis(400), Duration::from_millis(800));
    senders_with(mailer, Patience { attempt, asking, first_wait: Duration::from_millis(2) })
}

fn senders_with(mailer: Option<Mailer>, patience: Patience) -> Senders {
    let egress = Egress::new(&["127.0.0.0/8".parse().expect("a network")]);
    let http = HttpClient::keeping_connections(&egress);
    Senders::new(http, mailer, Arc::new(WallClock)).with_patience(patience)
}

/// Everything that an alert may say.
pub(crate) fn content() -> Content {
    Content {
        summary: "Checkout fails for 12 % of <customers> & more".to_owned(),
        severity: Severity::Critical,
        source: "prometheus".to_owned(),
        component: Some("checkout".to_owned()),
        labels: BTreeMap::from([("team", "shop"), ("class", "5xx")].map(|(n, v)| (n.to_owned(), v.to_owned()))),
        details: Some(r#"{"rate": 0.12, "hosts": ["a", "b"]}"#.to_owned()),
        runbook_url: Some("https://wiki.example.com/checkout?a=1&b=2".to_owned()),
    }
}

/// The same as a test.
pub(crate) fn test_content() -> Content {
    let mut content = content();
    TEST_SOURCE.clone_into(&mut content.source);
    content.labels.insert("test".to_owned(), "true".to_owned());
    content
}

/// An alert that says `content` under a key, with one delivery of each action, numbered 1 to 3.
pub(crate) fn alert(content: Content, dedup_key: &str) -> Alert {
    let (tenant, now): (TenantId, _) = ("acme".parse().expect("slug"), now());
    let delivery = |(action, number): (DeliveryAction, u32)| Delivery {
        number,
        receiver: "on-call".parse().expect("a name"),
        action,
        severity: content.severity,
        created_at: now,
        since: now,
        state: DeliveryState::Waiting { ready_at: now },
        tries: 0,
        attempts: Vec::new(),
        trace: None,
    };
    Alert {
        id: AlertId::of_episode(&tenant, dedup_key, 1),
        tenant,
        dedup_key: dedup_key.to_owned(),
        episode: 1,
        version: 1,
        status: AlertStatus::Triggered,
        fired_at: now,
        updated_at: now,
        routes: Vec::new(),
        openings: Vec::new(),
        hold: None,
        sent: None,
        repeat_at: None,
        expires_at: None,
        mark: None,
        events: Vec::new(),
        events_left_out: 0,
        deliveries: ACTIONS.into_iter().zip(1..).map(delivery).collect(),
        deliveries_left_out: 0,
        next_delivery: 4,
        feedback: None,
        content,
    }
}

/// Sends the delivery of `alert` that has this action.
pub(crate) async fn send(senders: &Senders, alert: &Alert, action: DeliveryAction, target: &Target) -> Outcome {
    let delivery = alert.deliveries.iter().find(|delivery| delivery.action == action).expect("one of each action");
    senders.send(&Message { alert, delivery, target, public_url: PUBLIC_URL }).await
}

/// Sends the trigger of an ordinary alert.
pub(crate) async fn trigger(target: &Target) -> Outcome {
    trigger_by(&senders(None), target).await
}

/// The same by certain senders.
pub(crate) async fn trigger_by(senders: &Senders, target: &Target) -> Outcome {
    send(senders, &alert(content(), "checkout/5xx"), DeliveryAction::Trigger, target).await
}

/// To be tried again, not after any given time.
pub(crate) const fn retry(may_have_arrived: bool) -> Verdict {
    Verdict::Retry { after: None, may_have_arrived }
}
