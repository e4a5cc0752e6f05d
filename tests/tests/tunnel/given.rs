//! What these suites begin with: a server, a Sentry, and a tenant with one app.

use plimsoll_tests::frontend::Frontend;
use plimsoll_tests::receivers::Sentry;
use plimsoll_tests::{Client, Server, Setup};
use serde_json::{Value, json};

/// All of it; dropped together.
pub(crate) struct Given {
    pub(crate) server: Server,
    pub(crate) sentry: Sentry,
    pub(crate) admin: Client,
    /// The app `web` of the tenant `acme`, project 1.
    pub(crate) web: Frontend,
}

/// The usual.
pub(crate) async fn given() -> Given {
    given_by(Setup::embedded(), &json!({})).await
}

/// The same, with a server of this setup, and with more in the app.
pub(crate) async fn given_by(setup: Setup, more: &Value) -> Given {
    let server = setup.start().await;
    let sentry = Sentry::start().await;
    let admin = server.tenant("acme").await;
    let web = Frontend::new((&admin, "acme", "web"), &sentry, 1, more).await;
    Given { server, sentry, admin, web }
}

impl Given {
    /// Whatever was tried before: an envelope that is right is taken, and Sentry has nothing to complain of.
    pub(crate) async fn still_works(&self) {
        let before = self.sentry.accepted().len();
        self.web.send(self.web.numbered(4_711), &[]).await.ok(200);
        assert_eq!(self.sentry.accepted().len(), before + 1);
        assert_eq!(self.sentry.faults(), Vec::<String>::new());
    }
}
