//! Alerts from the signal to every kind of receiver: triggered, acknowledged and resolved, in order, under one key, each as
//! its provider takes it.

use plimsoll_tests::alerts::{
    Desk, at, deliveries, events, opsgenie, pagerduty, taken, text, trigger, until_taken, with,
};
use plimsoll_tests::receivers::{Host, Mail, Opsgenie, PagerDuty, Slack, Smtp, SmtpSetup, Teams, Webhook};
use plimsoll_tests::{Backing, Server, Setup, eventually};
use serde_json::{Value, json};

const KEY: &str = "orders/db:1";
const SUMMARY: &str = "The database of orders <https://example.com|is> & stays away";
const TO: &str = "on-call@example.com";

/// One receiver of each kind, and a mail server.
struct Everybody {
    pagerduty: PagerDuty,
    opsgenie: Opsgenie,
    jsm: Opsgenie,
    slack: Slack,
    teams: Teams,
    webhook: Webhook,
    smtp: Smtp,
}

impl Everybody {
    async fn start(smtp: SmtpSetup) -> Self {
        Self {
            pagerduty: PagerDuty::start().await,
            opsgenie: Opsgenie::start().await,
            jsm: Opsgenie::start_as_jsm().await,
            slack: Slack::start().await,
            teams: Teams::start().await,
            webhook: Webhook::start_signed(&[Webhook::SECRET]).await,
            smtp: smtp.start().await,
        }
    }

    fn setup(&self, setup: Setup) -> Setup {
        let authority = self.smtp.ca_file();
        let setup = setup.with("PLIMSOLL_SMTP_URL", &self.smtp.url());
        setup.with("PLIMSOLL_SMTP_CA_FILE", authority.to_str().expect("a readable path"))
    }

    fn receivers(&self) -> Vec<Value> {
        vec![
            pagerduty("pd", &self.pagerduty),
            opsgenie("og", "opsgenie", &self.opsgenie),
            opsgenie("jsm", "jsm", &self.jsm),
            at("slack", "slack", &self.slack.url()),
            at("teams", "teams", &self.teams.url()),
            with(at("hook", "webhook", &self.webhook.url()), &json!({"secret": Webhook::SECRET})),
            json!({"name": "mail", "kind": "email", "to": [TO]}),
        ]
    }

    fn hosts(&self) -> [&Host; 6] {
        [&self.pagerduty, &self.opsgenie, &self.jsm, &self.slack, &self.teams, &self.webhook]
    }

    fn faults(&self) -> Vec<String> {
        let hosts = self.hosts().into_iter().flat_map(Host::faults);
        hosts.chain(self.smtp.faults()).collect()
    }

    /// Of each HTTP receiver, what it was sent, as text.
    fn bodies(&self) -> Vec<Vec<String>> {
        let of = |host: &Host| host.received().iter().map(|one| format!("{} {}", one.path, one.body)).collect();
        self.hosts().map(of).into()
    }
}

async fn the_whole_loop(backing: Backing, smtp: SmtpSetup) {
    let everybody = Everybody::start(smtp).await;
    let server = everybody.setup(Setup::on(backing).await).start().await;
    let desk = Desk::new(&server.tenant("acme").await, "acme");
    let shown = desk.tell(&everybody.receivers()).await.to_string();
    assert!(!shown.contains(PagerDuty::ROUTING_KEY) && !shown.contains(Webhook::SECRET), "{shown}");

    let signal = with(
        trigger(KEY),
        &json!({"summary": SUMMARY, "severity": "critical", "component": "orders", "labels": {"team": "core"},
            "details": {"rows": [1, 2]}, "runbook_url": "https://wiki.example.com/orders?step=1&x=2"}),
    );
    let fired = desk.fire(&signal).await;
    assert_eq!(
        (&fired["dedup_key"], &fired["suppressed"], &fired["reason"]),
        (&json!(KEY), &json!(false), &Value::Null)
    );
    assert_eq!(fired["deliveries"].as_array().map(Vec::len), Some(7), "{fired}");
    desk.until_delivered(&fired).await;
    assert_eq!(everybody.opsgenie.open(), [(KEY.to_owned(), 1)].into());
    assert_eq!(everybody.jsm.open(), everybody.opsgenie.open());
    assert_eq!(everybody.pagerduty.open(), [KEY.to_owned()].into());

    let acknowledged = desk.say("acknowledge", KEY).await;
    assert_eq!((&acknowledged["alert_id"], deliveries(&acknowledged).len()), (&fired["alert_id"], 6), "no second mail");
    desk.until_delivered(&acknowledged).await;
    let resolved = desk.say("resolve", KEY).await;
    assert_eq!((&resolved["alert_id"], deliveries(&resolved).len()), (&fired["alert_id"], 7), "{resolved}");
    let alert = desk.until_delivered(&resolved).await;
    assert_eq!(everybody.faults(), Vec::<String>::new());
    everybody_heard_it_in_order(&everybody);
    mails_say_it(&everybody.smtp).await;
    history_has_it_all(&alert);
}

fn everybody_heard_it_in_order(everybody: &Everybody) {
    for host in [&*everybody.pagerduty, &*everybody.webhook] {
        assert_eq!(taken(host, KEY), ["trigger", "acknowledge", "resolve"]);
        assert_eq!(host.received().len(), 3);
    }
    assert!(everybody.opsgenie.open().is_empty() && everybody.jsm.open().is_empty());
    let payload = &everybody.pagerduty.received()[0].body["payload"];
    assert_eq!((&payload["summary"], &payload["severity"]), (&json!(SUMMARY), &json!("critical")), "{payload}");
    assert_eq!((&payload["component"], &payload["source"]), (&json!("orders"), &json!("tests")), "{payload}");
    let data = &everybody.webhook.received()[0].body["data"];
    assert_eq!((&data["tenant"], &data["labels"]["team"]), (&json!("acme"), &json!("core")), "{data}");
    assert_eq!(data["details"], json!({"rows": [1, 2]}), "{data}");
    let [_, opsgenie, jsm, slack, teams, _] = everybody.bodies().try_into().expect("six");
    for of in [&opsgenie, &jsm] {
        let verbs = ["/v2/alerts {", "/acknowledge?", "/close?"];
        assert!(of.len() == 3 && of.iter().zip(verbs).all(|(body, verb)| body.contains(verb)), "{of:?}");
        assert!(of[0].contains("\"priority\":\"P1\""), "{of:?}");
    }
    for of in [&slack, &teams] {
        let said = ["triggered", "acknowledged", "resolved"];
        assert!(of.len() == 3 && of.iter().zip(said).all(|(body, word)| body.contains(word)), "{of:?}");
        assert!(of.iter().all(|body| body.contains("The database of orders")), "{of:?}");
    }
}

async fn mails_say_it(smtp: &Smtp) {
    let mails = eventually(5, "both mails", async || Some(smtp.received()).filter(|mails| mails.len() == 2)).await;
    for (mail, word) in mails.iter().zip(["triggered", "resolved"]) {
        assert!(mail.encrypted && mail.accepted, "{mail:?}");
        assert_eq!((mail.user.as_deref(), mail.to.as_slice()), (Some(Smtp::USER), &[TO.to_owned()][..]));
        assert!(mail.header("subject").contains("The database of orders"), "{mail:?}");
        assert!(mail.text.contains(SUMMARY) && mail.text.contains(word), "{}", mail.text);
        assert!(mail.html.contains("&amp; stays away") && !mail.html.contains("<https"), "{}", mail.html);
    }
    let id = |mail: &Mail| mail.header("message-id").to_owned();
    assert!(!id(&mails[0]).is_empty() && id(&mails[0]) != id(&mails[1]), "{mails:?}");
}

fn history_has_it_all(alert: &Value) {
    assert_eq!((&alert["status"], &alert["summary"]), (&json!("resolved"), &json!(SUMMARY)), "{alert}");
    assert_eq!(events(alert), ["trigger", "acknowledge", "resolve"]);
    let all = deliveries(alert);
    assert_eq!(all.len(), 20, "{alert}");
    for delivery in &all {
        let attempts = delivery["attempts"].as_array().expect("attempts");
        assert_eq!(attempts.len(), 1, "{delivery}");
        let status = attempts[0]["status"].as_u64().expect("every one of them answers with a status");
        assert!((200..300).contains(&status) && attempts[0]["result"] == "delivered", "{delivery}");
        assert!(!text(&attempts[0]["words"]).is_empty(), "the provider's words: {delivery}");
        assert!(delivery["id"].as_str().is_some_and(|id| id.starts_with(alert["alert_id"].as_str().expect("an id"))));
    }
    let kinds: Vec<_> = all[..7].iter().map(|one| text(&one["kind"])).collect();
    assert_eq!(kinds, ["pagerduty", "opsgenie", "jsm", "slack", "teams", "webhook", "email"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_hears_of_an_alert_in_order_and_once_on_the_embedded_store() {
    the_whole_loop(Backing::Embedded, SmtpSetup::default().with_starttls().with_login()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_hears_of_an_alert_in_order_and_once_on_mongodb() {
    the_whole_loop(Backing::MongoDb, SmtpSetup::default().with_tls().with_login()).await;
}

/// A webhook whose secret was replaced, with an alert that was opened before, one in between, and one afterwards.
async fn a_replaced_secret() -> (Server, Desk, Webhook) {
    let webhook = Webhook::start_signed(&[Webhook::SECRET]).await;
    let server = Setup::embedded().start().await;
    let desk = Desk::new(&server.tenant("acme").await, "acme");
    let hook = at("hook", "webhook", &webhook.url());
    let shown = desk.tell(&[with(hook, &json!({"secret": Webhook::SECRET}))]).await;
    let opened_before = desk.trigger("before").await;
    desk.until_delivered(&opened_before).await;

    // The address and the old secret are sent back as they were shown.
    let mut hook = shown["receivers"][0].clone();
    assert_eq!(hook["secret"], "••••LaSw", "{hook}");
    hook["previous_secret"] = hook["secret"].take();
    hook["secret"] = json!(Webhook::OTHER_SECRET);
    let shown = desk.tell(&[hook]).await;
    webhook.expect_signatures(&[Webhook::SECRET, Webhook::OTHER_SECRET]);
    desk.fence("between").await;
    assert_eq!(webhook.faults(), Vec::<String>::new());

    let mut hook = shown["receivers"][0].clone();
    hook.as_object_mut().expect("an object").remove("previous_secret");
    desk.tell(&[hook]).await;
    webhook.expect_signatures(&[Webhook::OTHER_SECRET]);
    desk.fence("after").await;
    assert_eq!(webhook.faults(), Vec::<String>::new());
    (server, desk, webhook)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_a_webhook_is_replaced_without_a_message_that_does_not_verify() {
    let (_server, desk, webhook) = a_replaced_secret().await;
    desk.say("resolve", "after").await;
    until_taken(10, &webhook, "after", &["trigger", "resolve"]).await;
    assert_eq!(webhook.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_opened_before_a_secret_was_replaced_is_closed_with_the_new_one() {
    let (_server, desk, webhook) = a_replaced_secret().await;
    for key in ["between", "before"] {
        let resolved = desk.say("resolve", key).await;
        let alert = desk.until(10, &resolved, &["delivered", "dead"]).await;
        assert_eq!(webhook.faults(), Vec::<String>::new(), "what closes {key} is signed with the secret of today");
        assert_eq!(deliveries(&alert)[1]["state"], "delivered", "{alert}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_what_the_document_says() {
    let webhook = Webhook::start().await;
    let server = Setup::embedded().start().await;
    let desk = Desk::new(&server.tenant("acme").await, "acme");
    desk.tell(&[at("hook", "webhook", &webhook.url())]).await;
    desk.fence("one").await;
    desk.fence("two").await;
    let pages = async |query: &str| desk.client.get(&format!("{}?{query}", desk.path("history"))).await.ok(200);
    let first = pages("limit=1").await;
    assert_eq!(first["items"][0]["dedup_key"], "two", "{first}");
    let cursor = text(&first["next_cursor"]).replace(' ', "%20");
    let second = pages(&format!("limit=1&cursor={cursor}")).await;
    assert_eq!((&second["items"][0]["dedup_key"], &second["next_cursor"]), (&json!("one"), &Value::Null), "{second}");
    assert!(pages("receiver=nobody").await["items"].as_array().is_some_and(Vec::is_empty));
}
