//! What a letter looks like to whoever gets it: by mail, by a webhook and in Slack, at receivers that check the wire.

#[path = "../world/target.rs"]
#[expect(dead_code, reason = "this suite uses its own part of it")]
mod target;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_domain::alert::Verdict;
use plimsoll_domain::component::Component;
use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::incident::{Beginning, ComponentStatus, Impact, Incident, IncidentStatus, IncidentUpdate};
use plimsoll_domain::maintenance::{Maintenance, MaintenanceEvent};
use plimsoll_domain::page::PageConfig;
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::secret::Secret;
use plimsoll_domain::subscriber::{
    BY_PUBLIC, Channel, ChannelKind, Notice, NoticeEvent, StopReason, Subscriber, Subscription,
};
use plimsoll_domain::time::{Clock, Span, Timestamp};
use plimsoll_jobs::notices::send::{Sender, Senders, Sent, Tells};
use plimsoll_jobs::notices::{Letter, PageScene, Says};
use plimsoll_runtime::config::Smtp as Configured;
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::http_client::HttpClient;
use plimsoll_runtime::mailer::Mailer;
use plimsoll_tests::now;
use plimsoll_tests::receivers::{Answer, Slack, Smtp, SmtpSetup, Webhook};

const BODY: &str = "We *are* on it: <https://example.org/a?b&c>\n\n- **one**\n- <script>two</script>";
const TITLE: &str = "Checkout <fails> & more";

struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        now()
    }
}

struct Same;

impl Entropy for Same {
    fn bytes(&self) -> [u8; 32] {
        [7; 32]
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn senders(mailer: Option<&Smtp>) -> Senders {
    let mailer = mailer.map(|server| {
        let mut smtp = Configured::from_url(&server.url()).expect("a URL");
        smtp.ca_file = Some(server.ca_file());
        Arc::new(Mailer::new(&smtp).expect("a mailer"))
    });
    let loopback = HttpClient::keeping_connections(&Egress::new(&["127.0.0.0/8".parse().expect("a network")]));
    let for_public = HttpClient::keeping_connections(&Egress::new(&[]));
    Senders::new((loopback, for_public), mailer, Arc::new(WallClock))
}

fn page() -> PageScene {
    let tenant = "acme".parse().expect("slug");
    let mut config = PageConfig::of(tenant);
    config.arrangement.hidden.insert("vault".parse().expect("slug"));
    config.time_zone = "Europe/Stockholm".parse().expect("a zone");
    let component = |(id, name): (&str, &str)| Component {
        tenant: config.tenant.clone(),
        id: id.parse().expect("slug"),
        name: name.to_owned(),
        group: None,
        description: None,
        probe: ProbeSpec::Push,
        created_at: at("2026-11-01T00:00:00Z"),
        probe_since: None,
    };
    PageScene {
        tenant: config.tenant.clone(),
        title: "Acme | Störningar".to_owned(),
        url: "https://status.example.com".to_owned(),
        components: [("api", "The <API>"), ("vault", "Vault")].map(component).to_vec(),
        config,
    }
}

fn incident(statuses: &[IncidentStatus]) -> Says {
    let told = [("api", ComponentStatus::MajorOutage), ("vault", ComponentStatus::MajorOutage)];
    let told: BTreeMap<_, _> = told.map(|(id, status)| (id.parse().expect("slug"), status)).into();
    let update = |(minute, status): (i64, &IncidentStatus)| IncidentUpdate {
        status: *status,
        body: BODY.to_owned(),
        at: at("2026-11-21T11:03:00Z").plus(Span::minutes(minute)),
        by: "ann".to_owned(),
        components: told.clone(),
    };
    let mut updates: Vec<_> = (0..).zip(statuses).map(update).collect();
    let rest = updates.split_off(1);
    let begins = Beginning { title: TITLE.to_owned(), impact: Impact::Major, draft: false, updates };
    let (tenant, id) = ("acme".parse().expect("slug"), "inc-1".parse().expect("slug"));
    let first = Incident::manual(tenant, id, begins, at("2026-11-22T00:00:00Z")).expect("valid");
    Says::Incident(rest.into_iter().fold(first, |held, update| held.edited(update).expect("valid")))
}

fn maintenance(event: MaintenanceEvent) -> Says {
    let (tenant, id) = ("acme".parse().expect("slug"), "mnt-1".parse().expect("slug"));
    let span = at("2026-11-22T01:00:00Z")..at("2026-11-22T02:30:00Z");
    let components = vec!["api".parse().expect("slug"), "vault".parse().expect("slug")];
    let held = Maintenance { body: Some(BODY.to_owned()), ..Maintenance::once(tenant, id, TITLE, components, span) };
    Says::Maintenance(event, held)
}

fn letter(channel: Channel, locale: Option<&str>, says: Says) -> Letter {
    let locale = locale.map(str::to_owned);
    let wanted = Subscription { channel, components: BTreeSet::new(), events: BTreeSet::new(), locale };
    let asked_at = at("2026-11-21T12:00:00Z");
    let subscriber = Subscriber::new("acme".parse().expect("slug"), wanted, "a key", asked_at, &Same).expect("valid");
    let notice = Notice::new(&subscriber, NoticeEvent::Confirmation { asked_at }, (asked_at, 0));
    Letter { notice, subscriber, page: Arc::new(page()), says }
}

fn by_mail(locale: Option<&str>, says: Says) -> Letter {
    letter(Channel::new(ChannelKind::Email, "ann@example.org", &Same), locale, says)
}

#[tokio::test]
async fn a_mail_says_what_it_is_and_how_to_leave_it() {
    let server = SmtpSetup::default().start().await;
    let letter = by_mail(None, incident(&[IncidentStatus::Investigating]));
    let sent = senders(Some(&server)).send(&letter).await;
    assert_eq!((sent.outcome.verdict, sent.tells), (Verdict::Delivered, Tells::Nothing), "{sent:?}");
    assert_eq!(server.faults(), Vec::<String>::new());
    let mail = server.received().pop().expect("it came");
    assert_eq!(mail.to, ["ann@example.org"]);
    assert_eq!(mail.header("Subject"), "[Acme | Störningar] Investigating: Checkout <fails> & more");
    let token = letter.subscriber.token.expose();
    let leave = format!("https://status.example.com/unsubscribe?id={}&token={token}", letter.subscriber.id);
    for (name, want) in [
        ("List-Unsubscribe", format!("<{leave}>")),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
        ("List-Id", "<acme.status.example.com>".to_owned()),
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("Precedence", "bulk".to_owned()),
        ("References", "<inc-1@status.example.com>".to_owned()),
        ("Message-ID", format!("<{}@status.example.com>", letter.notice.id)),
    ] {
        assert_eq!(mail.header(name), want, "{name}");
    }
    let link = "https://status.example.com/incidents/inc-1";
    for words in [
        "Checkout <fails> & more",
        "Investigating · Major impact",
        "21 Nov 2026, 12:03 CET",
        "The <API>: Down",
        link,
        &leave,
    ] {
        assert!(mail.text.contains(words), "{words}: {}", mail.text);
    }
    for words in [
        "Checkout &lt;fails&gt; &amp; more",
        "<em>are</em>",
        "<li><strong>one</strong></li>",
        "The &lt;API&gt;: Down",
        link,
    ] {
        assert!(mail.html.contains(words), "{words}: {}", mail.html);
    }
    assert!(!mail.html.contains("<script>") && !mail.html.contains("Vault") && !mail.text.contains("Vault"));
}

#[tokio::test]
async fn a_mail_is_in_the_language_of_whoever_gets_it() {
    let server = SmtpSetup::default().start().await;
    let senders = senders(Some(&server));
    for (locale, says, subject, words) in [
        (Some("sv-SE"), incident(&[IncidentStatus::Investigating]), "Undersöks: ", "Berör"),
        (Some("tlh"), incident(&[IncidentStatus::Investigating]), "Investigating: ", "Affected"),
        (Some("sv"), maintenance(MaintenanceEvent::Reminder), "Underhåll börjar snart: ", "22 nov 2026 02:00 CET till"),
        (None, maintenance(MaintenanceEvent::Completed), "Maintenance is over: ", "22 Nov 2026, 02:00 CET to"),
        (Some("sv"), Says::Confirm, "Bekräfta din prenumeration på Acme", "Länken gäller i 2 dagar"),
        (None, Says::Confirm, "Confirm your subscription to Acme", "/subscribe/confirm?id="),
    ] {
        senders.send(&by_mail(locale, says)).await;
        let mail = server.received().pop().expect("it came");
        assert!(mail.header("Subject").contains(subject), "{}", mail.header("Subject"));
        assert!(mail.text.contains(words), "{words}: {}", mail.text);
    }
}

#[tokio::test]
async fn what_the_mail_server_says_of_an_address_is_kept_without_the_address() {
    let server = SmtpSetup::default().start().await;
    server.answer_with([Answer::Says(550, "5.1.1 <ann@example.org>: nobody here".to_owned())]);
    let Sent { outcome, tells } = senders(Some(&server)).send(&by_mail(None, Says::Confirm)).await;
    assert_eq!((outcome.verdict, tells), (Verdict::Dead, Tells::Gone(StopReason::Bounced)));
    assert!(outcome.words.contains("nobody here") && !outcome.words.contains("ann@example.org"), "{outcome:?}");
    let sent = senders(None).send(&by_mail(None, Says::Confirm)).await;
    assert_eq!((sent.outcome.verdict, sent.tells), (Verdict::Dead, Tells::OfUs));
}

#[tokio::test]
async fn slack_is_told_within_its_limits_and_in_its_own_escapes() {
    let slack = Slack::start().await;
    let url = Secret::new(slack.url());
    let long = "& <!channel> ".repeat(400);
    let mut much = incident(&[IncidentStatus::Investigating]);
    if let Says::Incident(incident) = &mut much {
        (incident.title, incident.updates[0].body) = (long[..200].to_owned(), long);
    }
    for says in
        [incident(&[IncidentStatus::Investigating]), maintenance(MaintenanceEvent::Started), Says::Confirm, much]
    {
        let sent = senders(None).send(&letter(Channel::Slack { url: url.clone() }, None, says)).await;
        assert_eq!((sent.outcome.verdict, slack.faults()), (Verdict::Delivered, Vec::new()), "{sent:?}");
    }
    let said: Vec<_> = slack.received().iter().map(|received| received.body.to_string()).collect();
    for (said, words) in said.iter().zip([
        "The &lt;API&gt;: Down",
        "Maintenance has begun",
        "/subscribe/confirm?id=",
        "&lt;!channel&gt;",
    ]) {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(said[0].contains("/unsubscribe?id=") && said[0].contains("\"unfurl_links\":false"));
}

#[tokio::test]
async fn a_slack_that_takes_nothing_more_ends_the_subscription() {
    let slack = Slack::start().await;
    for (answer, want) in [
        (Answer::Says(404, "no_service".to_owned()), Tells::Gone(StopReason::Refused)),
        (Answer::Says(410, "channel_is_archived".to_owned()), Tells::Gone(StopReason::Refused)),
        (Answer::Says(200, r#"{"ok":false,"error":"channel_not_found"}"#.to_owned()), Tells::Gone(StopReason::Refused)),
        (Answer::Says(400, "invalid_blocks".to_owned()), Tells::Nothing),
    ] {
        slack.answer_with([answer]);
        let channel = Channel::Slack { url: Secret::new(slack.url()) };
        let sent = senders(None).send(&letter(channel, None, Says::Confirm)).await;
        assert_eq!((sent.outcome.verdict, sent.tells), (Verdict::Dead, want), "{sent:?}");
    }
}

#[tokio::test]
async fn a_webhook_is_told_in_json_and_signed() {
    use IncidentStatus::{Identified, Investigating, Postmortem, Resolved};
    let host = Webhook::start_signed(&[Webhook::SECRET]).await;
    let channel = Channel::Webhook { url: Secret::new(host.url()), secret: Secret::new(Webhook::SECRET) };
    let mut bodies = Vec::new();
    for says in [
        incident(&[Investigating]),
        incident(&[Investigating, Identified]),
        incident(&[Investigating, Resolved]),
        incident(&[Investigating, Resolved, Postmortem]),
        maintenance(MaintenanceEvent::Scheduled),
        Says::Confirm,
    ] {
        let letter = letter(channel.clone(), None, says);
        senders(None).send(&letter).await;
        let received = host.received().pop().expect("it came");
        assert_eq!(received.headers["webhook-id"], letter.notice.id.as_str());
        bodies.push(received.body);
    }
    assert!(host.faults().iter().all(|fault| !fault.starts_with("webhook-")), "{:?}", host.faults());
    let kinds: Vec<_> = bodies.iter().map(|body| body["type"].as_str().expect("a type")).collect();
    let want = [
        "incident.created",
        "incident.updated",
        "incident.resolved",
        "incident.updated",
        "maintenance.scheduled",
        "subscription.confirm",
    ];
    assert_eq!(kinds, want);
    let resolved = &bodies[2]["data"];
    assert_eq!(
        resolved["page"],
        serde_json::json!({"id": "acme", "name": "Acme | Störningar", "url": "https://status.example.com"})
    );
    assert_eq!(resolved["incident"]["resolved_at"], "2026-11-21T11:04:00.000Z");
    assert_eq!(resolved["incident"]["update"]["body"], BODY);
    assert_eq!(resolved["incident"]["impact"], "major");
    let api = serde_json::json!([{"id": "api", "name": "The <API>", "status": "major_outage"}]);
    assert_eq!(resolved["incident"]["components"], api);
    assert_eq!(bodies[4]["data"]["maintenance"]["status"], "scheduled");
    let confirm = bodies[5].to_string();
    assert!(bodies[5]["data"]["confirm_url"].as_str().is_some_and(|url| url.contains("/subscribe/confirm?id=")));
    assert!(!confirm.contains(Webhook::SECRET), "{confirm}");

    let gone = target::Target::answering(&[410]).await;
    let channel = Channel::Webhook { url: Secret::new(gone.url), secret: Secret::new(Webhook::SECRET) };
    let sent = senders(None).send(&letter(channel, None, Says::Confirm)).await;
    assert_eq!(sent.tells, Tells::Gone(StopReason::Refused));
}

#[tokio::test]
async fn what_the_public_asks_for_reaches_no_private_network() {
    let host = Webhook::start_signed(&[Webhook::SECRET]).await;
    let channel = Channel::Webhook { url: Secret::new(host.url()), secret: Secret::new(Webhook::SECRET) };
    let mut letter = letter(channel, None, Says::Confirm);
    letter.subscriber.created_by = BY_PUBLIC.to_owned();
    let Sent { outcome, .. } = senders(None).send(&letter).await;
    assert_eq!(outcome.verdict, Verdict::Dead, "{outcome:?}");
    assert!(outcome.words.contains("must not be reached") && host.received().is_empty(), "{outcome:?}");
}
