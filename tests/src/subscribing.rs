//! What suites do with subscribers again and again: subscribe by the page's form, confirm by the link in the mail, and look
//! what was told.

use plimsoll_domain::time::Span;
use serde_json::{Value, json};

use crate::acts::push_component;
use crate::receivers::{Mail, Smtp, SmtpSetup};
use crate::visitor::attributes;
use crate::{Answer, Client, Server, Setup, Visitor, eventually, now};

const PATIENCE: u64 = 30;

/// A tenant's page, its administrator, and a mail server.
pub struct Town {
    /// The server.
    pub server: Server,
    /// Who looks after the tenant `acme`.
    pub admin: Client,
    /// Where mail goes.
    pub smtp: Smtp,
    /// Somebody at the page of `acme`.
    pub visitor: Visitor,
}

impl Town {
    /// With the components `web` and `db`, whose samples are pushed. Whoever comes by way of loopback is believed about where
    /// they come from.
    pub async fn start(setup: Setup) -> Self {
        let smtp = SmtpSetup::default().start().await;
        let setup = setup.with("PLIMSOLL_SMTP_URL", &smtp.url()).with("PLIMSOLL_TRUSTED_PROXIES", "127.0.0.0/8");
        let server = setup.start().await;
        let admin = server.tenant("acme").await;
        for component in ["web", "db"] {
            admin.post("/tenants/acme/components", &push_component(component)).await.ok(201);
        }
        let visitor = Visitor::new(&server.anybody(), "acme");
        let town = Self { server, admin, smtp, visitor };
        let shown = async || {
            let form = town.visitor.get("/subscribe").await;
            (attributes(&form.text, "[name=components]", "value").len() == 2).then_some(())
        };
        eventually(PATIENCE, "the form names both components", shown).await;
        town
    }

    /// Subscribes an address of mail by the form, from an address of its own, and confirms by the mail that comes; the link
    /// to unsubscribe.
    pub async fn joined(&self, address: &str, fields: &[(&str, &str)]) -> String {
        self.asked(address, fields).await;
        let mail = self.mails(address, 1).await.remove(0);
        let confirmed = self.visitor.post(&link(&mail.text, "/subscribe/confirm?"), &[]).await;
        assert_eq!(confirmed.status, 200, "{}", confirmed.text);
        unsubscribe_link(&mail)
    }

    /// Sends the form for an address of mail, from an address of its own.
    pub async fn asked(&self, address: &str, fields: &[(&str, &str)]) -> Answer {
        let all: Vec<_> = [("kind", "email"), ("address", address)].iter().chain(fields).copied().collect();
        let answer = self.visitor.from(&place_of(address)).post("/subscribe", &all).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer
    }

    /// Waits until so many mails were taken for `address`; all of them.
    pub async fn mails(&self, address: &str, count: usize) -> Vec<Mail> {
        let what = format!("{count} mails to {address}");
        let look = async || Some(self.smtp.taken_for(address)).filter(|mails| mails.len() >= count);
        eventually(PATIENCE, &what, look).await
    }

    /// The subjects of all mails that were taken for `address`, oldest first.
    pub fn subjects(&self, address: &str) -> Vec<String> {
        self.smtp.taken_for(address).iter().map(|mail| mail.header("subject").to_owned()).collect()
    }

    /// Waits until everything that was to be told by now is told: nothing is left to be announced or sent.
    pub async fn all_is_told(&self) {
        let (began, interval) = (now(), crate::INTERVAL);
        // Whatever came to be before is announced by the second tick from now.
        let announced = async || (now() > began.plus(Span::from_seconds(2 * interval.seconds()))).then_some(());
        eventually(PATIENCE, "two ticks have passed", announced).await;
        let sent = async || {
            let notices = self.notices().await;
            notices.iter().all(|one| one["state"] == "delivered" || one["state"] == "dead").then_some(())
        };
        eventually(PATIENCE, "all notices are sent", sent).await;
    }

    /// The newest 500 notices.
    pub async fn notices(&self) -> Vec<Value> {
        let listed = self.admin.get("/tenants/acme/notices?limit=500").await.ok(200);
        listed["items"].as_array().expect("a list").clone()
    }

    /// The one subscriber of this kind whose masked address ends so.
    pub async fn subscriber(&self, kind: &str, ends: &str) -> Value {
        let listed = self.admin.get("/tenants/acme/subscribers?limit=500").await.ok(200);
        let items = listed["items"].as_array().expect("a list");
        let is_it =
            |one: &&Value| one["kind"] == kind && one["address"].as_str().is_some_and(|text| text.ends_with(ends));
        items.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} {ends} in {listed}")).clone()
    }

    /// Waits until that subscriber is stopped; as it is then.
    pub async fn until_stopped(&self, kind: &str, ends: &str) -> Value {
        let look = async || Some(self.subscriber(kind, ends).await).filter(|one| one["state"] == "stopped");
        eventually(PATIENCE, &format!("{ends} is stopped"), look).await
    }

    /// Opens an incident of `web`; its id.
    pub async fn incident(&self, title: &str, more: &Value) -> String {
        let mut body = json!({"title": title, "status": "investigating", "impact": "minor", "body": "We look into it.",
            "components": {"web": "degraded_performance"}});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let opened = self.admin.post("/incidents", &body).await.ok(201);
        opened["id"].as_str().expect("an id").to_owned()
    }

    /// Says something of an incident.
    pub async fn say(&self, incident: &str, status: &str, body: &str) {
        let update = json!({"status": status, "body": body});
        self.admin.patch(&format!("/incidents/{incident}"), &update).await.ok(200);
    }
}

/// The whole address in a text that has `part` in it.
#[track_caller]
pub fn link(text: &str, part: &str) -> String {
    let found = text.split(|c: char| c.is_whitespace() || "<>\"|".contains(c)).find(|word| word.contains(part));
    found.unwrap_or_else(|| panic!("no {part} in {text}")).replace("&amp;", "&")
}

/// What stands in `List-Unsubscribe`.
#[track_caller]
pub fn unsubscribe_link(mail: &Mail) -> String {
    let header = mail.header("list-unsubscribe");
    let inside = header.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    inside.unwrap_or_else(|| panic!("List-Unsubscribe: {header:?}")).to_owned()
}

/// An address of the web for whoever has this address of mail: everybody has another one.
fn place_of(address: &str) -> String {
    let sum = address.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let [_, a, b, c] = sum.to_be_bytes();
    format!("10.{a}.{b}.{c}")
}
