//! A tenant whose pages have everything on them, and stay as they are: a banner that changed by itself would be taken for what
//! the page's own refresh has done.

use plimsoll_tests::acts::{good_and_valid, slo, until_status};
use plimsoll_tests::receivers::{Smtp, SmtpSetup};
use plimsoll_tests::subscribing::{link, unsubscribe_link};
use plimsoll_tests::visitor::{PNG, attributes};
use plimsoll_tests::{Client, Mode, Server, Setup, Target, Visitor, eventually};
use serde_json::{Value, json};

use crate::cargo;

/// One of 120 x 32, with colours of its own on a ground of its own.
const LOGO: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 32" width="120" height="32"><rect width="120" height="32" rx="6" fill="#7a2e8e"/><path d="M10 24 20 8l10 16M46 24V8h14M76 8v16h16" fill="none" stroke="#fff" stroke-width="3"/></svg>"##;

/// The server, and what its tenant's pages are called by.
pub(crate) struct Harbour {
    pub(crate) server: Server,
    pub(crate) admin: Client,
    pub(crate) smtp: Smtp,
    /// One that is well, one that is slow and one that fails.
    _targets: [Target; 3],
    /// The incident that people tell of, one that was looked back on, and the month of one that is long over.
    pub(crate) open: String,
    pub(crate) over: String,
    pub(crate) month: String,
    /// Paths below the page that mails lead to.
    confirm: String,
    manage: String,
    unsubscribe: String,
}

impl Harbour {
    /// Starts it, and waits until its pages say what they will go on saying.
    pub(crate) async fn open() -> Self {
        let smtp = SmtpSetup::default().start().await;
        let setup = Setup::embedded().with("PLIMSOLL_SMTP_URL", &smtp.url());
        let server = setup.with("PLIMSOLL_TRUSTED_PROXIES", "127.0.0.0/8").start().await;
        let admin = server.tenant("shop").await;
        let targets = targets().await;
        cargo::components(&admin, &targets).await;
        let mut wanted = slo("availability", 0.99, &json!({"component": "checkout"}));
        wanted["public"] = json!(true);
        admin.put("/observability/slo/config/shop", &json!({"objectives": [wanted]})).await.ok(200);
        admin.put("/tenants/shop/page", &cargo::page("en")).await.ok(200);
        draw(&admin, LOGO.as_bytes()).await;
        cargo::maintenance(&admin).await;
        cargo::fail(&admin).await;
        settled(&server.anybody()).await;
        let over = cargo::over(&admin).await;
        let month = cargo::long_over(&admin).await;
        let open = cargo::open(&admin).await;
        let (confirm, manage, unsubscribe) = subscribers(&server, &smtp).await;
        let harbour = Self { server, admin, smtp, _targets: targets, open, over, month, confirm, manage, unsubscribe };
        harbour.until_shown().await;
        harbour
    }

    async fn until_shown(&self) {
        let measured = async || good_and_valid(&self.admin, "shop", "availability").await;
        eventually(60, "the objective is measured", measured).await;
        let anybody = self.server.anybody();
        let last = format!("/s/shop/incidents/{}", self.open);
        for (path, words) in [(last.as_str(), "Identified"), ("/s/shop", "Payments are declined")] {
            let shown = async || anybody.page(path).await.text.contains(words).then_some(());
            eventually(60, &format!("{path} says {words}"), shown).await;
        }
        let opened = async || {
            let page = anybody.page("/s/shop").await.text;
            (page.contains("Checkout is down") && page.contains("Warehouse is down")).then_some(())
        };
        eventually(60, "what fails has incidents of its own", opened).await;
    }

    /// Has the page be in another language by itself, with another logo.
    pub(crate) async fn turn(&self, locale: &str) {
        self.admin.put("/tenants/shop/page", &cargo::page(locale)).await.ok(200);
        draw(&self.admin, PNG).await;
        let anybody = self.server.anybody();
        let words = format!("<html lang=\"{locale}\"");
        let turned = async || {
            let page = anybody.page("/s/shop").await.text;
            (page.contains(&words) && page.contains(".png\"")).then_some(())
        };
        eventually(20, "the page is in its new language", turned).await;
    }

    /// What `pages.mjs` is told: where the pages are, and what must be read on them.
    pub(crate) fn told(&self) -> Value {
        json!({
            "base": self.server.url(),
            "slug": "shop",
            "incident": self.open,
            "postmortem": self.over,
            "component": "checkout",
            "month": self.month,
            "confirm": self.confirm,
            "manage": self.manage,
            "unsubscribe": self.unsubscribe,
            "key": self.admin.key(),
            "says": cargo::says(),
        })
    }
}

async fn targets() -> [Target; 3] {
    let (well, mut slow, mut failing) = (Target::start().await, Target::start().await, Target::start().await);
    slow.switch(Mode::Slow).await;
    failing.switch(Mode::Failing).await;
    [well, slow, failing]
}

/// Waits until every component is what it will stay.
async fn settled(anybody: &Client) {
    for (component, status) in cargo::STATUSES {
        until_status(anybody, "shop", component, status).await;
    }
}

async fn draw(admin: &Client, logo: &[u8]) {
    let put = admin.send("PUT", "/tenants/shop/page/logo", &[], Some(logo.to_vec())).await;
    put.expect("an answer").ok(200);
}

/// Two who asked to be told, of whom one has confirmed: where the mails lead to.
async fn subscribers(server: &Server, smtp: &Smtp) -> (String, String, String) {
    let visitor = Visitor::new(&server.anybody(), "shop");
    let part = |url: &str| url.split_once("/s/shop").expect("a page of the shop").1.to_owned();
    let mut links: Vec<(String, String)> = Vec::new();
    for address in ["ann@example.com", "bo@example.com"] {
        let fields = [("kind", "email"), ("address", address), ("events", "incident"), ("events", "maintenance")];
        let asked = visitor.post("/subscribe", &fields).await;
        assert_eq!(asked.status, 200, "{}", asked.text);
        let came = async || smtp.taken_for(address).into_iter().next();
        let mail = eventually(30, "the mail has come", came).await;
        links.push((part(&link(&mail.text, "/subscribe/confirm?")), part(&unsubscribe_link(&mail))));
    }
    let [(ours, unsubscribe), (confirm, _)] = links.try_into().expect("both");
    let confirmed = visitor.post(&ours, &[]).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    let manage = attributes(&confirmed.text, "main a.button", "href").remove(0);
    (confirm, part(&manage), unsubscribe)
}
