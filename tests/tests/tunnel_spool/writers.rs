//! Frontends that send one numbered envelope after the other, and what must be true of what arrived of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use plimsoll_tests::frontend::{self, Frontend};
use plimsoll_tests::receivers::Sentry;
use plimsoll_tests::{Chance, Client};
use serde_json::json;

/// No limit of rate is in the way.
const MANY: u32 = 1_000_000;

/// One frontend, with an app of its own.
pub(crate) struct Writer {
    pub(crate) app: Frontend,
    project: u64,
    next: u64,
    /// What was answered 200.
    pub(crate) answered: BTreeSet<u64>,
    /// Those of them that had not arrived by then.
    waited: BTreeSet<u64>,
    chance: Chance,
}

impl Writer {
    /// The app of this project in the tenant `acme`.
    pub(crate) async fn new(admin: &Client, sentry: &Sentry, project: u64) -> Self {
        let limits = json!({"rate_limits": {"app_per_minute": MANY, "client_per_minute": MANY}});
        let app = Frontend::new((admin, "acme", &format!("app-{project}")), sentry, project, &limits).await;
        let (answered, waited) = (BTreeSet::new(), BTreeSet::new());
        Self { app, project, next: 1, answered, waited, chance: Chance::new(project) }
    }

    /// Sends until there is no answer.
    async fn write(&mut self, sentry: &Sentry) {
        while self.send(sentry).await {
            tokio::time::sleep(Duration::from_millis(self.chance.below(12))).await;
        }
    }

    /// Sends one more; whether it was answered.
    async fn send(&mut self, sentry: &Sentry) -> bool {
        let number = self.next;
        self.next += 1;
        let Some(answer) = self.app.try_send(self.app.numbered(number), &[]).await else { return false };
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.answered.insert(number);
        if !sentry.has_accepted(|came| (came.project, frontend::number(came)) == (self.project, number)) {
            self.waited.insert(number);
        }
        true
    }
}

/// Lets all of them write for so long.
pub(crate) async fn write_for(writers: &mut [Writer], sentry: &Sentry, time: Duration) {
    let writing = join_all(writers.iter_mut().map(|writer| writer.write(sentry)));
    // Whoever is given up in the middle has sent an envelope that was not answered.
    let _over = tokio::time::timeout(time, writing).await;
}

/// Waits until nothing waits, and holds what arrived against what was answered.
#[expect(clippy::print_stdout, reason = "whoever runs this wants to know how much it has tried")]
pub(crate) async fn nothing_is_lost_or_out_of_order(writers: &[Writer], sentry: &Sentry) {
    for writer in writers {
        writer.app.until_all_is_relayed(90).await;
    }
    assert_eq!(sentry.faults(), Vec::<String>::new());
    let mut came: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for (project, number) in sentry.of_accepted(|came| (came.project, frontend::number(came))) {
        came.entry(project).or_default().push(number);
    }
    let (mut answered, mut waited, mut again) = (0, 0, 0);
    for writer in writers {
        let mut seen = BTreeSet::new();
        let of_app = came.remove(&writer.project).unwrap_or_default();
        let first_times: Vec<u64> = of_app.iter().copied().filter(|number| seen.insert(*number)).collect();
        let lost: Vec<_> = writer.answered.difference(&seen).collect();
        assert!(lost.is_empty(), "app {}: lost {lost:?} of {}", writer.project, writer.answered.len());
        let from_spool: Vec<_> = first_times.iter().filter(|number| writer.waited.contains(number)).collect();
        assert!(from_spool.is_sorted(), "app {}: out of order: {from_spool:?}", writer.project);
        answered += writer.answered.len();
        waited += from_spool.len();
        again += of_app.len() - first_times.len();
    }
    println!("{answered} envelopes were answered, {waited} of them waited, {again} came again");
    assert!(answered > 200 && waited > 50, "that is no load");
}
