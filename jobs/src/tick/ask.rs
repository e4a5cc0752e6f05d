//! Asks the tenants' Prometheus servers for the events of the tick that is just over.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use plimsoll_domain::ids::{SloType, TenantId};
use plimsoll_domain::sample::Events;
use plimsoll_domain::sketch::Sketch;
use plimsoll_domain::slo::SliKind;
use plimsoll_domain::slo::sli::{PrometheusQuery, PrometheusSource};
use plimsoll_domain::time::{Interval, Tick, Timestamp};
use plimsoll_runtime::http_client::HttpClient;
use plimsoll_runtime::prometheus_query::{PrometheusClient, QueryError};
use plimsoll_store::{Result, SeriesRecord, Store};

use super::Step;
use super::world::World;
use crate::JobsSettings;

/// How many servers are asked at the same time.
const AT_ONCE: usize = 64;
/// Stands for the length of a tick in a query.
const INTERVAL: &str = "$interval";

/// What was answered, by SLO; an SLO that was not asked about is left out.
pub(crate) type Answers = HashMap<(TenantId, SloType), Answer>;

/// What one SLO's questions gave.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// So many good and bad events, in parts.
    Counted { good: u64, bad: u64 },
    /// There is nothing to be counted.
    Nothing,
    /// Why nothing is known.
    Trouble(String),
}

/// Asks from this machine.
pub(crate) struct Asker {
    outside: PrometheusClient,
    own: PrometheusClient,
    own_tenant: TenantId,
    interval: Interval,
}

impl Asker {
    pub(crate) fn new(settings: &JobsSettings) -> Self {
        Self {
            outside: PrometheusClient::new(HttpClient::new(&settings.egress)),
            own: PrometheusClient::new(HttpClient::new(&settings.own_egress)),
            own_tenant: settings.own_tenant.clone(),
            interval: settings.interval,
        }
    }

    /// Asks for what happened in the tick before `tick`. Those not answered when the time is over, or `stopping` is
    /// cancelled, are left out; no question takes longer than half a tick.
    pub(crate) async fn ask_all(&self, world: &World, tick: Tick, stopping: &CancellationToken) -> Answers {
        let questions = world.tenants.iter().flat_map(|tenant| {
            let id = &tenant.tenant.id;
            tenant.slos.objectives.iter().filter_map(move |slo| match &slo.kind {
                SliKind::Prometheus(source) => Some((id.clone(), slo.slo_type.clone(), source.clone())),
                _ => None,
            })
        });
        let mut asking = stream::iter(questions.collect::<Vec<_>>())
            .map(|(tenant, slo, source)| async move {
                let answer = self.ask(&tenant, source, tick.start()).await;
                ((tenant, slo), answer)
            })
            .buffer_unordered(AT_ONCE);
        let mut answers = Answers::new();
        let time_is_over = tokio::time::sleep(self.all_questions());
        tokio::pin!(time_is_over);
        loop {
            tokio::select! {
                next = asking.next() => match next {
                    Some((of, answer)) => answers.insert(of, answer),
                    None => return answers,
                },
                () = stopping.cancelled() => return answers,
                () = &mut time_is_over => {
                    tracing::warn!("not every Prometheus could be asked within this tick: the rest is unknown");
                    return answers;
                }
            };
        }
    }

    fn all_questions(&self) -> Duration {
        Duration::from_secs(self.interval.seconds().unsigned_abs()) * 5 / 6
    }

    async fn ask(&self, tenant: &TenantId, mut source: PrometheusSource, at: Timestamp) -> Answer {
        let client = if *tenant == self.own_tenant { &self.own } else { &self.outside };
        let half = u32::try_from(self.interval.seconds() / 2).unwrap_or(1).max(1);
        source.timeout_seconds = source.timeout_seconds.min(half);
        let answer = match &source.query {
            PrometheusQuery::Counts { good, valid } => {
                let (good, valid) =
                    tokio::join!(self.one(client, &source, good, at), self.one(client, &source, valid, at));
                good.and_then(|good| valid.map(|valid| counted(good, valid, SliKind::COUNT_PARTS)))
            }
            PrometheusQuery::Ratio(ratio) => self
                .one(client, &source, ratio, at)
                .await
                .map(|ratio| counted(ratio, ratio.map(|_| 1.0), SliKind::RATIO_PARTS)),
        };
        let answer = answer.unwrap_or_else(|error| Answer::Trouble(error.to_string()));
        metrics::counter!("plimsoll_prometheus_queries_total", "outcome" => answer.outcome()).increment(1);
        answer
    }

    async fn one(
        &self,
        client: &PrometheusClient,
        source: &PrometheusSource,
        query: &str,
        at: Timestamp,
    ) -> std::result::Result<Option<f64>, QueryError> {
        let query = query.replace(INTERVAL, &format!("{}s", self.interval.seconds()));
        client.ask(source, &query, at).await
    }
}

impl Answer {
    const fn outcome(&self) -> &'static str {
        match self {
            Self::Counted { .. } => "counted",
            Self::Nothing => "nothing",
            Self::Trouble(_) => "trouble",
        }
    }
}

/// Good and bad events in parts. No good ones where there are valid ones is none, not nothing: a counter that never
/// moved has no series.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is looked at first")]
fn counted(good: Option<f64>, valid: Option<f64>, parts: u64) -> Answer {
    let Some(valid) = valid else { return Answer::Nothing };
    let (good, most) = (good.unwrap_or(0.0), f64::from(u32::MAX) / parts as f64);
    if !(0.0..=most).contains(&valid) || good < 0.0 {
        return Answer::Trouble(format!("the queries give {good} good of {valid} valid, expected 0 to {most:.0}"));
    }
    // Extrapolation may give a little more good ones than valid ones; much more is another question's answer.
    if good > valid * 1.01 + 1.0 {
        return Answer::Trouble(format!("the queries give {good} good of {valid} valid, expected at most as many"));
    }
    let units = |count: f64| (count * parts as f64).round() as u64;
    let valid = units(valid);
    let good = units(good).min(valid);
    Answer::Counted { good, bad: valid - good }
}

/// Records what was counted, for the tick before.
pub(crate) async fn record(step: &Step<'_>, answers: &Answers) -> Result<()> {
    let at = step.tick.previous(step.settings.interval).start();
    let mut batch = Vec::new();
    for tenant in &step.world.tenants {
        for slo in &tenant.slos.objectives {
            let answer = answers.get(&(tenant.tenant.id.clone(), slo.slo_type.clone()));
            let Some(Answer::Counted { good, bad }) = answer else { continue };
            let (maintenance, latency) =
                (slo.is_maintained(&tenant.components, &tenant.works.plain, at), Sketch::default());
            let events = Events { at, good: *good, bad: *bad, maintenance, latency };
            let (tenant, series) = (tenant.tenant.id.clone(), slo.series());
            batch.push(SeriesRecord { tenant, series, samples: Vec::new(), events: vec![events] });
        }
    }
    store(step.store, &batch).await
}

async fn store(store: &dyn Store, batch: &[SeriesRecord]) -> Result<()> {
    if !batch.is_empty() {
        store.record_samples(batch).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(good: Option<f64>, valid: Option<f64>) -> Option<(u64, u64)> {
        match counted(good, valid, 100) {
            Answer::Counted { good, bad } => Some((good, bad)),
            Answer::Nothing | Answer::Trouble(_) => None,
        }
    }

    #[test]
    fn what_a_prometheus_counts_is_kept_in_parts() {
        assert_eq!(parts(Some(59.98), Some(60.004)), Some((5_998, 2)));
        assert_eq!(parts(Some(60.3), Some(60.0)), Some((6_000, 0)), "extrapolated a little too far");
        assert_eq!(parts(None, Some(3.0)), Some((0, 300)), "nothing good at all");
        assert_eq!(parts(Some(0.0), Some(0.0)), Some((0, 0)));
        for (good, valid) in [(Some(5.0), None), (Some(90.0), Some(60.0)), (Some(-1.0), Some(1.0)), (None, Some(1e12))]
        {
            assert_eq!(parts(good, valid), None, "{good:?} {valid:?}");
        }
    }
}
