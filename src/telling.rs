//! Whoever is told of something, put together: receivers of alerts, and subscribers of pages.

use std::sync::Arc;

use anyhow::Context;

use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::time::Clock;
use plimsoll_jobs::JobsSettings;
use plimsoll_jobs::deliver::{self, DeliverSettings, Deliverer};
use plimsoll_jobs::notices::{self, Announcer, NoticeSettings};
use plimsoll_runtime::config::Config;
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::http_client::HttpClient;
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_runtime::mailer::Mailer;
use plimsoll_store::Store;
use plimsoll_store::alerting::{Alerting, NoHandoff};
use plimsoll_store::subscribing::Subscribing;

use crate::frontends::process_name;

/// What stores what is to be told, and what sends it.
pub(crate) struct Telling {
    pub(crate) alerting: Alerting,
    pub(crate) subscribing: Subscribing,
    /// Has subscribers told of what is stored for them.
    pub(crate) wake_notices: Arc<dyn Fn() + Send + Sync>,
    deliverer: Option<Deliverer>,
}

impl Telling {
    /// Sends within `life`, if `jobs` run here; otherwise what is stored waits for another process.
    pub(crate) fn start(
        config: &Config,
        store: &Arc<dyn Store>,
        (clock, entropy): (&Arc<dyn Clock>, &Arc<dyn Entropy>),
        jobs: Option<&JobsSettings>,
        life: &Lifecycle,
    ) -> anyhow::Result<Self> {
        let source = (Arc::clone(clock), Arc::clone(entropy));
        let Some(settings) = jobs else {
            let alerting = Alerting::new(Arc::clone(store), Arc::new(NoHandoff));
            let wake_notices: Arc<dyn Fn() + Send + Sync> = Arc::new(|| {});
            let subscribing = Subscribing::new(Arc::clone(store), source, Arc::clone(&wake_notices));
            return Ok(Self { alerting, subscribing, wake_notices, deliverer: None });
        };
        // Each has a mailer of its own: what thousands of subscribers are told keeps no alert waiting for a connection.
        let mailer =
            || config.smtp.as_ref().map(Mailer::new).transpose().context("cannot send mail (PLIMSOLL_SMTP_URL)");
        let http = HttpClient::keeping_connections(&settings.egress);
        let for_public = HttpClient::keeping_connections(&Egress::new(&config.egress_allow_public));
        // Not the name that the tenants are shared by: whoever is started again is not who sent before.
        let (holder, public_url) = (process_name(entropy.as_ref()), config.public_url.clone());
        let sender = Arc::new(deliver::send::Senders::new(http.clone(), mailer()?, Arc::clone(clock)));
        let deliveries = DeliverSettings { holder: holder.clone(), public_url: public_url.clone() };
        let deliverer = Deliverer::start(store, source.clone(), sender, deliveries, life);
        let sender =
            Arc::new(notices::send::Senders::new((http, for_public), mailer()?.map(Arc::new), Arc::clone(clock)));
        let notices = NoticeSettings { holder, public_url };
        let announcer = Announcer::start(store, source.clone(), sender, notices, life);
        let wake_notices = announcer.waker();
        let subscribing = Subscribing::new(Arc::clone(store), source, Arc::clone(&wake_notices));
        Ok(Self { alerting: deliverer.alerting(), subscribing, wake_notices, deliverer: Some(deliverer) })
    }

    /// What is called when somebody changed what keeps alerts back.
    pub(crate) fn alerts_changed(&self) -> Arc<dyn Fn() + Send + Sync> {
        let deliverer = self.deliverer.clone();
        Arc::new(move || deliverer.iter().for_each(Deliverer::reconsider))
    }
}
